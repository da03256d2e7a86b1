"""The output heads: one card each. To add one: its file in `vae/heads/`, its card here, its entry in the config."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

SAMPLE, MEAN = "sample", "mean"
MEAN_OF_DRAWS = "mean-of-draws"  # of a head that samples: the average of several draws from the same latents
SAMPLE_MIDPOINT = "sample-midpoint"  # of a head that draws bins: each bin's midpoint, not its conditional mean


@dataclass(frozen=True)
class HeadCard:
    """What is known of an output head without loading it.

    Attributes:
        label: what Figure 3 calls it.
        class_path: module and class.
        rules: the predict rules that its class offers.
        takes_library: whether it has to be told each cell's library size to predict.
        description: one phrase.
        options: JSON Schema of each key of its entry in the config's `heads`, all of them required.
    """

    label: str
    class_path: str
    rules: tuple[str, ...]
    description: str
    takes_library: bool = False
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def predicts(self) -> tuple[str, ...]:
        """Every rule by which it can be asked to predict: its own, and the mean of draws where it draws."""
        return (*self.rules, MEAN_OF_DRAWS) if SAMPLE in self.rules else self.rules


HEADS: dict[str, HeadCard] = {
    "ce": HeadCard(
        "Quantile",
        "expressionvae.vae.heads.ce.CrossEntropy",
        (SAMPLE, SAMPLE_MIDPOINT),
        "categorical over count bins",
    ),
    "nb": HeadCard(
        "NB",
        "expressionvae.vae.heads.nb.NegativeBinomial",
        (SAMPLE, MEAN),
        "negative binomial",
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
        options={
            "gate_weight": {
                "description": "weight of the gate's cross-entropy beside the magnitude's squared error",
                "type": "number",
                "exclusiveMinimum": 0,
            }
        },
    ),
    "mse": HeadCard("MSE", "expressionvae.vae.heads.mse.MeanSquaredError", (MEAN,), "regression of log values"),
}


def predict_rules() -> list[str]:
    """Every rule by which some head can be asked to predict."""
    return list(dict.fromkeys(rule for card in HEADS.values() for rule in card.predicts))
