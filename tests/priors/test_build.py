import pytest
import torch

from expressionvae.files import UserError
from expressionvae.nn.store import save
from expressionvae.priors.build import Blueprint, build, load
from tests.nn.test_dit import AUTHORS

SIZE = {
    "width": 16,
    "heads": 2,
    "layers": 1,
    "feedforward": 32,
    "dropout": 0.0,
    "standardise_embedding": True,
    "two_layer_condition": False,
    "zero_control": False,
    **AUTHORS,
}
KINDS = {
    "ar": {"kind": "ar", "positions": False},
    "mdlm": {"kind": "mdlm", "t_eps": 0.005, "time_scale": 1000.0},
    "flow": {"kind": "flow", "time_scale": 1.0, "standardise": True},
}


@pytest.fixture(params=KINDS)
def blueprint(request) -> Blueprint:
    codes, channels = (0, 3) if request.param == "flow" else (8, 0)
    return Blueprint(["a", "ctrl"], ["T", "B"], "ctrl", 2, 5, codes, channels, SIZE, KINDS[request.param])


def test_a_saved_prior_samples_as_before(tmp_path, blueprint):
    torch.manual_seed(0)
    moments = torch.full((blueprint.channels,), 0.5), torch.full((blueprint.channels,), 2.0)
    prior = build(blueprint, torch.tensor([[1.0, 2.0], [0.0, 0.0]]), *moments).eval()
    save(tmp_path / "prior.pt", prior, blueprint, {})
    again, _ = load(tmp_path / "prior.pt", torch.device("cpu"))
    labels = torch.tensor([0, 1]), torch.tensor([1, 0])
    options = {} if blueprint.options["kind"] == "ar" else {"steps": 4}
    draws = [model.sample(*labels, torch.Generator().manual_seed(0), **options) for model in (prior, again)]
    assert torch.equal(*draws) and not again.training


def test_another_file_is_refused_by_name(tmp_path):
    torch.save({"weights": {}}, tmp_path / "prior.pt")
    with pytest.raises(UserError, match=r"prior\.pt: not a prior"):
        load(tmp_path / "prior.pt", torch.device("cpu"))
