"""What the rules are read to name is what Snakemake compares."""

import pytest

from expressionvae.manual.rules import named_by_rules
from tests.conftest import REPOSITORY


@pytest.fixture(scope="module")
def rules():
    return named_by_rules(REPOSITORY / "workflow")


NAMED = [
    ("train_vae", "vae.model.width"),
    ("train_vae", "vae.training.iterations"),
    ("train_vae", "bottlenecks.*.tokens"),
    ("train_vae", "heads.*.pace"),
    ("train_vae", "composition.iterations.vae"),
    ("train_vae", "heads.*.hidden"),
    ("cell_types", "evaluation.identity.cells_per_type"),
    ("predict_cells", "predict.fold_change_epsilon"),
    ("train_prior", "prior.training.learning_rate"),
    ("train_prior", "priors.*.t_eps"),
    ("sample", "priors.*.steps"),
    ("prepare", "datasets.*.heldout.cell_type"),
    ("simulate", "datasets.*.simulation.seed"),
    ("assemble_parse1m", "datasets.*.donor"),
    ("truth_de", "datasets.*.fold_change_epsilon"),
    ("truth", "evaluation.controls"),
    ("score", "evaluation.mmd_sigmas"),
    ("score_table", "paper.*.columns"),
    ("figure1", "screens"),
    ("reversion", "reversion.shuffles"),
    ("slice_reversion", "reversion.screens.*.min_cells"),
    ("embed_proteins", "esm2.tokens_per_batch"),
]
NOT_NAMED = [
    ("train_vae", "vae.training.checkpoint_every"),  # a function of outputs
    ("train_vae", "vae.devices"),  # resources alone
    ("train_vae", "threads"),
    ("train_vae", "prior.training.iterations"),  # of a function that is given the word vae
    ("train_vae", "priors.*.steps"),
    ("train_vae", "datasets.*.donor"),
    ("train_vae", "evaluation.fdr"),
    ("train_prior", "priors.*.steps"),  # of sampling alone
    ("prepare", "datasets.*.note"),
    ("prepare", "datasets.*.fold_change_epsilon"),  # left out by the function that gives the entry
    ("prepare", "datasets.*.simulation.cells"),
    ("true_vs_true", "evaluation.seed"),
    ("slice_reversion", "reversion.screens.*.note"),
    ("reversion", "reversion.components"),
    ("fetch", "downloads"),
]


@pytest.mark.parametrize(("rule", "key"), NAMED)
def test_a_rule_names_what_its_work_depends_on(rules, rule, key):
    assert rules[rule].names(tuple(key.split(".")))


@pytest.mark.parametrize(("rule", "key"), NOT_NAMED)
def test_a_rule_does_not_name_what_changes_nothing_of_it(rules, rule, key):
    assert not rules[rule].names(tuple(key.split(".")))


def test_a_copy_of_a_rule_names_what_it_names(rules):
    assert rules["score_table_of_ours"] == rules["score_table"]


def test_a_key_above_is_named_with_those_below_it(rules):
    assert rules["train_vae"].names(("vae",)) and rules["train_vae"].names(("vae", "training"))
