"""Numbers in the tables of docs/measured.md and docs/baselines.md, and in README, are those of committed results."""

import re
import tomllib

import pandas as pd
import pytest
import yaml

from expressionvae.paper.claims.judge import CLAIMS
from tests.conftest import REPOSITORY

NUMBERS = REPOSITORY / "docs" / "numbers"
TEXT = (REPOSITORY / "docs" / "measured.md").read_text()
BOTH_SETS, TRAINED_HERE = "Both sets of choices, side by side", "Table 1 with every row trained here"
# Rows whose label is not their name in small letters.
LABELS = {
    "perturbmean": "perturb-mean",
    "control as prediction": "control",
    "true against true": "true-vs-true",
    "scvi (sample)": "scvi-sample",
    "cpa (sample)": "cpa-sample",
}
# Column and digits of each header of Table 1.
COLUMNS = {
    "W₂": ("w2", 2),
    "MMD²": ("mmd2", 3),
    "FD": ("fd", 1),
    "FD, halved": ("fd_half", 1),
    "PDS": ("pds", 2),
    "PR-AUC": ("pr_auc", 2),
    "Sp-sig": ("spearman_sig", 2),
    "Sp-LFC": ("spearman_lfc", 2),
    "ovl@N": ("overlap_at_n", 2),
    "P-Δ": ("pearson_delta", 2),
}
DASH = "–"


def section(title: str) -> str:
    return TEXT.partition(f"## {title}\n")[2].partition("\n## ")[0]


def table_rows(text: str) -> list[tuple[str, list[str]]]:
    """Label and cells of each line of the tables in a text, headers among them."""
    rows = re.findall(r"^\| ([^|]*)\| (.*) \|$", text, re.MULTILINE)
    return [(name.strip(), [cell.strip() for cell in cells.split("|")]) for name, cells in rows]


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
        return frame[(frame["prior"] == prior.lower()) & (frame["decoder"] == decoder)]
    return frame[frame["baseline"] == LABELS.get(name.lower(), name.lower())]


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
    return [
        (name.partition(": ")[0], name.partition(": ")[2] or "improved", cells)
        for name, cells in table_rows(section(BOTH_SETS))[1:]
    ]


def test_the_table_has_every_model_under_both_sets_of_choices():
    assert len(lines()) == 2 * 6 + 3


@pytest.mark.parametrize(("name", "which", "cells"), lines(), ids=lambda value: str(value)[:30])
def test_each_line_is_what_the_committed_results_say(name, which, cells):
    assert cells == expected(name, which)


def test_what_needs_no_model_is_the_same_under_both_sets_of_choices():
    for name in ("PerturbMean", "control as prediction", "true against true"):
        assert expected(name, "improved") == expected(name, "authors")


def of_table_1() -> list[tuple[str, str, list[str], list[str]]]:
    """Screen, label, headers and numbers of each line of the two tables with every row trained here."""
    found, headers, screens = [], [], iter(("kang", "perturbench"))
    screen = ""
    for name, cells in table_rows(section(TRAINED_HERE)):
        if not name:
            headers, screen = [cell.rstrip(" ↓↑") for cell in cells], next(screens)
        else:
            found.append((screen, name, headers, cells))
    return found


@pytest.mark.parametrize(("screen", "name", "headers", "cells"), of_table_1(), ids=lambda value: str(value)[:20])
def test_each_line_of_table_1_is_what_the_committed_results_say(screen, name, headers, cells):
    found = row_of(pd.read_csv(NUMBERS / f"{screen}-table1.csv"), name)
    columns = [COLUMNS[header] for header in headers]
    assert cells == [f"{round(found[column].item(), digits) + 0:.{digits}f}" for column, digits in columns]


@pytest.mark.parametrize("screen", ["kang", "perturbench"])
def test_table_1_has_every_row_of_the_results(screen):
    told = [name for of, name, _, _ in of_table_1() if of == screen]
    assert len(told) == len(set(told)) == len(pd.read_csv(NUMBERS / f"{screen}-table1.csv")) == 20


def test_the_sentence_on_means_and_drawn_cells_is_what_the_results_say():
    text = " ".join(section(TRAINED_HERE).split())
    for screen in ("kang", "perturbench"):
        frame = pd.read_csv(NUMBERS / f"{screen}-table1.csv").set_index("baseline")["fd"]
        for row in ("scvi", "cpa"):
            assert f"{frame[row]:.0f} against {frame[f'{row}-sample']:.0f}" in text


DEMO = (REPOSITORY / "docs" / "baselines.md").read_text().partition("What `make demo-baselines` gives")[2]
DEMO_ROWS = table_rows(DEMO.partition("\n## ")[0])


@pytest.mark.parametrize(("name", "cells"), DEMO_ROWS[1:], ids=lambda value: str(value)[:20])
def test_each_line_of_the_demo_with_baselines_is_what_the_committed_results_say(name, cells):
    found = row_of(pd.read_csv(NUMBERS / "demo-baselines-table1.csv"), name)
    columns = [COLUMNS[header.rstrip(" ↓↑")][0] for header in DEMO_ROWS[0][1]]
    numbers = [(found[column].item(), 2 if column == "fd" else 3) for column in columns]
    assert cells == [DASH if pd.isna(value) else f"{round(value, digits) + 0:.{digits}f}" for value, digits in numbers]


def test_the_demo_with_baselines_has_every_row():
    assert len(DEMO_ROWS) - 1 == len(pd.read_csv(NUMBERS / "demo-baselines-table1.csv")) == 15


SIX = table_rows(section("Six real screens: own cells, anchored cells, PerturbMean"))[1:]
SIX_COLUMNS = {"fd": 1, "mmd2": 3, "pearson_delta": 2, "identity": 2, "identity_true": 2, "identity_controls": 2}
PREDICTORS = {"own cells": "hurdle", "anchored": "hurdle-anchored", "PerturbMean": "perturb-mean", "control": "control"}


def test_six_screens_have_four_predictors_each_and_as_many_left_out_types_as_there_are():
    screens = yaml.safe_load((REPOSITORY / "config" / "screens" / "six.yaml").read_text())["screens"]
    assert [name for name, _ in SIX] == [f"`{screen}`: {name}" for screen in screens for name in PREDICTORS]


@pytest.mark.parametrize(("name", "cells"), SIX, ids=lambda value: str(value)[:40])
def test_each_line_of_the_six_screens_is_what_the_committed_results_say(name, cells):
    screen, predictor = name.replace("`", "").split(": ")
    frame = of(pd.read_csv(NUMBERS / "six.csv"), screen)
    (row,) = frame[PREDICTORS[predictor] == frame["decoder"].fillna(frame["baseline"])].to_dict("records")
    told = []
    for column, digits in SIX_COLUMNS.items():
        spread = f" ± {row[f'{column}_se']:.{digits}f}" if row["n_replicates"] > 1 and f"{column}_se" in row else ""
        told.append(f"{row[column]:.{digits}f}{spread}")
    assert cells == told


HIDDEN = table_rows(section("A pair that was removed, predicted"))[1:]
HIDDEN_FROM = {
    "Kang, AR, hurdle: own cells": ("kang", "fsq/ar/hurdle"),
    "Kang, AR, hurdle: anchored": ("kang", "fsq/ar/hurdle-anchored"),
    "Kang, PerturbMean": ("kang", "perturb-mean"),
    "demo, AR, hurdle: anchored": ("demo", "fsq/ar/hurdle-anchored"),
    "demo, PerturbMean": ("demo", "perturb-mean"),
}


def test_every_removed_pair_is_in_the_table():
    assert [name for name, _ in HIDDEN] == list(HIDDEN_FROM)


@pytest.mark.parametrize(("name", "cells"), HIDDEN, ids=lambda value: str(value)[:30])
def test_a_removed_pair_was_predicted_as_well_as_is_said(name, cells):
    file, folder = HIDDEN_FROM[name]
    found = pd.read_csv(NUMBERS / f"{file}-hidden.csv").set_index("predictor").loc[folder]
    told = [
        f"{one.mean():.{digits}f} ({one.min():.{digits}f} to {one.max():.{digits}f})"
        for one, digits in ((found["fd"], 0), (found["pearson_delta"], 2))
    ]
    assert cells[:2] == told


def between(frame: pd.DataFrame, column: str) -> str:
    return f"{frame[column].min():.0f} to {frame[column].max():.0f}"


def test_the_sentence_on_equal_numbers_of_cells_is_what_they_say():
    """FD at equal numbers of cells: the models of either set, then PerturbMean, control, true cells."""
    text = " ".join(TEXT.split()).partition("At that number")[2].partition("of true cells.")[0]
    for dataset in ("kang-cd4t", "kang-fcgr3a"):
        for which in ("improved", "authors"):
            models = of(kang(which), dataset).dropna(subset="decoder")
            assert between(models, "fd_half") in text
        for baseline in ("perturb-mean", "control", "true-vs-true"):
            (value,) = of(kang("improved"), dataset).query(f"baseline == '{baseline}'")["fd_half"]
            assert re.search(rf"\b{value:.0f}\b", text)


def auc(file: str, embedding: str) -> pd.Series:
    frame = pd.read_csv(NUMBERS / file)
    return frame[(frame["metric"] == "enrichment_auc") & (frame["embedding"] == embedding)].set_index(
        ["bottleneck", "head"]
    )["value"]


def test_the_reversion_screens_say_what_is_said_of_them():
    text = " ".join(TEXT.split())
    trained, untrained = auc("demo-reversion.csv", "trained"), auc("demo-reversion.csv", "untrained")
    for kind in (trained, untrained):
        assert f"{kind.min():.2f} to {kind.max():.2f}" in text
    for embedding in ("hvg", "pca"):
        (value,) = auc("demo-reversion.csv", embedding)
        assert f"{value:.3f}" in text
    for kind in ("trained", "untrained"):
        found = auc("datlinger.csv", kind)
        assert f"{found.min():.3f} to {found.max():.3f}" in text


def test_the_demo_s_decoders_recover_from_true_codes_what_is_said():
    found = pd.read_csv(NUMBERS / "demo-reconstruction.csv").set_index("decoder")["pearson_delta"]
    assert f"{found['mse']:.2f} (mse) to {found['hurdle']:.2f} (hurdle)" in " ".join(TEXT.split())
    assert (found.idxmin(), found.idxmax()) == ("mse", "hurdle")


README = (REPOSITORY / "README.md").read_text()


def quoted() -> dict[str, str]:
    """What README may quote: each number's text with what stands behind it, by where it comes from."""
    config = yaml.safe_load((REPOSITORY / "config" / "config.yaml").read_text())
    (torch,) = re.findall(r"^torch==(\S+)", (REPOSITORY / "envs" / "lock.txt").read_text(), re.MULTILINE)
    times = pd.read_csv(NUMBERS / "times.csv", index_col="command", dtype=str)
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    low, high = re.findall(r"3\.(\d+)", project["requires-python"])
    pythons = [f"3.{minor}" for minor in range(int(low), int(high))]
    return {
        "config": f"{config['bottlenecks']['fsq']['tokens']} discrete codes",
        "claims": f"{len(CLAIMS)} claims of the paper",
        "lock": f"PyTorch {torch}",
        "pyproject": f"Python {', '.join(pythons[:-1])} or {pythons[-1]}",
        "demo": " minutes on ".join(times.loc["make demo"]),
        "test": " minutes on ".join(times.loc["make test"]),
    }


@pytest.mark.parametrize(("source", "text"), quoted().items())
def test_readme_quotes_what_its_source_says(source, text):
    said = re.findall(re.sub(r"\\?\d+", r"\\d+", re.escape(text)), README) or ["nothing of the kind"]
    assert text in README, f"README.md says {', '.join(said)}; by {source} it is {text}"


def test_readme_quotes_no_number_beside_these_and_the_plan_s_jobs():
    """The plan's are held by tests/workflow/test_plan.py; names (Table 1, h5ad, --cores 4) quote nothing."""
    text = re.sub(r"```.*?```|\]\([^)]*\)|`[^`\n]*`|h5ad|(?:Table|Figure) \d|--cores \d", "", README, flags=re.DOTALL)
    for told in quoted().values():
        text = text.replace(told, "", 1)
    told, *more = re.findall(r"\d+ ?\w*", text)
    assert not more, f"of {[told, *more]} in README.md all but the plan's jobs lack a source in `quoted` that says so"
    assert re.fullmatch(r"\d+ jobs", told) and f"({told})" in (REPOSITORY / "docs" / "paper.md").read_text()
