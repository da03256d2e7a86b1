"""What a rule's script loads before it works: heavy packages are seconds of every job, and add up over hundreds."""

import subprocess
import sys
from pathlib import Path

import pytest
from benchmarks.imports import HEAVY, SCRIPTS, imports

TORCH, LABELS, TABLES = {"torch"}, {"torch", "pandas"}, {"anndata", "pandas"}
# Of rules with many jobs; what a rule loads beside this, it loads for nothing.
ALLOWED = {
    "config_in_force": set(),
    "train_prior": TORCH,
    "train_vae": LABELS,
    "encode": LABELS,
    "true_codes": LABELS,
    "sample": LABELS,
    "decode": TORCH | TABLES,
    "baseline_query": TABLES,
    "admit_baseline": TABLES,
    "perturbations": {"pandas"},
    "truth": TABLES,
}


def heavy(statements: str) -> set[str]:
    """Which of `HEAVY` a fresh Python has loaded after these statements."""
    program = f"{statements}\nimport sys\nprint(*[name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize("rule", ALLOWED)
def test_a_rule_s_script_loads_only_the_heavy_packages_that_it_needs(rule: str):
    assert heavy(imports(SCRIPTS / f"{rule}.py")) <= ALLOWED[rule]


def test_the_imports_of_a_script_are_found_where_they_stand(tmp_path: Path):
    script = tmp_path / "script.py"
    script.write_text("import os\nwith open(os.devnull):\n    from pathlib import Path\n    raise ValueError\n")
    assert imports(script) == "import os\nfrom pathlib import Path"
