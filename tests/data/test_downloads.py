"""Downloads, against a server on this machine that misbehaves in every known way."""

import email.utils
import hashlib
import json
import os
import subprocess
import threading
import time

import pytest
import yaml

from expressionvae.data import downloads
from expressionvae.data.downloads import checksum, fetch, located, obtain, read_downloads
from expressionvae.files import UserError
from tests.data.serving import Site, serving

CONTENT = os.urandom(300_000)


@pytest.fixture
def site(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(downloads, "PIECE", 10_000)
    with serving(Site({"/a.h5ad": CONTENT})) as site:
        yield site


@pytest.fixture
def entry(site):
    md5 = hashlib.md5(CONTENT).hexdigest()
    about = {"licence": "CC0", "citation": "nobody"}
    return {"url": f"{site.url}/a.h5ad", "file": "a.h5ad", "bytes": len(CONTENT), "md5": md5, **about}


@pytest.fixture
def data(tmp_path):
    return tmp_path / "data"


@pytest.fixture
def bring(entry, data):
    """Fetch the entry, changed, without waiting; the waits that were asked for."""

    def run(retries=3, **changes):
        waits = []
        fetch({**entry, **changes}, data / "a.h5ad", retries=retries, sleep=waits.append)
        assert (data / "a.h5ad").read_bytes() == CONTENT and names(data) == ["a.h5ad"]
        return waits

    return run


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def ranges(site):
    return [wanted for _, wanted, _ in site.asked]


def test_right_file_arrives_alone(site, bring):
    assert bring() == [] and len(site.asked) == 1


def test_cut_connection_is_resumed_where_it_broke(site, bring):
    site.cut = [100_000, 50_000]
    bring()
    assert ranges(site) == [None, "bytes=100000-", "bytes=150000-"]
    assert site.asked[1][2] == site.etag("/a.h5ad")


def test_next_run_resumes_what_an_earlier_one_left(site, bring, data):
    site.cut = [100_000]
    site.misbehave = []
    with pytest.raises(UserError, match="the connection broke"):
        bring(retries=0)
    assert names(data) == [".a.h5ad.lock", ".a.h5ad.part", ".a.h5ad.part.yaml"]
    bring(retries=0)
    assert ranges(site) == [None, "bytes=100000-"]


def test_attempts_that_bring_something_do_not_count_as_failures(site, bring):
    site.cut = [30_000] * 9
    bring(retries=1)
    assert len(site.asked) == 10


def test_giving_up_after_so_many_attempts_in_a_row(site, bring):
    site.misbehave = [(503, {})] * 9
    with pytest.raises(UserError, match="HTTP 503"):
        bring(retries=3)
    assert len(site.asked) == 4


def test_a_server_that_ignores_range_sends_all_again(site, bring):
    site.cut, site.ranges = [100_000], False
    bring()
    assert ranges(site) == [None, "bytes=100000-"]


@pytest.mark.parametrize("understood", [True, False])
def test_a_file_that_changes_between_attempts_is_taken_anew(site, bring, understood):
    site.files["/a.h5ad"], site.if_range = os.urandom(len(CONTENT)), understood
    site.cut = [100_000]
    with pytest.raises(UserError):
        bring(retries=0)
    site.files["/a.h5ad"] = CONTENT
    bring(retries=1)
    assert ranges(site)[:2] == [None, "bytes=100000-"]


def test_a_change_that_the_server_does_not_tell_shows_in_the_checksum(site, bring):
    site.files["/a.h5ad"], site.if_range, site.etags = os.urandom(len(CONTENT)), False, False
    site.cut = [100_000]
    with pytest.raises(UserError):
        bring(retries=0)
    site.files["/a.h5ad"] = CONTENT
    bring(retries=0)
    assert ranges(site) == [None, "bytes=100000-", None]


def test_a_partial_file_longer_than_the_file_is_thrown_away(site, bring, data):
    data.mkdir()
    (data / ".a.h5ad.part").write_bytes(b"x" * (len(CONTENT) + 5))
    bring(retries=1)
    assert ranges(site) == ["bytes=300005-", None]


def test_a_partial_file_that_is_whole_needs_no_request(site, bring, data):
    data.mkdir()
    (data / ".a.h5ad.part").write_bytes(CONTENT)
    bring()
    assert site.asked == []


@pytest.mark.parametrize("wrong", [{"md5": "0" * 32}, {"sha256": "0" * 64}, {"md5": None, "bytes": 7}])
def test_wrong_file_never_gets_the_final_name(bring, data, wrong):
    with pytest.raises(UserError, match="By hand: put the file at"):
        bring(**wrong)
    assert names(data) == [".a.h5ad.lock"]


def test_another_size_is_refused_before_the_body(site, bring):
    with pytest.raises(UserError, match=r"the server offers 300,000 bytes .*, expected 300,001"):
        bring(bytes=300_001)


def test_a_truncated_body_never_gets_the_final_name(site, bring, data):
    site.cut = [299_999] * 9
    site.ranges = False
    with pytest.raises(UserError, match="the connection broke"):
        bring(retries=0)
    assert "a.h5ad" not in names(data)


def test_a_truncated_body_without_a_length_shows_in_the_size(site, bring, data):
    site.cut, site.length = [299_999], False
    with pytest.raises(UserError, match="it has 299,999 bytes, expected 300,000"):
        bring()
    assert "a.h5ad" not in names(data)


def test_a_file_of_unknown_length_and_checksum_is_refused(site, bring):
    site.length = False
    with pytest.raises(UserError, match="does not say how long"):
        bring(bytes=None, md5=None)


@pytest.mark.parametrize(
    ("status", "said"), [(404, "HTTP 404"), (403, "refuses scripts"), (401, "login"), (202, "202")]
)
def test_a_refusal_gives_the_manual_way_at_once(site, bring, data, entry, status, said):
    site.misbehave = [(status, {})] * 5
    with pytest.raises(UserError, match=said) as error:
        bring()
    assert f"put the file at {data / 'a.h5ad'}; its md5 must be {entry['md5']}" in str(error.value)
    assert len(site.asked) == 1


def test_server_errors_are_tried_again_with_growing_waits(site, bring):
    site.misbehave = [(500, {}), (502, {}), (503, {})]
    assert bring() == [2, 4, 8]


def test_retry_after_is_honoured_as_seconds_and_as_a_date(site, bring):
    date = email.utils.formatdate(time.time() + 100, usegmt=True)
    site.misbehave = [(429, {"Retry-After": "7"}), (503, {"Retry-After": date}), (429, {"Retry-After": "soon"})]
    waits = bring()
    assert waits[0] == 7 and 90 < waits[1] <= 100 and waits[2] == 8


def test_no_server_makes_us_wait_for_hours(site, bring):
    site.misbehave = [(429, {"Retry-After": "90000"})]
    assert bring() == [downloads.LONGEST_WAIT]


def test_redirects_are_followed_and_resumed(site, bring):
    site.redirects["/elsewhere"] = "/a.h5ad"
    site.cut = [100_000]
    bring(url=f"{site.url}/elsewhere")
    assert [path for path, _, _ in site.asked] == ["/elsewhere", "/a.h5ad"] * 2
    assert ranges(site)[-1] == "bytes=100000-"


def test_silent_server_gives_the_manual_way(bring):
    with pytest.raises(UserError, match="By hand"):
        bring(retries=1, url="http://127.0.0.1:9/a.h5ad")


def test_two_downloads_at_once_bring_one_file_by_one_request(site, entry, data):
    site.before_serving = threading.Event()
    both = [threading.Thread(target=fetch, args=(entry, data / "a.h5ad"), kwargs={"retries": 0}) for _ in range(2)]
    for thread in both:
        thread.start()
    time.sleep(0.3)
    site.before_serving.set()
    for thread in both:
        thread.join()
    assert len(site.asked) == 1 and names(data) == ["a.h5ad"]


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 256 kB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)], capture_output=True)
    if mounted.returncode:
        pytest.skip("needs the right to mount a tmpfs")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_too_small_a_disk_is_said_before_the_download(site, entry, small_disk):
    with pytest.raises(UserError, match=r"it needs 0.0 GB, and 0.0 GB are free in"):
        fetch(entry, small_disk / "a.h5ad", retries=3)
    assert site.asked == []


def test_a_disk_that_fills_up_leaves_no_file_of_the_final_name(site, entry, small_disk, monkeypatch):
    monkeypatch.setattr(downloads, "_require_room", lambda *_: None)
    with pytest.raises(UserError, match="the disk is full; what has arrived is kept"):
        fetch(entry, small_disk / "a.h5ad", retries=3)
    assert "a.h5ad" not in names(small_disk) and (small_disk / ".a.h5ad.part").stat().st_size > 100_000


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
    assert fetch(entry, tmp_path / "a.h5ad", retries=0) == {"verified": "bytes", "bytes": len(CONTENT)}


def test_file_without_known_checksum_is_held_to_the_first_one(site, entry, data):
    unknown = {key: value for key, value in entry.items() if key not in ("md5", "bytes")}
    site.files["/release"] = b"UniProt Release 2025_03\n"
    unknown["release_url"] = f"{site.url}/release"
    seen = fetch(unknown, data / "a.h5ad", retries=0)
    sha256 = hashlib.sha256(CONTENT).hexdigest()
    assert seen == {"verified": "first seen", "sha256": sha256, "release": "2025_03"}
    assert names(data) == ["a.h5ad", "a.h5ad.origin.yaml"]
    (data / "a.h5ad").unlink()
    site.files["/a.h5ad"] = CONTENT[::-1]
    with pytest.raises(UserError, match=f"its sha256 must be {sha256}"):
        fetch(unknown, data / "a.h5ad", retries=0)
    (data / "a.h5ad").write_bytes(CONTENT[::-1])
    with pytest.raises(UserError, match="its sha256 is"):
        fetch(unknown, data / "a.h5ad", retries=0)


@pytest.fixture
def record(site):
    """A Zenodo record of two files."""
    files = [
        {"key": key, "size": len(CONTENT), "checksum": f"md5:{hashlib.md5(CONTENT).hexdigest()}",
         "links": {"self": f"{site.url}/a.h5ad"}}
        for key in ("screen.h5ad", "readme.md")
    ]  # fmt: skip
    site.files["/api"] = json.dumps({"files": files}).encode()
    return {"url": "https://zenodo.org/records/1", "api": f"{site.url}/api", "file": "a.h5ad", "pick": "*.h5ad"}


def test_size_and_checksum_of_a_record_come_from_its_api(record, data):
    seen = fetch(record, data / "a.h5ad", retries=0)
    assert seen["verified"] == "md5" and (data / "a.h5ad").read_bytes() == CONTENT


def test_a_name_that_looks_like_a_pattern_is_itself_first(site, record, data):
    listed = json.loads(site.files["/api"])
    listed["files"][0]["key"] = "screen [v2].h5ad"
    site.files["/api"] = json.dumps(listed).encode()
    fetch({**record, "pick": "screen [v2].h5ad"}, data / "a.h5ad", retries=0)
    assert (data / "a.h5ad").read_bytes() == CONTENT


@pytest.mark.parametrize("pick", ["*.zip", "*"])
def test_a_record_of_no_or_several_matching_files_lists_what_it_has(record, data, pick):
    with pytest.raises(UserError, match=r"files match .*screen.h5ad \(0.0 GB\), readme.md"):
        fetch({**record, "pick": pick}, data / "a.h5ad", retries=0)


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


def test_repository_list_is_complete(repository):
    entries = read_downloads(repository / "resources" / "downloads.yaml")
    unknown = {name for name, entry in entries.items() if checksum(entry) is None}
    assert unknown == {"reversion", "proteins_uniprot"}
    assert len({entry["url"] for entry in entries.values()}) == len(entries) == 14


def test_repository_list_agrees_with_the_facts_at_hand(repository, shared):
    entries = read_downloads(repository / "resources" / "downloads.yaml")
    facts = yaml.safe_load((shared / "data" / "downloads.yaml").read_text())
    for name, entry in entries.items():
        if name.startswith("split_"):
            content = (shared / "data" / "splits" / entry["file"]).read_bytes()
            assert hashlib.sha256(content).hexdigest() == entry["sha256"]
            assert entry["url"] == facts["splits"]["base"] + entry["file"]
    named = {
        **{f"replogle_{line}": facts["replogle"][line] for line in facts["replogle"]},
        **{f"parse1m_{part}": facts["parse1m"][part] for part in facts["parse1m"]},
        "esm2_3b": facts["esm2_3b"]["weights"],
        "esm2_3b_regression": facts["esm2_3b"]["regression"],
        "proteins_uniprot": facts["proteins"]["uniprot"],
    }
    for name, fact in named.items():
        keys = ("url", "bytes", "md5", "sha256", "cells", "genes", "controls", "width")
        assert {key: entries[name].get(key) for key in keys} == {key: fact.get(key) for key in keys}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: {url: x, file: y}", "entry 'a' lacks licence, citation"),
        ("a: &a {url: x, file: y, licence: z, citation: w}\nb: *a", "two entries have one file name"),
        ("a: [", "no YAML: .*; resources/downloads.yaml is one"),
    ],
)
def test_a_faulty_list_is_refused_by_name(tmp_path, text, message):
    (tmp_path / "d.yaml").write_text(text)
    with pytest.raises(UserError, match=message):
        read_downloads(tmp_path / "d.yaml")
