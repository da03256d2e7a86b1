"""Every number in the tables of docs/measured.md is that of a committed result of the command named beside it."""

import re

import pandas as pd
import pytest

from tests.conftest import REPOSITORY

NUMBERS = REPOSITORY / "docs" / "numbers"
TEXT = (REPOSITORY / "docs" / "measured.md").read_text()
LABELS = {
    "AR": "ar",
    "MDLM": "mdlm",
    "PerturbMean": "perturb-mean",
    "control as prediction": "control",
    "true against true": "true-vs-true",
}
DASH = "–"


def kang(which: str) -> pd.DataFrame:
    return pd.read_csv(NUMBERS / f"kang-{which}.csv")


def of(frame: pd.DataFrame, dataset: str) -> pd.DataFrame:
    return frame[frame["dataset"] == dataset]


def recovery(which: str) -> pd.DataFrame:
    return pd.read_csv(NUMBERS / f"made-up-{which}.csv")


def row_of(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """The rows of a line's label: "AR, nb-sample", or a baseline."""
    prior, _, decoder = name.partition(", ")
    if decoder:
        return frame[(frame["prior"] == LABELS[prior]) & (frame["decoder"] == decoder)]
    return frame[frame["baseline"] == LABELS[name]]


def shown(mean: float, se: float, digits: int) -> str:
    return f"{mean:.{digits}f} ± {se:.{digits}f}"


def expected(name: str, which: str) -> list[str]:
    cells = []
    for dataset in ("kang-cd4t", "kang-fcgr3a"):
        found = row_of(of(kang(which), dataset), name)
        for metric, digits in (("fd", 1), ("mmd2", 3), ("pearson_delta", 3)):
            cells.append(shown(found[metric].item(), found[f"{metric}_se"].item(), digits) if len(found) else DASH)
    found = row_of(recovery(which), name)
    for column in ("recovered", "specific"):
        cells.append(shown(found[column].mean(), found[column].sem(), 3) if len(found) else DASH)
    return cells


def lines() -> list[tuple[str, str, list[str]]]:
    """Label, set of choices and numbers of each line of the table of both sets."""
    rows = re.findall(r"^\| ((?:AR|MDLM|PerturbMean|control as|true against)[^|]*) \| (.*) \|$", TEXT, re.MULTILINE)
    return [
        (name.partition(": ")[0], name.partition(": ")[2] or "improved", [cell.strip() for cell in cells.split("|")])
        for name, cells in rows
    ]


def test_the_table_has_every_model_under_both_sets_of_choices():
    assert len(lines()) == 2 * 6 + 3


@pytest.mark.parametrize(("name", "which", "cells"), lines(), ids=lambda value: str(value)[:30])
def test_each_line_is_what_the_committed_results_say(name, which, cells):
    assert cells == expected(name, which)


def test_what_needs_no_model_is_the_same_under_both_sets_of_choices():
    for name in ("PerturbMean", "control as prediction", "true against true"):
        assert expected(name, "improved") == expected(name, "authors")


def between(frame: pd.DataFrame, column: str) -> str:
    return f"{frame[column].min():.0f} to {frame[column].max():.0f}"


def test_the_sentence_on_equal_numbers_of_cells_is_what_they_say():
    """FD at equal numbers of cells: the models of either set, then PerturbMean, control, true cells."""
    text = " ".join(TEXT.split())
    for dataset in ("kang-cd4t", "kang-fcgr3a"):
        for which in ("improved", "authors"):
            models = of(kang(which), dataset).dropna(subset="decoder")
            assert between(models, "fd_half") in text
        for baseline in ("perturb-mean", "control", "true-vs-true"):
            (value,) = of(kang("improved"), dataset).query(f"baseline == '{baseline}'")["fd_half"]
            assert f"{value:.0f}" in text


def auc(file: str, embedding: str) -> pd.Series:
    frame = pd.read_csv(NUMBERS / file)
    return frame[(frame["metric"] == "enrichment_auc") & (frame["embedding"] == embedding)].set_index(
        ["bottleneck", "head"]
    )["value"]


def test_the_reversion_screens_say_what_is_said_of_them():
    text = " ".join(TEXT.split())
    trained, untrained = auc("demo-reversion.csv", "trained"), auc("demo-reversion.csv", "untrained")
    for value in (
        trained[("fsq", "hurdle")],
        trained[("fsq", "nb")],
        untrained[("fsq", "hurdle")],
        untrained[("fsq", "nb")],
    ):
        assert f"{value:.3f}" in text
    others = trained.drop([("fsq", "hurdle"), ("fsq", "nb")])
    assert f"({others.min():.2f} to {others.max():.2f}" in text
    for kind in ("trained", "untrained"):
        found = auc("datlinger.csv", kind)
        assert f"{found.min():.3f} to {found.max():.3f}" in text
