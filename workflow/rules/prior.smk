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
    params:
        version=1,
        size=config["prior"]["model"],
        training=config["prior"]["training"],
        options=lambda wildcards: config["priors"][wildcards.prior],
        checkpoints=lambda wildcards, output: str(Path(output.model).parent / "checkpoints"),
    script:
        "../scripts/train_prior.py"


rule sample:
    input:
        model=f"{PRIOR}/prior.pt",
        query=f"{SCREEN}/query.csv",
    output:
        latents=f"{PRIOR}/latents-{{sample_seed}}.npz",
    log:
        "logs/sample/{dataset}/{bottleneck}/{head}/vae-{vae_seed}/{prior}-{prior_seed}/{sample_seed}.log",
    benchmark:
        "results/benchmarks/sample/{dataset}/{bottleneck}/{head}/vae-{vae_seed}/{prior}-{prior_seed}/{sample_seed}.tsv"
    conda:
        ENVIRONMENT
    params:
        version=1,
        batch_size=config["batch_size"],
    script:
        "../scripts/sample.py"


rule decode:
    input:
        model=f"{VAE}/vae.pt",
        training=f"{VAE}/latents.npz",
        latents=f"{PRIOR}/latents-{{sample_seed}}.npz",
        query=f"{SCREEN}/query.csv",
    output:
        cells=f"{CELLS}/cells.h5ad",
        richness=f"{CELLS}/richness.csv",
    log:
        "logs/decode/{dataset}/{bottleneck}/{head}/vae-{vae_seed}/{prior}-{prior_seed}/{predict}-{sample_seed}.log",
    benchmark:
        "results/benchmarks/decode/{dataset}/{bottleneck}/{head}/vae-{vae_seed}/{prior}-{prior_seed}/{predict}-{sample_seed}.tsv"
    conda:
        ENVIRONMENT
    params:
        version=1,
        batch_size=config["batch_size"],
        evaluation={key: config["evaluation"][key] for key in ("richness", "rescale_to")},
    script:
        "../scripts/decode.py"
