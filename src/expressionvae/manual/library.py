"""The modules of the library, each with the first sentence of its docstring."""

import ast
from collections.abc import Iterator
from pathlib import Path

PACKAGE = "expressionvae"


def modules(sources: str | Path) -> Iterator[tuple[str, str]]:
    """Name and first sentence of every public module under `sources`, in alphabetical order; none is imported."""
    for path in sorted(Path(sources, PACKAGE).rglob("*.py")):
        told = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        parts = path.relative_to(sources).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        if told and not path.name.startswith("_") or parts[-1] == "__init__" and told:
            yield name, " ".join(told.split("\n\n")[0].split())
