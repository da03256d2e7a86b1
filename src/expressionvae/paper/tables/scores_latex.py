"""A table of scores as LaTeX."""

import math
from collections.abc import Mapping, Sequence

from expressionvae.catalogue.items import ItemCard
from expressionvae.paper import names
from expressionvae.paper.columns import Column
from expressionvae.paper.tables import notes as notes_of
from expressionvae.paper.tables.rows import Cell, Row
from expressionvae.writing.formatting import DASH, fixed
from expressionvae.writing.latex import latex_table
from expressionvae.writing.markup import escape


def latex(
    table: ItemCard, label: str, rows: Sequence[Row], columns: Sequence[Column], caption: str, below: Sequence[str]
) -> str:
    """A `table*` labelled tab:`label`; the paper's numbers stand in brackets under ours."""
    marks = notes_of.marks(rows)
    body: list[str] = []
    before = None
    for row in rows:
        new = before is None or row.dataset != before.dataset
        block = new or not before or row.labels[0] != before.labels[0]
        body += [r"\midrule"] if new else [r"\addlinespace"] if table.blocks and block else []
        who = [escape(text) or "--" for text in row.labels]
        who[0] = who[0] if block or not table.blocks else ""
        mark = notes_of.marks_of(row, marks)
        who[0] += rf"\textsuperscript{{{mark}}}" if mark else ""
        who = [escape(names.dataset(row.dataset)) if new else "", *who, str(row.replicates or "--")]
        body += [" & ".join(line) + r" \\" for line in _lines(who, row, columns, marks)]
        before = row
    notes = [rf"\textsuperscript{{{letter}}} {escape(text)}" for letter, text in notes_of.footnotes(rows)]
    return latex_table(
        ["Dataset", *table.headers, "$n$", *(column.latex_header for column in columns)],
        body,
        left=1 + len(table.headers),
        caption=caption,
        label=label,
        notes=[*notes, *(escape(text) for text in below)],
    )


def _lines(who: Sequence[str], row: Row, columns: Sequence[Column], marks: Mapping[str, str]) -> list[list[str]]:
    """A row, and under it in brackets the published numbers where there are any."""
    cells = [(row.cells[column.name], column) for column in columns]
    lines = [[*who, *(_cell(cell, column, marks) for cell, column in cells)]]
    if any(math.isfinite(cell.published) for cell, _ in cells):
        lines.append([""] * len(who) + [_published(cell, column) for cell, column in cells])
    return lines


def _cell(cell: Cell, column: Column, marks: Mapping[str, str]) -> str:
    text = fixed(cell.mean, column.decimals).replace(DASH, "--")
    text = text if text == "--" else f"${text}$"
    text = rf"$\mathbf{{{text.strip('$')}}}$" if cell.best else text
    if math.isfinite(cell.se):
        text += rf"{{\scriptsize$\,\pm\,{fixed(cell.se, column.decimals)}$}}"
    reason = notes_of.reason_of(cell)
    return text + (rf"\textsuperscript{{{marks[reason]}}}" if reason else "")


def _published(cell: Cell, column: Column) -> str:
    if not math.isfinite(cell.published):
        return ""
    text = fixed(cell.published, column.decimals)
    text += rf"\,\pm\,{fixed(cell.published_se, column.decimals)}" if math.isfinite(cell.published_se) else ""
    return rf"{{\scriptsize $[{text}]$}}"
