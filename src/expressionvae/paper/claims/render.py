"""The judged claims as a page to read."""

import math

import pandas as pd

from expressionvae.paper import names
from expressionvae.paper.claims.common import label, who
from expressionvae.paper.claims.judge import GROUPS, NOT_PAPER, NOT_RUN, SCALE
from expressionvae.paper.claims.verdict import NOISE, Claim, Verdict
from expressionvae.writing.formatting import DASH
from expressionvae.writing.markdown import document, pipe_table

VERDICTS = [str(Verdict.HOLDS), str(Verdict.FAILS), str(Verdict.OPEN)]
HEAD = """# What becomes of the paper's claims

Each claim that a table can decide is a predicate, stated below, and is judged twice by the same code: on the numbers
that the paper prints, and on ours. A verdict is *holds*, *does not hold* or *not decided*: the last where rows are
missing or where the difference is within noise. On the paper's side this asks whether its tables bear out its text;
nothing of the paper is re-run for it. "Best of" verdicts compare the best of several noisy rows and are that much more
generous to whoever has more rows. A baseline counts in the row that the paper's Table 1 has of it: with our number
where it was trained here, else with the paper's, which is said. Rows that the paper lacks (samples of a baseline whose
published row is of means, linear, scGen) compete in none of its claims; mean-or-sample is about such samples. A dash:
the paper says nothing of that screen, or we have not run it.
Numbers in [brackets] are the effect that the rule names."""
MINIATURE = """Rows marked *made-up* come from a simulated screen and from models in miniature. They show that
the machinery decides; they say nothing of the paper's screens."""


def markdown(table: pd.DataFrame, twice: pd.DataFrame) -> str:
    """The page; `table` is `judge`'s, `twice` is `sources.printed_twice`'s."""
    parts = [HEAD, *([MINIATURE] if table["made_up"].any() else []), _counts(table), *_refuted(table)]
    parts += ["## Claim by claim", _summary(table), "## How noise is judged", NOISE]
    for title, claims in GROUPS:
        parts.append(f"## {title}")
        for claim in claims:
            parts += _claim(claim, table[table["claim"] == claim.id])
    return document(*parts, *_twice(twice))


def _sides(table: pd.DataFrame) -> list[tuple[str, pd.Series]]:
    """Verdicts by whose numbers they are of; rows of ours that were not run at all count where they stand."""
    real, made_up = table[~table["made_up"]], table[table["made_up"]]
    paper = table.loc[table["reason_paper"] != NOT_PAPER, "verdict_paper"]
    sides = [("the paper's printed numbers", paper), ("ours, real screens", real["verdict_ours"])]
    return sides + ([("ours, made-up screens (miniature)", made_up["verdict_ours"])] if len(made_up) else [])


def _tally(verdicts: pd.Series) -> list[int]:
    return [int((verdicts.replace(SCALE, VERDICTS[2]) == verdict).sum()) for verdict in VERDICTS]


def _counts(table: pd.DataFrame) -> str:
    rows = [[side, *map(str, _tally(verdicts))] for side, verdicts in _sides(table)]
    unrun = int((table["reason_ours"] == NOT_RUN).sum())
    rows[1][-1] += f" ({unrun} of them not run)" if unrun else ""
    return pipe_table(["Verdicts on", "hold", "do not hold", "not decided"], rows, left=1)


def _refuted(table: pd.DataFrame) -> list[str]:
    """Which of the paper's sentences its own numbers contradict, and which ours do."""
    parts = []
    for side, title in (("paper", "What the paper's own numbers contradict"), ("ours", "What our numbers contradict")):
        rows = table[table[f"verdict_{side}"] == VERDICTS[1]]
        lines = [f"- [{claim}](#{claim}): {_where(group)}" for claim, group in rows.groupby("claim", sort=False)]
        parts += [f"## {title}", "\n".join(lines) if lines else "Nothing."]
    return parts


def _where(rows: pd.DataFrame) -> str:
    """As in: Replogle (W₂, FD), Parse 1M."""
    places: dict[str, list[str]] = {}
    for row in _records(rows):
        places.setdefault(_screen(row), []).extend([row["part"]] if row["part"] else [])
    return ", ".join(screen + (f" ({', '.join(parts)})" if parts else "") for screen, parts in places.items())


def _summary(table: pd.DataFrame) -> str:
    sides = [side for side, _ in _sides(table)]
    rows = []
    for _, claims in GROUPS:
        for claim in claims:
            part = dict(_sides(table[table["claim"] == claim.id]))
            cells = [" / ".join(map(str, _tally(part[side]))) if side in part else DASH for side in sides]
            rows.append([f"[{claim.id}](#{claim.id})", claim.section, claim.text, *cells])
    note = "The same by claim, as *hold / do not hold / not decided*; a claim has a row per screen and metric."
    return note + "\n\n" + pipe_table(["Claim", "Section", "The paper says", *sides], rows, left=3)


def _claim(claim: Claim, rows: pd.DataFrame) -> list[str]:
    blank = (rows["numbers_paper"] == "") & (rows["numbers_ours"] == "")
    blank &= rows["verdict_paper"].isin(VERDICTS[2:]) & (rows["verdict_ours"] == SCALE)
    lines = [
        [_screen(row), row["part"] or DASH, _cell(row, "paper"), _cell(row, "ours")] for row in _records(rows[~blank])
    ]
    parts = [
        f"### {claim.id}",
        f"Section {claim.section}: {claim.text}",
        f"*Rule.* {claim.rule} *Effect:* {claim.effect}.",
    ]
    if lines:
        parts.append(pipe_table(["Screen", "Of", "The paper's numbers", "Ours"], lines, left=4))
    return parts + ([_blank(rows[blank])] if blank.any() else [])


def _records(rows: pd.DataFrame) -> list[dict]:
    return [{str(key): value for key, value in row.items()} for row in rows.to_dict("records")]


def _screen(row: dict) -> str:
    return names.dataset(row["dataset"]) + (" (made-up)" if row["made_up"] and row["dataset"] != "made-up" else "")


def _cell(row: dict, side: str) -> str:
    verdict, numbers, effect, reason = (row[f"{what}_{side}"] for what in ("verdict", "numbers", "effect", "reason"))
    if reason in (NOT_RUN, NOT_PAPER):
        return DASH
    if verdict in (VERDICTS[2], SCALE) and not numbers:
        return f"{VERDICTS[2]}: {reason}"
    size = f" [{effect:.3g}]" if math.isfinite(effect) else ""
    verdict = VERDICTS[2] if verdict == SCALE else f"**{verdict}**"
    return f"{verdict}{size}: {reason}. {numbers}".strip()


def _blank(rows: pd.DataFrame) -> str:
    """One line for all rows that neither side can judge."""
    why = rows["reason_paper"].where(rows["reason_paper"] != NOT_PAPER, "") + "|" + rows["reason_ours"]
    lines = []
    for both, group in rows.groupby(why, sort=False):
        paper, ours = str(both).split("|")
        lines.append(f"Not decided for {_where(group)}: {'; '.join(dict.fromkeys(filter(None, (paper, ours))))}.")
    return " ".join(lines)


def _twice(twice: pd.DataFrame) -> list[str]:
    if twice.empty:
        return []
    rows = [
        [
            names.dataset(row["dataset"]),
            who(row["prior"], row["decoder"]) if row["prior"] else names.baseline(row["baseline"]),
            label(row["metric"]),
            f"{names.item(row['used'])}: {row['mean']:g}",
            f"{names.item(row['item'])}: {row['other']:g}",
        ]
        for row in _records(twice)
    ]
    text = (
        "A quantity that the paper prints more than once is read from Tables 5 to 9 first (most digits, standard "
        "errors), then from Table 1, then from Figure 2. Where the printings differ by more than rounding:"
    )
    return [
        "## Where the paper prints two values",
        text,
        pipe_table(["Screen", "Row", "Metric", "Used above", "Also printed"], rows, left=5),
    ]
