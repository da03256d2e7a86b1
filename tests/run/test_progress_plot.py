import os

import pandas as pd

from expressionvae.run.progress_plot import ProgressPlot

HISTORY = [{"step": step, "split": split, "loss": 9.0 / step} for step in (5, 10) for split in ("train", "validation")]


def test_a_training_that_goes_on_shows_its_losses(tmp_path):
    ProgressPlot(tmp_path / "vae-0" / "checkpoints", every=0.0)(HISTORY)
    folder = tmp_path / "vae-0" / "checkpoints"
    assert pd.read_csv(folder / "progress.csv").to_dict("records") == HISTORY
    assert (folder / "progress.png").read_bytes()[:4] == b"\x89PNG"


def test_losses_are_not_shown_more_often_than_asked(tmp_path):
    live = ProgressPlot(tmp_path, every=1000.0)
    live(HISTORY)
    assert not list(tmp_path.iterdir())
    live.last -= 1000
    live(HISTORY)
    first = (tmp_path / "progress.csv").stat().st_ino
    live(HISTORY)
    assert (tmp_path / "progress.csv").stat().st_ino == first


def test_a_folder_that_takes_no_file_does_not_end_the_training(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    ProgressPlot(tmp_path / "file", every=0.0)(HISTORY)
    assert "WARNING: " in capsys.readouterr().err and os.listdir(tmp_path) == ["file"]
