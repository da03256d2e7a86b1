"""Random proteins for the targets of a made-up screen."""

from expressionvae.console import reporting

with reporting(snakemake.log[0]):
    from expressionvae.data import madeup, madeup_names, madeup_proteins

    dataset = snakemake.params.dataset
    recipe = madeup.Recipe(**dataset["simulation"])
    targets = madeup_names.target_names(recipe.target, recipe.perturbations, recipe.genes)
    madeup_proteins.write_proteins(snakemake.output.fasta, targets, **dataset["proteins"])
