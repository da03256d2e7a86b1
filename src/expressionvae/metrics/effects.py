"""Scores of perturbation effects: cell-eval's metrics, averaged over perturbations by us.

cell-eval's own averages turn NaN with the first perturbation whose score is not defined; ours leave such a
perturbation out and say how many counted.
"""

import contextlib
import io
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from expressionvae.files import UserError
from expressionvae.metrics.space import Cells

if TYPE_CHECKING:
    import polars as pl

# our name (that of the paper's tables) -> cell-eval's column
CELL_EVAL = {
    "pds": "discrimination_score_l1",
    "pr_auc": "pr_auc",
    "spearman_sig": "de_spearman_sig",
    "spearman_lfc": "de_spearman_lfc_sig",
    "overlap_at_n": "overlap_at_N",
    "pearson_delta": "pearson_delta",
    "mae_pseudobulk": "mae",
}
METRICS = (
    "pds",
    "pr_auc",
    "spearman_sig",
    "spearman_lfc",
    "overlap_at_n",
    "pearson_delta",
    "mae_lfc",
    "mae_pseudobulk",
)
CELL_EVAL_FDR = 0.05  # written into cell-eval: its PR-AUC takes no other


def versions() -> dict[str, str]:
    """Versions of the packages on which the scores depend (they differ between versions of cell-eval)."""
    from importlib.metadata import version

    return {name: version(name) for name in ("cell-eval", "pdex", "illico", "POT", "scikit-learn")}


def per_perturbation(
    true: Cells,
    predicted: Cells,
    *,
    de_true: "pl.DataFrame",
    de_predicted: "pl.DataFrame",
    fdr: float,
    threads: int,
) -> "pl.DataFrame":
    """One row per perturbation with every metric of `METRICS`; null or NaN where a score is not defined.

    Both sides bring their own controls and their own differential expression. Raises UserError for an `fdr`
    other than the one that cell-eval has written into it.
    """
    import cell_eval

    require_fdr(fdr)
    with cell_eval_outdir() as outdir:
        evaluator = cell_eval.MetricsEvaluator(
            adata_pred=predicted.anndata(),
            adata_real=true.anndata(),
            de_pred=de_predicted,
            de_real=de_true,
            control_pert=true.control,
            pert_col="perturbation",
            num_threads=threads,
            outdir=outdir,
        )
        results, _ = evaluator.compute(skip_metrics=skipped(), write_csv=False, break_on_error=True)
    return named(results, true).join(mae_lfc(de_true, de_predicted, fdr=fdr), on="perturbation", how="left")


def mae_lfc(de_true: "pl.DataFrame", de_predicted: "pl.DataFrame", *, fdr: float) -> "pl.DataFrame":
    """Mean absolute difference of log2 fold change over the genes that are significant in the true cells.

    Columns perturbation, mae_lfc; a perturbation without such a gene has no row. A gene whose fold change is
    infinite on either side (never seen in the controls, or never among the perturbed) is left out. Source:
    the authors' code for "MAE-l2" (paper, Table 9); cell-eval has no such metric.
    """
    import polars as pl

    pairs = de_true.filter(pl.col("fdr") < fdr).join(de_predicted, on=["target", "feature"], suffix="_predicted")
    difference = (pl.col("log2_fold_change") - pl.col("log2_fold_change_predicted")).abs()
    return (
        pairs.select(perturbation="target", mae_lfc=difference)
        .filter(pl.col("mae_lfc").is_finite())
        .group_by("perturbation")
        .mean()
    )


def average(table: "pl.DataFrame", *, variant: str) -> list[dict]:
    """Mean over perturbations of each metric, and how many perturbations it was defined for.

    Two metrics are not means. spearman_sig is one number over all perturbations that have a significant gene,
    and is not defined below two of them. pds ranks perturbations against each other and is not defined
    (cell-eval: 1) for a single one. cell-eval gives overlap_at_n = 0 to a perturbation without a significant
    gene, which counts here because it counts in the paper.
    """
    rows = []
    for metric in METRICS:
        values = table[metric].cast(float).fill_null(np.nan).to_numpy()
        valid = np.isfinite(values)
        if metric == "spearman_sig":
            valid &= table["spearman_lfc"].is_not_null().to_numpy()
        if metric in ("spearman_sig", "pds") and valid.sum() < 2:
            valid[:] = False
        value = float(values[valid].mean()) if valid.any() else float("nan")
        rows.append(
            {
                "metric": metric,
                "variant": variant,
                "value": value,
                "n_valid": int(valid.sum()),
                "n_total": len(valid),
            }
        )
    return rows


def require_fdr(fdr: float) -> None:
    """UserError unless `fdr` is the one that cell-eval has written into it."""
    if fdr != CELL_EVAL_FDR:
        raise UserError(f"config evaluation.fdr is {fdr}, expected {CELL_EVAL_FDR}: cell-eval knows no other")


def skipped() -> list[str]:
    """Everything that cell-eval would compute and the paper does not report (some of it takes minutes)."""
    import cell_eval

    return sorted(set(cell_eval.metrics_registry.list_metrics()) - set(CELL_EVAL.values()))


def named(results: "pl.DataFrame", true: Cells) -> "pl.DataFrame":
    """cell-eval's table with our names, a row for every perturbation; mae_lfc is not in it."""
    import polars as pl

    results = results.with_columns(pl.col("perturbation").cast(pl.String))
    absent = [pl.lit(None, pl.Float64).alias(c) for c in CELL_EVAL.values() if c not in results.columns]
    columns = [pl.col(theirs).alias(ours) for ours, theirs in CELL_EVAL.items()]
    table = results.with_columns(absent).select("perturbation", *columns)
    return pl.DataFrame({"perturbation": true.perturbations}).join(table, on="perturbation", how="left")


@contextlib.contextmanager
def cell_eval_outdir() -> Iterator[str]:
    """A folder that cell-eval may create and that is gone afterwards; its progress bars are swallowed."""
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stderr(io.StringIO()):
        yield str(Path(folder) / "cell-eval")
