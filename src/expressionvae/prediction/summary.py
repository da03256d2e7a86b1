"""What a page tells of a pair, gathered from its predictions and the training cells."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
from scipy import sparse

from expressionvae.evaluation.baselines import Training, groups
from expressionvae.files import reading
from expressionvae.prediction import effects, picture, trust
from expressionvae.prediction.cells import LOG, labels_of
from expressionvae.prediction.page import Content, name
from expressionvae.prediction.trust import MEAN, Known, Tested
from expressionvae.stored import table


def of(
    row: Mapping[str, Any],
    training: Training,
    predicted: Mapping[str, ad.AnnData],
    tables: Mapping[str, pd.DataFrame],
    *,
    note: str,
    tested: Sequence[Tested] = (),
) -> Content:
    """The content of a pair's page.

    Args:
        row: what is known of the pair (`asked.row`).
        predicted, tables: cells and effects of each predictor, models first.
        tested: results of leave-one-context-out.
    """
    known = Known(**{field.name: row[field.name] for field in fields(Known)})
    real = _real(training, known)
    shown = picture.real_groups(known.cell_type, known.perturbation, **real)
    perturbed = {
        one: sparse.csr_matrix(cells.layers[LOG])[labels_of(cells) == known.perturbation]
        for one, cells in predicted.items()
    }
    clouds = picture.predicted_groups({name(one): cells for one, cells in perturbed.items()})
    pictures = picture.panels(shown, clouds, seed=0)
    correlation = effects.agreement(tables)
    agreement = {name(one): float(correlation.loc[one, MEAN]) for one in tables if MEAN in tables}  # type: ignore[arg-type]
    models = [name(one) for one in predicted if one != MEAN]
    tested = [one for one in tested if one.predictor in (MEAN, *models)]
    return Content(
        known=known,
        cells=int(row["cells"]),
        note=note,
        verdict=trust.verdict(known, models, tested, agreement),
        warnings=trust.warnings(known, {}, None),
        effects=tables,
        scales={one: str(cells.uns["X"]) for one, cells in predicted.items()},
        sums={one: float(cells.uns["median_sum"]) for one, cells in predicted.items()},
        pictures={one: pictures[name(one)] for one in predicted},
        legend={group.label: group.colour for group in [*shown, *clouds.values()]},
        tested=tested,
        provenance=_provenance(next(iter(predicted.values()))),
    )


def read_tested(path: str | Path) -> list[Tested]:
    """What leave-one-context-out measured (composition.csv). Raises UserError if the file is not that."""
    with reading(path, "the table of left-out cell types"):
        rows = table(path, texts=["left_out_cell_type", "run", "metric"], numbers=["value"])
    found = []
    for (run, kind), at in groups(rows["run"], rows["left_out_cell_type"]).items():
        value = rows.iloc[at].set_index("metric")["value"].to_dict()
        scores = {one: float(value.get(one, np.nan)) for one in ("identity", "pearson_delta", "fd")}
        found.append(Tested(run if run == MEAN else name(run), kind, **scores))
    return found


def _real(training: Training, known: Known) -> dict[str, sparse.csr_matrix]:
    """Real cells in comparison space: the type's controls, those of other types, perturbed cells of other types."""
    others = [kind for kind in training.contexts if kind != known.cell_type]

    def pooled(label: str) -> sparse.csr_matrix:
        rows = [training.rows[kind, label] for kind in others if (kind, label) in training.rows]
        return training.log_normal(np.concatenate(rows) if rows else np.empty(0, dtype=np.int64))

    return {
        "controls": training.log_normal(training.controls(known.cell_type)),
        "other_controls": pooled(training.control),
        "perturbed": pooled(known.perturbation),
    }


def _provenance(cells: ad.AnnData) -> dict[str, str]:
    made = cells.uns["provenance"]
    return {
        "config": str(made["config_hash"]),
        "commit": str(made["commit"]),
        "expressionvae": str(made["versions"]["expressionvae"]),
    }
