"""The mean change over all training cells: what it is told."""

from dataclasses import dataclass

from contract import require


@dataclass(frozen=True)
class Options:
    """Meaning and source: about.yaml."""

    target_sum: float

    def __post_init__(self) -> None:
        require(self, target_sum=(1, 1e9))
