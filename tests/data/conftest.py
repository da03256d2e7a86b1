"""A file on a server that misbehaves when told to, and a folder to fetch it to."""

import hashlib

import pytest

from expressionvae.data import transfer
from expressionvae.data.downloads import fetch
from tests.data.serving import CONTENT, Site, files, serving


@pytest.fixture
def site(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(transfer, "PIECE", 10_000)
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

    def run(retries=3, on_difference="stop", **changes):
        waits = []
        options = {"retries": retries, "on_difference": on_difference, "sleep": waits.append}
        fetch({**entry, **changes}, data / "a.h5ad", **options)
        assert (data / "a.h5ad").read_bytes() == CONTENT and files(data) == ["a.h5ad"]
        return waits

    return run
