"""One page on a pair: what is predicted, how sure it is, and which prediction to trust. It needs nothing else."""

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from expressionvae.prediction import effects
from expressionvae.prediction.trust import Identity, Known, Tested, called
from expressionvae.run.report_page import page
from expressionvae.writing.style import BLUE, VERMILION

SHOWN = 30  # genes in the table
_STYLE = """
h1 { font-size: 1.5rem; line-height: 1.25; margin-bottom: 0.2rem; }
h2 { font-size: 1.1rem; margin-top: 2rem; }
.note { color: #595959; margin-top: 0; }
.verdict { border-left: 4px solid BLUE; background: #f2f7fc; padding: 0.7rem 1rem; }
.warning { border-left: 4px solid VERMILION; background: #fdf3ec; padding: 0.5rem 1rem; margin: 0.5rem 0; }
.panels { display: grid; grid-template-columns: repeat(auto-fit, minmax(17rem, 1fr)); gap: 0.5rem; }
.panels img { width: 100%; max-width: 30rem; }
.legend { display: flex; flex-wrap: wrap; gap: 0.2rem 1.2rem; font-size: 13px; padding: 0; list-style: none; }
.dot { display: inline-block; width: 0.7rem; height: 0.7rem; border-radius: 50%; margin-right: 0.4rem; }
td.number, th.number { text-align: right; }
td.up { color: #a34200; } td.down { color: #00507d; } td.unsure { color: #767676; }
code { font-size: 13px; }
@media (max-width: 40rem) { body { margin: 0.8rem; } h1 { font-size: 1.25rem; } }
""".replace("BLUE", BLUE).replace("VERMILION", VERMILION)


@dataclass(frozen=True)
class Content:
    """All that a page tells.

    Attributes:
        note: what the dataset is.
        effects: table of genes of each predictor (see `effects.effects`), models first.
        scales: what each one's X is; sums: median sum of its perturbed cells.
        pictures: of each predictor, as a data URI; legend: label and colour of each group.
        identity: of which cell type the predicted cells are.
        tested: results of leave-one-context-out.
    """

    known: Known
    cells: int
    note: str
    verdict: str
    warnings: Sequence[str]
    effects: Mapping[str, pd.DataFrame]
    scales: Mapping[str, str]
    sums: Mapping[str, float]
    pictures: Mapping[str, str]
    legend: Mapping[str, str]
    identity: Identity = field(default_factory=Identity)
    tested: Sequence[Tested] = ()
    provenance: Mapping[str, str] = field(default_factory=dict)


def render(content: Content) -> str:
    """The page as HTML, pictures and style included."""
    known = content.known
    title = f"{known.perturbation} in {known.cell_type}"
    parts = [
        f"<h1>{_text(title)}: predicted</h1>",
        *(f'<p class="warning">{_text(warning)}</p>' for warning in content.warnings),
        f'<p class="note">{content.note}{". " if content.note else ""}{_about(content)}</p>',
        f'<p class="verdict"><strong>Which to trust.</strong> {_text(content.verdict)}</p>',
        _identity(content),
        _genes(content),
        _pictures(content),
        _tests(content),
        _files(content),
    ]
    return page("\n".join(parts), title, _STYLE)


def _about(content: Content) -> str:
    known = content.known
    types = f"{known.contexts} other cell type{'' if known.contexts == 1 else 's'}"
    where = f"seen in {types}" if known.seen else "seen nowhere"
    replicates = ", ".join(f"{called(one)} {int(rows['replicates'].iloc[0])}" for one, rows in content.effects.items())
    return _text(
        f"{content.cells} cells asked for; {known.controls} real controls; perturbation {where}. "
        f"Replicates (trainings x draws): {replicates}."
    )


def _genes(content: Content) -> str:
    lead = next(iter(content.effects))
    chosen = effects.top(content.effects[lead], SHOWN).index
    groups = "".join(f'<th colspan="4">{_text(called(one))}</th>' for one in content.effects)
    titles = ("log2 fold change", "inner 95%", "to real controls", "FDR")
    head = "".join(f'<th class="number">{title}</th>' for title in titles) * len(content.effects)
    rows = [
        f"<tr><td>{_text(str(content.effects[lead].loc[at, 'gene']))}</td>"
        + "".join(_cells(rows.loc[at]) for rows in content.effects.values())
        + "</tr>"
        for at in chosen
    ]
    return (
        "<h2>Genes</h2><p>Log2 fold changes against predicted controls, with the interval that holds the inner 95% of "
        f"the replicates, and against real controls; ordered by {_text(called(lead))}. Grey: an FDR of 0.05 or more. "
        "The FDR is that of predicted cells against predicted controls: it falls with the number of cells asked for, "
        "and tells nothing of the prediction's truth. All genes: <code>genes.csv</code>.</p>"
        f'<div class="wide"><table><thead><tr><th></th>{groups}</tr><tr><th>gene</th>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _cells(row: pd.Series) -> str:
    change, fdr = float(row["log2_fold_change"]), float(row["fdr"])
    kind = "unsure" if fdr >= 0.05 else "up" if change > 0 else "down"
    interval = "–" if np.isnan(row["low"]) else f"{row['low']:+.2f} to {row['high']:+.2f}"
    values = (f"{change:+.2f}", interval, f"{row['log2_fold_change_real']:+.2f}", f"{fdr:.1g}")
    return "".join(f'<td class="number {kind}">{value}</td>' for value in values)


def _pictures(content: Content) -> str:
    legend = "".join(
        f'<li><span class="dot" style="background:{colour}"></span>{_text(label)}</li>'
        for label, colour in content.legend.items()
    )
    shown = "".join(
        f'<img alt="{_text(called(one))}: predicted cells beside real ones" src="{picture}">'
        for one, picture in content.pictures.items()
    )
    return (
        "<h2>Cells</h2><p>Predicted perturbed cells beside real ones, in the plane of the real cells' first two "
        f'principal components, the same in every panel.</p><ul class="legend">{legend}</ul>'
        f'<div class="panels">{shown}</div>'
    )


def _identity(content: Content) -> str:
    found, kind = content.identity, content.known.cell_type
    if not found.shares or np.isnan(found.real):
        return "<h2>Identity</h2><p>The screen has one cell type: there is nothing to tell apart.</p>"
    rows = [
        [called(one), *map(_share, (each.perturbed, each.controls, each.own_controls, each.reconstructed))]
        for one, each in found.shares.items()
    ]
    rows.append(["real controls", "–", _share(found.real), "–", "–"])
    head = ["", "perturbed cells", "controls", "the model's own controls", "real controls, encoded and decoded"]
    return (
        f"<h2>Identity</h2><p>Share of cells that are called {_text(kind)} by a classifier that was fitted on the "
        "screen's control cells; of real controls, by one that has not seen them. Anchored cells start from real "
        "controls: what the model by itself makes of the type stands in the two last columns."
        f"</p>{_table(head, rows)}"
    )


def _tests(content: Content) -> str:
    if not content.tested:
        return (
            "<h2>Leave-one-context-out</h2><p>No results: nothing on this screen has tested how well an unseen pair is "
            "predicted.</p>"
        )
    rows = [
        [called(one.predictor), one.cell_type, *map(_number, (one.pearson_delta, one.fd, one.identity))]
        for one in content.tested
    ]
    head = ["", "left out in", "P-Δ", "FD", "identity"]
    return (
        f"<h2>Leave-one-context-out</h2><p>{_text(content.known.perturbation)} was held out in other cell types in "
        f"turn, and predicted there.</p>{_table(head, rows)}"
    )


def _files(content: Content) -> str:
    scales, sums = content.scales, content.sums
    rows = [[called(one), f"{one}/predicted.h5ad", scales[one], f"{sums[one]:.0f}"] for one in content.effects]
    made = "; ".join(f"{key} {value}" for key, value in content.provenance.items())
    return (
        "<h2>Files</h2><p>Beside this page. <code>X</code> of the cells is what each predictor gives; the layer "
        "<code>log1p</code> has one scale for all of them, and for real cells.</p>"
        + _table(["", "cells", "X", "median sum of a cell"], rows)
        + f'<p class="note">{_text(made)}</p>'
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    columns = "".join(f"<th>{_text(title)}</th>" for title in head)
    body = "".join(f"<tr>{''.join(f'<td>{_text(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{columns}</tr></thead><tbody>{body}</tbody></table></div>'


def _number(value: float) -> str:
    return "–" if np.isnan(value) else f"{value:.3g}"


def _share(value: float) -> str:
    return "–" if np.isnan(value) else f"{value:.0%}"


def _text(text: str) -> str:
    return html.escape(text)
