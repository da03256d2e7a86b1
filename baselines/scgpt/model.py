"""scGPT's own network on the tokens of a screen, and the stub without which its package does not import."""

import importlib.machinery
import json
import sys
import types
import warnings
from dataclasses import dataclass
from pathlib import Path

import torch
from contract import Mistake, require
from torch import Tensor, nn

PAD = "<pad>"
SPECIAL = (PAD, "<cls>", "<eoc>")
PLAIN, PERTURBED = 0, 1  # flags of a token; upstream's 2 marks padding
LOADED = ("encoder.", "value_encoder.", "transformer_encoder.")  # what upstream takes from a checkpoint to fine-tune
SIZES = {"width": "embsize", "feedforward": "d_hid", "layers": "nlayers", "heads": "nheads"}  # ours: args.json's
FILES = ("vocab.json", "args.json", "best_model.pt")


@dataclass(frozen=True)
class Options:
    """Meaning and source of each: about.yaml."""

    checkpoint: str | None
    steps: int
    batch_size: int
    lr: float
    gradient_clip: float
    genes_per_step: int
    width: int
    feedforward: int
    layers: int
    heads: int
    dropout: float
    separator: str
    target_sum: float

    def __post_init__(self) -> None:
        require(self, **dict.fromkeys(["width", "feedforward", "layers", "heads", "genes_per_step"], (1, 65_536)))
        require(self, steps=(1, 1e9), batch_size=(1, 1e6), lr=(0, 1), dropout=(0, 0.99), gradient_clip=(1e-9, 1e9))
        require(self, target_sum=(1, 1e9))
        if self.width % self.heads:
            raise ValueError(f"option 'width' is {self.width}, expected a multiple of 'heads', {self.heads}")


def generator() -> type[nn.Module]:
    """Return scGPT's TransformerGenerator.

    Its tokenizer imports torchtext, which loads beside no current torch, for a class that nothing here uses.
    """
    for name in ("torchtext", "torchtext.vocab"):
        module = types.ModuleType(name)
        module.__spec__ = importlib.machinery.ModuleSpec(name, None)
        sys.modules[name] = module
    vocab = sys.modules["torchtext.vocab"]
    vocab.Vocab, vocab.vocab = type("Vocab", (), {}), None
    sys.modules["torchtext"].vocab = vocab
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="flash_attn is not installed")
        from scgpt.model import TransformerGenerator
    return TransformerGenerator


class Tokens:
    """Which token stands for each gene and each perturbation.

    A perturbation is the tokens of its parts (`A+B` has two): a part that is a gene of the panel is flagged there, any
    other part (a target outside the panel, a cytokine) is an extra token at the end, flagged, with value 0. Names that
    the vocabulary lacks get a token of their own, learned here.
    """

    def __init__(
        self, genes: list[str], perturbations: list[str], control: str, separator: str, vocabulary: dict[str, int]
    ):
        self.vocabulary = dict(vocabulary)
        for name in (*SPECIAL, *genes):
            self.vocabulary.setdefault(name, len(self.vocabulary))
        self.genes = torch.tensor([self.vocabulary[gene] for gene in genes])
        place = {gene: i for i, gene in enumerate(genes)}
        self.inside: dict[str, list[int]] = {}
        self.extra: dict[str, list[int]] = {}
        for label in perturbations:
            parts = [] if label == control else label.split(separator) if separator else [label]
            self.inside[label] = [place[part] for part in parts if part in place]
            outside = [part for part in parts if part not in place]
            self.extra[label] = [self.vocabulary.setdefault(part, len(self.vocabulary)) for part in outside]

    def batch(self, values: Tensor, labels: list[str], chosen: Tensor | None = None) -> dict[str, Tensor]:
        """Return the network's input for cells [cell, gene] under `labels`, of the `chosen` genes only if given.

        Extra tokens stand behind the genes; cells with fewer of them are padded.
        """
        n, genes = values.shape
        longest = max(len(self.extra[label]) for label in labels)
        src = torch.full((n, genes + longest), self.vocabulary[PAD])
        flags = torch.full((n, genes + longest), PLAIN)
        given = torch.zeros((n, genes + longest))
        src[:, :genes], given[:, :genes] = self.genes, values
        for i, label in enumerate(labels):
            flags[i, self.inside[label]] = PERTURBED
            own = len(self.extra[label])
            if own:
                src[i, genes : genes + own] = torch.tensor(self.extra[label])
                flags[i, genes : genes + own] = PERTURBED
        if chosen is not None:
            kept = torch.cat([chosen, torch.arange(genes, genes + longest)])
            src, flags, given = src[:, kept], flags[:, kept], given[:, kept]
        return {
            "src": src,
            "values": given,
            "input_pert_flags": flags,
            "src_key_padding_mask": src == self.vocabulary[PAD],
        }


def build(options: Options, tokens: Tokens) -> nn.Module:
    torch.backends.mha.set_fastpath_enabled(False)  # it rounds otherwise than training does, and cuts padding off
    return generator()(
        ntoken=len(tokens.vocabulary),
        d_model=options.width,
        nhead=options.heads,
        d_hid=options.feedforward,
        nlayers=options.layers,
        nlayers_cls=3,
        n_cls=1,
        vocab=tokens.vocabulary,
        dropout=options.dropout,
        pad_token=PAD,
        use_fast_transformer=False,
    )


def read_vocabulary(options: Options) -> dict[str, int]:
    """Of the checkpoint, if there is one; its sizes must be those of the options."""
    if options.checkpoint is None:
        return {}
    folder = Path(options.checkpoint)
    for name in FILES:
        if not (folder / name).is_file():
            raise Mistake(f"option 'checkpoint' is {options.checkpoint!r}, expected a folder with {', '.join(FILES)}")
    stated = json.loads((folder / "args.json").read_text(encoding="utf-8"))
    for ours, theirs in SIZES.items():
        if stated.get(theirs) != getattr(options, ours):
            said = f"expected {stated.get(theirs)}, the {theirs} of {folder / 'args.json'}"
            raise Mistake(f"option {ours!r} is {getattr(options, ours)}, {said}")
    vocabulary = json.loads((folder / "vocab.json").read_text(encoding="utf-8"))
    if sorted(vocabulary.values()) != list(range(len(vocabulary))):
        raise Mistake(f"{folder / 'vocab.json'}: expected tokens that are numbered 0 to {len(vocabulary) - 1}")
    return vocabulary


def load_checkpoint(model: nn.Module, folder: Path) -> int:
    """Take what upstream takes of a checkpoint; return how many tensors.

    Flash attention names its joint projection `Wqkv`, torch `in_proj_`. Rows of tokens that it lacks stay as drawn.
    """
    state = torch.load(folder / "best_model.pt", map_location="cpu", weights_only=True)
    own = model.state_dict()
    taken = {}
    for key, value in state.items():
        key = key.replace("Wqkv.", "in_proj_")
        if not key.startswith(LOADED):
            continue
        if key == "encoder.embedding.weight" and key in own and len(value) < len(own[key]):
            value = torch.cat([value, own[key][len(value) :]])
        if key not in own or own[key].shape != value.shape:
            raise Mistake(f"{folder / 'best_model.pt'}: {key} {tuple(value.shape)} does not fit the network")
        taken[key] = value
    missing = [key for key in own if key.startswith(LOADED) and key not in taken]
    if missing:
        raise Mistake(f"{folder / 'best_model.pt'}: lacks {missing[0]} and {len(missing) - 1} more")
    model.load_state_dict(taken, strict=False)
    return len(taken)
