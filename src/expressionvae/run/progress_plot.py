"""The losses of a training that goes on, so that a bad one is seen before its end."""

import logging
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from expressionvae.files import written

log = logging.getLogger(__name__)


class ProgressPlot:
    """Called with a loss table as it grows, keeps `progress.csv` and `progress.png` in a folder, now and then.

    Args:
        folder: no declared output of a rule, like the checkpoints, since Snakemake deletes those when a job fails.
        every: fewest seconds between two; a training that takes less has its plot at the end alone.
    """

    def __init__(self, folder: str | Path, every: float = 60.0):
        self.folder, self.every, self.last = Path(folder), every, time.monotonic()

    def __call__(self, history: Sequence[Mapping[str, float | int | str]]) -> None:
        if time.monotonic() - self.last < self.every:
            return
        try:
            self._write(history)
        except OSError as error:  # a full disk is no reason to end the training here
            log.warning(f"{self.folder}: no progress written: {error.strerror}")
        self.last = time.monotonic()

    def _write(self, history: Sequence[Mapping[str, float | int | str]]) -> None:
        # A second to load both, which a short training need not spend.
        import pandas as pd

        from expressionvae.run.losses import draw

        losses = pd.DataFrame(history)
        with written(self.folder / "progress.csv") as temporary:
            losses.to_csv(temporary, index=False)
        title = f"{self.folder.parent}, after step {losses['step'].iloc[-1]:,}"
        with written(self.folder / "progress.png") as temporary:
            draw(losses, title).savefig(temporary, dpi=100)
