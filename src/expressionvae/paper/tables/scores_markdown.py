"""A table of scores as GitHub Markdown."""

import math
from collections.abc import Mapping, Sequence

from expressionvae.catalogue.baselines import FLOOR
from expressionvae.catalogue.items import ItemCard
from expressionvae.catalogue.metric_card import TRAINING, WITH_TRUE
from expressionvae.paper import names
from expressionvae.paper.columns import Column
from expressionvae.paper.tables import notes as notes_of
from expressionvae.paper.tables.rows import Cell, Row
from expressionvae.writing.formatting import DASH, fixed
from expressionvae.writing.markdown import document, pipe_table
from expressionvae.writing.markup import prose


def markdown(
    table: ItemCard, rows: Sequence[Row], columns: Sequence[Column], caption: str, below: Sequence[str]
) -> str:
    """The table under its caption, the footnotes after it."""
    marks = notes_of.marks(rows)
    notes = [f"<sup>{letter}</sup> {prose(text)}" for letter, text in notes_of.footnotes(rows)]
    notes += [prose(text) for text in below]
    body = _body(table, rows, columns, marks)
    return document(f"**{table.name}.** {prose(caption)}", body, *notes)


def companion_markdown(table: ItemCard, rows: Sequence[Row], columns: Sequence[Column]) -> str:
    """The rows that stand beside a table and not in it; nothing where there are none."""
    if not rows:
        return ""
    what = f"**Beside {table.name}.** The same models with what {table.name} leaves out."
    return "\n" + document(what, _body(table, rows, columns, {}))


def beside_markdown(table: ItemCard, rows: Sequence[Row], columns: Sequence[Column]) -> str:
    """Every row of a table that has the floor at its number of cells; how many cells are of the wanted type."""
    floor = any(row.key[3] == FLOOR for row in rows)
    clouds = [c for c in columns if floor and any(math.isfinite(row.cells[c.name].half) for row in rows)]
    halves = [[_number(row.cells[c.name].half, row.cells[c.name].half_se, c.decimals) for c in clouds] for row in rows]
    shown = [row for row in rows if any(math.isfinite(cell.mean) for cell in row.identity.values())]
    shares = [[_number(row.identity_of(*key).mean, row.identity_of(*key).se, 3) for key in _SHARES] for row in shown]
    text = ""
    if clouds:
        what = f"**{table.name} at the floor's number of cells.** {_HALVES}"
        text += "\n" + document(what, _short(table, rows, [column.header for column in clouds], halves))
    if shown:
        text += "\n" + document(
            f"**Identity, {table.name}.** {_IDENTITY}", _short(table, shown, list(_SHARES.values()), shares)
        )
    return text


_HALVES = (
    "Every row on one random half of the true cells, PCA fitted on them, so that the row true against true, which has "
    "no more, can be read beside the others. To judge how near a row is to the floor read this table; to compare rows "
    "with each other or with the paper, the table itself."
)
_SHARES = {
    ("identity", TRAINING): "perturbed",
    ("identity_true", TRAINING): "true",
    ("identity_controls", TRAINING): "controls",
    ("identity_controls_true", TRAINING): "true controls",
    ("identity", WITH_TRUE): "perturbed*",
    ("identity_true", WITH_TRUE): "true*",
    ("identity_controls", WITH_TRUE): "controls*",
    ("identity_controls_true", WITH_TRUE): "true controls*",
}
_IDENTITY = (
    "The share of cells that a logistic regression fitted on real cells calls of the wanted cell type, of perturbed "
    "cells and of controls, predicted and true; the true cells' own is the ceiling, and no true cell is judged by a "
    "classifier that was fitted on it. The classifier has seen the controls among the training cells; with a star: all "
    "training cells and the other half of the true ones. Cells of the rows control and PerturbMean are made of "
    "controls that it may have seen."
)


def _number(mean: float, error: float, decimals: int) -> str:
    return fixed(mean, decimals) + (f" ± {fixed(error, decimals)}" if math.isfinite(error) else "")


def _short(table: ItemCard, rows: Sequence[Row], headers: Sequence[str], cells: Sequence[Sequence[str]]) -> str:
    """A table with one line a row: dataset, the row's name, cells; rows without any number are left out."""
    lines = [
        [prose(names.dataset(row.dataset)), *(prose(text) or DASH for text in row.labels), *texts]
        for row, texts in zip(rows, cells, strict=True)
        if any(text != DASH for text in texts)
    ]
    return pipe_table(["Dataset", *table.headers, *headers], lines, left=1 + len(table.headers))


def _body(table: ItemCard, rows: Sequence[Row], columns: Sequence[Column], marks: Mapping[str, str]) -> str:
    lines, before = [], None
    for row in rows:
        who = [prose(text) or DASH for text in row.labels]
        if table.blocks and before and (before.dataset, before.labels[0]) == (row.dataset, row.labels[0]):
            who[0] = ""
        mark = notes_of.marks_of(row, marks)
        who[0] += f"<sup>{mark}</sup>" if mark else ""
        first = "" if before and row.dataset == before.dataset else f"**{prose(names.dataset(row.dataset))}**"
        cells = [_cell(row.cells[column.name], column, marks) for column in columns]
        lines.append([first, *who, str(row.replicates or DASH), *cells])
        before = row
    header = ["Dataset", *table.headers, "n", *(column.header for column in columns)]
    return pipe_table(header, lines, left=1 + len(table.headers))


def _cell(cell: Cell, column: Column, marks: Mapping[str, str]) -> str:
    text = fixed(cell.mean, column.decimals)
    text = f"**{text}**" if cell.best else text
    if math.isfinite(cell.se):
        text += f" ± {fixed(cell.se, column.decimals)}"
    reason = notes_of.reason_of(cell)
    text += f"<sup>{marks[reason]}</sup>" if reason and reason in marks else ""
    if not math.isfinite(cell.published):
        return text
    theirs = fixed(cell.published, column.decimals)
    theirs += f" ± {fixed(cell.published_se, column.decimals)}" if math.isfinite(cell.published_se) else ""
    return f"{text} [{theirs}]"
