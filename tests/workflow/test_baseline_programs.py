"""What a baseline's programs are given besides cells, and when they run again: a toy, in a copy of the project."""

import hashlib
import re
import shutil

import anndata as ad
import pandas as pd
import pytest
import yaml

from tests.data.serving import CONTENT, Site, serving
from tests.data.test_brought import commit, git
from tests.workflow.conftest import call_copy, copied, tiny
from tests.workflow.test_baselines import ABOUT, PREDICT

pytestmark = pytest.mark.slow

FOLDER = "results/made-up/baselines"
CELLS = f"{FOLDER}/toy/model-0/sample-0/cells.h5ad"
OPTIONS = """
  code: {value: results/brought/code, source: this test, meaning: of others, clone: {url: URL, commit: COMMIT}}
  weights: {value: results/brought/weights, source: this test, meaning: of others, downloads: {model.pt: toy_weights}}
"""
# It is killed in its first run, in the midst of writing, and goes on from what it has left beside its folder.
TRAIN = """
import argparse, json, os, signal, sys, time
from pathlib import Path
import numpy as np

parser = argparse.ArgumentParser()
for name in ("train", "options", "seed", "threads", "device", "out"):
    parser.add_argument(f"--{name}", required=True)
given = parser.parse_args()
options, out = json.loads(Path(given.options).read_text()), Path(given.out)
assert Path(options["code"], "src", "a.py").read_text() == "1\\n"
assert Path(options["weights"], "model.pt").stat().st_size == 300_000
kept = out.with_name(".weights.checkpoint")
out.mkdir()
if not kept.exists():
    kept.write_text("1")
    print("toy 1/2 loss 1", file=sys.stderr, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
print(f"toy: goes on at step {kept.read_text()}", file=sys.stderr)
np.save(out / "shift.npy", 0.1)
memory = b"x" * 300_000_000
time.sleep(1.5)  # for the time and the memory to be measured
kept.unlink()
"""


def snakemake(folder, *arguments, home=None):
    """A run in `folder`; the data and the list of downloads lie there too, or in `home`."""
    home = home or folder
    own = ["--config", f"data_dir={home / 'data'}", f"downloads={home / 'list.yaml'}"]
    return call_copy(folder, *tiny("demo.yaml"), folder / "own.yaml", *own, *arguments)


@pytest.fixture(scope="module")
def calls(tmp_path_factory):
    """The copy, in which the toy was killed once and asked for again; and both calls."""
    folder = copied(tmp_path_factory.mktemp("programs"))
    (folder / "origin").mkdir()
    git(folder / "origin", "init", "--quiet")
    wanted = commit(folder / "origin", a="1\n")
    commit(folder / "origin", a="2\n")
    toy = folder / "baselines" / "toy"
    toy.mkdir()
    options = OPTIONS.replace("URL", (folder / "origin").as_uri()).replace("COMMIT", f"'{wanted}'")
    (toy / "about.yaml").write_text(ABOUT + options)
    (toy / "train.py").write_text(TRAIN)
    (toy / "predict.py").write_text(PREDICT)
    (folder / "own.yaml").write_text(yaml.safe_dump({"baselines": {"toy": {"folder": "toy"}}}))
    with serving(Site({"/w": CONTENT})) as site:
        entry = {"url": f"{site.url}/w", "file": "toy.pt", "licence": "none", "citation": "none"}
        entry |= {"bytes": len(CONTENT), "sha256": hashlib.sha256(CONTENT).hexdigest()}
        listed = yaml.safe_load((folder / "resources/downloads.yaml").read_text()) | {"toy_weights": entry}
        (folder / "list.yaml").write_text(yaml.safe_dump(listed))
        first = snakemake(folder, "--", CELLS)
        left = sorted(path.name for path in (folder / FOLDER).rglob("*weights*"))
        second = snakemake(folder, "--", CELLS)
    return folder, first, left, second


def planned(folder, **options) -> set[str]:
    run = snakemake(folder, "--dry-run", "--", CELLS, **options)
    assert run.returncode == 0, run.stderr[-3000:]
    return set(re.findall(r"^(?:local)?rule (\w+):$", run.stdout, flags=re.MULTILINE))


def test_a_killed_training_leaves_no_weights_and_what_it_goes_on_from_stays(calls):
    _, first, left, _ = calls
    assert first.returncode == 1 and "Traceback" not in first.stderr
    assert left == [".weights.checkpoint"]


def test_the_same_command_goes_on_where_the_killed_one_was(calls):
    folder, _, _, second = calls
    assert second.returncode == 0, second.stderr[-3000:]
    (log,) = (folder / "logs/train_baseline_on_cpu").rglob("*.log")
    assert log.read_text() == "toy: goes on at step 1\n"
    assert ad.read_h5ad(folder / CELLS).n_obs > 0
    assert not list((folder / FOLDER).rglob(".weights*"))


def test_what_a_training_took_is_put_down_of_the_foreign_process_too(calls):
    folder = calls[0]
    (table,) = (folder / "results/benchmarks/train_baseline_on_cpu").rglob("*.tsv")
    took = pd.read_csv(table, sep="\t").iloc[-1]
    assert took["s"] > 1.5 and took["max_rss"] > 300


def test_code_is_that_of_the_commit_and_a_clone_of_it_lies_in_the_folder_of_the_data(calls):
    folder = calls[0]
    assert (folder / "results/brought/code/src/a.py").read_text() == "1\n"
    assert git(folder / "data" / "code", "rev-parse", "HEAD") in (folder / "baselines/toy/about.yaml").read_text()
    assert (folder / "results/brought/weights/model.pt").read_bytes() == CONTENT


def test_a_second_call_has_nothing_to_do(calls):
    assert planned(calls[0]) == set()


@pytest.mark.parametrize(
    ("changed", "again"),
    [
        ("toy/train.py", {"train_baseline_on_cpu", "predict_baseline_on_cpu", "admit_baseline"}),
        ("toy/predict.py", {"predict_baseline_on_cpu", "admit_baseline"}),
        ("common/contract.py", {"train_baseline_on_cpu", "predict_baseline_on_cpu", "admit_baseline"}),
        ("linear/train.py", set()),
        ("README.md", set()),
    ],
)
def test_a_changed_script_is_run_again(calls, changed, again):
    path = calls[0] / "baselines" / changed
    before = path.read_text()
    path.write_text(before + "\n# changed\n")
    try:
        assert planned(calls[0]) == again
    finally:
        path.write_text(before)


def test_where_the_checkout_lies_is_no_reason_to_run_a_script_again(calls, tmp_path):
    folder = shutil.copytree(calls[0], tmp_path / "moved", symlinks=True)
    assert planned(folder, home=calls[0]) == set()


def test_an_option_that_names_a_folder_of_ones_own_has_none_brought(calls):
    folder = calls[0]
    options = {"code": str(folder / "mine"), "weights": None}
    more = folder / "own.yaml"
    before = more.read_text()
    more.write_text(yaml.safe_dump({"baselines": {"toy": {"folder": "toy", "options": options}}}))
    try:
        assert "bring" not in planned(folder) and "train_baseline_on_cpu" in planned(folder)
    finally:
        more.write_text(before)


def test_where_the_code_cannot_be_had_one_line_says_what_to_put_where(calls, tmp_path):
    folder = shutil.copytree(calls[0], tmp_path / "offline", symlinks=True)
    for gone in ("results/brought/code", "data/code"):
        shutil.rmtree(folder / gone)
    shutil.move(calls[0] / "origin", calls[0] / "away")
    try:
        run = snakemake(folder, "--", CELLS)
    finally:
        shutil.move(calls[0] / "away", calls[0] / "origin")
    assert run.returncode == 1 and "Traceback" not in run.stderr
    url = (calls[0] / "origin").as_uri()
    line, *_ = [line for line in run.stderr.splitlines() if line.startswith("error: could not bring")]
    assert f"could not bring {url} at commit " in line and f"`git clone {url} {folder / 'data/code'}`" in line


def test_a_list_of_downloads_that_lacks_what_is_brought_is_refused_by_name(calls, tmp_path):
    folder = shutil.copytree(calls[0], tmp_path / "short", symlinks=True)
    listed = yaml.safe_load((folder / "list.yaml").read_text())
    del listed["toy_weights"]
    (folder / "list.yaml").write_text(yaml.safe_dump(listed))
    run = snakemake(folder, "--dry-run", "--", CELLS)
    assert run.returncode == 1 and "the list of downloads has no toy_weights" in run.stdout + run.stderr


def test_the_published_rows_bring_what_their_pages_name(calls):
    """scGPT its checkpoint, scLDM its code; none of either where the config says so."""
    wanted = [f"{FOLDER}/{name}/model-0/sample-0/cells.h5ad" for name in ("scgpt", "scldm")]
    run = call_copy(calls[0], *tiny("demo.yaml"), "--dry-run", "--", *wanted)
    assert run.returncode == 0, run.stderr[-3000:]
    for name in ("scgpt-human", "scldm"):
        assert f"output: results/brought/{name}\n" in run.stdout
    for file in ("best_model.pt", "vocab.json", "args.json"):
        assert f"output: results/downloads/scgpt_human_{file}.yaml\n" in run.stdout
