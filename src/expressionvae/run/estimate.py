"""`snakemake plan`: what a run will cost by rule, how long it takes at least, and what was used so far."""

from collections.abc import Mapping, Sequence

import pandas as pd

from expressionvae.run.costs import Costs, Job
from expressionvae.run.totals import Estimate, by_baseline, by_rule, longest_path


def text(whole: Sequence[Job], left: Sequence[Job], costs: Costs, used: pd.DataFrame | None) -> str:
    """The estimate as text: one line a rule, then totals, baselines one by one, the longest chain.

    Args:
        whole: all jobs of the config; left: those still to do.
        used: `resources.summarise` of the jobs that ran, or None.
    """
    estimates, remaining = by_rule(whole, costs), by_rule(left, costs)
    taken = (
        {}
        if used is None
        else dict(zip(used["rule"], zip(used["jobs"], used["seconds_sum"], strict=True), strict=True))
    )
    lines = [f"Estimated for {costs.speed['name']}; {costs.speed['measured']}", ""]
    lines.append(f"{'rule':22}{'jobs':>6}{'to do':>7}{'hours':>9}{'GPU h':>9}{'disk GB':>9}{'ran':>6}{'used h':>9}")
    for rule, entry in estimates.items():
        ran, seconds = taken.get(rule, (0, 0.0))
        lines.append(f"{_line(rule, entry, remaining)}{ran:6}{_hours(seconds)}")
    total = [sum(getattr(entry, key) for entry in estimates.values()) for key in ("seconds", "gpu_seconds", "bytes")]
    todo_gpu = sum((entry.gpu_seconds for entry in remaining.values()), 0.0)
    jobs = f"{len(whole):6}{len(left):7}"
    spent = sum((seconds for _, seconds in taken.values()), 0.0)
    lines.append(f"{'total':22}{jobs}{_hours(total[0])}{_hours(total[1])}{total[2] / 1e9:9.2f}{'':6}{_hours(spent)}")
    if theirs := by_baseline(whole, costs):
        unfinished = by_baseline(left, costs)
        lines += ["", "Of which by baseline (a training stands under its folder):"]
        lines += [_line(name, entry, unfinished) for name, entry in theirs.items()]
    seconds, chain = longest_path(whole, costs)
    steps = " -> ".join(dict.fromkeys(job.rule for job in chain))
    lines += ["", f"Still to do: {todo_gpu / 3600:.1f} GPU hours.", f"At least {seconds / 3600:.1f} hours: {steps}"]
    return "\n".join(lines)


def _line(name: str, entry: Estimate, remaining: Mapping[str, Estimate]) -> str:
    todo = remaining[name].jobs if name in remaining else 0
    hours = f"{_hours(entry.seconds)}{_hours(entry.gpu_seconds)}"
    return f"{name:22}{entry.jobs:6}{todo:7}{hours}{entry.bytes / 1e9:9.2f}"


def _hours(seconds: float) -> str:
    return f"{seconds / 3600:9.2f}" if seconds else f"{'':9}"
