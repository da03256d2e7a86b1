"""What README and the manual tell a reader to type works: files, targets and keys are there, examples run."""

import ast
import os
import re
import shlex
import subprocess
import sys
from copy import deepcopy
from importlib import import_module
from inspect import signature
from pathlib import Path

import pytest
import yaml

from expressionvae import sense
from expressionvae.config import check_form, fill_in
from expressionvae.manual.commands import phony_targets
from tests.conftest import REPOSITORY
from tests.test_config import merged

PAGES = [REPOSITORY / name for name in ("README.md", "CONTRIBUTING.md", "config/README.md", "baselines/README.md")]
PAGES += sorted((REPOSITORY / "docs").rglob("*.md"))
CONFIGS = sorted(path for part in ("config", "profiles") for path in (REPOSITORY / part).rglob("*.yaml"))
THEIRS = {"mine.yaml", "ask.yaml"}  # files that the reader writes
OWN = REPOSITORY / "docs" / "own-screen.md"  # describes the screen `mine` that further pages go on with
COMMANDS = REPOSITORY / "docs" / "reference" / "commands.md"
SHELL = ("", "bash", "sh", "shell")


def blocks(page, *languages: str) -> list[str]:
    """The code of a page: fenced, in one of some languages; indented where "" is among them."""
    text = page.read_text(encoding="utf-8")
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    found = [code for language, code in fenced if language in languages]
    if "" in languages:
        outside = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
        found += re.findall(r"(?:^    .*\n)+", outside, re.MULTILINE)
    return found


def commands(page, program: str) -> list[list[str]]:
    """The words of each line of code, or of a config's comments, that calls a program."""
    if page.suffix == ".yaml":
        lines = [line.lstrip("# ") for line in page.read_text(encoding="utf-8").splitlines() if line.startswith("#")]
    else:
        lines = [line for code in blocks(page, *SHELL) for line in code.replace("\\\n", " ").splitlines()]
    lines = [line.strip() for line in lines]
    return [shlex.split(line, comments=True) for line in lines if line.startswith(f"{program} ")]


def calls(program: str) -> list[tuple[str, list[str]]]:
    return [(page.name, words) for page in (*PAGES, *CONFIGS) for words in commands(page, program)]


def values(words: list[str], option: str) -> list[str]:
    """What follows an option, up to the next."""
    if option not in words:
        return []
    after = words[words.index(option) + 1 :]
    ends = [i for i, word in enumerate(after) if word.startswith("-")]
    return after[: ends[0]] if ends else after


def test_there_are_commands_to_check():
    assert len(calls("snakemake")) > 15 and len(calls("make")) >= 8


@pytest.mark.parametrize(("page", "words"), calls("snakemake"), ids=lambda value: " ".join(value)[:70])
def test_a_command_names_files_that_are_there(page, words):
    named = values(words, "--configfile") + values(words, "--profile")[:1]
    assert all((REPOSITORY / name).exists() for name in named if name not in THEIRS and not name.startswith("/"))


@pytest.mark.parametrize(("page", "words"), calls("make"), ids=lambda value: " ".join(value)[:70])
def test_a_make_command_has_a_target(page, words):
    target = next(word for word in words[1:] if "=" not in word)
    assert target in phony_targets(REPOSITORY / "Makefile")


def calls_of_pytest() -> list[tuple[str, list[str]]]:
    """In a page's lines of code, and in its tables."""
    inline = [(page.name, re.findall(r"`(pytest [^`]*)`", page.read_text(encoding="utf-8"))) for page in PAGES]
    return calls("pytest") + [(name, shlex.split(code)) for name, codes in inline for code in codes]


@pytest.mark.parametrize(("page", "words"), calls_of_pytest(), ids=lambda value: " ".join(value)[:70])
def test_a_call_of_pytest_names_tests_that_are_there(page, words):
    named = [word.partition("::")[0] for word in words if word.startswith("tests/")]
    assert named and all((REPOSITORY / name).exists() for name in named)


@pytest.fixture(scope="module")
def options() -> set[str]:
    said = subprocess.run([sys.executable, "-m", "snakemake", "--help"], capture_output=True, text=True, check=True)
    return set(re.findall(r"--[a-z][a-z-]+", said.stdout)) | {"--kubernetes-persistent-volumes"}


@pytest.mark.slow
def test_every_option_is_one_of_snakemake_s(options):
    used = {
        (page, word) for page, words in calls("snakemake") for word in words if word.startswith("--") and len(word) > 2
    }
    assert {(page, word) for page, word in used if word not in options} == set()


# Each once, however many pages have it: planning takes seconds.
DRY_RUNS = list({tuple(words): words for _, words in calls("snakemake") if "--dry-run" in words}.values())
RUNNABLE = [
    words for words in DRY_RUNS if not any("FOLDER" in word or "S3" in word or "IMAGE" in word for word in words)
]


@pytest.mark.slow
@pytest.mark.parametrize("words", RUNNABLE, ids=lambda words: " ".join(words)[:70])
def test_an_example_that_says_dry_run_plans_what_it_says(words, tmp_path):
    if words[-1].startswith("results/paper/table1.md"):
        words = [*words[:-1], "results/paper/table1.md"]  # of the page on modules, whose Snakefile another test has
    if "mine.yaml" in words:
        mine = screen_of_one_s_own(tmp_path)
        words = [str(mine) if word == "mine.yaml" else word for word in words]
    command = [sys.executable, "-m", *words[:1], "--directory", str(tmp_path), "--quiet", *words[1:]]
    run = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout[-2000:] + run.stderr[-2000:]


@pytest.mark.slow
def test_the_screen_that_readme_describes_is_planned_by_the_command_below_it(tmp_path):
    (words,) = [words for words in commands(PAGES[0], "snakemake") if "mine.yaml" in words and words[-1] == "all"]
    mine = str(screen_of_one_s_own(tmp_path, PAGES[0]))
    words = [{"mine.yaml": mine, "data_dir=FOLDER": "data_dir=data"}.get(word, word) for word in words[1:]]
    command = [sys.executable, "-m", "snakemake", "--directory", str(tmp_path), "--dry-run", *words]
    run = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
    assert run.returncode == 0 and "results/mine/fsq/ce/vae-0/vae.pt" in run.stdout, run.stderr[-2000:]


def screen_of_one_s_own(folder, page=OWN):
    """The file that a page has a reader write, and an empty one in place of the screen's."""
    mine, text = folder / "mine.yaml", blocks(page, "yaml")[0]
    mine.write_text(text)
    screen = folder / "data" / yaml.safe_load(text)["datasets"]["mine"]["path"]
    screen.parent.mkdir(parents=True, exist_ok=True)
    screen.touch()
    return mine


@pytest.mark.slow
def test_the_line_for_completion_completes_targets_and_options():
    (line,) = [line for code in blocks(COMMANDS, "bash") for line in code.splitlines() if line.startswith("complete ")]
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    asked = f"{line}\ncomplete -p snakemake"
    run = subprocess.run(["bash", "-c", asked], env=environment, capture_output=True, text=True, check=True)
    assert {"plan", "predict", "--configfile", "--unlock"} <= set(run.stdout.split())


def overlays() -> list[tuple[str, dict]]:
    found = [(page.name, yaml.safe_load(code)) for page in PAGES for code in blocks(page, "yaml")]
    keys = yaml.safe_load((REPOSITORY / "config" / "config.yaml").read_text()).keys()
    return [(name, config) for name, config in found if isinstance(config, dict) and config.keys() <= keys]


@pytest.mark.parametrize(("name", "overlay"), overlays(), ids=lambda value: str(value)[:40])
def test_a_config_that_is_shown_is_one(name, overlay):
    config = yaml.safe_load((REPOSITORY / "config" / "config.yaml").read_text())
    if "datasets" not in overlay and "mine" in str(overlay):
        config = merged(config, yaml.safe_load(blocks(OWN, "yaml")[0]))
    config = merged(deepcopy(config), overlay)
    check_form(config, REPOSITORY / "config" / "schema.yaml")
    fill_in(config, REPOSITORY / "config" / "schema.yaml")
    sense.check(config)


def test_configs_are_shown_by_readme_and_by_the_manual():
    assert {"README.md", "own-screen.md", "screen-keys.md", "improving.md"} <= {name for name, _ in overlays()}


EXAMPLES = [(page.name, code) for page in PAGES for code in blocks(page, "python") if "module " not in code]
# What needs a run's results is called by tests/prediction; here its arguments are looked at.
ON_RESULTS = [(name, code) for name, code in EXAMPLES if "results/" in code]
PYTHON = [example for example in EXAMPLES if example not in ON_RESULTS]


@pytest.mark.parametrize(("name", "code"), PYTHON, ids=lambda value: str(value)[:40])
def test_an_example_in_python_runs(name, code):
    exec(compile(code, name, "exec"), {})


@pytest.mark.slow
@pytest.mark.parametrize(("name", "code"), ON_RESULTS, ids=lambda value: str(value)[:40])
def test_an_example_on_results_calls_what_there_is_with_arguments_that_it_has(name, code):
    calls = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call)]
    assert calls
    for call in calls:
        module, _, function = ast.unparse(call.func).partition(".")
        named = {word.arg or "": ast.literal_eval(word.value) for word in call.keywords}
        signature(getattr(import_module(module), function)).bind(*map(ast.literal_eval, call.args), **named)


LINK = re.compile(r"\[[^\[\]]+\]\(([^()\s#]+)(?:#[^()\s]*)?\)")


@pytest.mark.parametrize(
    "page", [*PAGES, REPOSITORY / "CHANGELOG.md"], ids=lambda page: str(page.relative_to(REPOSITORY))
)
def test_a_link_leads_to_a_file_that_is_there(page):
    text = re.sub(r"`[^`\n]*`", "", page.read_text(encoding="utf-8"))
    targets = [target for target in LINK.findall(text) if not re.match(r"[a-z]+:", target)]
    made = {"config.md"}  # beside it
    assert [t for t in targets if not (page.parent / t).exists() and t not in made] == []


def test_every_page_of_the_manual_is_in_its_menu():
    menu = (REPOSITORY / "mkdocs.yml").read_text().partition("nav:")[2]
    pages = {str(page.relative_to(REPOSITORY / "docs")) for page in PAGES if REPOSITORY / "docs" in page.parents}
    assert {page for page in pages if f": {page}\n" not in menu} == set()


def test_nothing_of_the_manual_comes_from_another_server():
    config = (REPOSITORY / "mkdocs.yml").read_text()
    assert "font: false" in config and not re.search(r"https?://", config)


def test_readme_stays_short():
    assert len((REPOSITORY / "README.md").read_text().splitlines()) <= 110
