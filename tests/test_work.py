import os
import shutil

import yaml
from hypothesis import given
from hypothesis import strategies as st

from expressionvae import work

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


def upside_down(value):
    """The same with every mapping's keys the other way round."""
    if isinstance(value, dict):
        return {key: upside_down(value[key]) for key in reversed(value)}
    return [upside_down(item) for item in value] if isinstance(value, list) else value


@given(plain)
def test_the_order_of_keys_means_nothing(value):
    assert repr(work.ordered(value)) == repr(work.ordered(upside_down(value)))
    assert work.ordered(value) == value


def test_a_part_has_the_asked_keys_and_no_other():
    entry = {"note": "x", "b": {"z": 1, "a": 2}, "a": [1]}
    assert work.part(entry, "b", "a", "absent") == {"b": {"a": 2, "z": 1}, "a": [1]}
    assert work.without(entry, "note") == work.part(entry, "a", "b")


def test_a_copy_under_an_older_date_is_another_version(tmp_path):
    file, other = tmp_path / "a.h5ad", tmp_path / "b.h5ad"
    file.write_bytes(b"one")
    other.write_bytes(b"two")
    os.utime(other, (1e9, 1e9))
    before = work.version(file)
    shutil.copy2(other, file)  # as cp -p and rsync -a do: the date is kept
    assert before != work.version(file) == work.version(other) == [3, 10**18]


def test_a_file_that_is_not_there_has_no_version(tmp_path):
    assert work.version(tmp_path / "no.h5ad") is None


def test_a_folder_is_another_when_any_of_its_files_is(tmp_path):
    (tmp_path / "x.zarr" / "inner").mkdir(parents=True)
    chunk = tmp_path / "x.zarr" / "inner" / "0"
    chunk.write_bytes(b"one")
    before = work.version(tmp_path / "x.zarr")
    chunk.write_bytes(b"more")
    assert before[0] == 3 and work.version(tmp_path / "x.zarr")[0] == 4


def test_what_rules_make_is_left_to_snakemake(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    os.makedirs("results/mine")
    (tmp_path / "results/mine/screen.h5ad").write_bytes(b"x")
    assert work.version("results/mine/screen.h5ad") is None


def test_a_download_has_a_version_once_another_file_stands_in_its_place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    os.makedirs("results/downloads")
    file, record = tmp_path / "data.h5ad", tmp_path / "results/downloads/data.h5ad.yaml"
    assert work.version("results/downloads/data.h5ad.yaml") is None  # not fetched yet
    file.write_bytes(b"one")
    stat = file.stat()
    record.write_text(yaml.safe_dump({"path": str(file), "bytes": 3, "mtime_ns": stat.st_mtime_ns}))
    assert work.version("results/downloads/data.h5ad.yaml") is None
    file.write_bytes(b"two")
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns - 10**9))
    assert work.version("results/downloads/data.h5ad.yaml") == [3, stat.st_mtime_ns - 10**9]
    file.unlink()  # removed after use: nothing that was made of it is the worse
    assert work.version("results/downloads/data.h5ad.yaml") is None


def test_a_record_of_before_dates_were_recorded_or_a_damaged_one_plans_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    os.makedirs("results/downloads")
    file, record = tmp_path / "data.h5ad", tmp_path / "results/downloads/data.h5ad.yaml"
    file.write_bytes(b"one")
    for content in (yaml.safe_dump({"path": str(file), "bytes": 3}), "hello", "", "a: ["):
        record.write_text(content)
        assert work.version("results/downloads/data.h5ad.yaml") is None
