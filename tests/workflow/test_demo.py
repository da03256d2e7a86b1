"""The demo's models have learned something, so that what it shows is more than noise."""

import pandas as pd
import pytest

from tests.workflow.conftest import REPOSITORY, call

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def reconstruction(tmp_path_factory) -> pd.DataFrame:
    """Scores of the codes of true cells, decoded by every head at the demo's own sizes and lengths."""
    folder = tmp_path_factory.mktemp("demo")
    run = call(folder, "--profile", REPOSITORY / "profiles" / "demo", "--", "results/paper/reconstruction.csv")
    assert run.returncode == 0, run.stderr[-3000:]
    return pd.read_csv(folder / "results" / "paper" / "reconstruction.csv")


def test_every_decoder_recovers_half_of_the_effects_from_the_codes_of_true_cells(reconstruction):
    found = reconstruction.set_index("decoder")["pearson_delta"]
    assert set(found.index) == {"ce-quant", "nb-sample", "hurdle", "mse", "nb-deter"}
    assert (found >= 0.5).all(), found
