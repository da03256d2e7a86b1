"""`snakemake predict` on a screen that lacks the pair: cells, effects, a page; or one message before any training."""

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from expressionvae.prediction import effects
from tests.workflow.conftest import call, tiny
from tests.workflow.test_bad_input import LOCAL, overlay

pytestmark = pytest.mark.slow
RUNS = [{"bottleneck": ["fsq"], "prior": ["ar"], "decoder": ["hurdle-anchored"]}]
FOLDER = "results/mine/predictions/Y/A"


def config(folder, pairs, screen=None, esm2=None, **entry) -> str:
    screen = LOCAL | {"heldout": None, "path": "lab.h5ad"} | (screen or {})
    predict = {"datasets": {"mine": {"pairs": pairs, **entry}}, "runs": RUNS}
    more = {"esm2": esm2} if esm2 else {}
    return overlay(
        folder, {"screens": ["mine"], "datasets": {"mine": screen}, "data_dir": str(folder), "predict": predict} | more
    )


def a_lab_s_screen(folder) -> None:
    """A in cell type X, and no A in Y."""
    obs = pd.DataFrame({"line": ["X"] * 80 + ["Y"] * 40, "gene": ["A", "ctrl"] * 40 + ["ctrl"] * 40})
    obs["donor"] = ["d1", "d1", "d2"] * 40
    obs.index = [f"c{i}" for i in range(120)]
    mean = np.where((obs["gene"] == "A").to_numpy()[:, None] & (np.arange(20) < 5), 60.0, 20.0)
    counts = np.random.default_rng(0).poisson(mean).astype(np.float32)
    ad.AnnData(counts, obs, pd.DataFrame(index=[f"G{i}" for i in range(20)])).write_h5ad(folder / "lab.h5ad")


def predict(folder, pairs, **entry):
    return call(folder, *tiny("small.yaml"), config(folder, pairs, **entry), "--", "predict")


def test_a_pair_without_cells_is_predicted_and_by_weights_from_elsewhere(tmp_path):
    a_lab_s_screen(tmp_path)
    pairs = tmp_path / "pairs.csv"
    pairs.write_text("cell_type,perturbation,cells\nY,A,30\n")
    donors = {"batch_column": "donor"}
    run = predict(tmp_path, str(pairs), screen=donors)
    assert run.returncode == 0, run.stderr[-3000:]
    page = (tmp_path / FOLDER / "page.html").read_text()
    assert "A in Y" in page and "data:image/png" in page
    cells = ad.read_h5ad(tmp_path / FOLDER / "fsq/ar/hurdle-anchored/predicted.h5ad")
    assert cells.obs["perturbation"].value_counts().to_dict() == {"A": 30, "ctrl": 30}
    assert (tmp_path / "results/mine/composition.csv").is_file()  # which the page tells of, so it was made before
    table = pd.read_csv(tmp_path / "results/mine/predictions/summary.csv").set_index("predictor")
    assert list(table.index) == ["fsq/ar/hurdle-anchored", "perturb-mean"]
    kinds = [f"identity{of}" for of in ("", "_controls", "_own_controls", "_reconstructed", "_real_controls")]
    assert table.loc["fsq/ar/hurdle-anchored", kinds].between(0, 1).all()
    assert "Predicted here, cells called Y: PerturbMean " in page and "(real controls " in page
    mean = effects.read(tmp_path / FOLDER / "perturb-mean/genes.csv")
    assert set(mean.nlargest(5, "log2_fold_change")["gene"]) == {f"G{i}" for i in range(5)}
    other = tmp_path / "other"
    other.mkdir()
    (tmp_path / "lab.h5ad").rename(other / "lab.h5ad")
    asked = [{"cell_type": "Y", "perturbation": "A", "cells": 30}]
    run = predict(other, asked, screen=donors, weights=str(tmp_path / "results/mine"))
    assert run.returncode == 0 and "rule train_vae" not in run.stderr, run.stderr[-3000:]
    assert not (other / "results/mine/composition.csv").exists()
    again = ad.read_h5ad(other / FOLDER / "fsq/ar/hurdle-anchored/predicted.h5ad")
    assert np.array_equal(again.X.toarray(), cells.X.toarray())


def test_a_perturbation_of_no_cell_is_predicted_by_its_protein(tmp_path):
    a_lab_s_screen(tmp_path)
    (tmp_path / "proteins.fasta").write_text(">A\nMKTAYIAKQRQISFVK\n>B\nMLSDEDFKAVFGMTRSA\n")
    esm2 = {"checkpoint": None, "tiny": {"layers": 1, "width": 16, "heads": 2, "seed": 0}}
    screen = {"embedding": "esm2", "proteins": "proteins.fasta"}
    run = predict(tmp_path, [{"cell_type": "Y", "perturbation": "B", "cells": 20}], screen=screen, esm2=esm2)
    assert run.returncode == 0, run.stderr[-3000:]
    folder = tmp_path / "results/mine/predictions/Y/B"
    page = (folder / "page.html").read_text()
    assert "No training cell has B: the model knows it by the vector of its proteins alone." in page
    cells = ad.read_h5ad(folder / "fsq/ar/hurdle-anchored/predicted.h5ad")
    assert cells.obs["perturbation"].value_counts().to_dict() == {"B": 20, "ctrl": 20}


@pytest.mark.parametrize(
    ("pair", "said"),
    [
        ({"cell_type": "y", "perturbation": "A", "cells": 9}, "of cell type 'y'; did you mean 'Y'?"),
        ({"cell_type": "Y", "perturbation": "a", "cells": 9}, "has perturbation 'a'; did you mean 'A'?"),
    ],
)
def test_an_unknown_label_is_refused_before_any_training(tmp_path, pair, said):
    a_lab_s_screen(tmp_path)
    run = predict(tmp_path, [pair])
    assert run.returncode != 0 and "predict.datasets.mine.pairs[0]: no training cell" in run.stderr
    assert said in run.stderr and not (tmp_path / "results/mine/bins.json").exists()


def test_to_predict_without_a_pair_is_refused(tmp_path):
    run = call(tmp_path, *tiny("small.yaml", "screens/made-up.yaml"), "--dry-run", "--", "predict")
    assert run.returncode and "the config key predict.datasets names no pair to predict" in run.stderr + run.stdout
