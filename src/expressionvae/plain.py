"""Files of torch that hold plain data (tensors, numbers, text) and no code, read without running any."""

import pickle
from pathlib import Path
from typing import Any

import torch


def load(path: str | Path, device: torch.device | str = "cpu", *, mmap: bool = False) -> Any:
    """What a file holds; to be called within `files.reading`.

    Raises:
        ValueError: if it holds anything else. What torch says then is how to run its code, which nobody should.
    """
    try:
        return torch.load(path, map_location=device, weights_only=True, mmap=mmap)
    except pickle.UnpicklingError:
        raise ValueError("refused: it is cut short, or holds more than tensors, numbers and text") from None
