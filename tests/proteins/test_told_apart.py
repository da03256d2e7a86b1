"""Proteins that tell a model nothing stop a run before anything is embedded."""

from dataclasses import replace

import pytest

from expressionvae.data.screen_labels import Labels
from expressionvae.files import UserError
from expressionvae.proteins.fasta import read_fasta
from expressionvae.proteins.told_apart import check

PROTEINS = {"A": "MA", "B": "MB", "C": "MC", "COPY": "MA", "NEW": "MA"}


def labels(*names, heldout, beside=("control",), embedding="esm2"):
    known = sorted({*names, *heldout, *beside, "control"})
    return Labels(known, sorted(heldout), "control", embedding, dict.fromkeys(heldout, sorted(beside)))


def ask(about: Labels, *, proteins=PROTEINS, separator=None, symbol_map=None, **options):
    check("p.fasta", about, proteins, separator=separator, symbol_map=symbol_map or {}, **options)


def refusal(about: Labels, **options) -> str:
    with pytest.raises(UserError, match="^p.fasta: ") as error:
        ask(about, **options)
    return str(error.value)


def test_proteins_that_tell_all_apart_pass_in_silence(capsys):
    ask(labels("B", heldout=["A"], beside=["B", "control"]))
    assert capsys.readouterr() == ("", "")


def test_without_any_protein_the_message_shows_a_label_beside_a_header():
    message = refusal(labels("Y", heldout=["X"]), example="ENSP00000269305.4 TP53")
    assert "none of the 2 perturbations has a protein there" in message
    assert "the screen's label is 'X', a record of the file is 'ENSP00000269305.4 TP53'" in message


def test_without_a_protein_of_a_heldout_label_too():
    assert "none of the 2 held-out perturbations has a protein" in refusal(labels("A", "B", heldout=["X", "Y"]))


@pytest.mark.parametrize(
    ("about", "separator", "hint"),
    [
        (labels("Bb", heldout=["a"]), None, "in other case 1 are there ('a as A'): is the file of another species?"),
        (labels("B+C", heldout=["A+B"]), None, "3 are there if '+' joins genes in a label (config key separator)"),
        (labels("B_C", heldout=["A_B"]), None, "3 are there if '_' joins genes in a label (config key separator)"),
        (labels("A", heldout=["X"]), None, "the screen's label is 'X'"),
        (labels("B_C", heldout=["A_B"]), "+", "the screen's label is 'A_B'"),
    ],
)
def test_what_may_be_meant_is_said(about, separator, hint):
    assert refusal(about, separator=separator).endswith(hint)


def test_labels_without_a_protein_are_counted_trained_ones_too(capsys):
    ask(labels("B", "NADA", heldout=["A", "NOPE"]))
    said = capsys.readouterr().err
    assert "WARNING: p.fasta: 2 of 4 perturbations (1 of 2 held-out ones) have no protein there" in said
    assert "share the control's vector" in said and said.endswith(": NADA, NOPE\n")


@pytest.mark.parametrize(
    ("heldout", "beside", "separator"),
    [
        ("COPY", "A", None),  # copies of one protein
        ("OLD", "NEW", None),  # two symbols of one gene
        ("OLD", "A", None),
        ("B+A", "A+B", "+"),
        ("A+B", "COPY+B", "+"),
        ("A+control", "A", "+"),
        ("A+NOPE", "A", "+"),  # the second gene has no protein
        ("A ", "A", None),
    ],
)
def test_a_heldout_label_told_as_a_training_label_of_its_cell_type_stops(heldout, beside, separator, capsys):
    about = labels("C", heldout=[heldout], beside=[beside, "control"])
    options = {"separator": separator, "symbol_map": {"OLD": "NEW"}}
    message = refusal(about, **options)
    assert f"held-out '{heldout}' and '{beside}'" in message
    assert ("has no protein" in message) == ("NOPE" in heldout)
    ask(about, **options, twins="report")
    assert "WARNING: p.fasta: a model is told the same" in capsys.readouterr().err


def test_twins_that_are_both_held_out_or_of_other_cell_types_pass(capsys):
    ask(labels(heldout=["A", "COPY"]))
    ask(labels("COPY", heldout=["A"]))
    assert capsys.readouterr() == ("", "")


def test_learned_labels_need_no_protein():
    ask(labels(heldout=["IL-2"], embedding="learned"), proteins={})


def test_a_real_screen_finds_its_proteins(shared, capsys):
    fasta = read_fasta(shared / "data" / "protein" / "human_string_subset.fasta")
    targets = ["IFNGR1", "IFNGR2", "CD86", "ATF2", "IRF1", "JAK2", "NFKBIA", "SPI1", "STAT1", "ETV7"]
    about = labels(*targets, heldout=["IRF1", "NFKBIA", "SPI1"])
    ask(about, proteins=fasta.sequences, example=fasta.example)
    mouse = labels(*map(str.title, targets), heldout=["Irf1"])
    assert "is the file of another species?" in refusal(mouse, proteins=fasta.sequences, example=fasta.example)


def mixed(*names, heldout, beside=("control",), unseen=()):
    return replace(labels(*names, heldout=heldout, beside=beside), unseen=unseen)


def test_targets_without_a_protein_may_have_rows_of_their_own(capsys):
    drugs = mixed("DRUG 1", "A", heldout=["DRUG 2", "B"], beside=["A", "control"])
    ask(drugs, without_protein="learned")
    assert "none of the 2 perturbations" in refusal(mixed("X", heldout=["Y"]), without_protein="learned")
    ask(mixed(heldout=["A+DRUG 1"], beside=["A+DRUG 2", "control"]), separator="+", without_protein="learned")
    assert capsys.readouterr() == ("", "")
    ask(drugs)
    assert "2 of 4 perturbations (1 of 2 held-out ones) have no protein there" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("about", "separator", "way", "words"),
    [
        (mixed("A", heldout=["DRUG", "B"], unseen=["DRUG"]), None, "learned", "'DRUG' is in no training cell and has"),
        (mixed("A", heldout=["A+DRUG"], unseen=["A+DRUG"]), "+", "learned", "'A+DRUG' is in no training cell"),
        (
            mixed("A", "DRUG", heldout=["B"]),
            None,
            "stop",
            "1 perturbations have a target without a protein there",
        ),
        (mixed("A", "B+DRUG", heldout=["B"]), "+", "stop", "a target without a protein there: 'B+DRUG'"),
        (mixed(heldout=["COPY"], beside=["A", "control"]), None, "learned", "held-out 'COPY' and 'A'"),
    ],
)
def test_what_no_row_could_tell_of_is_refused_by_name(about, separator, way, words):
    assert words in refusal(about, separator=separator, without_protein=way)


def test_a_combination_of_trained_targets_needs_no_protein():
    about = mixed("A", "DRUG", heldout=["A+DRUG"], unseen=["A+DRUG"])
    ask(about, separator="+", without_protein="learned")
