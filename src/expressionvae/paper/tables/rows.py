"""The rows of a table: every model, baseline and reference, our number beside the published one."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

import numpy as np
import pandas as pd

from expressionvae.catalogue.baselines import FLOOR, REFERENCES
from expressionvae.catalogue.items import ItemCard
from expressionvae.catalogue.metric_card import PAPER, WITH_TRUE
from expressionvae.catalogue.metrics import FAR, METRICS, on
from expressionvae.paper import names
from expressionvae.paper.columns import Column
from expressionvae.paper.noise import alone
from expressionvae.paper.scores import RUN, summarise
from expressionvae.paper.tables.labels import Entries, Key, Printed, labels
from expressionvae.writing.formatting import fixed

# Which variant of a score file a cell shows (distribution, effects). True against true has no `paper`.
PREDICTED = ("paper", "paper")
REAL = ("half", "ceiling")
HALF = "half"
IDENTITIES = on("types")


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
    half: float = math.nan  # the same metric as the floor row has it (distribution metrics), and its standard error
    half_se: float = math.nan
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
    identity: dict[tuple[str, str], Cell] = field(default_factory=dict)  # by metric and variant, whatever the columns

    @property
    def of_other_types(self) -> bool:
        """Whether its perturbed cells are of the wanted cell type far less often than the true ones (`FAR`)."""
        predicted, true = (self.identity_of(name).mean for name in ("identity", "identity_true"))
        return predicted < true - FAR

    def identity_of(self, metric: str, variant: str = "") -> Cell:
        """A share of cells of the wanted type; empty where there is none."""
        return self.identity.get((metric, variant or METRICS[metric].shown), Cell())

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
    rerun: Entries | None = None,
) -> list[Row]:
    """Per dataset the models in the order of `scores`, prior by prior, then `baselines`, then the references.

    `numbers` are the paper's for this table. A baseline without scores has a row where the paper has a number
    for it; one that was run but is not in `baselines` follows those that are, or those of its own folder. `bottlenecks`
    and `priors` are the config's entries; `rerun` has the label and the folder of each baseline that
    was trained here. The best of each column and dataset is marked, the floor left out.
    """
    rerun = rerun or {}
    ours = {
        variant: _indexed(summarise(scores, variant), [*RUN, "metric"]) for variant in {*PREDICTED, *REAL, WITH_TRUE}
    }
    theirs = _indexed(numbers, ["dataset", "model", "head", "metric"])
    keys = {
        dataset: _keys(
            table, scores[scores["dataset"] == dataset], numbers[numbers["dataset"] == dataset], baselines, rerun
        )
        for dataset in datasets
    }
    named = labels(table, [key for some in keys.values() for key in some if not key[3]], bottlenecks, priors)
    rows: list[Row] = []
    for dataset in datasets:
        block = [_row(dataset, key, named.get(key), columns, ours, theirs) for key in keys[dataset]]
        for row in block:
            if row.replicates and row.key[3] in rerun:
                row.labels = (rerun[row.key[3]]["label"],)
            row.labels += ("",) * (len(table.headers) - len(row.labels))
        _mark_best(block, columns)
        rows += block
    return rows


def _indexed(table: pd.DataFrame, keys: list[str]) -> dict[tuple[str, ...], dict[str, Any]]:
    return {tuple(line[key] for key in keys): line for line in table.to_dict("records")}  # type: ignore[misc]


def _keys(
    table: ItemCard, scores: pd.DataFrame, numbers: pd.DataFrame, baselines: Sequence[str], rerun: Entries
) -> list[Key]:
    run: list[Key] = list(dict.fromkeys(scores[RUN[1:]].itertuples(index=False, name=None)))
    models = _in_order(table, [key for key in run if not key[3]])
    done = [key[3] for key in run if key[3]]
    shown = [name for name in baselines if name in done or name in set(numbers["model"])]
    shown = [name for name in _placed(shown, done, rerun) if name not in REFERENCES]
    references = [name for name in REFERENCES if name in done]
    # The paper's own rows stay visible even where nothing of a dataset was run yet.
    unrun = numbers[numbers["head"] != ""][["model", "head"]].drop_duplicates() if not models else numbers.iloc[:0]
    models += [
        ("", prior, decoder, "") for prior, decoder in unrun.reindex(columns=["model", "head"]).itertuples(False)
    ]
    return models + [("", "", "", name) for name in shown + references]


def _placed(shown: Sequence[str], done: Sequence[str], rerun: Entries) -> list[str]:
    """`shown`, and each of `done` that is not among them: behind those of its own folder, else at the end."""
    placed = list(dict.fromkeys(shown))
    folder = {name: str(entry["folder"]) for name, entry in rerun.items()}
    for name in done:
        if name not in placed:
            kin = [at for at, other in enumerate(placed) if name in folder and folder.get(other, other) == folder[name]]
            placed.insert(kin[-1] + 1 if kin else len(placed), name)
    return placed


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
        variant = variant if column.shown == PAPER else PAPER  # which stands for what its card shows
        cell = _cell(ours[variant].get((dataset, *key, column.name)))
        half = ours[HALF].get((dataset, *key, column.name), {})
        cell.half, cell.half_se = (float(half.get(part, math.nan)) for part in ("mean", "se"))
        lines = [theirs.get((dataset, *who, column.name)) for who in printed]
        line = next((line for line in lines if line), None)
        if line:
            cell.published, cell.published_se = float(line["mean"]), float(line["se"])
        row.cells[column.name] = cell
    for name in IDENTITIES:
        for variant, among in ((METRICS[name].shown, PAPER), (WITH_TRUE, WITH_TRUE)):
            row.identity[name, variant] = _cell(ours[among].get((dataset, *key, name)))
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
    """Mark the best of our numbers where it is alone: no other prints the same, or differs from it by noise alone.

    The floor is no prediction: it never wins, and no row has to be told from it.
    """
    for column in columns:
        cells = [row.cells[column.name] for row in block if row.key[3] != FLOOR]
        cells = [cell for cell in cells if math.isfinite(cell.mean)]
        if not cells or column.direction == "none":
            continue
        means, errors, counts = np.array([(cell.mean, cell.se, cell.replicates) for cell in cells], dtype=float).T
        printed = partial(fixed, decimals=column.decimals)
        first = alone(means, errors, counts, lower=column.direction == "lower", printed=printed)
        if first is not None:
            cells[first].best = True


def companion_rows(whole: Sequence[Row], shown: Sequence[Row]) -> list[Row]:
    """Of `whole`, the rows that the table does not show, and those of the same models that it does, to compare with."""
    keys = {(row.dataset, row.key) for row in shown}
    new = [row for row in whole if (row.dataset, row.key) not in keys]
    kin = {(row.dataset, row.key[:2], who) for row in new for who in row.printed}
    return [row for row in whole if row in new or any((row.dataset, row.key[:2], who) in kin for who in row.printed)]


def frame(rows: Sequence[Row]) -> pd.DataFrame:
    """The rows as a table, one row each: who, then metric and metric_se, _n, _half, _half_se, _published,
    _published_se, and last the shares of cells of the wanted type, whatever the columns.

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
            line |= {f"{name}_half": cell.half, f"{name}_half_se": cell.half_se}
            line |= {f"{name}_published": cell.published, f"{name}_published_se": cell.published_se}
        for name in IDENTITIES:
            cell = row.identity_of(name)
            line |= {name: cell.mean, f"{name}_se": cell.se}
        lines.append(line)
    table = pd.DataFrame(lines)
    kinds = ("_published", "_published_se")
    empty = tuple(kind for kind in kinds if not table.filter(regex=f"{kind}$").notna().to_numpy().any())
    without_half = [name for name in table.filter(regex="_half$|_half_se$|^identity") if not table[name].notna().any()]
    left_out = {*without_half, *(name for name in table.columns if empty and str(name).endswith(empty))}
    return table[[name for name in table.columns if name not in left_out]]
