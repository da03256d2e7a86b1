from dataclasses import dataclass

import pytest
import torch
from torch import nn

from expressionvae.files import UserError
from expressionvae.nn import store

CPU = torch.device("cpu")


@dataclass(frozen=True)
class Plan:
    width: int


def rebuild(saved):
    plan = Plan(**saved)
    return nn.Linear(plan.width, 1), plan


@pytest.fixture
def path(tmp_path):
    store.save(tmp_path / "model.pt", nn.Linear(3, 1), Plan(3), {"commit": "a"})
    return tmp_path / "model.pt"


def changed(path, **changes):
    torch.save({k: v for k, v in (torch.load(path) | changes).items() if v is not None}, path)
    return path


def test_what_is_saved_comes_back(path):
    model, plan = store.load(path, CPU, rebuild, "a model")
    assert plan == Plan(3) and not model.training and not model.weight.requires_grad


@pytest.mark.parametrize("architecture,named", [(None, 1), (store.ARCHITECTURE + 1, store.ARCHITECTURE + 1)])
def test_another_architecture_is_refused_in_one_line_that_says_to_train_anew(path, architecture, named):
    """Though weights and blueprint fit: dropout, activations and bounds are in neither. The first wrote no number."""
    with pytest.raises(UserError) as error:
        store.load(changed(path, architecture=architecture), CPU, rebuild, "a model")
    said = f"it is of architecture {named}, and this version has {store.ARCHITECTURE}"
    assert str(error.value) == f"{path}: not a model of this version: {said}; {store.TRAINED_ANEW}"


@pytest.mark.parametrize(
    "changes",
    [{"blueprint": {"width": 4}}, {"blueprint": {"depth": 3}}, {"blueprint": None}, {"weights": None}],
    ids=["another size", "another key", "no blueprint", "no weights"],
)
def test_what_does_not_fit_is_refused_in_one_line(path, changes):
    with pytest.raises(UserError, match=r"model\.pt: not a model") as error:
        store.load(changed(path, **changes), CPU, rebuild, "a model")
    assert "\n" not in str(error.value)


def test_an_absent_file_is_said_to_be_absent(tmp_path):
    with pytest.raises(UserError, match=r"none\.pt: no such file; expected a model"):
        store.load(tmp_path / "none.pt", CPU, rebuild, "a model")
