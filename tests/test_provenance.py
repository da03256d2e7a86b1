import os
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
import torch

from expressionvae import provenance
from expressionvae.provenance import commit, describe, fingerprint, source
from tests.conftest import REPOSITORY


def test_a_fingerprint_depends_on_values_and_not_on_the_order_of_keys():
    assert fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1}) != fingerprint({"a": 1, "b": 3})
    assert fingerprint(np.arange(3)) != fingerprint(np.arange(4))


def test_parts_are_kept_apart():
    assert fingerprint("ab", "c") != fingerprint("a", "bc")


def test_the_code_of_a_package_is_known_by_every_file_of_it(tmp_path, monkeypatch):
    for name in ("nn/attention.py", "nn/more/dit.py", "vae/model.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("a = 1\n")
    monkeypatch.setattr(provenance, "__file__", str(tmp_path / "provenance.py"))
    before = source("nn"), source("nn", "vae")
    assert before[0] != before[1] and before == (source("nn"), source("vae", "nn"))
    (tmp_path / "vae" / "model.py").write_text("a = 2\n")
    assert source("nn") == before[0] and source("nn", "vae") != before[1]
    (tmp_path / "nn" / "more" / "new.py").write_text("")
    assert source("nn") != before[0]


def test_provenance_names_seeds_versions_commit_and_config():
    provenance = describe({"x": 1}, vae=3, sample=4)
    assert provenance["seeds"] == {"vae": 3, "sample": 4}
    assert provenance["versions"]["torch"].startswith("2.13.0") and provenance["config_hash"] and provenance["commit"]


def test_provenance_tells_two_numbers_of_threads_apart(monkeypatch):
    monkeypatch.setenv("MKL_CBWR", "AUTO,STRICT")
    before, told = torch.get_num_threads(), {}
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            told[threads] = describe({}, vae=0)["arithmetic"]
    finally:
        torch.set_num_threads(before)
    assert told[1] | {"threads": 2} == told[2] != told[1]
    assert told[1]["MKL_CBWR"] == "AUTO,STRICT" and told[1]["processor"]


def checkout(folder, ours: str, *, tracked: bool) -> str:
    """The commit that a copy of the package tells of; it lies in folder/`ours`/src, and `folder` is a repository."""
    package = folder / ours / "src" / "expressionvae"
    package.mkdir(parents=True)
    for name in ("__init__.py", "provenance.py", "arithmetic.py"):
        shutil.copy(REPOSITORY / "src" / "expressionvae" / name, package)
    (folder / "other.txt").write_text("of the other repository")
    git = ["git", "-C", str(folder), "-c", "user.name=x", "-c", "user.email=x@x"]
    for command in (["init", "-q"], ["add", "." if tracked else "other.txt"], ["commit", "-q", "-m", "x"]):
        subprocess.run([*git, *command], check=True)
    told = "from expressionvae.provenance import commit; print(commit())"
    command = [sys.executable, "-c", told]
    run = subprocess.run(command, env={"PYTHONPATH": str(package.parent), "PATH": os.environ["PATH"]}, cwd=folder,
                         capture_output=True, text=True, check=True)  # fmt: skip
    return run.stdout.strip()


def test_a_checkout_tells_its_commit(tmp_path):
    assert re.fullmatch("[0-9a-f]{40}", checkout(tmp_path, "", tracked=True))


@pytest.mark.parametrize(("ours", "tracked"), [("vendor/archive", True), ("archive", False), ("", False)])
def test_an_archive_inside_another_repository_has_no_commit(tmp_path, ours, tracked):
    assert checkout(tmp_path, ours, tracked=tracked) == "unknown"


def test_a_repository_that_a_hook_names_is_not_ours(tmp_path, monkeypatch):
    other = tmp_path / "other"
    subprocess.run(["git", "init", "-q", str(other)], check=True)
    before = commit()
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    assert commit() == before
