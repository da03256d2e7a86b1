"""From the words of the config to a model, and a model to and from its file."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from expressionvae import catalogue
from expressionvae.catalogue.heads import HEADS
from expressionvae.files import UserError, require
from expressionvae.nn import store
from expressionvae.nn.fsq import FSQ
from expressionvae.nn.gaussian import Gaussian
from expressionvae.vae.heads.base import Head
from expressionvae.vae.model import Decoder, Encoder, ExpressionVAE

MOST_CODES = 2**24  # torch.multinomial draws from no more


@dataclass(frozen=True)
class Blueprint:
    """All that is needed to build an ExpressionVAE again; it is saved beside the weights.

    Attributes:
        genes: gene symbols, in the order of the model's columns.
        bins: "lower" edges and "means" of the count bins.
        size: the config's `vae.model`.
        bottleneck: one entry of the config's `bottlenecks`.
        head: its name in `catalogue.heads`.
        head_options: that head's entry in the config's `heads`.
    """

    genes: list[str]
    bins: dict[str, list[Any]]
    size: dict[str, Any]
    bottleneck: dict[str, Any]
    head: str
    head_options: dict[str, Any]


def build(blueprint: Blueprint) -> ExpressionVAE:
    """A model with fresh weights drawn from torch's global generator."""
    size, tokens = blueprint.size, blueprint.bottleneck["tokens"]
    common = {k: size[k] for k in ("width", "heads", "feedforward", "dropout")} | {"tokens": tokens}
    encoder = Encoder(**common, blocks=size["encoder_blocks"], context_norm=size["context_norm"])
    decoder = Decoder(
        **common,
        blocks=size["decoder_blocks"],
        self_attention=size["decoder_self_attention"],
        slot_embedding=size["slot_embedding"],
    )
    return ExpressionVAE(
        len(blueprint.genes),
        encoder,
        build_bottleneck(size["width"], blueprint.bottleneck),
        decoder,
        build_head(blueprint),
        size["width"],
    )


def build_bottleneck(width: int, options: dict[str, Any]) -> FSQ | Gaussian:
    """Raises UserError for a codebook that no prior could be trained on."""
    if options["kind"] == "fsq":
        if (codes := math.prod(options["levels"])) > MOST_CODES:
            raise UserError(
                f"config key levels is {options['levels']}, a codebook of {codes:,} codes; a prior can draw from "
                f"{MOST_CODES:,} at most"
            )
        return FSQ(width, options["tokens"], options["levels"], options["normalise"])
    assert options["kind"] == "gaussian", options
    return Gaussian(width, options["channels"], options["beta"])


def build_head(blueprint: Blueprint) -> Head:
    head: type[Head] = catalogue.load(HEADS[blueprint.head].class_path)
    return head.build(blueprint.size["width"], len(blueprint.genes), blueprint.bins, blueprint.head_options)


def load(path: str | Path, device: torch.device, genes: Sequence[str] | None = None) -> tuple[ExpressionVAE, Blueprint]:
    """Read a trained model, frozen and in evaluation mode.

    genes: of the cells that it is to encode. Raises UserError if the file is no such model, or was trained on others.
    """

    def rebuild(saved: dict[str, Any]) -> tuple[ExpressionVAE, Blueprint]:
        blueprint = Blueprint(**saved)
        require(genes is None or list(genes) == blueprint.genes, "it was trained on other genes")
        return build(blueprint), blueprint

    return store.load(path, device, rebuild, "an ExpressionVAE")
