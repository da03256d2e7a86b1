"""What a killed job had finished, the next attempt takes up, if it is what was written."""

import os

import numpy as np
import pytest

from expressionvae.files import written
from expressionvae.resume import Pieces
from tests.damages import flipped

ROWS = "metric,value\nw2,0.30000000000000004\n"


def rows(path) -> None:
    with written(path) as temporary:
        temporary.write_text(ROWS)


def not_again(*_):
    pytest.fail("made twice")


@pytest.fixture
def killed(tmp_path):
    """The output of a job that was killed after it, and had two arrays as well."""
    output = tmp_path / "sample-0" / "distribution.csv"
    Pieces(tmp_path / "unfinished", "a").file(output, rows)
    output.unlink()  # as Snakemake does when the job is killed
    for number in range(2):
        Pieces(tmp_path / "unfinished", "a").array(number, lambda: np.arange(4) + number)  # noqa: B023
    return output


def test_a_finished_file_is_taken_up_to_the_byte(killed, tmp_path, capsys):
    Pieces(tmp_path / "unfinished", "a").file(killed, not_again)
    assert killed.read_text() == ROWS
    assert capsys.readouterr().out == f"{killed}: an earlier attempt had come this far\n"


def test_a_finished_array_is_taken_up(killed, tmp_path):
    assert Pieces(tmp_path / "unfinished", "a").array(1, not_again).tolist() == [1, 2, 3, 4]


def test_what_depends_on_something_else_is_made_anew(killed, tmp_path):
    pieces = Pieces(tmp_path / "unfinished", "b")
    assert pieces.array(0, lambda: np.ones(1)).tolist() == [1]
    made = []
    pieces.file(killed, lambda path: made.append(path) or rows(path))
    assert made == [killed]


DAMAGES = {
    "empty": lambda content: b"",
    "hello": lambda content: b"hello",
    "hello\\n": lambda content: b"hello\n",
    "cut in half": lambda content: content[: len(content) // 2],
    "cut at the end of its first line": lambda content: content[: content.index(b"\n") + 1],
    "a bit of its proof": lambda content: flipped(content, 3),
    "a bit of its content": lambda content: flipped(content, 8 * len(content) - 20),
    "other content in the same form": lambda content: content.replace(b"0.3", b"0.5").replace(b"\3\0", b"\5\0"),
    "the content without a proof": lambda content: content.partition(b"\n")[2],
    "random bytes": lambda content: np.random.default_rng(0).bytes(len(content)),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_piece_that_is_not_what_was_written_is_set_aside_and_made_again(killed, tmp_path, capsys, damage):
    for path in (tmp_path / "unfinished").iterdir():
        path.write_bytes(DAMAGES[damage](path.read_bytes()))
    pieces, made = Pieces(tmp_path / "unfinished", "a"), []
    pieces.file(killed, lambda path: made.append(path) or rows(path))
    assert killed.read_text() == ROWS and made == [killed]
    assert pieces.array(0, lambda: np.full(3, 7)).tolist() == [7, 7, 7]
    assert capsys.readouterr().err.count("kept as .damaged, and made again") == 2
    assert len(list((tmp_path / "unfinished").glob("*.damaged"))) == 2
    Pieces(tmp_path / "unfinished", "a").file(killed, not_again)


def test_a_whole_piece_under_another_s_name_is_not_taken_up(killed, tmp_path):
    first, second = sorted((tmp_path / "unfinished").glob("*-00000?.piece"))
    os.replace(first, second)
    assert Pieces(tmp_path / "unfinished", "a").array(1, lambda: np.full(3, 7)).tolist() == [7, 7, 7]


def test_a_folder_in_a_piece_s_place_blocks_nothing(tmp_path):
    (tmp_path / "unfinished" / "a-000000.piece").mkdir(parents=True)
    assert Pieces(tmp_path / "unfinished", "a").array(0, lambda: np.ones(1)).tolist() == [1]


def test_a_piece_whose_making_fails_is_not_kept(tmp_path):
    pieces = Pieces(tmp_path / "unfinished", "a")
    with pytest.raises(ZeroDivisionError):
        pieces.array(0, lambda: np.array(1 // 0))
    with pytest.raises(ZeroDivisionError):
        pieces.file(tmp_path / "x.csv", lambda path: 1 / 0)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_nothing_is_kept_once_all_is_there(killed, tmp_path):
    Pieces(tmp_path / "unfinished", "a").forget()
    assert not (tmp_path / "unfinished").exists()
