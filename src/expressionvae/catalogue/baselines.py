"""The baselines and references: one card each."""

from dataclasses import dataclass

CONTROL, PERTURB_MEAN, FLOOR = "control", "perturb-mean", "true-vs-true"


@dataclass(frozen=True)
class BaselineCard:
    """What is known of a row without a model of ours.

    Attributes:
        label: what tables call it.
        printed: what the paper's Table 1 calls it, where that says more.
        reference: whether the paper lacks it, and it closes a block of rows.
    """

    label: str
    printed: str = ""
    reference: bool = False


# In the order in which tables have them; references close a block in this order.
BASELINES: dict[str, BaselineCard] = {
    "state": BaselineCard("STATE"),
    "scvi": BaselineCard("scVI"),
    "cpa": BaselineCard("CPA"),
    "scgpt": BaselineCard("scGPT"),
    "scldm": BaselineCard("scLDM", printed="scLDM (ω = 1)"),  # its guidance weight, of which the row has one
    PERTURB_MEAN: BaselineCard("PerturbMean"),
    CONTROL: BaselineCard("Control as prediction", reference=True),
    FLOOR: BaselineCard("True against true", reference=True),
}
REFERENCES = tuple(name for name, card in BASELINES.items() if card.reference)
PUBLISHED = tuple(name for name, card in BASELINES.items() if not card.reference)
SEEDLESS = (CONTROL, PERTURB_MEAN)  # their training draws nothing: one serves all seeds of trainings
