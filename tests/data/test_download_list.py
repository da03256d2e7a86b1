import hashlib

import pytest
import yaml

from expressionvae.data.download_list import read_downloads
from expressionvae.data.transfer import checksum
from expressionvae.files import UserError


def test_repository_list_is_complete(repository):
    entries = read_downloads(repository / "resources" / "downloads.yaml")
    unknown = {name for name, entry in entries.items() if checksum(entry) is None}
    assert unknown == {"reversion", "proteins_uniprot"}
    assert len({entry["url"] for entry in entries.values()}) == len(entries) == 17


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


ENTRY = {"url": "https://a.org/a", "file": "a.h5ad", "licence": "CC0", "citation": "nobody"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sha265": "0" * 64}, "entry 'a': unknown key 'sha265' (did you mean 'sha256'? allowed: url, file, licence, "),
        ({"sha1": "0" * 40}, "entry 'a': unknown key 'sha1' ("),
        ({"checksum": "md5:0"}, "entry 'a': unknown key 'checksum' ("),
        ({"md5": "0" * 31}, "md5 is '0000000000000000000000000000000'; expected 32 hexadecimal digits, in quotes"),
        ({"md5": 10**31}, "expected 32 hexadecimal digits, in quotes"),
        ({"sha256": "x" * 64}, "expected 64 hexadecimal digits"),
        ({"sha256": ""}, "expected 64 hexadecimal digits"),
        ({"bytes": "10 GB"}, "bytes is '10 GB'; expected a whole number"),
        ({"cells": True}, "cells is True; expected a whole number"),
        ({"other_names": "b.h5ad"}, "other_names is 'b.h5ad'; expected a list of names"),
        ({"api": "https://a.org/api"}, "has an api and no pick"),
        *(
            ({"file": name}, f"file is {name!r}; expected the plain name of a file in data_dir")
            for name in (
                "../a", "/etc/a", "b/a", "b\\a", "..", ".", "", ".a.h5ad.part", "{a}", "a\nb", " a", 7, None, ["a"]
            )
        ),
    ],
)  # fmt: skip
def test_what_an_entry_may_not_say_is_named_before_anything_is_fetched(tmp_path, change, message):
    (tmp_path / "d.yaml").write_text(yaml.safe_dump({"a": ENTRY | change}))
    with pytest.raises(UserError) as error:
        read_downloads(tmp_path / "d.yaml")
    assert message in str(error.value) and str(tmp_path / "d.yaml") in str(error.value)


@pytest.mark.parametrize("text", ["", "- a", "a", "a: 3"])
def test_what_is_no_list_is_refused(tmp_path, text):
    (tmp_path / "d.yaml").write_text(text)
    with pytest.raises(UserError, match="d.yaml: .*a list of downloads"):
        read_downloads(tmp_path / "d.yaml")


def test_numbers_that_are_not_known_may_be_null(tmp_path):
    (tmp_path / "d.yaml").write_text(yaml.safe_dump({"a": ENTRY | {"bytes": None, "md5": None, "cells": None}}))
    assert read_downloads(tmp_path / "d.yaml")["a"]["file"] == "a.h5ad"
