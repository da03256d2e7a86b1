"""CPA: a control cell's basal state, plus a perturbation, plus a cell type, on the modules of scvi-tools."""

from dataclasses import dataclass

import torch
from contract import require
from scvi.module import Classifier
from scvi.nn import Encoder, FCLayers
from torch import Tensor, nn
from torch.distributions import Normal
from torch.nn.functional import cross_entropy

EMITS = ("mean", "sample")


@dataclass(frozen=True)
class Options:
    """Meaning and source of each: about.yaml."""

    steps: int
    batch_size: int
    lr: float
    weight_decay: float
    lr_decay: float
    lr_decay_steps: int
    pretrain_steps: int
    adversary_warmup_steps: int
    adversary_weight: float
    gradient_penalty: float
    adversary_lr: float
    adversary_weight_decay: float
    adversary_hidden: int
    adversary_layers: int
    adversary_dropout: float
    latent: int
    hidden: int
    layers: int
    dropout: float
    target_sum: float
    emits: str

    def __post_init__(self) -> None:
        whole = ["latent", "hidden", "layers", "adversary_hidden", "adversary_layers"]
        rates = ["lr", "weight_decay", "lr_decay", "adversary_lr", "adversary_weight_decay"]
        require(self, steps=(1, 1e9), batch_size=(2, 1e6), target_sum=(1, 1e9), lr_decay_steps=(1, 1e9))
        require(self, pretrain_steps=(0, 1e9), adversary_warmup_steps=(0, 1e9), dropout=(0, 0.99))
        require(self, adversary_weight=(0, 1e9), gradient_penalty=(0, 1e9), adversary_dropout=(0, 0.99))
        require(self, **dict.fromkeys(whole, (1, 65_536)), **dict.fromkeys(rates, (0, 1)))
        if self.emits not in EMITS:
            raise ValueError(f"option 'emits' is {self.emits!r}, expected {' or '.join(EMITS)}")


class Autoencoder(nn.Module):
    """Log-normal values of the perturbed cell ~ Normal(decoder(basal state of a control + perturbation + type))."""

    def __init__(self, genes: int, labels: int, cell_types: int, options: Options):
        super().__init__()
        sizes = {"n_layers": options.layers, "n_hidden": options.hidden, "dropout_rate": options.dropout}
        self.encoder = FCLayers(genes, options.latent, use_batch_norm=False, use_layer_norm=True, **sizes)
        self.label = nn.Embedding(labels, options.latent)
        self.cell_type = nn.Embedding(cell_types, options.latent)
        # In scvi-tools the module that gives a mean and a variance is called an encoder.
        self.decoder = Encoder(
            options.latent, genes, use_batch_norm=True, var_activation=nn.Softplus(), return_dist=True, **sizes
        )

    def forward(self, control: Tensor, cell_type: Tensor, label: Tensor) -> tuple[Tensor, Normal]:
        basal = self.encoder(control)
        perturbed, _ = self.decoder(basal + self.label(label) + self.cell_type(cell_type))
        return basal, perturbed

    def emit(self, control: Tensor, cell_type: Tensor, label: Tensor, emits: str) -> Tensor:
        """Log-normal values [cell, gene], >= 0."""
        _, perturbed = self(control, cell_type, label)
        return (perturbed.mean if emits == "mean" else perturbed.sample()).clamp(min=0)


class Adversaries(nn.Module):
    """Tell perturbation and cell type from the basal state, which should not hold them."""

    def __init__(self, labels: int, cell_types: int, options: Options):
        super().__init__()
        sizes = {"n_layers": options.adversary_layers, "n_hidden": options.adversary_hidden, "logits": True}
        self.label = Classifier(options.latent, n_labels=labels, dropout_rate=options.adversary_dropout, **sizes)
        self.cell_type = Classifier(
            options.latent, n_labels=cell_types, dropout_rate=options.adversary_dropout, **sizes
        )

    def loss(self, basal: Tensor, cell_type: Tensor, label: Tensor) -> Tensor:
        return cross_entropy(self.label(basal), label) + cross_entropy(self.cell_type(basal), cell_type)

    def penalised_loss(self, basal: Tensor, cell_type: Tensor, label: Tensor, penalty: float) -> Tensor:
        """The same, plus the mean square of the gradient of each classifier's logits by the basal state."""
        basal = basal.detach().requires_grad_()
        logits = self.label(basal), self.cell_type(basal)
        gradients = [torch.autograd.grad(each.sum(), basal, create_graph=True)[0] for each in logits]
        steepness = torch.stack([gradient.square().mean() for gradient in gradients]).sum()
        return cross_entropy(logits[0], label) + cross_entropy(logits[1], cell_type) + penalty * steepness


def adversary_weight(options: Options, step: int) -> float:
    """0 while the autoencoder trains alone, then up to the full weight in a straight line."""
    since = step - options.pretrain_steps
    if since < 0:
        return 0.0
    share = since / options.adversary_warmup_steps if options.adversary_warmup_steps else 1.0
    return options.adversary_weight * min(share, 1.0)
