"""Downloads, against a server on this machine that misbehaves in every known way."""

import email.utils
import hashlib
import os
import re
import subprocess
import threading
import time
from urllib.parse import urlsplit

import pytest
import requests

from expressionvae.data import transfer
from expressionvae.data.downloads import fetch
from expressionvae.files import UserError
from tests.data.serving import CONTENT, files


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
    assert files(data) == [".a.h5ad.lock", ".a.h5ad.part", ".a.h5ad.part.yaml"]
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
    assert files(data) == [".a.h5ad.lock"]


def test_another_size_is_refused_before_the_body(site, bring):
    with pytest.raises(UserError, match=r"the server offers 300,000 bytes .*, expected 300,001"):
        bring(bytes=300_001)


def test_a_truncated_body_never_gets_the_final_name(site, bring, data):
    site.cut = [299_999] * 9
    site.ranges = False
    with pytest.raises(UserError, match="the connection broke"):
        bring(retries=0)
    assert "a.h5ad" not in files(data)


def test_a_truncated_body_without_a_length_shows_in_the_size(site, bring, data):
    site.cut, site.length = [299_999], False
    with pytest.raises(UserError, match="it has 299,999 bytes, expected 300,000"):
        bring()
    assert "a.h5ad" not in files(data)


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
    assert bring() == [transfer.LONGEST_WAIT]


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
    assert len(site.asked) == 1 and files(data) == ["a.h5ad"]


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
    monkeypatch.setattr(transfer, "_require_room", lambda *_: None)
    with pytest.raises(UserError, match="the disk is full; what has arrived is kept"):
        fetch(entry, small_disk / "a.h5ad", retries=3)
    assert "a.h5ad" not in files(small_disk) and (small_disk / ".a.h5ad.part").stat().st_size > 100_000


@pytest.fixture
def secure(site, monkeypatch):
    """The site under https addresses of several names, as far as `requests` is concerned."""
    plain = requests.get

    def get(url, **options):
        parts = urlsplit(url)
        response = plain(f"{site.url}{parts.path}", **options) if parts.scheme == "https" else plain(url, **options)
        response.url = url
        return response

    monkeypatch.setattr(transfer.requests, "get", get)
    return "https://data.test"


def test_a_redirect_from_https_to_http_is_refused(site, bring, data, secure):
    site.redirects["/moved"] = f"{site.url}/a.h5ad"
    with pytest.raises(UserError, match=r"data.test/moved leads to http://127.0.0.1, which is refused.*By hand"):
        bring(url=f"{secure}/moved")
    assert [path for path, _, _ in site.asked] == ["/moved"] and "a.h5ad" not in files(data)


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://data.test/a.h5ad"])
def test_a_redirect_out_of_the_web_is_refused(site, bring, target):
    site.redirects["/moved"] = target
    with pytest.raises(UserError, match="which is refused"):
        bring(url=f"{site.url}/moved")


def test_a_redirect_to_another_https_host_is_followed_and_said(site, bring, secure, capsys):
    site.redirects["/moved"] = "https://bucket.test/a.h5ad?signature=secret"
    bring(url=f"{secure}/moved")
    said = capsys.readouterr().out
    assert "data.test redirects to bucket.test" in said and "secret" not in said


def test_a_redirect_from_http_to_https_is_followed(site, bring, secure):
    site.redirects["/moved"] = "https://data.test/a.h5ad"
    bring(url=f"{site.url}/moved")


def test_redirects_without_end_are_given_up(site, bring):
    site.redirects["/moved"] = "/moved"
    with pytest.raises(UserError, match="more than 10 redirects"):
        bring(url=f"{site.url}/moved")


@pytest.mark.parametrize(
    ("stated", "said"),
    [
        ({"bytes": 300_001}, r"the server offers 300,000 bytes .*, expected 300,001"),
        ({"bytes": 7, "md5": None}, r"the server offers 300,000 bytes .*, expected 7"),
        ({"md5": "0" * 32}, f"its md5 is {hashlib.md5(CONTENT).hexdigest()}, expected 0000"),
        ({"md5": None, "sha256": "0" * 64}, f"its sha256 is {hashlib.sha256(CONTENT).hexdigest()}, expected 0000"),
    ],
)
@pytest.mark.parametrize("cut", [[], [100_000]])
def test_what_is_not_as_stated_stops_or_is_reported_and_taken(site, entry, data, capsys, stated, said, cut):
    differing, options = entry | stated, {"retries": 1, "sleep": lambda seconds: None}
    site.cut = list(cut)
    with pytest.raises(UserError, match=f"{said}.*to take it all the same: config key on_difference: report"):
        fetch(differing, data / "a.h5ad", **options)
    assert "a.h5ad" not in files(data)
    site.cut = list(cut)
    known = fetch(differing, data / "a.h5ad", on_difference="report", **options)
    assert (data / "a.h5ad").read_bytes() == CONTENT
    assert known["verified"] == "not as stated" and known["sha256"] == hashlib.sha256(CONTENT).hexdigest()
    assert known["stated"] == {key: differing[key] for key in ("bytes", "md5", "sha256") if differing.get(key)}
    assert re.search(said, known["differences"][0]) and re.search(f"WARNING: .*{said}", capsys.readouterr().err)


def test_a_body_that_is_cut_short_is_no_difference_to_report(site, bring, data):
    site.cut, site.length = [299_999], False
    with pytest.raises(UserError, match="it has 299,999 bytes, expected 300,000"):
        bring(on_difference="report")
    assert "a.h5ad" not in files(data)
