"""Train stage 2 on the cached latents of a frozen VAE."""

from pathlib import Path

from expressionvae.console import reporting

with reporting(snakemake.log[0]):
    from expressionvae.data.validation import Validation
    from expressionvae.nn import store
    from expressionvae.proteins.perturbations import Perturbations
    from expressionvae.provenance import describe
    from expressionvae.run.progress_plot import ProgressPlot
    from expressionvae.training import launch, loop, processes, stage2
    from expressionvae.training.latents import Latents
    from expressionvae.training.schedule import Schedule

    p, r = snakemake.params, snakemake.resources
    seeds = {k: int(snakemake.wildcards[f"{k}_seed"]) for k in ("vae", "prior")}
    launch.start_on_each_device(r.devices, snakemake.config["threads"], tasks=r.get("tasks", 1), starter=r.get("mpi"))
    latents = Latents.load(snakemake.input.latents)
    source = snakemake.input.perturbations
    embedding = Perturbations.load(source).of(latents.perturbations, source)
    blueprint = stage2.blueprint_for(latents, embedding, p.size, p.options)
    schedule, apart = Schedule(**p.training, checkpoint_every=p.checkpoint_every), Validation(**p.validation)
    kept = {"checkpoints": Path(p.checkpoints), "watch": ProgressPlot(p.checkpoints)}
    options = {"validation": apart, "seed": seeds["prior"], "version": p.version, **kept}
    model, history = stage2.train(latents, embedding, blueprint, schedule, **options)
    processes.leave()
    loop.save_history(snakemake.output.losses, history)
    store.save(snakemake.output.model, model, blueprint, describe(snakemake.config, **seeds))
