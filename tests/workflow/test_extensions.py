"""A head, a prior, a metric, a baseline and a claim of one's own, added as CONTRIBUTING.md says and in no other way.

Their files lie in `extension/`; what they need in files that are there stands here.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml

from expressionvae.paper.claims.judge import CLAIMS
from tests.conftest import REPOSITORY
from tests.workflow.conftest import call_copy, copied, tiny

pytestmark = pytest.mark.slow

FILES = Path(__file__).with_name("extension")
HEAD_CARD = """    "poisson": HeadCard(
        "Poisson",
        "expressionvae.vae.heads.poisson.Poisson",
        (SAMPLE, MEAN),
        "Poisson",
        "counts of a library size drawn from training cells of the cell type",
        takes_library=True,
        options={"smallest": {"description": "smallest mean", "type": "number", "exclusiveMinimum": 0}},
    ),
"""
PRIOR_CARD = """    "independent": PriorCard(
        "Independent",
        "expressionvae.priors.independent.Independent",
        FSQ,
        "every code by itself",
        sketch=("all codes", "at once"),
        options={"temperature": {"description": "of the draws", "type": "number", "exclusiveMinimum": 0}},
        sampling=("temperature",),
    ),
"""
METRIC_CARD = """    MetricCard(
        "shift", "Shift", "Shift", "Shift", "Shift of means", "lower", "Distribution", 2, "clouds",
        "expressionvae.metrics.shift.shift_of_means",
        formula="|mean of x - mean of y|", bounds="0 to ∞", source="nobody", pitfalls=("it sees means alone",),
    ),
"""
FIRST_OF_CELLS = '    _moment(\n        "r2_mean",'
LIBRARY = "src/expressionvae"
# By file: what is put before which text that stands there once.
PUT = {
    f"{LIBRARY}/catalogue/heads.py": {"}\n\n\ndef predict_rules": HEAD_CARD},
    f"{LIBRARY}/catalogue/priors.py": {"\n}\n": f"\n{PRIOR_CARD.rstrip()}"},
    f"{LIBRARY}/catalogue/metrics_of_cells.py": {FIRST_OF_CELLS: METRIC_CARD},
    f"{LIBRARY}/paper/claims/judge.py": {"    priors,\n": "    own,\n", "\n]\nCLAIMS": '\n    ("Own", own.CLAIMS),'},
    "tests/paper/claims/test_published.py": {
        '    "above-floor": ': '    "means-are-far": ([""], [H], [H]),\n',
    },
    "tests/baselines/toy.py": {'    "linear": {},\n': '    "pooled-shift": {},\n'},
}
HEAD, PRIOR = "  poisson: {smallest: 0.001}\n", "  independent: {kind: independent, temperature: 1.0}\n"
# The same of what is taken up into the project, and of nobody's own overlay.
TAKEN_UP = {
    "config/config.yaml": {
        "  mse: {}\n": HEAD,
        "  nb-sample-told:": "  poisson: {head: poisson, predict: sample}\n",
        "  true-codes: {kind": PRIOR,
        "  scldm: {folder": "  pooled-shift: {folder: pooled-shift}\n",
    },
    "baselines/README.md": {"| `cellflow` | moves": "| `pooled-shift` | adds a mean change | log1p | none |\n"},
    "docs/baselines.md": {"| `cellflow`, on demand": "| `pooled-shift` | `pooled-shift` | means | CPU | none |\n"},
    "docs/fidelity.md": {
        "| mse | N(mu, 1)": "| poisson: smallest mean | - | - | `0.001` | | `heads.poisson.smallest` |\n",
        "| flow: scale of time": "| independent: temperature | - | - | `1.0` | | `priors.independent.temperature` |\n",
        "| VAE mse | `head.output.weight`": "| VAE poisson | `head.share.weight` | 1 x 256 | uniform 1/√256 |\n"
        "| VAE poisson | `head.share.bias` | 1 | uniform 1/√256 |\n",
        "| prior flow | `prior.positions`": "| prior independent | `prior.positions` | 64 x 384 | normal 0.02 |\n"
        "| prior independent | `prior.trunk.output.weight` | 512 x 384 | uniform 1/√384 |\n"
        "| prior independent | `prior.trunk.output.bias` | 512 | uniform 1/√384 |\n",
    },
}
RUNS = [{"bottleneck": ["fsq"], "prior": ["independent"], "decoder": ["poisson"]}]
CONFIG = {
    "heads": yaml.safe_load(HEAD),
    "decoders": {"poisson": {"head": "poisson", "predict": "sample"}},
    "priors": yaml.safe_load(PRIOR),
    "baselines": {"pooled-shift": {"folder": "pooled-shift"}},
    "items": ["table1", "figure1", "figure2", "table-own"],
    "paper": {
        "table1": {
            "columns": ["fd", "shift", "pearson_delta"],
            "runs": [*RUNS, {"baseline": ["pooled-shift"]}],
            "companion": [],
        },
        "figure2": {"columns": ["fd", "shift", "pearson_delta"], "runs": RUNS},
        "table-own": {"columns": ["shift"], "runs": RUNS},
    },
}


def put(folder: Path, texts: dict[str, dict[str, str]]) -> None:
    for name, places in texts.items():
        text = (folder / name).read_text(encoding="utf-8")
        for before, new in places.items():
            assert text.count(before) == 1, (name, before)
            text = text.replace(before, new + before)
        (folder / name).write_text(text, encoding="utf-8")


def with_it(folder: Path) -> Path:
    """A copy of the project, its tests and its documents, with the five in it."""
    copied(folder)
    for name in ("tests", "docs", "README.md", "pyproject.toml"):
        source, copy = REPOSITORY / name, shutil.copytree if (REPOSITORY / name).is_dir() else shutil.copy
        copy(source, folder / name)
    shutil.copytree(FILES, folder, dirs_exist_ok=True)
    put(folder, PUT)
    readme = (folder / "README.md").read_text(encoding="utf-8")
    said, says = (f"{len(CLAIMS) + more} claims of the paper" for more in (0, 1))
    (folder / "README.md").write_text(readme.replace(said, says), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def own(tmp_path_factory) -> Path:
    """The five as one's own: the config of the project does not know them, an overlay does."""
    folder = with_it(tmp_path_factory.mktemp("own"))
    (folder / "own.yaml").write_text(yaml.safe_dump(CONFIG))
    return folder


@pytest.fixture(scope="module")
def extended(own) -> Path:
    """The same, with the tiny grid run."""
    run = snakemake(own, "all")
    assert run.returncode == 0, run.stderr[-3000:]
    return own


def snakemake(folder: Path, *targets: str) -> subprocess.CompletedProcess[str]:
    return call_copy(folder, *tiny("demo.yaml"), folder / "own.yaml", "--", *targets)


def called(folder: Path, *command: str | Path) -> subprocess.CompletedProcess[str]:
    """A program of the environment, in a copy and with the copy's library."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    environment = kept | {"PYTHONPATH": str(folder / "src")}
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment)


def require_passed(folder: Path, *arguments: str) -> None:
    """Run tests of a copy."""
    run = called(folder, sys.executable, "-m", "pytest", "-q", "-m", "not slow and not foreign", *arguments)
    assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-2000:]


OF_CARDS = ["tests/catalogue", "tests/vae", "tests/priors/test_build.py", "tests/metrics/test_scores.py"]
OF_CARDS += ["tests/manual/test_metrics.py", "tests/paper/test_columns.py", "tests/paper/tables/test_table1.py"]
FIGURE_1 = (
    "tests/paper/figures/test_figure1_boxes.py::test_sizes_of_stage_2_are_those_of_the_prior_built_from_the_config"
)
README = "tests/test_measured.py::test_readme_quotes_what_its_source_says"


def test_the_tests_hold_what_is_of_an_overlay(own):
    of_claims = ["tests/paper/claims/test_published.py", README]
    require_passed(own, *OF_CARDS, FIGURE_1, *of_claims)


def test_a_baseline_of_one_s_own_keeps_the_contract(own):
    pages, facts = "tests/baselines/test_about.py", "tests/baselines/test_facts.py"
    require_passed(own, pages, facts, "tests/test_foreign.py", "-k", "pooled-shift or config")


def test_the_tests_hold_what_is_taken_up_into_the_project(tmp_path):
    folder = with_it(tmp_path / "taken-up")
    put(folder, TAKEN_UP)
    of_config = ["tests/test_config.py", "tests/test_bad_configs.py", "tests/test_foreign.py", "tests/test_fidelity.py"]
    require_passed(folder, "tests/catalogue", "tests/priors/test_build.py", *of_config)


def test_the_walls_stand_around_a_new_prior_and_a_new_head(tmp_path):
    shutil.copytree(REPOSITORY / "src", tmp_path / "src")
    shutil.copy(REPOSITORY / "pyproject.toml", tmp_path)
    shutil.copytree(FILES / "src", tmp_path / "src", dirs_exist_ok=True)
    linter = [Path(sys.executable).with_name("lint-imports"), "--no-cache"]
    run = called(tmp_path, *linter)
    assert run.returncode == 0, run.stdout[-3000:]
    for name, other in {"priors/independent.py": "priors.ar", "vae/heads/poisson.py": "vae.heads.nb"}.items():
        with (tmp_path / LIBRARY / name).open("a") as file:
            file.write(f"\nimport expressionvae.{other}\n")
    said = called(tmp_path, *linter).stdout
    assert "expressionvae.priors.independent -> expressionvae.priors.ar" in said
    assert "expressionvae.vae.heads.poisson -> expressionvae.vae.heads.nb" in said


def test_table_1_has_the_new_rows_and_the_new_column(extended):
    table = pd.read_csv(extended / "results/paper/table1.csv")
    row = table[table["decoder"] == "poisson"].iloc[0]
    assert row["prior"] == "independent" and row["shift"] > 0
    text = (extended / "results/paper/table1.md").read_text()
    assert "Independent" in text and "Shift ↓" in text and "Pooled shift" in text


def test_figure_1_and_figure_2_are_drawn_with_it(extended):
    for name in ("figure1", "figure2"):
        assert (extended / f"results/paper/{name}.png").stat().st_size > 10_000
    assert "shift" in set(pd.read_csv(extended / "results/paper/figure2.scores.csv")["metric"])


def test_a_table_of_scores_of_one_s_own_needs_no_card(extended):
    assert "**Own." in (extended / "results/paper/table-own.md").read_text()


def test_the_plan_knows_what_it_costs(extended):
    run = snakemake(extended, "plan")
    assert run.returncode == 0, run.stderr[-3000:]
    assert "train_prior" in run.stdout and "train_baseline" in run.stdout
