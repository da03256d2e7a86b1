"""The weights of one training, and what they have to agree with."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from anndata import AnnData

from expressionvae.files import UserError
from expressionvae.priors import build as priors
from expressionvae.proteins.perturbations import Perturbations
from expressionvae.training.device import best_device
from expressionvae.training.latents import Latents
from expressionvae.vae import build as vaes
from expressionvae.vae.model import ExpressionVAE


@dataclass(frozen=True)
class Trained:
    """A VAE, the latents of its training cells, and a prior that was trained on them.

    Attributes:
        source: file of the prior, that messages name.
        genes: of the model, in its order.
        head: its name in `catalogue.heads`.
    """

    source: str
    vae: ExpressionVAE
    genes: list[str]
    head: str
    latents: Latents
    prior: priors.ConditionalPrior
    blueprint: priors.Blueprint

    @classmethod
    def load(cls, vae: str | Path, latents: str | Path, prior: str | Path) -> "Trained":
        """Read the three files. Raises UserError if one is not what it should be, or is of another training."""
        device = best_device()
        model, plan = vaes.load(vae, device)
        known = Latents.load(latents)
        sampler, blueprint = priors.load(prior, device)
        labels = blueprint.perturbations == known.perturbations and blueprint.cell_types == known.cell_types
        if not labels or blueprint.codes != known.codes or blueprint.tokens != known.values.shape[1]:
            raise UserError(f"{prior}: it was trained on other latents than {latents}")
        return cls(str(prior), model, plan.genes, plan.head, known, sampler, blueprint)

    @property
    def control(self) -> str:
        return self.blueprint.control

    def require_screen(self, train: AnnData, path: str | Path) -> None:
        """Refuse weights that were trained on other cells than those of `train`, as far as can be told.

        That is by the genes, and by label and library size over them of each cell.
        """
        genes, latents = train.var_names.tolist(), self.latents
        if genes != self.genes:
            other = next((gene for gene in genes if gene not in self.genes), None)
            which = f"it does not know {other!r}" if other else f"it knows {len(self.genes)} genes, in another order"
            raise UserError(f"{self.source}: trained on other genes than the {len(genes)} of {path}: {which}")
        if len(latents.values) != train.n_obs:
            said = f"on {len(latents.values)} cells, and {path} has {train.n_obs}"
            raise UserError(f"{self.source}: trained on another screen: {said}")
        library = np.asarray(train.X.sum(axis=1), dtype=np.float64).ravel()  # type: ignore[union-attr]
        same = {
            "library sizes": np.allclose(library, latents.panel_library, rtol=1e-5),
            "perturbations": _labels(latents.perturbations, latents.perturbation) == _of(train, "perturbation"),
            "cell types": _labels(latents.cell_types, latents.cell_type) == _of(train, "cell_type"),
        }
        if wrong := [what for what, agrees in same.items() if not agrees]:
            raise UserError(f"{self.source}: trained on another screen than {path}: its cells have other {wrong[0]}")

    def knowing(self, label: str, vectors: Perturbations, known: Perturbations, path: str | Path) -> "Trained":
        """The same with a perturbation that is of no cell of the screen, known by its vector.

        Args:
            vectors: with that of `label`, from `path`.
            known: vectors that the prior was trained on.
        """
        given = torch.from_numpy(known.of(self.blueprint.perturbations, path))
        vector = torch.from_numpy(vectors.of([label], path)[0])
        device = self.prior.condition.embedding.device
        try:
            extended = priors.extended(self.prior, self.blueprint, given.to(device), label, vector.to(device))
        except ValueError as error:
            raise UserError(f"{self.source}: perturbation {label!r}: {error}") from None
        return replace(self, prior=extended[0], blueprint=extended[1])


def _labels(names: list[str], index: np.ndarray) -> list[str]:
    return np.array(names, object)[index].tolist()


def _of(cells: AnnData, column: str) -> list[str]:
    return cells.obs[column].astype(str).tolist()
