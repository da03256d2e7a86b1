"""Folders that other authors' baselines need beside their packages: published weights, or code that is on no index.

They are made of files of the list of downloads, or hold a public repository as it was at one commit. A clone of that
stays in `data_dir`, as downloads do; git names a commit by its content, so that what comes out of it is what was named.
"""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from expressionvae.data.downloads import alone, located
from expressionvae.files import UserError, remove_stale, temporary_prefix, umask

# Of git's environment, what would have it work elsewhere than it is told.
ELSEWHERE = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR")
# As the repository has them; a folder may be another user's; a connection that has died is given up.
SETTINGS = ("core.autocrlf=false", "safe.directory=*", "http.lowSpeedLimit=1000", "http.lowSpeedTime=60")


def gather(records: Mapping[str, str | Path], folder: str | Path) -> None:
    """Make a folder of downloads.

    Args:
        records: what a file is called in the folder -> the record of its download.

    Raises:
        UserError: as `downloads.located`.
    """
    with _whole(Path(folder)) as temporary:
        for name, record in records.items():
            shutil.copyfile(located(record), temporary / name)


def check_out(url: str, commit: str, clone: str | Path, folder: str | Path) -> None:
    """Have the files of a public repository at one commit in `folder`, and a clone that holds the commit at `clone`.

    A clone that is there is used as it is and not changed.

    Raises:
        UserError: when the commit cannot be had, or the clone that is there lacks it. It says what to put where.
    """
    clone = Path(clone).absolute()
    if not clone.exists():
        clone.parent.mkdir(parents=True, exist_ok=True)
        with alone(clone):
            if not clone.exists():  # another process was first
                try:
                    _fetch(url, commit, clone)
                except _Refused as refused:
                    raise UserError(by_hand(url, commit, clone, str(refused))) from None
    try:
        _git(clone, "cat-file", "-e", f"{commit}^{{commit}}")
    except _Refused as refused:
        again = f"move it away and run again, or `git -C {clone} fetch {url} {commit}`"
        raise UserError(f"{clone}: no clone of {url} that holds commit {commit} ({refused}); {again}") from None
    with _whole(Path(folder)) as temporary, tempfile.TemporaryDirectory() as scratch:
        # Not `git archive`, which leaves out what a repository marks so; not `git checkout`, which changes the clone.
        index = {"GIT_INDEX_FILE": f"{scratch}/index"}
        try:
            _git(clone, "read-tree", commit, **index)
            out = f"--prefix={temporary.absolute()}/"
            _git(clone, f"--work-tree={scratch}", "checkout-index", "--all", out, **index)
        except _Refused as refused:
            raise UserError(
                f"{clone}: commit {commit} cannot be read ({refused}); move it away and run again"
            ) from None


def by_hand(url: str, commit: str, clone: Path, why: str) -> str:
    """One message: what failed, and how to have the clone without this program."""
    put = f"`git clone {url} {clone}` wherever there is a way, and put that folder there"
    return f"could not bring {url} at commit {commit} ({why}). By hand: {put}; it must hold that commit"


class _Refused(Exception):
    """What git says, or that there is none."""


def _fetch(url: str, commit: str, clone: Path) -> None:
    """The one commit if the server gives it by its name, else all that it has."""
    with _whole(clone) as temporary:
        _git(temporary, "init", "--quiet")
        try:
            _git(temporary, "fetch", "--quiet", "--depth=1", url, commit)
        except _Refused:
            _git(temporary, "fetch", "--quiet", url, "+refs/*:refs/fetched/*")
        _git(temporary, "checkout", "--quiet", "--detach", commit)


def _git(folder: Path, *words: str, **variables: str) -> None:
    """Raises: _Refused."""
    settings = {name: value for name, value in os.environ.items() if name not in ELSEWHERE}
    settings |= {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_ASKPASS": "", "SSH_ASKPASS": ""} | variables
    settings["GIT_CEILING_DIRECTORIES"] = str(folder.parent)  # a folder inside another clone is none
    command = ["git", "-C", str(folder), *(word for setting in SETTINGS for word in ("-c", setting)), *words]
    try:
        done = subprocess.run(command, env=settings, capture_output=True, check=False, stdin=subprocess.DEVNULL)
    except FileNotFoundError:
        raise _Refused("the program git is not there") from None
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").split("\n")
        told = next((line for line in said if line.startswith(("fatal:", "error:"))), said[0])
        raise _Refused(told.strip() or f"git {words[0]} ended with exit code {done.returncode}")


@contextmanager
def _whole(folder: Path) -> Iterator[Path]:
    """Yield a new folder beside `folder`; it takes that name, and the place of what had it, when the block succeeds."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    remove_stale(folder.parent, re.escape(folder.name))
    temporary = Path(tempfile.mkdtemp(prefix=temporary_prefix(folder.name), dir=folder.parent))
    try:
        yield temporary
        temporary.chmod(0o777 & ~umask())
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(temporary, folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
