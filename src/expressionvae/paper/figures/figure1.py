"""Figure 1: the two-stage pipeline, drawn from the config's sizes and the library's own class names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Rectangle

from expressionvae.files import UserError
from expressionvae.paper import names

# Inches at the width of a page: type keeps its size in print.
WIDTH, HEIGHT = 7.2, 4.42
_INK, _QUIET = "#1a1a1a", "#595959"
_STAGE_1, _STAGE_2, _DISCRETE, _CONTINUOUS = "#d6e6f4", "#e6e0f0", "#fbe3c8", "#d5ecd9"
_LINE, _SMALL, _CLASS, _TITLE = 0.118, 6.2, 6.2, 7.2

# Published checkpoints of ESM2, whose names tell their layers and not their width
# (https://github.com/facebookresearch/esm, "Available Models").
ESM2_WIDTH = {"t6_8M": 320, "t12_35M": 480, "t30_150M": 640, "t33_650M": 1280, "t36_3B": 2560, "t48_15B": 5120}
HEADS = {"ce": "CrossEntropy", "nb": "NegativeBinomial", "hurdle": "Hurdle", "mse": "MeanSquaredError"}
PRIORS = {"ar": "Autoregressive", "mdlm": "MaskedDiffusion", "flow": "FlowMatching"}

# Of the boxes in a frame a run has one.
CHOICES = {"bottleneck": ("fsq", "gaussian"), "head": tuple(HEADS), "prior": tuple(PRIORS)}


@dataclass(frozen=True)
class Sizes:
    """What the figure says of a config: `vae` and `prior` as there, one bottleneck and prior of each kind.

    codes: K, size of the codebook. embeddings: width of the perturbation embedding of each screen, 0 for a
    table that the prior learns. decoders: for each head, the names of its decoders.
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


def sizes(config: Mapping[str, Any]) -> Sizes:
    """The sizes of `config`; where it has several bottlenecks or priors of a kind, the first.

    Raises UserError when a kind that the figure shows is missing, or an ESM2 checkpoint is none of the published.
    """
    fsq = _first(config, "bottlenecks", "fsq")
    decoders = {head: [n for n, entry in config["decoders"].items() if entry["head"] == head] for head in HEADS}
    return Sizes(
        vae=config["vae"]["model"],
        prior=config["prior"]["model"],
        fsq=fsq,
        gaussian=_first(config, "bottlenecks", "gaussian"),
        priors={kind: _first(config, "priors", kind) for kind in PRIORS},
        codes=prod(fsq["levels"]),
        embeddings={screen: _embedding_width(config, screen) for screen in config["screens"]},
        decoders=decoders,
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
    heads = {head: _head_box(head, number, s) for number, head in enumerate(HEADS)}
    return stage_1 | heads | _stage_2(s)


def _head_box(head: str, number: int, s: Sizes) -> Box:
    first, more = s.decoders[head][:2], len(s.decoders[head]) - 2
    decoders = ", ".join([names.decoder(name) for name in first] + [f"+ {more}"] * (more > 0)) or "not decoded"
    path = f"expressionvae.vae.heads.{head}.{HEADS[head]}"
    return Box(6.05, 0.54 + 0.44 * number, 1.02, 0.40, _STAGE_1, "", path, (decoders,))


def _stage_2(s: Sizes) -> dict[str, Box]:
    top = 2.94
    prior, width = s.prior, f"width {s.prior['width']}"
    sides = {
        "ar": (_DISCRETE, ("code after code", "causal mask")),
        "mdlm": (_DISCRETE, (_count(s.priors["mdlm"]["steps"], "step"), "unmask codes")),
        "flow": (_CONTINUOUS, (_count(s.priors["flow"]["steps"], "step") + " (Heun)", "noise to latents")),
    }
    priors = {
        kind: Box(3.58 + 1.19 * i, top + 0.36, 1.13, 0.66, sides[kind][0], names.prior(kind),
                  f"expressionvae.priors.{kind}.{PRIORS[kind]}", sides[kind][1])
        for i, kind in enumerate(PRIORS)
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


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


def draw(config: Mapping[str, Any]) -> Figure:
    """The paper's Figure 1 for `config` (all of it): stage 1 above, stage 2 below."""
    all_boxes = boxes(sizes(config))
    figure = Figure(figsize=(WIDTH, HEIGHT), facecolor="white")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, WIDTH), ylim=(HEIGHT, 0))
    axes.axis("off")
    _panel(axes, 0.06, 2.36, "Stage 1: ExpressionVAE, trained once per screen, bottleneck and head")
    _panel(axes, 2.66, 1.70, "Stage 2: a prior over the frozen latents")
    _counts(axes, all_boxes["genes"])
    frames = {name: _frame(axes, [all_boxes[member] for member in members]) for name, members in CHOICES.items()}
    for box in all_boxes.values():
        _box(axes, box)
    _arrows(axes, all_boxes, frames)
    return figure


def _panel(axes: Axes, top: float, height: float, title: str) -> None:
    axes.add_patch(
        Rectangle(
            (0.03, top), WIDTH - 0.06, height, facecolor="#fafafa", edgecolor="#d0d0d0", linewidth=0.6, zorder=0.5
        )
    )
    axes.text(0.10, top + 0.13, title, fontsize=7.8, fontweight="bold", va="center", color=_INK)


def _counts(axes: Axes, beside: Box) -> None:
    """A cell's counts as a column of numbers at the left of the first box."""
    left, side, y = 0.36, 0.20, beside.middle[1]
    for i, value in enumerate(("0", "3", "0", "1", "⋮", "7")):
        corner = (left, y + (i - 3) * side)
        axes.add_patch(Rectangle(corner, side, side, facecolor="white", edgecolor=_QUIET, linewidth=0.5))
        at = (left + side / 2, corner[1] + side / 2)
        axes.text(*at, value, fontsize=_SMALL, ha="center", va="center", color=_INK)
    axes.text(left + side / 2, y - 3 * side - 0.10, "counts x", fontsize=_TITLE, ha="center", va="center", color=_INK)
    axes.text(left + side / 2, y + 3 * side + 0.10, "G genes", fontsize=_SMALL, ha="center", va="center", color=_QUIET)
    _arrow(axes, (left + side + 0.02, y), (beside.left - 0.02, y))


def _box(axes: Axes, box: Box) -> None:
    corner, style = (box.left, box.top), "round,pad=0,rounding_size=0.05"
    axes.add_patch(
        FancyBboxPatch(corner, box.width, box.height, boxstyle=style, facecolor=box.colour, edgecolor=_QUIET, lw=0.7)
    )
    rows = [(box.title, {"fontsize": _TITLE, "fontweight": "bold", "color": _INK})] if box.title else []
    if box.class_path:
        shown = box.class_path.rpartition(".")[2]
        rows.append((shown, {"fontsize": _fit(box, shown, _CLASS), "family": "DejaVu Sans Mono", "color": _INK}))
    rows += [(line, {"fontsize": _fit(box, line, _SMALL), "color": _QUIET}) for line in box.lines]
    first = box.middle[1] - _LINE * 1.08 * (len(rows) - 1) / 2
    for i, (text, style_of) in enumerate(rows):
        axes.text(box.middle[0], first + i * _LINE * 1.08, text, ha="center", va="center", **style_of)


def _frame(axes: Axes, members: Sequence[Box]) -> Box:
    """A dashed line around boxes of which a run has one."""
    left, top = min(box.left for box in members) - 0.06, min(box.top for box in members) - 0.19
    right, bottom = (max(_right(box) for box in members) + 0.06, max(_bottom(box) for box in members) + 0.06)
    frame = Box(left, top, right - left, bottom - top, "none", "")
    style = {"facecolor": "none", "edgecolor": _QUIET, "linewidth": 0.6, "linestyle": (0, (3, 2))}
    axes.add_patch(Rectangle((left, top), frame.width, frame.height, **style))
    label = f"one of {('two', 'three', 'four')[len(members) - 2]}"
    axes.text(frame.middle[0], top + 0.10, label, fontsize=_SMALL, ha="center", va="center", color=_QUIET)
    return frame


def _fit(box: Box, text: str, size: float) -> float:
    """`size` in points, or what lets `text` fit the box (a letter is about 0.6 of the type's size wide)."""
    return min(size, 72 * (box.width - 0.06) / (0.603 * len(text)))


def _arrows(axes: Axes, at: Mapping[str, Box], frames: Mapping[str, Box]) -> None:
    y, bottleneck = at["genes"].middle[1], frames["bottleneck"]
    row = (at["genes"], at["encoder"], bottleneck, at["decoder"], frames["head"])
    for before, after in zip(row, row[1:], strict=False):
        _arrow(axes, (_right(before), y), (after.left, y))
    condition, trunk = at["condition"], at["trunk"]
    for given in ("perturbation", "cell_type"):
        _arrow(axes, (_right(at[given]), at[given].middle[1]), (condition.left, condition.middle[1]))
    _arrow(axes, (_right(condition), trunk.middle[1]), (trunk.left, trunk.middle[1]))
    _arrow(axes, (_right(trunk), trunk.middle[1]), (frames["prior"].left, trunk.middle[1]))
    _note(axes, trunk.middle[0], _bottom(trunk) + 0.10, "adaLN-Zero", "center")
    _note(axes, at["ar"].left, _bottom(frames["prior"]) + 0.12, "orange: over codes; green: over Gaussian latents")
    down, up = bottleneck.middle[0], at["decoder"].middle[0]
    _arrow(axes, (down, _bottom(bottleneck)), (down, frames["prior"].top))
    _note(axes, down + 0.06, 2.54, "latents, to learn")
    _arrow(axes, (up, frames["prior"].top), (up, _bottom(at["decoder"])))
    _note(axes, up + 0.06, 2.54, "sampled latents, to decode")


def _note(axes: Axes, x: float, y: float, text: str, align: str = "left") -> None:
    axes.text(x, y, text, fontsize=_SMALL, ha=align, va="center", color=_QUIET)


def _bottom(box: Box) -> float:
    return box.top + box.height


def _right(box: Box) -> float:
    return box.left + box.width


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    arrow = FancyArrowPatch(
        start, end, arrowstyle="-|>", mutation_scale=7, shrinkA=1, shrinkB=1, lw=0.8, color=_INK, zorder=0.9
    )
    axes.add_patch(arrow)


def save(figure: Figure, path: str | Path) -> None:
    """Write PNG (300 dots an inch) or PDF (type as text; the same config gives the same bytes)."""
    from expressionvae.paper.figures.figure2 import save as save_figure

    save_figure(figure, path)
