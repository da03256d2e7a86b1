"""Embeds a few proteins and trains a small VAE, as a job does, and prints a digest of each: bits.py THREADS FOLDER."""

import sys
from pathlib import Path

from expressionvae.console import reporting


def main(threads: int, folder: Path) -> None:
    import numpy as np
    from scipy import sparse

    from expressionvae.data.cells import Cells
    from expressionvae.data.compact import Compact
    from expressionvae.data.validation import Validation
    from expressionvae.proteins.esm import embed, load, tiny_esm2
    from expressionvae.provenance import fingerprint
    from expressionvae.training import stage1
    from expressionvae.training.device import use_threads
    from expressionvae.training.schedule import Schedule
    from expressionvae.vae.build import Blueprint

    use_threads(threads)
    random = np.random.default_rng(0)
    lengths = random.integers(40, 300, 12)
    proteins = ["".join(random.choice(list("ARNDCQEGHILKMFPSTWYV"), length)) for length in lengths]
    tiny_esm2(folder / "tiny.pt", layers=2, width=32, heads=4, seed=0)
    network = load(folder / "tiny.pt")
    embedding = embed(proteins, *network, tokens_per_batch=4096, device="cpu", precision="float32")

    counts = random.poisson(0.7, (160, 300)).astype(np.int32)
    labels = ["a"] * 160, ["ctrl", "x"] * 80
    genes = [f"G{number}" for number in range(300)]
    cells = Cells(Compact.of(sparse.csr_matrix(counts)), counts.sum(1).astype(np.float32), *labels, genes, "ctrl")
    size = dict(width=64, heads=4, feedforward=128, encoder_blocks=1, decoder_blocks=1, dropout=0.1)
    switches = {"context_norm": True, "decoder_self_attention": False, "slot_embedding": True}
    bottleneck = {"kind": "fsq", "tokens": 16, "levels": [8, 8, 8], "normalise": True}
    head = {"pace": 1.0, "max_dispersion": None}
    blueprint = Blueprint(genes, {"lower": [], "means": []}, size | switches, bottleneck, "nb", head)
    schedule = Schedule(3, 64, 1e-3, 1e-3, 2, 1.0, validate_every=3, log_every=3, checkpoint_every=3, compile=None)
    apart = Validation(combinations=0.05, cells=0.1, seed=0)
    options = {"validation": apart, "seed": 0, "version": 1, "checkpoints": folder / "checkpoints"}
    model, _ = stage1.train(cells, blueprint, schedule, **options)
    print("bits", fingerprint(embedding), fingerprint(*(weight.numpy() for weight in model.state_dict().values())))


if __name__ == "__main__":
    folder = Path(sys.argv[2])
    folder.mkdir()
    with reporting(folder / "log"):
        main(int(sys.argv[1]), folder)
