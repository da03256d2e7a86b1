"""Figure 1 says of the model what the library builds; unlike `paper`, these tests import it."""

from importlib import import_module

import numpy as np
import pytest
import torch
import yaml
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from snakemake.utils import update_config

from expressionvae.files import UserError
from expressionvae.grid import SAMPLING
from expressionvae.paper.figures import figure1
from expressionvae.priors import build as priors
from expressionvae.vae import build as vae

CONFIGS = {
    "paper": ["config/config.yaml"],
    "demo": ["config/config.yaml", "config/demo.yaml"],
    "small": ["config/config.yaml", "config/small.yaml", "config/screens/kang.yaml"],
    "tiny": ["config/config.yaml", "config/demo.yaml", "tests/workflow/tiny.yaml"],
}


@pytest.fixture(params=CONFIGS)
def config(request, repository) -> dict:
    merged: dict = {}
    for path in CONFIGS[request.param]:
        update_config(merged, yaml.safe_load((repository / path).read_text()))
    return merged


def shown(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]


def test_every_class_that_the_figure_names_is_in_the_library(config):
    paths = [box.class_path for box in figure1.boxes(figure1.sizes(config)).values() if box.class_path]
    paths += ["expressionvae.nn.attention.CrossBlock", "expressionvae.nn.dit.DiTBlock"]
    assert len(paths) > 12
    for path in paths:
        module, _, name = path.rpartition(".")
        assert isinstance(getattr(import_module(module), name), type)


@pytest.mark.parametrize("kind", ["fsq", "gaussian"])
def test_sizes_of_stage_1_are_those_of_the_model_built_from_the_config(config, kind):
    s = figure1.sizes(config)
    bins = {"lower": config["bins"]["lower"], "means": [float(edge) for edge in config["bins"]["lower"]]}
    for head, options in config["heads"].items():
        blueprint = vae.Blueprint(["A", "B"], bins, config["vae"]["model"], getattr(s, kind), head, options)
        model = vae.build(blueprint)
        assert type(model.head).__name__ == figure1.HEADS[head]
    boxes = figure1.boxes(s)
    assert type(model.bottleneck).__name__ == boxes[kind].class_path.rpartition(".")[2]
    assert f"G × {model.genes.shape[1]}" in boxes["genes"].lines
    tokens, width = model.encoder.queries.shape
    encoder, decoder, latent = (" ".join(boxes[name].lines) for name in ("encoder", "decoder", kind))
    assert str(tokens) in boxes["encoder"].lines[0].split() and f"width {width}," in encoder
    assert f"{len(model.encoder.blocks)} × CrossBlock" in encoder
    assert f"{len(model.decoder.blocks)} × CrossBlock" in decoder
    assert ("self-" in decoder) == (model.decoder.blocks[0].self_attention is not None)
    if kind == "fsq":
        assert f"K = {model.bottleneck.codebook_size:,}" in latent and f"L = {tokens} codes" in latent
    else:
        assert f"{tokens} × {model.bottleneck.project_out.in_features} " in latent


@pytest.mark.parametrize("kind", figure1.PRIORS)
def test_sizes_of_stage_2_are_those_of_the_prior_built_from_the_config(config, kind):
    s = figure1.sizes(config)
    continuous = kind == "flow"
    tokens, channels = (s.gaussian if continuous else s.fsq)["tokens"], s.gaussian["channels"]
    wide = max(s.embeddings.values())
    blueprint = priors.Blueprint(
        ["A", "C"], ["X"], "C", wide, tokens, 0 if continuous else s.codes, channels if continuous else 0,
        config["prior"]["model"], {key: value for key, value in s.priors[kind].items() if key not in SAMPLING},
    )  # fmt: skip
    model = priors.build(blueprint, torch.zeros(2, wide), torch.zeros(channels), torch.ones(channels))
    boxes = figure1.boxes(s)
    trunk, condition = " ".join(boxes["trunk"].lines), boxes["condition"].lines
    assert type(model.prior).__name__ == boxes[kind].class_path.rpartition(".")[2]
    assert f"{len(model.prior.trunk.blocks)} × DiTBlock" in trunk
    assert f"width {model.condition.cell_type.embedding_dim}" in condition
    if wide:
        assert f"ESM2, {model.condition.embedding.shape[1]:,} wide" in boxes["perturbation"].lines
    if kind != "ar":
        assert str(s.priors[kind]["steps"]) in boxes[kind].lines[0].split()


def test_no_text_touches_another_or_leaves_its_box_or_the_page(config):
    figure = figure1.draw(config)
    figure.dpi = 200  # as it is saved: at fewer dots, hinting widens letters
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    texts = figure.axes[0].texts
    edges = np.array([text.get_window_extent(canvas.get_renderer()).extents for text in texts]) / figure.dpi
    assert edges.min() >= 0 and edges[:, 2].max() <= figure1.WIDTH and edges[:, 3].max() <= figure1.HEIGHT
    edges[:, 1], edges[:, 3] = figure1.HEIGHT - edges[:, 3], figure1.HEIGHT - edges[:, 1]  # from the top, as boxes are
    for box in figure1.boxes(figure1.sizes(config)).values():
        inside = (edges[:, 0] < box.left + box.width) & (edges[:, 2] > box.left)
        inside &= (edges[:, 1] < box.top + box.height) & (edges[:, 3] > box.top)
        assert inside.sum() == bool(box.title) + bool(box.class_path) + len(box.lines)
        x0, y0, x1, y1 = edges[inside].T
        assert x0.min() >= box.left and x1.max() <= box.left + box.width, box.title
        assert y0.min() >= box.top and y1.max() <= box.top + box.height, box.title
    # A box of text has empty space above and below its letters: lines may share a little of it.
    slack = 0.15 * (edges[:, 3] - edges[:, 1])
    apart = (edges[:, None, 2] <= edges[None, :, 0]) | ((edges[:, 3] - slack)[:, None] <= (edges[:, 1] + slack)[None])
    touching = np.argwhere(~(apart | apart.T) & ~np.eye(len(edges), dtype=bool))
    assert not len(touching), [(shown(figure)[i], shown(figure)[j]) for i, j in touching]


def test_every_decoder_of_the_config_stands_at_its_head(config):
    figure = " ".join(shown(figure1.draw(config)))
    for name in ("ce-quant", "nb-sample", "nb (deter)", "hurdle", "mse"):
        assert name in figure


def test_the_papers_sizes_are_the_papers(repository):
    s = figure1.sizes(yaml.safe_load((repository / "config/config.yaml").read_text()))
    assert (s.tokens, s.codes, s.gaussian["channels"]) == ("64", 512, 8)
    assert s.embeddings == {"replogle": 2560, "parse1m": 0}


def test_an_unknown_checkpoint_and_a_missing_kind_are_refused_by_name(repository):
    config = yaml.safe_load((repository / "config/config.yaml").read_text())
    with pytest.raises(UserError, match="esm2.checkpoint: 'mine.pt'"):
        figure1.sizes(config | {"esm2": {"tiny": None, "checkpoint": "mine.pt"}})
    with pytest.raises(UserError, match="priors: none has the kind 'flow'"):
        figure1.sizes(config | {"priors": {k: v for k, v in config["priors"].items() if k != "flow"}})


@pytest.mark.parametrize("suffix", ["pdf", "png"])
def test_the_same_config_gives_the_same_bytes(tmp_path, repository, suffix):
    config = yaml.safe_load((repository / "config/config.yaml").read_text())
    files = [tmp_path / f"{i}.{suffix}" for i in range(2)]
    for file in files:
        figure1.save(figure1.draw(config), file)
    assert files[0].read_bytes() == files[1].read_bytes()
