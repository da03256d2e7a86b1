"""The output heads: one card each. To add one: its file in `vae/heads/`, its card here, its entry in the config."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

SAMPLE, MEAN = "sample", "mean"
MEAN_OF_DRAWS = "mean-of-draws"  # of a head that samples: the average of several draws from the same latents
ANCHORED = "anchored"  # of every head: real control cells, moved by the shift that it predicts
SAMPLE_MIDPOINT = "sample-midpoint"  # of a head that draws bins: each bin's midpoint, not its conditional mean


@dataclass(frozen=True)
class HeadCard:
    """What is known of an output head without loading it.

    Attributes:
        label: what Figure 3 calls it.
        class_path: module and class.
        rules: the predict rules that its class offers.
        scale: what its predicted values are, on the linear scale.
        takes_library: whether it has to be told each cell's library size to predict.
        description: one phrase.
        options: JSON Schema of each key of its entry in the config's `heads`, all of them required.
        version: raised when its class learns another thing from the same cells: its trainings then run again.
    """

    label: str
    class_path: str
    rules: tuple[str, ...]
    description: str
    scale: str
    takes_library: bool = False
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    version: int = 1

    @property
    def predicts(self) -> tuple[str, ...]:
        """Every rule by which it can be asked to predict: its own, the mean of draws where it draws, and anchored."""
        return (*self.rules, *((MEAN_OF_DRAWS,) if SAMPLE in self.rules else ()), ANCHORED)

    def base(self, rule: str) -> str:
        """The rule of its own that another is made of: anchored cells are moved by means of its first."""
        return self.rules[0] if rule == ANCHORED else SAMPLE if rule == MEAN_OF_DRAWS else rule


_NORMALISED = "counts as if every cell had the median library size of its source file over all genes, not whole"

HEADS: dict[str, HeadCard] = {
    "ce": HeadCard(
        "Quantile",
        "expressionvae.vae.heads.ce.CrossEntropy",
        (SAMPLE, SAMPLE_MIDPOINT),
        "categorical over count bins",
        "counts, each the mean of the training counts in its bin; the library size is the model's own",
    ),
    "nb": HeadCard(
        "NB",
        "expressionvae.vae.heads.nb.NegativeBinomial",
        (SAMPLE, MEAN),
        "negative binomial",
        "counts (by the rule mean: expected counts) of a library size drawn from training cells of the cell type",
        takes_library=True,
        options={
            "pace": {
                "description": "how many times as fast as other parameters the log dispersion moves; the authors' 1 "
                "lets it move by the learning rate a step",
                "type": "number",
                "exclusiveMinimum": 0,
            },
            "max_dispersion": {
                "description": "largest dispersion, beyond which the likelihood loses its digits; null: none, as the "
                "authors have it",
                "type": ["number", "null"],
                "exclusiveMinimum": 0.01,
            },
        },
    ),
    "hurdle": HeadCard(
        "Hurdle",
        "expressionvae.vae.heads.hurdle.Hurdle",
        (SAMPLE,),
        "zero gate and magnitude",
        _NORMALISED,
        options={
            "gate_weight": {
                "description": "weight of the gate's cross-entropy beside the magnitude's squared error",
                "type": "number",
                "exclusiveMinimum": 0,
            }
        },
    ),
    "mse": HeadCard(
        "MSE", "expressionvae.vae.heads.mse.MeanSquaredError", (MEAN,), "regression of log values", _NORMALISED
    ),
}


def predict_rules() -> list[str]:
    """Every rule by which some head can be asked to predict."""
    return list(dict.fromkeys(rule for card in HEADS.values() for rule in card.predicts))
