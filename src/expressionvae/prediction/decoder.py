"""From sampled latents to predicted cells, by any predict rule: a head's own, a mean of draws, anchored on controls."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy import ndarray
from scipy import sparse

from expressionvae.catalogue.heads import ANCHORED, HEADS
from expressionvae.evaluation.anchored import anchored, shifts
from expressionvae.evaluation.baselines import Training
from expressionvae.training import stage1
from expressionvae.training.latents import Latents
from expressionvae.vae.model import ExpressionVAE

Cells = ndarray | sparse.csr_matrix
Again = Callable[[ndarray, int], Cells]


@dataclass(frozen=True)
class Decoder:
    """A trained VAE with a predict rule.

    Attributes:
        latents: of its training cells: library sizes are drawn from them.
        head: its name in `catalogue.heads`.
        predict: the rule, as a run's folder has it: perhaps with `grid.TRUE_LIBRARY` at its end.
        draws: of the rule mean-of-draws.
        controls: training cells, for the rule anchored alone.
    """

    model: ExpressionVAE
    latents: Latents
    head: str
    predict: str
    draws: int
    batch_size: int
    controls: Training | None = None

    def decode(self, values: ndarray, query: pd.DataFrame, *, seed: int) -> tuple[Cells, Again]:
        """Predicted cells on the linear scale [cell gene], and what draws some rows of them again with another seed.

        Args:
            values: sampled latents, one cell's for every row of the query.
            query: columns cell_type, perturbation, true_library (sums over the panel; read by TRUE_LIBRARY alone).
        """
        types, told = query["cell_type"].tolist(), query["true_library"].to_numpy()
        rule, library = stage1.libraries(self.predict, self.latents, types, told, seed=seed)
        own = HEADS[self.head].base(rule) if rule == ANCHORED else rule

        def drawn(rows: ndarray, seed: int) -> ndarray:
            options = {"draws": self.draws, "batch_size": self.batch_size}
            return stage1.predict(self.model, values[rows], library[rows], own, seed=seed, **options)

        cells = drawn(np.arange(len(query)), seed)
        if rule != ANCHORED:
            return cells, drawn
        assert self.controls is not None, "anchored cells need training cells"
        training = self.controls
        moves = shifts(cells, query, control=training.control, rescale_to=training.rescale_to)

        def again(rows: ndarray, seed: int) -> Cells:
            return anchored(training, query.iloc[rows].reset_index(drop=True), moves, seed=seed).toarray()

        return anchored(training, query, moves, seed=seed), again
