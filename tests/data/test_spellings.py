"""One spelling of each label of a screen, and what is doubtful about the others."""

from pathlib import Path

import pandas as pd
import pytest

from expressionvae.data.labels import shown
from expressionvae.data.spellings import one_spelling, refuse_aliases
from expressionvae.files import UserError

PATH = Path("screen.h5ad")


def cells(*perturbations: str, cell_type: str = "k") -> pd.DataFrame:
    return pd.DataFrame({"cell_type": cell_type, "perturbation": perturbations}, dtype=object)


def settled(frame: pd.DataFrame, *, separator=None, control="ctrl", on_alias="stop", named=()) -> pd.DataFrame:
    return one_spelling(PATH, frame, control=control, separator=separator, on_alias=on_alias, named=named)


ALIASES = {  # labels, separator
    "blank at the end": (["A", "A "], None),
    "blank of the control": (["ctrl", "ctrl "], None),
    "non-breaking space": (["IFN beta", "IFN\u00a0beta"], None),
    "accent": (["\u00e9", "e\u0301"], None),
    "micro sign": (["10 \u00b5M", "10 \u03bcM"], None),
    "order": (["A+B", "B+A"], "+"),
    "control's part": (["A+ctrl", "ctrl+A"], "+"),
    "single and with control": (["A", "A+ctrl"], "+"),
    "control twice": (["ctrl", "ctrl+ctrl"], "+"),
    "gene twice": (["A", "A+A"], "+"),
    "blanks about the separator": (["A+B", "A + B"], "+"),
    "order of three": (["A_B_C", "C_A_B"], "_"),
}


@pytest.mark.parametrize("case", ALIASES)
def test_two_spellings_of_one_perturbation_are_refused_by_name(case):
    (one, other), separator = ALIASES[case]
    with pytest.raises(UserError, match="screen.h5ad: obs perturbation has one label under several") as error:
        settled(cells("ctrl", one, other, other, "C"), separator=separator)
    assert shown(one) in str(error.value) and f"{shown(other)} (2 cells)" in str(error.value)
    assert "on_alias to merge" in str(error.value)


@pytest.mark.parametrize("case", ALIASES)
def test_or_are_merged_into_that_of_most_cells_or_the_controls_own(case, capsys):
    (one, other), separator = ALIASES[case]
    merged = settled(cells("ctrl", one, other, other, "C"), separator=separator, on_alias="merge")
    kept = "ctrl" if "ctrl" in (one, other) else other
    assert merged["perturbation"].tolist() == ["ctrl", kept, kept, kept, "C"]
    assert "each group is given its first spelling" in capsys.readouterr().out


def test_two_spellings_of_a_cell_type_are_one_too():
    frame = pd.concat([cells("ctrl", "A", cell_type="CD4 T"), cells("ctrl", "A", "A", cell_type="CD4  T")])
    with pytest.raises(UserError, match=r"obs cell_type has .*'CD4  T' \(3 cells\) and 'CD4 T' \(2 cells\)"):
        settled(frame)
    assert set(settled(frame, on_alias="merge")["cell_type"]) == {"CD4  T"}
    together = pd.concat([cells("ctrl", cell_type="A+B"), cells("ctrl", cell_type="B+A")])
    assert set(settled(together, separator="+")["cell_type"]) == {"A+B", "B+A"}  # a cell type has no parts


@pytest.mark.parametrize(
    ("labels", "joint"), [(["A+B", "B+A"], "+"), (["A|ctrl", "A"], "|"), (["A; B", "B;A"], ";"), (["A&A", "A"], "&")]
)
@pytest.mark.parametrize("on_alias", ["stop", "merge"])
def test_without_a_separator_labels_that_look_joined_are_refused(labels, joint, on_alias):
    with pytest.raises(UserError) as error:
        settled(cells("ctrl", *labels), on_alias=on_alias)
    assert f"set config key separator to '{joint}'" in str(error.value)


@pytest.mark.parametrize("labels", [["A+B", "A+C"], ["CD4", "CD4+"], ["Ca2+", "Ca2"], ["a_b", "b_a"], ["10", "10.0"]])
def test_labels_that_differ_stay_as_they_are(labels, capsys):
    frame = cells("ctrl", *labels)
    assert settled(frame)["perturbation"].tolist() == frame["perturbation"].tolist()
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("labels", "separator"), [(["Tp53", "TP53"], None), (["ctrl", "Ctrl"], None), (["a+B", "B+A"], "+")]
)
def test_labels_that_differ_by_case_alone_are_a_warning(capsys, labels, separator):
    frame = cells("ctrl", *labels)
    assert settled(frame, separator=separator)["perturbation"].tolist() == frame["perturbation"].tolist()
    said = capsys.readouterr().err
    assert said.startswith("WARNING: screen.h5ad") and all(f"'{label}' (" in said for label in labels)


@pytest.mark.parametrize("label", ["NA", "None", "null", "n/a"])
def test_a_label_that_may_be_a_missing_value_is_a_warning_unless_the_config_names_it(capsys, label):
    settled(cells("ctrl", label))
    assert f"'{label}' (1 cells) counts as a label" in capsys.readouterr().err
    settled(cells("A", label), control=label)
    settled(cells("ctrl", label), named=[label])
    assert capsys.readouterr().err == ""


def test_many_spellings_are_cut():
    with pytest.raises(UserError, match="and 3 more; rename them in the file"):
        refuse_aliases(PATH, "target", pd.Series([f"A{i}{end}" for i in range(15) for end in ("", " ")]))
