"""Which training cell types are left out, and with which perturbations."""

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix

from expressionvae.data import left_out
from expressionvae.data.screen import Columns
from expressionvae.data.split import prepare
from expressionvae.files import UserError

# cell type: cells of ctrl, A, B
SCREEN = {"k": (9, 9, 9), "r": (9, 8, 7), "s": (9, 7, 1), "t": (1, 9, 9), "u": (9, 0, 9)}


def parts(folder, heldout, screen=SCREEN):
    """train.h5ad and heldout.h5ad of a screen."""
    rows = [(name, label) for name, sizes in screen.items() for label, n in zip(("ctrl", *"AB"), sizes, strict=True)
            for _ in range(n)]  # fmt: skip
    obs = pd.DataFrame(rows, columns=["cell_type", "perturbation"], index=[f"c{i}" for i in range(len(rows))])
    counts = csr_matrix(np.random.default_rng(0).poisson(2.0, (len(rows), 6)) + 1)
    ad.AnnData(counts, obs, pd.DataFrame(index=list("abcdef"))).write_h5ad(folder / "s.h5ad")
    paths = [folder / f"{part}.h5ad" for part in ("train", "heldout")]
    columns = Columns("perturbation", "cell_type", None, None, None)
    options = dict(columns=columns, control="ctrl", embedding="learned", min_cells=2, genes=None)
    prepare(folder / "s.h5ad", *paths, name="s", heldout=heldout, **options)
    return paths


@pytest.mark.parametrize(
    ("heldout", "number", "expected"),
    [
        ({"cell_type": "k", "perturbations": ["A"]}, 9, [("r", ["A"]), ("s", ["A"])]),  # t has one control
        ({"cell_type": "k", "perturbations": ["A"]}, 1, [("r", ["A"])]),
        ({"cell_type": "k", "perturbations": ["A", "B"]}, 2, [("r", ["A", "B"]), ("u", ["B"])]),
        ({"cell_type": ["k", "r"], "perturbations": ["A"]}, 9, []),  # no second type would show A
        (None, 2, [("k", ["A"]), ("r", ["A"])]),  # A is what u lacks
        ({"cell_type": "k", "perturbations": ["A"]}, 0, []),
    ],
)
def test_types_with_most_cells_of_what_is_wanted_are_left_out(tmp_path, heldout, number, expected):
    found = left_out.choose(*parts(tmp_path, heldout), number=number, min_cells=2)
    assert list(found.itertuples(index=False, name=None)) == expected


def test_where_no_combination_is_missing_all_perturbations_are_wanted(tmp_path):
    whole = {"k": (9, 9, 9), "r": (9, 8, 8)}
    found = left_out.choose(*parts(tmp_path, None, whole), number=1, min_cells=2)
    assert found.to_numpy().tolist() == [["k", ["A", "B"]]]


def test_a_left_out_dataset_is_split_from_the_training_cells_alone(tmp_path):
    train, away = parts(tmp_path, {"cell_type": "k", "perturbations": ["A"]})
    left_out.save(tmp_path / "left_out.csv", left_out.choose(train, away, number=2, min_cells=2))
    heldout = left_out.heldout(tmp_path / "left_out.csv", 2)
    assert heldout == {"cell_type": ["s"], "perturbations": ["A"]}
    again = [tmp_path / f"{part}-again.h5ad" for part in ("train", "heldout")]
    options = dict(control="ctrl", embedding="learned", min_cells=2, genes=None)
    prepare(train, *again, name="s-left-out-2", columns=Columns.of({"kind": "left-out"}), heldout=heldout, **options)
    old, new, out = ad.read_h5ad(train), *map(ad.read_h5ad, again)
    assert new.n_obs + out.n_obs == old.n_obs and out.n_obs == 7 and not set(out.obs_names) & set(new.obs_names)
    assert not set(ad.read_h5ad(away).obs_names) & {*new.obs_names, *out.obs_names}
    assert np.array_equal(new.obs["library_size"], old[new.obs_names].obs["library_size"])


def test_what_is_no_list_of_cell_types_is_refused(tmp_path):
    for text in ("cell_type\nk\n", 'cell_type,perturbations\nk,"[""A"""\n', "cell_type,perturbations\nk,[]\nk,[]\n"):
        (tmp_path / "left_out.csv").write_text(text)
        with pytest.raises(UserError, match="left_out.csv"):
            left_out.read(tmp_path / "left_out.csv")


def test_a_type_is_left_out_where_controls_of_its_batches_are_enough(tmp_path):
    train, away = parts(tmp_path, None, {"k": (9, 9, 0), "r": (9, 8, 0), "u": (9, 7, 0), "s": (9, 0, 0)})
    cells = ad.read_h5ad(train)
    lonely = (cells.obs["cell_type"] == "k") & (cells.obs["perturbation"] == "A")
    cells.obs["batch"] = np.where(lonely, "d2", "d1")
    cells.write_h5ad(train)
    assert left_out.choose(train, away, number=3, min_cells=2)["cell_type"].tolist() == ["r", "u"]


def test_a_type_is_left_out_only_where_another_one_has_the_perturbation_beside_controls_of_its_batch(tmp_path):
    train, away = parts(tmp_path, None, {"k": (9, 9, 0), "r": (9, 8, 0), "s": (9, 0, 0)})
    cells = ad.read_h5ad(train)
    lonely = (cells.obs["cell_type"] == "k") & (cells.obs["perturbation"] == "A")
    cells.obs["batch"] = np.where(lonely, "d2", "d1")
    cells.write_h5ad(train)
    assert left_out.choose(train, away, number=3, min_cells=2).empty
