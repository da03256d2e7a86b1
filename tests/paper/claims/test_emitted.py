import pytest

from expressionvae.paper.claims.evidence import Evidence, Pair
from tests.paper.claims.samples import SCREEN, evidence, judged, model, rivals, scores, verdict

PAIR = Pair("scvi", "scvi-sample", "scVI", "scVI (sample)")
OTHER = Pair("mine", "mine-drawn", "Mine", "Mine, drawn")


def of(mean: float, sample: float, metric: str = "fd", **more) -> Evidence:
    return evidence({("scvi", metric): mean, ("scvi-sample", metric): sample}, pairs=(PAIR,), **more)


@pytest.mark.parametrize(
    ("mean", "sample", "said"), [(9.0, 2.0, "holds"), (2.0, 9.0, "does not hold"), (2.0, 2.001, "not decided")]
)
@pytest.mark.parametrize(("metric", "part"), [("w2", "scVI, W₂"), ("mmd2", "scVI, MMD²"), ("fd", "scVI, FD")])
def test_the_mean_has_to_be_worse_than_samples_beyond_noise(mean, sample, said, metric, part):
    assert verdict("mean-or-sample", of(mean, sample, metric), part) == said


def test_one_replicate_decides_nothing():
    assert verdict("mean-or-sample", of(9.0, 2.0, n=1), "scVI, FD") == "not decided"


def test_every_pair_of_the_config_is_judged_whatever_its_name():
    cells = {
        (name, "fd"): value for name, value in (("scvi", 9.0), ("scvi-sample", 2.0), ("mine", 1.0), ("mine-drawn", 5.0))
    }
    found = judged("mean-or-sample", evidence(cells, pairs=(PAIR, OTHER)))
    assert {part: str(one.verdict) for (_, part), one in found.items() if one.numbers} == {
        "scVI, FD": "holds", "Mine, FD": "does not hold",
    }  # fmt: skip


def test_the_paper_has_one_row_of_each_so_that_its_numbers_decide_nothing():
    body = Evidence(published=True, scores=scores(rivals("fd", 9.0)), pairs=(PAIR,))
    found = judged("mean-or-sample", body)
    assert set(found) == {(SCREEN, f"scVI, {metric}") for metric in ("W₂", "MMD²", "FD")}
    assert {(str(one.verdict), one.reason) for one in found.values()} == {
        ("not decided", "the paper has one row of each baseline")
    }


def test_without_a_pair_one_line_says_so():
    assert judged("mean-or-sample", evidence(model("fd", 2.0)))[SCREEN, ""].reason.startswith(
        "no baseline has a row of"
    )


@pytest.mark.parametrize("claim", ["order-of-magnitude", "roughly-an-order", "lag-of-others"])
def test_beside_the_orders_of_magnitude_samples_are_named_and_not_counted(claim):
    cells = model("fd", 2.0) | rivals("fd", 90.0) | {("scvi-sample", "fd"): 3.0}
    found = judged(claim, evidence(cells, pairs=(PAIR,)))[SCREEN, "FD"]
    assert str(found.verdict) == "holds"
    assert "not counted, since the paper's row is of means: scVI (sample) is 1.5 times ours" in found.reason
