"""What the paper's own tables say of its claims: the predicates that judge a run, on printed numbers alone."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from expressionvae.paper import names, published
from expressionvae.paper.claims import sources
from expressionvae.paper.claims.judge import GROUPS, NOT_PAPER, judge
from expressionvae.writing.markdown import document, pipe_table


def page(tables: Sequence[str | Path]) -> str:
    """By section, each claim with its rule and its verdicts; `tables` are those of `resources/published`."""
    evidence = sources.of_published(published.load([str(path) for path in tables]))
    verdicts = judge(evidence, evidence, [])
    verdicts = verdicts[verdicts["reason_paper"] != NOT_PAPER]
    parts: list[str] = []
    for title, claims in GROUPS:
        lines = []
        for claim in claims:
            rows = verdicts[verdicts["claim"] == claim.id]
            if len(rows):
                lines.append([f"`{claim.id}`", claim.text, claim.rule, _said(rows)])
        parts += [
            f"### {title}",
            pipe_table(["Claim", "The paper says", "Judged by", "Its own numbers"], lines, left=4),
        ]
    return document(*parts)


def _said(rows: pd.DataFrame) -> str:
    """As in: Replogle: holds (W₂), not decided (PDS)."""
    told = []
    for dataset, group in rows.groupby("dataset", sort=False):
        kinds = [_one(str(verdict), part) for verdict, part in group.groupby("verdict_paper", sort=False)]
        told.append(f"{names.dataset(str(dataset))}: {'; '.join(kinds)}" if dataset else "; ".join(kinds))
    return "<br>".join(told)


def _one(verdict: str, rows: pd.DataFrame) -> str:
    parts = [str(part) for part in rows["part"] if part]
    return f"**{verdict}**" + (f" ({', '.join(parts)})" if parts else "")
