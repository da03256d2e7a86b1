"""The columns of tables and figures: a metric's card, as it is printed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from expressionvae.catalogue.items import ItemCard
from expressionvae.catalogue.metric_card import MetricCard
from expressionvae.catalogue.metrics import METRICS
from expressionvae.files import UserError


@dataclass(frozen=True)
class Column(MetricCard):
    """How one metric is shown: its card, perhaps with the decimals of one table."""

    @property
    def arrow(self) -> str:
        return {"lower": "↓", "higher": "↑", "none": ""}[self.direction]

    @property
    def latex_arrow(self) -> str:
        return {"lower": r"$\downarrow$", "higher": r"$\uparrow$", "none": ""}[self.direction]

    @property
    def header(self) -> str:
        return f"{self.unicode} {self.arrow}".strip()

    @property
    def latex_header(self) -> str:
        return f"{self.latex} {self.latex_arrow}".strip()


COLUMNS: dict[str, Column] = {name: Column(**vars(card)) for name, card in METRICS.items()}


def chosen(names: Sequence[str]) -> list[Column]:
    """The records of `names`, in that order. Raises UserError for a name that is no metric."""
    for name in names:
        if name not in COLUMNS:
            raise UserError(f"columns: {name!r} is no metric; expected one of {', '.join(COLUMNS)}")
    return [COLUMNS[name] for name in names]


def columns_of(table: ItemCard, metrics: Sequence[str]) -> list[Column]:
    """The columns of `metrics`, printed with the decimals of this table."""
    return [replace(column, decimals=table.decimals.get(column.name, column.decimals)) for column in chosen(metrics)]


def families(columns: Sequence[Column]) -> list[tuple[str, list[Column]]]:
    """`columns` gathered by family, families in order of first appearance (Figure 2's groups)."""
    groups: dict[str, list[Column]] = {}
    for column in columns:
        groups.setdefault(column.family, []).append(column)
    return list(groups.items())
