import numpy as np
import polars as pl
import pytest

from expressionvae.metrics.de import differential_expression, log2_ratio, read_de, write_de
from expressionvae.metrics.space import Cells


@pytest.fixture
def edge_cells(true_cells) -> Cells:
    """gene0 nowhere, gene1 in controls only, gene2 in perturbed cells only."""
    X = true_cells.X.toarray()
    X[:, 0] = 0
    X[~true_cells.is_control, 1] = 0
    X[true_cells.is_control, 2] = 0
    return Cells(type(true_cells.X)(X), true_cells.labels, true_cells.genes, true_cells.control)


@pytest.mark.slow
def test_equals_the_de_of_cell_eval(edge_cells):
    from cell_eval._evaluator import _build_pdex_kwargs
    from pdex import pdex

    settings = _build_pdex_kwargs("PBS", "perturbation", 1, allow_discrete=False)
    theirs = pdex(adata=edge_cells.anndata(), mode="ref", **settings).sort("target", maintain_order=True)
    ours = differential_expression(edge_cells, threads=1)
    assert ours["target"].to_list() == theirs["target"].to_list()
    assert ours["feature"].to_list() == theirs["feature"].to_list()
    for column in ("p_value", "fdr"):
        np.testing.assert_allclose(ours[column], theirs[column], rtol=1e-9, atol=1e-13)
    np.testing.assert_allclose(ours["log2_fold_change"], theirs["log2_fold_change"], rtol=1e-3, atol=1e-5)


def test_absent_genes_have_the_fold_changes_of_pdex(edge_cells):
    frame = differential_expression(edge_cells, threads=1).filter(pl.col("target") == "p2")
    nowhere, control_only, perturbed_only = frame["log2_fold_change"][:3]
    assert (nowhere, control_only, perturbed_only) == (0, -np.inf, np.inf)
    assert frame["p_value"][0] == 1


def test_the_genes_that_were_moved_are_found(true_cells):
    frame = differential_expression(true_cells, threads=1)
    found = frame.filter((pl.col("target") == "p1") & (pl.col("fdr") < 0.05) & (pl.col("log2_fold_change") > 0))
    assert {f"gene{i}" for i in range(6, 12)} <= set(found["feature"])


def test_there_is_a_row_for_every_perturbation_and_gene(true_cells):
    frame = differential_expression(true_cells, threads=1)
    assert frame.columns == ["target", "feature", "log2_fold_change", "p_value", "fdr"]
    assert frame.shape[0] == 4 * 40 and "PBS" not in frame["target"]


def test_the_order_of_cells_does_not_matter(true_cells):
    order = np.random.default_rng(0).permutation(len(true_cells.labels))
    shuffled = Cells(true_cells.X[order], true_cells.labels[order], true_cells.genes, true_cells.control)
    a, b = (differential_expression(cells, threads=1) for cells in (true_cells, shuffled))
    for column in ("log2_fold_change", "p_value", "fdr"):
        np.testing.assert_allclose(a[column], b[column], rtol=1e-9, atol=1e-12)


def test_zero_over_zero_is_no_change():
    assert log2_ratio(np.array([0.0, 4.0]), np.array([0.0, 1.0])).tolist() == [0.0, 2.0]


def test_rounding_is_no_change():
    assert log2_ratio(np.array([1.0 + 1e-14]), np.array([1.0])).tolist() == [0.0]


def test_the_table_survives_its_file(true_cells, tmp_path):
    frame = differential_expression(true_cells, threads=1)
    write_de(frame, tmp_path / "truth_de.parquet")
    assert read_de(tmp_path / "truth_de.parquet").equals(frame)
