"""A checkpoint of one's own, under any ending, is found with its second file."""

import numpy as np
import pytest

from expressionvae.proteins.esm import tiny_esm2
from tests.workflow.test_bad_input import COUNTS, LOCAL, a_screen, overlay

pytestmark = pytest.mark.slow


def test_a_checkpoint_that_ends_in_pth_embeds_the_proteins_of_a_screen(snakemake, tmp_path):
    a_screen(tmp_path / "mine.h5ad", COUNTS)
    (tmp_path / "p.fasta").write_text(">A\nMEEPQSDPSV\n")
    tiny_esm2(tmp_path / "mine.pth", layers=1, width=8, heads=1, seed=0)
    screen = LOCAL | {"embedding": "esm2", "proteins": "p.fasta"}
    config = {"screens": ["mine"], "datasets": {"mine": screen}, "data_dir": str(tmp_path)}
    config |= {"esm2": {"checkpoint": "mine.pth"}}
    wanted = "results/mine/proteins.npz"
    run = snakemake("--cores", "1", "--configfile", overlay(tmp_path, config), "--", wanted)
    assert run.returncode == 0, run.stderr[-3000:]
    with np.load(tmp_path / wanted) as proteins:
        assert proteins["symbols"].tolist() == ["A"] and proteins["embedding"].shape == (1, 8)
