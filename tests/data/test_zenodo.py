import hashlib
import io
import json
import re
from pathlib import Path

import anndata as ad
import numpy as np
import pytest
import requests

from expressionvae.data import zenodo
from expressionvae.data.download_list import read_downloads
from expressionvae.data.downloads import fetch
from expressionvae.data.h5ad import Source
from expressionvae.data.transfer import require_no_downgrade
from expressionvae.files import UserError
from tests.conftest import REPOSITORY
from tests.data import standins
from tests.data.serving import CONTENT


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


# The record of the reversion screen, as far as it is known: the raw file, and embeddings of other models beside it.


@pytest.fixture
def wong(site, tmp_path):
    """Serve a record of several files: name -> content, a path's or bytes."""

    def serve(contents: dict[str, Path | bytes], **changes) -> dict:
        files = []
        for name, content in contents.items():
            content = content if isinstance(content, bytes) else content.read_bytes()
            site.files[f"/{name}"] = content
            checksum = f"md5:{hashlib.md5(content).hexdigest()}"
            links = {"self": f"{site.url}/{name}"}
            files.append({"key": name, "size": len(content), "checksum": checksum, "links": links})
        site.files["/api"] = json.dumps({"files": files}).encode()
        listed = read_downloads(REPOSITORY / "resources" / "downloads.yaml")["reversion"]
        return listed | {"api": f"{site.url}/api"} | changes

    return serve


@pytest.fixture
def raw(tmp_path):
    standins.reversion_screen().write_h5ad(tmp_path / "raw.h5ad")
    return tmp_path / "raw.h5ad"


@pytest.fixture
def embedding(tmp_path):
    """The same cells, with a model's embedding for X."""
    screen = standins.reversion_screen()
    latent = np.random.default_rng(0).normal(size=(screen.n_obs, 16)).astype(np.float32)
    ad.AnnData(latent, obs=screen.obs).write_h5ad(tmp_path / "processed.h5ad")
    return tmp_path / "processed.h5ad"


@pytest.fixture
def other(tmp_path):
    """Raw counts of another experiment."""
    screen = standins.reversion_screen()
    screen.obs = screen.obs.rename(columns={"condition": "batch"})
    screen.write_h5ad(tmp_path / "other.h5ad")
    return tmp_path / "other.h5ad"


def chosen(entry, folder) -> bytes:
    fetch(entry, folder / "reversion.h5ad", retries=0)
    return (folder / "reversion.h5ad").read_bytes()


def asked_whole(site) -> set[str]:
    return {path for path, wanted, _ in site.asked if not wanted and path.endswith(".h5ad")}


def test_the_raw_screen_is_chosen_among_embeddings_by_name(wong, site, data, raw, embedding):
    names = {
        "scgpt_imru_full_processed.h5ad": embedding,
        "imru_raw.h5ad": raw,
        "geneformer_imru_processed.h5ad": embedding,
    }
    assert chosen(wong({**names, "ranked.txt": b"TRADD"}), data) == raw.read_bytes()
    assert asked_whole(site) == {"/imru_raw.h5ad"}


def test_the_raw_screen_is_chosen_among_others_by_what_is_inside(wong, site, data, raw, embedding, other):
    entry = wong({"a.h5ad": embedding, "b.h5ad": other, "c.h5ad": raw, "d.h5ad": b"no h5ad at all"})
    assert chosen(entry, data) == raw.read_bytes() and asked_whole(site) == {"/c.h5ad"}


def test_a_raw_screen_that_is_named_as_embeddings_are_is_found_all_the_same(wong, data, raw, embedding):
    entry = wong({"scgpt_imru_processed.h5ad": embedding, "imru_processed.h5ad": raw})
    assert chosen(entry, data) == raw.read_bytes()


def test_a_record_without_the_screen_says_what_each_file_lacks(wong, site, data, embedding, other):
    entry = wong({"a.h5ad": embedding, "b.h5ad": other, "readme.md": b""})
    with pytest.raises(UserError) as error:
        chosen(entry, data)
    said = str(error.value)
    assert re.search(r"a.h5ad \(0.0 GB: no raw counts .*X holds", said)
    assert "b.h5ad (0.0 GB: obs lacks condition)" in said and "readme.md (0.0 GB)" in said
    assert not asked_whole(site)


def test_two_files_that_both_fit_are_left_to_the_user(wong, data, raw):
    entry = wong({"a.h5ad": raw, "b.h5ad": raw})
    with pytest.raises(UserError, match=r"2 files match .*a.h5ad \(0.0 GB: has what is wanted\).*by key pick"):
        chosen(entry, data)
    assert chosen({**entry, "pick": "b.h5ad"}, data) == raw.read_bytes()


def test_where_a_server_gives_no_pieces_the_only_fitting_name_is_taken(wong, site, data, raw, embedding):
    site.ranges = False
    entry = wong({"scgpt_imru_full_processed.h5ad": embedding, "imru_raw.h5ad": raw})
    assert chosen(entry, data) == raw.read_bytes()
    entry = wong({"a.h5ad": embedding, "b.h5ad": raw})
    with pytest.raises(UserError, match=r"a.h5ad \(0.0 GB: the server does not let it be looked into\)"):
        chosen(entry, data / "again")


def test_a_large_file_is_looked_into_by_pieces(site, raw, monkeypatch):
    monkeypatch.setattr(zenodo, "PIECE", 1000)
    content = raw.read_bytes()
    site.files["/raw.h5ad"] = content
    remote = io.BufferedReader(zenodo.Remote(f"{site.url}/raw.h5ad", len(content)))
    with Source("raw.h5ad", remote) as source:
        assert source.columns("obs") == ["condition", "gene_target"]
        assert 2 < len(site.asked) < len(content) / 1000
    remote.seek(-7, io.SEEK_END)
    assert remote.read() == content[-7:] and remote.read(1) == b""


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ({"message": "gone"}, "not a record of files"),
        ({"files": [{"key": "a.h5ad"}]}, "not a record of files"),
        ({"files": []}, "0 files match .*the record has none"),
        (
            {"files": [{"key": "a.h5ad", "size": 7, "checksum": "sha1:00", "links": {"self": "https://a.test/a"}}]},
            "checksum of 'a.h5ad' is sha1; known: sha256, md5",
        ),
    ],
)
def test_an_answer_that_is_no_record_is_refused(record, site, data, answer, message):
    site.files["/api"] = json.dumps(answer).encode()
    with pytest.raises(UserError, match=message):
        fetch(record, data / "a.h5ad", retries=0)


def test_a_record_does_not_lead_from_https_to_http():
    with pytest.raises(requests.exceptions.InvalidURL, match="leads to http://zenodo.test, which is refused"):
        require_no_downgrade("https://zenodo.test/api", "http://zenodo.test/files/a")
