"""Which cells to predict, as `truth.save` writes it: read by samplers too, which know no AnnData."""

from pathlib import Path

import pandas as pd

from expressionvae.files import reading, require
from expressionvae.stored import table


def read_query(path: str | Path) -> pd.DataFrame:
    """Read query.csv, labels as text ("NA" is a label too).

    Raises:
        UserError: if it is not what `truth.save` wrote.
    """
    with reading(path, "the query: which cells to predict"):
        query = table(path, texts=["cell", "cell_type", "perturbation"], numbers=["true_library"])
        require(len(query) > 0, "it asks for no cell")
        require(query["cell"].is_unique, "it asks for a cell twice")
        require((query[["cell_type", "perturbation"]] != "").to_numpy().all(), "a label is missing")
        require((query["true_library"] > 0).all(), "a true_library is not above 0")
    return query
