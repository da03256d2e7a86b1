"""A head, a prior and a metric of one's own: their files, a card each and lines of config, and nothing else."""

import pandas as pd
import pytest
import yaml

from tests.workflow.conftest import call_copy, copied, tiny

pytestmark = pytest.mark.slow

HEAD = """
import torch.nn.functional as F
from torch import nn

from expressionvae.vae.heads.base import Head, log_normalise


class MeanAbsoluteError(Head):
    rules = ("mean",)

    def __init__(self, width, floor):
        super().__init__()
        self.output, self.floor = nn.Linear(width, 1), floor

    def values(self, counts, size_factor):
        return log_normalise(counts, size_factor)

    def loss(self, states, counts, size_factor):
        return F.l1_loss(self.output(states).squeeze(-1).float(), self.values(counts, size_factor))

    def predict(self, states, panel_library, rule, generator):
        return self.output(states).squeeze(-1).float().clamp(min=self.floor).expm1()
"""
HEAD_CARD = """
HEADS["mae"] = HeadCard(
    "MAE", "expressionvae.vae.heads.mae.MeanAbsoluteError", (MEAN,), "absolute error of log values",
    scale="counts of the median library size",
    options={"floor": {"description": "smallest log value", "type": "number", "minimum": 0}},
)
"""
PRIOR = '''
import torch
from torch.nn.functional import cross_entropy

from expressionvae.nn.embedding import vectors
from expressionvae.priors.base import Prior


class Independent(Prior):
    """Every code drawn by itself, in one pass."""

    bottleneck = "fsq"

    def __init__(self, trunk, width, tokens):
        super().__init__()
        self.trunk, self.positions = trunk, vectors(tokens, width)

    @classmethod
    def build(cls, trunk, latents, options):
        return cls(trunk, latents.width, latents.tokens, **options)

    def logits(self, condition):
        return self.trunk(self.positions.expand(len(condition), -1, -1), condition, causal=False).float()

    def loss(self, latents, condition):
        return cross_entropy(self.logits(condition).flatten(0, 1), latents.flatten())

    def sample(self, condition, generator):
        chance = self.logits(condition).softmax(-1)
        return torch.multinomial(chance.flatten(0, 1), 1, generator=generator).reshape(len(condition), -1)
'''
PRIOR_CARD = """
PRIORS["independent"] = PriorCard(
    "Independent", "expressionvae.priors.independent.Independent", FSQ, "every code by itself",
    sketch=("all codes", "at once"),
)
"""
METRIC = """
import numpy as np


def shift_of_means(true, predicted, **settings):
    return {"shift": float(np.linalg.norm(true.mean(axis=0) - predicted.mean(axis=0)))}
"""
METRIC_CARD = """
METRICS["shift"] = MetricCard(
    "shift", "Shift", "Shift", "Shift", "Shift of means", "lower", "Distribution", 2, "clouds",
    "expressionvae.metrics.shift.shift_of_means",
)
"""
FILES = {
    "vae/heads/mae.py": HEAD,
    "priors/independent.py": PRIOR,
    "metrics/shift.py": METRIC,
}
CARDS = {"heads": HEAD_CARD, "priors": PRIOR_CARD, "metrics": METRIC_CARD}
RUNS = [{"bottleneck": ["fsq"], "prior": ["independent"], "decoder": ["mae"]}]
CONFIG = {
    "heads": {"mae": {"floor": 0.0}},
    "decoders": {"mae": {"head": "mae", "predict": "mean"}},
    "priors": {"independent": {"kind": "independent"}},
    "items": ["table1", "figure1", "figure2", "table-own"],
    "paper": {
        "table1": {"columns": ["fd", "shift", "pearson_delta"], "runs": RUNS, "companion": []},
        "figure2": {"columns": ["fd", "shift", "pearson_delta"], "runs": RUNS},
        "table-own": {"columns": ["shift"], "runs": RUNS},
    },
}


@pytest.fixture(scope="module")
def extended(tmp_path_factory):
    """A copy of the project with the three in it, in which the tiny grid has run."""
    folder = copied(tmp_path_factory.mktemp("extended"))
    library = folder / "src" / "expressionvae"
    for path, text in FILES.items():
        (library / path).write_text(text)
    for name, card in CARDS.items():
        with (library / "catalogue" / f"{name}.py").open("a") as file:
            file.write(card)
    (folder / "own.yaml").write_text(yaml.safe_dump(CONFIG))
    run = snakemake(folder, "all")
    assert run.returncode == 0, run.stderr[-3000:]
    return folder


def snakemake(folder, *targets):
    return call_copy(folder, *tiny("demo.yaml"), folder / "own.yaml", "--", *targets)


def test_table_1_has_the_new_row_and_column(extended):
    table = pd.read_csv(extended / "results/paper/table1.csv")
    row = table[table["decoder"] == "mae"].iloc[0]
    assert row["prior"] == "independent" and row["shift"] > 0
    text = (extended / "results/paper/table1.md").read_text()
    assert "Independent" in text and "Shift ↓" in text


def test_figure_1_and_figure_2_are_drawn_with_it(extended):
    for name in ("figure1", "figure2"):
        assert (extended / f"results/paper/{name}.png").stat().st_size > 10_000
    assert "shift" in set(pd.read_csv(extended / "results/paper/figure2.scores.csv")["metric"])


def test_a_table_of_scores_of_one_s_own_needs_no_card(extended):
    assert "**Own." in (extended / "results/paper/table-own.md").read_text()


def test_the_plan_knows_what_it_costs(extended):
    run = snakemake(extended, "plan")
    assert run.returncode == 0, run.stderr[-3000:]
    assert "train_prior" in run.stdout
