"""Outdated symbols and current ones."""

import pytest

from expressionvae.files import UserError
from expressionvae.proteins.symbols import read_symbol_map, resolve
from tests.proteins.test_fasta import written


def test_symbol_is_used_as_it_is_when_its_current_one_is_absent():
    assert resolve("MARS", {"MARS": 0}, {"MARS": "MARS1"}) == "MARS"


def test_repository_symbol_map_is_a_map_of_new_names(repository):
    table = read_symbol_map(repository / "resources" / "symbols.tsv")
    assert table["MARS"] == "MARS1" and len(table) == 41
    assert not set(table) & set(table.values())
    assert read_symbol_map(None) == {}


def test_symbol_map_of_one_column_is_refused(tmp_path):
    with pytest.raises(UserError, match="two tab-separated columns"):
        read_symbol_map(written(tmp_path, "old\tnew\nA B\n"))
