import pandas as pd
import pytest

from expressionvae.paper.claims.common import DECODERS, GROUPED
from expressionvae.paper.claims.evidence import TABLE, Evidence, Scores
from tests.paper.claims.samples import SCREEN, evidence, judged, verdict


@pytest.mark.parametrize("r2,said", [(-2.0, "holds"), (0.4, "holds"), (0.7, "not decided"), (0.95, "does not hold")])
def test_a_variance_has_collapsed_when_less_than_half_of_it_is_explained(r2, said):
    assert verdict("variance-collapse", evidence({("ar", "mse", "r2_var"): r2}), "AR mse") == said


def test_a_variance_at_the_threshold_within_noise_decides_nothing():
    assert verdict("variance-collapse", evidence({("ar", "mse", "r2_var"): 0.49}, se=0.05), "AR mse") == "not decided"


def test_a_single_replicate_says_nothing_of_a_variance():
    assert verdict("variance-collapse", evidence({("ar", "mse", "r2_var"): 0.1}, n=1), "AR mse") == "not decided"


@pytest.mark.parametrize("zeros,said", [(0.01, "holds"), (0.6, "not decided"), (0.8, "does not hold")])
def test_nb_deter_is_anti_sparse_when_it_has_half_of_the_true_zeros_at_most(zeros, said):
    cells = {("mdlm", "nb-deter", "zero_fraction"): zeros, ("mdlm", "nb-deter", "zero_fraction_true"): 0.8}
    assert verdict("anti-sparse", evidence(cells), "MDLM") == said


def ablation(first: str) -> Evidence:
    """`first` is the best decoder on every grouped metric."""
    lower = ("w2", "mmd2", "fd")
    return evidence({
        (prior, d, m): (0.5 if m in lower else 2.0) if d == first else 1.0
        for prior in ("ar", "mdlm") for d in DECODERS for m in GROUPED
    })  # fmt: skip


@pytest.mark.parametrize("first,said", [("hurdle", "holds"), ("ce-quant", "does not hold")])
def test_the_ablation_identifies_the_decoder_that_is_first_most_often(first, said):
    assert verdict("hurdle-recommended", ablation(first)) == said


def swept(values: dict[str, float], metric: str = "fd", se: float = 0.01) -> Evidence:
    """FD of the mse decoder under AR by bottleneck."""
    rows = [(SCREEN, b, "ar", "mse", "", metric, v, v * se, 4) for b, v in values.items()]
    return Evidence(published=False, sizes=Scores(pd.DataFrame(rows, columns=TABLE)))


@pytest.mark.parametrize("wide,said", [(20.0, "holds"), (5.0, "does not hold"), (10.1, "not decided")])
def test_the_size_carried_forward_has_to_be_the_best(wide, said):
    assert verdict("table4-choice", swept({"fsq": 10.0, "fsq-wide": wide, "fsq-long": 30.0}), "FD") == said


def test_a_screen_without_other_sizes_decides_nothing():
    assert judged("table4-choice", swept({"fsq": 10.0}))[SCREEN, "FD"].verdict == "not decided"
