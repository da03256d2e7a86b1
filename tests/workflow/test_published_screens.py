"""From a web server to train.h5ad and heldout.h5ad, on stand-ins of the published screens."""

import os
import re
import shutil

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import yaml

from expressionvae.data.download_list import read_downloads
from tests.conftest import REPOSITORY
from tests.data import standins
from tests.data.serving import Site, serving
from tests.workflow.conftest import call

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A folder to work in, a site that serves the stand-ins, and arguments that point at it."""
    folder = tmp_path_factory.mktemp("world")
    files = standins.published(folder / "served")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NO_PROXY", "127.0.0.1")
        with serving(Site({f"/{name}": path.read_bytes() for name, path in files.items()})) as site:
            listed = standins.address_list(read_downloads(REPOSITORY / "resources/downloads.yaml"), files, site.url)
            yield folder, site, files, listed


def run(world, *targets, **config):
    folder, _, _, listed = world
    overlay = {"data_dir": str(folder / "data"), "downloads": str(standins.write_list(folder / "list.yaml", listed))}
    overlay["datasets"] = {"replogle": {"min_cells": 5}, "parse1m": {"min_cells": 5}}
    screen = {"min_cells": 12} | config.pop("reversion", {})
    overlay["reversion"] = {"screens": {"wong2026": screen}}
    for dataset, changes in config.items():
        overlay["datasets"][dataset] |= changes
    (folder / "overlay.yaml").write_text(yaml.safe_dump(overlay))
    flags, files = [t for t in targets if t.startswith("--")], [t for t in targets if not t.startswith("--")]
    return call(folder, "--cores", "2", *flags, "--configfile", folder / "overlay.yaml", "--", *files)


def parts(world, dataset):
    return [ad.read_h5ad(world[0] / "results" / dataset / f"{part}.h5ad") for part in ("train", "heldout")]


def test_replogle_from_the_web_to_train_and_heldout(world):
    folder, site, files, _ = world
    site.cut = [2000]  # the first connection breaks
    done = run(world, "results/replogle/heldout.h5ad", "results/replogle/quality.png")
    assert done.returncode == 0, done.stderr[-3000:]
    train, heldout = parts(world, "replogle")
    assert train.var_names.tolist() == standins.PANEL == heldout.var_names.tolist()
    assert set(heldout.obs["cell_type"]) == {"hepg2"} and set(heldout.obs["perturbation"]) == set(standins.HELDOUT)
    assert (train.obs["perturbation"] == "non-targeting").sum() == 160
    here = train.obs[train.obs["cell_type"] == "hepg2"]
    assert not set(here["perturbation"]) & set(standins.HELDOUT)
    assert {"NOPE", "UNMEASURED"}.isdisjoint(train.obs["perturbation"])
    raw = ad.read_h5ad(files["GSE264667_hepg2_raw_singlecell_01.h5ad"])
    cells = raw[heldout.obs_names.str.removeprefix("hepg2-")]
    assert np.array_equal(heldout.obs["library_size"], cells.X.sum(1))
    assert np.array_equal(
        heldout[:, "CDK1"].X.toarray().ravel(), cells.X[:, list(cells.var["gene_name"]).index("CDK1")]
    )
    assert np.array_equal(
        heldout[:, "MARS"].X.toarray().ravel(), cells.X[:, list(cells.var["gene_name"]).index("MARS1")]
    )
    for part in (train, heldout):
        for line, here in part.obs.groupby("cell_type", observed=True):
            everyone = pd.concat([train.obs, heldout.obs])
            assert (
                here["median_library"] == everyone.loc[everyone["cell_type"] == line, "library_size"].median()
            ).all()
    assert (folder / "results/replogle/quality.png").stat().st_size > 10_000
    log = (folder / "logs/assemble_replogle/replogle.log").read_text()
    assert re.search(r"cells \d+/\d+  \S+/s", log)
    assert "with residual_scale raw (in use): 2 of 2 held-out targets survive in hepg2" in log


def test_parse_from_the_big_file_when_the_small_one_has_another_panel(world):
    done = run(world, "results/parse1m/heldout.h5ad", "results/parse1m/quality.png")
    assert done.returncode == 0, done.stderr[-3000:]
    train, heldout = parts(world, "parse1m")
    assert (len(train), len(heldout)) == (110, 10) and set(train.obs["cell_type"]) == set(standins.TYPES)
    assert set(heldout.obs["perturbation"]) == {"IL-4"} and set(heldout.obs["cell_type"]) == {"CD4 Naive"}
    big = ad.read_h5ad(world[2]["Parse_10M_PBMC_cytokines.h5ad"])[heldout.obs_names]
    assert set(big.obs["donor"]) == {"Donor1"}
    assert (heldout.X.toarray() == big[:, heldout.var_names].X.toarray()).all()
    assert np.array_equal(heldout.obs["library_size"], big.obs["tscp_count"])
    log = (world[0] / "logs/find_parse1m_counts/parse1m.log").read_text()
    assert "lacks 4 of the 12 genes of the panel, to be set to 0: GENE8, GENE9, GENE10, GENE11" in log.replace(
        "\n", " "
    )
    assert "so the counts come from the full file" in log


def test_reversion_from_the_web_to_a_panel(world):
    folder = world[0]
    wanted = "results/replogle/reversion-wong2026.h5ad"
    done = run(world, wanted)
    assert done.returncode == 0, done.stderr[-3000:]
    sliced = ad.read_h5ad(folder / wanted)
    assert list(sliced.uns["slice"]["absent"]) == ["MARS", "ACTB"]
    assert sliced.shape == (120, len(standins.PANEL)) and sliced[:, "MARS"].X.nnz == 0
    assert "SAFE_TARGET" in set(sliced.obs["target"]) and "NO-TARGET" not in set(sliced.obs["target"])
    assert list(sliced.uns["reversion"]["treated"]) == ["Treated"]


def test_a_published_file_that_another_has_replaced_is_noticed_and_a_citation_is_not(world):
    folder, _, _, listed = world
    file = folder / "data" / listed["reversion"]["file"]
    kept, wanted = file.with_suffix(".kept"), "results/replogle/reversion-wong2026.h5ad"
    shutil.copy2(file, kept)
    try:
        assert "Nothing to be done" in run(world, "--dry-run", wanted).stdout
        os.utime(file, (1e9, 1e9))  # as long, and older than what was made of the first
        plan = run(world, "--dry-run", wanted).stdout
    finally:
        shutil.move(kept, file)
    assert "rule slice_reversion:" in plan and "rule fetch:" not in plan
    told = {"citation": "x", "licence": "y", "url": "https://elsewhere.invalid/file"}
    changed = {name: {**entry, **told} for name, entry in listed.items()}
    assert "Nothing to be done" in run((*world[:3], changed), "--dry-run", wanted).stdout
    plan = run((*world[:3], changed | {"reversion": {**listed["reversion"], "bytes": 7}}), "--dry-run", wanted).stdout
    assert "rule fetch:" in plan


def test_a_reversion_screen_with_another_control_is_refused_by_name(world):
    wanted = "results/replogle/reversion-wong2026.h5ad"
    done = run(world, wanted, reversion={"control": "SAFE"})
    assert done.returncode != 0 and not (world[0] / wanted).exists()
    assert "no cell has the control label 'SAFE' (config key control) in obs column 'gene_target'" in done.stderr


def test_download_fetches_all_and_nothing_else(world):
    folder, site, files, listed = world
    for name in [name for name, entry in listed.items() if not entry["url"].startswith(site.url)]:  # weights of models
        site.files[f"/{name}"] = name.encode()
        listed[name] |= {"url": f"{site.url}/{name}"}
    done = run(world, "download")
    assert done.returncode == 0, done.stderr[-3000:]
    here = {path.name for path in (folder / "data").iterdir() if not path.name.endswith(".origin.yaml")}
    assert here == {entry["file"] for entry in listed.values()}
    assert len(list((folder / "results/downloads").iterdir())) == len(listed)
    before = len(site.asked)
    assert "Nothing to be done" in run(world, "download").stderr and len(site.asked) == before


def test_files_that_a_cluster_has_are_verified_and_never_fetched(world, tmp_path):
    folder, site, files, _ = world
    before = len(site.asked)
    elsewhere = call(
        tmp_path, "--cores", "2", "--configfile", folder / "overlay.yaml",
        "--config", f"data_dir={folder / 'served'}", "--", "results/replogle/train.h5ad",
    )  # fmt: skip
    assert elsewhere.returncode == 0, elsewhere.stderr[-3000:]
    assert len(site.asked) == before
    record = yaml.safe_load((tmp_path / "results/downloads/rpe1_raw_singlecell_01.h5ad.yaml").read_text())
    assert record["path"] == str(folder / "served" / "rpe1_raw_singlecell_01.h5ad")


def test_a_file_with_another_number_of_cells_stops_with_the_difference(world, tmp_path):
    folder, site, files, listed = world
    changed = standins.write_list(
        tmp_path / "list.yaml", listed | {"replogle_hepg2": listed["replogle_hepg2"] | {"cells": 7}}
    )
    done = call(
        tmp_path, "--cores", "2", "--configfile", folder / "overlay.yaml",
        "--config", f"data_dir={folder / 'served'}", f"downloads={changed}", "--", "results/replogle/train.h5ad",
    )  # fmt: skip
    assert done.returncode == 1
    assert "GSE264667_hepg2_raw_singlecell_01.h5ad has 136 cells, expected 7" in done.stderr
    assert pd.Series([path.name for path in (tmp_path / "results/replogle").rglob("*.h5ad")]).empty


def test_a_file_of_another_size_stops_or_is_reported_as_its_datasets_wish(world, tmp_path):
    folder, site, files, listed = world
    name = "rpe1_raw_singlecell_01.h5ad"
    changed = standins.write_list(
        tmp_path / "list.yaml", listed | {"replogle_rpe1": listed["replogle_rpe1"] | {"bytes": 7, "md5": "0" * 32}}
    )
    (tmp_path / "report.yaml").write_text(yaml.safe_dump({"datasets": {"replogle": {"on_difference": "report"}}}))
    record = tmp_path / "results/downloads" / f"{name}.yaml"

    def ask(*overlays):
        return call(
            tmp_path, "--cores", "1", "--configfile", folder / "overlay.yaml", *overlays,
            "--config", f"data_dir={folder / 'served'}", f"downloads={changed}", "--", f"results/downloads/{name}.yaml",
        )  # fmt: skip

    done = ask()
    size = files[name].stat().st_size
    assert done.returncode == 1 and not record.exists()
    assert f"it has {size:,} bytes, expected 7" in done.stderr and "on_difference: report" in done.stderr
    done = ask(tmp_path / "report.yaml")
    assert done.returncode == 0, done.stderr[-3000:]
    known = yaml.safe_load(record.read_text())
    assert known["bytes"] == size and known["stated"] == {"bytes": 7, "md5": "0" * 32}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"file": "../escaped.h5ad"}, "entry 'replogle_rpe1': file is '../escaped.h5ad'; expected the plain name"),
        ({"sha265": "0" * 64}, "entry 'replogle_rpe1': unknown key 'sha265' (did you mean 'sha256'?"),
    ],
)
def test_a_faulty_list_of_downloads_stops_before_any_job(world, tmp_path, change, message):
    folder, site, _, listed = world
    before = len(site.asked)
    changed = standins.write_list(tmp_path / "list.yaml", listed | {"replogle_rpe1": listed["replogle_rpe1"] | change})
    done = call(
        tmp_path, "--cores", "1", "--configfile", folder / "overlay.yaml",
        "--config", f"downloads={changed}", f"data_dir={tmp_path / 'data'}", "--", "download",
    )  # fmt: skip
    assert done.returncode == 1 and message in done.stderr and len(site.asked) == before
    assert not (tmp_path.parent / "escaped.h5ad").exists() and not (tmp_path / "data").exists()
