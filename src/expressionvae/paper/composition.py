"""How well each run predicts combinations of training cell types that were left out: the table beside predictions."""

from collections.abc import Sequence

import pandas as pd

from expressionvae.paper import scores

COLUMNS = ["left_out_cell_type", "run", "metric", "value", "se", "n"]
# What is shown, and in which variant: the distance beside whose floor two halves of true cells stand; the effects as
# the paper has them; and the share of cells that a classifier trained on training cells takes for the wanted type.
SHOWN = {"identity": "training", "pearson_delta": "paper", "fd": "half"}


def summarise(long: pd.DataFrame, left_out: dict[str, str]) -> pd.DataFrame:
    """Rows of COLUMNS: mean, standard error and number of the draws of one training.

    long: what `scores.collect` gives. left_out: by dataset the cell type that is left out in it.
    """
    shown = long[long["variant"] == long["metric"].map(SHOWN)]
    rows = shown.assign(left_out_cell_type=shown["dataset"].map(left_out), run=_names(shown))
    rows = rows.sort_values("metric", key=lambda names: names.map(list(SHOWN).index), kind="stable")
    groups = rows.groupby(COLUMNS[:3], sort=False)["value"]
    return groups.agg(["mean", "sem", "count"]).set_axis(COLUMNS[3:], axis=1).reset_index()[COLUMNS]


def _names(rows: pd.DataFrame) -> pd.Series:
    models = rows[["bottleneck", "prior", "decoder"]].agg("/".join, axis=1)
    return models.where(rows["baseline"] == "", rows["baseline"])


def collect(runs: Sequence[dict], files: Sequence[tuple[str, str]], left_out: dict[str, str]) -> pd.DataFrame:
    """The table of some runs from their two score files; of none: its header. Raises: UserError (`scores.collect`)."""
    return summarise(scores.collect(runs, files), left_out) if runs else pd.DataFrame(columns=COLUMNS)
