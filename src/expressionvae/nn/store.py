"""A trained model to and from its file: weights, what is needed to build it again, and where it comes from."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import nn

from expressionvae import plain
from expressionvae.files import reading, require, written

Model = TypeVar("Model", bound=nn.Module)
Plan = TypeVar("Plan")


def save(path: str | Path, model: nn.Module, blueprint: Any, provenance: dict[str, Any]) -> None:
    """Write weights, blueprint (a dataclass) and provenance as one file of plain data."""
    with written(path) as temporary:
        torch.save({"weights": model.state_dict(), "blueprint": vars(blueprint), "provenance": provenance}, temporary)


def load(
    path: str | Path, device: torch.device, rebuild: Callable[[dict[str, Any]], tuple[Model, Plan]], what: str
) -> tuple[Model, Plan]:
    """Read a model, frozen and in evaluation mode, and its blueprint; `rebuild` makes both from the saved blueprint.

    Raises:
        UserError: if the file holds no such model.
    """
    with reading(path, f"{what} written by this version"):
        payload = plain.load(path, device)
        require(isinstance(payload, dict), f"it holds a {type(payload).__name__}")
        model, blueprint = rebuild(payload["blueprint"])
        model.load_state_dict(payload["weights"])
    return model.to(device).eval().requires_grad_(False), blueprint
