"""The latents of the training cells, computed once for stage 2."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from expressionvae import npz
from expressionvae.files import reading, require, written


@dataclass(frozen=True)
class Latents:
    """What stage 2 and decoding know of the training cells: latents, labels and library sizes, but no gene.

    Attributes:
        values: codes [cell token] or Gaussian means [cell token channel].
        codes: codebook size K; 0 for Gaussian latents.
        perturbation, cell_type: index of each cell's label.
        perturbations, cell_types: the labels.
        panel_library: sum of each cell's counts over the genes of the model.
        control: label of the control.
        heldout_cell_types: those of which combinations are held out.
    """

    values: np.ndarray
    codes: int
    perturbation: np.ndarray
    cell_type: np.ndarray
    perturbations: list[str]
    cell_types: list[str]
    panel_library: np.ndarray
    control: str
    heldout_cell_types: Sequence[str] = ()

    def save(self, path: str | Path) -> None:
        arrays: dict[str, Any] = {field.name: getattr(self, field.name) for field in fields(self)}
        arrays["heldout_cell_types"] = np.array(self.heldout_cell_types, dtype=str)  # also where there are none
        with written(path) as temporary:
            np.savez_compressed(temporary, **arrays)

    @classmethod
    def load(cls, path: str | Path) -> "Latents":
        """Read what `save` wrote. Raises UserError when it did not."""
        names = [field.name for field in fields(cls)]
        with reading(path, "the latents of training cells"):
            arrays = dict(zip(names, npz.arrays(path, *names), strict=True))
            latents = cls(
                **{
                    **arrays,
                    "codes": int(arrays["codes"]),
                    "control": str(arrays["control"]),
                    "heldout_cell_types": arrays["heldout_cell_types"].tolist(),
                    "perturbations": arrays["perturbations"].tolist(),
                    "cell_types": arrays["cell_types"].tolist(),
                }
            )
            check(latents.values, latents.codes)
            latents._check_labels()
        return latents

    def _check_labels(self) -> None:
        cells = len(self.values)
        for name, labels in (("perturbation", self.perturbations), ("cell_type", self.cell_types)):
            index = getattr(self, name)
            require(index.dtype.kind in "iu" and index.shape == (cells,), f"{name} is not one number a cell")
            require(index.min() >= 0 and index.max() < len(labels), f"{name} numbers labels that it lacks")
        require(self.control in self.perturbations, f"control {self.control!r} is none of its labels")
        library = self.panel_library
        sound = library.shape == (cells,) and np.isfinite(library).all() and (library >= 0).all()
        require(sound, "panel_library is not one size a cell, 0 or more")


def check(values: np.ndarray, codes: int) -> None:
    """Raise ValueError unless values are codes below `codes` [cell token], or where it is 0 finite numbers
    [cell token channel]."""
    require(len(values) > 0, "it holds no cell")
    if codes:
        require(values.dtype.kind in "iu" and values.ndim == 2, "its values are no codes [cell token]")
        require(values.min() >= 0 and values.max() < codes, f"it holds the code {values.max()}, of {codes}")
    else:
        require(values.dtype.kind == "f" and values.ndim == 3, "its values are no numbers [cell token channel]")
        require(np.isfinite(values).all(), "it holds numbers that are not finite")


def numbers(labels: Sequence[str], known: Sequence[str]) -> np.ndarray:
    """The place of each label among those that are known. Raises KeyError for another."""
    place = {label: number for number, label in enumerate(known)}
    return np.array([place[label] for label in labels], np.int32)


def save_sampled(path: str | Path, values: np.ndarray) -> None:
    """Write the latents of one cell for each row of the query."""
    with written(path) as temporary:
        np.savez_compressed(temporary, values=values)


def read_sampled(path: str | Path, cells: int, like: Latents) -> np.ndarray:
    """Read what `save_sampled` wrote: latents of so many cells, of the same kind as those of the training cells.

    Raises:
        UserError: if the file holds something else.
    """
    with reading(path, "the sampled latents of the cells to predict"):
        (values,) = npz.arrays(path, "values")
        check(values, like.codes)
        require(len(values) == cells, f"it holds {len(values)} cells for a query of {cells}")
        found, expected = values.shape[1:], like.values.shape[1:]
        require(found == expected, f"a cell has the shape {found}, and training cells {expected}")
    return values


def code_type(codes: int) -> np.dtype:
    """The integers that codes 0 to K - 1 are kept in: uint16 would keep code 65,536 as 0."""
    return np.dtype(np.uint16 if codes <= 2**16 else np.uint32)


USAGE = ["codes", "used", "perplexity", "token_perplexity"]


def usage(latents: Latents) -> dict[str, float | int]:
    """What the training cells use of the codebook, by the names of USAGE; only of FSQ latents.

    codes: its size K; used: codes that some cell has at some token; perplexity: over all cells and tokens;
    token_perplexity: that of each token by itself, averaged over tokens.
    """
    values, size = latents.values, latents.codes
    assert size, "Gaussian latents have no codes"
    by_token = [perplexity(values[:, token], size) for token in range(values.shape[1])]
    numbers = (size, len(np.unique(values)), perplexity(values, size), float(np.mean(by_token)))
    return dict(zip(USAGE, numbers, strict=True))


def perplexity(codes: np.ndarray, size: int) -> float:
    """exp of the entropy of code usage over all cells and tokens: how many codes are in use, weighted."""
    share = np.bincount(codes.ravel(), minlength=size) / codes.size
    share = share[share > 0]
    return float(np.exp(-(share * np.log(share)).sum()))
