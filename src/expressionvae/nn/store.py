"""A trained model to and from its file: weights, what is needed to build it again, and where it comes from."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import nn

from expressionvae import plain
from expressionvae.files import reading, require, written

# Raised when the architecture changes in a way that neither weights nor blueprint show, such as another activation.
ARCHITECTURE = 2
TRAINED_ANEW = "delete it, and the same command trains it anew"

Model = TypeVar("Model", bound=nn.Module)
Plan = TypeVar("Plan")


def save(path: str | Path, model: nn.Module, blueprint: Any, provenance: dict[str, Any]) -> None:
    """Write weights, blueprint (a dataclass) and provenance as one file of plain data."""
    with written(path) as temporary:
        payload = {"architecture": ARCHITECTURE, "weights": model.state_dict(), "blueprint": vars(blueprint)}
        torch.save(payload | {"provenance": provenance}, temporary)


def parameters(path: str | Path) -> int:
    """How many weights a saved model has."""
    with reading(path, "a trained model", TRAINED_ANEW):
        return sum(weight.numel() for weight in plain.load(path, mmap=True)["weights"].values())


def load(
    path: str | Path, device: torch.device, rebuild: Callable[[dict[str, Any]], tuple[Model, Plan]], what: str
) -> tuple[Model, Plan]:
    """Read a model, frozen and in evaluation mode, and its blueprint; `rebuild` makes both from the saved blueprint.

    Raises:
        UserError: if the file holds no such model, or one of another architecture.
    """
    with reading(path, f"{what} of this version", TRAINED_ANEW):
        payload = plain.load(path, device)
        require(isinstance(payload, dict), f"it holds a {type(payload).__name__}")
        saved, weights = payload["blueprint"], payload["weights"]
        architecture = payload.get("architecture", 1)
        require(
            architecture == ARCHITECTURE, f"it is of architecture {architecture}, and this version has {ARCHITECTURE}"
        )
        model, blueprint = rebuild(saved)
        model.load_state_dict(weights)
    return model.to(device).eval().requires_grad_(False), blueprint
