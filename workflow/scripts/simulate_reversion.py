"""Draw a made-up reversion screen of the same kind as a made-up training screen."""

from expressionvae.console import reporting

with reporting(snakemake.log[0]):
    from expressionvae.data import madeup, madeup_reversion

    recipe = madeup_reversion.Recipe(**snakemake.params.simulation)
    training = madeup.Recipe(**snakemake.params.training)
    madeup_reversion.simulate(snakemake.output.screen, recipe=recipe, training=training)
