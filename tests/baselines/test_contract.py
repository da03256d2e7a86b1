"""Files of the contract that cannot be are refused, and what is written is whole."""

import json
from dataclasses import dataclass
from pathlib import Path

import anndata as ad
import contract
import numpy as np
import pytest
from scipy.sparse import csr_matrix

from tests.baselines import toy


def _without(column: str):
    return lambda cells: cells.obs.__delitem__(column)


def _value(number: float):
    def change(cells: ad.AnnData) -> None:
        values = csr_matrix(cells.X)
        values.data[3] = number
        cells.X = values

    return change


def _no_control(cells: ad.AnnData) -> None:
    cells.obs["is_control"] = False


BROKEN = {
    "no perturbation": (_without("perturbation"), "no column 'perturbation'"),
    "no cell type": (_without("cell_type"), "no column 'cell_type'"),
    "no library": (_without("library"), "no column 'library'"),
    "no is_control": (_without("is_control"), "no column 'is_control'"),
    "no control label": (lambda cells: cells.uns.pop("control"), "no 'control'"),
    "no control cell": (_no_control, "no row has is_control"),
    "a fraction": (_value(1.5), "X holds 1.5"),
    "a negative count": (_value(-1), "X holds -1.0"),
    "not a number": (_value(np.nan), "X holds nan"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_training_cells_that_cannot_be_are_refused_by_column_or_value(case, tmp_path):
    damage, said = BROKEN[case]
    cells = toy.train_cells(2)
    damage(cells)
    cells.write_h5ad(tmp_path / "train.h5ad")
    with pytest.raises(contract.Mistake, match=said) as caught:
        contract.read_train(tmp_path / "train.h5ad")
    assert str(tmp_path / "train.h5ad") in str(caught.value)


def test_training_cells_are_read_as_they_were_written(tmp_path):
    written = toy.train_cells(2)
    written.write_h5ad(tmp_path / "train.h5ad")
    read = contract.read_train(tmp_path / "train.h5ad")
    assert (read.counts != csr_matrix(written.X)).nnz == 0
    assert read.genes == toy.GENES and read.control == "ctrl"
    assert (read.is_control == (read.perturbation == "ctrl")).all()


def test_a_query_with_genes_in_another_order_is_refused(tmp_path):
    toy.query_cells(4)[:, ::-1].copy().write_h5ad(tmp_path / "query.h5ad")
    with pytest.raises(contract.Mistake, match="genes are not those of the training"):
        contract.read_query(tmp_path / "query.h5ad", toy.GENES)


@dataclass(frozen=True)
class Options:
    rate: float
    steps: int
    emits: str

    def __post_init__(self) -> None:
        contract.require(self, rate=(0, 1))


GOOD = {"rate": 0.5, "steps": 3, "emits": "mean"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"extra": 1}, "'extra' is unknown"),
        ({"steps": 3.0}, "'steps' is 3.0, expected int"),
        ({"steps": True}, "'steps' is True, expected int"),
        ({"rate": "0.5"}, "'rate' is '0.5', expected float"),
        ({"rate": 2.0}, "'rate' is 2.0, expected 0 to 1"),
        ({"rate": float("nan")}, "'rate' is nan, expected 0 to 1"),
    ],
)
def test_an_option_of_another_name_type_or_range_is_refused(change, said, tmp_path):
    (tmp_path / "options.json").write_text(json.dumps(GOOD | change))
    with pytest.raises(contract.Mistake, match=said):
        contract.read_options(tmp_path / "options.json", Options)


def test_a_missing_option_is_refused_by_name_and_a_whole_number_will_do_for_a_float(tmp_path):
    path = tmp_path / "options.json"
    path.write_text(json.dumps({"rate": 1, "steps": 3}))
    with pytest.raises(contract.Mistake, match="'emits' is missing"):
        contract.read_options(path, Options)
    path.write_text(json.dumps(GOOD | {"rate": 1}))
    assert contract.read_options(path, Options) == Options(1.0, 3, "mean")


def test_partners_are_controls_of_the_same_cell_type(tmp_path):
    toy.train_cells(5).write_h5ad(tmp_path / "train.h5ad")
    cells = contract.read_train(tmp_path / "train.h5ad")
    wanted, control = contract.Partners(cells).draw(500, np.random.default_rng(0))
    assert cells.is_control[control].all()
    assert (cells.cell_type[wanted] == cells.cell_type[control]).all()
    assert set(wanted) == set(range(len(cells)))
    assert set(control) == set(np.flatnonzero(cells.is_control))


def test_cells_of_a_type_without_controls_are_left_out_and_that_is_said(tmp_path, capsys):
    cells = toy.train_cells(5)
    kept = cells[~((cells.obs["cell_type"] == "alpha") & cells.obs["is_control"])].copy()
    kept.write_h5ad(tmp_path / "train.h5ad")
    read = contract.read_train(tmp_path / "train.h5ad")
    wanted, _ = contract.Partners(read).draw(500, np.random.default_rng(0))
    assert set(read.cell_type[wanted]) == {"beta", "gamma"}
    assert "cell type 'alpha' has no control cell: its 15 cells are left out" in capsys.readouterr().err


def test_log_normal_cells_sum_to_the_target_and_an_empty_cell_stays_empty():
    counts = csr_matrix(np.array([[1, 3, 0], [0, 0, 0]], np.float32))
    log = contract.log_normal(counts, 100.0).toarray()
    np.testing.assert_allclose(np.expm1(log), [[25, 75, 0], [0, 0, 0]], rtol=1e-5)


def test_a_model_folder_whose_writing_fails_is_absent_and_an_earlier_one_stays(tmp_path):
    with contract.model_folder(tmp_path / "model", genes=["a"]):
        pass
    with pytest.raises(RuntimeError), contract.model_folder(tmp_path / "model", genes=["b"]):
        raise RuntimeError
    assert contract.read_model(tmp_path / "model") == {"genes": ["a"]}
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_what_a_killed_writing_has_left_is_removed_by_the_next(tmp_path):
    (tmp_path / ".model.writing-abcdefgh").mkdir()
    with contract.model_folder(tmp_path / "model", genes=[]):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_a_folder_that_no_training_has_finished_is_no_model(tmp_path):
    with pytest.raises(contract.Mistake, match="not a model folder"):
        contract.read_model(tmp_path)


def test_a_fingerprint_changes_with_any_script_of_the_program_that_runs(tmp_path, monkeypatch):
    for name in ("train.py", "model.py"):
        (tmp_path / name).write_text("a = 1\n")
    monkeypatch.setattr("sys.argv", [str(tmp_path / "train.py")])
    before = contract.fingerprint(0)
    assert contract.fingerprint(0) == before
    (tmp_path / "model.py").write_text("a = 2\n")
    assert contract.fingerprint(0) != before


def test_a_fingerprint_changes_with_a_file_and_with_a_value(tmp_path):
    file: Path = tmp_path / "a"
    file.write_bytes(b"1")
    one = contract.fingerprint(file, {"x": 1}, 0)
    assert contract.fingerprint(file, {"x": 1}, 0) == one
    assert contract.fingerprint(file, {"x": 2}, 0) != one
    file.write_bytes(b"2")
    assert contract.fingerprint(file, {"x": 1}, 0) != one
