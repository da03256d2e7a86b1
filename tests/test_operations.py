import pytest
import torch
import yaml
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from expressionvae.operations import TRAINING, VaeOperations, prior_operations
from expressionvae.priors.build import Blueprint as PriorBlueprint
from expressionvae.priors.build import build as build_prior
from expressionvae.vae.build import Blueprint, build
from tests.conftest import REPOSITORY

CONFIG = yaml.safe_load((REPOSITORY / "config" / "config.yaml").read_text())
PAPER = CONFIG["vae"]["model"]


def test_operations_of_stage_1_are_those_of_the_paper_s_size():
    whole, lean = (
        VaeOperations.of(PAPER | {"decoder_self_attention": among}, 64, 2000).training_step(1)
        for among in (True, False)
    )
    assert whole == pytest.approx(TRAINING * 35.05e9, rel=0.01)
    assert (whole - lean) / whole == pytest.approx(0.587, abs=0.005)


def test_operations_of_stage_2_are_those_of_the_paper_s_size():
    assert prior_operations(CONFIG["prior"]["model"], 64, 512) == pytest.approx(1.43e9, rel=0.01)


def counted(work) -> int:
    """What torch counts; by the plain kernel, which computes nothing twice."""
    with FlopCounterMode(display=False) as counter, sdpa_kernel(SDPBackend.MATH):
        work()
    return counter.get_total_flops()


@pytest.mark.parametrize("among", [True, False])
@pytest.mark.parametrize("dropout", [0.0, 0.1])
def test_operations_of_a_step_of_stage_1_are_those_that_torch_counts(among, dropout):
    size = PAPER | {"width": 32, "heads": 2, "feedforward": 64, "decoder_self_attention": among, "dropout": dropout}
    bottleneck = {"kind": "fsq", "tokens": 8, "levels": [4, 4], "normalise": False}
    model = build(Blueprint([str(gene) for gene in range(60)], {"lower": [], "means": []}, size, bottleneck, "mse", {}))
    counts = torch.rand(6, 60) + 1  # all expressed: nothing to merge
    found = counted(lambda: model(counts, counts.sum(1))[0].backward())
    assert VaeOperations.of(size, 8, 60).training_step(6) == pytest.approx(found, rel=0.03)


@pytest.mark.parametrize("among", [True, False])
def test_operations_of_encoding_and_decoding_are_those_that_torch_counts(among):
    size = PAPER | {"width": 32, "heads": 2, "feedforward": 64, "decoder_self_attention": among}
    bottleneck = {"kind": "fsq", "tokens": 8, "levels": [4, 4], "normalise": False}
    model = build(
        Blueprint([str(gene) for gene in range(200)], {"lower": [], "means": []}, size, bottleneck, "mse", {})
    )
    counts, stated = torch.rand(6, 200) + 1, VaeOperations.of(size, 8, 200)
    model.eval()
    assert 6 * stated.encoder == pytest.approx(counted(lambda: model.states(counts, counts.sum(1))), rel=0.03)
    decoding = counted(lambda: model.decoder(torch.rand(6, 8, 32), model.genes))
    assert 6 * stated.decoder + stated.shared == pytest.approx(decoding, rel=0.01)


def test_operations_of_a_step_of_stage_2_are_those_that_torch_counts():
    size = CONFIG["prior"]["model"] | {"width": 64, "heads": 2, "layers": 3, "feedforward": 128}
    options = {"kind": "ar", "positions": True}
    model = build_prior(
        PriorBlueprint(["a", "b"], ["t"], "a", 4, 16, 32, 0, size, options), torch.rand(2, 4), *[torch.ones(0)] * 2
    )
    codes, labels = torch.randint(32, (6, 16)), torch.zeros(6, dtype=torch.long)
    found = counted(lambda: model(codes, labels, labels).backward())
    assert TRAINING * 6 * prior_operations(size, 16, 32) == pytest.approx(found, rel=0.03)
