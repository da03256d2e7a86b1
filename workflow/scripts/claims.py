"""Judge the paper's claims on its own numbers and on ours."""

from expressionvae.console import reporting

with reporting(snakemake.log[0]) as log:
    from expressionvae.files import written
    from expressionvae.paper import published
    from expressionvae.paper.claims import sources
    from expressionvae.paper.claims.evidence import Pair
    from expressionvae.paper.claims.judge import judge
    from expressionvae.paper.claims.render import markdown

    given, params = snakemake.input, snakemake.params
    numbers = published.load(given.published)
    pairs = [Pair(**one) for one in params.pairs]
    ours = sources.of_files(
        sources.as_list(given.scores),
        numbers,
        reversion=sources.as_list(given.get("reversion", [])),
        codes=list(zip(params.codes_of, sources.as_list(given.get("codes", [])), strict=True)),
        parameters=given.parameters,
        pairs=pairs,
        coverage=dict(zip(params.coverage_of, sources.as_list(given.get("coverage", [])), strict=True)),
    )
    table = judge(sources.of_published(numbers, pairs), ours, params.made_up)
    with written(snakemake.output.csv) as path:
        table.to_csv(path, index=False)
    with written(snakemake.output.md) as path:
        path.write_text(markdown(table, sources.printed_twice(numbers)), encoding="utf-8")
    log.info(f"{len(table)} verdicts; ours: {table['verdict_ours'].value_counts().to_dict()}")
