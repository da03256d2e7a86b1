"""The real loader of ESM2 on a tiny model in the real file format."""

import argparse
import os
import pickle

import numpy as np
import pytest
import torch
from esm.rotary_embedding import RotaryEmbedding
from hypothesis import given
from hypothesis import strategies as st

from expressionvae.files import UserError
from expressionvae.proteins.esm import WINDOW, batches, embed, load, regression_path, spans, tiny_esm2, windows
from expressionvae.proteins.fasta import read_fasta

CPU = {"device": "cpu", "precision": "float32"}
LETTERS = "ACDEFGHIKLMNPQRSTVWYUZOBX"


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    path = tmp_path_factory.mktemp("esm") / "tiny.pt"
    tiny_esm2(path, layers=2, width=16, heads=2, seed=0)
    return path


@pytest.fixture(scope="module")
def tiny(checkpoint):
    torch.set_num_threads(1)
    return load(checkpoint)


def sequence(length, seed=0):
    return "".join(np.random.default_rng(seed).choice(list(LETTERS), length))


def test_architecture_is_read_from_the_checkpoint(tiny):
    model, alphabet = tiny
    assert (model.num_layers, model.embed_dim, model.attention_heads) == (2, 16, 2)
    assert not model.training and len(alphabet) == 33


def test_same_seed_gives_the_same_weights_and_leaves_the_global_generator_alone(tmp_path, tiny):
    before = torch.get_rng_state()
    tiny_esm2(tmp_path / "again.pt", layers=2, width=16, heads=2, seed=0)
    assert torch.equal(before, torch.get_rng_state())
    again, _ = load(tmp_path / "again.pt")
    assert all(torch.equal(a, b) for a, b in zip(again.parameters(), tiny[0].parameters(), strict=True))


class Evil:
    """A pickle that would make a folder when loaded."""

    def __init__(self, folder):
        self.folder = str(folder)

    def __reduce__(self):
        return os.mkdir, (self.folder,)


@pytest.mark.parametrize("dump", [torch.save, lambda data, path: path.write_bytes(pickle.dumps(data))])
def test_pickle_with_code_is_refused_and_not_run(tmp_path, dump):
    path, trace = tmp_path / "esm2_evil.pt", tmp_path / "executed"
    dump({"cfg": {"model": argparse.Namespace()}, "model": Evil(trace)}, path)
    with pytest.raises(UserError, match=r"esm2_evil.pt: .*refused"):
        load(path)
    assert not trace.exists()
    pickle.loads(pickle.dumps(Evil(trace)))  # and it would have run
    assert trace.exists()


def test_pickle_with_code_beside_a_good_checkpoint_is_refused(tmp_path):
    tiny_esm2(tmp_path / "a.pt", layers=1, width=4, heads=1, seed=0)
    torch.save({"model": Evil(tmp_path / "executed")}, regression_path(tmp_path / "a.pt"))
    with pytest.raises(UserError, match="a-contact-regression.pt: .*refused"):
        load(tmp_path / "a.pt")
    assert not (tmp_path / "executed").exists()


def test_truncated_foreign_and_missing_files_are_named(tmp_path, checkpoint):
    cut = tmp_path / "cut.pt"
    cut.write_bytes(checkpoint.read_bytes()[:5000])
    torch.save({"weights": torch.ones(2)}, tmp_path / "foreign.pt")
    for name in ("cut", "foreign"):
        regression_path(tmp_path / f"{name}.pt").write_bytes(regression_path(checkpoint).read_bytes())
        with pytest.raises(UserError, match=rf"{name}\.pt"):
            load(tmp_path / f"{name}.pt")
    regression_path(cut).unlink()
    cut.write_bytes(checkpoint.read_bytes())
    with pytest.raises(UserError, match="cut-contact-regression.pt: no such file"):
        load(cut)


def test_weights_of_another_width_than_the_cfg_are_refused(tmp_path, checkpoint):
    data = torch.load(checkpoint, weights_only=False)
    data["cfg"]["model"].encoder_embed_dim = 32
    torch.save(data, tmp_path / "wide.pt")
    regression_path(tmp_path / "wide.pt").write_bytes(regression_path(checkpoint).read_bytes())
    with pytest.raises(UserError, match="wide.pt: its weights do not fit"):
        load(tmp_path / "wide.pt")


@given(st.integers(1, 6 * WINDOW))
def test_windows_cover_every_residue_with_the_fewest_full_windows(length):
    cuts = spans(length)
    assert len(cuts) == -(-length // WINDOW)
    assert cuts[0][0] == 0 and cuts[-1][1] == length
    assert all(stop - start == min(length, WINDOW) for start, stop in cuts)
    assert all(following[0] <= cut[1] for cut, following in zip(cuts, cuts[1:], strict=False))


@given(st.integers(1, 4 * WINDOW))
def test_shares_of_a_protein_sum_to_one(length):
    assert sum(window.share.sum() for window in windows(0, "A" * length)) == pytest.approx(1)


@given(st.lists(st.integers(1, 60), min_size=1, max_size=30), st.integers(1, 200))
def test_batches_keep_every_window_and_the_budget(lengths, budget):
    items = [window for i, n in enumerate(lengths) for window in windows(i, "A" * n)]
    parts = list(batches(items, budget))
    assert sorted(window.protein for part in parts for window in part) == list(range(len(lengths)))
    assert all(len(p) == 1 or len(p) * (max(len(w.text) for w in p) + 2) <= budget for p in parts)


def test_embedding_is_the_mean_of_the_last_layer_over_residues_alone(tiny):
    model, alphabet = tiny
    text = sequence(40)
    _, _, tokens = alphabet.get_batch_converter()([("", text)])
    with torch.no_grad():
        expected = model(tokens, repr_layers=[2])["representations"][2][0, 1:41].mean(0).numpy()
    assert np.allclose(embed([text], model, alphabet, tokens_per_batch=100, **CPU)[0], expected, atol=1e-5)


def test_batch_composition_changes_nothing(tiny):
    texts = [sequence(n, seed=n) for n in (5, 61, 33, 1, 34, 90)]
    together = embed(texts, *tiny, tokens_per_batch=10_000, **CPU)
    alone = np.concatenate([embed([text], *tiny, tokens_per_batch=1, **CPU) for text in texts])
    assert np.allclose(together, alone, atol=1e-5)
    assert np.abs(together[0] - together[1]).max() > 1e-2


def test_long_protein_is_the_mean_over_its_averaged_windows(tiny):
    model, alphabet = tiny
    text = sequence(WINDOW + 300)
    total, cover = np.zeros((len(text), 16)), np.zeros((len(text), 1))
    for start in (0, 300):
        _, _, tokens = alphabet.get_batch_converter()([("", text[start : start + WINDOW])])
        with torch.no_grad():
            hidden = model(tokens, repr_layers=[2])["representations"][2][0, 1:-1].numpy()
        total[start : start + WINDOW] += hidden
        cover[start : start + WINDOW] += 1
    expected = (total / cover).mean(axis=0)
    assert np.allclose(embed([text], model, alphabet, tokens_per_batch=4096, **CPU)[0], expected, atol=1e-5)


def test_stops_and_j_are_read_as_unknown_residues(tiny):
    known, unknown = embed(["MKXXUZOB", "MK*JUZOB"], *tiny, tokens_per_batch=100, **CPU)
    assert np.array_equal(known, unknown)


def test_bfloat16_is_near_float32(tiny):
    model, alphabet = tiny
    text = [sequence(1000)]
    exact = embed(text, model, alphabet, tokens_per_batch=4096, **CPU)
    near = embed(text, model, alphabet, tokens_per_batch=4096, device="cpu", precision="bfloat16")
    assert 0 < np.abs(exact - near).max() < 0.02


def test_positions_stay_exact_under_autocast(checkpoint):
    model, alphabet = load(checkpoint)  # afresh, so that the rotary tables are made under autocast
    embed([sequence(1000)], model, alphabet, tokens_per_batch=4096, device="cpu", precision="bfloat16")
    rotary = next(m for m in model.modules() if isinstance(m, RotaryEmbedding))
    angle = torch.arange(1002).float()[:, None] * rotary.inv_freq
    assert torch.allclose(rotary._cos_cached[0, :, :4], angle.cos(), atol=1e-4)


@pytest.mark.parametrize("wrong", [{"precision": "int8"}, {"device": "tpu"}])
def test_unknown_device_or_precision_is_refused(tiny, wrong):
    with pytest.raises(UserError, match="expected"):
        embed(["MK"], *tiny, tokens_per_batch=10, **(CPU | wrong))


def test_progress_is_told(tiny, capsys):
    embed(["MK"], *tiny, tokens_per_batch=10, **CPU)
    out = capsys.readouterr()
    assert "ESM2: residues " in out.out


@pytest.mark.slow
def test_real_proteins_are_told_apart(shared, tiny):
    sequences = list(read_fasta(shared / "data" / "protein" / "human_string_subset.fasta").sequences.values())
    texts = sorted(set(sequences), key=len)[:100] + [max(sequences, key=len)]
    embedding = embed(texts, *tiny, tokens_per_batch=4096, **CPU)
    assert np.isfinite(embedding).all() and len(np.unique(embedding, axis=0)) == len(texts)
