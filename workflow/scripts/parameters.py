"""Count the weights of every training."""

from expressionvae.console import reporting

with reporting(snakemake.log[0]):
    import pandas as pd

    from expressionvae.files import written
    from expressionvae.nn import store

    counted = [store.parameters(path) for path in snakemake.input]
    with written(snakemake.output[0]) as path:
        pd.DataFrame(snakemake.params.trainings).assign(parameters=counted).to_csv(path, index=False)
