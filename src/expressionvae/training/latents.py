"""The latents of the training cells, computed once for stage 2."""

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from expressionvae.files import written


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
        heldout_cell_type: the cell type of which combinations are held out; "" where none are.
    """

    values: np.ndarray
    codes: int
    perturbation: np.ndarray
    cell_type: np.ndarray
    perturbations: list[str]
    cell_types: list[str]
    panel_library: np.ndarray
    control: str
    heldout_cell_type: str = ""

    def save(self, path: str | Path) -> None:
        with written(path) as temporary:
            np.savez_compressed(temporary, **{f.name: getattr(self, f.name) for f in fields(self)})

    @classmethod
    def load(cls, path: str | Path) -> "Latents":
        with np.load(path) as file:
            arrays = {f.name: file[f.name] for f in fields(cls)}
        return cls(
            **{
                **arrays,
                "codes": int(arrays["codes"]),
                "control": str(arrays["control"]),
                "heldout_cell_type": str(arrays["heldout_cell_type"]),
                "perturbations": arrays["perturbations"].tolist(),
                "cell_types": arrays["cell_types"].tolist(),
            }
        )


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
