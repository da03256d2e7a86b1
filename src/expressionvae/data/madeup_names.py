"""Names of made-up genes and targets, and what is known of their proteins."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from expressionvae.data.madeup_proteins import AMINO_ACIDS
from expressionvae.files import UserError


def target_names(target: str, perturbations: int, genes: int) -> list[str]:
    """Return the labels: symbols of the panel's first genes (target `gene`), or CYTO01, ... (`cytokine`)."""
    if target == "cytokine":
        return _numbered("CYTO", perturbations, 2)
    if perturbations > genes:
        raise UserError(f"config simulation.perturbations is {perturbations}, more than simulation.genes ({genes})")
    return gene_names(genes)[:perturbations]


def gene_names(genes: int) -> list[str]:
    """Return the panel: GENE0001, GENE0002, ..."""
    return _numbered("GENE", genes, 4)


def composition(sequences: Sequence[str]) -> Float[ndarray, "perturbation residue"]:
    """Share of each of the twenty amino acids in each protein."""
    counts = np.array([[sequence.count(letter) for letter in AMINO_ACIDS] for sequence in sequences], dtype=np.float64)
    return counts / counts.sum(axis=1, keepdims=True)


def _numbered(stem: str, number: int, digits: int) -> list[str]:
    digits = max(digits, len(str(number)))
    return [f"{stem}{index:0{digits}d}" for index in range(1, number + 1)]
