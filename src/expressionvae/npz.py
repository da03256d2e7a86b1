"""Arrays in our files, by name; to be called within `files.reading`. numpy alone: training reads them too."""

from pathlib import Path

import numpy as np
from numpy import ndarray

from expressionvae.files import require


def arrays(path: str | Path, *names: str) -> list[ndarray]:
    """Arrays of an .npz by name."""
    file = np.load(path, allow_pickle=False)
    require(isinstance(file, np.lib.npyio.NpzFile), "it is no .npz")
    with file:
        for name in names:
            require(name in file.files, f"{name!r} is missing; it has {', '.join(file.files)}")
        return [file[name] for name in names]
