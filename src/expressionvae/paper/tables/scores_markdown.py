"""A table of scores as GitHub Markdown."""

import math
from collections.abc import Mapping, Sequence

from expressionvae.catalogue.items import ItemCard
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


def _body(table: ItemCard, rows: Sequence[Row], columns: Sequence[Column], marks: Mapping[str, str]) -> str:
    lines, before = [], None
    for row in rows:
        who = [prose(text) or DASH for text in row.labels]
        if table.blocks and before and (before.dataset, before.labels[0]) == (row.dataset, row.labels[0]):
            who[0] = ""
        who[0] += f"<sup>{marks[row.key[3]]}</sup>" if row.key[3] in marks else ""
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
