"""Train stage 1 on a screen's training cells."""

from pathlib import Path

from expressionvae.console import reporting

with reporting(snakemake.log[0]):
    from expressionvae.data import prepared
    from expressionvae.data.bins import Bins
    from expressionvae.data.validation import Validation
    from expressionvae.nn import store
    from expressionvae.provenance import describe
    from expressionvae.run.progress_plot import ProgressPlot
    from expressionvae.training import launch, loop, processes, stage1
    from expressionvae.training.schedule import Schedule
    from expressionvae.vae import build

    p, r, seed = snakemake.params, snakemake.resources, int(snakemake.wildcards.vae_seed)
    launch.start_on_each_device(r.devices, snakemake.config["threads"], tasks=r.get("tasks", 1), starter=r.get("mpi"))
    train = prepared.read(snakemake.input.train)
    bins = Bins.load(snakemake.input.bins)
    blueprint = build.Blueprint(
        genes=train.genes,
        bins={"lower": list(bins.lower), "means": list(bins.mean)},
        size=p.size,
        bottleneck=p.bottleneck,
        head=snakemake.wildcards.head,
        head_options=p.head_options,
    )
    schedule, apart = Schedule(**p.training, checkpoint_every=p.checkpoint_every), Validation(**p.validation)
    kept = {"checkpoints": Path(p.checkpoints), "watch": ProgressPlot(p.checkpoints)}
    options = {"validation": apart, "seed": seed, "version": p.version, **kept}
    model, history = stage1.train(train, blueprint, schedule, **options)
    processes.leave()
    loop.save_history(snakemake.output.losses, history)
    store.save(snakemake.output.model, model, blueprint, describe(snakemake.config, vae=seed))
