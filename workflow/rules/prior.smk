# Stage 2: latents to sampled latents, and back to cells.


rule train_prior:
    input:
        latents=VAE + "/latents.npz",
        perturbations=SCREEN + "/perturbations.npz",
    output:
        model=PRIOR + "/prior.pt",
        losses=PRIOR + "/losses.csv",
    log:
        "logs/train_prior/{dataset}/{bottleneck}/{head}/vae-{vae_seed}/{prior}-{prior_seed}.log",
    conda:
        ENVIRONMENT
    params:
        version=1,
        size=config["prior"]["model"],
        training=config["prior"]["training"],
        options=lambda wildcards: config["priors"][wildcards.prior],
        checkpoints=lambda wildcards, output: str(
            Path(output.model).parent / "checkpoints"
        ),
    script:
        "../scripts/train_prior.py"


rule sample:
    input:
        model=PRIOR + "/prior.pt",
        query=SCREEN + "/query.csv",
    output:
        latents=PRIOR + "/latents-{sample_seed}.npz",
    log:
        "logs/sample/{dataset}/{bottleneck}/{head}/vae-{vae_seed}/{prior}-{prior_seed}/{sample_seed}.log",
    conda:
        ENVIRONMENT
    params:
        version=1,
        batch_size=config["batch_size"],
    script:
        "../scripts/sample.py"


rule decode:
    input:
        model=VAE + "/vae.pt",
        training=VAE + "/latents.npz",
        latents=PRIOR + "/latents-{sample_seed}.npz",
        query=SCREEN + "/query.csv",
    output:
        cells=CELLS + "/cells.h5ad",
    log:
        "logs/decode/{dataset}/{bottleneck}/{head}/vae-{vae_seed}/{prior}-{prior_seed}/{predict}-{sample_seed}.log",
    conda:
        ENVIRONMENT
    params:
        version=1,
        batch_size=config["batch_size"],
    script:
        "../scripts/decode.py"
