"""scVI that predicts a perturbed cell from a control cell, on the modules of scvi-tools."""

from dataclasses import dataclass

import numpy as np
import torch
from contract import require
from scvi.distributions import ZeroInflatedNegativeBinomial
from scvi.nn import DecoderSCVI, Encoder
from torch import Tensor, nn
from torch.distributions import Normal, kl_divergence

EMITS = ("mean", "sample")


@dataclass(frozen=True)
class Options:
    """Meaning and source of each: about.yaml."""

    steps: int
    batch_size: int
    lr: float
    weight_decay: float
    lr_decay: float
    lr_decay_epochs: int
    kl_warmup_epochs: float
    gradient_clip: float
    latent: int
    hidden: int
    layers: int
    dropout: float
    cell_type_width: int
    perturbation_width: int
    emits: str

    def __post_init__(self) -> None:
        whole = dict.fromkeys(["latent", "hidden", "layers", "cell_type_width", "perturbation_width"], (1, 65_536))
        require(self, steps=(1, 1e9), batch_size=(2, 1e6), lr=(0, 1), weight_decay=(0, 1), dropout=(0, 0.99), **whole)
        require(self, lr_decay=(0, 1), lr_decay_epochs=(1, 1e9), kl_warmup_epochs=(0, 1e9), gradient_clip=(1e-9, 1e9))
        if self.emits not in EMITS:
            raise ValueError(f"option 'emits' is {self.emits!r}, expected {' or '.join(EMITS)}")


class Model(nn.Module):
    """z = encoder(control cell); counts of the perturbed cell ~ ZINB(decoder([z, cell type, perturbation]))."""

    def __init__(self, genes: int, labels: int, cell_types: int, options: Options):
        super().__init__()
        sizes = {"n_layers": options.layers, "n_hidden": options.hidden, "use_batch_norm": True}
        self.encoder = Encoder(
            genes,
            options.latent,
            dropout_rate=options.dropout,
            var_activation=nn.Softplus(),
            return_dist=True,
            **sizes,
        )
        self.cell_type = nn.Embedding(cell_types, options.cell_type_width)
        self.label = nn.Embedding(labels, options.perturbation_width)
        width = options.latent + options.cell_type_width + options.perturbation_width
        self.decoder = DecoderSCVI(width, genes, **sizes)
        self.log_dispersion = nn.Parameter(torch.randn(genes))

    def forward(self, control: Tensor, cell_type: Tensor, label: Tensor) -> tuple[Normal, ZeroInflatedNegativeBinomial]:
        """Posterior of z, and the distribution of the perturbed cell, whose size is that of the control cell.

        control: counts [cell, gene]; cell_type, label: codes [cell].
        """
        posterior, z = self.encoder(torch.log1p(control))
        # An empty cell has no size to hand on: 1 count, so that the logarithm is finite.
        library = torch.log(control.sum(dim=1, keepdim=True).clamp(min=1))
        known = torch.cat([z, self.cell_type(cell_type), self.label(label)], dim=1)
        _, _, mean, zero_logits = self.decoder("gene", known, library)
        perturbed = ZeroInflatedNegativeBinomial(
            mu=mean, theta=self.log_dispersion.exp(), zi_logits=zero_logits, validate_args=False
        )
        return posterior, perturbed

    def loss(self, control: Tensor, wanted: Tensor, cell_type: Tensor, label: Tensor, kl_weight: float) -> Tensor:
        posterior, perturbed = self(control, cell_type, label)
        kl = kl_divergence(posterior, Normal(torch.zeros(()), torch.ones(()))).sum(dim=1)
        return (kl_weight * kl - perturbed.log_prob(wanted).sum(dim=1)).mean()

    def emit(self, control: Tensor, cell_type: Tensor, label: Tensor, emits: str) -> Tensor:
        """Counts [cell, gene]: the mean of the negative binomial, as published rows do, or a draw of the whole."""
        _, perturbed = self(control, cell_type, label)
        return perturbed.mu if emits == "mean" else perturbed.sample()


def schedule(options: Options, step: int, cells: int) -> tuple[float, float]:
    """Learning rate and weight of the KL term at a step; an epoch is as many steps as see `cells` cells."""
    epoch = step // max(int(np.ceil(cells / options.batch_size)), 1)
    kl = min(epoch / options.kl_warmup_epochs, 1.0) if options.kl_warmup_epochs else 1.0
    return options.lr * options.lr_decay ** (epoch // options.lr_decay_epochs), kl
