"""What a run cost: wall time, memory and load of every rule, from the tables that Snakemake's `benchmark:` writes."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from expressionvae import stored
from expressionvae.files import reading
from expressionvae.writing.formatting import DASH, fixed
from expressionvae.writing.markdown import document, pipe_table

# Names and units of Snakemake's columns: seconds, MiB of resident memory, percent of one core.
MEASURED = {"s": "seconds", "max_rss": "memory", "mean_load": "load"}
COLUMNS = ["rule", "jobs", "seconds_median", "seconds_max", "seconds_sum", "memory_max", "load_mean"]


def read(folder: str | Path) -> pd.DataFrame:
    """One row for each time that a job was measured: rule, seconds, memory (MiB), load (%); NaN where unmeasured.

    A file lies at `{folder}/{rule}.tsv` or `{folder}/{rule}/...tsv`; there is one for each job that ran since the
    folder was made, so jobs whose results were there before are missing. Raises UserError for a file that is no
    benchmark table.
    """
    folder = Path(folder)
    parts = [_one(path, path.relative_to(folder)) for path in sorted(folder.rglob("*.tsv"))]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["rule", *MEASURED.values()])


def _one(path: Path, name: Path) -> pd.DataFrame:
    with reading(path, "Snakemake's measurements of a job", "delete it: what that job took is then not counted"):
        table = stored.table(path, texts=[], numbers=list(MEASURED), sep="\t", absent=["-", "NA"])
        numbers = table[list(MEASURED)].rename(columns=MEASURED).astype(float)
    return numbers.assign(rule=name.parts[0].removesuffix(".tsv"))


def summarise(jobs: pd.DataFrame, order: Sequence[str]) -> pd.DataFrame:
    """One row a rule (COLUMNS): `order` first, then by name.

    Memory is the most of any job; load is the mean over jobs, each counted by its time. Jobs of a second or less
    end before Snakemake has measured their memory and load, which are then NaN.
    """
    rows = [_row(str(rule), part) for rule, part in jobs.groupby("rule")]
    rank = {rule: number for number, rule in enumerate(order)}
    rows.sort(key=lambda row: (rank.get(row["rule"], len(rank)), row["rule"]))
    return pd.DataFrame(rows, columns=COLUMNS)


def _row(rule: str, part: pd.DataFrame) -> dict:
    known = part[np.isfinite(part["load"]) & (part["seconds"] > 0)]
    return {
        "rule": rule,
        "jobs": len(part),
        "seconds_median": part["seconds"].median(),
        "seconds_max": part["seconds"].max(),
        "seconds_sum": part["seconds"].sum(),
        "memory_max": part["memory"].max(),
        "load_mean": np.average(known["load"], weights=known["seconds"]) if len(known) else np.nan,
    }


def markdown(table: pd.DataFrame) -> str:
    """The summary for readers: seconds, MiB, percent of one core, and a row of totals."""
    head = ["Rule", "Jobs", "Median s", "Longest s", "All s", "Peak MiB", "Load %"]
    lines = [[f"{row['rule']}", f"{row['jobs']}", *_numbers(row)] for row in table.to_dict("records")]
    if len(table):
        most = table["memory_max"].max()
        total = [f"{table['seconds_sum'].sum():,.1f}", _whole(most), ""]
        lines.append(["**All**", f"{table['jobs'].sum()}", "", f"{table['seconds_max'].max():,.1f}", *total])
    return document(_caption(table), pipe_table(head, lines, left=1))


def _caption(table: pd.DataFrame) -> str:
    if table.empty:
        return "**Run times and memory.** No job has been measured yet."
    return (
        "**Run times and memory.** What each rule took, as Snakemake measured it: number of jobs; median, longest and "
        "summed wall time in seconds; most resident memory of any job in MiB; mean load in percent of one core. Only "
        f"jobs that ran in this folder are counted; {DASH}: ended before it was measured. Memory of a GPU is not."
    )


def _numbers(row: dict) -> Iterable[str]:
    seconds = [f"{row[key]:,.1f}" for key in ("seconds_median", "seconds_max", "seconds_sum")]
    return [*seconds, _whole(row["memory_max"]), fixed(row["load_mean"], 0)]


def _whole(value: float) -> str:
    return f"{value:,.0f}" if np.isfinite(value) else DASH
