"""Kill a small run again and again, at random moments and in three ways, and demand the results of one left alone.

    python benchmarks/kills.py FOLDER [--kills 8] [--seed 0] [--target results/paper/table1.csv]

The run is the demo's grid at the sizes of tests/workflow/tiny.yaml. Each kill goes to Snakemake and all that it has
started, as a terminal's Ctrl-C, a cluster and the kernel do. Afterwards every CSV and JSON of the results, except what
tells of the run itself (times, memory), must equal that of an undisturbed run to the byte, and no temporary file may
lie about.
"""

import argparse
import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
OF_THE_RUN = ("results/benchmarks/*", "results/paper/resources.*", "*/checkpoints/*", "*/unfinished/*")


def snakemake(folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
    """A run in a process group of its own; what it says goes to a file."""
    configs = [ROOT / "config" / "demo.yaml", ROOT / "tests" / "workflow" / "tiny.yaml"]
    command = [sys.executable, "-m", "snakemake", "--snakefile", ROOT / "Snakefile", "--directory", folder]
    command += ["--cores", "2", "--scheduler", "greedy", "--rerun-incomplete", "--configfile", *configs, "--"]
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "said.txt", "ab") as said:
        return subprocess.Popen(
            [*map(str, command[:-1]), *arguments], stdout=said, stderr=said, cwd=ROOT, start_new_session=True
        )


def whole(folder: Path, target: str) -> float:
    """Run to the end; seconds that it took."""
    started = time.monotonic()
    code = snakemake(folder, "--", target).wait()
    if code:
        raise SystemExit(f"{folder}: ended with code {code}:\n{(folder / 'said.txt').read_text()[-3000:]}")
    return time.monotonic() - started


def killed(folder: Path, target: str, number: signal.Signals, after: float) -> bool:
    """Start, and kill after some seconds; whether there was something to kill."""
    snakemake(folder, "--unlock").wait()  # what a killed Snakemake leaves, and asks for
    running = snakemake(folder, "--", target)
    try:
        running.wait(after)
        return False
    except subprocess.TimeoutExpired:
        pass
    rules = re.findall(r"^(?:local)?rule (\w+):", (folder / "said.txt").read_text(errors="replace"), re.MULTILINE)
    os.killpg(running.pid, number)
    running.wait()
    while _alive(running.pid):
        time.sleep(0.1)
    print(f"{number.name} after {after:.1f} s, in {rules[-1] if rules else 'no rule'}", flush=True)
    return True


def _alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
        return True
    except ProcessLookupError:
        return False


def results(folder: Path) -> dict[Path, bytes]:
    """What must be equal, by path."""
    files = [path for ending in ("csv", "json") for path in (folder / "results").rglob(f"*.{ending}")]
    named = {path.relative_to(folder): path for path in files}
    return {
        name: path.read_bytes()
        for name, path in sorted(named.items())
        if not any(name.match(pattern) for pattern in OF_THE_RUN)
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--kills", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--target", default="results/paper/table1.csv")
    given = parser.parse_args()
    draw, folder = random.Random(given.seed), given.folder.resolve()
    seconds = whole(folder / "whole", given.target)
    expected = results(folder / "whole")
    print(f"undisturbed: {seconds:.0f} s, {len(expected)} files", flush=True)
    done, run = 0, 0
    wrong: list[str] = []
    while done < given.kills:  # a run that ends before it is killed is compared, and another begins
        run += 1
        here = folder / f"killed-{run}"
        while done < given.kills:
            number = SIGNALS[done % len(SIGNALS)]
            if not killed(here, given.target, number, draw.uniform(0.05, 0.5) * seconds):
                break
            done += 1
        snakemake(here, "--unlock").wait()
        whole(here, given.target)
        found = results(here)
        wrong += [
            f"{here.name}: {name}" for name in expected.keys() | found.keys() if expected.get(name) != found.get(name)
        ]
        left = [path for path in (here / "results").rglob(".*") if path.is_file()]
        wrong += [f"left: {path.relative_to(folder)}" for path in left]
    print(f"{done} kills in {run} runs; {len(wrong)} files differ or are left over of {len(expected)}")
    for name in wrong:
        print(f"  {name}")
    raise SystemExit(bool(wrong))


if __name__ == "__main__":
    main()
