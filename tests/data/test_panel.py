"""A panel is found under own, current and outdated symbols, and no column serves two genes."""

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from expressionvae.data.h5ad import Source
from expressionvae.data.panel import Panel, canonical, doubtful, locate
from expressionvae.files import UserError

IDS = [f"ENSG{i:011d}" for i in range(30)]
SYMBOLS = [f"S{i}" for i in range(30)]


@pytest.fixture
def found(tmp_path):
    def find(index, wanted, **columns) -> Panel:
        var = pd.DataFrame(columns, index=index)
        ad.AnnData(np.ones((2, 30)), var=var).write_h5ad(tmp_path / "s.h5ad")
        with Source(tmp_path / "s.h5ad") as source:
            return Panel.of(source.frame("var"), wanted, {})

    return find


def test_a_panel_of_symbols_is_found_beside_ids(found):
    assert found(IDS, ["S3", "S5"], gene_name=SYMBOLS).columns.tolist() == [3, 5]


def test_a_panel_of_ids_is_found_in_a_file_of_ids(found):
    assert found(IDS, [IDS[3], IDS[5]]).columns.tolist() == [3, 5]
    assert found(IDS, [IDS[3], IDS[5]], gene_name=SYMBOLS).columns.tolist() == [3, 5]


def test_symbols_after_many_ids_are_found(found):
    assert found([*IDS[:25], *SYMBOLS[25:]], ["S27"]).columns.tolist() == [27]


def test_ids_without_symbols_are_refused_with_the_columns(found):
    with pytest.raises(UserError, match="none of the 1 panel genes .'S3', .... is in var, which has 'ENSG0.*expected"):
        found(IDS, ["S3"], other=SYMBOLS)


def test_genes_are_found_under_old_and_new_names_first_of_a_symbol():
    found = locate(["A", "B1", "C", "A"], ["A", "B", "C1", "D"], {"B": "B1", "C": "C1"})
    assert found.tolist() == [0, 1, 2, -1]


def test_a_gene_wanted_under_its_own_name_is_nobodys_other_name():
    assert locate(["B1", "X"], ["B", "B1"], {"B": "B1"}).tolist() == [-1, 0]


def test_a_target_goes_by_the_name_that_the_split_lists():
    assert canonical("B1", {"B"}, {"B": "B1"}) == "B" and canonical("B", {"B1"}, {"B": "B1"}) == "B1"
    assert canonical("Z", {"B"}, {}) == "Z"


def test_genes_in_two_columns_or_under_both_names_are_doubtful():
    doubts = doubtful(["A", "A", "B", "B1", "C"], ["A", "B", "C"], {"B": "B1", "C": "C1"})
    assert doubts == ["A (in 2 columns, the first is taken)", "B (its current symbol B1 is there too)"]


@given(st.permutations(list("ABCDEFG")), st.lists(st.sampled_from("ABCDEFGH"), unique=True))
def test_without_renames_every_gene_is_where_it_is(symbols, wanted):
    for gene, column in zip(wanted, locate(symbols, wanted, {}), strict=True):
        assert column == -1 and gene == "H" or symbols[column] == gene
