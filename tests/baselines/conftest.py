"""Scripts of the baselines as modules, their environments, and one trained model of each."""

import importlib.util
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from tests.baselines import toy

sys.path.append(str(toy.BASELINES / "common"))

UNREACHED = re.compile("sending request|dns error|connect|timed out|is not there|no Python", re.IGNORECASE)


def script(name: str) -> ModuleType:
    """baselines/{name}.py, which belongs to no package."""
    spec = importlib.util.spec_from_file_location(f"baselines_{name.replace('/', '_')}", toy.BASELINES / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look there
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def environment() -> ModuleType:
    return script("environment")


@pytest.fixture(scope="session")
def lock() -> ModuleType:
    return script("lock")


@pytest.fixture(scope="session")
def environments(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where environments are built, once and for all workers.

    BASELINE_ENVIRONMENTS names a folder that keeps them from one run of the tests to the next.
    """
    here = tmp_path_factory.getbasetemp()
    shared = here.parent if "PYTEST_XDIST_WORKER" in os.environ else here
    return Path(os.environ.get("BASELINE_ENVIRONMENTS", shared / "environments"))


@pytest.fixture(scope="session")
def python_of(environment: ModuleType, environments: Path) -> Callable[[str], Path]:
    """The Python of a baseline; its environment is built when it is first asked for, which takes a minute or two."""

    def python(name: str) -> Path:
        kind = toy.about(name)["environment"]
        if kind is None:
            return toy.OURS
        try:
            return environment.build(toy.BASELINES / kind, environments)
        except environment.Failure as failure:
            if not UNREACHED.search(str(failure)):
                raise
            pytest.skip(str(failure))

    return python


@pytest.fixture(scope="session")
def trained(python_of: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], toy.Scripts]:
    """A baseline with its toy model trained, in `model`, from seed 0."""
    made: dict[str, toy.Scripts] = {}

    def get(name: str) -> toy.Scripts:
        if name not in made:
            folder = tmp_path_factory.mktemp(name)
            toy.write(folder)
            scripts = toy.Scripts(name, python_of(name), folder, toy.published(name) | toy.TOY[name])
            scripts.train()
            made[name] = scripts
        return made[name]

    return get
