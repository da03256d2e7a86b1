"""A made-up screen with known effects."""

from expressionvae.console import reporting

with reporting(snakemake.log[0]) as log:
    from expressionvae.data import madeup, madeup_names
    from expressionvae.proteins.fasta import read_fasta

    dataset = snakemake.params.dataset
    recipe = madeup.Recipe(**dataset["simulation"])
    targets = madeup_names.target_names(recipe.target, recipe.perturbations, recipe.genes)
    sequences = read_fasta(snakemake.input.proteins).sequences if snakemake.input.get("proteins") else None
    madeup.simulate(
        snakemake.output.screen,
        snakemake.output.effects,
        recipe=recipe,
        control=dataset["control"],
        proteins=[sequences[name] for name in targets] if sequences else None,
    )
    log.info(f"{snakemake.params.name}: {recipe.cells} made-up cells x {recipe.genes} genes")
