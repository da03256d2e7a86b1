"""What Figure 1 says: its boxes, from the config's sizes and the library's own class names, and where they lie."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from expressionvae.catalogue.heads import HEADS
from expressionvae.catalogue.priors import GAUSSIAN, PRIORS
from expressionvae.files import UserError
from expressionvae.paper import names

_STAGE_1, _STAGE_2, _DISCRETE, _CONTINUOUS = "#d6e6f4", "#e6e0f0", "#fbe3c8", "#d5ecd9"

# Published checkpoints of ESM2, whose names tell their layers and not their width
# (https://github.com/facebookresearch/esm, "Available Models").
ESM2_WIDTH = {"t6_8M": 320, "t12_35M": 480, "t30_150M": 640, "t33_650M": 1280, "t36_3B": 2560, "t48_15B": 5120}


@dataclass(frozen=True)
class Sizes:
    """What the figure says of a config: `vae` and `prior` as there, one bottleneck and prior of each kind.

    codes: K, size of the codebook. embeddings: width of the perturbation embedding of each screen, 0 for a
    table that the prior learns. decoders: for each head, the names of its decoders. A head or a kind of prior that has
    a card and no entry in the config is not shown.
    """

    vae: Mapping[str, Any]
    prior: Mapping[str, Any]
    fsq: Mapping[str, Any]
    gaussian: Mapping[str, Any]
    priors: Mapping[str, Mapping[str, Any]]
    codes: int
    embeddings: Mapping[str, int]
    decoders: Mapping[str, Sequence[str]]

    @property
    def tokens(self) -> str:
        """L, of both bottlenecks where they differ."""
        return " or ".join(map(str, dict.fromkeys((self.fsq["tokens"], self.gaussian["tokens"]))))

    @property
    def choices(self) -> dict[str, tuple[str, ...]]:
        """Boxes that stand in one frame: a run has one of them."""
        return {"bottleneck": ("fsq", "gaussian"), "head": tuple(self.decoders), "prior": tuple(self.priors)}


@dataclass(frozen=True)
class Box:
    """A rectangle of the figure: where (inches, from the top left), what it is called, its class, its sizes."""

    left: float
    top: float
    width: float
    height: float
    colour: str
    title: str
    class_path: str = ""  # module and class, of which the figure shows the class
    lines: tuple[str, ...] = ()

    @property
    def middle(self) -> tuple[float, float]:
        return self.left + self.width / 2, self.top + self.height / 2

    @property
    def right(self) -> float:
        return self.left + self.width

    @property
    def bottom(self) -> float:
        return self.top + self.height


def sizes(config: Mapping[str, Any]) -> Sizes:
    """The sizes of `config`; where it has several bottlenecks or priors of a kind, the first.

    Raises UserError when a kind of bottleneck, or every prior, is missing, or an ESM2 checkpoint is none of the
    published.
    """
    fsq = _first(config, "bottlenecks", "fsq")
    heads = [head for head in HEADS if head in config["heads"]]
    kinds = {entry.get("kind") for entry in config["priors"].values()}
    if not kinds & PRIORS.keys():
        raise UserError(f"priors: Figure 1 shows those to train, and there is none (kinds: {', '.join(PRIORS)})")
    return Sizes(
        vae=config["vae"]["model"],
        prior=config["prior"]["model"],
        fsq=fsq,
        gaussian=_first(config, "bottlenecks", "gaussian"),
        priors={kind: _first(config, "priors", kind) for kind in PRIORS if kind in kinds},
        codes=prod(fsq["levels"]),
        embeddings={screen: _embedding_width(config, screen) for screen in config["screens"]},
        decoders={head: [n for n, entry in config["decoders"].items() if entry["head"] == head] for head in heads},
    )


def _first(config: Mapping[str, Any], section: str, kind: str) -> Mapping[str, Any]:
    for entry in config[section].values():
        if entry.get("kind") == kind:
            return entry
    raise UserError(f"{section}: none has the kind {kind!r}, which Figure 1 shows; expected at least one")


def _embedding_width(config: Mapping[str, Any], screen: str) -> int:
    if config["datasets"][screen]["embedding"] == "learned":
        return 0
    if config["esm2"]["tiny"]:
        return config["esm2"]["tiny"]["width"]
    name = config["esm2"]["checkpoint"]
    for part, width in ESM2_WIDTH.items():
        if f"_{part}_" in name:
            return width
    raise UserError(f"esm2.checkpoint: {name!r} is no published ESM2; expected one of {', '.join(ESM2_WIDTH)}")


def boxes(s: Sizes) -> dict[str, Box]:
    """Every box of the figure by name."""
    d, blocks = s.vae["width"], "expressionvae.nn.attention.CrossBlock"
    attention = "self- + cross-attention" if s.vae["decoder_self_attention"] else "cross-attention"
    top, tall = 0.75, 1.30
    stage_1 = {
        "genes": Box(1.02, top, 1.02, tall, _STAGE_1, "Gene tokens", "expressionvae.vae.model.ExpressionVAE",
                     ("gene table", f"G × {d}", "times an MLP", "of the value")),
        "encoder": Box(2.28, top, 1.02, tall, _STAGE_1, "Encoder", "expressionvae.vae.model.Encoder",
                       (f"L = {s.tokens} queries", *_blocks(s.vae["encoder_blocks"], blocks),
                        f"width {d}, {_count(s.vae['heads'], 'head')}", f"MLP {s.vae['feedforward']:,}")),
        "fsq": Box(3.50, top - 0.21, 1.08, 0.82, _DISCRETE, "Codes", "expressionvae.nn.fsq.FSQ",
                   (f"levels {' × '.join(map(str, s.fsq['levels']))}", f"K = {s.codes:,}",
                    f"L = {s.fsq['tokens']} codes a cell")),
        "gaussian": Box(3.50, top + 0.69, 1.08, 0.82, _CONTINUOUS, "Gaussian", "expressionvae.nn.gaussian.Gaussian",
                        (f"{s.gaussian['tokens']} × {s.gaussian['channels']}", "mean and variance",
                         f"β = {s.gaussian['beta']:g}")),
        "decoder": Box(4.80, top, 1.02, tall, _STAGE_1, "Decoder", "expressionvae.vae.model.Decoder",
                       ("G gene queries", *_blocks(s.vae["decoder_blocks"], blocks), attention,
                        f"states G × {d}")),
    }  # fmt: skip
    heads = {head: _head_box(head, number, s) for number, head in enumerate(s.decoders)}
    return stage_1 | heads | _stage_2(s)


def _head_box(head: str, number: int, s: Sizes) -> Box:
    first, more = s.decoders[head][:2], len(s.decoders[head]) - 2
    decoders = "; ".join([names.decoder(name) for name in first] + [f"+ {more}"] * (more > 0)) or "not decoded"
    pitch = 1.76 / len(s.decoders)
    top = 0.54 + pitch * number
    return Box(6.05, top, 1.02, pitch - 0.04, _STAGE_1, "", HEADS[head].class_path, (decoders,))


def _stage_2(s: Sizes) -> dict[str, Box]:
    top = 2.94
    prior, width = s.prior, f"width {s.prior['width']}"
    pitch = 3.57 / len(s.priors)
    priors = {
        kind: Box(3.58 + pitch * i, top + 0.36, pitch - 0.06, 0.66,
                  _CONTINUOUS if card.bottleneck == GAUSSIAN else _DISCRETE, card.label, card.class_path,
                  tuple(line.format(steps=_steps(s.priors[kind])) for line in card.sketch))
        for i, (kind, card) in enumerate((kind, PRIORS[kind]) for kind in s.priors)
    }  # fmt: skip
    widths = dict.fromkeys(s.embeddings.values())
    told = tuple(f"ESM2, {w:,} wide" if w else f"learned, {prior['width']} wide" for w in widths)
    trunk = (*_blocks(prior["layers"], "expressionvae.nn.dit.DiTBlock"), f"{width}, {_count(prior['heads'], 'head')}")
    return {
        "perturbation": Box(0.10, top + 0.06, 0.98, 0.62, "white", "Perturbation", "", told),
        "cell_type": Box(0.10, top + 0.82, 0.98, 0.50, "white", "Cell type", "", (f"learned, {prior['width']} wide",)),
        "condition": Box(1.24, top + 0.28, 0.98, 0.82, _STAGE_2, "Condition",
                         "expressionvae.priors.condition.ConditionEmbedding", ("sum of both", width)),
        "trunk": Box(2.38, top + 0.16, 0.90, 1.06, _STAGE_2, "Prior", "expressionvae.nn.dit.DiT",
                     (*trunk, f"MLP {prior['feedforward']:,}")),
        **priors,
    }  # fmt: skip


def _blocks(count: int, path: str) -> tuple[str, ...]:
    return (f"{count} × {path.rpartition('.')[2]}",)


def _steps(prior: Mapping[str, Any]) -> str:
    return _count(prior["steps"], "step") if "steps" in prior else ""


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")
