"""The table of embedded proteins (`proteins.npz`)."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from expressionvae import npz
from expressionvae.arrays import ProteinEmbedding
from expressionvae.files import reading, require, written


@dataclass(frozen=True)
class Proteins:
    """`proteins.npz`: one row of `embedding` a symbol; `missing` was asked for and has no sequence."""

    symbols: list[str]
    embedding: ProteinEmbedding
    n_residues: list[int]
    missing: list[str]

    def told(self) -> dict[str, str]:
        """By symbol what tells a protein from others: its vector, in hexadecimals."""
        return {symbol: vector.tobytes().hex() for symbol, vector in zip(self.symbols, self.embedding, strict=True)}

    def save(self, path: str | Path) -> None:
        """Write the four arrays; strings are stored without pickle."""
        with written(path) as tmp:
            np.savez(
                tmp,
                symbols=np.array(self.symbols, dtype=str),
                embedding=self.embedding.astype(np.float32),
                n_residues=np.array(self.n_residues, dtype=int),
                missing=np.array(self.missing, dtype=str),
            )


def read_proteins(path: str | Path) -> Proteins:
    """Read `proteins.npz`. Raises: UserError when it is not one."""
    with reading(path, "a table of protein embeddings"):
        symbols, embedding, n_residues, missing = npz.arrays(path, "symbols", "embedding", "n_residues", "missing")
        require(embedding.dtype.kind == "f" and embedding.ndim == 2, "embedding is no matrix of numbers")
        require(len(symbols) == len(set(symbols.tolist())), "it has a symbol twice")
        require(len(embedding) == len(symbols) == len(n_residues), "its arrays differ in length")
        require(np.isfinite(embedding).all(), "embedding holds numbers that are not finite")
    return Proteins(symbols.tolist(), embedding, n_residues.tolist(), missing.tolist())
