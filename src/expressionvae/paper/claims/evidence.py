"""What a claim is judged on, in one form for the paper's printed numbers and for ours."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import pandas as pd

from expressionvae.paper.scores import RUN

DISCRETE, CONTINUOUS = "fsq", "gaussian"  # the two bottlenecks of the main grid
PRIORS = ("ar", "mdlm")  # the discrete ones
TABLE = [*RUN, "metric", "mean", "se", "n"]
REVERSION = ["dataset", "embedding", "bottleneck", "head", "screen", "metric", "value", "low", "high"]
CODES = ["dataset", "bottleneck", "head", "codes", "used", "perplexity"]
PARAMETERS = ["dataset", "bottleneck", "head", "prior", "parameters"]
TRAINED = "trained"  # the embedding of rows that are neither an untrained encoder nor PCA
OWN = ""  # the reversion screen of the paper, whatever a config calls it


@dataclass(frozen=True)
class Number:
    """Mean over `n` replicates with its standard error; `printed`: from the paper, which may give no SE."""

    mean: float
    se: float = math.nan
    n: int = 0
    printed: bool = False

    @property
    def known(self) -> bool:
        """Whether its noise is known, or it has to be taken as it is printed."""
        return self.printed or (self.n >= 2 and math.isfinite(self.se))


class Scores:
    """A tidy table TABLE, looked up by name; a number that is missing, or not finite, is None."""

    def __init__(self, table: pd.DataFrame | None = None, printed: bool = False) -> None:
        self._numbers: dict[tuple[str, ...], Number] = {}
        for row in () if table is None else table[TABLE].itertuples(index=False):
            *key, mean, se, n = row
            if pd.notna(mean) and math.isfinite(mean):
                assert tuple(key) not in self._numbers, f"{key} comes twice"
                self._numbers[tuple(key)] = Number(float(mean), float(se), 0 if pd.isna(n) else int(n), printed)

    def __len__(self) -> int:
        return len(self._numbers)

    def __iter__(self) -> Iterator[tuple[str, ...]]:
        return iter(self._numbers)

    def model(self, dataset: str, prior: str, decoder: str, metric: str, bottleneck: str = DISCRETE) -> Number | None:
        return self._numbers.get((dataset, bottleneck, prior, decoder, "", metric))

    def baseline(self, dataset: str, name: str, metric: str) -> Number | None:
        return self._numbers.get((dataset, "", "", "", name, metric))

    def baselines(self, dataset: str, metric: str) -> dict[str, Number]:
        """All baselines of `dataset` that have `metric`, by name."""
        return {key[4]: n for key, n in self._numbers.items() if key[0] == dataset and key[4] and key[5] == metric}

    def models(self, dataset: str, metric: str) -> dict[tuple[str, str, str], Number]:
        """All models of `dataset` that have `metric`, by (bottleneck, prior, decoder)."""
        return {
            (key[1], key[2], key[3]): n
            for key, n in self._numbers.items()
            if key[0] == dataset and not key[4] and key[5] == metric
        }

    def run(self, dataset: str) -> set[str]:
        """The baselines of `dataset` that have any number: one that is not defined for them was still run."""
        return {key[4] for key in self._numbers if key[0] == dataset and key[4]}

    def datasets(self) -> list[str]:
        return list(dict.fromkeys(key[0] for key in self._numbers))


@dataclass(frozen=True)
class Pair:
    """Two rows of one training of another author's baseline, of its means and of samples, and what tables call them."""

    mean: str
    sample: str
    mean_label: str
    sample_label: str


@dataclass(frozen=True)
class Evidence:
    """Everything that claims look at.

    `scores` are the columns that can be compared with the paper's; `unbiased` (PCA on true cells that are not
    compared) and `half` (half of the cells, as in the row true-vs-true) are ours alone. `borrowed` are the paper's
    numbers of baselines, used where a baseline was not run. `sizes` are those of Table 4 (of the paper on another
    gene set, so that they compare with each other alone). `reversion` has the columns REVERSION (OWN is the screen
    that the paper embeds), `coverage` the share of top-DEG means below the unbounded bin, `codes` (CODES) what each
    FSQ encoder uses of its codebook, `parameters` (PARAMETERS) how many weights each training has, `pairs` which rows
    of baselines differ only in that one emits means and the other samples. `published` says that all of it is printed
    in the paper.
    """

    published: bool
    scores: Scores = field(default_factory=Scores)
    unbiased: Scores = field(default_factory=Scores)
    half: Scores = field(default_factory=Scores)
    borrowed: Scores = field(default_factory=Scores)
    sizes: Scores = field(default_factory=Scores)
    reversion: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=REVERSION))
    coverage: Mapping[str, float | None] = field(default_factory=dict)
    codes: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=CODES))
    parameters: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=PARAMETERS))
    pairs: tuple[Pair, ...] = ()

    @property
    def datasets(self) -> list[str]:
        return self.scores.datasets()

    def rivals(self, dataset: str, metric: str) -> tuple[dict[str, Number], list[str]]:
        """Baselines by name, and which of them are the paper's numbers because they were not run here."""
        own, printed = self.scores.baselines(dataset, metric), self.borrowed.baselines(dataset, metric)
        taken = [name for name in printed if name not in self.scores.run(dataset)]
        return own | {name: printed[name] for name in taken}, taken
