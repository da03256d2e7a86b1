"""A table of scores as CSV, Markdown and LaTeX, and its companion that sets our numbers beside the paper's."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import pandas as pd

from expressionvae.catalogue.items import card
from expressionvae.files import written
from expressionvae.paper.columns import chosen, columns_of
from expressionvae.paper.tables import notes as notes_of
from expressionvae.paper.tables.compared import compare, compared_markdown
from expressionvae.paper.tables.labels import Entries, levels
from expressionvae.paper.tables.rows import build, companion_rows, frame
from expressionvae.paper.tables.scores_latex import latex
from expressionvae.paper.tables.scores_markdown import beside_markdown, companion_markdown, markdown

FORMS = {
    "csv": "csv",
    "md": "markdown",
    "tex": "latex",
    "compared_csv": "compared_csv",
    "compared_md": "compared_markdown",
}


class Rendered(NamedTuple):
    """One table, in every form; nothing is written to disk."""

    frame: pd.DataFrame
    csv: str
    markdown: str
    latex: str
    compared: pd.DataFrame
    compared_csv: str
    compared_markdown: str


def render(
    name: str,
    scores: pd.DataFrame,
    published: pd.DataFrame,
    *,
    columns: Sequence[str],
    datasets: Sequence[str],
    baselines: Sequence[str],
    notes: Mapping[str, str],
    bottlenecks: Entries,
    priors: Entries,
    libraries: Mapping[str, str],
    rerun: Entries | None = None,
    companion: pd.DataFrame | None = None,
) -> Rendered:
    """Table `name` of `scores` (from `scores.collect`) beside `published` (from `published.load`).

    `columns` are metrics; `baselines` are those of other authors that the paper prints, in its order; `notes`
    describes datasets, by name, in the caption; `bottlenecks` and `priors` are the config's entries; `libraries` say
    what nb decoders are told (`grid.libraries`); `rerun` has label and folder of each baseline that
    was trained here; `companion` are the scores of rows that stand in the companion alone.

    Raises:
        UserError: if no table is called `name`, or a column is no metric.
    """
    table, wanted = card(name), columns_of(card(name), columns)
    numbers = published[published["item"] == name]
    rows_of = partial(
        build,
        table,
        numbers=numbers,
        datasets=datasets,
        baselines=baselines,
        bottlenecks=bottlenecks,
        priors=priors,
        rerun=rerun,
    )
    rows = rows_of(scores, columns=wanted)
    caption = f"{table.title} {notes_of.caption(table, rows, numbers, datasets, notes)}"
    below = levels(table, [row.key for row in rows], bottlenecks)
    below += notes_of.remarks(table, name, rows, published, wanted, datasets, libraries)
    # The companion knows every metric that the paper prints there, shown or not.
    beside = scores if companion is None else pd.concat([scores, companion], ignore_index=True)
    whole = rows_of(beside, columns=chosen(list(dict.fromkeys(numbers["metric"]))))
    compared = compare(name, whole, published, datasets)
    more = [] if companion is None else companion_rows(rows_of(beside, columns=wanted), rows)
    shown = frame(rows)
    return Rendered(
        shown,
        _csv(shown),
        markdown(table, rows, wanted, caption, below),
        latex(table, name, rows, wanted, caption, below),
        compared,
        _csv(compared.drop(columns=["decimals", "se_decimals"])),
        compared_markdown(table, compared, datasets)
        + companion_markdown(table, more, wanted)
        + beside_markdown(table, rows, wanted),
    )


def _csv(table: pd.DataFrame) -> str:
    return table.to_csv(index=False, float_format="%.10g", lineterminator="\n")


def save(table: Any, paths: Any) -> None:
    """Write those forms of `table` that `paths` names (csv, md, tex, compared_csv, compared_md) to their paths."""
    for name, form in FORMS.items():
        if name in paths.keys():  # noqa: SIM118 - Snakemake's outputs are a list with keys
            with written(paths[name]) as path:
                path.write_text(getattr(table, form), encoding="utf-8")
