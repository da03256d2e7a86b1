"""A training that is killed at any step goes on to the very weights of one that is not."""

import contract
import numpy as np
import pytest
import steps
import torch
from torch import nn

STEPS = 12


class Killed(BaseException):
    pass


def train(checkpoint, *, kill_at: int | None = None, fingerprint: str = "x", wanted: list[int] | None = None):
    """The weights after STEPS steps; `wanted` gets the numbers of those that are taken."""
    steps.settle(0, 1, "cpu")
    module = nn.Sequential(nn.Linear(5, 4), nn.BatchNorm1d(4), nn.Dropout(0.5), nn.Linear(4, 1))
    optimizer, rng = torch.optim.Adam(module.parameters(), lr=0.1), np.random.default_rng(0)

    def step(number: int) -> float:
        if number == kill_at:
            raise Killed
        if wanted is not None:
            wanted.append(number)
        loss = module(torch.from_numpy(rng.normal(size=(8, 5)).astype(np.float32))).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.item()

    steps.run(
        "toy", step, STEPS, module=module, optimizers=[optimizer], rng=rng, checkpoint=checkpoint,
        fingerprint=fingerprint, every=0,
    )  # fmt: skip
    return torch.cat([each.detach().flatten() for each in module.state_dict().values()])


@pytest.mark.parametrize("kill_at", [0, 1, 7, STEPS - 1])
def test_a_killed_training_goes_on_to_the_same_weights(kill_at, tmp_path):
    undisturbed = train(tmp_path / "a.pt")
    with pytest.raises(Killed):
        train(tmp_path / "b.pt", kill_at=kill_at)
    taken: list[int] = []
    assert torch.equal(train(tmp_path / "b.pt", wanted=taken), undisturbed)
    assert taken == list(range(kill_at, STEPS))


def test_a_checkpoint_of_another_training_is_not_used(tmp_path):
    undisturbed = train(tmp_path / "a.pt")
    taken: list[int] = []
    assert torch.equal(train(tmp_path / "a.pt", fingerprint="y", wanted=taken), undisturbed)
    assert len(taken) == STEPS


def test_a_damaged_checkpoint_is_said_and_not_used(tmp_path, capsys):
    undisturbed = train(tmp_path / "a.pt")
    whole = (tmp_path / "a.pt").read_bytes()
    (tmp_path / "a.pt").write_bytes(whole[: len(whole) // 2])
    assert torch.equal(train(tmp_path / "a.pt"), undisturbed)
    assert "not usable, the training starts again" in capsys.readouterr().err


def test_a_loss_that_is_no_number_ends_the_training(tmp_path):
    module, rng = nn.Linear(1, 1), np.random.default_rng(0)
    with pytest.raises(contract.Mistake, match="the loss is nan at step 3"):
        steps.run(
            "toy", lambda number: float("nan") if number == 2 else 1.0, 9, module=module, optimizers=[], rng=rng,
            checkpoint=tmp_path / "a.pt", fingerprint="",
        )  # fmt: skip


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_a_gpu_that_is_not_there_is_a_mistake():
    with pytest.raises(contract.Mistake, match="sees no GPU"):
        steps.settle(0, 1, "cuda")
