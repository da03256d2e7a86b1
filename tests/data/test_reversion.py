from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csc_matrix, csr_matrix

from expressionvae.data import assembly
from expressionvae.data.reversion import Columns, panel, read
from expressionvae.files import UserError

GENES = [f"G{i}" for i in range(6)]
COUNTS = np.random.default_rng(0).poisson(2.0, (80, 6)).astype(np.float32)
ENTRY = {
    "columns": Columns("gene", "state", None, None, None), "treated": "Treated_*", "untreated": "Untreated",
    "control": "SAFE", "leave_out": ["NO-TARGET"], "positives": ["A", "Z"], "min_cells": 3,
}  # fmt: skip


def a_table() -> pd.DataFrame:
    targets = ["SAFE", "A", "B", "C", "NO-TARGET", "SAFE", "A", "B"] * 10
    states = ["Treated_IL1b", "Treated_TNFa", "Untreated", "Untreated"] * 20
    return pd.DataFrame(
        {"gene": targets, "state": np.sort(states), "total": COUNTS.sum(1) * 2}, index=[f"c{i}" for i in range(80)]
    )


def a_file(folder: Path, *, values=COUNTS, obs: pd.DataFrame | None = None, layers=None) -> Path:
    path = folder / "rev.h5ad"
    obs = a_table() if obs is None else obs
    ad.AnnData(values, obs, pd.DataFrame({"symbol": GENES}, index=GENES), layers=layers).write_h5ad(path)
    return path


def refused(path: Path, **changes) -> str:
    with pytest.raises(UserError) as error:
        read(path, **(ENTRY | changes))
    assert str(path) in str(error.value)
    return str(error.value)


def test_conditions_go_by_pattern_and_other_controls_are_left_out(tmp_path, capsys):
    screen = read(a_file(tmp_path), **ENTRY)
    assert len(screen.rows) == 70 and "NO-TARGET" not in screen.target
    assert screen.treated.sum() == 35 and screen.resting.sum() == 10
    assert "1 of 2 positives lack treated cells: 'Z'" in capsys.readouterr().out
    assert screen.positives == ["A"]


def test_scored_cells_have_a_target_and_company(tmp_path):
    obs = a_table()
    obs.loc[obs.index[:2], "gene"] = "D"  # two treated cells
    few, many = (read(a_file(tmp_path, obs=obs), **(ENTRY | {"min_cells": n})) for n in (2, 3))
    assert set(few.target[few.scored(treated=True)]) == {"A", "B", "C", "D"}
    assert set(many.target[many.scored(treated=True)]) == {"A", "B", "C"}
    assert not (few.scored(treated=True) & ~few.treated).any()


def test_cells_without_a_target_are_left_out(tmp_path, capsys):
    obs = a_table()
    obs.loc[obs.index[:3], "gene"] = np.nan
    screen = read(a_file(tmp_path, obs=obs), **ENTRY)
    assert "67 of 80 cells" in capsys.readouterr().out and screen.rows.min() == 3


def test_the_panel_has_its_own_order_and_zeros_for_what_is_absent(tmp_path, capsys):
    screen = read(a_file(tmp_path, values=csr_matrix(COUNTS)), **ENTRY)
    (block,) = panel(screen, ["G3", "NEW", "G0"], {})
    expected = np.stack([COUNTS[:, 3], np.zeros(80), COUNTS[:, 0]], axis=1)[screen.rows]
    np.testing.assert_array_equal(block.counts.toarray(), expected)
    np.testing.assert_array_equal(block.full_library, COUNTS.sum(1)[screen.rows])
    assert "1 of the encoder's 3 genes are absent, set to 0: 'NEW'" in capsys.readouterr().out


@pytest.mark.parametrize("layout", [np.asarray, csr_matrix, csc_matrix])
def test_pieces_join_to_the_whole_however_the_file_is_laid_out(tmp_path, monkeypatch, layout):
    monkeypatch.setattr(assembly, "ROWS", 7)
    screen = read(a_file(tmp_path, values=layout(COUNTS)), **ENTRY)
    blocks = list(panel(screen, GENES, {}))
    assert len(blocks) > 5 and max(len(block.full_library) for block in blocks) <= 7
    joined = np.concatenate([block.counts.toarray() for block in blocks])
    np.testing.assert_array_equal(joined, COUNTS[screen.rows])


def test_library_and_counts_come_from_where_the_config_says(tmp_path):
    path = a_file(tmp_path, values=np.log1p(COUNTS), layers={"raw": COUNTS})
    screen = read(path, **(ENTRY | {"columns": Columns("gene", "state", "symbol", "raw", "total")}))
    (block,) = panel(screen, GENES, {})
    np.testing.assert_array_equal(block.full_library, 2 * COUNTS.sum(1)[screen.rows])
    np.testing.assert_array_equal(block.counts.toarray(), COUNTS[screen.rows])


def test_an_outdated_symbol_is_found(tmp_path):
    screen = read(a_file(tmp_path), **ENTRY)
    (block,) = panel(screen, ["NEW3"], {"G3": "NEW3"})
    np.testing.assert_array_equal(block.counts.toarray()[:, 0], COUNTS[screen.rows, 3])


def test_a_missing_column_is_named(tmp_path):
    message = refused(a_file(tmp_path), columns=Columns("guide", "state", None, None, None))
    assert "no column 'guide' in obs; it has" in message and "gene" in message


@pytest.mark.parametrize("key", ["treated", "untreated"])
def test_an_unknown_condition_is_named_with_those_that_are_there(tmp_path, key):
    message = refused(a_file(tmp_path), **{key: "TNF"})
    assert f"no cell has condition 'TNF' (config key {key})" in message and "'Treated_IL1b'" in message


def test_a_condition_cannot_be_both(tmp_path):
    assert "is both treated" in refused(a_file(tmp_path), untreated="*reated*")


def test_a_missing_control_is_named(tmp_path):
    assert "no cell has the control label 'NT' (config key control)" in refused(a_file(tmp_path), control="NT")


def test_controls_that_are_all_treated_are_too_few(tmp_path):
    obs = a_table()
    obs.loc[(obs["gene"] == "SAFE") & (obs["state"] == "Untreated"), "gene"] = "B"
    assert "0 untreated cells of control 'SAFE'" in refused(a_file(tmp_path, obs=obs))


def test_without_a_positive_there_is_nothing_to_rank(tmp_path):
    message = refused(a_file(tmp_path), positives=["X", "Y"])
    assert "none of the positives 'X', 'Y' (config key positives)" in message and "'A', 'B'" in message


def test_positives_alone_are_no_ranking(tmp_path):
    assert "at least 2 are needed" in refused(a_file(tmp_path), positives=["A", "B"])


def test_normalised_values_are_refused_when_they_are_read(tmp_path):
    screen = read(a_file(tmp_path, values=np.log1p(COUNTS)), **ENTRY)
    with pytest.raises(UserError, match=r"rev.h5ad: X rows 0-2048: value .*; expected raw counts"):
        list(panel(screen, GENES, {}))


def test_a_missing_layer_is_named(tmp_path):
    screen = read(a_file(tmp_path), **(ENTRY | {"columns": Columns("gene", "state", None, "raw", None)}))
    with pytest.raises(UserError, match="no matrix layers/raw"):
        list(panel(screen, GENES, {}))


def test_genes_of_another_naming_are_refused(tmp_path):
    screen = read(a_file(tmp_path), **ENTRY)
    with pytest.raises(UserError, match=r"none of the encoder's 1 genes \('ENSG1'\) is in the file, which names 'G0'"):
        list(panel(screen, ["ENSG1"], {}))


def test_an_absent_file_is_named(tmp_path):
    assert "rev.h5ad: not an h5ad file" in refused(tmp_path / "rev.h5ad")


def test_the_real_screen_of_datlinger_is_read(shared):
    path = shared / "data" / "screens" / "datlinger2021_jurkat_crispr_tcr.h5ad"
    entry = ENTRY | {
        "columns": Columns("perturbation", "condition", None, None, "ncounts"), "treated": "stimulated",
        "untreated": "unstimulated", "control": "control", "leave_out": [], "positives": ["LCK", "LAT", "ZAP70"],
    }  # fmt: skip
    screen = read(path, **entry)
    assert len(screen.rows) == 7500 and screen.positives == ["LCK", "LAT", "ZAP70"]
    assert screen.resting.sum() == 60 and len(set(screen.target[screen.scored(treated=True)])) == 20
    blocks = list(panel(screen, ["JUND", "NKX3-1", "no such gene"], {}))
    assert sum(len(block.full_library) for block in blocks) == 7500
    assert min(block.full_library.min() for block in blocks) > 1000  # the library of the cell, not of the 2,000 genes
