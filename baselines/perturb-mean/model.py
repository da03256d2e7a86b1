"""PerturbMean, whose one implementation is the project's own: what it is told."""

from dataclasses import dataclass

from contract import require

VERSION = 1  # to be raised when the library's PerturbMean changes: the workflow runs again what changes in this folder


@dataclass(frozen=True)
class Options:
    """Meaning and source: about.yaml."""

    target_sum: float

    def __post_init__(self) -> None:
        require(self, target_sum=(1, 1e9))
