"""What is streamed is what a reader of the whole file would have cut, and memory does not grow with the file."""

import re
import subprocess
import sys

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csc_matrix, csr_matrix

from expressionvae.data import sparse, streaming
from expressionvae.data.streaming import Writer, passed, passing, scratch, slice_h5ad
from expressionvae.files import UserError

LABELS = {"perturbation": "gene_target", "condition": "condition"}
COUNTS = np.random.default_rng(0).poisson(0.7, (40, 8)).astype(np.float32)


def screen(counts=COUNTS) -> ad.AnnData:
    obs = pd.DataFrame({"gene_target": list("AB") * 20, "condition": ["Untreated"] * 20 + ["Treated_TNFa"] * 20})
    obs["total"] = COUNTS.sum(1) + 5
    obs.index = [f"c{i}" for i in range(40)]
    return ad.AnnData(counts, obs=obs, var=pd.DataFrame(index=[f"g{i}" for i in range(8)]))


def sliced(tmp_path, adata, genes, **options) -> tuple[list[str], ad.AnnData]:
    adata.write_h5ad(tmp_path / "source.h5ad")
    paths = tmp_path / "source.h5ad", tmp_path / "sliced.h5ad"
    absent = slice_h5ad(*paths, genes, **({"labels": LABELS, "symbol_map": {}} | options))
    return absent, ad.read_h5ad(tmp_path / "sliced.h5ad")


@pytest.mark.parametrize("layout", [np.asarray, csr_matrix, csc_matrix])
def test_a_slice_has_the_panel_in_order_zeros_for_absent_genes_and_the_whole_library(tmp_path, layout, monkeypatch):
    monkeypatch.setattr(sparse, "BLOCK_BYTES", 150)
    absent, cells = sliced(tmp_path, screen(layout(COUNTS)), ["g5", "NO", "g0", "NEW"], symbol_map={"NEW": "g7"})
    assert absent == ["NO"] == list(cells.uns["slice"]["absent"])
    assert cells.var_names.tolist() == ["g5", "NO", "g0", "NEW"]
    expected = COUNTS[:, [5, 0, 0, 7]] * [1, 0, 1, 1]
    assert (cells.X.toarray() == expected).all() and cells.X.dtype == np.int32 and (cells.X.data > 0).all()
    assert cells.X.has_canonical_format
    assert np.array_equal(cells.obs["library_size"], COUNTS.sum(1))
    assert cells.obs["condition"].tolist() == screen().obs["condition"].tolist()


def test_a_slice_of_some_rows_keeps_only_their_labels(tmp_path):
    _, cells = sliced(tmp_path, screen(csr_matrix(COUNTS)), ["g1"], rows=np.arange(3, 20, 4))
    assert cells.obs_names.tolist() == ["c3", "c7", "c11", "c15", "c19"]
    assert (cells.X.toarray() == COUNTS[3:20:4, [1]]).all()
    assert list(cells.obs["condition"].cat.categories) == ["Untreated"]


def test_a_stated_library_is_taken_and_held_to_the_counts(tmp_path):
    _, cells = sliced(tmp_path, screen(), ["g1"], library_column="total")
    assert np.array_equal(cells.obs["library_size"], COUNTS.sum(1) + 5)
    adata = screen()
    for wrong in (0.5, np.nan):
        adata.obs["total"] = wrong
        with pytest.raises(UserError, match="less than its counts"):
            sliced(tmp_path, adata, ["g1"], library_column="total")


def test_counts_are_found_in_x_a_layer_or_raw(tmp_path):
    adata = screen(np.log1p(COUNTS))
    adata.raw = screen(csr_matrix(COUNTS))
    assert (sliced(tmp_path, adata, ["g1"])[1].X.toarray() == COUNTS[:, [1]]).all()
    adata.layers["counts"] = 2 * COUNTS
    assert (sliced(tmp_path, adata, ["g1"])[1].X.toarray() == 2 * COUNTS[:, [1]]).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"labels": {"perturbation": "target"}}, "obs has no column 'target'; its columns are 'condition', "),
        ({"genes": ["X", "Y"]}, "none of the 2 panel genes .'X', .... is in var, which has 'g0'"),
        ({"key": "layers/counts"}, "it has none of layers/counts"),
        ({"library_column": "n"}, "obs has no column 'n' .config key library_column"),
        ({"gene_column": "symbol"}, "var has no column 'symbol'"),
    ],
)
def test_a_mistake_is_named_and_leaves_no_file(tmp_path, options, message):
    with pytest.raises(UserError, match=message):
        sliced(tmp_path, screen(), **({"genes": ["g1"]} | options))
    assert [path.name for path in tmp_path.iterdir()] == ["source.h5ad"]


def test_a_value_that_is_no_count_deep_in_the_file_leaves_no_file(tmp_path):
    counts = COUNTS.copy()
    counts[37, 2] = 0.25
    with pytest.raises(UserError, match="at cell 'c37'"):
        sliced(tmp_path, screen(counts), ["g1"])
    assert [path.name for path in tmp_path.iterdir()] == ["source.h5ad"]


@given(st.lists(st.integers(0, 12), max_size=8), st.integers(1, 40), st.sampled_from(["gzip", "lzf", None]))
@settings(max_examples=30, deadline=None)
def test_blocks_written_one_by_one_are_read_as_one_matrix(tmp_path_factory, sizes, chunk, compression):
    path = tmp_path_factory.mktemp("w") / "w.h5ad"
    generator = np.random.default_rng(0)
    blocks = [csr_matrix(generator.poisson(0.5, (size, 6)).astype(np.int32)) for size in sizes]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(streaming, "CHUNK", chunk)
        writer = Writer(path, 6, compression=compression)
        for block in blocks:
            writer.append(block)
        obs = pd.DataFrame(index=[f"c{i}" for i in range(sum(sizes))])
        writer.finish(obs, list("abcdef"), {"about": {"name": "x"}})
    cells = ad.read_h5ad(path)
    whole = np.concatenate([np.zeros((0, 6)), *(block.toarray() for block in blocks)])
    assert np.array_equal(cells.X.toarray(), whole) and cells.uns["about"]["name"] == "x"
    assert cells.var_names.tolist() == list("abcdef")


def test_a_scratch_file_is_gone_afterwards(tmp_path):
    with scratch(tmp_path / "out.h5ad") as path:
        writer = Writer(path, 8, compression=None)
        writer.append(csr_matrix(COUNTS.astype(np.int32)))
        writer.end()
        back = list(writer.blocks(np.array([1, 5, 6])))
        assert (np.concatenate([block.toarray() for block in back]) == COUNTS[[1, 5, 6]]).all()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("form", [np.asarray, csr_matrix])
def test_a_pass_tells_cells_and_megabytes(capsys, form):
    progress = passing("file", 10)
    passed(progress, form(np.ones((5, 2), np.float32)))
    assert capsys.readouterr().out == ""
    passed(progress, form(np.ones((5, 2), np.float32)))
    assert re.fullmatch(r"file: cells 10/10  .+/s, \d+ MB/s  00:00 gone, 00:00 left\n", capsys.readouterr().out)


GROW = """
import re, sys
from pathlib import Path
from expressionvae.data.streaming import slice_h5ad
slice_h5ad(sys.argv[1], sys.argv[2], ["g1", "g2"], labels={}, symbol_map={})
print(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
"""


@pytest.mark.slow
def test_memory_does_not_grow_with_the_file(tmp_path):
    """Three times the cells (190 MB more) take less than 40 MB more, once HDF5's caches are full."""
    peaks = []
    for cells in (30_000, 90_000):
        counts = csr_matrix((np.ones(cells * 400, np.float32), np.tile(np.arange(400, dtype=np.int32), cells),
                             np.arange(cells + 1) * 400), shape=(cells, 500))  # fmt: skip
        var = pd.DataFrame(index=[f"g{i}" for i in range(500)])
        ad.AnnData(counts, obs=pd.DataFrame(index=[f"c{i}" for i in range(cells)]), var=var).write_h5ad(tmp_path / "s")
        run = [sys.executable, "-c", GROW, str(tmp_path / "s"), str(tmp_path / "o")]
        done = subprocess.run(run, capture_output=True, text=True, check=True)
        peaks.append(int(done.stdout.splitlines()[-1]) * 1024)
    assert peaks[1] - peaks[0] < 40e6, peaks
