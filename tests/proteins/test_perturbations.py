"""Labels of a screen and protein embeddings in, one vector a label out."""

import numpy as np
import pytest

from expressionvae.data.screen_labels import Labels
from expressionvae.files import UserError
from expressionvae.proteins.embedded import Proteins
from expressionvae.proteins.perturbations import Perturbations, embed_labels, report, twins

PROTEINS = Proteins(["A", "B", "MARS1"], np.array([[1, 2], [10, 20], [5, 5]], np.float32), [3, 3, 3], [])


def labels(*names, heldout=(), embedding="esm2"):
    return Labels(sorted([*names, "control"]), sorted(heldout), "control", embedding)


def vectors(table):
    return {label: vector.tolist() for label, vector in zip(table.labels, table.embedding, strict=True)}


def test_control_is_zero_and_dual_labels_add_up():
    table = embed_labels(labels("A", "A+B", "A+control"), PROTEINS, separator="+", symbol_map={})
    assert vectors(table) == {"A": [1, 2], "A+B": [11, 22], "A+control": [1, 2], "control": [0, 0]}
    assert table.missing == []


def test_without_a_separator_a_plus_is_part_of_the_name():
    table = embed_labels(labels("A+B"), PROTEINS, separator=None, symbol_map={})
    assert table.missing == ["A+B"] and not table.embedding.any()


def test_missing_gene_is_zero_and_named():
    table = embed_labels(labels("A", "NOPE", "A+NOPE"), PROTEINS, separator="+", symbol_map={})
    assert table.missing == ["A+NOPE", "NOPE"]
    assert vectors(table)["NOPE"] == [0, 0] and vectors(table)["A+NOPE"] == [1, 2]


def test_targets_without_a_protein_have_a_dimension_each_if_it_is_to_be_learned():
    about = labels("A", "DRUG", "A+DRUG", "NOPE+DRUG")
    how = dict(separator="+", symbol_map={})
    table = embed_labels(about, PROTEINS, **how, without_protein="learned")
    assert vectors(table) == {
        "A": [1, 2, 0, 0], "A+DRUG": [1, 2, 1, 0], "DRUG": [0, 0, 1, 0], "NOPE+DRUG": [0, 0, 1, 1],
        "control": [0, 0, 0, 0],
    }  # fmt: skip
    assert table.missing == ["A+DRUG", "DRUG", "NOPE+DRUG"]
    whole = embed_labels(labels("A", "B"), PROTEINS, **how, without_protein="learned")
    assert np.array_equal(whole.embedding, embed_labels(labels("A", "B"), PROTEINS, **how).embedding)


def test_outdated_symbols_find_their_protein():
    table = embed_labels(labels("MARS"), PROTEINS, separator=None, symbol_map={"MARS": "MARS1"})
    assert vectors(table)["MARS"] == [5, 5] and table.missing == []


def test_learned_labels_have_width_zero():
    table = embed_labels(labels("IL-2", embedding="learned"), None, separator=None, symbol_map={})
    assert table.embedding.shape == (2, 0) and table.missing == []


def test_esm2_labels_without_proteins_are_refused():
    with pytest.raises(UserError, match="proteins.npz"):
        embed_labels(labels("A"), None, separator=None, symbol_map={})


def test_one_condition_has_one_vector_however_it_is_spelled():
    spellings = ("A+B", "B+A", " A + B", "A+B+control", "A+A+B")
    vectors_of = vectors(embed_labels(labels(*spellings), PROTEINS, separator="+", symbol_map={}))
    assert all(vectors_of[label] == [11, 22] for label in spellings)


def test_the_same_proteins_have_the_same_sum_to_the_last_bit():
    table = np.random.default_rng(0).normal(size=(3, 64)).astype(np.float32)
    copies = Proteins(["A", "B", "C", "A2"], table[[0, 1, 2, 0]], [1] * 4, [])
    sums = embed_labels(labels("A+B+C", "B+C+A2"), copies, separator="+", symbol_map={}).embedding
    assert sums[0].tobytes() == sums[1].tobytes()


def test_labels_with_one_vector_are_reported(capsys):
    about = labels("A+B", "B+A", "A")
    table = embed_labels(about, PROTEINS, separator="+", symbol_map={})
    assert twins(table) == [["A+B", "B+A"]]
    report(about, table)
    assert "the same vector: A+B, B+A" in capsys.readouterr().out


def test_table_is_stored_without_pickle(tmp_path):
    Perturbations(["A", "control"], np.zeros((2, 0), np.float32), []).save(tmp_path / "p.npz")
    with np.load(tmp_path / "p.npz", allow_pickle=False) as file:
        assert file["labels"].tolist() == ["A", "control"]
        assert file["embedding"].shape == (2, 0) and file["missing"].tolist() == []
