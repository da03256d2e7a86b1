"""What the report says beside its results: the text of workflow/report, filled in from the config."""

import re
from types import SimpleNamespace

import docutils.core
import jinja2
import pytest

from expressionvae.strict import read_yaml
from tests.conftest import REPOSITORY
from tests.test_config import merged

CAPTIONS = sorted((REPOSITORY / "workflow" / "report").glob("*.rst"))
PAPER, DEMO, RETRAIN = (read_yaml(REPOSITORY / "config" / f"{name}.yaml") for name in ("config", "demo", "retrain"))


def filled(path, *overlays: dict) -> str:
    config = PAPER
    for overlay in overlays:
        config = merged(config, overlay)
    text = jinja2.Template(path.read_text()).render(snakemake=SimpleNamespace(config=config))
    return " ".join(text.split()) if path.stem == "workflow" else text


@pytest.mark.parametrize(
    ("overlays", "replicates"),
    [
        ([], "4 replicate(s) of each run: 1 of the trainings, 4 of the sampling"),
        ([DEMO], "2 replicate(s) of each run: 1 of the trainings, 2 of the sampling"),
        ([RETRAIN], "4 replicate(s) of each run: 4 of the trainings, 1 of the sampling"),
        ([RETRAIN, {"replicates": {"samples": [0, 1, 2]}}], "12 replicate(s) of each run"),
        ([{"replicates": {"samples": [7]}}], "1 replicate(s) of each run"),
    ],
)
def test_the_report_counts_every_training_times_every_sampling(overlays, replicates):
    assert f" {replicates}" in filled(REPOSITORY / "workflow/report/workflow.rst", *overlays)


def test_the_report_warns_of_every_made_up_screen_by_its_kind():
    path = REPOSITORY / "workflow/report/workflow.rst"
    known = read_yaml(REPOSITORY / "config/screens/made-up.yaml")
    assert "The screen *made-up-known* is drawn from a formula" in filled(path, known)
    assert "The screen *made-up* is" in filled(path, DEMO) and "is drawn from a formula" not in filled(path)


@pytest.mark.parametrize("path", CAPTIONS, ids=lambda path: path.stem)
@pytest.mark.parametrize("overlay", [{}, DEMO], ids=["paper", "demo"])
def test_a_caption_is_whole_and_without_a_fault(path, overlay):
    job = SimpleNamespace(config=merged(PAPER, overlay), wildcards=SimpleNamespace(cell_type="B", perturbation="stim"))
    text = jinja2.Template(path.read_text()).render(snakemake=job)
    docutils.core.publish_doctree(text, settings_overrides={"halt_level": 2, "report_level": 5})  # a warning raises
    assert not re.search(r"\{[{%]", text)
