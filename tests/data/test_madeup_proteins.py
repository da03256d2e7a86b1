import numpy as np

from expressionvae.data.madeup_proteins import write_proteins
from expressionvae.proteins.fasta import read_fasta


def test_proteins_differ_in_length_and_composition(tmp_path):
    targets = [f"GENE{i:04d}" for i in range(1, 41)]
    options = dict(length_median=400, length_sigma=0.6, length_max=1200, composition=60.0, seed=0)
    for name in ("one.fasta", "two.fasta"):
        write_proteins(tmp_path / name, targets, **options)
    assert (tmp_path / "one.fasta").read_text() == (tmp_path / "two.fasta").read_text()
    sequences = read_fasta(tmp_path / "one.fasta").sequences
    lengths = [len(sequence) for sequence in sequences.values()]
    assert list(sequences) == targets and 250 < np.median(lengths) < 600 and max(lengths) <= 1200
    leucine = [sequence.count("L") / len(sequence) for sequence in sequences.values()]
    assert np.std(leucine) > 0.02
