"""A made-up screen with known effects."""

from expressionvae.console import reporting

with reporting(snakemake.log[0]):
    from expressionvae.data import madeup

    dataset = snakemake.params.dataset
    recipe = madeup.Recipe(**dataset["simulation"])
    targets = madeup.target_names(recipe.target, recipe.perturbations, recipe.genes)
    proteins = snakemake.input.get("proteins")
    madeup.simulate(
        snakemake.output.screen,
        snakemake.output.effects,
        recipe=recipe,
        control=dataset["control"],
        embedding=madeup.embeddings(proteins, targets) if proteins else None,
    )
    print(f"{snakemake.params.name}: {recipe.cells} made-up cells x {recipe.genes} genes")
