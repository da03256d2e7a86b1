"""One card per choice: what a head, a prior, a metric or an item is, written once and read by everything else.

Plain literals of the standard library; nothing is imported for its effect, and no model is loaded to read a card.
"""

from importlib import import_module
from typing import Any


def load(path: str) -> Any:
    """The class or function that a card names: "package.module.name"."""
    module, _, name = path.rpartition(".")
    return getattr(import_module(module), name)
