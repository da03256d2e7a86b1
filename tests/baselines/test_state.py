"""STATE: what is handed to its command line, and that a killed training goes on from upstream's own checkpoint."""

import time

import anndata as ad
import numpy as np
import pytest
import torch
from contract import Cells, Mistake  # pyright: ignore[reportMissingImports]
from scipy.sparse import csr_matrix

from tests.baselines import toy
from tests.baselines.conftest import script

model = script("state/model")


def cells(counts: list[list[int]], perturbation: list[str], cell_type: list[str]) -> Cells:
    rows = csr_matrix(np.array(counts, np.float32))
    size, nobody = np.full(len(counts), 9.0, np.float32), np.zeros(len(counts), bool)
    return Cells(rows, np.array(perturbation), np.array(cell_type), size, ["g0", "g1"], nobody, "")


def test_labels_that_would_need_quoting_are_written_as_codes():
    labels, types = ["a=b,c", "non.targeting", "{x}"], ["T.cell [CD4]"]
    asked = model.as_upstream_wants(cells([[1, 3], [0, 2]], ["{x}", "a=b,c"], types * 2), labels, types, 1e4)
    assert list(asked.obs["perturbation"]) == ["p000002", "p000000"]
    assert list(asked.obs["cell_type"]) == ["c000000"] * 2


def test_the_values_that_upstream_reads_are_log_normal_and_x_is_empty():
    asked = model.as_upstream_wants(cells([[1, 3], [0, 0]], ["a", "a"], ["T", "T"]), ["a"], ["T"], 1e4)
    np.testing.assert_allclose(asked.obsm["X_hvg"].toarray(), np.log1p([[2500, 7500], [0, 0]]), rtol=1e-6)
    assert asked.X.nnz == 0


def test_every_cell_type_brings_each_of_its_control_cells_once():
    query = cells([[1, 3], [1, 3], [0, 2], [5, 5], [1, 3]], ["a", "b", "a", "ctrl", "a"], ["T", "T", "T", "T", "B"])
    whole = model.with_controls(query, "ctrl")
    assert whole.counts[:5].toarray().tolist() == query.counts.toarray().tolist()
    pool = [
        (kind, tuple(row))
        for kind, label, row in zip(whole.cell_type, whole.perturbation, whole.counts.toarray(), strict=True)
        if label == "ctrl"
    ]
    assert sorted(pool) == [("B", (1, 3)), ("T", (0, 2)), ("T", (1, 3)), ("T", (5, 5))]


def test_a_control_cell_that_the_query_wants_as_control_is_not_added_again():
    whole = model.with_controls(cells([[1, 3], [1, 3]], ["a", "ctrl"], ["T", "T"]), "ctrl")
    assert len(whole.perturbation) == 2


def test_only_the_control_may_lack_a_vector(tmp_path):
    vectors = {"a": np.ones(3, np.float32)}
    with pytest.raises(Mistake, match="no vector of 'b'"):
        model.write_vectors(tmp_path / "vectors.pt", vectors, ["a", "b", "ctrl"], "ctrl")
    assert not (tmp_path / "vectors.pt").exists()
    model.write_vectors(tmp_path / "vectors.pt", vectors, ["a", "ctrl"], "ctrl")
    written = torch.load(tmp_path / "vectors.pt")
    assert written["p000000"].tolist() == [1, 1, 1] and written["p000001"].tolist() == [0, 0, 0]


def test_the_step_and_the_loss_are_read_where_upstream_writes_them(tmp_path):
    table = tmp_path / "metrics.csv"
    assert model.logged(table) is None
    table.write_text("epoch,step,train_loss,val_loss\n0,49,3.5,\n0,99,2.5,\n1,,,0.1\n")
    assert model.logged(table) == (100, 2.5)


@pytest.mark.foreign
@pytest.mark.slow
def test_another_seed_draws_other_controls_and_the_same_seed_the_same(trained):
    scripts = trained("state")
    one, again, other = (scripts.predict(seed=seed).X for seed in (3, 3, 4))
    assert (one == again).all()
    assert (one != other).mean() > 0.1


@pytest.mark.foreign
@pytest.mark.slow
def test_a_killed_training_goes_on_from_the_last_checkpoint_of_upstream(trained):
    """With vectors of perturbations, so that these are tried too."""
    scripts = trained("state")
    options, files = (
        {"checkpoint_every": 20, "perturbation_vectors": "embedding"},
        ("--train", str(scripts.folder / "train.h5ad")),
    )
    last = scripts.folder / ".resumed.checkpoint" / "run" / "checkpoints" / "last.ckpt"
    process = scripts.start("train", "resumed", 0, options, *files)
    until = time.monotonic() + 300
    while not last.exists() and process.poll() is None and time.monotonic() < until:
        time.sleep(0.05)
    process.kill()
    process.communicate()
    assert last.exists() and not (scripts.folder / "resumed").exists()
    assert "goes on" in toy.finished(scripts.start("train", "resumed", 0, options, *files))
    predicted = scripts.predict("resumed.h5ad", model="resumed", **options)
    assert isinstance(predicted, ad.AnnData) and np.isfinite(predicted.X).all()


@pytest.mark.foreign
@pytest.mark.slow
def test_a_failure_of_upstream_shows_its_last_lines_and_leaves_no_model(trained):
    scripts = trained("state")
    files = ("--train", str(scripts.folder / "train.h5ad"))
    process = scripts.start("train", "broken", 0, {"heads": 3, "head_width": 3, "hidden": 7}, *files)
    said = process.communicate()[1]
    if process.returncode == 0:
        pytest.fail("expected a size that upstream refuses")
    assert "state tx train" in said.splitlines()[-1] and not (scripts.folder / "broken").exists()
