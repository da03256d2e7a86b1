"""A made-up screen: negative-binomial counts with known effects, so that all runs without a download.

A perturbation acts on a few modules of genes. How strongly is a smooth function of its target's protein, of the
share of each amino acid in it; how much a module answers is the cell type's own. So an unseen combination of the two
can be predicted from the other combinations, as in a real screen. A protein language model tells that composition
(the mean over residues of even an untrained ESM2 is nearly linear in it), and no count hangs on a network's last bits.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
from jaxtyping import Float, Integer
from numpy import ndarray
from scipy.sparse import csr_matrix

from expressionvae.data import sealed
from expressionvae.data.compact import smallest
from expressionvae.data.madeup_names import _numbered, composition, gene_names, target_names
from expressionvae.files import UserError, seal, written
from expressionvae.progress import Progress

BLOCK = 1024  # cells drawn together from one generator; part of what a seed means


@dataclass(frozen=True)
class Recipe:
    """What a made-up screen is made of (config key `simulation`, which says where each number comes from)."""

    cells: int
    genes: int
    cell_types: Sequence[str]
    target: str  # gene: the first genes of the panel, knocked down | cytokine
    perturbations: int  # control not counted
    control_fraction: float
    library_mean: float  # counts a cell
    library_cv: float
    expression_sigma: float  # sd over genes of log expression
    cell_type_sigma: float  # sd over genes of a cell type's own deviation from it
    size_at_one: float  # negative-binomial size (1 / dispersion) of a gene with mean count 1
    size_slope: float  # of log size against log mean count
    size_sigma: float  # sd of log size about that line
    modules: int
    responding_fraction: float  # of genes, each of which belongs to one module
    effect_scale: float  # sd of the natural-log fold changes of responding genes, before strength and limit
    effect_limit: float  # natural-log fold changes saturate here
    strength_sigma: float  # sd of the log strength of perturbations
    gain_sigma: float  # sd of the log answer of a module over cell types
    state_scale: float  # sd of a cell's own activity in a module: cells of one condition differ along modules
    knockdown: float  # share of its own expression that a gene target loses
    seed: int


@dataclass(frozen=True)
class Structure:
    """What is fixed before any cell is drawn."""

    baseline: Float[ndarray, "type gene"]  # expected count of an unperturbed cell of average library size
    effects: Float[ndarray, "type perturbation gene"]  # natural-log fold changes
    size: Float[ndarray, " gene"]
    state: Float[ndarray, "module gene"]  # log-expression per unit of a cell's own module activity


def simulate(
    path: str | Path,
    effects_path: str | Path,
    *,
    recipe: Recipe,
    control: str,
    proteins: Sequence[str] | None,
) -> None:
    """Write a screen (h5ad: CSR int32 counts, obs cell_type and perturbation) and its true effects (npz).

    proteins: sequences of the targets, in the order of `target_names`; None: random vectors stand for them. Cells are
    drawn and written block by block, each block from its own generator, so memory does not grow with their
    number except for their labels. The npz holds cell_types, perturbations (control left out), genes,
    log_fold_change [cell_type, perturbation, gene] (natural log, against unperturbed cells of that type) and
    baseline [cell_type, gene] (expected counts at the average library size).
    """
    targets = target_names(recipe.target, recipe.perturbations, recipe.genes)
    truth = structure(recipe, proteins)
    cell_type, perturbation = assign(recipe)
    named = pd.Categorical.from_codes
    obs = pd.DataFrame(
        {
            "cell_type": named(cell_type, list(recipe.cell_types)),  # pyright: ignore[reportArgumentType]
            "perturbation": named(perturbation + 1, [control, *targets]),  # pyright: ignore[reportArgumentType]
        },
        index=pd.Index(_numbered("cell", recipe.cells, 7)),
    )
    with written(path) as temporary, written(effects_path) as effects_temporary:
        with sealed.create(temporary) as file:
            _write_counts(file, recipe, truth, cell_type, perturbation)
            for name, table in {"obs": obs, "var": pd.DataFrame(index=pd.Index(gene_names(recipe.genes)))}.items():
                sealed.put(file, name, table)
            for name in ("uns", *sealed.PARTS):
                sealed.put(file, name, {})
        seal(temporary)
        with open(effects_temporary, "wb") as file:
            np.savez_compressed(
                file,
                cell_types=np.array(recipe.cell_types),
                perturbations=np.array(targets),
                genes=np.array(gene_names(recipe.genes)),
                log_fold_change=truth.effects.astype(np.float32),
                baseline=truth.baseline.astype(np.float32),
            )


def structure(recipe: Recipe, proteins: Sequence[str] | None) -> Structure:
    """Draw baseline profiles, effects and dispersions.

    effect[type, perturbation, gene] = limit * tanh(scale / limit * strength[perturbation] *
    activity[perturbation, m] * gain[type, m] * loading[gene]), m the gene's module; activity and log strength
    are linear in the standardised composition of the target's protein.
    """
    if proteins is not None and len(proteins) != recipe.perturbations:
        raise UserError(
            f"{len(proteins)} proteins for {recipe.perturbations} made-up perturbations "
            "(config simulation.perturbations)"
        )
    generator = np.random.default_rng([recipe.seed, 0])
    types, genes, modules = len(recipe.cell_types), recipe.genes, recipe.modules

    log_mean = generator.normal(0, recipe.expression_sigma, genes)
    profile = np.exp(log_mean + generator.normal(0, recipe.cell_type_sigma, (types, genes)))
    baseline = recipe.library_mean * profile / profile.sum(axis=1, keepdims=True)
    log_size = np.log(recipe.size_at_one) + recipe.size_slope * np.log(baseline.mean(axis=0))
    size = np.exp(log_size + generator.normal(0, recipe.size_sigma, genes))

    responds = generator.random(genes) < recipe.responding_fraction
    module = generator.integers(modules, size=genes)
    loading = np.where(responds, generator.normal(0, 1, genes), 0)
    gain = np.exp(generator.normal(0, recipe.gain_sigma, (types, modules)))
    activity = _activity(proteins, recipe, generator)
    effects = recipe.effect_scale * (activity[None] * gain[:, None])[:, :, module] * loading
    effects = recipe.effect_limit * np.tanh(effects / recipe.effect_limit)
    if recipe.target == "gene":
        own = np.arange(recipe.perturbations)
        effects[:, own, own] = np.log1p(-recipe.knockdown)
    state = recipe.state_scale * np.eye(modules)[:, module] * loading
    return Structure(baseline=baseline, effects=effects, size=size, state=state)


def _activity(
    proteins: Sequence[str] | None, recipe: Recipe, generator: np.random.Generator
) -> Float[ndarray, "perturbation module"]:
    """Project compositions on modules: each module's activity has mean 0 and, before strength, sd 1."""
    if proteins is None:
        features = generator.normal(size=(recipe.perturbations, recipe.modules))
    else:
        features = composition(proteins)
    features = _standardised(features)
    projection = generator.normal(size=(features.shape[1], recipe.modules + 1))
    projected = _standardised(features @ projection)
    return projected[:, :-1] * np.exp(recipe.strength_sigma * projected[:, -1:])


def assign(recipe: Recipe) -> tuple[Integer[ndarray, " cell"], Integer[ndarray, " cell"]]:
    """Return each cell's type and perturbation (-1: control), as evenly as they divide, in random order."""
    generator = np.random.default_rng([recipe.seed, 1])
    controls = round(recipe.control_fraction * recipe.cells)
    types = len(recipe.cell_types)
    perturbed = np.arange(recipe.cells - controls)
    cell_type = np.concatenate([np.arange(controls) % types, perturbed % types])
    perturbation = np.concatenate([np.full(controls, -1), perturbed // types % recipe.perturbations])
    order = generator.permutation(recipe.cells)
    return cell_type[order], perturbation[order]


def draw(
    recipe: Recipe,
    truth: Structure,
    block: int,
    cell_type: Integer[ndarray, " cell"],
    perturbation: Integer[ndarray, " cell"],
) -> csr_matrix:
    """Return the counts of one block of cells, whose labels are given; only seed and block number matter.

    count ~ NB(mean = library factor * baseline * exp(effect + state), size), drawn as a Poisson with a
    gamma-distributed rate.
    """
    generator = np.random.default_rng([recipe.seed, 2, block])
    sigma = np.sqrt(np.log1p(recipe.library_cv**2))
    factor = np.exp(generator.normal(-(sigma**2) / 2, sigma, (len(cell_type), 1)))
    state = generator.normal(size=(len(cell_type), len(truth.state))) @ truth.state
    state -= (truth.state**2).sum(axis=0) / 2  # a cell's own state leaves the population's mean as it is
    effect = np.where(perturbation[:, None] >= 0, truth.effects[cell_type, perturbation], 0)
    mean = factor * truth.baseline[cell_type] * np.exp(effect + state)
    rate = generator.standard_gamma(np.broadcast_to(truth.size, mean.shape)) * mean / truth.size
    counts = generator.poisson(rate)
    smallest(int(counts.max(initial=0)))  # refuses what int32 would wrap
    return csr_matrix(counts.astype(np.int32))


def _write_counts(
    file: h5py.File,
    recipe: Recipe,
    truth: Structure,
    cell_type: Integer[ndarray, " cell"],
    perturbation: Integer[ndarray, " cell"],
) -> None:
    """Write X to an h5ad file, in anndata's layout for CSR.

    Layout: https://anndata.readthedocs.io/en/stable/fileformat-prose.html (sparse arrays, encoding-version
    0.1.0).
    """
    progress = Progress("made-up cells", recipe.cells)
    group = file.create_group("X")
    group.attrs.update(
        {
            "encoding-type": "csr_matrix",
            "encoding-version": "0.1.0",
            "shape": [recipe.cells, recipe.genes],
        }
    )
    options: dict[str, Any] = {"compression": "gzip", "compression_opts": 1, **sealed.CHECKED}
    data, indices = (
        group.create_dataset(name, (0,), "i4", maxshape=(None,), chunks=(1 << 16,), **options)
        for name in ("data", "indices")
    )
    indptr = np.zeros(recipe.cells + 1, dtype=np.int64)
    for start in range(0, recipe.cells, BLOCK):
        cells = slice(start, min(start + BLOCK, recipe.cells))
        counts = draw(recipe, truth, start // BLOCK, cell_type[cells], perturbation[cells])
        indptr[cells.start + 1 : cells.stop + 1] = indptr[start] + counts.indptr[1:]
        for dataset, values in ((data, counts.data), (indices, counts.indices)):
            dataset.resize((indptr[cells.stop],))
            dataset[indptr[start] :] = values
        progress.advance(cells.stop - start)
    group.create_dataset("indptr", data=indptr, **sealed.CHECKED)


def _standardised(values: Float[ndarray, "row column"]) -> Float[ndarray, "row column"]:
    spread = values.std(axis=0)
    return (values - values.mean(axis=0)) / np.where(spread > 0, spread, 1)
