"""Section 4.3 (frozen encoders on a reversion screen), and the bins of section 3.1."""

import math

import pandas as pd

from expressionvae.paper import names
from expressionvae.paper.claims.evidence import CONTINUOUS, DISCRETE, PFIZER, Evidence
from expressionvae.paper.claims.verdict import Claim, Finding, Verdict, digits, undecided

HEADS = ("ce", "hurdle", "mse", "nb")
AUC, TREATED, UNTREATED = "enrichment_auc", "gene_ch_treated", "gene_ch_untreated"
LABELS = {AUC: "enrichment AUC", TREATED: "Gene CH (T)", UNTREATED: "Gene CH (U)"}
PAIRING = {"parse1m": DISCRETE, "replogle": CONTINUOUS}  # which bottleneck wins with the hurdle head
SCGPT = 0.81  # Section 4.3, for scale; it is also a row of the published figure3.csv
MOST = 0.75  # of the pairings, to say that FSQ dominates "across decoder pairings more generally"
BOUNDED = 0.995
STATED = "annotated as the best bar of its panel in Figure 3; the other bars are not printed as numbers"


def encoders(evidence: Evidence, metric: str) -> list[tuple[str, str, pd.DataFrame]]:
    """(dataset, screen, rows) of trained encoders that have `metric`."""
    table = evidence.reversion
    keep = (table["metric"] == metric) & table["head"].isin(HEADS) & table["value"].notna()
    keep &= table["bottleneck"].isin([DISCRETE, CONTINUOUS])
    return [
        (str(d), str(s), rows.reset_index(drop=True))
        for (d, s), rows in table[keep].groupby(["dataset", "screen"], sort=False)
    ]


def _unrun(evidence: Evidence, metrics: tuple[str, ...]) -> list[Finding]:
    """Findings of screens whose encoders have met no reversion screen."""
    done = {(d, metric) for metric in metrics for d, _, _ in encoders(evidence, metric)}
    missing = [(d, metric) for metric in metrics for d in evidence.datasets if (d, metric) not in done]
    return [undecided(d, LABELS[metric], "no reversion screen has been embedded") for d, metric in missing]


def _part(screen: str, metric: str) -> str:
    return LABELS[metric] if screen == PFIZER else f"{LABELS[metric]}, {screen}"


def _name(row: pd.Series) -> str:
    return f"{row['bottleneck']} + {row['head']}"


def _value(row: pd.Series) -> str:
    interval = f" ({row['low']:.2f} to {row['high']:.2f})" if math.isfinite(row["low"]) else ""
    return f"{_name(row)} {digits(row['value'])}{interval}"


def _apart(first: pd.Series, second: pd.Series) -> bool:
    """Whether two values differ beyond their 95% intervals (taken as independent); True where there are none."""
    widths = [row["high"] - row["low"] for row in (first, second)]
    if not all(math.isfinite(width) for width in widths):
        return True
    return abs(first["value"] - second["value"]) > math.hypot(*widths) / 2


def _best_is(
    evidence: Evidence, dataset: str, screen: str, metric: str, rows: pd.DataFrame, wanted: pd.Series, what: str
) -> Finding:
    """Whether the best encoder is one of `wanted`, beyond noise over the best of the others."""
    part, top = _part(screen, metric), rows.loc[rows["value"].idxmax()]
    if evidence.published:
        inside = bool(wanted[rows["value"].idxmax()])
        verdict = Verdict.HOLDS if inside else Verdict.FAILS
        return Finding(dataset, part, verdict, _value(top), math.nan, STATED)
    missing = [h for h in HEADS if h not in set(rows["head"])]
    if missing or wanted.all() or not wanted.any():
        lacks = f"heads not run: {', '.join(missing)}" if missing else f"needs encoders with and without {what}"
        return undecided(dataset, part, lacks, _value(top))
    inside, outside = (rows.loc[rows.loc[side, "value"].idxmax()] for side in (wanted, ~wanted))
    effect, numbers = inside["value"] - outside["value"], f"{_value(inside)}; {_value(outside)}"
    if not _apart(inside, outside):
        return undecided(dataset, part, "within the intervals", numbers, effect)
    verdict = Verdict.HOLDS if effect > 0 else Verdict.FAILS
    noise = "" if math.isfinite(inside["low"]) else " (no interval: values as they are)"
    return Finding(dataset, part, verdict, numbers, effect, f"best: {_name(top)}{noise}")


def hurdle_best(evidence: Evidence) -> list[Finding]:
    found = [
        _best_is(evidence, d, s, AUC, rows, rows["head"] == "hurdle", "the hurdle head")
        for d, s, rows in encoders(evidence, AUC)
    ]
    return found + _unrun(evidence, (AUC,))


def pairing(evidence: Evidence) -> list[Finding]:
    found = [_pairing(dataset, screen, rows) for dataset, screen, rows in encoders(evidence, AUC)]
    return found + _unrun(evidence, (AUC,))


def _pairing(dataset: str, screen: str, rows: pd.DataFrame) -> Finding:
    part = _part(screen, AUC)
    hurdle = rows[rows["head"] == "hurdle"].drop_duplicates("bottleneck").set_index("bottleneck", drop=False)
    if not {DISCRETE, CONTINUOUS} <= set(hurdle.index):
        shown = "; ".join(_value(row) for _, row in hurdle.iterrows())
        return undecided(dataset, part, "needs the hurdle head on both bottlenecks", shown)
    first, second = hurdle.loc[DISCRETE], hurdle.loc[CONTINUOUS]
    effect, numbers = first["value"] - second["value"], f"{_value(first)}; {_value(second)}"
    if not _apart(first, second):
        return undecided(dataset, part, "within the intervals: six positives decide little", numbers, effect)
    winner = DISCRETE if effect > 0 else CONTINUOUS
    if dataset not in PAIRING:
        return undecided(dataset, part, f"{winner} wins; the paper says nothing of this screen", numbers, effect)
    verdict = Verdict.HOLDS if winner == PAIRING[dataset] else Verdict.FAILS
    return Finding(dataset, part, verdict, numbers, effect, f"{winner} wins")


def fsq_ce_best(evidence: Evidence) -> list[Finding]:
    found = [
        _best_is(evidence, d, s, m, rows, (rows["head"] == "ce") & (rows["bottleneck"] == DISCRETE), "FSQ and ce")
        for m in (TREATED, UNTREATED)
        for d, s, rows in encoders(evidence, m)
    ]
    return found + _unrun(evidence, (TREATED, UNTREATED))


def fsq_dominates(evidence: Evidence) -> list[Finding]:
    found = [_dominates(d, s, m, rows) for m in (TREATED, UNTREATED) for d, s, rows in encoders(evidence, m)]
    return found + _unrun(evidence, (TREATED, UNTREATED))


def _dominates(dataset: str, screen: str, metric: str, rows: pd.DataFrame) -> Finding:
    part = _part(screen, metric)
    wide = rows.pivot_table(index="head", columns="bottleneck", values="value", sort=False)
    wide = wide.reindex(columns=[DISCRETE, CONTINUOUS]).dropna()
    if len(wide) < len(HEADS):
        reason = f"needs all four heads on both bottlenecks; {len(wide)} are there"
        return undecided(dataset, part, reason)
    wins = int((wide[DISCRETE] > wide[CONTINUOUS]).sum())
    numbers = "; ".join(f"{h}: {digits(row[DISCRETE])} against {digits(row[CONTINUOUS])}" for h, row in wide.iterrows())
    verdict = Verdict.HOLDS if wins / len(wide) >= MOST else Verdict.FAILS
    return Finding(dataset, part, verdict, numbers, wins / len(wide), f"FSQ higher with {wins} of {len(wide)} heads")


def matches_scgpt(evidence: Evidence) -> list[Finding]:
    found = [_matches(dataset, screen, rows) for dataset, screen, rows in encoders(evidence, AUC)]
    return found + _unrun(evidence, (AUC,))


def _matches(dataset: str, screen: str, rows: pd.DataFrame) -> Finding:
    part, top = _part(screen, AUC), rows.loc[rows["value"].idxmax()]
    numbers, effect = f"{_value(top)}; scGPT {SCGPT}", float(top["value"] - SCGPT)
    if screen != PFIZER:
        return undecided(dataset, part, "scGPT's number is about the Pfizer screen, not about this one", numbers)
    if not math.isfinite(top["low"]):
        return undecided(dataset, part, "no interval", numbers, effect)
    inside = top["low"] <= SCGPT <= top["high"]
    reason = f"0.81 lies {'inside' if inside else 'outside'} an interval {top['high'] - top['low']:.2f} wide"
    above = not inside and effect > 0
    return Finding(dataset, part, Verdict.HOLDS if inside or above else Verdict.FAILS, numbers, effect, reason)


def bounded_bins(evidence: Evidence) -> list[Finding]:
    findings = []
    for dataset, share in evidence.coverage.items():
        if share is None:
            findings.append(undecided(dataset, "", "no gene is significant on this screen"))
            continue
        verdict = Verdict.HOLDS if share >= BOUNDED else Verdict.FAILS
        on = names.dataset(dataset)
        reason = f"{1 - share:.2%} of the means on {on} fall in the unbounded bin"
        findings.append(Finding(dataset, "", verdict, f"{share:.2%}", share, reason))
    missing = [dataset for dataset in evidence.datasets if dataset not in evidence.coverage]
    return findings + [undecided(dataset, "", "the share has not been computed") for dataset in missing]


CLAIMS = [
    Claim(
        "hurdle-best-auc",
        "4.3",
        "The hurdle decoder is the strongest pairing on enrichment AUC for both training screens.",
        "Of all encoders (bottleneck and head), the one with the highest AUC has the hurdle head, beyond the 95% "
        "intervals of the two AUCs compared.",
        "AUC over the best other head",
        hurdle_best,
    ),
    Claim(
        "pairing-varies",
        "4.3",
        "With the hurdle head, FSQ wins on Parse 1M and Gaussian on Replogle.",
        "The AUCs of the two bottlenecks differ, beyond their 95% intervals, in the direction that the paper says. The "
        "paper gives no interval: the one of its six positives among 1,732 is used (Hanley and McNeil 1982).",
        "AUC of FSQ less that of Gaussian",
        pairing,
    ),
    Claim(
        "fsq-ce-best-ch",
        "4.3",
        "FSQ with the quantile (ce) head is the strongest configuration on Gene CH (T) and (U), on both screens.",
        "The encoder with the highest Calinski-Harabasz ratio is FSQ with the ce head.",
        "CH over the best other encoder",
        fsq_ce_best,
    ),
    Claim(
        "fsq-dominates-ch",
        "4.3",
        "FSQ encoders dominate Gaussian encoders on Gene CH across decoder pairings.",
        "FSQ is higher than Gaussian with at least three of the four heads.",
        "share of heads",
        fsq_dominates,
    ),
    Claim(
        "matches-scgpt",
        "4.3",
        "The frozen encoder effectively matches scGPT (0.79 against 0.81), within typical evaluation noise.",
        "On the paper's reversion screen, 0.81 is not above the 95% interval of the best encoder's AUC (for the "
        "paper's own numbers the interval of six positives among 1,732).",
        "AUC less scGPT's",
        matches_scgpt,
    ),
    Claim(
        "bounded-bins",
        "3.1",
        "The bins capture 100% (Parse 1M) and 99.69% (Replogle) of top-DEG per-perturbation means within bounded bins.",
        "At least 99.5% of the per-perturbation mean counts of the top genes lie below the last, unbounded bin.",
        "share",
        bounded_bins,
    ),
]
