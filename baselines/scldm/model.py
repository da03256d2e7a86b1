"""scLDM's networks, taken from a clone of its public repository, which is on no package index.

Only the modules of the networks are loaded, not the package: its `__init__` wants the package to be installed, and its
trainer wants a loader that has no release that fits.
"""

import hashlib
import importlib
import math
import sys
import types
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from contract import Mistake, require
from torch import Tensor, nn

COMMIT = "3be2f3a7f2ad11f262b8f58cc8eecea90b46e8e6"
HOW = f"`git clone https://github.com/czi-ai/scldm && git -C scldm checkout {COMMIT}`"
MODULES = ("layers", "nnets", "stochastic_layers", "vae", "transport/__init__", "transport/transport")
MODULES += ("transport/path", "transport/integrators", "transport/utils")
DIGEST = "d9274e8c4b50c61cc8b72658d8555c35e9fd8a03e95d6d09b0532fa8cd1acd51"  # of the files of MODULES at that commit


@dataclass(frozen=True)
class Options:
    """Meaning and source of each: about.yaml."""

    repository: str | None
    vae_epochs: int
    prior_epochs: int
    batch_size: int
    vae_lr: float
    prior_lr: float
    gradient_clip: float
    latents: int
    latent_width: int
    vae_width: int
    vae_layers: int
    vae_heads: int
    vae_cross_heads: int
    prior_width: int
    prior_layers: int
    prior_heads: int
    class_dropout: float
    guidance: float

    def __post_init__(self) -> None:
        names = ("latents", "latent_width", "vae_width", "vae_layers", "vae_heads", "vae_cross_heads", "prior_width")
        require(self, **dict.fromkeys([*names, "prior_layers", "prior_heads"], (1, 65_536)), class_dropout=(0, 1))
        require(self, vae_epochs=(1, 1e6), prior_epochs=(1, 1e6), batch_size=(1, 1e6), vae_lr=(0, 1), prior_lr=(0, 1))
        require(self, gradient_clip=(1e-9, 1e9), guidance=(0, 100))
        for width, heads in (
            ("vae_width", "vae_heads"),
            ("vae_width", "vae_cross_heads"),
            ("prior_width", "prior_heads"),
        ):
            if getattr(self, width) % getattr(self, heads):
                raise ValueError(f"option {width!r} is {getattr(self, width)}, expected a multiple of {heads!r}")


def digest(source: Path) -> str:
    total = hashlib.sha256()
    for name in MODULES:
        total.update((source / f"{name}.py").read_bytes())
    return total.hexdigest()


def repository(options: Options) -> types.SimpleNamespace:
    """scLDM's modules, from the clone that the options name."""
    source = Path(options.repository or "") / "src" / "scldm"
    if options.repository is None or not all((source / f"{name}.py").is_file() for name in MODULES):
        raise Mistake(f"option 'repository' is {options.repository!r}, expected the folder that {HOW} makes")
    if digest(source) != DIGEST:
        raise Mistake(f"option 'repository': {options.repository} is not at commit {COMMIT}; {HOW} brings it")
    package = types.ModuleType("scldm")
    package.__path__ = [str(source)]
    sys.modules["scldm"] = package
    names = ("layers", "nnets", "stochastic_layers", "vae", "transport")
    return types.SimpleNamespace(**{name: importlib.import_module(f"scldm.{name}") for name in names})


def plain_attention(query: Tensor, key: Tensor, value: Tensor, **_: Any) -> Tensor:
    """What flex attention computes without a mask, and what also trains on a CPU."""
    return nn.functional.scaled_dot_product_attention(query, key, value)


class Model(nn.Module):
    """counts -> latents [latent, width] (VAE); noise -> latents under a condition (flow matching with a DiT)."""

    def __init__(self, genes: int, labels: int, cell_types: int, options: Options):
        super().__init__()
        code = repository(options)
        both = {"multiple_of": 4, "layernorm_eps": 1e-8, "norm_layer": "layernorm", "dropout": 0.0}
        sizes = both | {"n_embed": options.vae_width, "n_embed_latent": options.latent_width, "bias": False}
        sizes |= {"n_layer": options.vae_layers, "n_inducing_points": options.latents}
        sizes |= {"n_head": options.vae_heads, "n_head_cross": options.vae_cross_heads}
        head = code.stochastic_layers.NegativeBinomialTransformerLayer(
            n_genes=genes, shared_theta=True, n_embed=options.vae_width, norm_layer="layernorm", layernorm_eps=1e-8
        )
        self.vae = code.vae.TransformerVAE(
            encoder=code.nnets.Encoder(positional_encoding=True, **sizes),
            decoder=code.nnets.Decoder(n_genes=genes, shared_embedding=True, use_adaln=False, **sizes),
            decoder_head=head,
            input_layer=code.layers.InputTransformerVAE(n_genes=genes, n_embed=options.vae_width, agg_func="log1p"),
        )
        self.prior = code.nnets.DiT(
            n_embed=options.prior_width,
            n_embed_input=options.latent_width,
            n_layer=options.prior_layers,
            n_head=options.prior_heads,
            seq_len=options.latents,
            bias=True,
            class_vocab_sizes={"cell_type": cell_types, "perturbation": labels},
            cfg_dropout_prob=options.class_dropout,
            condition_strategy="joint",
            **both,
        )
        for module in self.modules():
            if hasattr(module, "flex_attention"):
                module.flex_attention = plain_attention
        self.flow = code.transport.create_transport(path_type="Linear", prediction="velocity", loss_weight="velocity")
        self.solve = code.transport.Sampler(self.flow).sample_ode(num_steps=2)  # steps are adaptive: these are its ends
        self.shape, self.guidance = (options.latents, options.latent_width), options.guidance
        self.nulls = {"cell_type": cell_types, "perturbation": labels}
        self.register_buffer("genes", torch.arange(1, genes + 1), persistent=False)  # token 0 is a mask

    def reconstruction_loss(self, counts: Tensor) -> Tensor:
        """Negative log likelihood of counts [cell, gene], summed over genes."""
        genes, library = self.genes.expand_as(counts), counts.sum(1, keepdim=True).clamp(min=1)
        return -self._likelihood(self.vae.encode(counts, genes), library).log_prob(counts).sum(1).mean()

    def flow_loss(self, counts: Tensor, condition: dict[str, Tensor]) -> Tensor:
        with torch.no_grad():
            latents = self.vae.encode(counts, self.genes.expand_as(counts))
        return self.flow.training_losses(self.prior, latents, {"condition": condition})["loss"].mean()

    def sample(self, library: Tensor, condition: dict[str, Tensor]) -> Tensor:
        """Counts [cell, gene] of cells with the total counts `library` [cell, 1]."""
        noise = torch.randn(len(library), *self.shape, device=library.device)
        latents = self.solve(noise, self._velocity, condition=condition)[-1]
        return self._likelihood(latents, library).sample()

    def _velocity(self, latents: Tensor, time: Tensor, condition: dict[str, Tensor]) -> Tensor:
        wanted = self.prior(latents, time, condition)
        if self.guidance == 1:
            return wanted
        nulls = {name: torch.full_like(condition[name], null) for name, null in self.nulls.items()}
        free = self.prior(latents, time, nulls)
        return free + self.guidance * (wanted - free)

    def _likelihood(self, latents: Tensor, library: Tensor) -> torch.distributions.Distribution:
        return self.vae.decode(latents, self.genes.expand(len(library), -1), library)


def vae_rate(step: int, steps: int) -> float:
    """Factor on the learning rate: up over a tenth of the steps, then 1, and down as a root over the last tenth."""
    warm, down = steps // 10, int(0.1 * steps)
    if step < warm:
        return _warm(step, warm)
    return 1.0 if step < steps - down else 0.1 + 0.9 * (1 - math.sqrt((step - steps + down) / down))


def prior_rate(step: int, steps: int) -> float:
    """Up over a tenth of the steps, then down as a cosine."""
    warm = steps // 10
    if step < warm:
        return _warm(step, warm)
    return 0.1 + 0.9 * 0.5 * (1 + math.cos(math.pi * (step - warm) / (steps - warm)))


def _warm(step: int, warm: int) -> float:
    return step / warm + (1 - step / warm) / 100
