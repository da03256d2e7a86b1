"""A made-up screen looks like a real one, its effects can be found again, and a seed fixes it."""

from dataclasses import replace

import anndata as ad
import numpy as np
import pytest

from expressionvae.data import madeup, madeup_names
from expressionvae.data.madeup_proteins import AMINO_ACIDS, write_proteins
from expressionvae.files import UserError
from expressionvae.proteins.esm import embed, load, tiny_esm2
from expressionvae.proteins.fasta import read_fasta

RECIPE = madeup.Recipe(
    cells=2500,
    genes=200,
    cell_types=["A", "B", "C"],
    target="gene",
    perturbations=6,
    control_fraction=0.2,
    library_mean=150.0,
    library_cv=0.4,
    expression_sigma=1.5,
    cell_type_sigma=0.5,
    size_at_one=2.5,
    size_slope=0.15,
    size_sigma=0.6,
    modules=4,
    responding_fraction=0.3,
    effect_scale=0.6,
    effect_limit=2.0,
    strength_sigma=0.5,
    gain_sigma=0.6,
    state_scale=0.3,
    knockdown=0.8,
    seed=0,
)
LENGTHS = dict(length_median=120, length_sigma=0.5, length_max=400, composition=20.0, seed=7)


def sequences(path, number) -> list[str]:
    write_proteins(path, [f"P{i:03d}" for i in range(number)], **LENGTHS)
    return list(read_fasta(path).sequences.values())


@pytest.fixture(scope="module")
def proteins(tmp_path_factory):
    return sequences(tmp_path_factory.mktemp("proteins") / "p.fasta", 6)


def make(folder, proteins, recipe=RECIPE):
    folder.mkdir(exist_ok=True)
    madeup.simulate(folder / "screen.h5ad", folder / "effects.npz", recipe=recipe, control="ctrl", proteins=proteins)
    return ad.read_h5ad(folder / "screen.h5ad"), np.load(folder / "effects.npz")


@pytest.fixture(scope="module")
def made(tmp_path_factory, proteins):
    return make(tmp_path_factory.mktemp("made"), proteins)


def test_counts_are_whole_sparse_and_complete(made):
    screen, _ = made
    assert screen.shape == (2500, 200) and screen.X.format == "csr" and screen.X.dtype == np.int32
    assert screen.X.has_sorted_indices and (screen.X.data > 0).all()
    assert screen.obs_names.is_unique and screen.var_names[0] == "GENE0001"


def test_counts_look_like_a_real_screen(made):
    screen, _ = made
    library = np.asarray(screen.X.sum(axis=1)).ravel()
    assert 0.6 < 1 - screen.X.nnz / 500_000 < 0.9
    assert 0.3 < library.std() / library.mean() < 0.6
    assert library.mean() == pytest.approx(150, rel=0.15)


def test_every_combination_gets_its_share(made):
    screen, _ = made
    sizes = screen.obs.groupby(["cell_type", "perturbation"], observed=False).size()
    assert (screen.obs["perturbation"] == "ctrl").sum() == 500
    perturbed = sizes.drop("ctrl", level="perturbation")
    assert perturbed.max() - perturbed.min() <= 1


def test_effects_can_be_found_again(made):
    screen, effects = made
    counts, correlations = screen.X.toarray(), []
    for t, cell_type in enumerate(effects["cell_types"]):
        here = (screen.obs["cell_type"] == cell_type).to_numpy()
        control = counts[here & (screen.obs["perturbation"] == "ctrl").to_numpy()].mean(axis=0)
        for p, name in enumerate(effects["perturbations"]):
            mean = counts[here & (screen.obs["perturbation"] == name).to_numpy()].mean(axis=0)
            expected = np.log1p(effects["baseline"][t] * np.exp(effects["log_fold_change"][t, p])) - np.log1p(
                effects["baseline"][t]
            )
            correlations.append(np.corrcoef(np.log1p(mean) - np.log1p(control), expected)[0, 1])
    assert np.median(correlations) > 0.7


def test_control_means_are_the_baseline(made):
    screen, effects = made
    control = (screen.obs["perturbation"] == "ctrl").to_numpy() & (screen.obs["cell_type"] == "A").to_numpy()
    assert np.asarray(screen[control].X.mean(axis=0)).sum() == pytest.approx(effects["baseline"][0].sum(), rel=0.15)


def test_a_cell_type_can_be_predicted_from_the_others(made):
    log_fold_change = made[1]["log_fold_change"]
    assert np.corrcoef(log_fold_change[1:].mean(axis=0).ravel(), log_fold_change[0].ravel())[0, 1] > 0.7


def test_most_genes_do_not_respond_and_effects_are_bounded(made):
    log_fold_change = made[1]["log_fold_change"]
    assert 0.15 < (log_fold_change != 0).mean() < 0.45
    assert np.abs(log_fold_change).max() <= 2.0


def test_a_target_loses_its_own_expression(made):
    log_fold_change = made[1]["log_fold_change"]
    own = [log_fold_change[:, p, p] for p in range(6)]
    assert np.allclose(own, np.log(0.2))


def test_like_proteins_have_like_effects(proteins):
    twin = [proteins[0], proteins[0][:-1] + "L", *proteins[2:]]
    effects = madeup.structure(replace(RECIPE, target="cytokine"), twin).effects
    near, far = (np.abs(effects[:, 0] - effects[:, other]).mean() for other in (1, 2))
    assert 0 <= near < far / 5


def test_the_order_of_residues_has_no_effect(proteins):
    effects = [madeup.structure(RECIPE, order).effects for order in (proteins, [text[::-1] for text in proteins])]
    np.testing.assert_array_equal(*effects)


def test_composition_is_the_share_of_each_amino_acid():
    np.testing.assert_array_equal(
        madeup_names.composition(["AAR", AMINO_ACIDS])[:, :3], [[2 / 3, 1 / 3, 0], [0.05] * 3]
    )


def test_a_protein_language_model_tells_the_effects_of_proteins_it_has_not_seen(tmp_path):
    known, number = 160, 200
    proteins = sequences(tmp_path / "p.fasta", number)
    recipe = replace(RECIPE, target="cytokine", perturbations=number, gain_sigma=0.0, strength_sigma=0.0)
    tiny_esm2(tmp_path / "tiny.pt", layers=2, width=32, heads=4, seed=0)
    embedding = embed(proteins, *load(tmp_path / "tiny.pt"), tokens_per_batch=4096, device="cpu", precision="float32")
    features = (embedding - embedding.mean(axis=0)) / embedding.std(axis=0)
    effects = madeup.structure(recipe, proteins).effects[0]
    effects = effects[:, effects.std(axis=0) > 0.1]
    weights = np.linalg.lstsq(features[:known], effects[:known], rcond=None)[0]
    found = [np.corrcoef(*pair)[0, 1] for pair in zip((features @ weights)[known:].T, effects[known:].T, strict=True)]
    assert len(found) > 20 and np.median(found) > 0.9


def test_same_seed_same_screen(tmp_path, made, proteins):
    again, _ = make(tmp_path / "again", proteins)
    other, _ = make(tmp_path / "other", proteins, replace(RECIPE, seed=1))
    assert (again.X != made[0].X).nnz == 0 and again.obs.equals(made[0].obs)
    assert (other.X != made[0].X).nnz > 0


def test_a_block_does_not_depend_on_those_before_it(made, proteins):
    screen, _ = made
    rows = slice(madeup.BLOCK, 2 * madeup.BLOCK)
    labels = [label[rows] for label in madeup.assign(RECIPE)]
    alone = madeup.draw(RECIPE, madeup.structure(RECIPE, proteins), 1, *labels)
    assert (alone != screen[rows].X).nnz == 0


def test_learned_screens_need_no_proteins(tmp_path):
    recipe = replace(RECIPE, target="cytokine", cells=300)
    screen, effects = make(tmp_path, None, recipe)
    assert list(effects["perturbations"]) == [f"CYTO0{i}" for i in range(1, 7)]
    assert set(screen.obs["perturbation"]) == {"ctrl", *effects["perturbations"]}


def test_more_targets_than_genes_are_refused():
    with pytest.raises(UserError, match="perturbations is 300, more than simulation.genes"):
        madeup_names.target_names("gene", 300, 200)


def test_proteins_must_fit_the_targets(proteins):
    with pytest.raises(UserError, match="5 proteins for 6 made-up perturbations"):
        madeup.structure(RECIPE, proteins[:5])


def test_a_count_that_int32_cannot_hold_is_refused(proteins):
    truth = madeup.structure(RECIPE, proteins)
    labels = [label[:50] for label in madeup.assign(RECIPE)]
    with pytest.raises(UserError, match="a count of .* is larger than any that can be held"):
        madeup.draw(RECIPE, replace(truth, baseline=truth.baseline * 1e12), 0, *labels)
