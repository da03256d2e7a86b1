"""Files that are there, files seen first, and the records that tell where they lie."""

import fnmatch
import hashlib
import os
from datetime import UTC, datetime

import pytest
import yaml

from expressionvae.data import downloads
from expressionvae.data.download_list import read_downloads
from expressionvae.data.downloads import fetch, located, obtain
from expressionvae.files import UserError
from tests.data.serving import CONTENT, files


def test_file_that_is_there_and_right_is_used(bring, data):
    data.mkdir()
    (data / "a.h5ad").write_bytes(CONTENT)
    bring(url="http://127.0.0.1:9/a.h5ad")


def test_file_that_is_there_and_wrong_is_refused_and_kept(entry, tmp_path):
    (tmp_path / "a.h5ad").write_bytes(CONTENT[:-1] + b"x")
    with pytest.raises(UserError, match=r"a.h5ad: not the file of .*its md5 is .*expected"):
        fetch(entry, tmp_path / "a.h5ad", retries=0)
    (tmp_path / "a.h5ad").write_bytes(CONTENT[:-1])
    with pytest.raises(UserError, match=r"it has 299,999 bytes, expected 300,000; move it away"):
        fetch(entry, tmp_path / "a.h5ad", retries=0)
    assert (tmp_path / "a.h5ad").read_bytes() == CONTENT[:-1]


def test_a_large_file_that_is_there_is_held_to_its_size_alone(entry, tmp_path, monkeypatch):
    monkeypatch.setattr(downloads, "SMALL", 1000)
    (tmp_path / "a.h5ad").write_bytes(b"x" * len(CONTENT))
    assert fetch(entry, tmp_path / "a.h5ad", retries=0) == {"verified": "bytes", "md5": entry["md5"]}


def test_file_without_known_checksum_is_held_to_the_first_one(site, entry, data):
    unknown = {key: value for key, value in entry.items() if key not in ("md5", "bytes")}
    site.files["/release"] = b"UniProt Release 2025_03\n"
    unknown["release_url"] = f"{site.url}/release"
    seen = fetch(unknown, data / "a.h5ad", retries=0)
    sha256 = hashlib.sha256(CONTENT).hexdigest()
    today = datetime.now(UTC).strftime("%Y-%m-%d")
    assert seen == {"verified": "first seen", "sha256": sha256, "release": "2025_03", "first_seen": today}
    assert files(data) == ["a.h5ad", "a.h5ad.origin.yaml"]
    (data / "a.h5ad").unlink()
    site.files["/a.h5ad"] = CONTENT[::-1]
    with pytest.raises(UserError, match=f"its sha256 must be {sha256}"):
        fetch(unknown, data / "a.h5ad", retries=0)
    (data / "a.h5ad").write_bytes(CONTENT[::-1])
    with pytest.raises(UserError, match="its sha256 is"):
        fetch(unknown, data / "a.h5ad", retries=0)


def test_a_record_of_the_workflow_tells_where_a_file_lies(entry, data, tmp_path):
    obtain(entry, data, tmp_path / "a.h5ad.yaml", retries=0)
    written = yaml.safe_load((tmp_path / "a.h5ad.yaml").read_text())
    assert written["md5"] == entry["md5"] and written["verified"] == "md5" and written["licence"] == "CC0"
    assert located(tmp_path / "a.h5ad.yaml") == data / "a.h5ad"
    assert located(data / "mine.fasta") == data / "mine.fasta"
    (data / "a.h5ad").write_bytes(b"")
    with pytest.raises(UserError, match="has 0 bytes, though"):
        located(tmp_path / "a.h5ad.yaml")
    (data / "a.h5ad").unlink()
    with pytest.raises(UserError, match="is not there any more"):
        located(tmp_path / "a.h5ad.yaml")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_gives_the_manual_way(entry, data):
    data.mkdir(mode=0o500)
    with pytest.raises(UserError, match="By hand"):
        fetch(entry, data / "a.h5ad", retries=0)


@pytest.fixture
def unstated(entry):
    """A file of which no checksum is known."""
    return {key: value for key, value in entry.items() if key not in ("md5", "bytes")}


def test_a_file_put_there_by_hand_is_pinned_when_it_is_seen_first(unstated, tmp_path, capsys):
    (tmp_path / "a.h5ad").write_bytes(CONTENT)
    record, sha256 = tmp_path / "results" / "a.h5ad.yaml", hashlib.sha256(CONTENT).hexdigest()
    obtain(unstated, tmp_path, record, retries=0)
    assert f"no checksum is stated; from now on it is held to sha256 {sha256}" in capsys.readouterr().out
    assert yaml.safe_load(record.read_text())["sha256"] == sha256
    (tmp_path / "a.h5ad").write_bytes(CONTENT[::-1])
    with pytest.raises(UserError, match=f"has changed since .*expected {sha256}"):
        obtain(unstated, tmp_path, record, retries=0)


def test_changed_content_that_is_reported_is_taken_and_pinned_anew(unstated, tmp_path):
    for content in (CONTENT, CONTENT[::-1]):
        (tmp_path / "a.h5ad").write_bytes(content)
        known = fetch(unstated, tmp_path / "a.h5ad", retries=0, on_difference="report")
        assert known["sha256"] == hashlib.sha256(content).hexdigest()
    assert known["verified"] == "not as stated" and known["stated"]["sha256"] == hashlib.sha256(CONTENT).hexdigest()
    assert fetch(unstated, tmp_path / "a.h5ad", retries=0)["verified"] == "first seen"


def test_a_folder_that_takes_no_note_leaves_the_pin_to_the_record(unstated, tmp_path, monkeypatch):
    (tmp_path / "a.h5ad").write_bytes(CONTENT)

    def refuse(path):
        raise PermissionError(path)

    monkeypatch.setattr(downloads, "_origin", lambda path: tmp_path / "nowhere" / "\0")
    monkeypatch.setattr(downloads, "_pinned", lambda path: {})
    monkeypatch.setattr(downloads, "written", refuse)
    known = fetch(unstated, tmp_path / "a.h5ad", retries=0)
    assert known["sha256"] == hashlib.sha256(CONTENT).hexdigest() and files(tmp_path) == ["a.h5ad"]


@pytest.mark.parametrize("large", [False, True])
def test_another_content_under_a_record_is_noticed_if_its_size_is_the_same(
    entry, unstated, tmp_path, monkeypatch, large
):
    monkeypatch.setattr(downloads, "SMALL", 1000 if large else 10**9)
    for stated in (entry, unstated):
        (tmp_path / "a.h5ad").write_bytes(CONTENT)
        os.utime(tmp_path / "a.h5ad", (1, 1))
        obtain(stated, tmp_path, tmp_path / "a.h5ad.yaml", retries=0)
        os.utime(tmp_path / "a.h5ad", (2, 2))
        assert located(tmp_path / "a.h5ad.yaml") == tmp_path / "a.h5ad"  # touched, with the content that was recorded
        (tmp_path / "a.h5ad").write_bytes(CONTENT[::-1])
        os.utime(tmp_path / "a.h5ad", (3, 3) if large else (1, 1))  # a small file is read whatever its date says
        with pytest.raises(UserError, match="a.h5ad has other content .*expected .*remove"):
            located(tmp_path / "a.h5ad.yaml")


def test_a_large_file_that_was_pinned_is_read_again_only_when_it_was_touched(unstated, tmp_path, monkeypatch):
    (tmp_path / "a.h5ad").write_bytes(CONTENT)
    monkeypatch.setattr(downloads, "SMALL", 1000)
    fetch(unstated, tmp_path / "a.h5ad", retries=0)
    with monkeypatch.context() as patch:
        patch.setattr("expressionvae.data.transfer.digest", lambda *_: pytest.fail("read again"))
        assert fetch(unstated, tmp_path / "a.h5ad", retries=0)["verified"] == "first seen"
    (tmp_path / "a.h5ad").write_bytes(CONTENT[::-1])
    with pytest.raises(UserError, match="has changed since"):
        fetch(unstated, tmp_path / "a.h5ad", retries=0)


def test_a_file_that_is_there_and_not_as_stated_stops_or_is_reported(entry, tmp_path, capsys):
    (tmp_path / "a.h5ad").write_bytes(CONTENT[1:])
    said = "it has 299,999 bytes, expected 300,000"
    with pytest.raises(UserError, match=f"{said}.*on_difference: report"):
        fetch(entry, tmp_path / "a.h5ad", retries=0)
    obtain(entry, tmp_path, tmp_path / "a.h5ad.yaml", retries=0, on_difference="report")
    record = yaml.safe_load((tmp_path / "a.h5ad.yaml").read_text())
    assert record["differences"] == [said] and record["stated"] == {"bytes": len(CONTENT), "md5": entry["md5"]}
    assert record["bytes"] == 299_999 and record["sha256"] == hashlib.sha256(CONTENT[1:]).hexdigest()
    assert f"WARNING: {tmp_path / 'a.h5ad'}: not as stated: {said}" in capsys.readouterr().err
    with pytest.raises(UserError, match=said):  # what was reported once is no statement
        fetch(entry, tmp_path / "a.h5ad", retries=0)


def test_a_file_is_found_under_another_name_that_it_is_known_by(entry, tmp_path, capsys):
    named = entry | {"other_names": ["20??????_a.h5ad"]}
    (tmp_path / "20260203_a.h5ad").write_bytes(CONTENT)
    obtain(named, tmp_path, tmp_path / "a.h5ad.yaml", retries=0)
    assert located(tmp_path / "a.h5ad.yaml") == tmp_path / "20260203_a.h5ad"
    assert "20260203_a.h5ad, another name that it is known by, is taken" in capsys.readouterr().out
    (tmp_path / "20270101_a.h5ad").write_bytes(CONTENT)
    with pytest.raises(UserError, match="20260203_a.h5ad, 20270101_a.h5ad could each be a.h5ad"):
        obtain(named, tmp_path, tmp_path / "a.h5ad.yaml", retries=0)
    (tmp_path / "a.h5ad").write_bytes(CONTENT)
    obtain(named, tmp_path, tmp_path / "a.h5ad.yaml", retries=0)
    assert located(tmp_path / "a.h5ad.yaml") == tmp_path / "a.h5ad"


def test_the_dated_name_of_parse_s_atlas_is_known(repository):
    entry = read_downloads(repository / "resources" / "downloads.yaml")["parse1m_full"]
    found = [fnmatch.fnmatchcase("20260203_Parse_10M_PBMC_cytokines.h5ad", name) for name in entry["other_names"]]
    assert found == [True]
