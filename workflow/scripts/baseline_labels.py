"""Whether baselines that know perturbations from training cells alone can predict the held-out ones of a screen."""

from expressionvae.console import reporting

with reporting(snakemake.log[0]):
    from expressionvae.data.screen_labels import read_labels
    from expressionvae.evaluation.contract import require_seen
    from expressionvae.files import written

    labels = read_labels(snakemake.input.train, snakemake.input.heldout)
    require_seen(labels, dataset=snakemake.wildcards.dataset, baselines=snakemake.params.baselines)
    with written(snakemake.output.labels) as temporary:
        temporary.write_text("".join(f"{label}\n" for label in labels.heldout), encoding="utf-8")
