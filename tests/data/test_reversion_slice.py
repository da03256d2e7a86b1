from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import yaml
from scipy.sparse import csc_matrix, csr_matrix

from expressionvae.data import matrix, reversion_screen, sparse
from expressionvae.data.reversion_screen import Block, ReversionScreen
from expressionvae.data.reversion_slice import Wanted, slice_screen
from expressionvae.files import UserError
from tests.conftest import REPOSITORY
from tests.data import standins

GENES = [f"G{i}" for i in range(6)]
COUNTS = np.random.default_rng(0).poisson(2.0, (80, 6)).astype(np.float32)
LIBRARY = COUNTS.sum(1) * 2 + np.arange(80)  # over more genes than the file has
ENTRY = {
    "kind": "local", "target_column": "gene", "condition_column": "state", "gene_column": None, "layer": None,
    "library_column": None, "treated": "Treated_*", "untreated": "Untreated", "control": "SAFE",
    "leave_out": ["NO-TARGET"], "positives": ["A", "Z"], "min_cells": 3,
}  # fmt: skip
IN_USE = np.array([row for row in range(80) if row % 8 != 4])  # all but NO-TARGET


def over_median(library: np.ndarray) -> np.ndarray:
    return library / np.median(library)


def a_table() -> pd.DataFrame:
    targets = ["SAFE", "A", "B", "C", "NO-TARGET", "SAFE", "A", "B"] * 10
    states = ["Treated_IL1b", "Treated_TNFa", "Untreated", "Untreated"] * 20
    return pd.DataFrame(
        {"gene": targets, "state": np.sort(states), "total": LIBRARY}, index=[f"c{i}" for i in range(80)]
    )


def a_file(folder: Path, *, values=COUNTS, obs: pd.DataFrame | None = None, layers=None) -> Path:
    path = folder / "rev.h5ad"
    obs = a_table() if obs is None else obs
    ad.AnnData(values, obs, pd.DataFrame({"symbol": GENES}, index=GENES), layers=layers).write_h5ad(path)
    return path


def sliced(path: Path, genes=GENES, *, symbol_map=None, entry=ENTRY, **changes) -> tuple[ReversionScreen, Block]:
    """What an encoder gets to see of a file."""
    output = path.parent / "sliced.h5ad"
    wanted = Wanted.of(path, {**entry, **changes})
    slice_screen(path, output, genes, wanted, symbol_map=symbol_map or {})
    screen = reversion_screen.read(output)
    (block,) = reversion_screen.blocks(screen, genes)
    return screen, block


def refused(path: Path, genes=GENES, **changes) -> str:
    with pytest.raises(UserError) as error:
        sliced(path, genes, **changes)
    assert str(path) in str(error.value)
    assert not (path.parent / "sliced.h5ad").exists()
    return str(error.value)


@pytest.fixture
def no_counts_read(monkeypatch):
    """Reading counts, even a few of them, fails the test."""
    monkeypatch.setattr(matrix.Matrix, "blocks", lambda *_: pytest.fail("counts were read"))


def test_conditions_go_by_pattern_and_other_controls_are_left_out(tmp_path, capsys):
    screen, block = sliced(a_file(tmp_path))
    assert len(screen) == 70 == len(block.size_factor) and "NO-TARGET" not in screen.target
    assert screen.treated.sum() == 35 and screen.resting.sum() == 10
    assert screen.target.tolist() == a_table()["gene"].iloc[IN_USE].tolist()
    said = capsys.readouterr().out
    assert "1 of 2 positives lack treated cells: 'Z'" in said and "70 of 80 cells" in said
    assert screen.positives == ["A"] and screen.min_cells == 3 and screen.control == "SAFE"


PATTERN_LIKE = ["IL-1b [10 ng/ml]", "IL-1b ?", "[A-Z]*", "Treated_*", "a[!b]c"]


@pytest.mark.parametrize("label", PATTERN_LIKE)
def test_a_condition_that_looks_like_a_pattern_is_itself_first(tmp_path, label):
    obs = a_table()
    obs["state"] = obs["state"].replace({"Treated_IL1b": label})
    of_label, others = ((obs["state"].iloc[IN_USE] == name).sum() for name in (label, "Treated_TNFa"))
    screen, _ = sliced(a_file(tmp_path, obs=obs), treated=label)
    assert screen.treated.sum() == of_label > 0
    screen, _ = sliced(a_file(tmp_path, obs=obs), treated="Untreated", untreated=label)
    assert (~screen.treated).sum() == of_label
    assert (~sliced(a_file(tmp_path, obs=obs), treated="Untreated", untreated="Treated_T*")[0].treated).sum() == others


@pytest.mark.parametrize(
    "changes",
    [
        {"control": "SAFE "},
        {"leave_out": ["NO-TARGET\u00a0"]},
        {"positives": ["A ", "Z"]},
        {"untreated": " Untreated"},
        {"leave_out": ["NO\u2011TARGET"]},  # non-breaking hyphen
    ],
)
def test_what_the_config_spells_otherwise_is_found(tmp_path, changes):
    screen, _ = sliced(a_file(tmp_path), **changes)
    assert screen.target.tolist() == a_table()["gene"].iloc[IN_USE].tolist()
    assert (screen.control, screen.positives, screen.resting.sum()) == ("SAFE", ["A"], 10)


@pytest.mark.parametrize(
    ("column", "old", "new"),
    [("gene", "SAFE", "SAFE "), ("gene", "A", "A\u00a0"), ("state", "Untreated", "Untreated ")],
)
def test_a_label_under_two_spellings_is_refused(tmp_path, no_counts_read, column, old, new):
    obs = a_table()
    obs.iloc[np.flatnonzero(obs[column] == old)[::2], obs.columns.get_loc(column)] = new
    message = refused(a_file(tmp_path, obs=obs))
    assert f"obs {column} has one label under several spellings: '{old}' (" in message


def test_all_spellings_of_what_is_left_out_are_left_out(tmp_path):
    obs = a_table()
    obs.iloc[np.flatnonzero(obs["gene"] == "NO-TARGET")[::2], 0] = "NO-TARGET "
    screen, _ = sliced(a_file(tmp_path, obs=obs))
    assert len(screen) == len(IN_USE)


def test_cells_of_a_third_condition_are_left_out(tmp_path):
    screen, block = sliced(a_file(tmp_path), treated="Treated_IL1b")
    kept = IN_USE[a_table()["state"].iloc[IN_USE] != "Treated_TNFa"]
    np.testing.assert_array_equal(block.counts.toarray(), COUNTS[kept])
    assert screen.treated.sum() == (kept < 20).sum()


@pytest.mark.parametrize("column", ["gene", "state"])
def test_cells_without_a_label_are_left_out(tmp_path, capsys, column):
    obs = a_table()
    obs.loc[obs.index[:3], column] = np.nan
    _, block = sliced(a_file(tmp_path, obs=obs))
    assert "67 of 80 cells" in capsys.readouterr().out
    np.testing.assert_array_equal(block.counts.toarray(), COUNTS[IN_USE[3:]])


def test_the_panel_has_its_own_order_and_zeros_for_what_is_absent(tmp_path, capsys):
    _, block = sliced(a_file(tmp_path, values=csr_matrix(COUNTS)), ["G3", "NEW", "G0"])
    expected = np.stack([COUNTS[:, 3], np.zeros(80), COUNTS[:, 0]], axis=1)[IN_USE]
    np.testing.assert_array_equal(block.counts.toarray(), expected)
    np.testing.assert_allclose(block.size_factor, over_median(COUNTS.sum(1)[IN_USE]))
    assert "1 of 3 panel genes absent, set to 0: NEW" in capsys.readouterr().out
    assert list(ad.read_h5ad(tmp_path / "sliced.h5ad").uns["slice"]["absent"]) == ["NEW"]


def test_cells_that_have_nothing_on_the_panel_are_counted(tmp_path, capsys):
    values = COUNTS.copy()
    values[:10, 0], values[10:, 0] = 0, 1
    sliced(a_file(tmp_path, values=values), ["G0"])
    assert f"{(IN_USE < 10).sum()} of 70 cells have no count on the panel at all" in capsys.readouterr().out


@pytest.mark.parametrize("layout", [np.asarray, csr_matrix, csc_matrix])
def test_pieces_join_to_the_whole_however_the_file_is_laid_out(tmp_path, monkeypatch, layout):
    monkeypatch.setattr(sparse, "BLOCK_BYTES", 300)
    path = a_file(tmp_path, values=layout(COUNTS))
    slice_screen(path, tmp_path / "sliced.h5ad", GENES, Wanted.of(path, ENTRY), symbol_map={})
    blocks = list(reversion_screen.blocks(reversion_screen.read(tmp_path / "sliced.h5ad"), GENES))
    assert len(blocks) > 5
    joined = np.concatenate([block.counts.toarray() for block in blocks])
    np.testing.assert_array_equal(joined, COUNTS[IN_USE])
    np.testing.assert_allclose(np.concatenate([block.size_factor for block in blocks]), over_median(joined.sum(1)))


def test_library_and_counts_come_from_where_the_config_says(tmp_path):
    path = a_file(tmp_path, values=np.log1p(COUNTS), layers={"raw": COUNTS})
    _, block = sliced(path, gene_column="symbol", layer="raw", library_column="total")
    np.testing.assert_allclose(block.size_factor, over_median(LIBRARY[IN_USE]))
    np.testing.assert_array_equal(block.counts.toarray(), COUNTS[IN_USE])


def test_counts_are_found_where_files_usually_have_them(tmp_path):
    path = a_file(tmp_path, values=np.log1p(COUNTS), layers={"counts": COUNTS})
    np.testing.assert_array_equal(sliced(path)[1].counts.toarray(), COUNTS[IN_USE])


def test_an_outdated_symbol_is_found(tmp_path):
    _, block = sliced(a_file(tmp_path), ["NEW3"], symbol_map={"G3": "NEW3"})
    np.testing.assert_array_equal(block.counts.toarray()[:, 0], COUNTS[IN_USE, 3])


@pytest.mark.parametrize("key", ["target_column", "condition_column", "library_column"])
def test_a_missing_column_is_named(tmp_path, no_counts_read, key):
    message = refused(a_file(tmp_path), **{key: "guide"})
    assert f"obs has no column 'guide' (config key {key}); its columns are 'gene'" in message


def test_a_missing_column_of_symbols_is_named(tmp_path, no_counts_read):
    assert "var has no column 'name' (config key gene_column)" in refused(a_file(tmp_path), gene_column="name")


@pytest.mark.parametrize("key", ["treated", "untreated"])
def test_an_unknown_condition_is_named_with_those_that_are_there(tmp_path, no_counts_read, key):
    message = refused(a_file(tmp_path), **{key: "TNF"})
    assert f"no cell has condition 'TNF' (config key {key})" in message and "'Treated_IL1b'" in message


def test_another_number_of_cells_than_stated_stops_or_is_reported(tmp_path, capsys):
    path, said = a_file(tmp_path), "rev.h5ad has 80 cells, expected 864,115"
    arguments = path, tmp_path / "sliced.h5ad", GENES, Wanted.of(path, ENTRY)
    options = {"symbol_map": {}, "stated": {"cells": 864_115, "genes": 6, "licence": "none"}}
    with pytest.raises(UserError, match=said):
        slice_screen(*arguments, **options)
    assert not (tmp_path / "sliced.h5ad").exists()
    slice_screen(*arguments, **options, on_difference="report")
    assert f"WARNING: not as known of this screen:\n  {said}" in capsys.readouterr().err


def test_a_condition_cannot_be_both(tmp_path, no_counts_read):
    assert "is both treated" in refused(a_file(tmp_path), untreated="*reated*")


def test_a_missing_control_is_named(tmp_path, no_counts_read):
    assert "no cell has the control label 'NT' (config key control)" in refused(a_file(tmp_path), control="NT")


def test_controls_that_are_all_treated_are_too_few(tmp_path, no_counts_read):
    obs = a_table()
    obs.loc[(obs["gene"] == "SAFE") & (obs["state"] == "Untreated"), "gene"] = "B"
    assert "0 untreated cells of control 'SAFE'" in refused(a_file(tmp_path, obs=obs))


def test_without_a_positive_there_is_nothing_to_rank(tmp_path, no_counts_read):
    message = refused(a_file(tmp_path), positives=["X", "Y"])
    assert "none of the positives 'X', 'Y' (config key positives)" in message and "'A', 'B'" in message


def test_positives_alone_are_no_ranking(tmp_path, no_counts_read):
    assert "at least 2 are needed" in refused(a_file(tmp_path), positives=["A", "B"])


def test_genes_of_another_naming_are_refused(tmp_path, no_counts_read):
    message = refused(a_file(tmp_path), ["ENSG1"])
    assert "none of the 1 panel genes ('ENSG1', ...) is in var, which has 'G0', ...; expected symbols" in message


def test_a_missing_layer_is_named(tmp_path, no_counts_read):
    path = a_file(tmp_path, layers={"counts": COUNTS})
    assert "holds no matrix layers/raw (config key layer); it has 'X', 'layers/counts'" in refused(path, layer="raw")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (0, "obs column 'total' (config key library_column) is not above 0"),
        (np.nan, "obs column 'total' (config key library_column) is not above 0"),
        ("many", "obs column 'total' (config key library_column) holds 'many'; expected numbers"),
    ],
)
def test_library_sizes_that_are_none_are_refused(tmp_path, no_counts_read, value, message):
    obs = a_table().assign(total=value)
    assert message in refused(a_file(tmp_path, obs=obs), library_column="total")


@pytest.mark.parametrize("layer", [None, "logged"])
def test_normalised_values_are_refused_by_name(tmp_path, layer):
    path = a_file(tmp_path, values=np.log1p(COUNTS), layers={"logged": np.log1p(COUNTS)})
    message = refused(path, layer=layer)
    assert f"{f'layer {layer!r}' if layer else 'X'} holds" in message and "raw counts" in message


def test_one_value_that_is_no_count_leaves_no_file(tmp_path):
    values = COUNTS.copy()
    values[77, 2] = 0.5
    assert "X holds 0.5 at cell 'c77'" in refused(a_file(tmp_path, values=csr_matrix(values)))


def test_an_absent_file_is_named(tmp_path):
    assert "rev.h5ad: no such file" in refused(tmp_path / "rev.h5ad")


# A stand-in with the layout of the published file, by the paper's own entry of the config.


@pytest.fixture
def published(tmp_path) -> Path:
    standins.reversion_screen().write_h5ad(tmp_path / "rev.h5ad")
    return tmp_path / "rev.h5ad"


PAPER = yaml.safe_load((REPOSITORY / "config/config.yaml").read_text())["reversion"]["screens"]["wong2026"]
SMALL = PAPER | {"min_cells": 12}


@pytest.mark.parametrize(
    ("labels", "changes", "treated", "untreated"),
    [
        (("Treated", "Untreated"), {}, ["Treated"], ["Untreated"]),
        (("Treated", "Untreated"), {"treated": "Treated_*", "untreated": "Untreated*"}, ["Treated"], ["Untreated"]),
        (("Treated", "Untreated"), {"treated": "Treated_*", "untreated": "Untreated_*"}, ["Treated"], ["Untreated"]),
        (("Treated_IL1b", "Untreated_0h"), {}, ["Treated_IL1b"], ["Untreated_0h"]),
        (("Treated_IL1b", "Untreated"), {"treated": "Treated_*"}, ["Treated_IL1b"], ["Untreated"]),
        (("IL-1b [10 ng]", "Untreated"), {"treated": "IL-1b [10 ng]"}, ["IL-1b [10 ng]"], ["Untreated"]),
    ],
)
def test_conditions_are_found_alone_or_joined_by_an_underscore(tmp_path, labels, changes, treated, untreated):
    screen = standins.reversion_screen()
    screen.obs["condition"] = screen.obs["condition"].cat.rename_categories(
        dict(zip(("Treated", "Untreated"), labels, strict=True))
    )
    screen.write_h5ad(tmp_path / "rev.h5ad")
    sliced(tmp_path / "rev.h5ad", standins.PANEL, entry=SMALL, **changes)
    result = ad.read_h5ad(tmp_path / "sliced.h5ad")
    assert list(result.uns["reversion"]["treated"]) == treated
    assert set(result.obs["condition"]) == {*treated, *untreated}


def test_the_published_layout_is_cut_to_a_panel(published):
    screen, block = sliced(published, standins.PANEL, entry=SMALL)
    whole = ad.read_h5ad(published)
    used = (whole.obs["gene_target"] != "NO-TARGET").to_numpy()
    assert set(screen.target) == {"TRADD", "JUNB", "CDK1", "GAPDH", "SAFE_TARGET"}
    assert screen.positives == ["TRADD", "JUNB"] and screen.resting.sum() == 12
    np.testing.assert_array_equal(screen.treated, whole.obs["condition"][used] == "Treated")
    np.testing.assert_allclose(block.size_factor, over_median(np.asarray(whole.X.sum(1)).ravel()[used]))
    absent = [name in ("MARS", "ACTB") for name in standins.PANEL]
    assert not block.counts.toarray()[:, absent].any()
    there = [name for name in standins.PANEL if name in whole.var_names]
    np.testing.assert_array_equal(block.counts.toarray()[:, ~np.array(absent)], whole[used, there].X.toarray())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"control": "SAFE-TARGET"}, "no cell has the control label 'SAFE-TARGET' (config key control) in obs column"),
        ({"control": "NO-TARGET"}, "no cell has the control label 'NO-TARGET'"),  # it is left out
        (
            {"treated": "IL1b_*"},
            "'IL1b_*' (config key treated) in obs column 'condition'; its conditions are 'Treated', ",
        ),
        ({"untreated": "Control*"}, "(config key untreated) in obs column 'condition'"),
        ({"min_cells": 13}, "12 untreated cells of control 'SAFE_TARGET'; at least 13"),
    ],
)
def test_conditions_and_control_of_the_published_layout_are_checked(published, no_counts_read, change, message):
    assert message in refused(published, standins.PANEL, entry=SMALL | change)
