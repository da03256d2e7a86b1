"""How well each run predicts combinations of training cell types that were left out: the table beside predictions."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from expressionvae.files import reading
from expressionvae.paper import names, scores
from expressionvae.paper.columns import COLUMNS as METRICS
from expressionvae.stored import table
from expressionvae.writing.formatting import fixed
from expressionvae.writing.markdown import document, pipe_table
from expressionvae.writing.markup import prose

COLUMNS = ["left_out_cell_type", "run", "metric", "value", "se", "n"]
# What is shown, and in which variant: the distance beside whose floor two halves of true cells stand; the effects as
# the paper has them; and the share of cells that a classifier trained on training cells takes for the wanted type.
SHOWN = {"identity": "training", "pearson_delta": "paper", "fd": "half"}


def summarise(long: pd.DataFrame, left_out: dict[str, str]) -> pd.DataFrame:
    """Rows of COLUMNS: mean, standard error and number of the replicates (`scores.averaged`).

    long: what `scores.collect` gives. left_out: by dataset the cell type that is left out in it.
    """
    shown = long[long["variant"] == long["metric"].map(SHOWN)]
    rows = shown.assign(left_out_cell_type=shown["dataset"].map(left_out), run=_names(shown))
    rows = rows.sort_values("metric", key=lambda names: names.map(list(SHOWN).index), kind="stable")
    return scores.averaged(rows, COLUMNS[:3]).reset_index().rename(columns={"mean": "value"})[COLUMNS]


def _names(rows: pd.DataFrame) -> pd.Series:
    models = rows[["bottleneck", "prior", "decoder"]].agg("/".join, axis=1)
    return models.where(rows["baseline"] == "", rows["baseline"])


def collect(runs: Sequence[dict], files: Sequence[tuple[str, str]], left_out: dict[str, str]) -> pd.DataFrame:
    """The table of some runs from their two score files; of none: its header. Raises: UserError (`scores.collect`)."""
    return summarise(scores.collect(runs, files), left_out) if runs else pd.DataFrame(columns=COLUMNS)


def read(path: str | Path) -> pd.DataFrame:
    """The table of a screen, as the rule `composition` writes it. Raises: UserError if it is not that."""
    with reading(path, "the table of left-out cell types"):
        return table(path, texts=COLUMNS[:3], numbers=COLUMNS[3:])


def markdown(tables: Mapping[str, pd.DataFrame]) -> str:
    """The tables of some screens as one, by name of screen, for Table 1's companion; nothing where none has a row.

    Each run has a row for each left-out type, and one for the mean over them.
    """
    lines = [line for screen, rows in tables.items() for line in _lines(screen, rows)]
    if not lines:
        return ""
    shown = [METRICS[metric].header + (" (half)" if variant == "half" else "") for metric, variant in SHOWN.items()]
    header = ["Dataset", "Run", "Left out", *shown, "n"]
    return "\n" + document(f"**Composition: cell types left out in turn.** {_ABOUT}", pipe_table(header, lines, left=3))


_ABOUT = (
    "Of training cells alone: the perturbations are held out in a further cell type, and predicted there by shorter "
    "trainings of their own (config key composition). It says who predicts unseen combinations well without a look at "
    "the cells that the table above is about, and is what a choice between models may rest on. FD (half) can be "
    "compared within a cell type, not between them. ± over trainings, or the draws of a single one."
)


def _lines(screen: str, rows: pd.DataFrame) -> list[list[str]]:
    types = rows["left_out_cell_type"].unique()
    found = []
    for run, of_run in rows.groupby("run", sort=False):
        parts = [(kind, of_run[of_run["left_out_cell_type"] == kind]) for kind in types]
        means = of_run.groupby("metric", as_index=False)["value"].mean().assign(se=math.nan, n=of_run["n"].max())
        for kind, part in [*parts, *([("mean", means)] if len(types) > 1 else [])]:
            numbers = part.set_index("metric")
            draws = str(int(part["n"].max())) if len(part) else ""
            cells = [_number(numbers, metric) for metric in SHOWN]
            found.append([prose(names.dataset(screen)), prose(_label(str(run))), prose(str(kind)), *cells, draws])
    return found


def _label(run: str) -> str:
    if "/" not in run:
        return names.baseline(run)
    bottleneck, prior, decoder = run.split("/")
    return f"{names.bottleneck(bottleneck)} {names.prior(prior)} {names.decoder(decoder)}"


def _number(numbers: pd.DataFrame, metric: str) -> str:
    if metric not in numbers.index:
        return fixed(math.nan, 0)
    value, error = (float(numbers[name][metric]) for name in ("value", "se"))
    decimals = METRICS[metric].decimals
    return fixed(value, decimals) + (f" ± {fixed(error, decimals)}" if math.isfinite(error) else "")
