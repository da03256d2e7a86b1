"""From the words of the config to a conditional prior, and to and from its file."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Generator, Tensor, nn

from expressionvae import catalogue
from expressionvae.catalogue.priors import GAUSSIAN, PRIORS
from expressionvae.nn import store
from expressionvae.nn.dit import DiT
from expressionvae.priors.base import LatentShape, Prior
from expressionvae.priors.condition import ConditionEmbedding
from expressionvae.tensors import Labels, Loss


@dataclass(frozen=True)
class Blueprint:
    """All that is needed to build a prior again; it is saved beside the weights.

    Attributes:
        perturbations, cell_types: labels, in the order of the embeddings' rows.
        control: label of the control.
        embedding_width: width of the perturbation embedding; 0 for a learned table.
        tokens: latent tokens L of the bottleneck.
        codes: codebook size K; 0 for Gaussian latents.
        channels: channels of a Gaussian token; 0 for codes.
        size: the config's `prior.model`.
        options: one entry of the config's `priors`, without what sampling alone depends on.
    """

    perturbations: list[str]
    cell_types: list[str]
    control: str
    embedding_width: int
    tokens: int
    codes: int
    channels: int
    size: dict[str, Any]
    options: dict[str, Any]


class ConditionalPrior(nn.Module):
    """A prior with the embedding of its conditions."""

    def __init__(self, condition: ConditionEmbedding, prior: Prior):
        super().__init__()
        self.condition, self.prior = condition, prior

    def forward(self, latents: Tensor, perturbation: Labels, cell_type: Labels) -> Loss:
        return self.prior.loss(latents, self.condition(perturbation, cell_type))

    def sample(self, perturbation: Labels, cell_type: Labels, generator: Generator, **options: int | float) -> Tensor:
        """Latents of one cell for every pair of labels; `options` as the kind of prior takes them."""
        return self.prior.sample(self.condition(perturbation, cell_type), generator, **options)


def build(blueprint: Blueprint, embedding: Tensor, mean: Tensor, std: Tensor) -> ConditionalPrior:
    """A prior with fresh weights drawn from torch's global generator.

    Args:
        embedding: [perturbation width] perturbation embeddings.
        mean: [channel] of the training latents, used by flow alone.
        std: [channel], likewise.
    """
    size, options = dict(blueprint.size), dict(blueprint.options)
    width, tokens, codes = size["width"], blueprint.tokens, blueprint.codes
    condition = ConditionEmbedding(
        embedding,
        blueprint.perturbations.index(blueprint.control),
        len(blueprint.cell_types),
        width,
        standardise=size.pop("standardise_embedding"),
        two_layers=size.pop("two_layer_condition"),
        zero_control=size.pop("zero_control"),
    )
    card = PRIORS[options.pop("kind")]
    trunk = DiT(**size, outputs=blueprint.channels if card.bottleneck == GAUSSIAN else codes)
    prior: type[Prior] = catalogue.load(card.class_path)
    return ConditionalPrior(condition, prior.build(trunk, LatentShape(width, tokens, codes, mean, std), options))


def load(path: str | Path, device: torch.device) -> tuple[ConditionalPrior, Blueprint]:
    """Read a trained prior, frozen and in evaluation mode. Raises UserError if the file is no such prior."""

    def rebuild(saved: dict[str, Any]) -> tuple[ConditionalPrior, Blueprint]:
        blueprint = Blueprint(**saved)
        embedding = torch.zeros(len(blueprint.perturbations), blueprint.embedding_width)
        channels = torch.ones(blueprint.channels)
        return build(blueprint, embedding, channels, channels), blueprint

    return store.load(path, device, rebuild, "a prior")


def extended(
    model: ConditionalPrior, blueprint: Blueprint, embedding: Tensor, label: str, vector: Tensor
) -> tuple[ConditionalPrior, Blueprint]:
    """A prior that knows one perturbation more, by its embedding alone; the model is changed in place.

    Args:
        embedding: [perturbation width] that the prior was trained on.
        vector: [width] of the new one.

    Raises:
        ValueError: if the prior has a learned table in place of an embedding, or was trained on another.
    """
    standardise = bool(blueprint.size["standardise_embedding"])
    model.condition.extend(embedding, vector, standardise=standardise)
    return model, replace(blueprint, perturbations=[*blueprint.perturbations, label])
