"""The priors: one card each. To add one: its file in `priors/`, its card here, its entry in the config."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

TRUE_CODES = "true-codes"  # kind of a prior that is none: the true held-out cells, encoded; what the VAE alone loses
FSQ, GAUSSIAN = "fsq", "gaussian"  # kinds of bottleneck


@dataclass(frozen=True)
class PriorCard:
    """What is known of a prior without loading it.

    Attributes:
        label: what the paper calls it.
        class_path: module and class.
        bottleneck: the kind of latents that it models, "fsq" or "gaussian".
        description: one phrase.
        passes: network passes a sampling step; None: it samples token by token, in as many passes as there are
            tokens and with the work of one, for keys and values are remembered.
        sparse: a cell takes part in those sampling steps alone in which a code of it is drawn; each code is drawn in
            one of them, any as likely as another.
        sketch: lines of its box in Figure 1; {steps} is the option `steps`, with its noun.
        options: JSON Schema of each key of its entry in the config's `priors`, all of them required.
        sampling: those options that its training does not depend on.
        version: raised when its class learns another thing from the same latents: its trainings then run again.
    """

    label: str
    class_path: str
    bottleneck: str
    description: str
    passes: int | None = 1
    sparse: bool = False
    sketch: tuple[str, ...] = ()
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    sampling: tuple[str, ...] = ()
    version: int = 1


PRIORS: dict[str, PriorCard] = {
    "ar": PriorCard(
        "AR",
        "expressionvae.priors.ar.Autoregressive",
        FSQ,
        "autoregressive",
        passes=None,
        sketch=("code after code", "causal mask"),
        options={
            "positions": {"description": "learned positions of the codes; the authors have none", "type": "boolean"},
        },
    ),
    "mdlm": PriorCard(
        "MDLM",
        "expressionvae.priors.mdlm.MaskedDiffusion",
        FSQ,
        "masked diffusion",
        sparse=True,
        sketch=("{steps}", "unmask codes"),
        options={
            "steps": {"description": "denoising steps at sampling", "type": "integer", "minimum": 1},
            "t_eps": {
                "description": "smallest time, in training and sampling; the largest in training is 1 less this",
                "type": "number",
                "exclusiveMinimum": 0,
                "exclusiveMaximum": 0.5,
            },
            "time_scale": {
                "description": "what times from 0 to 1 are multiplied by before their sinusoids; 1,000 in the authors' "
                "code",
                "type": "number",
                "exclusiveMinimum": 0,
            },
        },
        sampling=("steps",),
    ),
    "flow": PriorCard(
        "Flow",
        "expressionvae.priors.flow.FlowMatching",
        GAUSSIAN,
        "flow matching",
        passes=2,  # Heun's solver
        sketch=("{steps} (Heun)", "noise to latents"),
        options={
            "time_scale": {
                "description": "what times from 0 to 1 are multiplied by before their sinusoids; the authors' 1 leaves "
                "most sinusoids still",
                "type": "number",
                "exclusiveMinimum": 0,
            },
            "standardise": {
                "description": "the flow runs on latents of mean 0 and variance 1; the authors' runs on the latents as "
                "they are",
                "type": "boolean",
            },
            "steps": {"description": "steps of Heun's solver at sampling", "type": "integer", "minimum": 1},
        },
        sampling=("steps",),
    ),
}
