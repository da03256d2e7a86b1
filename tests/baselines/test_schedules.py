"""What changes over the steps of a training, asked in the environment that the model needs."""

import json
import subprocess

import pytest

from tests.baselines import toy

pytestmark = pytest.mark.foreign


def asked(python, name: str, expression: str, **options):
    """The value of an expression in which `model` is the baseline's module and `options` its published options."""
    code = (
        "import json, sys, model; given = json.loads(sys.argv[1]); "
        f"options = model.Options(**given); print(json.dumps({expression}))"
    )
    given = json.dumps(toy.published(name) | options)
    path = ":".join(str(toy.BASELINES / folder) for folder in (name, "common"))
    done = subprocess.run(
        [python, "-c", code, given], env={"PYTHONPATH": path, "OMP_NUM_THREADS": "1"}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_cpas_adversaries_are_not_felt_at_first_and_then_more_and_more_up_to_their_weight(python_of):
    at = [0, 49_999, 50_000, 75_000, 100_000, 200_000]
    weights = asked(python_of("cpa"), "cpa", f"[model.adversary_weight(options, step) for step in {at}]")
    assert weights == [0, 0, 0, 7.5, 15, 15]


def test_scvis_rate_falls_every_25_epochs_and_its_kl_weight_grows_with_the_epochs(python_of):
    one = 10  # steps of an epoch of 1,280 cells
    at = [0, 25 * one - 1, 25 * one, 50 * one, 5_000 * one, 20_000 * one]
    found = asked(python_of("scvi"), "scvi", f"[model.schedule(options, step, 1280) for step in {at}]")
    rates, weights = zip(*found, strict=True)
    assert rates[:4] == pytest.approx([5e-4, 5e-4, 4.5e-4, 4.05e-4])
    assert weights == pytest.approx([0, 24e-4, 25e-4, 50e-4, 0.5, 1])
