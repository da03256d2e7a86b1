# Stage 1: counts to latents.

from expressionvae.catalogue.heads import HEADS


rule train_vae:
    input:
        train=f"{SCREEN}/train.h5ad",
        bins=f"{SCREEN}/bins.json",
    output:
        model=f"{VAE}/vae.pt",
        losses=f"{VAE}/losses.csv",
    log:
        log_of("train_vae", VAE),
    benchmark:
        benchmark_of("train_vae", VAE)
    conda:
        ENVIRONMENT
    threads: config["threads"] * config["vae"]["devices"]
    resources:
        devices=config["vae"]["devices"],
    params:
        version=lambda wildcards: 2 + HEADS[wildcards.head].version,  # the rule's and the head's own
        size=work.ordered(config["vae"]["model"]),
        training=training_of("vae"),
        # A function of outputs is no reason to run again: how often the state is kept changes nothing that is learned.
        checkpoint_every=lambda wildcards, output: config["vae"]["training"]["checkpoint_every"],
        validation=work.ordered(config["validation"]),
        bottleneck=lambda wildcards: work.ordered(config["bottlenecks"][wildcards.bottleneck]),
        head_options=lambda wildcards: work.ordered(config["heads"][wildcards.head]),
        checkpoints=lambda wildcards, output: str(Path(output.model).parent / "checkpoints"),
    script:
        "../scripts/train_vae.py"


rule encode:
    input:
        train=f"{SCREEN}/train.h5ad",
        perturbations=perturbations_of,
        model=f"{VAE}/vae.pt",
    output:
        latents=f"{VAE}/latents.npz",
        codes=f"{VAE}/codes.csv",
    log:
        log_of("encode", VAE),
    benchmark:
        benchmark_of("encode", VAE)
    conda:
        ENVIRONMENT
    threads: config["threads"]
    params:
        version=1,
        batch_size=config["batch_size"],
    script:
        "../scripts/encode.py"
