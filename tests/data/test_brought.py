"""A folder of downloads is a copy of them, and that of a repository is what it held at the commit that was named."""

import os
import subprocess
from pathlib import Path

import pytest

from expressionvae.data.brought import check_out, gather
from expressionvae.data.downloads import obtain
from expressionvae.files import UserError
from tests.data.serving import CONTENT, files

NOWHERE = "0" * 40


def git(folder: Path, *words: str) -> str:
    who = {f"GIT_{role}_{part}": "nobody@localhost" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}
    command = ["git", "-C", str(folder), *words]
    return subprocess.run(command, env=os.environ | who, capture_output=True, text=True, check=True).stdout.strip()


def commit(folder: Path, **contents: str) -> str:
    for name, content in contents.items():
        (folder / "src").mkdir(exist_ok=True)
        (folder / "src" / f"{name}.py").write_text(content)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "more")
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def origin(tmp_path) -> Path:
    folder = tmp_path / "origin"
    folder.mkdir()
    git(folder, "init", "--quiet")
    return folder


def code(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in sorted((folder / "src").iterdir())}


def test_the_folder_holds_the_commit_that_was_named_and_not_the_newest(origin, tmp_path):
    wanted = commit(origin, a="1\n")
    commit(origin, a="2\n", b="3\n")
    check_out(origin.as_uri(), wanted, tmp_path / "data" / "clone", tmp_path / "out")
    assert code(tmp_path / "out") == {"a.py": "1\n"}
    assert files(tmp_path / "out") == ["src"] and files(tmp_path / "data") == ["clone"]


def test_a_commit_that_a_server_does_not_give_by_its_name_is_found_in_all_that_it_has(origin, tmp_path):
    wanted = commit(origin, a="1\n")
    commit(origin, a="2\n")
    git(origin, "config", "uploadpack.allowReachableSHA1InWant", "false")
    git(origin, "config", "protocol.version", "0")
    check_out(origin.as_uri(), wanted, tmp_path / "clone", tmp_path / "out")
    assert code(tmp_path / "out") == {"a.py": "1\n"}


def test_a_clone_that_is_there_needs_no_server_and_what_was_changed_in_it_does_not_count(origin, tmp_path):
    wanted = commit(origin, a="1\n")
    git(tmp_path, "clone", "--quiet", str(origin), "clone")
    (tmp_path / "clone" / "src" / "a.py").write_text("changed\n")
    check_out("file:///gone", wanted, tmp_path / "clone", tmp_path / "out")
    assert code(tmp_path / "out") == {"a.py": "1\n"}
    assert code(tmp_path / "clone") == {"a.py": "changed\n"}


def test_what_a_repository_leaves_out_of_its_archives_is_there(origin, tmp_path):
    (origin / ".gitattributes").write_text("src/a.py export-ignore\n")
    wanted = commit(origin, a="1\n")
    check_out(origin.as_uri(), wanted, tmp_path / "clone", tmp_path / "out")
    assert code(tmp_path / "out") == {"a.py": "1\n"}


@pytest.mark.parametrize("case", ["no server", "no such commit", "no git"])
def test_where_it_cannot_be_had_one_message_says_what_to_put_where(case, origin, tmp_path, monkeypatch):
    wanted, url = commit(origin, a="1\n"), origin.as_uri()
    if case == "no server":
        url = "http://127.0.0.1:9/no/repository"
    if case == "no such commit":
        wanted = NOWHERE
    if case == "no git":
        monkeypatch.setenv("PATH", str(tmp_path))
    clone = tmp_path / "data" / "clone"
    with pytest.raises(UserError) as caught:
        check_out(url, wanted, clone, tmp_path / "out")
    said = str(caught.value)
    assert said.startswith(f"could not bring {url} at commit {wanted} (") and "\n" not in said
    assert f"`git clone {url} {clone}`" in said
    assert not (tmp_path / "out").exists() and [name for name in files(tmp_path / "data") if "lock" not in name] == []


@pytest.mark.parametrize("kind", ["another repository", "no repository"])
def test_a_clone_without_the_commit_is_refused_and_kept(kind, origin, tmp_path):
    commit(origin, a="1\n")
    clone = origin if kind == "another repository" else tmp_path / "folder"
    clone.mkdir(exist_ok=True)
    with pytest.raises(UserError, match=f"{clone}: no clone of file:///x that holds commit {NOWHERE} .*move it away"):
        check_out("file:///x", NOWHERE, clone, tmp_path / "out")
    assert clone.exists() and not (tmp_path / "out").exists()


def test_a_folder_of_downloads_holds_each_under_the_name_that_is_wanted(entry, data, tmp_path):
    obtain(entry, data, tmp_path / "a.yaml", retries=0)
    gather({"model.pt": tmp_path / "a.yaml"}, tmp_path / "out")
    assert (tmp_path / "out" / "model.pt").read_bytes() == CONTENT and files(tmp_path / "out") == ["model.pt"]
    (data / "a.h5ad").write_bytes(CONTENT[::-1])
    with pytest.raises(UserError, match="has other content"):
        gather({"model.pt": tmp_path / "a.yaml"}, tmp_path / "out")
    assert (tmp_path / "out" / "model.pt").read_bytes() == CONTENT
