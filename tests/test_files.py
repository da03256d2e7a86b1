"""Files appear whole, what killed writers left goes, and whatever is wrong with a file is one line."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from expressionvae import files
from expressionvae.files import UserError, damage, reading, require, seal, written

DIES = """
import os, signal, sys
from expressionvae.files import written
with written(sys.argv[1]) as temporary:
    temporary.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def killed_writer(path: Path) -> str:
    """Name of the temporary file that a writer of `path` leaves when it is killed."""
    before = set(names(path.parent))
    assert subprocess.run([sys.executable, "-c", DIES, path]).returncode == -signal.SIGKILL
    (left,) = set(names(path.parent)) - before
    return left


def test_a_file_appears_whole(tmp_path):
    with written(tmp_path / "deep" / "a.csv") as temporary:
        temporary.write_text("x")
        assert temporary.suffix == ".csv" and not (tmp_path / "deep" / "a.csv").exists()
    assert (tmp_path / "deep" / "a.csv").read_text() == "x"


def test_a_failure_leaves_nothing_and_keeps_what_was_there(tmp_path):
    (tmp_path / "a.csv").write_text("old")
    with pytest.raises(RuntimeError), written(tmp_path / "a.csv") as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert names(tmp_path) == ["a.csv"]
    assert (tmp_path / "a.csv").read_text() == "old"


def test_what_a_killed_writer_left_goes_with_the_next_of_that_name(tmp_path):
    left, other = killed_writer(tmp_path / "a.csv"), killed_writer(tmp_path / "a.csv2")
    assert left.startswith(".a.csv.") and left.endswith(".csv")
    with written(tmp_path / "a.csv") as temporary:
        temporary.write_text("x")
    assert names(tmp_path) == sorted(["a.csv", other])


def test_two_writers_of_one_name_leave_each_other_alone(tmp_path):
    with written(tmp_path / "a.csv") as first:
        first.write_text("first")
        with written(tmp_path / "a.csv") as second:
            second.write_text("second")
            assert first.exists()
    assert (tmp_path / "a.csv").read_text() == "first" and names(tmp_path) == ["a.csv"]


def test_many_writers_at_once_leave_one_whole_file(tmp_path):
    def write(text: str) -> None:
        with written(tmp_path / "a.csv") as temporary:
            temporary.write_text(text * 1000)

    threads = [threading.Thread(target=write, args=(letter,)) for letter in "abcdefgh"]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert names(tmp_path) == ["a.csv"] and len(set((tmp_path / "a.csv").read_text())) == 1


@pytest.mark.parametrize(
    ("name", "age", "stays"),
    [
        (".a.csv.elsewhere-1.abcdefgh.csv", 3600, True),  # another machine's may have a writer
        (".a.csv.elsewhere-1.abcdefgh.csv", 3 * 86400, False),
        (".a.csv.abcdefgh.csv", 3600, True),  # of an older version
        (".a.csv.abcdefgh.csv", 3 * 86400, False),
        (".a.csv.part", 3 * 86400, True),  # a download's
        (".a.csv.origin.yaml", 3 * 86400, True),
        ("a.csv.elsewhere-1.abcdefgh.csv", 3 * 86400, True),  # a user's
    ],
)
def test_what_may_have_a_writer_or_an_owner_stays(tmp_path, name, age, stays):
    (tmp_path / name).write_text("half")
    os.utime(tmp_path / name, (time.time() - age,) * 2)
    with written(tmp_path / "a.csv") as temporary:
        temporary.write_text("x")
    assert (tmp_path / name).exists() == stays


def test_a_live_writer_on_this_machine_keeps_its_file_however_old(tmp_path):
    mine = tmp_path / f"{files.temporary_prefix('a.csv')}abcdefgh.csv"
    mine.write_text("half")
    os.utime(mine, (0, 0))
    with written(tmp_path / "a.csv") as temporary:
        temporary.write_text("x")
    assert mine.exists()


def refused(path: Path, raises=lambda: None) -> str:
    with pytest.raises(UserError) as error, reading(path, "a table"):
        raises()
    return str(error.value)


def test_what_cannot_be_read_is_named_with_what_it_should_be_and_what_to_do(tmp_path):
    path = tmp_path / "a.csv"
    assert refused(path) == f"{path}: no such file; expected a table"
    path.write_text("")
    assert refused(path) == f"{path}: not a table: it is empty; {files.AGAIN}"
    path.write_text("x")
    said = refused(path, lambda: require(False, "it has\nno row"))
    assert said == f"{path}: not a table: it has no row; {files.AGAIN}"
    assert refused(path, lambda: {}["key"]) == f"{path}: not a table: 'key' is missing; {files.AGAIN}"
    assert len(refused(path, lambda: require(False, "x" * 9999))) < 400


def test_a_message_that_names_the_file_is_kept_and_told_what_to_do(tmp_path):
    (path := tmp_path / "a.csv").write_text("x")

    def inner():
        raise UserError(f"{path}: its own words")

    def elsewhere():
        raise UserError("config: another matter")

    assert refused(path, inner) == f"{path}: its own words; {files.AGAIN}"
    assert refused(path, elsewhere) == "config: another matter"


def test_a_sealed_file_shows_every_change(tmp_path):
    path, content = tmp_path / "a.h5", np.random.default_rng(0).bytes(3000)
    path.write_bytes(bytes(files.SEAL_BYTES) + content)
    seal(path)
    assert damage(path) is None
    whole = path.read_bytes()
    for place in [*range(files.SEAL_BYTES, len(whole), 97), 25]:  # 25: in the checksum itself
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
        assert damage(path) == "its content has changed since it was written, or is cut short"
    path.write_bytes(whole[:-1])
    assert damage(path)
