"""The rows of a table: every model, baseline and reference, our number beside the published one."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pandas as pd

from expressionvae.catalogue.baselines import FLOOR, REFERENCES
from expressionvae.catalogue.items import ItemCard
from expressionvae.paper import names
from expressionvae.paper.columns import Column
from expressionvae.paper.scores import RUN, summarise
from expressionvae.paper.tables.labels import Entries, Key, Printed, labels
from expressionvae.writing.formatting import fixed

# Which variant of a score file a cell shows (distribution, effects). True against true has no `paper`.
PREDICTED = ("paper", "paper")
REAL = ("half", "ceiling")


@dataclass
class Cell:
    """One number: ours (NaN: none) with its standard error, and the paper's with its own (NaN: none)."""

    mean: float = math.nan
    se: float = math.nan
    published: float = math.nan
    published_se: float = math.nan
    replicates: int = 0
    undefined: int = 0
    size: int | None = None  # cells a side, or perturbations that could be scored
    half: float = math.nan  # the same metric as the floor row has it (distribution metrics)
    best: bool = False


@dataclass
class Row:
    """One table row: one text per header of its table; the cells go by metric name.

    `printed` says under which (model, head) the paper may have the row.
    """

    dataset: str
    key: Key
    kind: Literal["model", "baseline", "reference"]
    labels: tuple[str, ...]
    printed: tuple[Printed, ...]
    cells: dict[str, Cell] = field(default_factory=dict)

    @property
    def label(self) -> str:
        return " ".join(text for text in self.labels if text)

    @property
    def replicates(self) -> int:
        return max((cell.replicates + cell.undefined for cell in self.cells.values()), default=0)


def build(
    table: ItemCard,
    scores: pd.DataFrame,
    numbers: pd.DataFrame,
    *,
    columns: Sequence[Column],
    datasets: Sequence[str],
    baselines: Sequence[str],
    bottlenecks: Entries,
    priors: Entries,
) -> list[Row]:
    """Per dataset the models in the order of `scores`, prior by prior, then `baselines`, then the references.

    `numbers` are the paper's for this table. A baseline without scores has a row where the paper has a number
    for it; one that was run but is not in `baselines` follows those that are. `bottlenecks` and `priors` are the
    config's entries. The best of each column and dataset is marked, the floor left out.
    """
    ours = {variant: _indexed(summarise(scores, variant), [*RUN, "metric"]) for variant in {*PREDICTED, *REAL}}
    theirs = _indexed(numbers, ["dataset", "model", "head", "metric"])
    keys = {
        dataset: _keys(table, scores[scores["dataset"] == dataset], numbers[numbers["dataset"] == dataset], baselines)
        for dataset in datasets
    }
    named = labels(table, [key for some in keys.values() for key in some if not key[3]], bottlenecks, priors)
    rows: list[Row] = []
    for dataset in datasets:
        block = [_row(dataset, key, named.get(key), columns, ours, theirs) for key in keys[dataset]]
        for row in block:
            row.labels += ("",) * (len(table.headers) - len(row.labels))
        _mark_best(block, columns)
        rows += block
    return rows


def _indexed(table: pd.DataFrame, keys: list[str]) -> dict[tuple[str, ...], dict[str, Any]]:
    return {tuple(line[key] for key in keys): line for line in table.to_dict("records")}  # type: ignore[misc]


def _keys(table: ItemCard, scores: pd.DataFrame, numbers: pd.DataFrame, baselines: Sequence[str]) -> list[Key]:
    run: list[Key] = list(dict.fromkeys(scores[RUN[1:]].itertuples(index=False, name=None)))
    models = _in_order(table, [key for key in run if not key[3]])
    done = [key[3] for key in run if key[3]]
    shown = [name for name in baselines if name in done or name in set(numbers["model"])]
    shown = [name for name in dict.fromkeys([*shown, *done]) if name not in REFERENCES]
    references = [name for name in REFERENCES if name in done]
    # The paper's own rows stay visible even where nothing of a dataset was run yet.
    unrun = numbers[numbers["head"] != ""][["model", "head"]].drop_duplicates() if not models else numbers.iloc[:0]
    models += [
        ("", prior, decoder, "") for prior, decoder in unrun.reindex(columns=["model", "head"]).itertuples(False)
    ]
    return models + [("", "", "", name) for name in shown + references]


def _in_order(table: ItemCard, models: list[Key]) -> list[Key]:
    """Prior by prior, each part in order of appearance; run labels of one decoder stand together (Table 4)."""
    parts = (1, 2, 0) if table.by_run else (1, 0, 2)
    seen = [list(dict.fromkeys(key[part] for key in models)) for part in parts]
    return sorted(models, key=lambda key: [at.index(key[part]) for at, part in zip(seen, parts, strict=True)])


def _row(
    dataset: str,
    key: Key,
    named: tuple[tuple[str, ...], tuple[Printed, ...]] | None,
    columns: Iterable[Column],
    ours: Mapping[str, Mapping[tuple[str, ...], dict[str, Any]]],
    theirs: Mapping[tuple[str, ...], dict[str, Any]],
) -> Row:
    baseline = key[3]
    kind = "reference" if baseline in REFERENCES else "baseline" if baseline else "model"
    texts, printed = named or ((), ((baseline, ""),))
    row = Row(dataset, key, kind, texts, printed)
    distribution, effects = REAL if baseline == FLOOR else PREDICTED
    for column in columns:
        variant = distribution if column.of_cells else effects
        cell = _cell(ours[variant].get((dataset, *key, column.name)))
        cell.half = float(ours["half"].get((dataset, *key, column.name), {}).get("mean", math.nan))
        lines = [theirs.get((dataset, *who, column.name)) for who in printed]
        line = next((line for line in lines if line), None)
        if line:
            cell.published, cell.published_se = float(line["mean"]), float(line["se"])
        row.cells[column.name] = cell
    if baseline:
        row.labels = (names.baseline(baseline, kind == "baseline" and row.replicates == 0),)
    return row


def _cell(line: Mapping[str, Any] | None) -> Cell:
    if line is None:
        return Cell()
    size = None if pd.isna(line["cells"]) else int(line["cells"])
    return Cell(
        float(line["mean"]), float(line["se"]), replicates=int(line["n"]), undefined=int(line["undefined"]), size=size
    )


def _mark_best(block: list[Row], columns: Sequence[Column]) -> None:
    """Mark the best of our numbers, and what prints the same; the floor is no prediction and never wins."""
    for column in columns:
        cells = [row.cells[column.name] for row in block if row.key[3] != FLOOR]
        cells = [cell for cell in cells if math.isfinite(cell.mean)]
        if not cells or column.direction == "none":
            continue
        best = (min if column.direction == "lower" else max)(cell.mean for cell in cells)
        for cell in cells:
            cell.best = fixed(cell.mean, column.decimals) == fixed(best, column.decimals)


def companion_rows(whole: Sequence[Row], shown: Sequence[Row]) -> list[Row]:
    """Of `whole`, the rows that the table does not show, and those of the same models that it does, to compare with."""
    keys = {(row.dataset, row.key) for row in shown}
    new = [row for row in whole if (row.dataset, row.key) not in keys]
    kin = {(row.dataset, row.key[:2], who) for row in new for who in row.printed}
    return [row for row in whole if row in new or any((row.dataset, row.key[:2], who) in kin for who in row.printed)]


def frame(rows: Sequence[Row]) -> pd.DataFrame:
    """The rows as a table, one row each: who, then metric and metric_se, _n, _half, _published, _published_se.

    metric_n counts the replicates in which the metric is defined; metric_half is the metric on halves of the
    true cells, which alone may be compared with the floor row. A kind of column that is empty is left out.
    """
    lines = []
    for row in rows:
        bottleneck, prior, decoder, baseline = row.key
        line: dict[str, object] = {"dataset": row.dataset, "kind": row.kind}
        line |= {"label": row.label} if len(row.labels) == 1 else {}
        line |= {"bottleneck": bottleneck, "prior": prior, "decoder": decoder, "baseline": baseline}
        line |= {"n_replicates": row.replicates}
        for name, cell in row.cells.items():
            line |= {name: cell.mean, f"{name}_se": cell.se, f"{name}_n": cell.replicates}
            line |= {f"{name}_half": cell.half}
            line |= {f"{name}_published": cell.published, f"{name}_published_se": cell.published_se}
        lines.append(line)
    table = pd.DataFrame(lines)
    kinds = ("_published", "_published_se")
    empty = tuple(kind for kind in kinds if not table.filter(regex=f"{kind}$").notna().to_numpy().any())
    without_half = [name for name in table.filter(regex="_half$") if not table[name].notna().any()]
    left_out = {*without_half, *(name for name in table.columns if empty and str(name).endswith(empty))}
    return table[[name for name in table.columns if name not in left_out]]
