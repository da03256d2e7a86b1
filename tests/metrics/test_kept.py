"""What a killed scoring job had finished, the next attempt takes up."""

import pytest

from expressionvae.metrics.kept import Kept

COLUMNS = ["metric", "value"]


@pytest.fixture
def cells(tmp_path):
    path = tmp_path / "cells"
    path.write_text("cells")
    return path


def rows(value: float = 0.1 + 0.2) -> list[dict]:
    return [{"metric": "w2", "value": value}]


def not_again() -> list[dict]:
    pytest.fail("scored twice")


def test_a_finished_file_is_taken_up_to_the_byte(cells, tmp_path):
    output = tmp_path / "sample-0" / "distribution.csv"
    Kept([cells], {"fdr": 0.05}).write(output, rows, columns=COLUMNS)
    first = output.read_bytes()
    output.unlink()  # as Snakemake does when the job is killed
    Kept([cells], {"fdr": 0.05}).write(output, not_again, columns=COLUMNS)
    assert output.read_bytes() == first


@pytest.mark.parametrize("change", ["cells", "settings"])
def test_what_depends_on_something_else_is_scored_anew(cells, tmp_path, change):
    output = tmp_path / "sample-0" / "distribution.csv"
    Kept([cells], {"fdr": 0.05}).write(output, rows, columns=COLUMNS)
    if change == "cells":
        cells.write_text("other cells")
    Kept([cells], {"fdr": 0.1 if change == "settings" else 0.05}).write(output, rows, 2.0, columns=COLUMNS)
    assert output.read_text().endswith("w2,2.0\n")


def test_scores_that_fail_leave_nothing_to_take_up(cells, tmp_path):
    kept, output = Kept([cells]), tmp_path / "distribution.csv"
    with pytest.raises(ZeroDivisionError):
        kept.write(output, lambda: 1 / 0, columns=COLUMNS)
    assert not output.exists() and not list(tmp_path.rglob("*.csv"))


def test_nothing_is_kept_once_all_is_there(cells, tmp_path):
    kept = Kept([cells])
    for seed in range(2):
        kept.write(tmp_path / f"sample-{seed}" / "effects.csv", rows, columns=COLUMNS)
    kept.forget()
    assert sorted(path.name for path in tmp_path.rglob("*.csv")) == ["effects.csv"] * 2
    assert not list(tmp_path.rglob("kept"))
