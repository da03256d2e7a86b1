"""The tables of scores: what each is called, what is said over and under it, how its rows are named.

Names, titles and remarks of every table stand here and nowhere else; which runs and columns a table has is the
config's business. Tables 1 and 4-9 are the paper's; the last three are ours.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from expressionvae.files import UserError
from expressionvae.paper.columns import Column, chosen


@dataclass(frozen=True)
class Item:
    """One table of scores.

    `number` is the paper's name of it ("" for a table that the paper lacks) and `heading` opens the caption.
    `headers` name the columns that say which row it is: two (prior or model, decoder), or one whole run label.
    `remarks` always stand below the table, `paper_remarks` only where the paper's numbers stand beside ours.
    `decimals` are the paper's where they differ from `columns.COLUMNS`.
    """

    number: str
    title: str
    headers: tuple[str, ...] = ("Prior", "Decoder")
    heading: str = ""
    remarks: tuple[str, ...] = ()
    paper_remarks: tuple[str, ...] = ()
    decimals: Mapping[str, int] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """How the caption opens."""
        return self.heading or self.number

    @property
    def by_run(self) -> bool:
        """Whether a row is named by one run label (Table 4) and not by prior and decoder."""
        return len(self.headers) == 1

    @property
    def blocks(self) -> bool:
        """Whether the rows of a prior stand together under its name, as in the paper's Tables 5-9."""
        return self.headers[0] == "Prior"


_NB = "The paper's head nb in this table is nb (deter) here: it emits the mean."
_PAIRS = (
    "PCC cell and MSE cell pair each predicted cell with an arbitrary true cell of the same perturbation, so both "
    "reward predicting the mean: a better value there is not a better cell."
)
_DISTRIBUTION = {"mmd2": 4}

ITEMS: dict[str, Item] = {
    "table1": Item(
        "Table 1", "Discrete-latent perturbation modelling against baselines.", headers=("Model", "Decoder")
    ),
    "table4": Item(
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
    "table5": Item(
        "Table 5", "Every prior with every decoder: distribution metrics.", paper_remarks=(_NB,), decimals=_DISTRIBUTION
    ),
    "table6": Item(
        "Table 6", "Every prior with every decoder: distribution metrics.", paper_remarks=(_NB,), decimals=_DISTRIBUTION
    ),
    "table7": Item(
        "Table 7", "Every prior with every decoder: moments per gene, and arbitrarily paired cells.",
        remarks=(_PAIRS,), paper_remarks=(_NB,),
    ),
    "table8": Item(
        "Table 8", "Every prior with every decoder: moments per gene, and arbitrarily paired cells.",
        remarks=(_PAIRS,), paper_remarks=(_NB,),
    ),
    "table9": Item(
        "Table 9", "Every prior with every decoder: effects of perturbations (cell-eval).",
        remarks=(
            "MAE-l2 is over genes that are significant in the true cells; Sp-sig is one correlation over "
            "perturbations, of their numbers of significant genes.",
        ),
        paper_remarks=(_NB, "The paper writes PDS as disc_l1 here."),
    ),
    "mdlm-steps": Item(
        "", "How many denoising steps the masked-diffusion prior needs.", heading="Denoising steps",
        remarks=(
            "One trained prior, sampled with different numbers of steps. The paper states 128 in its Table 3 and "
            "speaks of a single forward pass in its sections 3.2 and 3.3.",
        ),
        decimals=_DISTRIBUTION,
    ),
    "library-leak": Item(
        "", "What knowing the true cell's library size is worth.", heading="Library-size leak",
        remarks=(
            "Decoders ending in 'true library' are told the library size of the very cell that the prediction is "
            "compared with, as in the authors' code; the others draw it from training cells of the cell type.",
        ),
        decimals=_DISTRIBUTION,
    ),
    "sampling-noise": Item(
        "", "What the noise of sampling does to effects.", heading="Sampling noise",
        remarks=(
            "One trained nb head: a draw a cell, the mean of several draws from the same latents, and the mean that "
            "the head itself gives.",
        ),
        decimals=_DISTRIBUTION,
    ),
    "detokenisation": Item(
        "", "What a predicted bin becomes.", heading="Detokenisation",
        remarks=(
            "ce-quant puts the conditional mean of the training counts in place of a drawn bin; 'midpoints' the middle "
            "of the bin (of the last, unbounded one, its lower edge). The draws are the same.",
        ),
        decimals=_DISTRIBUTION,
    ),
    "reconstruction": Item(
        "", "What the VAE alone loses.", heading="Reconstruction",
        remarks=(
            "True codes: the held-out cells' own codes, encoded and decoded again, with no prior in between. What is "
            "missing there no prior can bring back.",
            "zeros: share of zeros in the predicted cells; zeros (true): in the true cells. Neither end is better, "
            "only nearness.",
        ),
        decimals=_DISTRIBUTION,
    ),
}  # fmt: skip


def item(name: str) -> Item:
    """The record of a table. Raises UserError for a name that no table has."""
    if name not in ITEMS:
        raise UserError(f"paper: no table is called {name!r}; expected one of {', '.join(ITEMS)}")
    return ITEMS[name]


def columns_of(table: Item, metrics: Sequence[str]) -> list[Column]:
    """The columns of `metrics`, printed with the decimals of this table."""
    return [replace(column, decimals=table.decimals.get(column.name, column.decimals)) for column in chosen(metrics)]
