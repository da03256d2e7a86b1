"""Time and memory of scoring one run at the paper's size, each step of the rule `score` apart.

    python benchmarks/score.py [--ratios]       # 28,000 cells of 372 perturbations and 5,000 controls, 2,000 genes

Cells are made up: negative-binomial counts of which about 80% are zero. benchmarks/README.md has the last run.
"""

import argparse
import contextlib
import io
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
import yaml
from scipy.sparse import csr_matrix
from scipy.spatial.distance import cdist

from expressionvae.evaluation import comparison, predictions, truth
from expressionvae.metrics import de, distribution, effects, scores

REPOSITORY = Path(__file__).resolve().parents[1]


def cells(perturbed: int, perturbations: int, controls: int, genes: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Counts [cell gene] and the perturbation of each cell; each perturbation shifts a tenth of the genes."""
    generator = np.random.default_rng(seed)
    fixed = np.random.default_rng(0)
    mean = fixed.lognormal(-2.0, 1.5, genes)
    shift = np.where(fixed.random((perturbations, genes)) < 0.1, fixed.lognormal(0, 0.5, (perturbations, genes)), 1.0)
    label = np.concatenate([np.arange(perturbed) % perturbations, np.full(controls, -1)])
    rates = np.where(label[:, None] >= 0, shift[label], 1.0) * mean
    counts = generator.poisson(rates * generator.gamma(2.5, 1 / 2.5, rates.shape)).astype(np.float32)
    return counts, np.where(label >= 0, np.char.add("GENE", label.astype(str)), "non-targeting")


def timed(name: str, work: Callable[[], Any]) -> Any:
    started = time.process_time()
    result = work()
    print(f"| {name} | {time.process_time() - started:.1f} | {peak():.2f} |", flush=True)
    return result


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def compared(name: str, ours: Callable[[], Any], other: str, theirs: Callable[[], Any]) -> None:
    seconds = []
    for work in (ours, theirs):
        started = time.process_time()
        work()
        seconds.append(time.process_time() - started)
    print(f"| {name} | {seconds[0]:.1f} | {other} | {seconds[1]:.1f} | {seconds[1] / seconds[0]:.1f} |", flush=True)


def plain_mmd2(true: np.ndarray, predicted: np.ndarray, sigmas: list[float]) -> float:
    """Every kernel of every pair by an exponential of its own."""
    pairs = ((true, true), (predicted, predicted), (true, predicted))
    squares = [cdist(x, y, "sqeuclidean") for x, y in pairs]
    tt, pp, tp = (sum(np.exp(square / (-2 * s**2)).mean() for s in sigmas) for square in squares)
    return tt + pp - 2 * tp


def stock_cell_eval(true: comparison.Compared, predicted: comparison.Compared, folder: str) -> None:
    """The same metrics by cell-eval as it comes, its rank tests included, in one variant."""
    import cell_eval

    wanted = {"discrimination_score_l1", "pr_auc", "de_spearman_sig", "de_spearman_lfc_sig", "overlap_at_N"}
    skipped = sorted(set(cell_eval.metrics_registry.list_metrics()) - wanted - {"pearson_delta", "mae"})
    with contextlib.redirect_stderr(io.StringIO()):
        evaluator = cell_eval.MetricsEvaluator(
            predicted.anndata(),
            true.anndata(),
            control_pert=true.control,
            pert_col="perturbation",
            num_threads=1,
            outdir=f"{folder}/cell-eval",
        )
        evaluator.compute(skip_metrics=skipped, write_csv=False)


def ratios(true: comparison.Compared, predicted: comparison.Compared, evaluation: dict, de_true: Any) -> None:
    """Each fast path beside the plain one that a test holds it to."""
    from sklearn.decomposition import PCA

    x, y = (side.perturbed[: evaluation["max_cells"]] for side in (true, predicted))
    kept, sigmas = evaluation["components"], evaluation["mmd_sigmas"]
    a, b = scores.project(x, y, components=kept, solver="exact", seed=0)
    print("\n| step | seconds | against | seconds | ratio |\n|---|--:|---|--:|--:|")
    compared("W2", lambda: distribution.w2(a, b), "network simplex", lambda: distribution._transported(a, b))
    fast = lambda: distribution.mmd2(distribution.kernel_means(a, b, sorted(sigmas, reverse=True)))  # noqa: E731
    compared("five kernels", fast, "an exponential each", lambda: plain_mmd2(a, b, sigmas))
    exact = lambda: scores.project(x, y, components=kept, solver="exact", seed=0)  # noqa: E731
    full = PCA(kept, svd_solver="full")
    compared("exact PCA", exact, "full SVD", lambda: full.fit(x.toarray().astype(float)).transform(y.toarray()))
    shown = {"de_true": de_true, "fdr": evaluation["fdr"], "fold_change_epsilon": 0.0, "threads": 1}
    with tempfile.TemporaryDirectory() as folder:
        compared(
            "effects, four variants",
            lambda: scores.effect_scores(true, predicted, **shown),
            "stock cell-eval, one variant",
            lambda: stock_cell_eval(true, predicted, folder),
        )


def make(folder: Path, size: tuple[int, int, int, int]) -> None:
    """Truth and prediction as the workflow writes them: two draws of one made-up screen."""
    genes = [f"G{gene}" for gene in range(size[-1])]
    counts, labels = cells(*size, seed=1)
    obs = pd.DataFrame({"cell_type": "hepg2", "perturbation": labels}, index=[f"c{i}" for i in range(len(labels))])
    obs["library_size"] = counts.sum(axis=1)
    true = ad.AnnData(csr_matrix(counts), obs, pd.DataFrame(index=genes))
    true.uns["screen"] = {"control": "non-targeting", "heldout_cell_types": ["hepg2"]}
    truth.save(true, folder / "truth.h5ad", folder / "query.csv")
    query = pd.read_csv(folder / "query.csv")
    predictions.write(folder / "cells.h5ad", cells(*size, seed=2)[0], query, genes, {})


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    for name, default in {"perturbed": 28_000, "perturbations": 372, "controls": 5_000, "genes": 2_000}.items():
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--ratios", action="store_true", help="also each fast path beside the plain one (minutes)")
    asked = parser.parse_args()
    size = (asked.perturbed, asked.perturbations, asked.controls, asked.genes)
    evaluation = yaml.safe_load((REPOSITORY / "config" / "config.yaml").read_text())["evaluation"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        maker = multiprocessing.get_context("spawn").Process(target=make, args=(folder, size))
        maker.start()  # apart, so that the peak is that of scoring and not of making cells up
        maker.join()
        assert maker.exitcode == 0
        print("| step | CPU seconds | peak so far, GB |\n|---|--:|--:|")
        known = timed("read the truth", lambda: truth.read_truth(folder / "truth.h5ad"))
        rescale = {"truth": known, "rescale_to": evaluation["rescale_to"]}
        reference = timed("compare it", lambda: comparison.compared(known, **rescale))
        found = timed("read", lambda: predictions.read_predicted(folder / "cells.h5ad", truth=known))
    predicted = timed("compare", lambda: comparison.compared(found, **rescale))
    options = {key: evaluation[key] for key in ("components", "max_cells", "mmd_sigmas", "seed")}
    timed("distances", lambda: scores.distribution_scores(reference, predicted, **options, variants=scores.VARIANTS))
    de_true = timed(
        "differential expression of the truth",
        lambda: de.differential_expression(reference, epsilon=0.0, threads=asked.threads),
    )
    shown = {"de_true": de_true, "fdr": evaluation["fdr"], "fold_change_epsilon": 0.0, "threads": asked.threads}
    timed("effects", lambda: scores.effect_scores(reference, predicted, **shown))
    if asked.ratios:
        ratios(reference, predicted, evaluation, de_true)
    print(effects.versions())


if __name__ == "__main__":
    main()
