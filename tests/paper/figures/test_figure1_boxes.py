"""Figure 1 says of the model what the library builds; unlike `paper`, these tests import it."""

from importlib import import_module

import pytest
import torch
import yaml

from expressionvae.catalogue.heads import HEADS
from expressionvae.catalogue.priors import GAUSSIAN, PRIORS
from expressionvae.files import UserError
from expressionvae.paper.figures import figure1, figure1_boxes
from expressionvae.priors import build as priors
from expressionvae.vae import build as vae
from expressionvae.work import without
from tests import options


def test_every_class_that_the_figure_names_is_in_the_library(config):
    paths = [box.class_path for box in figure1_boxes.boxes(figure1_boxes.sizes(config)).values() if box.class_path]
    paths += ["expressionvae.nn.attention.CrossBlock", "expressionvae.nn.dit.DiTBlock"]
    assert len(paths) > 12
    for path in paths:
        module, _, name = path.rpartition(".")
        assert isinstance(getattr(import_module(module), name), type)


@pytest.mark.parametrize("kind", ["fsq", "gaussian"])
def test_sizes_of_stage_1_are_those_of_the_model_built_from_the_config(config, kind):
    s = figure1_boxes.sizes(config)
    bins = {"lower": config["bins"]["lower"], "means": [float(edge) for edge in config["bins"]["lower"]]}
    for head, given in config["heads"].items():
        blueprint = vae.Blueprint(["A", "B"], bins, config["vae"]["model"], getattr(s, kind), head, given)
        model = vae.build(blueprint)
        assert type(model.head).__name__ == HEADS[head].class_path.rpartition(".")[2]
    boxes = figure1_boxes.boxes(s)
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


@pytest.mark.parametrize("kind", PRIORS)
def test_sizes_of_stage_2_are_those_of_the_prior_built_from_the_config(config, kind):
    config["priors"].setdefault(kind, options.entry_of_prior(kind))
    s = figure1_boxes.sizes(config)
    continuous = PRIORS[kind].bottleneck == GAUSSIAN
    tokens, channels = (s.gaussian if continuous else s.fsq)["tokens"], s.gaussian["channels"]
    wide = max(s.embeddings.values())
    blueprint = priors.Blueprint(
        ["A", "C"], ["X"], "C", wide, tokens, 0 if continuous else s.codes, channels if continuous else 0,
        config["prior"]["model"], without(s.priors[kind], *PRIORS[kind].sampling),
    )  # fmt: skip
    model = priors.build(blueprint, torch.zeros(2, wide), torch.zeros(channels), torch.ones(channels))
    boxes = figure1_boxes.boxes(s)
    trunk, condition = " ".join(boxes["trunk"].lines), boxes["condition"].lines
    assert type(model.prior).__name__ == boxes[kind].class_path.rpartition(".")[2]
    assert f"{len(model.prior.trunk.blocks)} × DiTBlock" in trunk
    assert f"width {model.condition.cell_type.embedding_dim}" in condition
    if wide:
        assert f"ESM2, {model.condition.embedding.shape[1]:,} wide" in boxes["perturbation"].lines
    if "{steps}" in "".join(PRIORS[kind].sketch):
        assert str(s.priors[kind]["steps"]) in " ".join(boxes[kind].lines).split()


def test_the_papers_sizes_are_the_papers(repository):
    s = figure1_boxes.sizes(yaml.safe_load((repository / "config/config.yaml").read_text()))
    assert (s.tokens, s.codes, s.gaussian["channels"]) == ("64", 512, 8)
    assert s.embeddings == {"replogle": 2560, "parse1m": 0}


def test_an_unknown_checkpoint_and_what_the_figure_cannot_do_without_are_refused_by_name(repository):
    config = yaml.safe_load((repository / "config/config.yaml").read_text())
    with pytest.raises(UserError, match="esm2.checkpoint: 'mine.pt'"):
        figure1_boxes.sizes(config | {"esm2": {"tiny": None, "checkpoint": "mine.pt"}})
    with pytest.raises(UserError, match="bottlenecks: none has the kind 'gaussian'"):
        figure1_boxes.sizes(config | {"bottlenecks": {"fsq": config["bottlenecks"]["fsq"]}})
    with pytest.raises(UserError, match="priors: Figure 1 shows those to train, and there is none"):
        figure1_boxes.sizes(config | {"priors": {"true-codes": config["priors"]["true-codes"]}})


def test_a_head_and_a_prior_that_the_config_does_not_name_have_no_box(repository):
    config = yaml.safe_load((repository / "config/config.yaml").read_text())
    for section, gone in (("heads", "hurdle"), ("priors", "ar"), ("decoders", "hurdle")):
        del config[section][gone]
    found = figure1_boxes.boxes(figure1_boxes.sizes(config))
    whole = figure1_boxes.boxes(figure1_boxes.sizes(yaml.safe_load((repository / "config/config.yaml").read_text())))
    assert whole.keys() - found.keys() == {"hurdle", "ar"}
    assert len(figure1.draw(config).axes[0].texts)
