"""What each rule's script costs before it works: the CPU seconds of its imports, and the heavy packages they load.

    python benchmarks/imports.py [RULE ...]

Each script's import statements, and nothing else of it, run in a Python of their own; the least of three tries counts.
What a script's functions import when they are called is not in these numbers: only the rules that call them pay it.
"""

import argparse
import ast
import subprocess
import sys
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parents[1] / "workflow" / "scripts"
HEAVY = ("anndata", "esm", "matplotlib", "numba", "ot", "pandas", "polars", "scanpy", "scipy.stats", "sklearn", "torch")
PROGRAM = f"""
import sys, time
begun = time.process_time()
exec(compile(sys.stdin.read(), "imports", "exec"))
loaded = [name for name in {HEAVY} if name in sys.modules]
print(time.process_time() - begun, *loaded)
"""


def imports(script: Path) -> str:
    """The import statements of a script, wherever in it they stand."""
    tree = ast.parse(script.read_text(encoding="utf-8"))
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    return "\n".join(ast.unparse(node) for node in sorted(found, key=lambda node: node.lineno))


def loaded(statements: str) -> tuple[float, list[str]]:
    """CPU seconds of running import statements in a fresh Python, and which of `HEAVY` are then loaded."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], input=statements, capture_output=True, text=True, check=True)
    seconds, *names = done.stdout.split()
    return float(seconds), names


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rules", nargs="*", help="of workflow/scripts; all if none is named")
    parser.add_argument("--tries", type=int, default=3)
    given = parser.parse_args()
    print("| rule | imports, CPU s | of which heavy |\n|---|--:|---|")
    for script in sorted(SCRIPTS.glob("*.py")):
        if not given.rules or script.stem in given.rules:
            tries = [loaded(imports(script)) for _ in range(given.tries)]
            print(f"| `{script.stem}` | {min(seconds for seconds, _ in tries):.2f} | {', '.join(tries[0][1])} |")


if __name__ == "__main__":
    main()
