"""What a page tells of a pair, gathered from its predictions and the training cells."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
from scipy import sparse

from expressionvae.evaluation.baselines import Training, groups
from expressionvae.files import reading, written
from expressionvae.prediction import effects, picture, trust
from expressionvae.prediction.cells import LOG, labels_of
from expressionvae.prediction.identity import KINDS
from expressionvae.prediction.page import Content
from expressionvae.prediction.trust import MEAN, Identity, Known, Share, Tested, called
from expressionvae.prediction.verdict import verdict
from expressionvae.stored import table

TEXTS = ("cell_type", "perturbation", "predictor", "loses_cell_type", "which_to_trust", "folder")


def of(
    row: Mapping[str, Any],
    training: Training,
    predicted: Mapping[str, ad.AnnData],
    tables: Mapping[str, pd.DataFrame],
    *,
    note: str,
    tested: Sequence[Tested] = (),
    shares: Mapping[str, Mapping[str, float]] | None = None,
    real: float = math.nan,
) -> Content:
    """The content of a pair's page.

    Args:
        row: what is known of the pair (`asked.row`).
        predicted, tables: cells and effects of each predictor, models first.
        tested: results of leave-one-context-out.
        shares: of each predictor's cells that are of the wanted type (`identity.means`); real: of its real controls.
    """
    known = Known(**{field.name: row[field.name] for field in fields(Known)})
    cells = _real(training, known)
    shown = picture.real_groups(known.cell_type, known.perturbation, **cells)
    perturbed = {
        one: sparse.csr_matrix(cells.layers[LOG])[labels_of(cells) == known.perturbation]
        for one, cells in predicted.items()
    }
    clouds = picture.predicted_groups({called(one): cells for one, cells in perturbed.items()})
    pictures = picture.panels(shown, clouds, seed=0)
    correlation = effects.agreement(tables)
    agreement = {called(one): float(correlation.loc[one, MEAN]) for one in tables if MEAN in tables}  # type: ignore[arg-type]
    models = [called(one) for one in predicted if one != MEAN]
    tested = [one for one in tested if one.predictor in (MEAN, *models)]
    identity = Identity({_key(one): _share(each) for one, each in (shares or {}).items()}, real)
    return Content(
        known=known,
        cells=int(row["cells"]),
        note=note,
        verdict=verdict(known, models, tested, agreement, identity),
        warnings=trust.warnings(known, identity),
        effects=tables,
        scales={one: str(cells.uns["X"]) for one, cells in predicted.items()},
        sums={one: float(cells.uns["median_sum"]) for one, cells in predicted.items()},
        pictures={one: pictures[called(one)] for one in predicted},
        legend={group.label: group.colour for group in [*shown, *clouds.values()]},
        identity=identity,
        tested=tested,
        provenance=_provenance(next(iter(predicted.values()))),
    )


def _key(predictor: str) -> str:
    """By which trust and tests know a predictor."""
    return predictor if predictor == MEAN else called(predictor)


def _share(means: Mapping[str, float]) -> Share:
    return Share(*(means.get(what, math.nan) for what in KINDS))


def rows(content: Content, folder: str) -> pd.DataFrame:
    """A row a predictor: what the page says of it, in numbers, and where its files lie."""
    known, identity = content.known, content.identity
    found = []
    for predictor in content.effects:
        share = identity.shares.get(_key(predictor), Share(math.nan, math.nan))
        tested = [one for one in content.tested if one.predictor == _key(predictor)]
        found.append(
            {
                "cell_type": known.cell_type,
                "perturbation": known.perturbation,
                "predictor": predictor,
                "cells": content.cells,
                "controls": known.controls,
                "contexts": known.contexts,
                "measured": known.measured,
                "identity": share.perturbed,
                "identity_controls": share.controls,
                "identity_own_controls": share.own_controls,
                "identity_reconstructed": share.reconstructed,
                "identity_real_controls": identity.real,
                "loses_cell_type": identity.loses(_key(predictor)),
                **{f"left_out_{what}": trust.mean(tested, what) for what in ("identity", "pearson_delta", "fd")},
                "which_to_trust": content.verdict,
                "folder": f"{folder}/{predictor}",
            }
        )
    return pd.DataFrame(found)


def save(found: pd.DataFrame, path: str | Path) -> None:
    with written(path) as temporary:
        found.to_csv(temporary, index=False)


def together(paths: Sequence[str | Path]) -> pd.DataFrame:
    """The rows of several pairs as `save` wrote them. Raises UserError when it did not."""
    found = []
    for path in paths:
        with reading(path, "what a page says of a pair"):
            found.append(table(path, texts=TEXTS, numbers=()))
    return pd.concat(found, ignore_index=True)


def read_tested(path: str | Path) -> list[Tested]:
    """What leave-one-context-out measured (composition.csv). Raises UserError if the file is not that."""
    with reading(path, "the table of left-out cell types"):
        rows = table(path, texts=["left_out_cell_type", "run", "metric"], numbers=["value", "se", "n"])
    found = []
    for (run, kind), at in groups(rows["run"], rows["left_out_cell_type"]).items():
        part = rows.iloc[at].set_index("metric")
        scores, errors = (
            {one: float(part[column].get(one, np.nan)) for one in ("identity", "pearson_delta", "fd")}
            for column in ("value", "se")
        )
        found.append(Tested(_key(run), kind, **scores, errors=errors, replicates=int(part["n"].max())))
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
