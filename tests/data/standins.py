"""Small stand-ins of the published files: their names, layout, dtypes and quirks, with made-up counts.

What is copied from the real ones: Replogle and Nadig's files are dense float32, uncompressed (their sizes in bytes
say so), one Ensembl id a gene and its symbol in `gene_name` (some symbols twice, some outdated), a different gene set
a line, cells of one barcode in several lines; Parse's are sparse, all donors in one file, and the small one has raw
counts on a panel of its own; the reversion screen's conditions are Treated and Untreated.
"""

import gzip
import hashlib
import json
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import yaml
from scipy.sparse import csr_matrix

LINES = ("k562", "rpe1", "hepg2", "jurkat")
PANEL = ["MARS", "CCNE2", "KIF20A", "HMOX1", "H2AFZ", "CDK1", "TOP2A", "GAPDH", "ACTB"]
TARGETS = ["CDK1", "KIF20A", "AARS", "MARS", "TOP2A", "CCNE2"]  # MARS is outdated: the files have MARS1
HELDOUT = ["CDK1", "MARS"]
PARSE_PANEL = [f"GENE{i}" for i in range(12)]
SMALL_PANEL = [*PARSE_PANEL[:8], "ANKRD36BP2-1", "ENSG00000291230", "GENE20", "GENE21"]  # of the small file: another
CYTOKINES = ["IL-2", "IL-4", "IFN-gamma", "PBS"]
TYPES = ["CD4 Naive", "NK", "B Naive"]
DONORS = ["Donor1", "Donor10", "Donor2"]


def replogle_line(line: str, per_target: int = 12, controls: int = 40) -> ad.AnnData:
    """One cell line: knocked-down targets, one that is not, one that is not measured."""
    rng = np.random.default_rng(LINES.index(line))
    own = [f"{line.upper()}ONLY{i}" for i in range(3 + LINES.index(line))]
    symbols = [*rng.permutation(["MARS1", *TARGETS[:3], *TARGETS[4:], *PANEL[3:9], "NOPE"]), *own]
    symbols = [*dict.fromkeys(symbols), "ACTB"]  # a symbol of two Ensembl ids
    labels = [*TARGETS[:3], "MARS", *TARGETS[4:], "NOPE", "UNMEASURED"]
    gene = np.repeat(["non-targeting", *labels], [controls] + [per_target] * len(labels))
    mean = rng.gamma(3.0, 10.0, len(symbols))[None, :] * np.ones((len(gene), 1))
    for name in labels:
        measured = {"MARS": "MARS1"}.get(name, name)
        if measured in symbols:
            mean[gene == name, symbols.index(measured)] *= 0.9 if name == "NOPE" else 0.03
    counts = rng.poisson(mean).astype(np.float32)
    obs = pd.DataFrame(
        {
            "gem_group": rng.integers(1, 48, len(gene)),
            "gene": pd.Categorical(gene),
            "gene_id": pd.Categorical(np.where(gene == "non-targeting", "non-targeting", "ENSG00000000001")),
            "mitopercent": rng.uniform(0, 0.2, len(gene)),
            "UMI_count": counts.sum(1),
        },
        index=pd.Index([f"BARCODE{i:04d}-{i % 40 + 1}" for i in range(len(gene))], name="cell_barcode"),
    )
    obs = obs.sample(frac=1, random_state=0)  # cells of a target lie scattered
    var = pd.DataFrame(
        {"gene_name": symbols, "chr": pd.Categorical(["chr1"] * len(symbols)), "mean": counts.mean(0)},
        index=pd.Index([f"ENSG{i:011d}" for i in range(len(symbols))], name="gene_id"),
    )
    order = [int(name[7:11]) for name in obs.index]
    return ad.AnnData(counts[order], obs=obs, var=var)


def parse_atlas(genes: list[str]) -> ad.AnnData:
    """All donors: 10 cells of every donor, cell type and cytokine, scattered."""
    rng = np.random.default_rng(0)
    index = pd.MultiIndex.from_product(
        [DONORS, TYPES, CYTOKINES, range(10)], names=["donor", "cell_type", "cytokine", "n"]
    )
    obs = index.to_frame(index=False)[["donor", "cell_type", "cytokine"]].sample(frac=1, random_state=0)
    whole = csr_matrix(rng.poisson(0.8, (len(obs), 40)).astype(np.float32))
    obs["sample"] = obs["donor"] + "_" + obs["cytokine"]
    obs = obs.astype("category")
    obs["tscp_count"] = np.asarray(whole.sum(1)).ravel()
    obs.index = [f"{i:02d}_{i % 7:02d}__s{i % 2}" for i in range(len(obs))]
    counts = csr_matrix(whole[:, : len(genes)])
    screen = ad.AnnData(counts, obs=obs, var=pd.DataFrame(index=genes))
    screen.obsm["X_pca"] = rng.normal(size=(len(obs), 5)).astype(np.float32)
    return screen


def reversion_screen() -> ad.AnnData:
    """Endothelial CRISPRi under two cytokines: targets and two control labels, treated and not."""
    rng = np.random.default_rng(0)
    targets = ["TRADD", "JUNB", "CDK1", "GAPDH", "SAFE_TARGET", "NO-TARGET"]
    conditions = ["Treated", "Untreated"]
    index = pd.MultiIndex.from_product([targets, conditions, range(12)], names=["gene_target", "condition", "n"])
    obs = index.to_frame(index=False)[["gene_target", "condition"]].astype("category")
    obs.index = [f"c{i}" for i in range(len(obs))]
    counts = csr_matrix(rng.poisson(1.0, (len(obs), 9)).astype(np.float32))
    var = pd.DataFrame(index=["JUNB", "TRADD", *PANEL[1:8]])
    return ad.AnnData(counts, obs=obs, var=var)


def uniprot() -> str:
    """The proteome: reviewed sequences by current symbol."""
    symbols = [{"MARS": "MARS1", "AARS": "AARS1"}.get(target, target) for target in TARGETS]
    return "".join(
        f">sp|P{i:05d}|{symbol}_HUMAN Protein OS=Homo sapiens OX=9606 GN={symbol} PE=1 SV=1\nMKL{'VEEP' * (i + 1)}\n"
        for i, symbol in enumerate(symbols)
    )


def published(folder: Path) -> dict[str, Path]:
    """Write all stand-ins under the names that the list of downloads gives them; file name -> path."""
    folder.mkdir(parents=True, exist_ok=True)
    names = {
        "k562": "K562_essential_raw_singlecell_01.h5ad",
        "rpe1": "rpe1_raw_singlecell_01.h5ad",
        "hepg2": "GSE264667_hepg2_raw_singlecell_01.h5ad",
        "jurkat": "GSE264667_jurkat_raw_singlecell_01.h5ad",
    }
    for line, name in names.items():
        replogle_line(line).write_h5ad(folder / name)
    parse_atlas(SMALL_PANEL).write_h5ad(folder / "adata_for_cellflow_datasets_with_embeddings.h5ad", compression="gzip")
    parse_atlas([f"GENE{i}" for i in range(40)]).write_h5ad(folder / "Parse_10M_PBMC_cytokines.h5ad")
    reversion_screen().write_h5ad(folder / "reversion.h5ad")
    (folder / "UP000005640_9606.fasta.gz").write_bytes(gzip.compress(uniprot().encode()))
    splits = {
        "replogle_train": (PANEL, {"cell_line": sorted(LINES), "gene": [*TARGETS, "non-targeting"]}),
        "replogle_test": (PANEL, {"cell_line": ["hepg2"], "gene": HELDOUT}),
        "parse1m_train": (PARSE_PANEL, {"cell_type": TYPES, "cytokine": CYTOKINES}),
        "parse1m_test": (PARSE_PANEL, {"cell_type": ["CD4 Naive"], "cytokine": ["IL-4"]}),
    }
    for name, (genes, labels) in splits.items():
        (folder / f"{name}.json").write_text(json.dumps({"genes": genes, "labels": labels, "dataset": name[:-6]}))
    return {path.name: path for path in folder.iterdir()}


def address_list(entries: dict, files: dict[str, Path], site: str) -> dict:
    """The project's list of downloads, with this machine's addresses and what is true of the stand-ins."""
    changed = {}
    for name, entry in entries.items():
        entry = {key: value for key, value in entry.items() if key not in ("bytes", "md5", "sha256", "release_url")}
        path = files.get(entry["file"])
        if path:
            content = path.read_bytes()
            entry |= {"url": f"{site}/{path.name}", "bytes": len(content), "md5": hashlib.md5(content).hexdigest()}
            entry.pop("api", None)
        facts = {"cells": None, "genes": None, "controls": None, "donor_cells": None}
        if path and path.suffix == ".h5ad" and name.startswith(("replogle", "parse")):
            screen = ad.read_h5ad(path, backed="r")
            facts["genes"] = screen.n_vars
            if name.startswith("replogle"):
                controls = int((screen.obs["gene"] == "non-targeting").sum())
                facts |= {"cells": screen.n_obs, "controls": controls}
            else:
                facts["donor_cells"] = int((screen.obs["donor"] == "Donor1").sum())
            screen.file.close()
        changed[name] = entry | facts
    return changed


def write_list(path: Path, entries: dict) -> Path:
    path.write_text(yaml.safe_dump(entries))
    return path
