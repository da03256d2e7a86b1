"""Score files, kept until a job's last is there, so that a job that is killed between two goes on at the next."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from expressionvae.files import digest, written
from expressionvae.metrics.scores import write_scores
from expressionvae.provenance import fingerprint


class Kept:
    """Score files of one job, each kept in a folder `kept` beside its own: Snakemake deletes outputs of a failed job.

    Args:
        files: what is scored and what it is scored against: files of other contents are not taken up.
        others: everything else that scores depend on, as plain data.
    """

    def __init__(self, files: Sequence[str | Path], *others: Any):
        self.name = fingerprint(*(digest(path, "sha256") for path in files), *others)
        self.folders: set[Path] = set()

    def write(
        self, output: str | Path, score: Callable[..., Sequence[Mapping]], *arguments: Any, columns: Sequence[str]
    ) -> None:
        """Write the rows that `score(*arguments)` gives, or else those that an earlier attempt has left."""
        output = Path(output)
        folder = output.parent / "kept"
        self.folders.add(folder)
        kept = folder / f"{self.name}-{output.name}"
        if kept.exists():
            print(f"{output}: an earlier attempt had come this far")
        else:
            write_scores(score(*arguments), kept, columns=columns)
        with written(output) as temporary:
            shutil.copyfile(kept, temporary)

    def forget(self) -> None:
        """Remove what is kept: for the job's end, when all outputs are there."""
        for folder in self.folders:
            shutil.rmtree(folder)
