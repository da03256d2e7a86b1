"""The tables, figures and claims: one card each. A table of scores needs none, unless it wants a title of its own.

Names, titles and remarks of every item stand here and nowhere else; which runs and columns it has is the config's
business. Tables 1-9 and Figures 1-3 are the paper's; the others are ours.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

OWN = re.compile(r"table-[a-z0-9-]+")  # names of tables of scores that need no card
_TABLE = ("csv", "md", "tex")
FILES = {"scores": _TABLE, "settings": _TABLE, "figure": ("pdf", "png"), "claims": ("csv", "md")}
CATEGORIES = {"scores": "1 Tables", "settings": "1 Tables", "figure": "2 Figures", "claims": "3 Claims"}


@dataclass(frozen=True)
class ItemCard:
    """What is known of a table, a figure or the claims.

    Attributes:
        kind: what makes it: scores of runs, the config, a drawing, or the claims.
        about: what its key in the config means.
        number: the paper's name of it; "" where the paper lacks it.
        title: of a table's caption.
        headers: of the columns that say which row it is: two (prior or model, decoder), or one whole run label.
        heading: how the caption opens, where that is not `number`.
        listed: what the report's menu calls it, where that is not how the caption opens.
        remarks, paper_remarks: always below the table; only where the paper's numbers stand beside ours.
        decimals: the paper's where they differ from those of the metrics' cards.
        form: of its entry in the config: runs and columns ("item"), "nothing", or one of its own.
        files: endings of the files that a reader opens, where they are not those of its kind.
    """

    kind: Literal["scores", "settings", "figure", "claims"]
    about: str
    number: str = ""
    title: str = ""
    headers: tuple[str, ...] = ("Prior", "Decoder")
    heading: str = ""
    listed: str = ""
    remarks: tuple[str, ...] = ()
    paper_remarks: tuple[str, ...] = ()
    decimals: Mapping[str, int] = field(default_factory=dict)
    form: Literal["item", "nothing", "figure3"] = "item"
    files: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """How the caption opens."""
        return self.heading or self.number

    @property
    def menu(self) -> str:
        """What the report's menu calls it."""
        return self.listed or self.name

    @property
    def by_run(self) -> bool:
        """Whether a row is named by one run label (Table 4) and not by prior and decoder."""
        return len(self.headers) == 1

    @property
    def blocks(self) -> bool:
        """Whether the rows of a prior stand together under its name, as in the paper's Tables 5-9."""
        return self.headers[0] == "Prior"

    @property
    def category(self) -> str:
        """The part of the report that shows it."""
        return CATEGORIES[self.kind]

    @property
    def shown(self) -> tuple[str, ...]:
        """Endings of the files that a reader opens; a table that the paper has is also set beside the paper's."""
        beside = ("compared.csv", "compared.md") if self.kind == "scores" and self.number else ()
        return (self.files or FILES[self.kind]) + beside


_NB = "The paper's head nb in this table is nb (deter) here: it emits the mean."
_PAIRS = (
    "PCC cell and MSE cell pair each predicted cell with an arbitrary true cell of the same perturbation, so both "
    "reward predicting the mean: a better value there is not a better cell."
)
_DISTRIBUTION = {"mmd2": 4}

ITEMS: dict[str, ItemCard] = {
    "table1": ItemCard(
        "scores", "discrete latents against baselines",
        "Table 1", "Discrete-latent perturbation modelling against baselines.", headers=("Model", "Decoder")
    ),
    "table2": ItemCard(
        "settings", "hyperparameters of stage 1, rendered from the config", "Table 2", form="nothing"
    ),
    "table3": ItemCard(
        "settings", "hyperparameters of stage 2, rendered from the config", "Table 3", form="nothing"
    ),
    "table4": ItemCard(
        "scores", "codebook size and number of tokens",
        "Table 4",
        "Number of latent tokens (L), codebook size (K) and neighbouring points of the design space.",
        headers=("Run",),
        remarks=("NB stands for nb (deter), which emits the mean.",),
        paper_remarks=(
            "The paper computed its Table 4 on another gene set than its other tables: its numbers can be compared "
            "with each other, not with its Table 1 and not with ours.",
            "The paper does not say which levels make its K = 1,024; the authors' code takes 8 × 5 × 5 × 5 for "
            "it, which are 1,000 codes.",
            "The paper does not say which of the two nb decoders its NB rows are; their W₂ and FD are near those of "
            "the deterministic one in its Table 6, and far from those of nb-sample in its Table 1.",
        ),
        decimals={
            "pds": 4, "overlap_at_n": 4, "pr_auc": 4, "spearman_sig": 4, "w2": 2, "mmd2": 4, "fd": 2,
        },
    ),
    "table5": ItemCard(
        "scores", "prior x head on Parse 1M, distribution metrics",
        "Table 5", "Every prior with every decoder: distribution metrics.", paper_remarks=(_NB,), decimals=_DISTRIBUTION
    ),
    "table6": ItemCard(
        "scores", "prior x head on Replogle, distribution metrics",
        "Table 6", "Every prior with every decoder: distribution metrics.", paper_remarks=(_NB,), decimals=_DISTRIBUTION
    ),
    "table7": ItemCard(
        "scores", "prior x head on Parse 1M, moments",
        "Table 7", "Every prior with every decoder: moments per gene, and arbitrarily paired cells.",
        remarks=(_PAIRS,), paper_remarks=(_NB,),
    ),
    "table8": ItemCard(
        "scores", "prior x head on Replogle, moments",
        "Table 8", "Every prior with every decoder: moments per gene, and arbitrarily paired cells.",
        remarks=(_PAIRS,), paper_remarks=(_NB,),
    ),
    "table9": ItemCard(
        "scores", "prior x head, cell-eval metrics",
        "Table 9", "Every prior with every decoder: effects of perturbations (cell-eval).",
        remarks=(
            "MAE-l2 is over genes that are significant in the true cells; Sp-sig is one correlation over "
            "perturbations, of their numbers of significant genes.",
        ),
        paper_remarks=(_NB, "The paper writes PDS as disc_l1 here."),
    ),
    "figure1": ItemCard(
        "figure", "the pipeline, drawn from the config",
        "Figure 1", listed="Figure 1: the pipeline", form="nothing",
    ),
    "figure2": ItemCard(
        "figure", "the output-head ablation",
        "Figure 2", listed="Figure 2: decoders under each prior",
    ),
    "figure3": ItemCard(
        "figure", "the reversion benchmark, encoders by bottleneck and head",
        "Figure 3", listed="Figure 3: reversion", form="figure3", files=("pdf", "png", "csv", "md"),
    ),
    "mdlm-steps": ItemCard(
        "scores", "denoising steps of MDLM at sampling",
        "", "How many denoising steps the masked-diffusion prior needs.", heading="Denoising steps",
        remarks=(
            "One trained prior, sampled with different numbers of steps. The paper states 128 in its Table 3 and "
            "speaks of a single forward pass in its sections 3.2 and 3.3.",
        ),
        decimals=_DISTRIBUTION,
    ),
    "library-leak": ItemCard(
        "scores", "library sizes drawn against those of the true cells",
        "", "What knowing the true cell's library size is worth.", heading="Library-size leak",
        remarks=(
            "Decoders ending in 'true library' are told the library size of the very cell that the prediction is "
            "compared with, as in the authors' code; the others draw it from training cells of the cell type.",
        ),
        decimals=_DISTRIBUTION,
    ),
    "sampling-noise": ItemCard(
        "scores", "the nb head's draws, the mean of several of them, and its mean",
        "", "What the noise of sampling does to effects.", heading="Sampling noise",
        remarks=(
            "One trained nb head: a draw a cell, the mean of several draws from the same latents, and the mean that "
            "the head itself gives.",
        ),
        decimals=_DISTRIBUTION,
    ),
    "detokenisation": ItemCard(
        "scores", "bins decoded to their conditional means against their midpoints",
        "", "What a predicted bin becomes.", heading="Detokenisation",
        remarks=(
            "ce-quant puts the conditional mean of the training counts in place of a drawn bin; 'midpoints' the middle "
            "of the bin (of the last, unbounded one, its lower edge). The draws are the same.",
        ),
        decimals=_DISTRIBUTION,
    ),
    "reconstruction": ItemCard(
        "scores", "what the VAE alone loses: the true cells' own codes decoded",
        "", "What the VAE alone loses.", heading="Reconstruction",
        remarks=(
            "True codes: the held-out cells' own codes, encoded and decoded again, with no prior in between. What is "
            "missing there no prior can bring back.",
            "zeros: share of zeros in the predicted cells; zeros (true): in the true cells. Neither end is better, "
            "only nearness.",
        ),
        decimals=_DISTRIBUTION,
    ),
    "richness": ItemCard(
        "figure", "each metric against the measured richness of the decoders",
        listed="Richness against each metric",
    ),
    "claims": ItemCard(
        "claims", "the paper's claims as predicates over the scores of the other items",
        listed="Claims", form="nothing",
    ),
}  # fmt: skip


def card(name: str) -> ItemCard:
    """The card of an item; of a table of scores without one, what follows from its name ("table-own-heads")."""
    if name not in ITEMS:
        assert OWN.fullmatch(name), name
        words = name.removeprefix("table-").replace("-", " ")
        return ItemCard("scores", "a table of scores of one's own", heading=words[:1].upper() + words[1:])
    return ITEMS[name]


def of_kind(kind: str) -> list[str]:
    """The names of the items of a kind that have a card."""
    return [name for name, entry in ITEMS.items() if entry.kind == kind]
