import pytest
import torch

from expressionvae.catalogue.priors import GAUSSIAN, PRIORS
from expressionvae.files import UserError
from expressionvae.nn.store import save
from expressionvae.priors.build import Blueprint, build, load
from tests import options
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
KINDS = {name: options.of_prior(name) for name in PRIORS}
KINDS["flow"]["standardise"] = True  # so that the moments of the latents count


@pytest.fixture(params=KINDS)
def blueprint(request) -> Blueprint:
    codes, channels = (0, 3) if PRIORS[request.param].bottleneck == GAUSSIAN else (8, 0)
    return Blueprint(["a", "ctrl"], ["T", "B"], "ctrl", 2, 5, codes, channels, SIZE, KINDS[request.param])


def test_a_saved_prior_samples_as_before(tmp_path, blueprint):
    torch.manual_seed(0)
    moments = torch.full((blueprint.channels,), 0.5), torch.full((blueprint.channels,), 2.0)
    prior = build(blueprint, torch.tensor([[1.0, 2.0], [0.0, 0.0]]), *moments).eval()
    save(tmp_path / "prior.pt", prior, blueprint, {})
    again, _ = load(tmp_path / "prior.pt", torch.device("cpu"))
    labels = torch.tensor([0, 1]), torch.tensor([1, 0])
    asked = options.of_sampling(blueprint.options["kind"])
    draws = [model.sample(*labels, torch.Generator().manual_seed(0), **asked) for model in (prior, again)]
    assert torch.equal(*draws) and not again.training


def test_another_file_is_refused_by_name(tmp_path):
    torch.save({"weights": {}}, tmp_path / "prior.pt")
    with pytest.raises(UserError, match=r"prior\.pt: not a prior"):
        load(tmp_path / "prior.pt", torch.device("cpu"))
