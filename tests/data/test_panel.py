"""A panel is found under own, current and outdated symbols, and no column serves two genes."""

from hypothesis import given
from hypothesis import strategies as st

from expressionvae.data.panel import canonical, doubtful, locate


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
