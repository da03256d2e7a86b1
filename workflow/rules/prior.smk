# Stage 2: latents to sampled latents, and back to cells.


include: "../inputs/prior.smk"


rule train_prior:
    input:
        latents=f"{VAE}/latents.npz",
        perturbations=perturbations_of,
    output:
        model=f"{PRIOR}/prior.pt",
        losses=f"{PRIOR}/losses.csv",
    log:
        log_of("train_prior", PRIOR),
    benchmark:
        benchmark_of("train_prior", PRIOR)
    conda:
        ENVIRONMENT
    threads: config["threads"] * config["prior"]["devices"]
    resources:
        devices=config["prior"]["devices"],
    params:
        version=lambda wildcards: 1 + PRIORS[config["priors"][wildcards.prior]["kind"]].version,  # the rule's and the prior's own
        size=work.ordered(config["prior"]["model"]),
        training=training_of("prior"),
        # A function of outputs is no reason to run again: how often the state is kept changes nothing that is learned.
        checkpoint_every=lambda wildcards, output: config["prior"]["training"]["checkpoint_every"],
        validation=work.ordered(config["validation"]),
        options=lambda wildcards: work.ordered(grid.options(config, wildcards.prior, sampling=False)),
        checkpoints=lambda wildcards, output: str(Path(output.model).parent / "checkpoints"),
    script:
        "../scripts/train_prior.py"


rule sample:
    input:
        model=sampled_prior,
        query=f"{SCREEN}/query.csv",
    output:
        latents=each_seed(f"{PRIOR}/latents-{{sample_seed}}.npz"),
    log:
        log_of("sample", PRIOR),
    benchmark:
        benchmark_of("sample", PRIOR)
    wildcard_constraints:
        prior=priors_that_sample(True),
    conda:
        ENVIRONMENT
    threads: config["threads"]
    params:
        version=2,
        seeds=SAMPLES,
        options=lambda wildcards: grid.options(config, wildcards.prior, sampling=True),
        batch_size=config["batch_size"],
    script:
        "../scripts/sample.py"


rule true_codes:
    input:
        model=f"{VAE}/vae.pt",
        truth=f"{SCREEN}/truth.h5ad",
    output:
        latents=each_seed(f"{PRIOR}/latents-{{sample_seed}}.npz"),
    log:
        log_of("true_codes", PRIOR),
    benchmark:
        benchmark_of("true_codes", PRIOR)
    wildcard_constraints:
        prior=priors_that_sample(False),
    conda:
        ENVIRONMENT
    threads: config["threads"]
    params:
        version=1,
        batch_size=config["batch_size"],
    script:
        "../scripts/true_codes.py"


rule decode:
    input:
        unpack(controls_if_anchored),
        model=f"{VAE}/vae.pt",
        training=f"{VAE}/latents.npz",
        latents=each_seed(f"{PRIOR}/latents-{{sample_seed}}.npz"),
        query=f"{SCREEN}/query.csv",
    output:
        cells=each_seed(f"{CELLS}/cells.h5ad"),
        richness=each_seed(f"{CELLS}/richness.csv"),
    log:
        log_of("decode", f"{PRIOR}/{{predict}}"),
    benchmark:
        benchmark_of("decode", f"{PRIOR}/{{predict}}")
    conda:
        ENVIRONMENT
    threads: config["threads"]
    params:
        version=2,
        seeds=SAMPLES,
        batch_size=config["batch_size"],
        richness=work.ordered(config["evaluation"]["richness"]),
        rescale_to=config["evaluation"]["rescale_to"],
    script:
        "../scripts/decode.py"
