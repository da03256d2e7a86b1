"""What many jobs will cost together: by rule, by baseline, and the longest chain of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from expressionvae.run.costs import Costs, Job

GPU_RULES = ("train_vae", "train_prior", "encode", "true_codes", "sample", "decode", "reversion", "embed_proteins")
GPU_RULES += ("train_baseline", "predict_baseline")


@dataclass
class Estimate:
    """Costs of one rule's jobs."""

    jobs: int = 0
    seconds: float = 0.0
    gpu_seconds: float = 0.0
    bytes: float = 0.0


def by_rule(jobs: Sequence[Job], costs: Costs) -> dict[str, Estimate]:
    """Estimates summed by rule, in the order of the plan."""
    return _summed(jobs, [job.rule for job in jobs], costs)


def by_baseline(jobs: Sequence[Job], costs: Costs) -> dict[str, Estimate]:
    """The same of the jobs that train or predict with a baseline, by its folder or its row.

    Rows of one training share it: it stands under their folder.
    """
    theirs = [job for job in jobs if job.rule.startswith(("train_baseline", "predict_baseline"))]
    named = [job.wildcards.get("baseline") or job.wildcards["folder"] for job in theirs]
    return _summed(theirs, named, costs)


def _summed(jobs: Sequence[Job], keys: Sequence[str], costs: Costs) -> dict[str, Estimate]:
    table: dict[str, Estimate] = {}
    for job, key in zip(jobs, keys, strict=True):
        entry, seconds = table.setdefault(key, Estimate()), costs.seconds(job)
        entry.jobs += 1
        entry.seconds += seconds
        entry.gpu_seconds += seconds if job.rule in GPU_RULES else 0.0
        entry.bytes += costs.bytes(job)
    return table


def longest_path(jobs: Sequence[Job], costs: Costs) -> tuple[float, list[Job]]:
    """The chain of jobs that no number of machines makes shorter: its seconds, and its jobs from first to last."""
    maker = {file: number for number, job in enumerate(jobs) for file in job.outputs}

    @cache
    def until(number: int) -> tuple[float, tuple[int, ...]]:
        before = {maker[file] for file in jobs[number].inputs if file in maker}
        longest = max((until(other) for other in before), default=(0.0, ()))
        return longest[0] + costs.seconds(jobs[number]), (*longest[1], number)

    seconds, chain = max((until(number) for number in range(len(jobs))), default=(0.0, ()))
    return seconds, [jobs[number] for number in chain]
