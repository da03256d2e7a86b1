import numpy as np
import pytest

from expressionvae.files import UserError
from expressionvae.run import resources

HEADER = "s\th:m:s\tmax_rss\tmax_vms\tmax_uss\tmax_pss\tio_in\tio_out\tmean_load\tcpu_time\n"


def job(folder, name: str, seconds: float, memory: str = "100.0", load: str = "50.0") -> None:
    path = folder / f"{name}.tsv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{HEADER}{seconds}\t0:00:00\t{memory}\t1\t1\t1\t0\t0\t{load}\t1\n")


@pytest.fixture
def measured(tmp_path):
    job(tmp_path, "score/d/a-0", 10, "300.5", "100")
    job(tmp_path, "score/d/b-0", 30, "200", "200")
    job(tmp_path, "score/e/deep/er-0", 20, "100", "0")
    job(tmp_path, "table1", 0.5, "NA", "NA")
    job(tmp_path, "prepare/d", 3)
    return resources.read(tmp_path)


def test_a_rule_s_jobs_are_gathered_whatever_their_depth(measured):
    table = resources.summarise(measured, order=[]).set_index("rule")
    score = table.loc["score"]
    assert list(table.index) == ["prepare", "score", "table1"]
    assert (score["jobs"], score["seconds_median"], score["seconds_max"], score["seconds_sum"]) == (3, 20, 30, 60)
    assert score["memory_max"] == 300.5
    assert score["load_mean"] == pytest.approx((10 * 100 + 30 * 200) / 60)


def test_what_was_too_short_to_measure_is_missing_and_not_zero(measured):
    row = resources.summarise(measured, order=[]).set_index("rule").loc["table1"]
    assert np.isnan(row["memory_max"]) and np.isnan(row["load_mean"]) and row["seconds_sum"] == 0.5
    assert "| table1 | 1 | 0.5 | 0.5 | 0.5 | – | – |" in resources.markdown(resources.summarise(measured, order=[]))


def test_rules_stand_in_the_order_of_the_workflow(measured):
    assert list(resources.summarise(measured, order=["table1", "score"])["rule"]) == ["table1", "score", "prepare"]


def test_the_totals_are_those_of_all_jobs(measured):
    last = resources.markdown(resources.summarise(measured, order=[])).splitlines()[-1]
    assert last == "| **All** | 5 |  | 30.0 | 63.5 | 300 |  |"


def test_a_job_measured_twice_counts_twice(tmp_path):
    job(tmp_path, "sample/x", 1)
    path = tmp_path / "sample" / "x.tsv"
    path.write_text(path.read_text() + path.read_text().splitlines()[1] + "\n")
    assert resources.summarise(resources.read(tmp_path), order=[])["jobs"].tolist() == [2]


def test_a_folder_without_measurements_says_so(tmp_path):
    table = resources.summarise(resources.read(tmp_path / "absent"), order=["score"])
    assert table.empty and "No job has been measured" in resources.markdown(table)


def test_a_file_that_is_no_benchmark_is_refused_by_name(tmp_path):
    (tmp_path / "x.tsv").write_text("a\tb\n1\t2\n")
    with pytest.raises(UserError, match="x.tsv: .*column 's' is missing"):
        resources.read(tmp_path)
