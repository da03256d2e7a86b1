"""Whatever happens to a file of ours, its reader says so in one line, or reads what was written."""

import contextlib
import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anndata as ad
import h5py
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import torch
import yaml

from expressionvae.files import AGAIN, RESTORE, SEAL_BYTES, UserError
from expressionvae.nn.store import TRAINED_ANEW
from expressionvae.proteins.perturbations import Perturbations
from expressionvae.vae import build as vaes
from tests import ours
from tests.damages import flipped

FLIPS = 60


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> dict[str, ours.Ours]:
    return ours.write(tmp_path_factory.mktemp("ours"))


NAMES = [
    "train.h5ad", "train-whole.h5ad", "labels.h5ad", "truth.h5ad", "query.csv", "cells.h5ad", "cell_types.npz",
    "reversion.h5ad",
    "bins.json", "perturbations.npz", "proteins.npz", "latents.npz", "latents-gaussian.npz", "sampled-codes.npz",
    "sampled-means.npz", "effects.npz", "vae.pt", "prior.pt", "truth_de.parquet", "losses.csv", "0.distribution.csv",
    "0.effects.csv",
    "table1.scores.csv", "richness.csv", "reversion.csv", "figure3.csv", "bin_coverage.json", "libraries.csv",
    "counts_in.yaml", "page.md", "record.yaml", "data.bin.origin.yaml", "downloads.yaml", "costs.yaml", "table1.csv",
    "table2.csv", "symbols.tsv", "score.tsv",
]  # fmt: skip
PROVEN = (".h5ad", ".npz", ".pt", ".parquet")  # formats that can tell one flipped bit; and bins.json


def test_the_list_of_files_is_whole(made):
    assert list(made) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_whole_file_is_read(made, name):
    made[name].read(made[name].path)


def other_content(path: Path) -> None:
    """A file of the same format that is about something else."""
    how: dict[str, Callable[[Path], Any]] = {
        ".h5ad": lambda path: ad.AnnData(np.ones((2, 2), np.float32)).write_h5ad(path),
        ".npz": lambda path: np.savez(path, x=np.arange(3)),
        ".pt": lambda path: torch.save({"x": torch.zeros(3)}, path),
        ".parquet": lambda path: pd.DataFrame({"x": [1, 2]}).to_parquet(path),
        ".csv": lambda path: path.write_text("x,y\n1,2\n"),
        ".tsv": lambda path: path.write_text("x\n1\n"),
        ".json": lambda path: path.write_text('{"x": 1}\n'),
        ".yaml": lambda path: path.write_text("x: 1\n"),
    }
    how[path.suffix](path)


def without_a_key(path: Path) -> None:
    """The same file without one of its keys or columns, but with everything that proves it to be whole."""
    if path.suffix == ".h5ad":
        with h5py.File(path, "r+") as file:
            del file["uns"], file["obs/_index"]
        with open(path, "r+b") as file:
            file.write(bytes(SEAL_BYTES))
    elif path.suffix == ".npz":
        with np.load(path) as file:
            arrays = dict(file)
        np.savez(path, **{name: arrays[name] for name in list(arrays)[1:]})
    elif path.suffix == ".pt":
        torch.save({key: value for key, value in torch.load(path).items() if key != "weights"}, path)
    elif path.suffix == ".parquet":
        pq.write_table(pq.read_table(path).drop_columns(["fdr"]), path)
    elif path.suffix in (".csv", ".tsv"):
        sep = "," if path.suffix == ".csv" else "\t"
        text = pd.read_csv(path, sep=sep, dtype=str, keep_default_na=False)
        text.iloc[:, 1:].to_csv(path, sep=sep, index=False)
    else:
        load, dump = (json.loads, json.dumps) if path.suffix == ".json" else (yaml.safe_load, yaml.safe_dump)
        content = load(path.read_text(encoding="utf-8"))
        key = {"downloads.yaml": "url", "costs.yaml": "devices", "counts_in.yaml": "file"}.get(path.name)
        key = key or next(name for name in ("mean", "share", "sha256", "bytes") if name in content)
        del (next(iter(content.values())) if path.name == "downloads.yaml" else content)[key]
        path.write_text(dump(content))


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


DAMAGES: dict[str, Callable[[Path], Any]] = {
    "missing": lambda path: path.unlink(),
    "empty": lambda path: path.write_bytes(b""),
    "hello": lambda path: path.write_text("hello"),
    "hello, a line": lambda path: path.write_text("hello\n"),
    "cut in half": cut,
    "random bytes": lambda path: path.write_bytes(np.random.default_rng(0).bytes(2000)),
    "a pickle": lambda path: path.write_bytes(pickle.dumps({"blueprint": Path("x")})),
    "a list": lambda path: path.write_text("[1, 2]\n"),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
    "other content": other_content,
    "a missing key": without_a_key,
}
# What such a file is not damaged by: any text is a page, and a table of symbols may be of any length; no jobs were
# measured; a list of downloads may end early.
HARMLESS = {
    ("page.md", "hello"), ("page.md", "hello, a line"), ("page.md", "cut in half"), ("page.md", "a list"),
    ("symbols.tsv", "cut in half"), ("score.tsv", "missing"), ("data.bin.origin.yaml", "missing"),
    ("score.tsv", "a folder"), ("data.bin.origin.yaml", "a folder"),
}  # fmt: skip
UNASKED = {("page.md", damage) for damage in ("other content", "a missing key")} | {("symbols.tsv", "a missing key")}


# The way out of which is another: predicted cells may be anybody's, and what a list of downloads lacks is its owner's.
TOLD = {("cells.h5ad", "other content"), ("record.yaml", "cut in half"), ("downloads.yaml", "a missing key")}
TOLD |= {("downloads.yaml", "cut in half")}


def ours_remedies(name: str) -> tuple[str, ...]:
    """What to do, as the last words of the message."""
    if name in ("table1.csv", "table2.csv", "costs.yaml", "symbols.tsv"):
        return (RESTORE,)
    if name.endswith(".pt"):
        return (TRAINED_ANEW,)
    own = {"downloads.yaml": "resources/downloads.yaml is one", "score.tsv": "what that job took is then not counted"}
    return (own.get(name, AGAIN), "data.bin is held to what it is at the next download")


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", NAMES)
def test_a_damaged_file_is_named_in_one_line(made, name, damage):
    if (name, damage) in HARMLESS | UNASKED:
        pytest.skip("nothing that could be noticed")
    said = refusal(made[name], DAMAGES[damage])
    lines = said.count("\n") if (name, damage) not in TOLD else 0  # a list of mistakes has a line for each
    assert str(made[name].path) in said and not lines and "weights_only" not in said, said
    if damage != "missing" and (name, damage) not in TOLD:
        assert said.endswith(ours_remedies(name)), said


@contextlib.contextmanager
def restored(path: Path):
    """The file is as it was afterwards."""
    whole = path.read_bytes()
    try:
        yield whole
    finally:
        if path.is_dir():
            path.rmdir()
        path.write_bytes(whole)


def refusal(file: ours.Ours, damage: Callable[[Path], Any]) -> str:
    with restored(file.path):
        damage(file.path)
        with pytest.raises(UserError) as refused:
            file.read(file.path)
    return str(refused.value)


def arrays(**changes: Callable[[np.ndarray], np.ndarray]) -> Callable[[Path], None]:
    """An .npz with some arrays changed."""

    def change(path: Path) -> None:
        with np.load(path) as file:
            found = dict(file)
        np.savez(path, **found | {name: make(found[name]) for name, make in changes.items()})

    return change


def frame(change: Callable[[pd.DataFrame], pd.DataFrame]) -> Callable[[Path], None]:
    """A CSV whose rows or columns are changed."""
    return lambda path: change(pd.read_csv(path, keep_default_na=False)).to_csv(path, index=False)


def text(old: str, new: str) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new, 1))

    return change


def unsealed(name: str, value: float) -> Callable[[Path], None]:
    """An h5ad of another program, with a first value that cannot be."""

    def change(path: Path) -> None:
        with h5py.File(path, "r+") as file:
            values = file[name][:]
            del file[name]
            file[name] = np.concatenate([[value], values[1:]]).astype(values.dtype)
            for key, stated in {"encoding-type": "array", "encoding-version": "0.2.0"}.items():
                file[name].attrs[key] = stated
        with open(path, "r+b") as file:
            file.write(bytes(SEAL_BYTES))

    return change


def model(change: Callable[[dict], Any]) -> Callable[[Path], None]:
    def changed(path: Path) -> None:
        payload = torch.load(path)
        change(payload)
        torch.save(payload, path)

    return changed


def parquet(column: str, value: float) -> Callable[[Path], None]:
    return lambda path: pd.read_parquet(path).assign(**{column: value}).to_parquet(path)


WRONG = {  # files of the right form with content that cannot be: name, change, what is said of it
    "a code beyond the codebook": ("latents.npz", arrays(values=lambda x: x + 8), "it holds the code 15, of 8"),
    "codes with a point": ("latents.npz", arrays(values=lambda x: x / 2), "its values are no codes"),
    "a label that there is not": ("latents.npz", arrays(cell_type=lambda x: x - 1), "cell_type numbers labels that it"),
    "fewer libraries": ("latents.npz", arrays(panel_library=lambda x: x[1:]), "panel_library is not one size a cell"),
    "no library": ("latents.npz", arrays(panel_library=lambda x: x * np.nan), "panel_library is not one size a cell"),
    "another control": ("latents.npz", arrays(control=lambda x: np.array("NT")), "control 'NT' is none of its labels"),
    "no cell": ("latents.npz", arrays(values=lambda x: x[:0]), "it holds no cell"),
    "means that are none": ("latents-gaussian.npz", arrays(values=lambda x: x * np.nan), "numbers that are not finite"),
    "latents of another query": ("sampled-codes.npz", arrays(values=lambda x: x[1:]), "59 cells for a query of 60"),
    "latents of fewer tokens": ("sampled-codes.npz", arrays(values=lambda x: x[:, 1:]), "a cell has the shape (3,)"),
    "codes for means": ("sampled-means.npz", arrays(values=lambda x: x.astype(int)), "its values are no numbers"),
    "a label twice": ("perturbations.npz", arrays(labels=lambda x: x[[0, 0, 1]]), "it has no label, or one twice"),
    "a vector less": ("perturbations.npz", arrays(embedding=lambda x: x[1:]), "it has 2 vectors for 3 labels"),
    "a vector of none": ("perturbations.npz", arrays(embedding=lambda x: x * np.inf), "numbers that are not finite"),
    "a protein less": ("proteins.npz", arrays(embedding=lambda x: x[1:]), "its arrays differ in length"),
    "effects elsewhere": ("effects.npz", arrays(cell_types=lambda x: x[[1, 1]]), "it has no cell type 'T'"),
    "effects of more genes": ("effects.npz", arrays(baseline=lambda x: x[:, 1:]), "its arrays do not fit together"),
    "a type less": ("cell_types.npz", arrays(types=lambda x: x[1:]), "its bias has the shape (2, 2, 2)"),
    "weights of a gene less": ("cell_types.npz", arrays(weights=lambda x: x[..., 1:]), "its weights have the shape"),
    "weights that are none": ("cell_types.npz", arrays(weights=lambda x: x * np.nan), "numbers that are none"),
    "a judged cell less": ("cell_types.npz", arrays(half=lambda x: x[1:]), "it is about 29 cells, expected 30"),
    "a third half": ("cell_types.npz", arrays(half=lambda x: x + 1), "a cell is in no half"),
    "judges of other genes": ("cell_types.npz", arrays(genes=lambda x: x[::-1]), "it is about other genes"),
    "edges that fall": ("bins.json", text("1,", "3,"), "its lower edges do not rise from 0"),
    "another mean": ("bins.json", text("2.5", "2.25"), "its content has changed since it was written"),
    "a mean below 0": ("bins.json", text("2.5", "-2.5"), "a mean or a number of counts is none"),
    "a query of nothing": ("query.csv", frame(lambda x: x[:0]), "it asks for no cell"),
    "a cell twice": ("query.csv", frame(lambda x: x.assign(cell="c")), "it asks for a cell twice"),
    "a cell without a label": ("query.csv", frame(lambda x: x.assign(cell_type="")), "a label is missing"),
    "a cell without counts": ("query.csv", frame(lambda x: x.assign(true_library=0)), "a true_library is not above 0"),
    "a negative count": ("train.h5ad", unsealed("X/data", -1), "X holds -1"),
    "a library of none": ("train.h5ad", unsealed("obs/library_size", np.nan), "a library_size is none"),
    "a predicted NaN": ("cells.h5ad", unsealed("X/data", np.nan), "1 NaN or infinite values"),
    "weights of another size": ("vae.pt", model(lambda x: x["blueprint"].update(genes=["G"])), "size mismatch"),
    "a blueprint without a head": ("vae.pt", model(lambda x: x["blueprint"].pop("head")), "argument: 'head'"),
    "weights that lack one": ("prior.pt", model(lambda x: x["weights"].popitem()), "Missing key(s)"),
    "a probability of 2": ("truth_de.parquet", parquet("p_value", 2.0), "holds what is no probability"),
    "a probability of none": ("truth_de.parquet", parquet("fdr", np.nan), "holds what is no probability"),
    "a third split": ("losses.csv", text("validation", "test"), "split 'test' is unknown"),
    "a loss in words": ("losses.csv", text("0.2", "low"), "column 'loss' holds 'low' in line 2; expected a number"),
    "a score less": (
        "0.distribution.csv",
        frame(lambda x: x[:-1]),
        "it has 0 rows of identity_controls_true with-true",
    ),
    "half of the scores": (
        "0.effects.csv",
        frame(lambda x: x[: len(x) // 2]),
        "it has 0 rows of",
    ),
    "a score twice": ("0.effects.csv", frame(lambda x: pd.concat([x, x[:1]])), "it has 2 rows of pds paper"),
    "a score of its own": ("0.effects.csv", text("mae_lfc,paper", "mae,paper"), "it has 0 rows of mae_lfc paper"),
    "scores of -7 perturbations": ("0.effects.csv", frame(lambda x: x.assign(n_valid=-7)), "a number of cells or pert"),
    "a score in words": ("0.effects.csv", frame(lambda x: x.assign(value="high")), "column 'value' holds 'high'"),
    "a run's score less": ("table1.scores.csv", frame(lambda x: x[:-1]), "it has 0 rows of"),
    "richness below 0": ("richness.csv", text("0.5", "-0.5"), "spread is -0.5"),
    "one embedding of two": (
        "reversion.csv",
        frame(lambda x: x[:3]),
        "its rows are not those of trained and untrained",
    ),
    "more than all": ("bin_coverage.json", text("0.5", "1.5"), "share is 1.5"),
    "fewer than no cells": ("libraries.csv", frame(lambda x: x.assign(cells=-1)), "a number of cells is none"),
    "a third file": ("counts_in.yaml", text("full", "half"), "file is 'half'"),
    "a negative size": ("record.yaml", text("bytes: 4", "bytes: -4"), "bytes is -4"),
    "half a checksum": ("data.bin.origin.yaml", text("0" * 32, ""), "its sha256 or bytes is none"),
    "a device less": ("costs.yaml", text("h100:", "h1000:"), "'h100' is missing"),
    "a screen without cells": ("costs.yaml", text("train_cells: 966714, ", ""), "screen 'replogle' lacks a number"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_content_that_cannot_be_is_named(made, wrong):
    name, change, expected = WRONG[wrong]
    said = refusal(made[name], change)
    assert str(made[name].path) in said and expected in said and "\n" not in said


def test_a_model_of_other_genes_encodes_nothing(made):
    with pytest.raises(UserError, match=r"vae\.pt: .*: it was trained on other genes; delete it"):
        vaes.load(made["vae.pt"].path, ours.CPU, genes=["X"])


def test_perturbations_of_another_screen_are_named(made):
    path = made["perturbations.npz"].path
    with pytest.raises(UserError, match=r"perturbations\.npz: has no perturbation 'Z', so it is of another screen"):
        Perturbations.load(path).of(["A", "Z"], path)


@pytest.mark.parametrize("name", [name for name in NAMES if name.endswith(PROVEN) or name == "bins.json"])
def test_no_flipped_bit_is_read_as_other_content(made, name):
    file, random = made[name], np.random.default_rng(0)
    expected, wrong = plainly(file.read(file.path)), []
    with restored(file.path) as whole:
        for bit in random.integers(8 * len(whole), size=FLIPS).tolist():
            file.path.write_bytes(flipped(whole, bit))
            with contextlib.suppress(UserError):
                if plainly(file.read(file.path)) != expected:
                    wrong.append(bit)
    assert not wrong


def plainly(found: Any) -> Any:
    """Anything that a reader gives, in a form that compares by value."""
    if isinstance(found, ad.AnnData):
        parts = (found.X.toarray(), found.obs.to_csv(), found.var.to_csv(), found.uns)  # type: ignore[union-attr]
        return plainly(parts)
    if isinstance(found, torch.nn.Module):
        return plainly(found.state_dict())
    if isinstance(found, torch.Tensor | np.ndarray):
        return (str(found.dtype), tuple(found.shape), found.tolist())
    if isinstance(found, dict):
        return {key: plainly(value) for key, value in found.items()}
    if isinstance(found, list | tuple):
        return [plainly(value) for value in found]
    if hasattr(found, "write_csv"):
        return found.write_csv(), str(found.schema)
    return plainly(vars(found)) if hasattr(found, "__dict__") else found
