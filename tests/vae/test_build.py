import pytest
import torch

from expressionvae.files import UserError
from expressionvae.nn.store import save
from expressionvae.vae.build import build, build_bottleneck, load


def test_a_saved_model_comes_back_frozen_and_in_evaluation_mode(tmp_path, of_each_head):
    model = build(of_each_head)
    save(tmp_path / "vae.pt", model, of_each_head, {})
    again, blueprint = load(tmp_path / "vae.pt", torch.device("cpu"))
    assert blueprint == of_each_head and not again.training
    assert not any(parameter.requires_grad for parameter in again.parameters())
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), again.parameters(), strict=True))


def test_another_file_is_refused_by_name(tmp_path):
    (tmp_path / "vae.pt").write_bytes(b"not a model")
    with pytest.raises(UserError, match=r"vae\.pt: not an ExpressionVAE"):
        load(tmp_path / "vae.pt", torch.device("cpu"))


def test_a_codebook_that_no_prior_can_draw_from_is_refused_before_training():
    options = {"kind": "fsq", "tokens": 2, "levels": [4096, 4096, 2], "normalise": True}
    with pytest.raises(UserError, match="levels is .4096, 4096, 2., a codebook of 33,554,432 codes; .* 16,777,216"):
        build_bottleneck(8, options)
