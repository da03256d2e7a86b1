import re

import pytest

from expressionvae.progress import Progress


def test_a_line_comes_now_and_then_and_at_the_end(capsys):
    progress = Progress("vae", 4, interval=3600.0)
    for _ in range(4):
        progress.advance(note=lambda: "loss 0.5")
    said = capsys.readouterr().out
    assert re.fullmatch(r"vae 4/4  [\d.e+]+/s  00:00 gone, 00:00 left  loss 0.5\n", said)


def test_every_line_says_how_long_it_will_take(capsys, monkeypatch):
    seconds = iter([0.0, 20.0])
    monkeypatch.setattr("time.monotonic", lambda: next(seconds))
    Progress("vae", 100, 50).advance(10)
    assert capsys.readouterr().out == "vae 60/100  0.5/s  00:20 gone, 01:20 left\n"


@pytest.mark.parametrize(
    ("total", "said"),
    [
        (4_000_000, "a.h5ad 3.00MB/4.00MB  100kB/s  00:20 gone, 00:10 left\n"),
        (None, "a.h5ad 3.00MB  100kB/s  00:20 gone\n"),
    ],
)
def test_bytes_are_said_in_what_a_person_reads(capsys, monkeypatch, total, said):
    seconds = iter([0.0, 20.0])
    monkeypatch.setattr("time.monotonic", lambda: next(seconds))
    Progress("a.h5ad", total, 1_000_000, unit="B").advance(2_000_000)
    assert capsys.readouterr().out == said
