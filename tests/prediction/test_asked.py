import pandas as pd
import pytest

from expressionvae.files import UserError
from expressionvae.pairs import Pair
from expressionvae.prediction import asked

CELLS = pd.DataFrame(
    [("B", "ctrl")] * 3 + [("T", "ctrl")] * 3 + [("T", "stim")] * 2 + [("NK", "stim")] + [("M", "ctrl")],
    columns=["cell_type", "perturbation"],
)
LABELS = ["ctrl", "held", "stim"]


def described(cell_type: str, perturbation: str, embedding: str = "learned") -> dict:
    pair = Pair("d", cell_type, perturbation, 5, "pairs[0]")
    how = dict(control="ctrl", embedding=embedding, separator="+", proteins=lambda: {"GATA1": "M"}, symbol_map={})
    return asked.describe([pair], CELLS, LABELS, **how).iloc[0].to_dict()


def test_what_is_known_of_a_pair_without_cells():
    row = described("B", "stim")
    assert (row["controls"], row["contexts"], row["measured"], row["seen"]) == (3, 1, 0, 3)
    assert row["vector"] == asked.KNOWN and row["perturb_mean"] == asked.ELSEWHERE


def test_perturb_mean_averages_what_there_is():
    assert described("T", "GATA1", "esm2")["perturb_mean"] == asked.HERE
    assert described("B", "GATA1", "esm2")["perturb_mean"] == asked.UNDEFINED


def test_a_perturbation_seen_nowhere_is_known_by_its_protein():
    assert described("B", "GATA1", "esm2")["vector"] == asked.NEW and described("B", "GATA1", "esm2")["seen"] == 0
    assert described("B", "held", "esm2")["vector"] == asked.KNOWN


@pytest.mark.parametrize(
    ("pair", "said"),
    [
        (("b", "stim"), "no training cell is of cell type 'b'; did you mean 'B'?"),
        (("B", "stimulated"), "no training cell has perturbation 'stimulated'; did you mean 'stim'?"),
        (("B", "held"), "no training cell has perturbation 'held'"),
        (("NK", "stim"), "cell type 'NK' has 0 control cells"),
        (("M", "stim"), "cell type 'M' has 1 control cells"),
        (("B", "ctrl"), "'ctrl' is the control"),
        (("B", "GATA2", "esm2"), "gene 'GATA2' has no protein in the dataset's FASTA file; did you mean 'GATA1'?"),
        (("B", "GATA1+GATA9", "esm2"), "gene 'GATA9' has no protein"),
    ],
)
def test_what_cannot_be_predicted_is_refused_with_the_nearest_label(pair, said):
    with pytest.raises(UserError) as error:
        described(*pair)
    assert said in str(error.value) and str(error.value).startswith("pairs[0]: ")


def test_labels_without_quotes_mean_the_label_that_reads_alike():
    cells = CELLS.replace({"stim": "True", "ctrl": "False", "B": "1"})
    how = dict(control="False", embedding="learned", separator=None, proteins=dict, symbol_map={})
    row = asked.describe([Pair("d", 1, True, 5, "pairs[0]")], cells, ["True", "False"], **how).iloc[0]
    assert (row["cell_type"], row["perturbation"], row["folder"]) == ("1", "True", "results/d/predictions/1/True")


def test_one_pair_under_two_spellings_is_refused():
    how = dict(control="ctrl", embedding="learned", separator="+", proteins=dict, symbol_map={})
    twice = [Pair("d", name, "stim", 5, f"pairs[{number}]") for number, name in enumerate(("B", "B "))]
    with pytest.raises(UserError, match=r"pairs\[1\]: 'stim' in 'B' is asked at pairs\[0\] too"):
        asked.describe(twice, CELLS, LABELS, **how)


def test_where_there_are_batches_a_context_is_a_type_with_controls_of_the_same_batch():
    nested = CELLS.assign(batch=["b1" if label == "ctrl" else "b2" for label in CELLS["perturbation"]])
    how = dict(control="ctrl", embedding="learned", separator="+", proteins=dict, symbol_map={})
    row = asked.describe([Pair("d", "B", "stim", 5, "pairs[0]")], nested, LABELS, **how).iloc[0]
    assert (row["contexts"], row["perturb_mean"]) == (0, asked.UNDEFINED)


def test_rows_come_back_from_their_file(tmp_path):
    asked.save(pd.DataFrame([described("B", "stim")]), tmp_path / "pairs.csv")
    assert asked.row(tmp_path / "pairs.csv", "results/d/predictions/B/stim")["cells"] == 5
    with pytest.raises(UserError, match="has no pair for elsewhere"):
        asked.row(tmp_path / "pairs.csv", "elsewhere")
