"""ESM2, the protein language model: its own checkpoint files in, one vector a protein out.

Lin et al. 2023 (doi:10.1126/science.ade2574); weights and code: https://github.com/facebookresearch/esm.
The paper embeds a perturbed gene as the mean over residues of ESM2-3B's last layer; which model runs here is
only a matter of the checkpoint, whose file states its own depth, width and heads.
"""

import argparse
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from esm import Alphabet
from esm.model.esm2 import ESM2
from esm.pretrained import load_model_and_alphabet_core
from jaxtyping import Float
from numpy import ndarray

from expressionvae import plain
from expressionvae.arrays import ProteinEmbedding
from expressionvae.files import UserError, reading, reason, require, written
from expressionvae.progress import Progress
from expressionvae.proteins.embedded import Proteins
from expressionvae.proteins.esm_files import regression_path

WINDOW = 1022  # residues: ESM2 was trained on crops of 1,024 tokens, two of which mark beginning and end
PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
Share = Float[ndarray, "residue"]
CFG = ("encoder_layers", "encoder_embed_dim", "encoder_attention_heads", "token_dropout")


def load(checkpoint: str | Path) -> tuple[ESM2, Alphabet]:
    """Load an ESM2 checkpoint in fair-esm's file format, and its contact regression, from local files only.

    The files are read weights-only: a pickle that carries code is refused, never run.
    Raises: UserError naming the file that is missing, unsafe, cut short or not an ESM2 checkpoint.
    """
    data, regression = _read(checkpoint), _read(regression_path(checkpoint))
    try:
        cfg = data["cfg"]["model"]
        absent = [name for name in CFG if not hasattr(cfg, name)]
    except (KeyError, TypeError):
        absent = ["cfg"]
    if absent or "model" not in data or "model" not in regression:
        raise UserError(f"{checkpoint}: not an ESM2 checkpoint (no {absent or 'model'}), as esm2_t36_3B_UR50D.pt is")
    try:
        # fair-esm picks the family by the file's name; ours may have any name, and its content said ESM2
        model, alphabet = load_model_and_alphabet_core("esm2", data, regression)
    except RuntimeError as error:
        raise UserError(f"{checkpoint}: its weights do not fit its own cfg: {reason(error)}") from None
    return model.eval(), alphabet


def _read(path: str | Path) -> dict:
    if not Path(path).is_file():
        raise UserError(f"{path}: no such file; ESM2 needs its checkpoint and, beside it, '-contact-regression.pt'")
    with reading(path, "an ESM2 checkpoint", "get the published file again"):
        with torch.serialization.safe_globals([argparse.Namespace]):
            # mapped, not read: the 3B file is 5.7 GB and the model itself another 11
            data = plain.load(path, mmap=zipfile.is_zipfile(path))
        require(isinstance(data, dict), f"it holds a {type(data).__name__}")
    return data


def tiny_esm2(path: str | Path, *, layers: int, width: int, heads: int, seed: int) -> None:
    """Write an untrained ESM2 of any size in the real file format, contact regression beside it.

    It exists so that a demonstration and the tests go through the same loader as the 3B model; its embeddings
    hold no biology, but tell proteins apart. Raises: UserError when `width` does not split into even heads.
    """
    if width % (2 * heads):
        raise UserError(f"tiny_esm2: width {width} must be a multiple of 2 x heads ({2 * heads})")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = ESM2(num_layers=layers, embed_dim=width, attention_heads=heads)
    cfg = argparse.Namespace(**dict(zip(CFG, (layers, width, heads, True), strict=True)))
    state = model.state_dict()
    regression = {name: state.pop(name) for name in list(state) if name.startswith("contact_head.")}
    # as published: language head under 'encoder.', everything else one level deeper
    state = {f"encoder.{'' if n.startswith('lm_head.') else 'sentence_encoder.'}{n}": w for n, w in state.items()}
    with written(path) as tmp:
        torch.save({"cfg": {"model": cfg}, "model": state}, tmp)
    with written(regression_path(path)) as tmp:
        torch.save({"model": regression}, tmp)


class Window(NamedTuple):
    """A stretch of one protein, and the share of the protein's mean that each of its residues carries."""

    protein: int
    text: str
    share: Share


def spans(length: int) -> list[tuple[int, int]]:
    """Cut `length` residues into the fewest windows of at most 1,022, spread evenly: they overlap as needed.

    All windows of a long protein are full, so that no residue has less context than the model was made for.
    """
    n = -(-length // WINDOW)
    starts = np.linspace(0, max(length - WINDOW, 0), n).round().astype(int)
    return [(int(start), min(int(start) + WINDOW, length)) for start in starts]


def windows(protein: int, sequence: str) -> list[Window]:
    """The windows of one protein. Where they overlap, a residue's representations are averaged.

    A stop inside a sequence and J (leucine or isoleucine) are unknown to ESM's alphabet and become X.
    """
    text = sequence.replace("*", "X").replace("J", "X")
    cover = np.zeros(len(text))
    for start, stop in spans(len(text)):
        cover[start:stop] += 1
    share = 1 / (cover * len(text))
    return [Window(protein, text[start:stop], share[start:stop]) for start, stop in spans(len(text))]


def batches(items: Sequence[Window], tokens_per_batch: int) -> Iterator[list[Window]]:
    """Batches of at most `tokens_per_batch` tokens, padding and end marks counted; longest first.

    Longest first makes a batch that does not fit in memory fail at once. A longer window is its own batch.
    """
    batch: list[Window] = []
    for item in sorted(items, key=lambda window: -len(window.text)):
        longest = len(batch[0].text if batch else item.text) + 2
        if batch and (len(batch) + 1) * longest > tokens_per_batch:
            yield batch
            batch = []
        batch.append(item)
    if batch:
        yield batch


def embedded(
    chosen: Mapping[str, str],
    missing: list[str],
    checkpoint: str | Path,
    *,
    tokens_per_batch: int,
    device: str = "auto",
    precision: str = "float32",
) -> Proteins:
    """The table of some proteins, embedded by the ESM2 of a checkpoint (see `load`, `embed`).

    chosen, missing: what `fasta.choose` gives: sequences by symbol, and symbols without one.
    """
    how: dict[str, Any] = {"tokens_per_batch": tokens_per_batch, "device": device, "precision": precision}
    vectors = embed(list(chosen.values()), *load(checkpoint), **how)
    return Proteins(list(chosen), vectors, [len(sequence) for sequence in chosen.values()], missing)


@torch.no_grad()
def embed(
    sequences: Sequence[str],
    model: ESM2,
    alphabet: Alphabet,
    *,
    tokens_per_batch: int,
    device: str,
    precision: str,
) -> ProteinEmbedding:
    """Mean over residues of ESM2's last layer, one row a sequence, in their order; float32.

    Beginning, end and padding are left out of the mean. Proteins of more than 1,022 residues are cut into
    windows (`spans`). The result does not depend on which proteins share a batch, up to rounding.

    tokens_per_batch: memory's handle; 4,096 fits ESM2-3B on a 24 GB card. device: "cpu", "cuda" or "auto".
    precision: "float32", "bfloat16" or "float16" (autocast; weights and residual stream stay float32).
    Raises: UserError for an unknown precision or device, too little memory, an embedding that is not finite.
    """
    device, dtype = _device(device), _dtype(precision)
    model = model.eval().to(device)
    convert = alphabet.get_batch_converter()
    items = [window for i, sequence in enumerate(sequences) for window in windows(i, sequence)]
    means = np.zeros((len(sequences), model.embed_dim))
    progress = Progress("ESM2: residues", sum(len(window.text) for window in items))
    for batch in batches(items, tokens_per_batch):
        tokens = convert([("", window.text) for window in batch])[2].to(device)
        try:
            with torch.autocast(device, dtype, enabled=dtype != torch.float32):
                hidden = model(tokens, repr_layers=[model.num_layers])["representations"][model.num_layers]
        except torch.OutOfMemoryError:
            raise UserError(
                f"ESM2 ran out of memory on {device}: lower tokens_per_batch ({tokens_per_batch})"
            ) from None
        sums = torch.einsum("bt,btw->bw", _shares(batch, tokens.shape[1]).to(device), hidden.float())
        np.add.at(means, [window.protein for window in batch], sums.cpu().numpy())
        progress.advance(sum(len(window.text) for window in batch))
    if not np.isfinite(means).all():
        raise UserError(f"ESM2 gave numbers that are not finite in {precision}: use precision float32 or bfloat16")
    return means.astype(np.float32)


def _shares(batch: list[Window], width: int) -> torch.Tensor:
    shares = torch.zeros(len(batch), width)
    for row, window in zip(shares, batch, strict=True):
        row[1 : 1 + len(window.text)] = torch.from_numpy(window.share)  # token 0 marks the beginning
    return shares


def _device(device: str) -> str:
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if device not in ("cpu", "cuda") or (device == "cuda" and not torch.cuda.is_available()):
        raise UserError(f"device '{device}' is not here; expected 'auto', 'cpu' or (with a GPU) 'cuda'")
    return device


def _dtype(precision: str) -> torch.dtype:
    if precision not in PRECISIONS:
        raise UserError(f"precision '{precision}' is unknown; expected one of {', '.join(PRECISIONS)}")
    return PRECISIONS[precision]
