"""Downloads, against a server on this machine."""

import functools
import hashlib
import http.server
import json
import threading

import pytest

from expressionvae.data.downloads import checksum, fetch, read_downloads
from expressionvae.files import UserError

CONTENT = b"counts" * 1000


@pytest.fixture
def server(tmp_path, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / "a.h5ad").write_bytes(CONTENT)
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as httpd:
        threading.Thread(target=httpd.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{httpd.server_port}"
        httpd.shutdown()


@pytest.fixture
def entry(server):
    md5 = hashlib.md5(CONTENT).hexdigest()
    return {"url": f"{server}/a.h5ad", "file": "a.h5ad", "bytes": len(CONTENT), "md5": md5}


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_right_file_arrives_alone(entry, tmp_path):
    fetch(entry, tmp_path / "data" / "a.h5ad", retries=0)
    assert (tmp_path / "data" / "a.h5ad").read_bytes() == CONTENT
    assert names(tmp_path / "data") == ["a.h5ad"]


@pytest.mark.parametrize("wrong", [{"md5": "0" * 32}, {"sha256": "0" * 64}, {"md5": None, "bytes": 7}])
def test_wrong_file_never_gets_the_final_name(entry, tmp_path, wrong):
    with pytest.raises(UserError, match="By hand: put the file at"):
        fetch(entry | wrong, tmp_path / "data" / "a.h5ad", retries=0)
    assert names(tmp_path / "data") == []


def test_absent_file_gives_the_manual_way(entry, tmp_path):
    with pytest.raises(UserError) as error:
        fetch(entry | {"url": entry["url"] + "x"}, tmp_path / "data" / "a.h5ad", retries=0)
    assert "404" in str(error.value)
    assert f"put the file at {tmp_path / 'data' / 'a.h5ad'}; its md5 must be {entry['md5']}" in str(error.value)


def test_silent_server_gives_the_manual_way(entry, tmp_path):
    with pytest.raises(UserError, match="By hand"):
        fetch(entry | {"url": "http://127.0.0.1:9/a.h5ad"}, tmp_path / "a.h5ad", retries=0)


def test_file_that_is_there_and_right_is_used(entry, tmp_path):
    (tmp_path / "a.h5ad").write_bytes(CONTENT)
    fetch(entry | {"url": "http://127.0.0.1:9/a.h5ad"}, tmp_path / "a.h5ad", retries=0)


def test_file_that_is_there_and_wrong_is_refused_and_kept(entry, tmp_path):
    (tmp_path / "a.h5ad").write_bytes(CONTENT[:-1] + b"x")
    with pytest.raises(UserError, match=r"a.h5ad: not the file of .*its md5 is .*expected"):
        fetch(entry, tmp_path / "a.h5ad", retries=0)
    assert (tmp_path / "a.h5ad").read_bytes().endswith(b"x")


def test_file_without_known_checksum_is_accepted_with_its_checksum(entry, tmp_path, capsys):
    fetch({"url": entry["url"], "file": "a.h5ad"}, tmp_path / "a.h5ad", retries=0)
    assert hashlib.sha256(CONTENT).hexdigest() in capsys.readouterr().out


def test_page_is_not_a_file(tmp_path):
    with pytest.raises(UserError, match="is a page, not a file"):
        fetch({"url": "https://zenodo.org/records/1", "file": None}, tmp_path / "a", retries=0)


def test_failed_download_is_tried_again(server, tmp_path, entry):
    tries = []

    class Flaky(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            tries.append(self.path)
            self.send_response(200 if len(tries) > 1 else 503)
            self.send_header("Content-Length", str(len(CONTENT)) if len(tries) > 1 else "0")
            self.end_headers()
            self.wfile.write(CONTENT if len(tries) > 1 else b"")

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Flaky) as httpd:
        threading.Thread(target=httpd.serve_forever, daemon=True).start()
        fetch(entry | {"url": f"http://127.0.0.1:{httpd.server_port}/a"}, tmp_path / "a.h5ad", retries=1)
        httpd.shutdown()
    assert len(tries) == 2 and (tmp_path / "a.h5ad").read_bytes() == CONTENT


def test_repository_list_is_complete(repository):
    entries = read_downloads(repository / "resources" / "downloads.yaml")
    unknown = {name for name, entry in entries.items() if checksum(entry) is None}
    assert unknown == {"reversion", "proteins_uniprot"}
    assert len({entry["url"] for entry in entries.values()}) == len(entries) == 14


def test_repository_list_agrees_with_the_split_files_at_hand(repository, shared):
    for name, entry in read_downloads(repository / "resources" / "downloads.yaml").items():
        if name.startswith("split_"):
            content = (shared / "data" / "splits" / entry["file"]).read_bytes()
            assert hashlib.sha256(content).hexdigest() == entry["sha256"]


def test_list_without_a_key_is_refused_by_name(tmp_path):
    (tmp_path / "d.yaml").write_text("a: {url: x, file: y}")
    with pytest.raises(UserError, match="entry 'a' lacks licence, citation"):
        read_downloads(tmp_path / "d.yaml")


def a_record(server, tmp_path, names) -> dict:
    """An entry that names a record, as Zenodo answers for one, with files of these names."""
    md5 = hashlib.md5(CONTENT).hexdigest()
    files = [
        {"key": name, "size": len(CONTENT), "checksum": f"md5:{md5}", "links": {"self": f"{server}/a.h5ad"}}
        for name in names
    ]
    (tmp_path / "served" / "record").write_text(json.dumps({"files": files}))
    return {"url": "https://zenodo.org/records/1", "record": f"{server}/record", "file": "mine.h5ad"}


def test_a_record_s_only_h5ad_is_fetched_and_held_to_its_checksum(server, tmp_path):
    entry = a_record(server, tmp_path, ["readme.txt", "screen.h5ad"])
    fetch(entry, tmp_path / "mine.h5ad", retries=0)
    assert (tmp_path / "mine.h5ad").read_bytes() == CONTENT
    (tmp_path / "served" / "a.h5ad").write_bytes(b"other" * 1200)
    with pytest.raises(UserError, match="could not download"):
        fetch(entry, tmp_path / "again.h5ad", retries=0)


def test_a_record_of_several_files_asks_which(server, tmp_path):
    entry = a_record(server, tmp_path, ["a.h5ad", "b.h5ad"])
    with pytest.raises(UserError, match=r"2 of its files are .h5ad: a.h5ad, b.h5ad; name one as record_file"):
        fetch(entry, tmp_path / "mine.h5ad", retries=0)
    fetch(entry | {"record_file": "b.h5ad"}, tmp_path / "mine.h5ad", retries=0)
    assert (tmp_path / "mine.h5ad").exists()


def test_a_record_that_cannot_be_had_says_how_to_do_without(server, tmp_path):
    entry = {"url": "https://zenodo.org/records/1", "record": f"{server}/none", "file": "mine.h5ad"}
    with pytest.raises(UserError, match=r"could not download https://zenodo.org/records/1 .* By hand"):
        fetch(entry, tmp_path / "mine.h5ad", retries=0)
