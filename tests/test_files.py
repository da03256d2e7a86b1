import pytest

from expressionvae.files import written


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
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]
    assert (tmp_path / "a.csv").read_text() == "old"
