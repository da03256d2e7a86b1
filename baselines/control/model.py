"""Control as prediction: the control cell itself, whatever the perturbation."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Options:
    """It has none."""
