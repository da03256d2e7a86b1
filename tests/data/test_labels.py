"""One condition has one spelling; what the config names is found under any."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from expressionvae.data.labels import genes, plain, shown, spelled, unquoted
from expressionvae.files import UserError


@given(st.text())
@example("e\u0301\u00ad A\t\n")
@example("\u207b\u200b")
def test_the_plain_text_of_a_plain_text_is_itself(label):
    assert plain(plain(label)) == plain(label)


@pytest.mark.parametrize(
    ("spelling", "text"),
    [
        (" A ", "A"),
        ("IFN  beta", "IFN beta"),
        ("IFN\u00a0beta", "IFN beta"),  # non-breaking space
        ("IFN\tbeta\r\n", "IFN beta"),
        ("\ufeffA\u200b", "A"),  # byte-order mark, zero-width space
        ("A\x00\x00", "A"),  # text of fixed length
        ("e\u0301", "\u00e9"),  # accent apart, accent in one
        ("10 \u00b5M", "10 \u03bcM"),  # micro sign, Greek letter
        ("IL\u20132", "IL-2"),  # en dash
        ("IL\u20112", "IL-2"),  # non-breaking hyphen
        ("\uff21", "A"),  # full width
    ],
)
def test_spellings_of_one_text(spelling, text):
    assert plain(spelling) == text != spelling


@pytest.mark.parametrize("label", ["A+B", "IL-1b [10 ng/ml]", "CD4+ T", "\u00e9", "\u03b2", "a_b", "NA", "1.0"])
def test_other_texts_are_left_alone(label):
    assert plain(label) == label and shown(label) == f"'{label}'"


def test_what_cannot_be_seen_is_shown():
    assert shown("A\u00a0") == r"'A\xa0'" and shown("e\u0301") == r"'e\u0301'"


@pytest.mark.parametrize(
    ("label", "control", "separator", "expected"),
    [
        ("ctrl", "ctrl", "+", []),
        ("ctrl ", "ctrl", None, []),
        ("ctrl+ctrl", "ctrl", "+", []),
        ("A+ctrl", "ctrl", "+", ["A"]),
        ("ctrl + A", "ctrl", "+", ["A"]),
        ("B+A", "ctrl", " + ", ["A", "B"]),
        ("A+A", "ctrl", "+", ["A"]),
        ("A+B+ctrl", "ctrl", "+", ["A", "B"]),
        ("A+", "ctrl", "+", ["A"]),
        ("A+B", "ctrl", None, ["A+B"]),
        ("no+target", "no+target", "+", []),
        ("A_non_targeting", "non_targeting", "_", ["A"]),
        ("non_targeting_A", "non_targeting", "_", ["A"]),
        ("non_A", "non_targeting", "_", ["A", "non"]),
        ("A+ctrl", "ctrl+ctrl", "+", ["A"]),
        ("A B", "ctrl", " ", ["A", "B"]),
    ],
)
def test_a_label_means_the_genes_that_it_perturbs(label, control, separator, expected):
    assert genes(label, control=control, separator=separator) == expected


@given(st.lists(st.sampled_from(["A", "B", "C", "ctrl"]), min_size=1).flatmap(st.permutations))
def test_neither_order_nor_the_controls_part_matters(parts):
    label = "+".join(parts)
    assert genes(label, control="ctrl", separator="+") == sorted({*parts} - {"ctrl"})


def test_a_name_of_the_config_is_found_under_another_spelling(capsys):
    assert spelled("A ", ["A", "B"]) == "A"
    assert r"'A ' of the config is 'A' in the file" in capsys.readouterr().out
    assert spelled("A", ["A", "B"]) == "A" and spelled("Z", ["A"]) == "Z" and spelled("a", ["A"]) == "a"
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("value", "labels", "meant"),
    [
        (True, ["False", "True"], "True"),
        (False, ["FALSE", "TRUE"], "FALSE"),
        (True, ["no", "yes"], "yes"),
        (1, ["0", "1"], "1"),
        (1, ["0.0", "1.0"], "1.0"),  # a column of numbers of which some are missing
        (0.5, ["0.50", "5"], "0.50"),
        (True, ["0", "1"], "True"),  # is none of them: refused with the labels that there are
        (1, ["True", "[1", "2024-13-01", "a: b"], "1"),
        ("1", ["1.0"], "1"),
    ],
)
def test_a_label_without_quotes_is_the_one_that_yaml_reads_alike(value, labels, meant):
    assert unquoted(value, labels) == meant == spelled(value, labels)


@given(st.booleans() | st.integers(-(10**6), 10**6), st.lists(st.sampled_from(["A", "x y", "ctrl"])))
def test_what_a_column_of_truths_or_whole_numbers_holds_is_found_as_python_writes_it(value, others):
    assert unquoted(value, [str(value), *others]) == str(value)


def test_two_labels_that_yaml_reads_alike_must_be_quoted():
    with pytest.raises(UserError, match="config: True without quotes may be 'True' or 'yes': quote the one meant"):
        unquoted(True, ["yes", "True", "no"])
