"""Pieces of unfinished work, kept until a job's last output is there, so that one that is killed goes on from them.

A piece is taken up only where it proves to be what was written, of the same name; any other is made again.
"""

import hashlib
import io
import logging
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np

from expressionvae.files import written

log = logging.getLogger(__name__)


class Pieces:
    """Pieces in a folder that is no declared output of a rule (Snakemake deletes those of a failed job).

    Args:
        name: a fingerprint of everything that the pieces depend on: those of another name are not taken up.
    """

    def __init__(self, folder: str | Path, name: str):
        self.folder, self.name = Path(folder), name

    def file(self, output: str | Path, write: Callable[[Path], object]) -> None:
        """Write an output: from its piece, or else as `write` does, which is given the path."""
        output = Path(output)

        def make() -> bytes:
            write(output)
            return output.read_bytes()

        content, kept = self._take(f"{output.parent.name}-{output.name}", make)
        if kept:
            log.info(f"{output}: an earlier attempt had come this far")
            with written(output) as temporary:
                temporary.write_bytes(content)

    def array(self, number: int, make: Callable[[], np.ndarray]) -> np.ndarray:
        """The array of a number: from its piece, or else what `make` gives."""

        def saved() -> bytes:
            room = io.BytesIO()
            np.save(room, make(), allow_pickle=False)
            return room.getvalue()

        content, _ = self._take(f"{number:06d}", saved)
        return np.load(io.BytesIO(content), allow_pickle=False)

    def forget(self) -> None:
        """Remove all pieces: for the job's end, when all outputs are there."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _take(self, key: str, make: Callable[[], bytes]) -> tuple[bytes, bool]:
        """Content of a piece, and whether it was there."""
        path = self.folder / f"{self.name}-{key}.piece"
        if path.exists():
            try:
                proof, _, content = path.read_bytes().partition(b"\n")
                if proof == self._proof(key, content):
                    return content, True
                why = "it is not what was written under this name"
            except OSError as error:
                why = str(error.strerror)
            log.warning(f"{path}: not taken up: {why}; kept as .damaged, and made again")
            path.replace(path.with_suffix(".damaged"))
        content = make()
        with written(path) as temporary:
            temporary.write_bytes(self._proof(key, content) + b"\n" + content)
        return content, False

    def _proof(self, key: str, content: bytes) -> bytes:
        """The piece's first line: of its name too, since a piece under another's name would be whole."""
        return hashlib.sha256(f"{self.name}-{key}\0".encode() + content).hexdigest().encode()
