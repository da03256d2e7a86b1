"""A made-up reversion screen: a stimulus along known genes, and a pathway whose loss undoes it.

Its cells are of the same kind as those of a made-up training screen (same genes, same expression, same modules),
so that an encoder trained there can see the stimulus; no cell is shared.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData
from jaxtyping import Float
from numpy import ndarray
from scipy.sparse import csr_matrix, vstack

from expressionvae.data import madeup, madeup_names, sealed
from expressionvae.files import UserError

CONTROL, TREATED, UNTREATED = "non-targeting", "treated", "untreated"


@dataclass(frozen=True)
class Recipe:
    """What a made-up reversion screen is made of (config key `simulation` of a reversion screen)."""

    cells: int
    cell_type: str  # of the training screen
    targets: int  # the last genes of the panel, control not counted
    positives: int  # how many of them, the first ones, undo the stimulus
    control_fraction: float
    stimulus: float  # size of the stimulus: units of a module's activity
    reverted: Sequence[float]  # share of the stimulus that the loss of a positive undoes: from, to
    own_scale: float  # sd of each target's own effect, in units of a module's activity
    absent: int  # genes of the panel that the screen lacks
    seed: int


def simulate(path: str | Path, *, recipe: Recipe, training: madeup.Recipe) -> None:
    """Write the screen as h5ad: CSR int32 counts, obs target and condition, uns positives.

    Raises:
        UserError: when the training screen has not genes enough, or no such cell type.
    """
    names = _targets(recipe, training)
    if recipe.cell_type not in training.cell_types:
        raise UserError(f"config simulation.cell_type is {recipe.cell_type!r}; there are {list(training.cell_types)}")
    if recipe.positives + 2 > recipe.targets:
        raise UserError(
            f"config simulation.positives is {recipe.positives} of {recipe.targets} targets: at most 2 fewer"
        )
    truth = structure(recipe, training)
    conditions = (UNTREATED, TREATED)
    drawn = replace(
        training,
        cells=recipe.cells,
        cell_types=conditions,
        perturbations=recipe.targets,
        control_fraction=recipe.control_fraction,
        seed=recipe.seed,
    )
    condition, target = madeup.assign(drawn)
    blocks = [slice(start, start + madeup.BLOCK) for start in range(0, recipe.cells, madeup.BLOCK)]
    drawn_blocks = [madeup.draw(drawn, truth, i, condition[cells], target[cells]) for i, cells in enumerate(blocks)]
    counts = csr_matrix(vstack(drawn_blocks))
    named: Any = pd.Categorical.from_codes  # its stubs refuse arrays
    obs = pd.DataFrame(
        {
            "target": named(target + 1, pd.Index([CONTROL, *names])),
            "condition": named(condition, pd.Index(conditions)),
        },
        index=pd.Index([f"cell{i:07d}" for i in range(recipe.cells)]),
    )
    genes = pd.Index(madeup_names.gene_names(training.genes))
    kept = np.ones(training.genes, dtype=bool)
    # Genes of no module: the screen lacks some of the panel, and what is planted stays whole.
    kept[np.flatnonzero(~truth.state.any(axis=0))[: recipe.absent]] = False
    screen = AnnData(counts[:, kept], obs=obs, var=pd.DataFrame(index=genes[kept]))
    screen.uns["positives"] = np.array(names[: recipe.positives], dtype=object)
    sealed.write(path, screen)


def structure(recipe: Recipe, training: madeup.Recipe) -> madeup.Structure:
    """Expected profiles of untreated and treated cells (as two "cell types") and every target's effects.

    The stimulus acts on the first half of the modules. A target has an effect of its own in the other half, in
    both conditions; a positive takes away `reverted` of the stimulus, in treated cells only.
    """
    base = madeup.structure(training, None)
    generator = np.random.default_rng([recipe.seed, 4])
    unit = base.state / training.state_scale  # [module gene]: a module's loadings
    half = max(training.modules // 2, 1)
    scale, limit = training.effect_scale, training.effect_limit

    def shift(activity: Float[ndarray, "*any module"]) -> Float[ndarray, "*any gene"]:
        return limit * np.tanh(scale * activity @ unit / limit)

    pushed = np.zeros(training.modules)
    pushed[:half] = recipe.stimulus * generator.choice([-1, 1], half)
    own = np.zeros((recipe.targets, training.modules))
    own[:, half:] = recipe.own_scale * generator.normal(size=(recipe.targets, training.modules - half))
    undone = np.zeros(recipe.targets)
    undone[: recipe.positives] = generator.uniform(recipe.reverted[0], recipe.reverted[1], recipe.positives)
    programme, effects = shift(pushed), shift(own)
    genes = np.arange(training.genes - recipe.targets, training.genes)
    effects[np.arange(recipe.targets), genes] += np.log1p(-training.knockdown)
    resting = base.baseline[list(training.cell_types).index(recipe.cell_type)]
    return madeup.Structure(
        baseline=np.stack([resting, resting * np.exp(programme)]),
        effects=np.stack([effects, effects - undone[:, None] * programme]),
        size=base.size,
        state=base.state,
    )


def _targets(recipe: Recipe, training: madeup.Recipe) -> list[str]:
    if recipe.targets > training.genes:
        raise UserError(f"config simulation.targets is {recipe.targets}, more than the genes ({training.genes})")
    return madeup_names.gene_names(training.genes)[-recipe.targets :]
