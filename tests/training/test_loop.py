from pathlib import Path

import pytest
import torch
from torch import nn

from expressionvae.training.loop import Trainer
from tests.training.test_plan import plan


class Killed(Exception):
    pass


def trainer(checkpoint: Path, dies_at: int | None = None) -> Trainer:
    """A regression with dropout, so that the random state matters."""
    torch.manual_seed(0)
    data = torch.randn(64, 3, generator=torch.Generator().manual_seed(1))
    model = nn.Sequential(nn.Linear(3, 8), nn.Dropout(0.5), nn.Linear(8, 1))
    made = 0

    def losses(cells):
        nonlocal made
        made += model.training
        if made == dies_at:
            raise Killed
        return {"loss": (model(data[cells]).squeeze(-1) - data[cells].sum(1)).square().mean()}

    return Trainer(model, losses, 64, plan(), seed=0, device=torch.device("cpu"), checkpoint=checkpoint)


def weights(trainer: Trainer) -> torch.Tensor:
    return torch.cat([parameter.flatten() for parameter in trainer.model.parameters()])


def test_a_killed_training_resumes_to_the_same_weights_and_losses(tmp_path):
    whole = trainer(tmp_path / "whole.pt")
    history = whole.run("test")
    with pytest.raises(Killed):
        trainer(tmp_path / "killed.pt", dies_at=57).run("test")
    resumed = trainer(tmp_path / "killed.pt")
    assert resumed.run("test") == history
    assert torch.equal(weights(resumed), weights(whole))


def test_the_same_seed_gives_the_same_weights(tmp_path):
    results = []
    for name in ("a.pt", "b.pt"):
        made = trainer(tmp_path / name)
        results.append((made.run("test"), weights(made)))
    assert results[0][0] == results[1][0] and torch.equal(results[0][1], results[1][1])


def test_the_loss_table_has_training_and_validation_rows(tmp_path):
    history = trainer(tmp_path / "x.pt").run("test")
    assert [row["step"] for row in history if row["split"] == "train"] == list(range(5, 101, 5))
    assert [row["step"] for row in history if row["split"] == "validation"] == list(range(10, 101, 10))
    assert history[-1]["loss"] < history[0]["loss"]
