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
    if not (folder / "overrides.txt").exists():
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


@each
def test_torch_is_the_projects_own_and_of_no_machines_build(lock, folder):
    assert "torch==2.13.0" in pins(lock, folder) or (folder / "overrides.txt").exists()
    assert not [pin for pin in pins(lock, folder) if pin.startswith("torch") and "+" in pin]


@each
def test_no_file_of_an_environment_names_an_index_or_a_path(lock, folder):
    for name in lock.files(folder, pins(lock, folder)):
        text = (folder / name).read_text(encoding="utf-8")
        assert not [word for word in ("://", "index", "find-links", "file:", "/opt/") if word in text], name


def test_overrides_make_a_conda_environment_whose_packages_a_script_installs(lock, tmp_path):
    (tmp_path / "requirements.in").write_text("# python: 3.11\na\n")
    (tmp_path / "overrides.txt").write_text("b==2\n")
    made = lock.files(tmp_path, ["a==1", "b==2"])
    assert yaml.safe_load(made["environment.yaml"])["dependencies"] == ["python=3.11", "uv"]
    assert f"baselines/{tmp_path.name}/overrides.txt" in made["environment.post-deploy.sh"]
    assert lock.pins_of(made["lock.txt"]) == ["a==1", "b==2"]


@pytest.mark.parametrize(("line", "versions"), [("", ["3.11"]), ("# python: 3.12 3.13\n", ["3.12", "3.13"])])
def test_the_versions_of_python_are_those_that_the_requirements_name(lock, line, versions):
    assert lock.wanted_pythons(f"{line}a==1\n") == versions


def test_cudas_libraries_are_left_to_torch(lock):
    left_out = ["nvidia-cublas==13.1", "cuda-toolkit==13.0 ; sys_platform == 'linux'", "triton==3.7"]
    assert all(lock.CUDA.match(pin) for pin in left_out)
    assert not any(lock.CUDA.match(pin) for pin in ["torch==2.13.0", "tritonclient==2", "numpy==2"])
