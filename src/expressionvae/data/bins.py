"""The bins of the categorical head: counts to bins and back (the paper's "Quantile binning")."""

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import cast

import numpy as np
from scipy.sparse import csr_matrix

from expressionvae.arrays import Bins as BinIds
from expressionvae.arrays import CountsColumn
from expressionvae.files import UserError, reading, require, written
from expressionvae.provenance import fingerprint


@dataclass(frozen=True)
class Bins:
    """Half-open bins [lower[k], lower[k + 1]) of raw counts; the last one has no upper end.

    lower: smallest count of each bin, rising, the first 0.
    mean: mean of the training counts in each bin, zeros included (its lower edge where no count fell). The ce head
        decodes to it, not to the middle of the bin.
    n: how many training counts fell in each bin.
    """

    lower: tuple[int, ...]
    mean: tuple[float, ...]
    n: tuple[int, ...]

    def tokenise(self, counts: CountsColumn) -> BinIds:
        """Return the bin of each count, in the shape of `counts`."""
        return tokenise(counts, self.lower)

    def save(self, path: str | Path) -> None:
        """Write the three lists as JSON, with a checksum of them."""
        with written(path) as temporary:
            content = {**asdict(self), "fingerprint": fingerprint(asdict(self))}
            temporary.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: str | Path) -> "Bins":
        """Read what `save` wrote. Raises UserError when it did not."""
        with reading(path, "the bins of a screen's counts (lower, mean, n)"):
            content = json.loads(Path(path).read_text(encoding="utf-8"))
            require(isinstance(content, dict), f"it holds a {type(content).__name__}")
            bins = cls(**{field.name: tuple(content[field.name]) for field in fields(cls)})
            require(len(bins.lower) == len(bins.mean) == len(bins.n) > 0, "its lists differ in length, or are empty")
            require(rises(bins.lower), "its lower edges do not rise from 0")
            sound = np.isfinite(bins.mean).all() and min(bins.mean) >= 0 and min(bins.n) >= 0
            require(sound, "a mean or a number of counts is none")
            stated = content.get("fingerprint")  # files of before have none
            require(stated in (None, fingerprint(asdict(bins))), "its content has changed since it was written")
        return bins


def tokenise(counts: CountsColumn, lower: tuple[int, ...]) -> BinIds:
    """Return the index of the last lower edge that is not above each count."""
    return np.searchsorted(np.asarray(lower), counts, side="right") - 1


def rises(lower: tuple[int, ...]) -> bool:
    """Whether edges start at 0 and rise."""
    return bool(lower) and lower[0] == 0 and all(a < b for a, b in zip(lower, lower[1:], strict=False))


def fit(counts: csr_matrix, lower: tuple[int, ...]) -> Bins:
    """Return bins that decode to the conditional means of `counts` (training cells x genes, raw).

    Raises UserError when the edges do not rise from 0.
    """
    if not rises(lower):
        raise UserError(f"config bins.lower is {list(lower)}: the edges must start at 0 and rise")
    bins = tokenise(counts.data, lower)
    n = np.bincount(bins, minlength=len(lower))
    total = np.bincount(bins, weights=counts.data, minlength=len(lower))
    cells, genes = cast(tuple[int, int], counts.shape)
    n[0] += cells * genes - counts.nnz  # the zeros that a sparse matrix leaves out
    mean = np.where(n > 0, total / np.maximum(n, 1), lower)
    return Bins(lower=tuple(int(edge) for edge in lower), mean=tuple(mean.tolist()), n=tuple(n.tolist()))
