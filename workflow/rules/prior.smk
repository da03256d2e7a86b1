# Stage 2: latents to sampled latents, and back to cells.


rule train_prior:
    input:
        latents=f"{VAE}/latents.npz",
        perturbations=f"{SCREEN}/perturbations.npz",
    output:
        model=f"{PRIOR}/prior.pt",
        losses=f"{PRIOR}/losses.csv",
    log:
        "logs/train_prior/{dataset}/{bottleneck}/{head}/vae-{vae_seed}/{prior}-{prior_seed}.log",
    benchmark:
        "results/benchmarks/train_prior/{dataset}/{bottleneck}/{head}/vae-{vae_seed}/{prior}-{prior_seed}.tsv"
    conda:
        ENVIRONMENT
    threads: config["threads"] * config["prior"]["devices"]
    resources:
        devices=config["prior"]["devices"],
    params:
        version=2,
        size=work.ordered(config["prior"]["model"]),
        training=work.without(config["prior"]["training"], "checkpoint_every"),
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
        "logs/sample/{dataset}/{bottleneck}/{head}/vae-{vae_seed}/{prior}-{prior_seed}.log",
    benchmark:
        "results/benchmarks/sample/{dataset}/{bottleneck}/{head}/vae-{vae_seed}/{prior}-{prior_seed}.tsv"
    wildcard_constraints:
        prior=priors_that_sample(True),
    conda:
        ENVIRONMENT
    threads: config["threads"]
    params:
        version=1,
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
        "logs/true_codes/{dataset}/{bottleneck}/{head}/vae-{vae_seed}/{prior}-{prior_seed}.log",
    benchmark:
        "results/benchmarks/true_codes/{dataset}/{bottleneck}/{head}/vae-{vae_seed}/{prior}-{prior_seed}.tsv"
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
        model=f"{VAE}/vae.pt",
        training=f"{VAE}/latents.npz",
        latents=each_seed(f"{PRIOR}/latents-{{sample_seed}}.npz"),
        query=f"{SCREEN}/query.csv",
    output:
        cells=each_seed(f"{CELLS}/cells.h5ad"),
        richness=each_seed(f"{CELLS}/richness.csv"),
    log:
        "logs/decode/{dataset}/{bottleneck}/{head}/vae-{vae_seed}/{prior}-{prior_seed}/{predict}.log",
    benchmark:
        "results/benchmarks/decode/{dataset}/{bottleneck}/{head}/vae-{vae_seed}/{prior}-{prior_seed}/{predict}.tsv"
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
