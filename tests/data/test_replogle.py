"""The four cell lines, on small stand-ins in the published layout."""

import json

import anndata
import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix

from expressionvae.data import sparse
from expressionvae.data.assembly import read_split
from expressionvae.data.replogle import assemble_replogle
from expressionvae.files import UserError

GENES = [f"G{i}" for i in range(12)]
PANEL = ["G3", "G1", "G11", "AARS", "NOWHERE"]  # AARS is called AARS1 in the files, NOWHERE is not measured
LABELS = ["G0", "G1", "G2", "AARS", "non-targeting"]
RULE = dict(target_residual=0.3, cell_residual=0.5, min_cells=5, scale="linear", rescale_to=1e4)
MAP = {"AARS": "AARS1"}


def line(seed, leaky=()):
    """Cells of one line: 40 controls, 10 of each target at 5% of its expression (all of it, if leaky)."""
    rng = np.random.default_rng(seed)
    symbols = [*GENES, "AARS1", "G1"]  # G1 twice, as some symbols are in the published files
    target = np.repeat(["non-targeting", "G0", "G1", "G2", "AARS1", "UNMEASURED"], [40, 10, 10, 10, 10, 10])
    mean = np.full((len(target), len(symbols)), 40.0)
    for i, name in enumerate(target):
        if name in symbols and name not in leaky:
            mean[i, symbols.index(name)] *= 0.05
    names = [f"cell-{i}" for i in range(len(target))]
    obs = pd.DataFrame({"gene": pd.Categorical(target), "UMI_count": 0.0}, index=names)
    var = pd.DataFrame({"gene_name": symbols}, index=[f"ENSG{i:011d}" for i in range(len(symbols))])
    return anndata.AnnData(rng.poisson(mean).astype(np.float32), obs=obs, var=var)


@pytest.fixture
def splits(tmp_path):
    def split(lines, labels):
        return {"genes": PANEL, "labels": {"cell_line": lines, "gene": labels}, "dataset": "replogle"}

    (tmp_path / "train.json").write_text(json.dumps(split(["hepg2", "k562"], LABELS)))
    (tmp_path / "test.json").write_text(json.dumps(split(["hepg2"], ["G0", "G2", "AARS"])))
    return tmp_path / "train.json", tmp_path / "test.json"


@pytest.fixture
def lines(tmp_path):
    made = {"hepg2": line(0, leaky=["G2"]), "k562": line(1)}
    made["k562"].X = csr_matrix(made["k562"].X)
    for name, adata in made.items():
        adata.write_h5ad(tmp_path / f"{name}.h5ad")
    return made


def assemble(tmp_path, splits, **changes):
    sources = {name: tmp_path / f"{name}.h5ad" for name in ("hepg2", "k562")}
    output = tmp_path / "screen.h5ad"
    quality = {name: tmp_path / f"{name}.csv" for name in ("steps", "perturbations", "libraries")}
    about = {"control": "non-targeting", "symbol_map": MAP, "stated": {}, "on_difference": "report"}
    assemble_replogle(sources, *splits, output, quality, **(about | RULE | changes))
    return anndata.read_h5ad(output)


def test_screen_has_the_panel_in_order_and_the_counts_of_the_files(tmp_path, splits, lines):
    screen = assemble(tmp_path, splits)
    assert screen.var_names.tolist() == PANEL
    assert screen.X.dtype == np.int32 and screen.X.has_sorted_indices and (screen.X.data > 0).all()
    for name, adata in lines.items():
        part = screen[screen.obs["cell_type"] == name]
        rows = adata.obs_names.get_indexer([cell.removeprefix(f"{name}-") for cell in part.obs_names])
        published = np.asarray(csr_matrix(adata.X).todense())[rows]
        assert np.array_equal(part.X[:, :4].toarray(), published[:, [3, 1, 11, 12]])
        assert part.X[:, 4].nnz == 0
        assert np.allclose(part.obs["library_size"], published.sum(axis=1))


def test_leaky_unmeasured_and_unlisted_targets_go_and_are_named(tmp_path, splits, lines, capsys):
    screen = assemble(tmp_path, splits)
    kept = screen.obs.groupby("cell_type", observed=True)["perturbation"].agg(lambda labels: sorted(set(labels)))
    assert kept["hepg2"] == ["AARS", "G0", "G1", "non-targeting"]
    assert kept["k562"] == ["AARS", "G0", "G1", "G2", "non-targeting"]
    out, err = capsys.readouterr()
    assert "WARNING" in err and "held-out targets that survive in hepg2: 1 of 3 listed are absent: G2" in err
    assert "G2: not knocked down; mean residual 0.9" in err and "0 of 10 cells pass" in err
    assert "1 targets are not among its genes, left out: UNMEASURED" in out
    assert "hepg2.h5ad lacks 1 of the 5 genes of the panel, to be set to 0: NOWHERE" in err
    assert "targets that survive in some line: 4 of 4 listed are here" in out
    assert "G1 (in 2 columns, the first is taken)" in out and "AARS1 as AARS" in out


def test_a_heldout_target_that_does_not_survive_stops_the_job_with_what_became_of_it(tmp_path, splits, lines):
    of_panel(splits, "G11", "G2")
    with pytest.raises(UserError, match=r"1 of 3 listed are absent: G2\n    G2: not knocked down; mean residual"):
        assemble(tmp_path, splits, on_difference="stop")
    assert not (tmp_path / "screen.h5ad").exists() and not (tmp_path / "steps.csv").exists()


def of_panel(splits, *genes):
    """Give both lists a panel that the files hold."""
    for path in splits:
        path.write_text(json.dumps(json.loads(path.read_text()) | {"genes": list(genes)}))


def test_when_targets_are_lost_every_scale_says_how_many_it_would_keep(tmp_path, splits, lines):
    of_panel(splits, "G11", "G2")
    deep = lines["hepg2"]
    of_g0 = (deep.obs["gene"] == "G0").to_numpy()
    deep.X[of_g0] //= 8  # cells of little depth: their raw count of the target is low, their share of it is not
    deep.X[of_g0, 0] = 3
    deep.write_h5ad(tmp_path / "hepg2.h5ad")
    with pytest.raises(UserError) as error:
        assemble(tmp_path, splits, on_difference="stop")
    said = [line.strip() for line in str(error.value).splitlines()]
    assert [line for line in said if line.startswith("with residual_scale")] == [
        "with residual_scale raw: 2 of 3 held-out targets survive in hepg2, 4 of 4 listed targets in some line",
        "with residual_scale linear (in use): 1 of 3 held-out targets survive in hepg2, "
        "4 of 4 listed targets in some line",
        "with residual_scale log: 0 of 3 held-out targets survive in hepg2, 0 of 4 listed targets in some line",
    ]


def test_the_scale_is_that_of_the_config(tmp_path, splits, lines, capsys):
    kept = {scale: assemble(tmp_path, splits, scale=scale).n_obs for scale in ("raw", "linear", "log")}
    assert kept["raw"] != kept["log"] and "with residual_scale log (in use): " in capsys.readouterr().out


def test_the_median_library_is_that_of_each_line_by_itself(tmp_path, splits, lines):
    lines["k562"].X = lines["k562"].X * 3
    lines["k562"].write_h5ad(tmp_path / "k562.h5ad")
    obs = assemble(tmp_path, splits).obs
    for line, here in obs.groupby("cell_type", observed=True):
        assert (here["median_library"] == np.median(here["library_size"])).all(), line
    medians = obs.groupby("cell_type", observed=True)["median_library"].first()
    assert medians["k562"] > 2.5 * medians["hepg2"]


def test_cell_names_that_occur_twice_stop_the_job_or_are_numbered(tmp_path, splits, lines, monkeypatch):
    of_panel(splits, "G11", "G2")
    lines["hepg2"].obs_names = ["cell-1", *lines["hepg2"].obs_names[1:]]
    lines["hepg2"].write_h5ad(tmp_path / "hepg2.h5ad")
    names = assemble(tmp_path, splits).obs_names
    assert names.is_unique and {"hepg2-cell-1", "hepg2-cell-1#1", "k562-cell-1"} <= set(names)
    monkeypatch.setattr("expressionvae.data.replogle._filtered", lambda *_: pytest.fail("read too early"))
    with pytest.raises(UserError, match="hepg2.h5ad has 1 cell names more than once, to be numbered: cell-1"):
        assemble(tmp_path, splits, on_difference="stop")


def test_numbers_that_are_not_as_stated_stop_the_job_before_counts_are_read(tmp_path, splits, lines):
    stated = {"hepg2": {"cells": 91, "genes": 14, "controls": 41}, "k562": {"cells": 90, "genes": 13}}
    with pytest.raises(UserError) as error:
        assemble(tmp_path, splits, stated=stated, on_difference="stop")
    said = str(error.value).splitlines()[1:-1]
    assert [line.strip() for line in said] == [
        "hepg2.h5ad has 90 cells, expected 91",
        "hepg2.h5ad has 40 controls, expected 41",
        "hepg2.h5ad lacks 1 of the 5 genes of the panel, to be set to 0: NOWHERE",
        "k562.h5ad has 14 genes, expected 13",
        "k562.h5ad lacks 1 of the 5 genes of the panel, to be set to 0: NOWHERE",
    ]


@pytest.mark.parametrize("label", ["non-targeting", "G0"])
def test_a_target_or_control_that_is_spelled_otherwise_stops_the_job(tmp_path, splits, lines, label):
    values = lines["k562"].obs["gene"].astype(str).to_numpy(dtype=object)
    values[np.flatnonzero(values == label)[::2]] = f"{label} "
    lines["k562"].obs["gene"] = pd.Categorical(values)
    lines["k562"].write_h5ad(tmp_path / "k562.h5ad")
    with pytest.raises(UserError, match=f"k562, obs gene: one label under several spellings, .*: '{label}' and"):
        assemble(tmp_path, splits, on_difference="stop")


def test_one_normalised_line_among_raw_ones_is_refused_before_any_is_read(tmp_path, splits, lines, monkeypatch):
    lines["k562"].X = lines["k562"].X.multiply(0.3).tocsr()
    lines["k562"].write_h5ad(tmp_path / "k562.h5ad")
    monkeypatch.setattr("expressionvae.data.replogle._filtered", lambda *_: pytest.fail("read too early"))
    with pytest.raises(UserError, match="k562.h5ad: X holds .* but raw counts"):
        assemble(tmp_path, splits)


def test_quality_tables_count_every_cell(tmp_path, splits, lines):
    screen = assemble(tmp_path, splits)
    steps, targets, libraries = (pd.read_csv(tmp_path / f"{n}.csv") for n in ("steps", "perturbations", "libraries"))
    for line in lines:
        here = steps[steps["cell_type"] == line].set_index("step")
        assert here.loc["in the file", "cells"] == 90 and here.loc["target in controls", "cells"] == 80
        assert here["cells"].is_monotonic_decreasing and (here["controls"] == 40).all()
        assert here.loc["listed in the split", "cells"] == (screen.obs["cell_type"] == line).sum()
        of_line = targets[targets["cell_type"] == line].set_index("perturbation")
        assert of_line.loc["UNMEASURED", "why"] == "not in controls"
        kept = screen.obs.loc[screen.obs["cell_type"] == line, "perturbation"].value_counts()
        assert of_line["kept"].sum() == kept.drop("non-targeting").sum()
        assert libraries.loc[libraries["cell_type"] == line, "cells"].sum() == 90


def test_all_controls_stay_and_the_split_is_stored(tmp_path, splits, lines):
    screen = assemble(tmp_path, splits)
    assert (screen.obs["perturbation"] == "non-targeting").sum() == 80
    about = screen.uns["split"]
    assert (about["control"], about["heldout_cell_type"]) == ("non-targeting", "hepg2")
    assert list(about["heldout"]) == ["G0", "AARS"]
    assert screen.obs_names.is_unique and screen.obs_names[0].startswith("hepg2-")


def test_chunks_change_nothing(tmp_path, splits, lines, monkeypatch):
    whole = assemble(tmp_path, splits)
    monkeypatch.setattr(sparse, "BLOCK_BYTES", 700)
    parts = assemble(tmp_path, splits)
    assert (whole.X != parts.X).nnz == 0 and whole.obs.equals(parts.obs)


def test_log_scale_is_stricter_about_what_remains(tmp_path, splits, lines):
    linear = assemble(tmp_path, splits)
    log = assemble(tmp_path, splits, scale="log")
    assert log.n_obs < linear.n_obs


def test_lines_other_than_the_splits_are_refused(tmp_path, splits, lines):
    with pytest.raises(UserError, match="lists cell lines"):
        assemble_replogle(
            {"hepg2": ""},
            *splits,
            tmp_path / "s",
            {},
            control="c",
            symbol_map={},
            stated={},
            on_difference="stop",
            **RULE,
        )


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda a: setattr(a, "X", np.log1p(a.X)), r"hepg2.h5ad: X holds 3.78\d+ at cell .*raw counts"),
        (lambda a: a.obs.rename(columns={"gene": "target"}, inplace=True), "obs has no column 'gene'; its columns are"),
        (lambda a: a.var.drop(columns="gene_name", inplace=True), "Ensembl ids"),
        (lambda a: a.obs.update(pd.DataFrame({"gene": "G0"}, index=a.obs_names)), "the control label"),
    ],
)
def test_other_file_is_refused_by_name(tmp_path, splits, lines, damage, message):
    damage(lines["hepg2"])
    lines["hepg2"].write_h5ad(tmp_path / "hepg2.h5ad")
    with pytest.raises(UserError, match=message):
        assemble(tmp_path, splits)
    assert not (tmp_path / "screen.h5ad").exists()


def test_file_that_is_no_h5ad_is_refused(tmp_path, splits, lines):
    (tmp_path / "hepg2.h5ad").write_bytes(b"half a download")
    with pytest.raises(UserError, match="hepg2.h5ad: not a readable h5ad file"):
        assemble(tmp_path, splits)


def test_published_split_is_read(shared):
    folder = shared / "data" / "splits"
    split = read_split(
        folder / "replogle_train.json",
        folder / "replogle_test.json",
        cell_type="cell_line",
        perturbation="gene",
    )
    assert (len(split.genes), len(split.perturbations), len(split.heldout)) == (2000, 2024, 372)
    assert split.heldout_cell_type == "hepg2" and set(split.heldout) < set(split.perturbations)


def test_split_without_its_keys_is_refused(splits):
    with pytest.raises(UserError, match="expected keys genes, labels.cell_type, labels.cytokine"):
        read_split(*splits, cell_type="cell_type", perturbation="cytokine")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda train, test: test["genes"].reverse(), "the same genes in another order, from place 0 on"),
        (lambda train, test: test["genes"].pop(), "1 genes are in only one of them"),
        (lambda train, test: test["labels"]["gene"].append("G77"), "holds out G77, which .*train.json does not list"),
        (lambda train, test: test["labels"]["cell_line"].append("k562"), "expected exactly one"),
        (lambda train, test: train["genes"].append("G1"), "names a gene twice"),
        (
            lambda train, test: train["labels"]["gene"].append("G0 "),
            "train.json: lists one label under several .*'G0 '",
        ),
    ],
)
def test_split_files_that_do_not_fit_are_refused(splits, change, message):
    train, test = (json.loads(path.read_text()) for path in splits)
    change(train, test)
    for path, split in zip(splits, (train, test), strict=True):
        path.write_text(json.dumps(split))
    with pytest.raises(UserError, match=message):
        read_split(*splits, cell_type="cell_line", perturbation="gene")
