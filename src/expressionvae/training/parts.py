"""Results of batches, kept until all are there, so that a job that is killed between two goes on at the next."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from expressionvae.files import written


class Parts:
    """Arrays by number, in a folder that is no declared output of a rule (Snakemake deletes those of a failed job).

    Args:
        name: a fingerprint of everything that the arrays depend on: parts of another name are not taken up.
    """

    def __init__(self, folder: Path, name: str):
        self.folder, self.name = folder, name

    def take(self, number: int, make: Callable[[], np.ndarray]) -> np.ndarray:
        """The array of a number: the kept one, or else what `make` gives, which is kept."""
        path = self.folder / f"{self.name}-{number:06d}.npy"
        if path.exists():
            return np.load(path)
        made = make()
        with written(path) as temporary:
            np.save(temporary, made)
        return made


def seed_of(seed: int, number: int) -> int:
    """A seed for each batch, so that a batch is the same whichever were drawn before it."""
    return int(np.random.SeedSequence([seed, number]).generate_state(1, np.uint64)[0] >> 1)
