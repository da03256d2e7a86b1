"""A trained model to and from its file: weights, what is needed to build it again, and where it comes from."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import nn

from expressionvae.files import UserError, first_line, written

# Raised when the architecture changes in a way that neither weights nor blueprint show, such as another activation.
ARCHITECTURE = 2

Model = TypeVar("Model", bound=nn.Module)
Plan = TypeVar("Plan")


def save(path: str | Path, model: nn.Module, blueprint: Any, provenance: dict[str, Any]) -> None:
    """Write weights, blueprint (a dataclass) and provenance as one file of plain data."""
    with written(path) as temporary:
        payload = {"architecture": ARCHITECTURE, "weights": model.state_dict(), "blueprint": vars(blueprint)}
        torch.save(payload | {"provenance": provenance}, temporary)


def parameters(path: str | Path) -> int:
    """How many weights a saved model has."""
    payload = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    return sum(weight.numel() for weight in payload["weights"].values())


def load(
    path: str | Path, device: torch.device, rebuild: Callable[[dict[str, Any]], tuple[Model, Plan]], what: str
) -> tuple[Model, Plan]:
    """Read a model, frozen and in evaluation mode, and its blueprint; `rebuild` makes both from the saved blueprint.

    Raises:
        UserError: if the file holds no such model, or one of another architecture.
    """
    try:
        payload = torch.load(path, map_location=device, weights_only=True)
        saved, weights = payload["blueprint"], payload["weights"]
    except FileNotFoundError:
        raise
    except Exception as error:
        raise UserError(f"{path}: not {what} ({first_line(error)})") from error
    architecture = payload.get("architecture", 1)
    if architecture != ARCHITECTURE:
        raise UserError(
            f"{path}: {what} of architecture {architecture}, and this version has {ARCHITECTURE}: "
            "remove the file and ask for it again, so that it is trained anew"
        )
    try:
        model, blueprint = rebuild(saved)
        model.load_state_dict(weights)
    except Exception as error:
        raise UserError(f"{path}: not {what} of this version ({first_line(error)})") from error
    return model.to(device).eval().requires_grad_(False), blueprint
