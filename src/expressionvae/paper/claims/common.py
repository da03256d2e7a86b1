"""What the claims are about: decoders, baselines, families of metrics; and what they pick from the evidence."""

import math
from collections.abc import Container, Iterable

from expressionvae.paper import names
from expressionvae.paper.claims.evidence import PRIORS, Evidence, Number, Scores
from expressionvae.paper.claims.verdict import UNKNOWN, Verdict, best, combined, limit
from expressionvae.paper.columns import COLUMNS

LATENT = ("scldm", "scvi", "cpa")  # baselines with continuous latents
OTHERS = ("scvi", "cpa", "scgpt", "state")  # "one to three orders of magnitude"
REAL = ("state", "scvi", "cpa", "scgpt", "scldm", "perturb-mean")  # the six of Table 1
ORDER = 10.0
SAMPLING, DETERMINISTIC = "nb-sample", "mse"  # the two rows that Table 1 has of each prior
DISTRIBUTION = ("w2", "mmd2", "fd")
DISCOVERY = ("pds", "pr_auc", "spearman_sig")
MEAN_RANKING = ("spearman_lfc", "overlap_at_n")
GROUPED = (*DISTRIBUTION, *DISCOVERY, *MEAN_RANKING)
NINE = (*DISTRIBUTION, *DISCOVERY, *MEAN_RANKING, "pearson_delta")
NO_COLUMN = "the paper has no such column"
DRAWN, FIXED = ("ce-quant", "nb-sample", "hurdle"), ("mse", "nb-deter")  # sampling and deterministic decoders
DECODERS = ("ce-quant", "nb-sample", "hurdle", "mse", "nb-deter")  # from the richest to the poorest
ALL = "all screens"
CAUSE, NO_CAUSE = 0.5, 0.1  # share of an effect from which on something is its cause, up to which it is none


def label(metric: str) -> str:
    return COLUMNS[metric].unicode if metric in COLUMNS else metric.replace("_", " ")


def towards_sampling(metric: str) -> int:
    """1 where the paper says that richer sampling is better (groups 1 and 2), -1 where poorer is (group 3)."""
    return -1 if metric in MEAN_RANKING else 1


def who(prior: str, decoder: str) -> str:
    return f"{names.prior(prior)} {names.decoder(decoder)}"


def ours(scores: Scores, dataset: str, metric: str, decoders: tuple[str, ...]) -> tuple[str, Number] | None:
    """The best discrete-latent row among both priors and `decoders`."""
    rows = [(who(p, d), scores.model(dataset, p, d, metric)) for p in PRIORS for d in decoders]
    return best([(name, number) for name, number in rows if number is not None], metric)


def ratio(baseline: Number, model: Number, least: float) -> tuple[float, Verdict, str]:
    """baseline / model of a distance, and whether it is at least `least`, beyond noise where noise is known."""
    if model.mean <= 0 or baseline.mean <= 0:
        return math.nan, Verdict.OPEN, "a distance that is not positive has no ratio"
    times = baseline.mean / model.mean
    if not (model.known and baseline.known):
        return times, Verdict.OPEN, UNKNOWN
    errors, freedom = combined(baseline, model)
    if any(errors):
        spread = math.hypot(errors[0] / baseline.mean, errors[1] / model.mean)
        if abs(math.log(times / least)) < limit(freedom) * spread:
            return times, Verdict.OPEN, f"within noise of the threshold {least:g}x"
    return times, Verdict.HOLDS if times >= least else Verdict.FAILS, ""


def unrun(evidence: Evidence, dataset: str, wanted: tuple[str, ...], rivals: dict[str, Number]) -> str:
    """Which of `wanted` nobody has run on this screen; what the paper's table leaves blank is not missing."""
    if evidence.published or dataset in evidence.borrowed.datasets():
        return ""
    return absent(wanted, {*rivals, *evidence.scores.run(dataset)})


def absent(wanted: tuple[str, ...], rivals: Container[str]) -> str:
    return listed([name for name in wanted if name not in rivals])


def universal(verdict: Verdict, reason: str, missing: str) -> tuple[Verdict, str]:
    """One baseline refutes a claim about all of them; only all of them confirm it."""
    if verdict is Verdict.HOLDS and missing:
        return Verdict.OPEN, f"{reason}; but not run here: {missing}"
    return verdict, reason


def from_paper(wanted: Iterable[str], borrowed: Container[str]) -> str:
    """Which of the baselines that a verdict looks at have the paper's numbers; "" where all were run here."""
    found = [name for name in wanted if name in borrowed]
    if not found:
        return ""
    said = "was not run here: its number is" if len(found) == 1 else "were not run here: their numbers are"
    return f" ({listed(found)} {said} the paper's)"


def drawn(evidence: Evidence, dataset: str, metric: str, wanted: Container[str], model: Number) -> str:
    """How far off the samples are of those baselines whose published row is of means; "" where none were drawn."""
    rows = [
        (pair.sample_label, evidence.scores.baseline(dataset, pair.sample, metric))
        for pair in evidence.pairs
        if pair.mean in wanted
    ]
    if model.mean <= 0:
        return ""
    shown = [f"{name} is {number.mean / model.mean:.3g} times ours" for name, number in rows if number is not None]
    return f"; not counted, since the paper's row is of means: {', '.join(shown)}" if shown else ""


def listed(baselines: list[str]) -> str:
    return ", ".join(map(names.baseline, baselines))
