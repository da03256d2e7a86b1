"""Held-out combinations never reach training; both files hold the same genes."""

from functools import partial
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix

from expressionvae.data import h5ad, sparse
from expressionvae.data.heldout import published
from expressionvae.data.prepared import read
from expressionvae.data.screen import Columns
from expressionvae.data.screen_labels import Labels, read_labels
from expressionvae.data.split import prepare
from expressionvae.evaluation import truth
from expressionvae.evaluation.query import read_query
from expressionvae.files import UserError

COLUMNS = Columns("perturbation", "cell_type", None, None, None)
HELDOUT = {"cell_type": "k", "perturbations": ["A", "B"]}


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    generator = np.random.default_rng(0)
    labels = [(line, name) for line in "kr" for name in ("ctrl", "A", "B", "C") for _ in range(20)]
    obs = pd.DataFrame(labels, columns=["cell_type", "perturbation"], index=[f"c{i}" for i in range(len(labels))])
    counts = generator.poisson(0.7, (len(labels), 30))
    counts[:, 29] = 0
    counts[(obs["perturbation"] == "A").to_numpy() & (obs["cell_type"] == "k").to_numpy(), 0] += (
        100  # variable in held-out cells only
    )
    counts[::2, 1] += 20  # variable everywhere
    path = tmp_path_factory.mktemp("screen") / "screen.h5ad"
    ad.AnnData(X=csr_matrix(counts), obs=obs, var=pd.DataFrame(index=[f"g{i}" for i in range(30)])).write_h5ad(path)
    return path


def prepare_as(path, folder, **changes) -> tuple[ad.AnnData, ad.AnnData]:
    """Training and held-out cells of a screen, written to a folder."""
    options = dict(control="ctrl", embedding="learned", min_cells=5, genes=None, heldout=HELDOUT)
    options |= dict(name="demo", columns=COLUMNS) | changes
    prepare(path, folder / "train.h5ad", folder / "heldout.h5ad", **options)
    return ad.read_h5ad(folder / "train.h5ad"), ad.read_h5ad(folder / "heldout.h5ad")


def said(cells) -> dict:
    """uns["screen"], with lists."""
    return {key: value if isinstance(value, str) else list(value) for key, value in cells.uns["screen"].items()}


@pytest.fixture
def split(source, tmp_path):
    return partial(prepare_as, source, tmp_path)


def test_no_heldout_cell_or_combination_is_in_training(split):
    train, heldout = split()
    assert not set(train.obs_names) & set(heldout.obs_names)
    pairs = [set(zip(part.obs["cell_type"], part.obs["perturbation"], strict=True)) for part in (train, heldout)]
    assert pairs[1] == {("k", "A"), ("k", "B")} and not pairs[0] & pairs[1]
    assert train.n_obs + heldout.n_obs == 160


def test_controls_are_never_held_out(split):
    train, heldout = split()
    assert "ctrl" not in set(heldout.obs["perturbation"])
    assert ((train.obs["cell_type"] == "k") & (train.obs["perturbation"] == "ctrl")).sum() == 20


def test_where_nothing_is_held_out_every_cell_is_trained_on(source, tmp_path, capsys):
    train, heldout = prepare_as(source, tmp_path, heldout=None)
    assert (train.n_obs, heldout.n_obs) == (160, 0) and train.var_names.equals(heldout.var_names)
    assert said(train) == said(heldout) and said(train)["heldout_cell_types"] == []
    assert "160 training cells; nothing is held out" in capsys.readouterr().out
    assert read(tmp_path / "train.h5ad").heldout_cell_types == []
    labels = read_labels(tmp_path / "train.h5ad", tmp_path / "heldout.h5ad")
    assert labels == Labels(["A", "B", "C", "ctrl"], [], "ctrl", "learned")
    with pytest.raises(UserError, match="datasets.demo.heldout is null.*no true cells to score"):
        truth.choose(train, heldout, cells_per_perturbation=9, controls=9, seed=0)


@pytest.mark.parametrize("labels", [{"perturbations": ["A", "B"]}, {"fraction": 0.5, "seed": 0}])
def test_several_cell_types_are_held_out_together(tmp_path, labels):
    rows = [(line, name) for line in "krs" for name in ("ctrl", *"ABCD") for _ in range(12)]
    obs = pd.DataFrame(rows, columns=["cell_type", "perturbation"], index=[f"c{i}" for i in range(len(rows))])
    counts = csr_matrix(np.random.default_rng(0).poisson(1.0, (len(rows), 9)))
    ad.AnnData(counts, obs, pd.DataFrame(index=list("abcdefghi"))).write_h5ad(tmp_path / "s.h5ad")
    train, away = prepare_as(tmp_path / "s.h5ad", tmp_path, heldout={"cell_type": ["r", "k"], **labels})
    pairs = set(zip(away.obs["cell_type"], away.obs["perturbation"], strict=True))
    assert {line for line, _ in pairs} == {"k", "r"} and said(train)["heldout_cell_types"] == ["k", "r"]
    assert len(pairs) == 4 and all((line, "ctrl") not in pairs for line in "kr")
    assert not pairs & set(zip(train.obs["cell_type"], train.obs["perturbation"], strict=True))
    assert train.n_obs + away.n_obs == len(rows)
    cells = truth.choose(train, away, cells_per_perturbation=5, controls=7, seed=0)
    sizes = cells.obs.groupby(["cell_type", "perturbation"], observed=True).size()
    assert {pair: sizes[pair] for pair in pairs} == dict.fromkeys(pairs, 5)
    assert sizes["k", "ctrl"] == sizes["r", "ctrl"] == 7 and sizes.sum() == 34


def test_a_screen_of_one_file_has_the_median_of_its_training_cells(split):
    parts = split()
    median = np.median(parts[0].obs["library_size"])
    assert all((part.obs["median_library"] == median).all() for part in parts)


def test_a_screen_of_several_files_keeps_the_median_of_each(source, tmp_path):
    screen = ad.read_h5ad(source)
    screen.obs["library_size"] = np.float32(1000)
    screen.obs["median_library"] = screen.obs["cell_type"].map({"k": 500.0, "r": 2000.0}).astype(np.float32)
    screen.write_h5ad(tmp_path / "assembled.h5ad")
    paths = [tmp_path / f"{part}.h5ad" for part in ("train", "heldout")]
    options = dict(name="demo", control="ctrl", embedding="learned", min_cells=5, genes=None, heldout=HELDOUT)
    prepare(tmp_path / "assembled.h5ad", *paths, columns=Columns.of({"kind": "replogle"}), **options)
    assert set(read(paths[1]).size_factor) == {2.0}  # held-out cells are of k alone
    train = read(paths[0])
    assert {*zip(train.cell_type, train.size_factor.tolist(), strict=True)} == {("k", 2.0), ("r", 0.5)}


def test_listed_genes_are_the_panel_in_their_order(split, source):
    train, heldout = split(genes=["g7", "g0", "g20"])
    original = ad.read_h5ad(source)
    for part in (train, heldout):
        assert part.var_names.tolist() == ["g7", "g0", "g20"]
        assert (part.X.toarray() == original[part.obs_names, part.var_names].X.toarray()).all()
    sums = np.asarray(original[train.obs_names].X.sum(1)).ravel()  # over the file's genes, as ever
    assert np.array_equal(train.obs["library_size"], sums)


def test_listed_genes_that_the_file_lacks_stop_or_are_reported_as_zeros(split, tmp_path, capsys):
    wanted = ["GCLC", "g0", "LAP3", "g1"]
    with pytest.raises(UserError, match="screen.h5ad lacks 2 of the 4 genes of the panel, to be set to 0: GCLC, LAP3"):
        split(genes=wanted)
    assert not list(tmp_path.iterdir())
    train, _ = split(genes=wanted, on_difference="report")
    assert train.var_names.tolist() == wanted and train[:, ["GCLC", "LAP3"]].X.nnz == 0 and train[:, "g1"].X.nnz
    assert "WARNING: not as known of this screen:\n  screen.h5ad lacks 2" in capsys.readouterr().err
    with pytest.raises(UserError, match="has none of the 2 genes of config key genes"):
        split(genes=["GCLC", "LAP3"], on_difference="report")


def test_the_files_are_as_promised(split, source):
    original = ad.read_h5ad(source)
    for part in split():
        assert part.X.format == "csr" and part.X.dtype == np.int32 and part.X.has_sorted_indices
        assert (part.X.data > 0).all()
        assert (part.X.toarray() == original[part.obs_names].X.toarray()).all()
        assert part.var_names.equals(original.var_names)
        assert list(part.obs.columns) == ["cell_type", "perturbation", "library_size", "median_library"]
        for label in ("cell_type", "perturbation"):
            assert set(part.obs[label].cat.categories) == set(part.obs[label])
        about = dict(name="demo", control="ctrl", heldout_cell_types=["k"], embedding="learned")
        assert said(part) == about


@pytest.mark.slow
def test_variable_genes_are_chosen_on_training_cells_only(split):
    train, heldout = split(genes=5)
    assert train.n_vars == 5 and train.var_names.equals(heldout.var_names)
    assert "g1" in train.var_names and "g0" not in train.var_names


@pytest.mark.slow
def test_library_size_is_that_of_all_genes(split, source):
    train, _ = split(genes=5)
    full = np.asarray(ad.read_h5ad(source)[train.obs_names].X.sum(axis=1)).ravel()
    assert (train.obs["library_size"] == full).all()


def test_a_cell_without_counts_is_left_out_and_counted(tmp_path, source, capsys):
    screen = ad.read_h5ad(source)
    screen.X = csr_matrix(screen.X.toarray() * (np.arange(160) != 3)[:, None])
    screen.write_h5ad(tmp_path / "s.h5ad")
    prepare_as(tmp_path / "s.h5ad", tmp_path)
    assert "c3" not in ad.read_h5ad(tmp_path / "train.h5ad").obs_names
    assert "left out 1 of 160 cells" in capsys.readouterr().out


@pytest.mark.parametrize("genes", [5, 12])
def test_an_empty_training_cell_changes_no_choice_of_genes(tmp_path, source, genes):
    screen = ad.read_h5ad(source)
    empty = screen[:1].copy()
    empty.X, empty.obs_names = csr_matrix((1, 30), dtype=screen.X.dtype), ["empty"]
    options = dict(control="ctrl", embedding="learned", min_cells=5, genes=genes, heldout=HELDOUT)
    chosen = []
    for name, cells in {"without": screen, "with": ad.concat([empty, screen])}.items():
        cells.write_h5ad(tmp_path / f"{name}.h5ad")
        parts = tmp_path / f"{name}-train.h5ad", tmp_path / f"{name}-heldout.h5ad"
        prepare(tmp_path / f"{name}.h5ad", *parts, name="demo", columns=COLUMNS, **options)
        chosen.append(ad.read_h5ad(parts[0]).var_names.tolist())
    assert chosen[0] == chosen[1] and "g1" in chosen[0]


@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize("controls", [0, 1, 4])
def test_too_few_controls_of_the_heldout_cell_type_are_refused(tmp_path, source, controls, own):
    screen = ad.read_h5ad(source)
    screen.uns["split"] = {"heldout_cell_type": "k", "heldout": ["A", "B"]}  # as a published screen carries it
    there = (screen.obs["cell_type"] == "k") & (screen.obs["perturbation"] == "ctrl")
    screen[~there | (there.cumsum() <= controls)].copy().write_h5ad(tmp_path / "s.h5ad")
    heldout = HELDOUT if own else published(tmp_path / "s.h5ad")
    options = dict(control="ctrl", embedding="learned", min_cells=5, genes=None, heldout=heldout)
    with pytest.raises(UserError, match="control label 'ctrl', and scores need"):
        prepare(tmp_path / "s.h5ad", tmp_path / "t.h5ad", tmp_path / "h.h5ad", name="d", columns=COLUMNS, **options)
    assert [path.name for path in tmp_path.iterdir()] == ["s.h5ad"]


def test_counts_may_stand_in_raw_with_more_genes_than_x(tmp_path, source):
    whole = ad.read_h5ad(source)
    screen = whole[:, :4].copy()
    screen.X = screen.X.astype(np.float32).log1p()
    screen.raw = whole
    screen.write_h5ad(tmp_path / "s.h5ad")
    columns = Columns("perturbation", "cell_type", None, "raw/X", None)
    options = dict(control="ctrl", embedding="learned", min_cells=5, genes=None, heldout=HELDOUT)
    prepare(tmp_path / "s.h5ad", tmp_path / "t.h5ad", tmp_path / "h.h5ad", name="d", columns=columns, **options)
    train = ad.read_h5ad(tmp_path / "t.h5ad")
    assert train.var_names.equals(whole.var_names)
    assert (train.X != whole[train.obs_names].X).nnz == 0


def test_blocks_change_nothing(split, monkeypatch):
    whole = split()
    monkeypatch.setattr(sparse, "BLOCK_BYTES", 700)
    for one, other in zip(whole, split(), strict=True):
        assert (one.X != other.X).nnz == 0 and one.obs.equals(other.obs)


@pytest.mark.slow
def test_genes_are_ranked_on_so_many_cells_at_most(split, monkeypatch, capsys):
    monkeypatch.setattr("expressionvae.data.split.RANKED", 40)
    train, _ = split(genes=5)
    assert "g1" in train.var_names and "on 40 training cells" in capsys.readouterr().out


def test_more_genes_than_are_detected_are_refused(split):
    with pytest.raises(UserError, match="asks for 30 genes, and 29 of 30 have a count"):
        split(genes=30)


@pytest.mark.parametrize(
    "changes",
    [
        dict(control="PBS"),
        dict(min_cells=21),
        dict(heldout={"cell_type": "hepg2", "perturbations": ["A"]}),
        dict(heldout={"cell_type": "k", "perturbations": ["Z"]}),
        dict(heldout={"cell_type": "k", "fraction": 0.1, "seed": 0}),
        dict(genes=31),
    ],
)
def test_a_mistake_leaves_no_file(split, tmp_path, changes):
    with pytest.raises(UserError):
        split(**changes)
    assert list(tmp_path.iterdir()) == []


def relabelled(source, path, changes: dict[str, str], column="perturbation", every=2) -> Path:
    """The screen with every second cell of some labels under another spelling."""
    screen = ad.read_h5ad(source)
    values = screen.obs[column].astype(object).to_numpy()
    for old, new in changes.items():
        values[np.flatnonzero(values == old)[::every]] = new
    screen.obs[column] = values
    screen.write_h5ad(path)
    return path


LEAKS = {  # column, every second cell of which label is spelled otherwise, separator
    "blank": ("perturbation", "A", "A ", None),
    "non-breaking space": ("perturbation", "A", "A\u00a0", None),
    "control's part": ("perturbation", "A", "ctrl+A", "+"),
    "gene twice": ("perturbation", "A", "A+A", "+"),
    "control": ("perturbation", "ctrl", "ctrl ", None),
    "control twice": ("perturbation", "ctrl", "ctrl+ctrl", "+"),
    "cell type": ("cell_type", "k", "k ", None),
}


@pytest.mark.parametrize("case", LEAKS)
def test_a_condition_under_two_spellings_is_refused_and_leaves_no_file(source, tmp_path, case):
    column, old, new, separator = LEAKS[case]
    path = relabelled(source, tmp_path / "s.h5ad", {old: new}, column)
    with pytest.raises(UserError, match=f"s.h5ad: obs {column} has one label under several spellings: '{old}'"):
        prepare_as(path, tmp_path, separator=separator)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("case", LEAKS)
def test_merged_spellings_give_the_split_of_one_spelling(source, split, tmp_path, case):
    column, old, new, separator = LEAKS[case]
    path = relabelled(source, tmp_path / "s.h5ad", {old: new}, column)
    merged = prepare_as(path, tmp_path, separator=separator, on_alias="merge")
    for part, expected in zip(merged, split(), strict=True):
        kept = {old, new} & set(part.obs[column])
        assert part.obs_names.equals(expected.obs_names) and len(kept) <= 1
        assert (part.obs[column].astype(str).replace(dict.fromkeys(kept, old)) == expected.obs[column]).all()


def test_a_combination_is_held_out_in_whatever_order(source, tmp_path):
    path = relabelled(source, tmp_path / "s.h5ad", {"A": "A+C", "C": "C+A"})
    heldout = {"cell_type": "k", "perturbations": ["C+A"]}
    train, away = prepare_as(path, tmp_path, separator="+", on_alias="merge", heldout=heldout)
    labels = ad.read_h5ad(path).obs
    assert set(away.obs_names) == set(
        labels.index[(labels["cell_type"] == "k") & labels["perturbation"].isin(["A+C", "C+A"])]
    )
    assert set(away.obs["perturbation"]) == {"A+C"} and "C+A" not in set(train.obs["perturbation"])


DROPPED = {  # what the labels C become in every second cell, what is dropped
    "label": ("unassigned", ["unassigned"]),
    "other blanks": ("not  assigned", ["not assigned"]),
    "several guides": ("A;B", ["*;*"]),
    "a star is a label first": ("*", ["*"]),
    "without quotes": ("0", [0]),
    "truth": ("True", [True]),
    "no label": (None, [None]),
    "missing as text": ("nan", [None]),
    "two of them": ("B_A", ["C", "?_?"]),
}


@pytest.mark.parametrize("case", DROPPED)
def test_cells_of_dropped_labels_are_left_out_and_counted(source, split, tmp_path, case, capsys):
    label, drop = DROPPED[case]
    path = relabelled(source, tmp_path / "s.h5ad", {"C": label})
    parts = prepare_as(path, tmp_path, drop=drop)
    gone = 40 if case == "two of them" else 20
    assert sum(part.n_obs for part in parts) == 160 - gone
    said = capsys.readouterr().out
    assert "left out 20 of 160 cells" in said and "config key drop" in said and "no count at all" not in said
    original = ad.read_h5ad(path)
    for part, whole in zip(parts, split(), strict=True):
        assert set(part.obs["perturbation"]) <= {"ctrl", "A", "B", "C"} and set(part.obs_names) <= set(whole.obs_names)
        assert (part.X != original[part.obs_names].X).nnz == 0
        assert (part.obs["perturbation"].astype(str) == original.obs["perturbation"][part.obs_names]).all()


@pytest.mark.parametrize(
    ("drop", "message"),
    [
        (["unasigned"], "no cell has a perturbation like 'unasigned' .config key drop"),
        (["c"], "like 'c' .config key drop.; did you mean 'C'"),
        ([None], "no cell has no label .config key drop"),
        (["ct*"], "config key drop names 'ct.', which the control 'ctrl' fits"),
        (["A"], "no cell of 'k' has perturbation 'A'"),
    ],
)
def test_what_drops_nothing_or_too_much_is_refused(source, tmp_path, drop, message):
    with pytest.raises(UserError, match=message):
        prepare_as(source, tmp_path, drop=drop)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", [bool, int, float])
def test_labels_of_truths_and_numbers_need_no_quotes(source, tmp_path, kind):
    screen = ad.read_h5ad(source)
    screen.obs["treated"] = (screen.obs["perturbation"] == "A").to_numpy().astype(kind)
    screen.obs["batch"] = (screen.obs["cell_type"] == "k").to_numpy().astype(kind)
    screen.write_h5ad(tmp_path / "s.h5ad")
    columns = Columns("treated", "batch", None, None, None)
    wanted = {"cell_type": kind(1), "perturbations": [kind(1)]}
    train, away = prepare_as(tmp_path / "s.h5ad", tmp_path, columns=columns, control=kind(0), heldout=wanted)
    assert (train.n_obs, away.n_obs) == (140, 20) and said(train)["control"] == str(kind(0))
    assert set(away.obs["cell_type"]) == set(away.obs["perturbation"]) == {str(kind(1))}


@pytest.mark.parametrize(
    "changes",
    [
        dict(control=" ctrl"),
        dict(heldout={"cell_type": "k ", "perturbations": ["A", "B"]}),
        dict(heldout={"cell_type": "k", "perturbations": ["A\u00a0", " B", "A"]}),
        dict(separator="+", heldout={"cell_type": "k", "perturbations": ["ctrl+A", "B+ctrl"]}),
    ],
)
def test_what_the_config_spells_otherwise_is_found(split, source, tmp_path, changes):
    train, heldout = prepare_as(source, tmp_path, **changes)
    plain_train, plain_heldout = split()
    assert train.obs.equals(plain_train.obs) and heldout.obs.equals(plain_heldout.obs)
    assert said(train) == said(plain_train)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (dict(control="CTRL"), "control label 'CTRL'.*did you mean 'ctrl'"),
        (dict(heldout={"cell_type": "K", "perturbations": ["A"]}), "cell type 'K'.*did you mean 'k'"),
        (dict(heldout={"cell_type": "k", "perturbations": ["a"]}), "perturbation 'a'.*did you mean 'A'"),
        (dict(heldout={"cell_type": "k", "perturbations": ["ctrl "]}), "names the control 'ctrl'"),
    ],
)
def test_what_differs_by_case_is_a_hint(source, tmp_path, changes, message):
    with pytest.raises(UserError, match=message):
        prepare_as(source, tmp_path, **changes)


@pytest.mark.parametrize(
    "label", ["NA", "None", "null", "1", "True", "IL-1b [10 ng/ml]", "a,b", 'a"b', "\u03b2", "x\ny"]
)
def test_any_text_may_be_held_out_and_asked_for(source, tmp_path, label):
    path = relabelled(source, tmp_path / "s.h5ad", {"A": label}, every=1)
    parts = prepare_as(path, tmp_path, heldout={"cell_type": "k", "perturbations": [label]})
    assert set(parts[1].obs["perturbation"]) == {label} and (parts[0].obs["perturbation"] == label).sum() == 20
    cells = truth.choose(*parts, cells_per_perturbation=9, controls=9, seed=0)
    truth.save(cells, tmp_path / "truth.h5ad", tmp_path / "query.csv")
    assert set(read_query(tmp_path / "query.csv")["perturbation"]) == {label, "ctrl"}


@pytest.mark.parametrize("label", ["nan", "NaN", "<NA>", " ", ""])
def test_what_stands_for_a_missing_value_is_no_label(source, tmp_path, label):
    path = relabelled(source, tmp_path / "s.h5ad", {"C": label}, every=1)
    with pytest.raises(UserError, match="obs column 'perturbation' has no value in 40 of 160 rows"):
        prepare_as(path, tmp_path)


def test_labels_are_described_before_counts_are_read(source, tmp_path, monkeypatch):
    monkeypatch.setattr(h5ad.Matrix, "blocks", lambda *_: pytest.fail("counts were read"))

    def refuse(labels: Labels) -> None:
        beside = dict.fromkeys("AB", ["C", "ctrl"])
        assert labels == Labels(["A", "B", "C", "ctrl"], ["A", "B"], "ctrl", "esm2", beside)
        raise UserError("no proteins")

    with pytest.raises(UserError, match="no proteins"):
        prepare_as(source, tmp_path, embedding="esm2", described=refuse)
    assert list(tmp_path.iterdir()) == []


BATCHED = Columns("perturbation", "cell_type", None, None, None, batch="donor")


@pytest.fixture
def of_donors(source, tmp_path):
    """Write the screen with a column of donors, which a test may change; every combination has ten cells of each."""

    def written(change=lambda donor, obs: None, column="donor") -> Path:
        screen = ad.read_h5ad(source)
        donor = pd.Series([f"d{i % 2 + 1}" for i in range(screen.n_obs)], screen.obs_names, dtype=object)
        change(donor, screen.obs)
        screen.obs[column] = donor
        screen.write_h5ad(tmp_path / "donors.h5ad")
        return tmp_path / "donors.h5ad"

    return written


def all_of(obs, cell_type, label) -> pd.Series:
    return (obs["cell_type"] == cell_type) & (obs["perturbation"] == label)


def test_the_batch_of_each_cell_is_kept(of_donors, tmp_path):
    train, heldout = prepare_as(of_donors(), tmp_path, columns=BATCHED)
    for part in (train, heldout):
        assert part.obs["batch"].tolist() == [f"d{int(name[1:]) % 2 + 1}" for name in part.obs_names]


def test_without_a_batch_column_the_files_are_as_they_were(of_donors, source, tmp_path):
    for name, path in (("a", source), ("b", of_donors())):
        (tmp_path / name).mkdir()
        prepare_as(path, tmp_path / name)
    for part in ("train.h5ad", "heldout.h5ad"):
        assert (tmp_path / "a" / part).read_bytes() == (tmp_path / "b" / part).read_bytes()


def lost(donor, obs):
    donor[all_of(obs, "k", "ctrl")] = "d1"


def few(donor, obs):
    donor.iloc[np.flatnonzero(all_of(obs, "k", "ctrl"))[3:]] = "d1"


def blank(donor, obs):
    donor.iloc[7] = " "


def missing(donor, obs):
    donor.iloc[[7, 9]] = np.nan


def twice(donor, obs):
    donor.iloc[3] = "d2 "


@pytest.mark.parametrize(
    ("change", "column", "said"),
    [
        (
            lost,
            "donor",
            r"batch 'd2' has 20 of the 40 held-out cells of 'k' and 0 of its 20 controls.* expected 5 or more",
        ),
        (few, "donor", r"batch 'd2' has 20 of the 40 held-out cells of 'k' and 1 of its 20 controls.* would be 2; "),
        (blank, "donor", r"obs column 'donor' \(config key batch_column\) has no value in 1 of 160 cells, .* 'c7'"),
        (missing, "donor", r"obs column 'donor' \(config key batch_column\) has no value in 2 of 160 cells, .* 'c7'"),
        (twice, "donor", r"obs donor has one label under several spellings: 'd2' \(79 cells\) and 'd2 '"),
        (lambda *_: None, "plate", r"obs has no column 'donor' .*batch_column"),
    ],
)
def test_batches_that_cannot_be_compared_within_are_refused(of_donors, tmp_path, change, column, said):
    with pytest.raises(UserError, match=said):
        prepare_as(of_donors(change, column), tmp_path, columns=BATCHED)
    assert not (tmp_path / "train.h5ad").exists()


def test_training_cells_in_a_batch_without_controls_are_a_warning(of_donors, tmp_path, capsys):
    def change(donor, obs):
        donor[all_of(obs, "r", "C")] = "d9"

    prepare_as(of_donors(change), tmp_path, columns=BATCHED)
    said = capsys.readouterr().err
    assert said.count("20 cells are of a cell type and batch without controls: 'r in d9'") == 1


def test_cells_that_are_dropped_need_no_batch(of_donors, tmp_path):
    def change(donor, obs):
        donor[obs["perturbation"] == "C"] = np.nan

    train, _ = prepare_as(of_donors(change), tmp_path, columns=BATCHED, drop=["C"])
    assert set(train.obs["batch"]) == {"d1", "d2"}
