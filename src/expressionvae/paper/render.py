"""Table 1 as CSV, Markdown and LaTeX."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import pandas as pd

from expressionvae.paper import names
from expressionvae.paper import notes as notes_of
from expressionvae.paper.columns import Column
from expressionvae.paper.numbers import DASH, fixed
from expressionvae.paper.table1 import Cell, Row, build, frame

_LATEX = str.maketrans(
    {
        "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}",
        "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
        "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
        "|": r"\textbar{}", "±": r"$\pm$", "×": r"$\times$", "–": "--", "—": "---",
        "²": "$^2$", "₂": "$_2$", "Δ": r"$\Delta$", "ω": r"$\omega$", "√": r"$\surd$",
        "↓": r"$\downarrow$", "↑": r"$\uparrow$",
        "β": r"$\beta$", "γ": r"$\gamma$", "α": r"$\alpha$", "≤": r"$\leq$", "≥": r"$\geq$",
    }
)  # fmt: skip


class Rendered(NamedTuple):
    """One table, four ways; nothing is written to disk."""

    frame: pd.DataFrame
    csv: str
    markdown: str
    latex: str


def render(
    scores: pd.DataFrame,
    published: pd.DataFrame,
    *,
    columns: Sequence[Column],
    datasets: Sequence[str],
    baselines: Sequence[str],
    notes: Mapping[str, str],
    title: str,
) -> Rendered:
    """Table 1 of `scores` (from `scores.collect`) beside `published` (from `published.load`).

    `notes` describes datasets, by name, in the caption; `title` opens it. Source: the paper's Table 1.
    """
    rows = build(scores, published, columns=columns, datasets=datasets, baselines=baselines)
    caption = f"{title} {notes_of.caption(rows, published, datasets, notes)}"
    below = notes_of.remarks(rows, published, columns, datasets)
    table = frame(rows)
    return Rendered(
        table,
        table.to_csv(index=False, float_format="%.10g", lineterminator="\n"),
        markdown(rows, columns, caption, below),
        latex(rows, columns, caption, below),
    )


def escape(text: str) -> str:
    """`text` safe for LaTeX: its special characters, and the signs that this table uses."""
    return text.translate(_LATEX)


def _cell_markdown(cell: Cell, column: Column, marks: Mapping[str, str]) -> str:
    text = fixed(cell.mean, column.decimals)
    text = f"**{text}**" if cell.best else text
    if math.isfinite(cell.se):
        text += f" ± {fixed(cell.se, column.decimals)}"
    reason = notes_of.reason_of(cell)
    text += f"<sup>{marks[reason]}</sup>" if reason else ""
    return text + (f" [{fixed(cell.published, column.decimals)}]" if math.isfinite(cell.published) else "")


def _label(row: Row, several: bool) -> str:
    return f"{row.label} ({row.key[0]})" if several and row.key[0] else row.label


def _several_bottlenecks(rows: Sequence[Row]) -> bool:
    return len({row.key[0] for row in rows if row.key[0]}) > 1


def markdown(rows: Sequence[Row], columns: Sequence[Column], caption: str, below: Sequence[str]) -> str:
    """A GitHub table under its caption, the footnotes after it."""
    marks, several = notes_of.marks(rows), _several_bottlenecks(rows)
    lines = [["Dataset", "Model", "Decoder", "n", *(f"{column.unicode} {column.arrow}" for column in columns)]]
    before = None
    for row in rows:
        mark = f"<sup>{marks[row.key[3]]}</sup>" if row.key[3] in marks else ""
        who = [
            "" if row.dataset == before else f"**{names.dataset(row.dataset)}**",
            _label(row, several) + mark,
        ]
        who += [names.decoder(row.key[2]) or DASH, str(row.replicates or DASH)]
        lines.append(who + [_cell_markdown(row.cells[column.name], column, marks) for column in columns])
        before = row.dataset
    lines = [[text.replace("|", r"\|") for text in line] for line in lines]
    lines.insert(1, [":--"] * 3 + ["--:"] * (len(columns) + 1))
    table = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    notes = [f"<sup>{letter}</sup> {text}" for letter, text in notes_of.footnotes(rows)] + list(below)
    return "\n\n".join([f"**Table 1.** {caption}", table, *notes]) + "\n"


def _cell_latex(cell: Cell, column: Column, marks: Mapping[str, str]) -> str:
    text = fixed(cell.mean, column.decimals).replace(DASH, "--")
    text = text if text == "--" else f"${text}$"
    text = rf"$\mathbf{{{text.strip('$')}}}$" if cell.best else text
    if math.isfinite(cell.se):
        text += rf"{{\scriptsize$\,\pm\,{fixed(cell.se, column.decimals)}$}}"
    reason = notes_of.reason_of(cell)
    return text + (rf"\textsuperscript{{{marks[reason]}}}" if reason else "")


def _latex_lines(
    row: Row, columns: Sequence[Column], marks: Mapping[str, str], first: bool, several: bool
) -> list[str]:
    """A row, and under it in brackets the published numbers where there are any."""
    mark = rf"\textsuperscript{{{marks[row.key[3]]}}}" if row.key[3] in marks else ""
    who = [escape(names.dataset(row.dataset)) if first else "", escape(_label(row, several)) + mark]
    who += [escape(names.decoder(row.key[2])) or "--", str(row.replicates or "--")]
    cells = [row.cells[column.name] for column in columns]
    lines = [[*who, *(_cell_latex(cell, column, marks) for cell, column in zip(cells, columns, strict=True))]]
    if any(math.isfinite(cell.published) for cell in cells):
        small = [
            rf"{{\scriptsize $[{fixed(cell.published, column.decimals)}]$}}" if math.isfinite(cell.published) else ""
            for cell, column in zip(cells, columns, strict=True)
        ]
        lines.append(["", "", "", "", *small])
    return [" & ".join(line) + r" \\" for line in lines]


def latex(rows: Sequence[Row], columns: Sequence[Column], caption: str, below: Sequence[str]) -> str:
    """A `table*` that stands alone in any document with the packages booktabs and graphicx."""
    marks, several = notes_of.marks(rows), _several_bottlenecks(rows)
    header = [
        "Dataset",
        "Model",
        "Decoder",
        "$n$",
        *(f"{column.latex} {column.latex_arrow}" for column in columns),
    ]
    body: list[str] = []
    before = None
    for row in rows:
        first = row.dataset != before
        body += ([r"\midrule"] if first else []) + _latex_lines(row, columns, marks, first, several)
        before = row.dataset
    notes = [rf"\textsuperscript{{{letter}}} {escape(text)}" for letter, text in notes_of.footnotes(rows)]
    notes += [escape(text) for text in below]
    lines = [
        r"% \usepackage{booktabs,graphicx}",
        r"\begin{table*}[t]",
        r"\centering",
        rf"\caption{{{escape(caption)}}}",
        r"\label{tab:table1}",
        r"\resizebox{\textwidth}{!}{%",
        rf"\begin{{tabular}}{{lll{'r' * (len(columns) + 1)}}}",
        r"\toprule",
        " & ".join(header) + r" \\",
        *body,
        r"\bottomrule",
        r"\end{tabular}}",
        *(rf"\par\smallskip\parbox{{\textwidth}}{{\footnotesize {note}}}" for note in notes),
        r"\end{table*}",
    ]
    return "\n".join(lines) + "\n"
