from dataclasses import replace

import pytest

from expressionvae.catalogue.heads import HEADS
from expressionvae.vae.build import Blueprint
from tests import options

FSQ = {"kind": "fsq", "tokens": 4, "levels": [8, 8, 8], "normalise": False}
GAUSSIAN = {"kind": "gaussian", "tokens": 4, "channels": 3, "beta": 2e-6}


@pytest.fixture
def blueprint() -> Blueprint:
    """A small model of 20 genes."""
    size = {
        "width": 16,
        "heads": 2,
        "feedforward": 32,
        "encoder_blocks": 1,
        "decoder_blocks": 1,
        "dropout": 0.0,
    }
    switches = {"context_norm": True, "decoder_self_attention": True, "slot_embedding": True}
    return Blueprint(
        genes=[f"G{i}" for i in range(20)],
        bins={"lower": [0, 1, 2, 3, 4, 8], "means": [0.0, 1.0, 2.0, 3.0, 5.2, 11.0]},
        size=size | switches,
        bottleneck=FSQ,
        head="ce",
        head_options={},
    )


@pytest.fixture(params=HEADS)
def of_each_head(request, blueprint) -> Blueprint:
    return replace(blueprint, head=request.param, head_options=options.of_head(request.param))
