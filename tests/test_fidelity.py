"""docs/fidelity.md is true of config.yaml, of its overlays and of the models that it builds."""

import math
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from torch import nn

from expressionvae import grid, sense
from expressionvae.catalogue.priors import GAUSSIAN
from expressionvae.catalogue.priors import PRIORS as CARDS
from expressionvae.config import check_form
from expressionvae.data.validation import random_split
from expressionvae.nn import gaussian
from expressionvae.priors import build as priors
from expressionvae.training.checkpoints import Checkpoints
from expressionvae.training.loop import Trainer
from expressionvae.training.schedule import Schedule
from expressionvae.vae import build as vae
from expressionvae.vae.heads import nb
from tests.conftest import REPOSITORY
from tests.nn.test_attention import Rates
from tests.test_config import merged

CHOICES = ["Data", "VAE", "Heads", "Priors", "Training", "Sampling and decoding", "Scores"]
SCIENCE = ["bottlenecks", "heads", "priors", "vae.model", "vae.training", "prior.model", "prior.training"]
UPKEEP = ("kind", "validate_every", "log_every", "checkpoint_every", "compile")  # no number depends on these
GENES, PERTURBATIONS, WIDE = 2000, 2024, 2560


def overlay(name: str) -> dict[str, Any]:
    return yaml.safe_load((REPOSITORY / "config" / f"{name}.yaml").read_text())


def leaves(config: Mapping[str, Any], start: str = "") -> Iterator[tuple[str, Any]]:
    """Every value of a config by its dotted key."""
    for name, value in config.items():
        key = f"{start}.{name}" if start else name
        yield from leaves(value, key) if isinstance(value, dict) else [(key, value)]


CONFIG, IMPROVED, AUTHORS = (overlay(name) for name in ("config", "improved", "authors"))
LEAVES = dict(leaves(CONFIG))


def read(text: str) -> dict[str, list[dict[str, str]]]:
    """The rows of the table of each section."""
    sections: dict[str, list[dict[str, str]]] = {}
    for section in text.split("\n## ")[1:]:
        title, _, body = section.partition("\n")
        header, _, *lines = [
            [cell.strip() for cell in line.strip("|").split("|")] for line in body.splitlines() if line[:1] == "|"
        ]
        sections[title] = [dict(zip(header, line, strict=True)) for line in lines]
    return sections


DOC = read((REPOSITORY / "docs" / "fidelity.md").read_text())
ROWS = [row for section in CHOICES for row in DOC[section]]


def said(cell: str) -> Any:
    """The value that a cell has in code type, as YAML reads it; None where it has none."""
    return yaml.safe_load(cell.strip("`")) if cell.startswith("`") and cell.endswith("`") else None


def keys(row: Mapping[str, str], config: Mapping[str, Any] = LEAVES) -> list[str]:
    return [key for key in config if row["key"] and fnmatchcase(key, row["key"].strip("`"))]


# The choices that have a key


@pytest.mark.parametrize("row", [row for row in ROWS if row["key"]], ids=lambda row: row["key"].strip("`"))
def test_ours_is_the_value_in_config_yaml(row):
    assert keys(row)
    for key in keys(row):
        # The document prints numbers as Python does; YAML reads 1e-05 as text.
        ours = row["ours"].strip("`")
        assert ours == str(LEAVES[key]) or said(row["ours"]) == LEAVES[key], key


def test_every_key_that_a_number_depends_on_has_one_row():
    ablations = tuple(f"priors.{name}." for name, entry in CONFIG["priors"].items() if "weights" in entry)
    science = [key for key in LEAVES if key.startswith(tuple(f"{part}." for part in SCIENCE))]
    science = [key for key in science if key.rpartition(".")[2] not in UPKEEP and not key.startswith(ablations)]
    rows = {key: [row["choice"] for row in ROWS if key in keys(row)] for key in science}
    wrong = {key: found for key, found in rows.items() if len(found) != 1}
    assert len(science) > 40 and not wrong, (
        f"docs/fidelity.md: each of these keys of config.yaml wants one row: {wrong}"
    )


def test_improved_yaml_holds_what_the_document_calls_improved_and_no_more():
    switches = dict(leaves(IMPROVED))
    told = {key: said(row["improved"]) for row in ROWS if row["improved"] for key in keys(row)}
    assert told == switches and set(switches) <= set(LEAVES)
    assert {key for key, value in switches.items() if LEAVES[key] == value} == set()


def test_authors_yaml_turns_the_same_switches_off_again():
    assert dict(leaves(AUTHORS)) == {key: LEAVES[key] for key, _ in leaves(IMPROVED)}


@pytest.mark.parametrize("name", ["demo", "small"])
def test_small_grids_are_improved_and_drop_nothing(name):
    under = overlay(name)
    found = dict(leaves(merged(CONFIG, under)))
    sections = ("bottlenecks", "heads", "priors", "vae", "prior")
    parts = tuple(f"{section}.{name}." for section in sections for name in under.get(section, {}))
    used = {key: value for key, value in leaves(IMPROVED) if key.startswith(parts)}
    used |= {"vae.model.dropout": 0.0, "prior.model.dropout": 0.0}
    assert len(used) >= 14 and {key: found[key] for key in used} == used


GRIDS = [[], ["demo"], ["small", "screens/kang"], ["small", "screens/made-up"], ["retrain"]]


@pytest.mark.parametrize("last", ["improved", "authors"])
@pytest.mark.parametrize("under", GRIDS, ids=lambda names: "+".join(names) or "the paper")
def test_both_overlays_run_on_top_of_any_grid(under, last):
    config = CONFIG
    for name in [*under, last]:
        config = merged(config, overlay(name))
    check_form(config, REPOSITORY / "config" / "schema.yaml")
    sense.check(config)
    found = dict(leaves(config))
    assert {key: found[key] for key, _ in leaves(overlay(last))} == dict(leaves(overlay(last)))


# The models that config.yaml builds


@cache
def stage_1(bottleneck: str, head: str, genes: int = GENES) -> nn.Module:
    torch.manual_seed(0)
    bins = {"lower": CONFIG["bins"]["lower"], "means": [float(edge) for edge in CONFIG["bins"]["lower"]]}
    names = [f"G{i}" for i in range(genes)]
    options = CONFIG["bottlenecks"][bottleneck], head, CONFIG["heads"][head]
    return vae.build(vae.Blueprint(names, bins, CONFIG["vae"]["model"], *options))


@cache
def stage_2(prior: str, embedding: str, wide: int = WIDE) -> nn.Module:
    torch.manual_seed(0)
    rows, cell_types = (PERTURBATIONS, 4) if embedding == "esm2" else (91, 18)
    given = torch.zeros(rows, wide if embedding == "esm2" else 0)
    fsq, channels = CONFIG["bottlenecks"]["fsq"], CONFIG["bottlenecks"]["gaussian"]["channels"]
    continuous = of_gaussians(prior)
    plan = priors.Blueprint(
        perturbations=[f"P{i}" for i in range(rows)],
        cell_types=[f"T{i}" for i in range(cell_types)],
        control="P0",
        embedding_width=given.shape[1],
        tokens=fsq["tokens"],
        codes=0 if continuous else math.prod(fsq["levels"]),
        channels=channels if continuous else 0,
        size=CONFIG["prior"]["model"],
        options=grid.options(CONFIG, prior, sampling=False),
    )
    return priors.build(plan, given, torch.zeros(plan.channels), torch.ones(plan.channels))


def of_gaussians(prior: str) -> bool:
    return CARDS[CONFIG["priors"][prior]["kind"]].bottleneck == GAUSSIAN


# Every head and trained prior of config.yaml; one that an overlay alone has needs no row.
HEADS = list(CONFIG["heads"])
PRIORS = [name for name, entry in CONFIG["priors"].items() if entry.get("kind") in CARDS]
EMBEDDINGS = ("esm2", "learned")


def of(words: str, **size: int) -> nn.Module:
    """The model of some words of the document: "VAE nb", "prior mdlm learned"."""
    kind, *rest = words.split()
    if kind == "VAE":
        bottleneck = "gaussian" if "gaussian" in rest else "fsq"
        head = next((word for word in rest if word in CONFIG["heads"]), "mse")
        return stage_1(bottleneck, head, **size)
    return stage_2(next(word for word in rest if word in PRIORS), "learned" if "learned" in rest else "esm2", **size)


WHOLE = [
    *(f"VAE {bottleneck} {head}" for bottleneck in ("fsq", "gaussian") for head in HEADS),
    *(f"prior {prior} {embedding}" for prior in PRIORS for embedding in EMBEDDINGS),
]
PARAMETERS = DOC["Parameters before training"]


@pytest.mark.parametrize("words", WHOLE)
def test_every_parameter_is_as_one_row_says(words):
    rows = [row for row in PARAMETERS if set(row["model"].split()) <= set(words.split())]
    unused = {row["parameter"] for row in rows}
    for name, parameter in of(words).named_parameters():
        fitting = [row for row in rows if fnmatchcase(name, row["parameter"].strip("`"))]
        assert len(fitting) == 1, f"docs/fidelity.md has {len(fitting)} rows on {name} of {words}, where one should be"
        (row,) = fitting
        assert " x ".join(map(str, parameter.shape)) == row["shape"], name
        check_spread(name, parameter.detach(), row["value"])
        unused -= {row["parameter"]}
    assert not unused


def check_spread(name: str, values: torch.Tensor, told: str) -> None:
    """That the values are drawn as is told, as far as so many can show."""
    kind, _, number = told.rpartition(" ")
    size = 1 / math.sqrt(float(number[3:])) if number.startswith("1/√") else float(number)
    if not kind:
        assert (values == size).all(), name
        return
    assert kind in ("normal", "uniform"), told
    spread = size if kind == "normal" else size / math.sqrt(3)
    assert values.abs().max() <= size * (1 + 1e-6) or kind == "normal", name
    if values.numel() > 200:
        within = pytest.approx(spread, rel=5 / math.sqrt(2 * values.numel()))
        assert float(values.std()) == within and abs(float(values.mean())) < 5 * spread / math.sqrt(values.numel()), (
            name
        )
        assert (values.abs().max() > 2 * spread) == (kind == "normal"), name


@pytest.mark.parametrize("row", DOC["Dropout in a training step"], ids=lambda row: row["model"])
def test_dropout_is_where_the_document_says_and_nowhere_else(row):
    model = of(row["model"], **({"genes": 30} if row["model"].startswith("VAE") else {})).train()
    if row["model"].startswith("VAE"):
        inputs = torch.ones(2, 30), torch.full((2,), 30.0)
    else:
        prior = next(word for word in row["model"].split() if word in PRIORS)
        latents = torch.zeros(2, 64, 8) if of_gaussians(prior) else torch.zeros(2, 64, dtype=torch.long)
        inputs = latents, torch.tensor([0, 1]), torch.tensor([0, 1])
    with Rates() as rates:
        model(*inputs)
    rate = float(row["rate"])
    assert rates.attention == [rate] * int(row["attention probabilities"])
    assert rates.elsewhere == [rate] * int(row["feed-forward"])
    with Rates() as rates:
        model.eval()(*inputs)
    assert set(rates.attention) == {0.0}


@pytest.mark.parametrize("row", DOC["Number of parameters"], ids=lambda row: " ".join(row.values()))
def test_a_model_has_as_many_parameters_as_the_document_says(row):
    size = {"wide": int(row["width of the embedding"].replace(",", ""))} if row["width of the embedding"] != "-" else {}
    number = sum(parameter.numel() for parameter in of(row["model"], **size).parameters())
    assert f"{number:,}" == row["parameters"]


def test_the_sizes_are_those_of_the_authors_models():
    """9.03 million, and 18.3 to 18.7 million with embeddings as wide as the authors'."""
    number = {tuple(row.values())[:2]: int(row["parameters"].replace(",", "")) for row in DOC["Number of parameters"]}
    assert all(round(count / 1e6, 1) == 9.0 for (model, _), count in number.items() if model.startswith("VAE"))
    theirs = [count for (_, wide), count in number.items() if wide == "5,120"]
    assert round(min(theirs) / 1e6, 1) == 18.3 and round(max(theirs) / 1e6, 1) == 18.7


# The choices that are in the code alone


def norms(model: nn.Module) -> float:
    (eps,) = {module.eps for module in model.modules() if isinstance(module, nn.LayerNorm)}
    return eps


def dispersion(log: float | None) -> float:
    head = nb.NegativeBinomial(8, 5, **CONFIG["heads"]["nb"])
    if log is not None:
        nn.init.constant_(head.dispersion, log)
    return round(float(head.theta[0].detach()), 6)


def trainer(folder: Path) -> Trainer:
    options = {"seed": 0, "device": torch.device("cpu"), "checkpoints": Checkpoints(folder, "a"), "operations": 0.0}
    schedule = Schedule(**CONFIG["vae"]["training"])
    return Trainer(of("VAE fsq nb"), lambda model, cells: {}, random_split(10, 0.1, 0), schedule, **options)


def facts(folder: Path) -> dict[str, Any]:
    """What of the document's choices can be read off the code, by the document's name of them."""
    made = trainer(folder)
    groups, betas, eps = made.optimiser.param_groups, *(made.optimiser.defaults[key] for key in ("betas", "eps"))
    decayed = sum(len(group["params"]) for group in groups if group["weight_decay"] == made.schedule.weight_decay)
    peak = made.schedule.learning_rate
    feedforward = of("VAE fsq").encoder.blocks[0].feedforward
    return {
        "activation of the feed-forward": type(feedforward[1]).__name__,
        "eps of VAE LayerNorms": norms(of("VAE fsq")),
        "eps of the prior's LayerNorms": norms(of("prior ar")),
        "bounds of the posterior mean": gaussian.MEAN,
        "bounds of the log variance": gaussian.LOG_VARIANCE,
        "nb: log dispersion before training": round(math.log(dispersion(None)), 4),
        "nb: smallest dispersion": dispersion(-100.0),
        "nb: smallest mean": nb.MIN_MEAN,
        "slowest of the time's sinusoids": round(float(of("prior mdlm").prior.time.rates[-1]), 8),
        "optimiser": f"{type(made.optimiser).__name__} {betas} {eps}",
        "parameters without weight decay": len(list(made.model.parameters())) - decayed,
        "rate of the VAE at steps 0, 1,250, 2,500, 75,000": tuple(
            round(peak * made.schedule.rate(step), 9) for step in (0, 1250, 2500, 75_000)
        ),
    }


def test_what_the_code_alone_decides_is_as_the_document_says(tmp_path):
    told = {row["choice"]: row["ours"].strip("`") for row in ROWS if not row["key"] and said(row["ours"]) is not None}
    assert told == {choice: str(value) for choice, value in facts(tmp_path).items()}


def test_no_choice_is_listed_twice_in_a_section():
    for section in CHOICES:
        choices = [row["choice"] for row in DOC[section]]
        assert len(set(choices)) == len(choices) and choices
