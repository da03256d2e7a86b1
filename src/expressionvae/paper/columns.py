"""One record per metric: the paper's name for it, which way is better, its family, how it is printed.

These are facts of display, not settings: the paper's Table 1, Figure 2 and Section 4 ("Metrics"), Tables 5-9.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from expressionvae.files import UserError

Family = Literal["Distribution", "Moments", "DE-discovery", "Mean-ranking", "Hybrid", "Error"]


@dataclass(frozen=True)
class Column:
    """How one metric is shown.

    `plain`, `unicode` and `latex` are the short header (Table 1); `long` is Figure 2's. `log` says that the
    metric spans orders of magnitude (a distance, >= 0), so that a heatmap shades it on a logarithmic scale.
    Direction "none": neither end is better, so nothing is the best and no arrow stands in the header.
    """

    name: str
    plain: str
    unicode: str
    latex: str
    long: str
    direction: Literal["lower", "higher", "none"]
    family: Family
    decimals: int
    log: bool = False

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


COLUMNS: dict[str, Column] = {
    column.name: column
    for column in (
        Column("w2", "W2", "W₂", r"$W_2$", "W2", "lower", "Distribution", 3, log=True),
        Column("mmd2", "MMD2", "MMD²", r"MMD$^2$", "MMD²", "lower", "Distribution", 3, log=True),
        Column(
            "mmd2_median",
            "MMD2 (median)",
            "MMD² (median)",
            r"MMD$^2$ (median)",
            "MMD² (median)",
            "lower",
            "Distribution",
            4,
        ),
        Column("fd", "FD", "FD", "FD", "FD", "lower", "Distribution", 2, log=True),
        Column("r2_mean", "R2 mean", "R² mean", r"$R^2$ mean", "R² mean", "higher", "Moments", 3),
        Column("r2_var", "R2 var", "R² var", r"$R^2$ var", "R² var", "higher", "Moments", 3),
        Column("pcc_per_cell", "PCC cell", "PCC cell", "PCC cell", "PCC per cell", "higher", "Moments", 3),
        Column("mse_per_cell", "MSE cell", "MSE cell", "MSE cell", "MSE per cell", "lower", "Moments", 4),
        Column("zero_fraction", "zeros", "zeros", "zeros", "Zeros", "none", "Moments", 3),
        Column(
            "zero_fraction_true", "zeros (true)", "zeros (true)", "zeros (true)", "Zeros (true)", "none", "Moments", 3
        ),
        Column("pds", "PDS", "PDS", "PDS", "Disc-L1", "higher", "DE-discovery", 3),
        Column(
            "pds_cell_eval",
            "PDS (cell-eval)",
            "PDS (cell-eval)",
            "PDS (cell-eval)",
            "Disc-L1 (cell-eval)",
            "higher",
            "DE-discovery",
            3,
        ),
        Column("pr_auc", "PR-AUC", "PR-AUC", "PR-AUC", "PR-AUC", "higher", "DE-discovery", 3),
        Column("spearman_sig", "Sp-sig", "Sp-sig", "Sp-sig", "Spearman sig", "higher", "DE-discovery", 3),
        Column("spearman_lfc", "Sp-LFC", "Sp-LFC", "Sp-LFC", "Spearman L2FC", "higher", "Mean-ranking", 3),
        Column("overlap_at_n", "ovl@N", "ovl@N", "ovl@N", "DEG overlap", "higher", "Mean-ranking", 3),
        Column("pearson_delta", "P-Delta", "P-Δ", r"P-$\Delta$", "Pearson Δ", "higher", "Hybrid", 3),
        Column("mae_lfc", "MAE-l2", "MAE-l2", "MAE-l2", "MAE L2FC", "lower", "Error", 3),
        Column("mae_pseudobulk", "MAE-pb", "MAE-pb", "MAE-pb", "MAE pseudobulk", "lower", "Error", 3),
    )
}


def chosen(names: Sequence[str]) -> list[Column]:
    """The records of `names`, in that order. Raises UserError for a name that is no metric."""
    for name in names:
        if name not in COLUMNS:
            raise UserError(f"columns: {name!r} is no metric; expected one of {', '.join(COLUMNS)}")
    return [COLUMNS[name] for name in names]


def families(columns: Sequence[Column]) -> list[tuple[str, list[Column]]]:
    """`columns` gathered by family, families in order of first appearance (Figure 2's groups)."""
    groups: dict[str, list[Column]] = {}
    for column in columns:
        groups.setdefault(column.family, []).append(column)
    return list(groups.items())
