"""Both files of an environment say the same, say what was asked for, and name no index of packages."""

import pytest
import yaml
from packaging.requirements import Requirement

from tests.baselines import toy

LOCKED = sorted(path.parent for path in toy.BASELINES.glob("*/requirements.in"))
each = pytest.mark.parametrize("folder", LOCKED, ids=lambda folder: folder.name)


def pins(lock, folder) -> list[str]:
    return lock.pins_of((folder / "lock.txt").read_text(encoding="utf-8"))


@each
def test_all_files_of_an_environment_are_those_that_its_lock_gives(lock, folder):
    for name, text in lock.files(folder, pins(lock, folder)).items():
        assert (folder / name).read_text(encoding="utf-8") == text, f"{name}: run baselines/lock.py {folder.name}"


@each
def test_the_conda_file_pins_what_the_lock_pins(lock, folder):
    conda = yaml.safe_load((folder / "environment.yaml").read_text(encoding="utf-8"))["dependencies"]
    assert conda[-1]["pip"] == pins(lock, folder)


@each
def test_the_lock_holds_what_is_asked_for_and_each_pin_is_exact(lock, folder):
    locked = [Requirement(pin) for pin in pins(lock, folder)]
    assert all(str(each.specifier).startswith("==") for each in locked)
    wanted = [line.partition("#")[0].strip() for line in (folder / "requirements.in").read_text().splitlines()]
    for requirement in map(Requirement, filter(None, wanted)):
        versions = [str(each.specifier)[2:] for each in locked if each.name == requirement.name]
        assert versions, requirement.name
        assert any(requirement.specifier.contains(version) for version in versions), requirement


@pytest.mark.parametrize("folder", [one for one in LOCKED if one.name != "cellflow"], ids=lambda folder: folder.name)
def test_torch_is_the_projects_own_and_of_no_machines_build(lock, folder):
    assert "torch==2.13.0" in pins(lock, folder)
    assert not [pin for pin in pins(lock, folder) if pin.startswith("torch") and "+" in pin]


@each
def test_no_file_of_an_environment_names_an_index_or_a_path(lock, folder):
    for name in lock.files(folder, pins(lock, folder)):
        text = (folder / name).read_text(encoding="utf-8")
        assert not [word for word in ("://", "index", "find-links", "file:", "/opt/") if word in text], name


@pytest.mark.parametrize(("line", "versions"), [("", ["3.11"]), ("# python: 3.12 3.13\n", ["3.12", "3.13"])])
def test_the_versions_of_python_are_those_that_the_requirements_name(lock, line, versions):
    assert lock.wanted_pythons(f"{line}a==1\n") == versions


def test_cudas_libraries_are_left_to_torch(lock):
    left_out = ["nvidia-cublas==13.1", "cuda-toolkit==13.0 ; sys_platform == 'linux'", "triton==3.7"]
    assert all(lock.CUDA.match(pin) for pin in left_out)
    assert not any(lock.CUDA.match(pin) for pin in ["torch==2.13.0", "tritonclient==2", "numpy==2"])
