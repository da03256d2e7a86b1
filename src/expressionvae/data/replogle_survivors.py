"""What the knock-down filter left, against what it is known to leave."""

import pandas as pd

from expressionvae.data.assembly import (
    Split,
    missing,
)
from expressionvae.data.knockdown import (
    SCALES,
)


def unexpected_targets(targets: pd.DataFrame, split: Split, control: str) -> list[str]:
    """What differs between the targets that survive and those that the split files list."""
    surviving = targets[targets["why"] == "kept"]
    said = missing(surviving["perturbation"], {*split.perturbations} - {control}, "targets that survive in some line")
    wanted = surviving.loc[surviving["cell_type"] == split.heldout_cell_type, "perturbation"]
    what = f"held-out targets that survive in {split.heldout_cell_type}"
    lost = missing(wanted[wanted.isin(split.heldout)], split.heldout, what)
    away = targets[(targets["cell_type"] == split.heldout_cell_type) & targets["perturbation"].isin(split.heldout)]
    for row in away[away["why"] != "kept"].itertuples():
        lost.append(
            f"  {row.perturbation}: {row.why}; mean residual {row.residual:.3f}, "
            f"{row.passing} of {row.cells} cells pass"
        )
    return said + lost


def by_scale(survivors: pd.DataFrame, split: Split, control: str, scale: str) -> list[str]:
    """How many listed targets each scale of the filter lets through: it shows which one the split was made with."""
    listed, said = {*split.perturbations} - {control}, []
    for name in SCALES:
        here = survivors[survivors["scale"] == name]
        away = here.loc[here["cell_type"] == split.heldout_cell_type, "perturbation"]
        used = " (in use)" if name == scale else ""
        said.append(
            f"with residual_scale {name}{used}: {len({*split.heldout} & {*away})} of {len(split.heldout)} held-out "
            f"targets survive in {split.heldout_cell_type}, {len(listed & {*here['perturbation']})} of {len(listed)} "
            "listed targets in some line"
        )
    return said
