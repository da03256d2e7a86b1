"""What a card says of a metric, and what a metric can be measured on."""

from dataclasses import dataclass, field
from typing import Literal

Family = Literal["Distribution", "Moments", "Identity", "DE-discovery", "Mean-ranking", "Hybrid", "Error"]
Subject = Literal["clouds", "cells", "types", "effects", "fold changes"]

# The variant that has the paper's protocol; those of the subject "types": which cells the classifier was trained on.
PAPER, TRAINING, WITH_TRUE = "paper", "training", "with-true"

# What a measure of each subject is called with, and gives by name of metric: the metrics whose cards name it, and no
# other. It takes all of these arguments; `**others` lets one ignore the settings that it does not need.
SUBJECTS: dict[str, str] = {
    "clouds": "(true, predicted, *, mmd_sigmas, ridge): both [cell component], in a PCA basis; a number a metric",
    "cells": "(true, predicted): both [cell gene], sparse, in comparison space, rows paired; a number a metric",
    "types": "(true, predicted, *, is_control): whether each is called of the wanted cell type, and is "
    "a control, [cell]; a number a metric",
    "effects": "(true, predicted, *, de_true, de_predicted, fdr): `Compared` and their `Expression`; "
    "an array [perturbation] a metric, NaN where it is not defined",
    "fold changes": "(de_true, de_predicted, *, fdr, epsilon): `Expression` of both sides; "
    "an array [perturbation] a metric, NaN where it is not defined",
}


@dataclass(frozen=True)
class MetricCard:
    """How one metric is measured and shown.

    Attributes:
        name: in score files and configs.
        plain, unicode, latex: its short header (Table 1); `long` is Figure 2's.
        direction: which end is better; "none": neither, so nothing is the best and no arrow stands in the header.
        family: which metrics it stands with.
        decimals: how it is printed.
        subject: what it is measured on: "clouds", "cells" and "types" stand in distribution.csv, the others in
            effects.csv.
        measure: module and function that measures it; `SUBJECTS` says how it is called, and that it takes `**others`.
        formula, bounds, source, pitfalls: what the manual says of it, none of it empty: how it is computed, from where
            to where it goes, where it comes from, and how it misleads.
        log: it spans orders of magnitude (a distance, >= 0), so that a heatmap shades it on a logarithmic scale.
    """

    name: str
    plain: str
    unicode: str
    latex: str
    long: str
    direction: Literal["lower", "higher", "none"]
    family: Family
    decimals: int
    subject: Subject
    measure: str
    log: bool = False
    formula: str = field(kw_only=True)
    bounds: str = field(kw_only=True)
    source: str = field(kw_only=True)
    pitfalls: tuple[str, ...] = field(kw_only=True)

    def __post_init__(self) -> None:
        for key in ("formula", "bounds", "source", "pitfalls"):
            assert getattr(self, key), f"the card of metric {self.name!r} has an empty {key}, which the manual shows"
        assert not isinstance(self.pitfalls, str), f"the card of metric {self.name!r}: pitfalls is a text, not a tuple"

    @property
    def of_cells(self) -> bool:
        """Whether it is about cells (distribution.csv), and not effects of perturbations (effects.csv)."""
        return self.subject in ("clouds", "cells", "types")

    @property
    def shown(self) -> str:
        """The variant that tables and figures show."""
        return TRAINING if self.subject == "types" else PAPER
