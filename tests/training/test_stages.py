import logging
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import sparse

from expressionvae.data.cells import Cells
from expressionvae.data.compact import Compact
from expressionvae.data.validation import Validation
from expressionvae.files import UserError
from expressionvae.training import stage1, stage2
from expressionvae.training.latents import Latents, perplexity, usage
from expressionvae.vae.build import Blueprint, build
from tests.priors.test_build import KINDS, SIZE
from tests.training.test_schedule import schedule

APART = Validation(combinations=0.05, cells=0.05, seed=0)
SIZES = {"width": 16, "heads": 2, "feedforward": 32, "encoder_blocks": 1, "decoder_blocks": 1, "dropout": 0.0}
SWITCHES = {"context_norm": True, "decoder_self_attention": False, "slot_embedding": True}
BINS = {"lower": [0, 1, 2], "means": [0.0, 1.0, 2.9]}
FSQ = {"kind": "fsq", "tokens": 4, "levels": [4, 2], "normalise": True}
BLUEPRINT = Blueprint([f"G{i}" for i in range(20)], BINS, SIZES | SWITCHES, FSQ, "ce", {})


@pytest.fixture(scope="module")
def cells() -> Cells:
    counts = np.random.default_rng(0).poisson(1.5, (60, 20)).astype(np.int32)
    labels = ["ctrl", "a", "b"] * 20, ["T"] * 20 + ["B"] * 40
    return Cells(
        Compact.of(sparse.csr_matrix(counts)),
        counts.sum(1).astype(np.float32) / 30,
        *labels,
        [f"G{i}" for i in range(20)],
        "ctrl",
        ["B"],
    )


@pytest.fixture(scope="module")
def trained(cells, tmp_path_factory):
    folder = tmp_path_factory.mktemp("checkpoints")
    options = {"validation": APART, "seed": 0, "version": 1, "checkpoints": folder}
    model, _ = stage1.train(cells, BLUEPRINT, schedule(iterations=20), **options)
    return model.eval(), stage1.encode(model, cells, ["a", "b", "ctrl"], batch_size=7)


def test_latents_carry_the_labels_of_their_cells(cells, trained):
    latents = trained[1]
    assert [latents.perturbations[i] for i in latents.perturbation] == cells.perturbation
    assert [latents.cell_types[i] for i in latents.cell_type] == cells.cell_type
    assert latents.codes == 8 and latents.values.max() < 8 and latents.values.shape == (60, 4)


def test_latents_come_back_from_their_file(trained, tmp_path):
    trained[1].save(tmp_path / "latents.npz")
    again = Latents.load(tmp_path / "latents.npz")
    assert np.array_equal(again.values, trained[1].values) and again.perturbations == trained[1].perturbations
    assert again.control == "ctrl" and again.codes == 8 and again.heldout_cell_types == ["B"]


def test_a_library_is_one_of_the_cell_type_s_own(cells, trained):
    drawn = stage1.draw_library(trained[1], ["B"] * 50 + ["T"] * 50, seed=0)
    library = cells.panel_library()
    assert set(drawn[:50]) <= set(library[20:]) and set(drawn[50:]) <= set(library[:20])


def test_the_true_library_is_told_to_that_variant_alone(trained):
    asked = trained[1], ["B", "T"], np.array([3.0, 4.0])
    rule, told = stage1.libraries("mean-true-library", *asked, seed=0)
    assert (rule, told.tolist(), told.dtype) == ("mean", [3.0, 4.0], np.float32)
    rule, drawn = stage1.libraries("mean", *asked, seed=0)
    assert rule == "mean" and np.array_equal(drawn, stage1.draw_library(*asked[:2], seed=0))


def test_sampling_then_decoding_gives_cells_and_again_the_same(trained, tmp_path):
    model, latents = trained
    embedding = np.zeros((3, 0), np.float32)
    blueprint = stage2.blueprint_for(latents, embedding, SIZE, KINDS["mdlm"])
    options = {"validation": APART, "seed": 0, "version": 1, "checkpoints": tmp_path}
    prior, _ = stage2.train(latents, embedding, blueprint, schedule(iterations=5), **options)
    query = {"cell_type": ["T", "B"], "perturbation": ["b", "ctrl"]}
    codes = [stage2.sample(prior, blueprint, query, options={"steps": 4}, seed=3, batch_size=1) for _ in range(2)]
    assert np.array_equal(*codes)
    made = [stage1.decode(model, codes[0], np.ones(2, np.float32), "sample", seed=1, batch_size=2) for _ in range(2)]
    assert np.array_equal(*made) and made[0].shape == (2, 20) and set(np.unique(made[0])) <= {0.0, 1.0, np.float32(2.9)}


def test_interrupted_sampling_goes_on_to_the_same_latents(trained, tmp_path, monkeypatch):
    embedding = np.zeros((3, 0), np.float32)
    blueprint = stage2.blueprint_for(trained[1], embedding, SIZE, KINDS["ar"])
    prior = stage2.build(blueprint, torch.from_numpy(embedding), torch.ones(0), torch.ones(0)).eval()
    query = {"cell_type": ["T", "B"] * 4, "perturbation": ["b", "ctrl"] * 4}
    options = {"options": {}, "seed": 3, "batch_size": 2}
    whole = stage2.sample(prior, blueprint, query, **options)
    drawn, sample = [], prior.sample

    def dies_at_the_third(*arguments):
        drawn.append(len(drawn))
        if len(drawn) == 3:
            raise KeyboardInterrupt
        return sample(*arguments)

    monkeypatch.setattr(prior, "sample", dies_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        stage2.sample(prior, blueprint, query, **options, keep=tmp_path / "parts")
    again = stage2.sample(prior, blueprint, query, **options, keep=tmp_path / "parts")
    assert np.array_equal(again, whole) and len(drawn) == 5  # 2 kept, 1 interrupted, 2 more


def test_an_unknown_label_in_the_query_is_named(trained, tmp_path):
    embedding = np.zeros((3, 0), np.float32)
    blueprint = stage2.blueprint_for(trained[1], embedding, SIZE, KINDS["ar"])
    query = {"cell_type": ["T"], "perturbation": ["c"]}
    with pytest.raises(UserError, match="perturbation 'c' is unknown"):
        stage2.indices(query, "perturbation", blueprint.perturbations)


def test_perplexity_counts_codes_in_use():
    assert perplexity(np.array([[0, 1], [2, 3]]), 8) == pytest.approx(4)
    assert perplexity(np.zeros((3, 2), int), 8) == pytest.approx(1)


def test_the_use_of_codes_is_that_of_all_cells_and_of_each_token(trained):
    codes = replace(trained[1], values=np.array([[0, 1], [0, 1]], np.uint16), codes=8)
    assert usage(codes) == pytest.approx({"codes": 8, "used": 2, "perplexity": 2, "token_perplexity": 1})


def test_means_of_draws_differ_less_than_draws_do(trained):
    model, latents = trained[0], trained[1].values
    library = np.full(len(latents), 200.0, np.float32)
    draws = [stage1.decode(model, latents, library, "sample", seed=k, batch_size=50) for k in (0, 1)]
    asked = (model, latents, library, "mean-of-draws")
    means = [stage1.predict(*asked, draws=16, seed=k, batch_size=50) for k in (0, 1)]
    apart_draws, apart_means = (np.square(first - second).mean() for first, second in (draws, means))
    assert apart_means == pytest.approx(apart_draws / 16, rel=0.2)


def test_both_stages_set_the_same_cells_apart(cells, trained, tmp_path, monkeypatch):
    model, latents = trained
    seen = {}

    class Looked(Exception):
        pass

    def look(stage):
        def fit(model, batches, losses, parts, *_, **__):
            seen[stage] = parts
            raise Looked

        return fit

    blueprint = stage2.blueprint_for(latents, np.zeros((3, 0), np.float32), SIZE, KINDS["ar"])
    options = {"validation": APART, "seed": 3, "version": 1, "checkpoints": tmp_path}
    for stage, *what in ((stage1, cells, BLUEPRINT), (stage2, latents, np.zeros((3, 0), np.float32), blueprint)):
        monkeypatch.setattr(stage, "fit", look(stage))
        with pytest.raises(Looked):
            stage.train(*what, schedule(), **options)
    (training, apart), (again, also) = seen[stage1], seen[stage2]
    assert torch.equal(training, again) and torch.equal(apart, also)
    away = {(cells.cell_type[cell], cells.perturbation[cell]) for cell in apart.tolist()}
    assert len(away) == 1 and away < {("B", "a"), ("B", "b")}


def other_perturbation(latents: Latents) -> Latents:
    """The labels of two cells of one type swapped, both trained on: nothing else differs."""
    labels = latents.perturbation.copy()
    labels[[0, 1]] = labels[[1, 0]]
    return replace(latents, perturbation=labels)


def other_cell_type(latents: Latents) -> Latents:
    kinds = latents.cell_type.copy()
    kinds[[0, 30]] = kinds[[30, 0]]
    return replace(latents, cell_type=kinds)


def other_latents(latents: Latents) -> Latents:
    values = latents.values.copy()
    values[0] = (values[0] + 1) % latents.codes
    return replace(latents, values=values)


@pytest.mark.parametrize("change", [other_perturbation, other_cell_type, other_latents])
def test_no_prior_is_taken_up_that_was_trained_on_other_labels_or_latents(trained, tmp_path, caplog, change):
    caplog.set_level(logging.INFO)
    latents, embedding = trained[1], np.zeros((3, 0), np.float32)
    blueprint = stage2.blueprint_for(latents, embedding, SIZE, KINDS["ar"])
    options = {"validation": APART, "seed": 3, "version": 1, "checkpoints": tmp_path}
    plan = schedule(iterations=3)

    def weights(latents: Latents) -> torch.Tensor:
        model, _ = stage2.train(latents, embedding, blueprint, plan, **options)
        return torch.cat([weight.flatten() for weight in model.state_dict().values()])

    first, again = weights(latents), weights(latents)
    assert torch.equal(first, again) and "goes on after step 3" in caplog.text
    caplog.clear()
    assert not torch.equal(first, weights(change(latents)))
    assert "goes on after" not in caplog.text


def test_no_training_is_taken_up_that_other_code_has_made(cells, trained, tmp_path, caplog, monkeypatch):
    caplog.set_level(logging.INFO)
    embedding = np.zeros((3, 0), np.float32)
    blueprint = stage2.blueprint_for(trained[1], embedding, SIZE, KINDS["ar"])
    options = {"validation": APART, "seed": 0, "version": 1, "checkpoints": tmp_path}
    for code in ("before", "after"):
        for stage in (stage1, stage2):
            monkeypatch.setattr(stage, "source", lambda *packages, code=code: code + str(packages))
        stage1.train(cells, BLUEPRINT, schedule(iterations=2), **options)
        stage2.train(trained[1], embedding, blueprint, schedule(iterations=2), **options)
    assert "goes on after" not in caplog.text


def test_no_vae_is_taken_up_that_was_trained_on_other_counts(cells, tmp_path, caplog):
    caplog.set_level(logging.INFO)
    options = {"validation": APART, "seed": 0, "version": 1, "checkpoints": tmp_path}
    for one in (cells, replace(cells, size_factor=2 * cells.size_factor)):
        stage1.train(one, BLUEPRINT, schedule(iterations=2), **options)
    assert "goes on after" not in caplog.text and "not taken up" in caplog.text


def test_gaussian_latents_are_scaled_by_what_is_trained_on_alone():
    values = torch.randn(10, 3, 2)
    values[4:] = torch.nan
    mean, std = stage2.moments(values, 0, torch.arange(4))
    assert torch.equal(mean, values[:4].mean((0, 1))) and torch.equal(std, values[:4].std((0, 1)))


SIZES_OF_CODES = [([256, 256], np.uint16), ([256, 257], np.uint32), ([512, 512], np.uint32)]


@pytest.mark.parametrize(("levels", "kind"), SIZES_OF_CODES)
def test_codes_are_kept_as_they_are_however_large_the_codebook(cells, levels, kind, monkeypatch):
    model = build(replace(BLUEPRINT, bottleneck=FSQ | {"levels": levels})).eval()
    codes = np.prod(levels) - 1 - torch.arange(4)
    monkeypatch.setattr(model, "encode", lambda counts, library: codes.repeat(len(counts), 1))
    latents = stage1.encode(model, cells, ["a", "b", "ctrl"], batch_size=60)
    assert latents.values.dtype == kind and (latents.values == codes.numpy()).all()
    decoded = stage1.decode(model, latents.values, cells.panel_library(), "sample", seed=0, batch_size=60)
    assert np.isfinite(decoded).all()


@pytest.mark.parametrize("bottleneck", [FSQ, {"kind": "gaussian", "tokens": 4, "channels": 2, "beta": 1e-6}])
def test_a_diverged_encoder_gives_no_latents(cells, bottleneck):
    """NaN as a code is some whole number, which uint16 would take."""
    model = build(replace(BLUEPRINT, bottleneck=bottleneck)).eval()
    for parameter in model.bottleneck.parameters():
        parameter.data.fill_(torch.nan)
    with pytest.raises(UserError, match="latents are not finite: the VAE's training diverged"):
        stage1.encode(model, cells, ["a", "b", "ctrl"], batch_size=60)


def test_sampled_codes_of_a_large_codebook_are_kept(trained, monkeypatch):
    latents = replace(trained[1], codes=2**17)
    embedding = np.zeros((3, 0), np.float32)
    blueprint = stage2.blueprint_for(latents, embedding, SIZE, KINDS["ar"])
    prior = stage2.build(blueprint, torch.from_numpy(embedding), torch.ones(0), torch.ones(0)).eval()
    monkeypatch.setattr(prior, "sample", lambda perturbation, *_, **__: torch.full((len(perturbation), 4), 2**16 + 5))
    query = {"cell_type": ["T"], "perturbation": ["b"]}
    assert (stage2.sample(prior, blueprint, query, options={}, seed=0, batch_size=1) == 2**16 + 5).all()
