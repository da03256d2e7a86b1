"""scGen: an autoencoder of cells, in whose latent space a perturbation is a shift, on the modules of scvi-tools."""

from dataclasses import dataclass

import torch
from contract import require
from scvi.nn import Encoder, FCLayers
from torch import Tensor, nn
from torch.distributions import Normal, kl_divergence


@dataclass(frozen=True)
class Options:
    """Meaning and source of each: about.yaml."""

    epochs: int
    batch_size: int
    lr: float
    weight_decay: float
    kl_weight: float
    latent: int
    hidden: int
    layers: int
    dropout: float
    target_sum: float

    def __post_init__(self) -> None:
        whole = dict.fromkeys(["latent", "hidden", "layers"], (1, 65_536))
        require(self, epochs=(1, 1e6), batch_size=(2, 1e6), lr=(0, 1), weight_decay=(0, 1), **whole)
        require(self, kl_weight=(0, 1e9), dropout=(0, 0.99), target_sum=(1, 1e9))


class Model(nn.Module):
    """Log-normal values [cell, gene] -> z -> log-normal values."""

    def __init__(self, genes: int, options: Options):
        super().__init__()
        sizes = {"n_layers": options.layers, "n_hidden": options.hidden, "dropout_rate": options.dropout}
        sizes |= {"activation_fn": nn.LeakyReLU, "use_batch_norm": True}
        self.encoder = Encoder(genes, options.latent, return_dist=True, **sizes)
        self.decoder = nn.Sequential(
            FCLayers(options.latent, options.hidden, **sizes), nn.Linear(options.hidden, genes)
        )

    def loss(self, cells: Tensor, kl_weight: float) -> Tensor:
        posterior, z = self.encoder(cells)
        kl = kl_divergence(posterior, Normal(torch.zeros(()), torch.ones(()))).sum(dim=1)
        return 0.5 * ((self.decoder(z) - cells).square().sum(dim=1) + kl_weight * kl).mean()

    def latent(self, cells: Tensor) -> Tensor:
        """Mean of z [cell, latent]."""
        return self.encoder(cells)[0].mean
