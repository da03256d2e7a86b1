"""Table 1: every model and baseline, our number beside the published one, and references it lacks."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import pandas as pd

from expressionvae.paper import names
from expressionvae.paper.columns import COLUMNS, Column
from expressionvae.paper.numbers import fixed
from expressionvae.paper.scores import summarise

ITEM = "table1"
# Which variant of a score file a cell shows (distribution, effects). The floor has no `paper`.
PREDICTED = ("paper", "paper")
FLOOR = ("half", "ceiling")


@dataclass
class Cell:
    """One number: ours (NaN: none) with its standard error, and the paper's (NaN: none)."""

    mean: float = math.nan
    se: float = math.nan
    published: float = math.nan
    replicates: int = 0
    undefined: int = 0
    size: int | None = None  # cells a side, or perturbations that could be scored
    half: float = math.nan  # the same metric as the floor row has it (distribution metrics)
    best: bool = False


@dataclass
class Row:
    """One table row. `key` is (bottleneck, prior, decoder, baseline); the cells go by metric name."""

    dataset: str
    key: tuple[str, str, str, str]
    kind: Literal["model", "baseline", "reference"]
    cells: dict[str, Cell] = field(default_factory=dict)

    @property
    def label(self) -> str:
        _, prior, _, baseline = self.key
        only_published = self.kind == "baseline" and self.replicates == 0
        return names.baseline(baseline, only_published) if baseline else names.prior(prior)

    @property
    def replicates(self) -> int:
        return max((cell.replicates + cell.undefined for cell in self.cells.values()), default=0)


def build(
    scores: pd.DataFrame,
    published: pd.DataFrame,
    *,
    columns: Sequence[Column],
    datasets: Sequence[str],
    baselines: Sequence[str],
) -> list[Row]:
    """The rows of Table 1: per dataset the models in the order of `scores`, `baselines`, then the references.

    A baseline without scores has a row where the paper has a number for it; one that was run but is not in
    `baselines` follows those that are. The best of each column and dataset is marked, the floor left out.
    """
    tables = {variant: summarise(scores, variant) for variant in {*PREDICTED, *FLOOR}}
    numbers = published.loc[published["item"] == ITEM]
    rows: list[Row] = []
    for dataset in datasets:
        block = [
            _row(dataset, key, columns, tables, numbers)
            for key in _keys(scores[scores["dataset"] == dataset], numbers[numbers["dataset"] == dataset], baselines)
        ]
        _mark_best(block, columns)
        rows += block
    return rows


def _keys(scores: pd.DataFrame, numbers: pd.DataFrame, baselines: Sequence[str]) -> list[tuple[str, str, str, str]]:
    run = dict.fromkeys(scores[["bottleneck", "prior", "decoder", "baseline"]].itertuples(index=False, name=None))
    priors = list(dict.fromkeys(key[1] for key in run))
    models = sorted((key for key in run if not key[3]), key=lambda key: (key[0], priors.index(key[1])))
    done = [key[3] for key in run if key[3]]
    shown = [name for name in baselines if name in done or name in set(numbers["model"])]
    shown = [name for name in dict.fromkeys([*shown, *done]) if name not in names.REFERENCES]
    references = [name for name in names.REFERENCES if name in done]
    # The paper's own rows stay visible even where nothing of a dataset was run yet.
    unrun = numbers[numbers["head"] != ""][["model", "head"]].drop_duplicates() if not models else numbers.iloc[:0]
    models += [
        ("", prior, decoder, "") for prior, decoder in unrun.reindex(columns=["model", "head"]).itertuples(False)
    ]
    return models + [("", "", "", name) for name in shown + references]


def _row(
    dataset: str,
    key: tuple[str, str, str, str],
    columns: Sequence[Column],
    tables: Mapping[str, pd.DataFrame],
    numbers: pd.DataFrame,
) -> Row:
    _, prior, decoder, baseline = key
    reference = baseline in names.REFERENCES
    row = Row(dataset, key, "reference" if reference else "baseline" if baseline else "model")
    distribution, effects = FLOOR if baseline == names.FLOOR else PREDICTED
    for column in columns:
        variant = distribution if column.family in ("Distribution", "Moments") else effects
        cell = _cell(_found(tables[variant], dataset, key, column.name))
        half = _found(tables["half"], dataset, key, column.name)
        cell.half = float(half["mean"].iloc[0]) if len(half) else math.nan
        wanted = (numbers["dataset"] == dataset) & (numbers["model"] == (baseline or prior))
        wanted &= (numbers["head"] == decoder) & (numbers["metric"] == column.name)
        cell.published = float(numbers.loc[wanted, "mean"].iloc[0]) if wanted.any() else math.nan
        row.cells[column.name] = cell
    return row


def _found(table: pd.DataFrame, dataset: str, key: tuple[str, str, str, str], metric: str) -> pd.DataFrame:
    bottleneck, prior, decoder, baseline = key
    found = (table["dataset"] == dataset) & (table["metric"] == metric) & (table["bottleneck"] == bottleneck)
    found &= (table["prior"] == prior) & (table["decoder"] == decoder) & (table["baseline"] == baseline)
    return table[found]


def _cell(found: pd.DataFrame) -> Cell:
    if found.empty:
        return Cell()
    line = found.iloc[0]
    size = None if pd.isna(line["cells"]) else int(line["cells"])
    return Cell(float(line["mean"]), float(line["se"]), math.nan, int(line["n"]), int(line["undefined"]), size)


def _mark_best(block: list[Row], columns: Sequence[Column]) -> None:
    """Mark the best of our numbers, and what prints the same; the floor is no prediction and never wins."""
    for column in columns:
        cells = [row.cells[column.name] for row in block if row.key[3] != names.FLOOR]
        cells = [cell for cell in cells if math.isfinite(cell.mean)]
        if not cells:
            continue
        best = (min if column.direction == "lower" else max)(cell.mean for cell in cells)
        for cell in cells:
            cell.best = fixed(cell.mean, column.decimals) == fixed(best, column.decimals)


def frame(rows: Sequence[Row]) -> pd.DataFrame:
    """The rows as a table, one row each: who, then metric and metric_se, _n, _half and _published.

    metric_n counts the replicates in which the metric is defined; metric_half is the metric on halves of the
    true cells, which alone may be compared with the floor row. A kind of column that is empty is left out.
    """
    lines = []
    for row in rows:
        bottleneck, prior, decoder, baseline = row.key
        line: dict[str, object] = {
            "dataset": row.dataset,
            "kind": row.kind,
            "bottleneck": bottleneck,
            "prior": prior,
        }
        line |= {"decoder": decoder, "baseline": baseline, "n_replicates": row.replicates}
        for name, cell in row.cells.items():
            line |= {name: cell.mean, f"{name}_se": cell.se, f"{name}_n": cell.replicates}
            line |= {f"{name}_half": cell.half, f"{name}_published": cell.published}
        lines.append(line)
    table = pd.DataFrame(lines)
    has_published = any(math.isfinite(cell.published) for row in rows for cell in row.cells.values())
    keep = [name for name in table.columns if _kept(str(name), table, has_published)]
    return table[keep]


def _kept(name: str, table: pd.DataFrame, has_published: bool) -> bool:
    if name.endswith("_published"):
        return has_published
    if name.endswith("_half"):
        return COLUMNS[name.removesuffix("_half")].family == "Distribution" and bool(table[name].notna().any())
    return True
