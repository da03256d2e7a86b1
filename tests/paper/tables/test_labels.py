from expressionvae.catalogue.items import ITEMS
from expressionvae.paper.tables.labels import Key, labels, levels
from tests.paper.samples import BOTTLENECKS, PRIORS


def texts(item: str, *keys: Key, bottlenecks=BOTTLENECKS, priors=PRIORS) -> list[str]:
    return [" ".join(named) for named, _ in labels(ITEMS[item], keys, bottlenecks, priors).values()]


def test_l_and_k_stand_only_where_there_is_something_to_tell_apart():
    keys = (("fsq", "ar", "mse", ""), ("fsq-128", "ar", "mse", ""), ("fsq", "ar", "nb-deter", ""))
    assert texts("table4", *keys) == ["AR-FSQ-MSE L=64, K=512", "AR-FSQ-MSE L=128, K=512", "AR-FSQ-NB"]


def test_a_lone_configuration_still_finds_the_papers_numbers_of_its_size():
    named = labels(ITEMS["table4"], [("fsq", "ar", "mse", "")], BOTTLENECKS, PRIORS)
    texts, printed = named[("fsq", "ar", "mse", "")]
    assert texts == ("AR-FSQ-MSE",)
    assert printed == (("AR-FSQ-MSE", ""), ("AR-FSQ-MSE L=64, K=512", ""))


def test_one_of_several_sizes_is_never_taken_for_the_papers_unsized_row():
    keys = [(bottleneck, "ar", "nb-deter", "") for bottleneck in ("fsq", "fsq-128")]
    named = labels(ITEMS["table4"], keys, BOTTLENECKS, PRIORS)
    assert ("AR-FSQ-NB", "") not in [who for _, printed in named.values() for who in printed]


def test_bottlenecks_of_one_size_are_told_apart_by_name():
    twice = BOTTLENECKS | {"fsq-norm": BOTTLENECKS["fsq"] | {"normalise": True}}
    keys = [(bottleneck, "ar", "mse", "") for bottleneck in ("fsq", "fsq-norm")]
    assert texts("table4", *keys, bottlenecks=twice) == [
        "AR-FSQ-MSE L=64, K=512 (fsq)", "AR-FSQ-MSE L=64, K=512 (fsq-norm)",
    ]  # fmt: skip


def test_a_gaussian_has_channels_and_no_codebook():
    wide = BOTTLENECKS | {"wide": {"kind": "gaussian", "tokens": 64, "channels": 16}}
    keys = [(bottleneck, "flow", "mse", "") for bottleneck in ("gaussian", "wide")]
    assert texts("table4", *keys, bottlenecks=wide) == ["Flow-Gaussian-MSE L=64, d=8", "Flow-Gaussian-MSE L=64, d=16"]


def test_both_nb_decoders_have_labels_of_their_own():
    keys = [("fsq", "ar", decoder, "") for decoder in ("nb-deter", "nb-sample")]
    assert texts("table4", *keys) == ["AR-FSQ-NB", "AR-FSQ-NB-sample"]


def test_a_lone_prior_of_its_kind_needs_no_steps():
    assert texts("table6", ("fsq", "mdlm", "mse", "")) == ["MDLM mse"]
    assert texts("table6", ("fsq", "mdlm-32", "mse", "")) == ["MDLM, 32 steps mse"]


def test_priors_of_one_kind_and_as_many_steps_are_told_apart_by_name():
    priors = PRIORS | {"mdlm-eps": {"kind": "mdlm", "steps": 128}}
    keys = [("fsq", prior, "mse", "") for prior in ("mdlm", "mdlm-eps")]
    assert texts("mdlm-steps", *keys, priors=priors) == [
        "MDLM, 128 steps (mdlm) mse", "MDLM, 128 steps (mdlm-eps) mse",
    ]  # fmt: skip


def test_a_bottleneck_is_named_where_its_prior_was_run_on_several():
    keys = (("fsq", "ar", "mse", ""), ("fsq-128", "ar", "mse", ""), ("gaussian", "flow", "mse", ""))
    assert texts("table6", *keys) == ["AR (fsq) mse", "AR (fsq-128) mse", "Flow mse"]


def test_names_that_the_config_does_not_describe_stand_as_they_are():
    assert texts("table4", ("b", "p", "d", ""), bottlenecks={}, priors={}) == ["p-b-d"]


def test_a_table_named_by_codebooks_says_which_levels_they_have():
    wide = BOTTLENECKS | {"wide": {"kind": "fsq", "tokens": 64, "levels": [8, 5, 5, 5]}}
    keys = [(bottleneck, "ar", "mse", "") for bottleneck in ("wide", "fsq", "gaussian", "")]
    said = levels(ITEMS["table4"], keys, wide)
    assert said == ["FSQ levels: K = 512 is 8 × 8 × 8; K = 1,000 is 8 × 5 × 5 × 5."]
    assert levels(ITEMS["table6"], keys, wide) == levels(ITEMS["table4"], keys[2:], wide) == []
