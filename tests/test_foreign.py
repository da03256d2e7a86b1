"""What the config may ask of other authors' baselines, and what their pages may say."""

import json
from copy import deepcopy

import pytest
import yaml

from expressionvae import about, foreign, grid
from expressionvae.catalogue.baselines import PERTURB_MEAN, PUBLISHED, SEEDLESS
from expressionvae.config import check_form
from expressionvae.files import UserError
from tests.conftest import REPOSITORY
from tests.test_config import merged

ROOT = REPOSITORY / "baselines"
CONFIG = yaml.safe_load((REPOSITORY / "config" / "config.yaml").read_text())
FOLDERS = sorted(path.parent.name for path in ROOT.glob("*/about.yaml"))
TABLE_1 = {*grid.rerun(CONFIG, "table1")}  # names of config/config.yaml's `baselines` for which its Table 1 asks
OTHERS = TABLE_1 - {*SEEDLESS}  # of other authors
PAGE = {
    "label": "Toy", "authors": "Nobody", "paper": {"title": "None", "url": "none"}, "licence": "none", "source": "here",
    "conditions_on": ["control-cell"], "device": "cpu", "predicts": "counts", "emits": "mean", "environment": None,
    "options": {
        "factor": {"value": 2.0, "source": "here", "meaning": "of counts"},
        "exact": {"value": True, "source": "here", "meaning": "or not"},
        "emits": {"value": "mean", "source": "here", "meaning": "mean or sample", "stage": "predict"},
    },
}  # fmt: skip


def root_with(folder, page) -> str:
    """A folder of baselines with one, called toy."""
    (folder / "toy").mkdir()
    (folder / "toy" / "about.yaml").write_text(page if isinstance(page, str) else yaml.safe_dump(page))
    for program in about.PROGRAMS:
        (folder / "toy" / program).touch()
    return str(folder)


def of_toy(folder, entries: dict, page=PAGE) -> dict[str, foreign.Baseline]:
    return foreign.read({"baselines": entries}, root_with(folder, page))


@pytest.mark.parametrize("folder", FOLDERS)
def test_an_entry_that_names_a_folder_alone_is_the_baseline_as_it_was_published(folder):
    page = yaml.safe_load((ROOT / folder / "about.yaml").read_text())
    one = foreign.read(CONFIG | {"baselines": {folder: {"folder": folder}}}, ROOT)[folder]
    assert one.label == page["label"] and one.on_gpu == (page["device"] == "gpu")
    assert json.loads(one.options()) == {name: entry["value"] for name, entry in page["options"].items()}


def test_an_entry_of_config_yaml_is_of_a_folder_that_is_there_and_as_it_was_published():
    for name, entry in CONFIG["baselines"].items():
        assert entry["folder"] in FOLDERS, f"config/config.yaml: baselines.{name}.folder"
        changed = entry.get("options", {}).keys() - {"emits"}
        assert not changed, f"config/config.yaml: baselines.{name}.options has {changed}: it holds what was published"


@pytest.mark.parametrize("page", ["baselines/README.md", "docs/baselines.md"])
def test_what_config_yaml_has_stands_in_the_tables_of_both_pages(page):
    text = (REPOSITORY / page).read_text(encoding="utf-8")
    lacking = {entry["folder"] for entry in CONFIG["baselines"].values() if f"| `{entry['folder']}` |" not in text}
    assert not lacking, f"{page}: its table has no row of {lacking}, which config/config.yaml names"


def test_cellflow_is_in_no_config_for_its_licence():
    assert "cellflow" in FOLDERS and "cellflow" not in CONFIG["baselines"]


@pytest.mark.parametrize(
    ("value", "refused"),
    [(None, ""), ("folder/of/weights", ""), (3, "3 is a number, expected a text or null")],
)
def test_an_option_published_as_null_takes_a_path(tmp_path, value, refused):
    page = PAGE | {"options": {"checkpoint": {"value": None, "source": "here", "meaning": "to start from"}}}
    entries = {"toy": {"folder": "toy", "options": {"checkpoint": value}}}
    if refused:
        with pytest.raises(UserError, match=refused):
            of_toy(tmp_path, entries, page)
    else:
        assert json.loads(of_toy(tmp_path, entries, page)["toy"].options()) == {"checkpoint": value}


WEIGHTS = {"value": "results/brought/toy", "source": "here", "meaning": "weights", "downloads": {"a.pt": "toy_weights"}}
CLONE = {"url": "https://code.example/toy", "commit": "0123456789" * 4}


@pytest.mark.parametrize(
    ("changed", "brought"),
    [
        ({}, {"results/brought/toy": {"downloads": {"a.pt": "toy_weights"}}}),
        ({"checkpoint": "results/brought/toy"}, {"results/brought/toy": {"downloads": {"a.pt": "toy_weights"}}}),
        ({"checkpoint": "a/folder/of/mine"}, {}),
        ({"checkpoint": None}, {}),
    ],
)
def test_a_folder_is_brought_where_the_config_names_no_other(tmp_path, changed, brought):
    page = PAGE | {"options": {"checkpoint": WEIGHTS}}
    toy = of_toy(tmp_path, {"toy": {"folder": "toy", "options": changed}}, page)["toy"]
    assert toy.brought == brought
    assert json.loads(toy.options()) == {"checkpoint": "results/brought/toy"} | changed


def test_what_the_pages_bring_is_in_the_list_of_downloads_or_at_a_commit():
    pages = [yaml.safe_load(path.read_text()) for path in ROOT.glob("*/about.yaml")]
    options = [entry for page in pages for entry in page["options"].values()]
    listed = yaml.safe_load((REPOSITORY / "resources" / "downloads.yaml").read_text())
    brought = {name for entry in options for name in entry.get("downloads", {}).values()}
    assert {"scgpt_human_model", "scgpt_human_vocab", "scgpt_human_args"} <= brought
    assert not brought - set(listed), "resources/downloads.yaml lists no such file"
    clones = [entry["clone"]["url"] for entry in options if "clone" in entry]
    assert "https://github.com/czi-ai/scldm" in clones and all(url.startswith("https://") for url in clones)


def with_files(folder, **contents: str) -> str:
    root = root_with(folder, PAGE)
    for path in ("common/shared.py", "toy/train.py", "toy/predict.py", "toy/model.py", "toy/genes/list.txt"):
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(contents.get(path.replace("/", "_").partition(".")[0], path))
    return root


@pytest.mark.parametrize(
    ("changed", "again"),
    [
        ("toy_train", {"train.py"}),
        ("toy_predict", {"predict.py"}),
        ("toy_model", {"train.py", "predict.py"}),
        ("toy_genes_list", {"train.py", "predict.py"}),
        ("common_shared", {"train.py", "predict.py"}),
    ],
)
def test_a_changed_script_is_other_work_for_the_programs_that_run_it(tmp_path, changed, again):
    roots = []
    for name, contents in (("before", {}), ("after", {changed: "changed"})):
        (tmp_path / name).mkdir()
        roots.append(with_files(tmp_path / name, **contents))
    before, after = ({p: foreign.scripts(root, "toy", p) for p in about.PROGRAMS} for root in roots)
    assert {program for program in about.PROGRAMS if before[program] != after[program]} == again


def test_what_is_no_script_and_where_the_scripts_lie_is_no_other_work(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        with_files(tmp_path / name)
    for name in ("about.yaml", "lock.txt", "environment.yaml", ".hidden", "__pycache__/model.pyc"):
        (tmp_path / "b" / "toy" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "b" / "toy" / name).write_text("changed")
    assert foreign.scripts(tmp_path / "a", "toy", "train.py") == foreign.scripts(tmp_path / "b", "toy", "train.py")


@pytest.mark.parametrize("name", ["scvi", "cpa"])
def test_means_and_samples_of_one_model_share_its_training(name):
    found = foreign.read(CONFIG, ROOT)
    mean, sample = found[name], found[f"{name}-sample"]
    assert mean.training == sample.training and sample.label == f"{mean.label} (sample)"
    assert (json.loads(mean.options())["emits"], json.loads(sample.options())["emits"]) == ("mean", "sample")


def test_another_training_is_another_model(tmp_path):
    options = [{}, {"emits": "sample"}, {"factor": 3}, {"factor": 3, "emits": "sample"}, {"factor": 2.0}]
    found = of_toy(tmp_path, {f"toy-{i}": {"folder": "toy", "options": entry} for i, entry in enumerate(options)})
    first, sample, other, other_sample, published = [one.training for one in found.values()]
    assert first == sample == published != other == other_sample


def test_an_option_that_follows_a_key_of_the_config_takes_its_value_unless_another_is_stated():
    evaluation = CONFIG["evaluation"] | {"rescale_to": 1000}
    entries = {"perturb-mean": {"folder": "perturb-mean"}}
    stated = {"perturb-mean": {"folder": "perturb-mean", "options": {"target_sum": 500}}}
    for given, expected in ((entries, 1000), (stated, 500)):
        found = foreign.read({"baselines": given, "evaluation": evaluation}, ROOT)["perturb-mean"]
        assert found.values() == {"target_sum": expected}


@pytest.mark.parametrize("key", ["evaluation.rescale", "evaluation.rescale_to.sum"])
def test_an_option_that_follows_what_is_no_key_of_the_config_is_refused_with_its_page(tmp_path, key):
    options = {"target_sum": {"value": 1, "source": "here", "meaning": "a sum", "same_as": key}}
    root = root_with(tmp_path, PAGE | {"options": options})
    config = CONFIG | {"baselines": {"toy": {"folder": "toy"}}}
    with pytest.raises(UserError, match=f"toy/about.yaml: options.target_sum.same_as: '{key}' is no key of the config"):
        foreign.read(config, root)


def test_what_a_training_is_called_hangs_on_no_other_entry(tmp_path):
    root, entries = (
        root_with(tmp_path, PAGE),
        {"b": {"folder": "toy", "options": {"factor": 3}}, "a": {"folder": "toy"}},
    )
    alone = foreign.read({"baselines": {"b": entries["b"]}}, root)["b"].training
    orders = [entries, dict(sorted(entries.items()))]
    assert {foreign.read({"baselines": some}, root)["b"].training for some in orders} == {alone}


def test_rows_of_one_folder_have_labels_that_tell_them_apart(tmp_path):
    found = of_toy(tmp_path, {"toy": {"folder": "toy"}, "b": {"folder": "toy"}, "c": {"folder": "toy", "label": "C"}})
    assert [one.label for one in found.values()] == ["Toy", "Toy (b)", "C"]


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"folder": "tyo"}, r"baselines.mine.folder: unknown 'tyo' \(allowed: toy\); did you mean 'toy'\?"),
        ({"options": {"fator": 1}}, r"baselines.mine.options: unknown key 'fator' \(did you mean 'factor'\?"),
        ({"options": {"factor": "2"}}, "baselines.mine.options.factor: '2' is a text, expected a number as 2.0 is"),
        ({"options": {"factor": True}}, "factor: True is true or false, expected a number"),
        ({"options": {"exact": 1}}, "exact: 1 is a number, expected true or false as True is"),
        ({"options": {"emits": "median"}}, r"options.emits: unknown 'median' \(allowed: mean, sample\)"),
    ],
)
def test_what_a_folder_does_not_have_is_refused_before_anything_runs(tmp_path, entry, words):
    with pytest.raises(UserError, match=words) as error:
        of_toy(tmp_path, {"mine": {"folder": "toy"} | entry})
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"device": "tpu"}, r"device: unknown 'tpu' \(allowed: cpu, gpu\)"),
        ({"predicts": "log"}, r"predicts: unknown 'log' \(allowed: counts, linear, log1p\)"),
        ({"conditions_on": ["cells"]}, "conditions_on: unknown 'cells'"),
        ({"conditions_on": "control-cell"}, "conditions_on: 'control-cell', expected a list"),
        ({"environment": "scvi"}, "environment: unknown 'scvi'"),
        ({"label": 7}, "label: 7, expected a text"),
        ({"lisence": "MIT"}, r"unknown key 'lisence' \(did you mean 'licence'"),
        ({"paper": "Of a toy"}, "paper: 'Of a toy', expected its title, and its doi or url"),
        ({"paper": {"title": "None", "ulr": "none"}}, r"paper: unknown key 'ulr' \(did you mean 'url'"),
        ({"paper": {"url": "none"}}, "paper: key 'title' is missing"),
        (
            {"options": {"a": {"value": 1, "source": "here", "meening": "a"}}},
            r"options.a: unknown key 'meening' \(did you mean 'meaning'",
        ),
        ({"options": {"a": {"value": 1, "source": "here"}}}, "options.a: key 'meaning' is missing"),
        ({"options": {"a": {"value": 1, "meaning": "a"}}}, "options.a: key 'source' is missing"),
        ({"options": []}, r"options: \[\], expected entries with value"),
        ({"options": {"a": {"value": [1]}}}, "options.a: has no value"),
        ({"options": {"a": {"value": 1, "stage": "tests"}}}, "options.a.stage: unknown 'tests'"),
        ({"options": {"a": WEIGHTS | {"value": "a/b"}}}, "options.a.value: 'a/b', expected results/brought/NAME"),
        ({"options": {"a": WEIGHTS | {"downloads": []}}}, r"options.a.downloads: \[\], expected what a file is called"),
        (
            {"options": {"a": {"value": "results/brought/a", "clone": CLONE | {"commit": "main"}}}},
            "options.a.clone: .*40 digits",
        ),
        (
            {"options": {"a": {"value": "results/brought/a", "clone": {"url": "x"}}}},
            "options.a.clone: .*url and commit",
        ),
    ],
)
def test_a_page_that_breaks_the_contract_is_named_with_the_key(tmp_path, change, words):
    with pytest.raises(UserError, match=f"toy/about.yaml: {words}"):
        of_toy(tmp_path, {"toy": {"folder": "toy"}}, PAGE | change)


@pytest.mark.parametrize("key", PAGE)
def test_a_key_that_the_page_lacks_is_named(tmp_path, key):
    with pytest.raises(UserError, match=f"toy/about.yaml: key '{key}' is missing"):
        of_toy(tmp_path, {"toy": {"folder": "toy"}}, {name: value for name, value in PAGE.items() if name != key})


def test_a_page_of_no_keys_and_a_missing_program_are_one_line_each(tmp_path):
    (tmp_path / "a").mkdir()
    with pytest.raises(UserError, match="about.yaml: expected the keys label, authors"):
        of_toy(tmp_path / "a", {"toy": {"folder": "toy"}}, "- nothing")
    root = root_with(tmp_path, PAGE)
    (tmp_path / "toy" / "predict.py").unlink()
    with pytest.raises(UserError, match=r"toy: has no predict.py, which every baseline has \(baselines/README.md\)"):
        foreign.read({"baselines": {"toy": {"folder": "toy"}}}, root)


def test_rows_of_one_training_pair_by_what_they_emit(tmp_path):
    entries = {
        "toy": {"folder": "toy"},
        "drawn": {"folder": "toy", "label": "Drawn", "options": {"emits": "sample"}},
        "again": {"folder": "toy", "options": {"emits": "mean"}},
        "other": {"folder": "toy", "options": {"emits": "sample", "factor": 3}},  # of another training
    }
    found = foreign.pairs(of_toy(tmp_path, entries).values())
    assert [(mean.name, sample.name) for mean, sample in found] == [("toy", "drawn"), ("again", "drawn")]


def test_the_config_s_pairs_are_scvi_s_and_cpa_s():
    found = {(mean.name, sample.name) for mean, sample in foreign.pairs(foreign.read(CONFIG, ROOT).values())}
    assert {("scvi", "scvi-sample"), ("cpa", "cpa-sample")} <= found


def with_overlays(*names: str) -> dict:
    config = deepcopy(CONFIG)
    for name in names:
        config = merged(config, yaml.safe_load((REPOSITORY / "config" / f"{name}.yaml").read_text()))
    check_form(config, REPOSITORY / "config" / "schema.yaml")
    return config


def test_table_1_asks_for_every_row_of_the_paper_s_so_that_none_has_its_printed_number_alone():
    assert {*PUBLISHED} <= TABLE_1
    assert {*CONFIG["paper"]["table1"]["published_baselines"]} == {*PUBLISHED} - {PERTURB_MEAN}


def test_one_overlay_leaves_them_out_and_changes_nothing_else():
    config = with_overlays("without-baselines")
    left = set(grid.rerun(config)) - {*SEEDLESS}
    assert not left, f"config/without-baselines.yaml leaves {left} in: name the blocks of runs that ask for them there"
    rest = [run for run in grid.all_runs(CONFIG) if run.baseline not in OTHERS]
    assert grid.all_runs(config) == rest


@pytest.mark.parametrize(
    ("sizes", "overlays", "left_out", "as_published"),
    [
        ("demo", ["demo-baselines"], {"scldm"}, {"linear"}),
        ("small", ["screens/kang", "small-baselines"], set(), {"linear", "scgen"}),
        ("small", ["screens/perturbench", "small-baselines"], set(), {"linear", "scgen"}),
    ],
)
def test_demo_and_small_sizes_have_them_in_table_1_on_demand(sizes, overlays, left_out, as_published):
    assert set(grid.rerun(with_overlays(sizes))) == set(SEEDLESS)
    config = with_overlays(sizes, *overlays)
    papers = {*PUBLISHED} - left_out
    assert papers <= set(grid.rerun(config, "table1"))
    small = foreign.read(config, ROOT)
    sized = {name for name, one in small.items() if one.changed.keys() - {"emits"}}
    assert papers - {PERTURB_MEAN} <= sized and not as_published & sized
    assert {one.training for one in small.values() if one.folder == "scvi"} == {small["scvi"].training}
    assert {one.training for one in small.values() if one.folder == "cpa"} == {small["cpa"].training}


def test_the_paper_s_rows_of_other_authors_know_perturbations_from_training_cells_alone_and_the_linear_one_may():
    identity = {"folder": "linear", "options": {"perturbation_embedding": "identity"}}
    found = foreign.read(CONFIG | {"baselines": CONFIG["baselines"] | {"identity": identity}}, ROOT)
    assert {name for name in PUBLISHED if not found[name].knows_seen_only} == {PERTURB_MEAN}
    assert found["identity"].knows_seen_only
    assert not found["linear"].knows_seen_only and not found["control"].knows_seen_only


ONE_TYPE = r"datasets\.papalexi: it has one cell type .* perturbation, such as 'IRF1'; .* training cells alone: "


@pytest.mark.parametrize(
    ("overlays", "said"),
    [
        (["screens/papalexi"], ONE_TYPE),
        (["small", "screens/papalexi", "small-baselines"], ONE_TYPE),
        (["screens/papalexi", "without-baselines"], ""),
        (["small", "screens/papalexi"], ""),
        (["small", "screens/kang", "small-baselines"], ""),  # other cell types have seen what is held out
    ],
)
def test_a_screen_of_one_cell_type_is_refused_to_rows_that_must_have_seen_it(overlays, said):
    config = with_overlays(*overlays)
    found = foreign.read(config, ROOT)
    if said:
        rows = [name for name in grid.rerun(config, "table1") if found[name].knows_seen_only]
        assert {*PUBLISHED} - {PERTURB_MEAN} <= set(rows)
        with pytest.raises(UserError, match=f"{said}{', '.join(rows)}; leave them out of the runs of papalexi"):
            foreign.refuse_unseen(config, found)
    else:
        foreign.refuse_unseen(config, found)


def test_a_row_that_knows_vectors_alone_may_predict_a_screen_of_one_cell_type():
    config = with_overlays("small", "screens/papalexi")
    config["paper"]["table1"]["runs"] = [{"baseline": ["linear", "control"]}]
    foreign.refuse_unseen(config, foreign.read(config, ROOT))
