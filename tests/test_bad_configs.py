"""Configs that a user may write and that must not run, each refused in words before any job; and some that must run.

Each is the key, the value that it gets, and words of the message, in which the key stands, too.
"""

import datetime
from copy import deepcopy
from functools import reduce
from typing import Any

import pytest

from expressionvae import sense
from expressionvae.catalogue.priors import PRIORS, TRUE_CODES
from expressionvae.config import check_form
from expressionvae.files import UserError
from expressionvae.strict import read_yaml
from tests.conftest import REPOSITORY
from tests.test_config import merged

SCHEMA = REPOSITORY / "config" / "schema.yaml"
OWN = {
    "kind": "local", "path": "mine.h5ad", "perturbation_column": "gene", "cell_type_column": "line", "control": "ctrl",
    "gene_column": None, "layer": None, "library_column": None, "embedding": "learned", "separator": None,
    "min_cells": 5, "genes": None, "heldout": {"cell_type": "Y", "perturbations": ["A"]},
}  # fmt: skip
GONE = object()  # the key is left out
NAN, INFINITE = float("nan"), float("inf")
BLOCK = {"bottleneck": ["fsq"], "prior": ["ar"], "decoder": ["mse"]}
FSQ = {"kind": "fsq", "tokens": 4, "levels": [4, 4], "normalise": False}


@pytest.fixture(scope="module")
def base() -> dict:
    """The paper's config and, beside its screens, the demo's made-up ones and one of a lab."""
    files = [read_yaml(REPOSITORY / "config" / name) for name in ("config.yaml", "demo.yaml")]
    own = {"screens": ["mine", "made-up", "replogle"], "datasets": {"mine": OWN}, "esm2": {"checkpoint": "esm2.pt"}}
    return reduce(merged, [*files, own])


def changed(config: dict, key: str, value: Any) -> dict:
    """`config` with the entry of a dotted key replaced, or left out; whole numbers are places in a list."""
    config = deepcopy(config)
    *parents, last = key.split("/")
    place: Any = config
    for parent in parents:
        place = place[int(parent) if isinstance(place, list) else parent]
    if value is GONE:
        del place[last]
    elif isinstance(place, list):
        place[int(last)] = value
    else:
        place[last] = value
    return config


def check(config: dict) -> None:
    check_form(config, SCHEMA)
    sense.check(config)


WHOLE_NUMBERS = [  # each once as 64.0, once as "64"
    "batch_size", "vae/training/batch_size", "vae/training/iterations", "vae/training/warmup", "vae/devices",
    "vae/training/validate_every", "prior/training/checkpoint_every", "vae/model/width", "vae/model/heads",
    "prior/model/layers", "prior/model/feedforward", "bottlenecks/fsq/tokens", "bottlenecks/fsq/levels/0",
    "bottlenecks/gaussian/channels", "bins/lower/1", "priors/mdlm/steps", "priors/mdlm-1/steps",
    "datasets/mine/genes", "datasets/mine/min_cells", "datasets/replogle/min_cells",
    "datasets/made-up/simulation/cells", "datasets/made-up/proteins/length_max", "esm2/tokens_per_batch",
    "esm2/tiny/width", "evaluation/components", "evaluation/max_cells", "evaluation/richness/draws",
    "reversion/shuffles", "reversion/screens/wong2026/min_cells",
]  # fmt: skip
SEEDS = [
    "replicates/trainings/0/vae", "replicates/trainings/0/prior", "replicates/samples/0", "validation/seed",
    "evaluation/seed", "reversion/seed", "esm2/tiny/seed", "datasets/made-up/heldout/seed",
    "datasets/made-up/simulation/seed", "datasets/made-up/proteins/seed",
    "reversion/screens/made-up-reversion/simulation/seed",
]  # fmt: skip
NUMBERS = [
    "vae/training/learning_rate", "prior/training/weight_decay", "vae/training/clip", "vae/model/dropout",
    "prior/model/dropout", "heads/hurdle/gate_weight", "bottlenecks/gaussian/beta", "priors/mdlm/t_eps",
    "validation/combinations", "evaluation/rescale_to", "evaluation/mmd_sigmas/0", "evaluation/fdr",
    "datasets/replogle/target_residual", "datasets/made-up/simulation/library_mean",
    "datasets/made-up/simulation/size_slope", "reversion/screens/made-up-reversion/simulation/reverted/0",
]  # fmt: skip
TEXTS = [  # each once as a number, a switch and nothing: what YAML makes of 1, no and ~
    "datasets/made-up/control", "datasets/mine/path", "datasets/mine/perturbation_column",
    "datasets/replogle/control", "datasets/parse1m/donor",
    "datasets/made-up/simulation/cell_types/0", "reversion/screens/wong2026/treated",
    "reversion/screens/wong2026/leave_out/0", "reversion/screens/wong2026/positives/0", "data_dir", "screens/0",
    "items/0", "paper/table1/runs/0/prior/0", "priors/mdlm-1/weights",
]  # fmt: skip
NAMED = {  # sections whose keys become folders, or stand beside those in their tables
    "datasets": OWN,
    "baselines": {"folder": "linear"},
    "bottlenecks": FSQ,
    "decoders": {"head": "nb", "predict": "mean"},
    "priors": {"kind": "flow", "steps": 2},
    "reversion/screens": {"kind": "local"},
}
NO_NAMES = [
    "paper", "benchmarks", "downloads", "baselines", "environments", "quality", "checkpoints", "mine\n",
    "\nmine", "Mine", "MADE-UP", "my screen",
    "a/b", "../a", ".", "..", ".hidden", "-mine", "a_b", "a.b", "a{b}", "größe", "a" * 61, "a:b",
]  # fmt: skip
NO_KEYS = {True: "YAML reads yes, no, on", 2024: "as a number: quote it", None: "quote it",
           datetime.date(2024, 1, 2): "as a date: quote it"}  # fmt: skip

# Many keys at once get the same value, and each is named: value, words, keys.
TOGETHER: list[tuple[Any, str, list[str]]] = [
    (64.0, "64.0 is not of type 'integer'", WHOLE_NUMBERS),
    ("64", "'64' is not of type 'integer'", WHOLE_NUMBERS),
    ("1e3", "write 1000", WHOLE_NUMBERS),
    (True, "True is not of type 'integer'", WHOLE_NUMBERS),
    (10**30, "too large a number (at most 4294967295)", WHOLE_NUMBERS),
    (-1, "-1 is less than the minimum of 0", SEEDS),
    (2**32, "too large a number (at most 4294967295)", SEEDS),
    (0.0, "0.0 is not of type 'integer'; write 0", SEEDS),
    (NAN, "nan is not of type 'number'; only finite numbers are", NUMBERS),
    (INFINITE, "inf is not of type 'number'; only finite numbers are", NUMBERS),
    ("1e-3", "write 0.001", NUMBERS),
    ("0.001", "write 0.001", NUMBERS),
    (False, "False is not of type 'string'; YAML reads yes, no, on", TEXTS),
    (7, "7 is not of type 'string'; YAML reads it as a number: quote it", TEXTS),
    (1e-3, "0.001 is not of type 'string'; YAML reads it as a number: quote it", TEXTS),
    (datetime.date(2024, 1, 2), "YAML reads it as a date: quote it", TEXTS),
    (None, "None is not of type 'string'; YAML reads null, ~ or nothing so", TEXTS),
    ("", "'' is an empty text", TEXTS),
    ("a\nb", "line breaks or control signs", TEXTS),
]
ROWS: list[tuple[str, Any, str]] = [
    ("datasets/mine/control", None, "None is not of type 'string' or 'boolean' or 'number'"),
    ("datasets/mine/heldout/cell_type", None, "None is not of type 'string' or 'boolean' or 'number' or 'array'"),
    ("datasets/mine/drop", "unassigned", "write it as a list: [unassigned]"),
    ("datasets/mine/heldout/each", ["Y"], "give either `cell_type`, or `each` with a list"),
    ("datasets/mine/heldout/cell_type", GONE, "give either `cell_type`, or `each` with a list"),
    ("datasets/mine/heldout/cell_type", "each", "each: [...] in place of cell_type: each"),
    ("datasets/mine/heldout/each", [], "[] should be non-empty"),
    ("datasets/mine/heldout/cell_type", [], "[] should be non-empty"),
    ("datasets/mine/heldout/cell_type", ["Y", "Y"], "has non-unique elements"),
    ("datasets/made-up/heldout/cell_type", ["A", "Z"], "unknown 'Z' as a simulated cell type (allowed: A, B, C)"),
    ("datasets/made-up/heldout/cell_type", True, "unknown 'True' as a simulated cell type (allowed: A, B, C)"),
    ("datasets/mine/control", datetime.date(2024, 1, 2), "as a date: quote it"),
    ("datasets/mine/separator", "", "an empty text"),
    ("datasets/mine/embedding", "esm-2", "'esm-2' is not allowed (allowed: esm2, learned)"),
    ("datasets/mine/embedding", "esm2", "embedding 'esm2' needs the key 'proteins', the path of a FASTA file"),
    ("datasets/made-up/proteins", GONE, "embedding 'esm2' needs the key 'proteins'"),
    ("datasets/mine/kind", GONE, "key 'kind' is missing"),
    ("datasets/mine/heldout/fraction", 0.2, "give either `perturbations`, or `fraction` and `seed`"),
    ("datasets/mine/heldout/perturbations", GONE, "give either `perturbations`, or `fraction` and `seed`"),
    ("datasets/mine/heldout/perturbations", ["A", "ctrl"], "'ctrl' is the control, which cannot be held out"),
    ("datasets/mine/heldout/perturbations", "A", "'A' is not of type 'array'; write it as a list: [A]"),
    ("datasets/mine/path", "screens/{line}.h5ad", "has '{', which Snakemake takes for a wildcard"),
    ("data_dir", "/data/{lab}", "has '{', which Snakemake takes for a wildcard"),
    ("data_dir", "/data/<lab>/x", "has '<lab>', which Snakemake takes for a wildcard"),
    ("datasets/replogle/proteins", "{}.fasta", "has '{', which Snakemake takes for a wildcard"),
    ("esm2/checkpoint", "esm2{3b}.pt", "has '{', which Snakemake takes for a wildcard"),
    ("reversion/screens/wong2026/path", "a}.h5ad", "has '}', which Snakemake takes for a wildcard"),
    ("datasets/made-up/heldout/cell_type", "Z", "unknown 'Z' as a simulated cell type (allowed: A, B, C)"),
    ("datasets/made-up/simulation/cell_types", ["A", "B", "B"], "names a cell type twice"),
    ("datasets/mine/batch_column", "gene", "'gene' is its perturbation_column too"),
    ("datasets/mine/batch_column", "line", "'line' is its cell_type_column too"),
    (
        "composition/runs",
        [{"bottleneck": ["fsq"], "prior": ["true-codes"], "decoder": ["hurdle"]}],
        "as a prior that predicts without true cells",
    ),
    ("datasets/made-up/simulation/perturbations", 61, "61 targets, more than simulation.genes, 60"),
    ("datasets/made-up/simulation/target", "protein", "allowed: gene, cytokine"),
    ("screens", [], "[] should be non-empty"),
    ("screens", ["mine", "mine"], "has non-unique elements"),
    ("screens", "mine", "'mine' is not of type 'array'; write it as a list: [mine]"),
    ("screens", ["mien"], "did you mean 'mine'?"),
    ("esm2", {"checkpoint": None, "tiny": None, "tokens_per_batch": 4096}, "both checkpoint and tiny are null"),
    ("esm2/tiny/width", 30, "30 is not a multiple of esm2.tiny.heads, 4"),
    ("esm2/tiny/heads", GONE, "key 'heads' is missing"),
    ("bins/lower", [1, 2, 3], "must ascend from 0"),
    ("bins/lower", [0, 2, 2], "must ascend from 0"),
    ("bins/lower", [0], "is too short"),
    ("bottlenecks/fsq/levels/0", 1, "1 is less than the minimum of 2"),
    ("bottlenecks/fsq/channels", 8, "unknown key 'channels'"),
    ("heads/nonesuch", {}, "unknown key 'nonesuch'"),
    ("decoders/mse/predict", "sample", "unknown 'sample' for head 'mse' (allowed: mean, anchored)"),
    ("decoders/hurdle/library_size", "drawn", "takes no library size"),
    ("priors/mdlm/kind", "mdml", f"(allowed: {', '.join([*PRIORS, TRUE_CODES])}); did you mean 'mdlm'?"),
    ("priors/mdlm-1/weights", "mdlm-32", "unknown 'mdlm-32' as a trained prior that samples in steps"),
    ("priors/mdlm-1/weights", "ar", "unknown 'ar' as a trained prior that samples in steps (allowed: mdlm, flow"),
    ("priors/mdlm-1/kind", "mdlm", "give either `kind`, or `weights`"),
    ("vae/model/width", 33, "33 is not a multiple of vae.model.heads, 2"),
    ("vae/model/dropout", 1.0, "1.0 is greater than or equal to the maximum of 1"),
    ("vae/devices", 3, "3 devices cannot take equal shares"),
    ("vae/training/learning_rate", 0, "0 is less than or equal to the minimum of 0"),
    ("vae/training/learning_rate", "fast", "'fast' is not of type 'number'"),
    ("vae/training/compile", "fastest", "allowed: default, reduce-overhead, null"),
    ("vae/training/warmpu", 3, "unknown key 'warmpu' (did you mean 'warmup'?"),
    ("vae", None, "None is not of type 'object'"),
    ("vae", [], "[] is not of type 'object'"),
    ("prior/model/width", GONE, "key 'width' is missing"),
    ("replicates/samples", 4, "4 is not of type 'array'; write it as a list: [4]"),
    ("replicates/samples", [0, 0], "has non-unique elements"),
    ("replicates", [{"vae": 0, "prior": 0}], "is not of type 'object'"),
    ("evaluation/fdr", 5, "5 is greater than or equal to the maximum of 1"),
    ("evaluation/max_cells", 1, "1 is less than the minimum of 2"),
    ("plan/device", "a100", "allowed: h100, cpu"),
    ("items", ["tabel1"], "unknown 'tabel1'"),
    ("paper/table1/columns/0", "w3", "'w3' is not allowed (allowed: w2, mmd2"),
    ("paper/table1/runs", [BLOCK | {"prior": ["flow"]}], "'flow' cannot model bottleneck 'fsq'"),
    ("paper/table1/runs", [BLOCK | {"decoder": ["nb"]}], "unknown 'nb' (allowed: ce-quant"),
    ("paper/table1/runs", [BLOCK | {"dataset": ["mein"]}], "unknown 'mein'"),
    ("paper/table1/runs", [{"baseline": ["nonesuch"]}], "unknown 'nonesuch' (allowed: true-vs-true, "),
    ("baselines/true-vs-true", {"folder": "linear"}, "'true-vs-true' is refused: that is the name of true cells"),
    ("baselines/control/folder", "linear", "'control' was expected"),
    ("baselines/inputs", {"folder": "linear"}, "'inputs' is refused: that is the name of"),
    ("baselines/mine", {}, "key 'folder' is missing"),
    ("baselines/scvi/options", {"steps": [1]}, "is not of type 'number' or 'string' or 'boolean'"),
    ("baselines/scvi/option", {"steps": 1}, "unknown key 'option' (did you mean 'options'?"),
    ("paper/figure3/screens", ["datlinger"], "unknown 'datlinger'"),
    ("reversion/screens/made-up-reversion/like", "replogle", "unknown 'replogle' as a made-up dataset"),
    ("reversion/screens/made-up-reversion/simulation/cell_type", "Z", "unknown 'Z' as a cell type of made-up"),
    ("reversion/screens/made-up-reversion/simulation/positives", 19, "at least two fewer"),
    ("reversion/screens/wong2026/positives", [], "[] should be non-empty"),
]  # fmt: skip

FINE: list[tuple[str, Any]] = [
    ("vae/training/learning_rate", 1e-3),
    ("vae/training/learning_rate", 1),
    ("evaluation/rescale_to", 1e4),
    ("evaluation/rescale_to", 10000),
    ("replicates/samples", [2**32 - 1, 0]),
    ("evaluation/seed", 2**32 - 1),
    ("datasets/mine/genes", None),
    ("datasets/mine/control", "no"),
    ("datasets/mine/control", "0"),
    ("datasets/mine/control", "1e-3"),
    ("datasets/mine/control", "Größe β <b> & {x} | y\u00a0z"),
    ("datasets/mine/note", "Two\nlines, <b>bold</b> & more"),
    ("datasets/mine/note", ""),
    ("datasets/mine/cell_type_column", None),
    ("datasets/mine/separator", "+"),
    ("datasets/mine/heldout", {"cell_type": "Y", "fraction": 0.2, "seed": 0}),
    ("datasets/mine/path", "/elsewhere/my screen (v2).h5ad"),
    ("data_dir", "/data/my lab's: 100% <Raw > #1"),
    ("datasets/2024-screen", OWN),
    ("datasets/a", OWN),
    ("datasets/" + "a" * 60, OWN),
    ("bottlenecks/paper-2", FSQ),
    ("esm2", {"checkpoint": "esm2.pt", "tiny": None, "tokens_per_batch": 4096}),
    ("priors/flow-2", {"weights": "flow", "steps": 2}),
    ("datasets/mine/control", False),
    ("datasets/mine/control", 0),
    ("datasets/mine/heldout/perturbations", [True, 2, 0.5, "A"]),
    ("datasets/mine/heldout/cell_type", 7),
    ("datasets/mine/heldout/cell_type", ["Y", 7]),
    ("datasets/mine/heldout", None),
    ("datasets/made-up/heldout", None),
    ("datasets/mine/drop", ["unassigned", "*;*", None, 0, False]),
    ("datasets/mine/heldout", {"each": ["Y", 7], "perturbations": ["A"]}),
    ("bins/lower", [0, 1]),
    ("items", ["table2"]),
    ("vae/training/compile", None),
]


def name_of(row: tuple) -> str:
    return f"{row[0]}={str(row[1])[:20]!r}".replace("/", ".")


def refusal(config: dict) -> str:
    with pytest.raises(UserError) as error:
        check(config)
    return str(error.value)


@pytest.mark.parametrize(("key", "value", "words"), ROWS, ids=map(name_of, ROWS))
def test_it_is_refused_by_key_value_and_what_is_allowed(base, key, value, words):
    message = refusal(changed(base, key, value)).replace("[", ".").replace("]", "")
    *parents, last = key.split("/")
    assert words in refusal(changed(base, key, value)) and ".".join(parents) in message and last in message


@pytest.mark.parametrize(("value", "words", "keys"), TOGETHER, ids=lambda part: repr(part)[:30])
def test_every_key_of_a_kind_refuses_it(base, value, words, keys):
    lines = refusal(reduce(lambda config, key: changed(config, key, value), keys, base)).splitlines()
    for key in keys:
        assert any(key.replace("/", ".") + ": " in line and words in line for line in lines), key


@pytest.mark.parametrize("section", NAMED)
def test_a_name_that_can_be_no_folder_is_refused(base, section):
    entries = {name: NAMED[section] for name in NO_NAMES}
    message = refusal(changed(base, section, entries))
    refused = [line for line in message.splitlines() if "is refused: a name has lower-case letters" in line]
    where = section.replace("/", ".")
    for name in NO_NAMES:
        assert any(line.startswith(f"  {where}: {name!r}") for line in refused) or len(name) > 60, name


@pytest.mark.parametrize("section", NAMED)
def test_a_key_that_is_no_text_is_refused_with_what_yaml_made_of_it(base, section):
    lines = refusal(changed(base, section, {key: NAMED[section] for key in NO_KEYS})).splitlines()
    for key, words in NO_KEYS.items():
        assert any(f"key {key!r} is no text" in line and words in line for line in lines), key


@pytest.mark.parametrize(("key", "value"), FINE, ids=map(name_of, FINE))
def test_it_is_not_refused(base, key, value):
    check(changed(base, key, value))


def test_a_config_of_screens_of_which_nothing_is_held_out_asks_for_no_table(base):
    check(changed(base, "datasets/mine/heldout", None) | {"screens": ["mine"], "items": ["table1"]})


def test_several_mistakes_are_one_message(base):
    config = changed(changed(base, "batch_size", 64.0), "vae/training/learning_rate", NAN)
    message = refusal(config)
    assert message.count("\n") == 2 and "batch_size: 64.0" in message and "vae.training.learning_rate: nan" in message


def test_esm2_of_neither_kind_is_no_mistake_where_nothing_embeds_proteins(base):
    config = changed(base, "esm2", {"checkpoint": None, "tiny": None, "tokens_per_batch": 4096})
    check(config | {"screens": ["mine"]})
