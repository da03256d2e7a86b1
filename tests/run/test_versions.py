import platform
from importlib import metadata

from expressionvae.run import versions


def test_python_the_commit_and_every_dependency_are_told():
    told = dict(versions.table(1).itertuples(index=False))
    assert told["Python"] == platform.python_version()
    assert told["torch"] == metadata.version("torch") and told["scipy"] == metadata.version("scipy")
    assert {"numpy", "snakemake", "matplotlib"} <= set(told) and "pytest" not in told
    assert "expressionvae (commit)" in told


def test_a_checkout_that_is_not_installed_tells_what_matters_most(monkeypatch):
    def absent(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(versions.metadata, "requires", absent)
    assert {"torch", "numpy", "anndata"} <= set(versions.table(1)["name"])


def test_the_page_has_a_row_for_each():
    table = versions.table(1)
    assert versions.markdown(table).count("\n| ") == len(table) + 2


def test_runs_in_different_numbers_of_threads_are_told_apart(monkeypatch):
    monkeypatch.setenv("MKL_CBWR", "AUTO,STRICT")
    one, two = (dict(versions.table(threads).itertuples(index=False)) for threads in (1, 2))
    assert {name for name in one if one[name] != two[name]} == {"threads of networks on CPUs"}
    assert two["MKL_CBWR"] == "AUTO,STRICT"
