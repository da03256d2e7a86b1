"""The labels of a screen, from its files."""

from dataclasses import replace

import anndata
import numpy as np
import pandas as pd
import pytest

from expressionvae.data.screen_labels import Labels, all_genes, read_labels
from expressionvae.files import UserError


def labels(*names, heldout=(), embedding="esm2"):
    return Labels(sorted([*names, "control"]), sorted(heldout), "control", embedding)


def screen_file(path, names, types=None, **about):
    obs = pd.DataFrame(
        {"perturbation": pd.Categorical(names), "cell_type": types or "k"}, index=[str(i) for i in range(len(names))]
    )
    uns = {"screen": {"control": "control", "embedding": "esm2", "heldout_cell_types": ["k"]} | about}
    anndata.AnnData(np.zeros((len(names), 1)), obs=obs, uns=uns).write_h5ad(path)
    return path


def test_the_genes_of_a_screen_are_those_of_all_labels():
    assert all_genes(labels("A+B", "B", "control+C"), separator="+") == {"A", "B", "C"}


def test_labels_come_from_both_files_sorted(tmp_path):
    train = screen_file(tmp_path / "train.h5ad", ["control", "B", "C"], ["k", "k", "r"])
    heldout = screen_file(tmp_path / "heldout.h5ad", ["A"])
    assert read_labels(train, heldout) == replace(
        labels("A", "B", "C", heldout=["A"]), beside={"A": ["B", "control"]}, unseen=("A",)
    )


def test_a_label_has_beside_it_those_of_the_cell_types_in_which_it_is_held_out():
    seen = pd.DataFrame({"cell_type": [*"kkrrs"], "perturbation": ["c", "A", "c", "B", "D"]})
    unseen = pd.DataFrame({"cell_type": [*"kkrr"], "perturbation": ["B", "E", "E", "E"]})
    about = Labels.of(seen, unseen, "c", "learned")
    assert about.beside == {"B": ["A", "c"], "E": ["A", "B", "c"]} and about.heldout == ["B", "E"]
    assert about.unseen == ("E",)
    assert about.all == ["A", "B", "D", "E", "c"]


def test_files_without_what_is_needed_are_refused(tmp_path):
    good = screen_file(tmp_path / "good.h5ad", ["A"])
    odd = screen_file(tmp_path / "odd.h5ad", ["control"], embedding="glove")
    anndata.AnnData(np.zeros((1, 1))).write_h5ad(tmp_path / "bare.h5ad")
    for train, message in (
        (good, "no cell has the control"),
        (odd, "'glove'"),
        (tmp_path / "bare.h5ad", "bare.h5ad: obs has no column 'cell_type'"),
    ):
        with pytest.raises(UserError, match=message):
            read_labels(train, good)
