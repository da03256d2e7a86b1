"""A rule that trains on two devices, here two processes, trains what it does on one."""

import shutil

import pandas as pd
import pytest
import yaml

from tests.workflow.conftest import call, tiny

pytestmark = pytest.mark.slow
FOLDER = "results/made-up/fsq/nb/vae-0"


def overlay(path, devices: int):
    config = {"vae": {"devices": devices}, "bottlenecks": {"fsq": {"normalise": False}}}
    path.write_text(yaml.safe_dump(config))
    return [*tiny("demo.yaml"), path]


def test_a_vae_of_two_devices_is_that_of_one(tmp_path):
    one, two = (overlay(tmp_path / f"{devices}.yaml", devices) for devices in (1, 2))
    wanted = ["--", f"{FOLDER}/vae.pt"]
    run = call(tmp_path, *one, *wanted)
    assert run.returncode == 0, run.stderr[-3000:]
    assert "Nothing to be done" in call(tmp_path, *two, "--dry-run", *wanted).stdout
    shutil.move(tmp_path / FOLDER, tmp_path / "one")
    run = call(tmp_path, *two, *wanted)
    assert run.returncode == 0, run.stderr[-3000:]
    one_s, two_s = (pd.read_csv(folder / "losses.csv") for folder in (tmp_path / "one", tmp_path / FOLDER))
    assert len(one_s) >= 4
    pd.testing.assert_frame_equal(one_s, two_s, rtol=1e-4)
    log = (tmp_path / "logs/train_vae/made-up/fsq/nb/vae-0.log").read_text()
    assert log.count("vae 10/10") == 1


def test_devices_that_do_not_divide_the_batch_are_refused_before_any_job(tmp_path):
    run = call(tmp_path, *overlay(tmp_path / "three.yaml", 3), "--", f"{FOLDER}/vae.pt")
    assert run.returncode == 1
    assert "vae.devices: 3 devices cannot take equal shares of vae.training.batch_size, 32 cells" in run.stderr
