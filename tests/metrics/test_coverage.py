"""What the bounded bins cover."""

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix

from expressionvae.metrics.coverage import coverage
from tests.data.test_bins import fitted


@pytest.fixture
def truth():
    counts = csr_matrix(np.array([[300, 2, 0], [500, 4, 0], [9, 9, 9]], dtype=np.int32))
    labels = pd.Categorical(["A", "A", "control"])
    return ad.AnnData(
        X=counts,
        obs=pd.DataFrame({"perturbation": labels}, index=["a", "b", "c"]),
        var=pd.DataFrame(index=["g", "h", "i"]),
        uns={"screen": {"control": "control"}},
    )


def effects(*rows):
    return pd.DataFrame(rows, columns=["target", "feature", "log2_fold_change", "fdr"])


def test_coverage_names_the_means_beyond_the_last_edge(truth):
    de = effects(("A", "g", 2.0, 0.01), ("A", "h", -1.0, 0.01), ("A", "i", 9.0, 0.5))
    result = coverage(truth, de, fitted([0]), top=50, fdr=0.05)
    assert result["share"] == 0.5 and result["n"] == 2
    assert result["offenders"] == [{"target": "A", "feature": "g", "mean": 400.0}]


def test_coverage_looks_at_the_strongest_genes_only(truth):
    de = effects(("A", "g", 1.0, 0.01), ("A", "h", -3.0, 0.01))
    assert coverage(truth, de, fitted([0]), top=1, fdr=0.05)["share"] == 1.0


def test_coverage_of_nothing_has_no_share(truth):
    result = coverage(truth, effects(("A", "g", 1.0, 0.9)), fitted([0]), top=5, fdr=0.05)
    assert result["share"] is None and result["n"] == 0


def test_coverage_leaves_out_labels_that_truth_lacks(truth):
    de = effects(("elsewhere", "g", 1.0, 0.01), ("control", "g", 1.0, 0.01))
    assert coverage(truth, de, fitted([0]), top=5, fdr=0.05)["n"] == 0


def test_coverage_leaves_out_a_label_without_cells(truth):
    truth.obs["perturbation"] = truth.obs["perturbation"].cat.add_categories("none")
    assert coverage(truth, effects(("none", "g", 1.0, 0.01)), fitted([0]), top=5, fdr=0.05)["n"] == 0
