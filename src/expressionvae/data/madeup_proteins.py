"""Random proteins for the targets of a made-up screen."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from expressionvae.files import written

AMINO_ACIDS = "ARNDCQEGHILKMFPSTWYV"
# Share of each in 2,285 human proteins (STRING, by way of GNN_PPI), per cent.
SHARES = (7.3, 5.7, 3.7, 4.8, 2.3, 4.6, 6.9, 6.7, 2.6, 4.4, 10.1, 5.6, 2.1, 3.8, 6.2, 8.1, 5.3, 1.2, 2.7, 6.1)


def write_proteins(
    path: str | Path,
    targets: Sequence[str],
    *,
    length_median: int,
    length_sigma: float,
    length_max: int,
    composition: float,
    seed: int,
) -> None:
    """Write a FASTA file with a random protein for each target, under its symbol.

    Lengths are log-normal (sd `length_sigma` of the log) and cut at `length_max`. Each protein has its own
    composition of amino acids, Dirichlet about that of human proteins with total concentration `composition`
    (smaller: proteins differ more), so that means over residues differ.
    """
    generator = np.random.default_rng([seed, 3])
    shares = np.array(SHARES) / sum(SHARES)
    with written(path) as temporary, open(temporary, "w", encoding="utf-8") as file:
        for symbol in targets:
            length = int(np.clip(length_median * np.exp(generator.normal(0, length_sigma)), 20, length_max))
            residues = generator.choice(list(AMINO_ACIDS), size=length - 1, p=generator.dirichlet(composition * shares))
            sequence = "M" + "".join(residues)
            lines = [sequence[start : start + 60] for start in range(0, length, 60)]
            file.write("\n".join([f">{symbol} made-up len={length}", *lines]) + "\n")
