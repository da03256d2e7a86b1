import pytest
from matplotlib.figure import Figure

from expressionvae.writing import style

OKABE_ITO = ["BLUE", "VERMILION", "GREEN", "PURPLE", "ORANGE", "SKY"]


@pytest.mark.parametrize("name", OKABE_ITO)
def test_a_colour_is_written_once(repository, name):
    source = repository / "src" / "expressionvae"
    holders = [path for path in source.rglob("*.py") if getattr(style, name) in path.read_text()]
    assert holders == [source / "writing" / "style.py"]


@pytest.mark.parametrize(("suffix", "sign"), [("pdf", b"%PDF"), ("png", b"\x89PNG")])
def test_a_figure_is_what_its_name_says_and_has_no_date(tmp_path, suffix, sign):
    style.save(Figure(figsize=(1, 1)), tmp_path / f"x.{suffix}")
    written = (tmp_path / f"x.{suffix}").read_bytes()
    assert written.startswith(sign) and b"CreationDate" not in written


def test_a_png_has_as_many_dots_an_inch_as_asked(tmp_path):
    style.save(Figure(figsize=(2, 1)), tmp_path / "x.png", dots=30)
    assert int.from_bytes((tmp_path / "x.png").read_bytes()[16:20], "big") == 60
