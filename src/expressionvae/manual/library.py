"""The modules of the library, each with the first sentence of its docstring."""

import ast
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from expressionvae.writing.markdown import document

PACKAGE = "expressionvae"


def modules(sources: str | Path) -> Iterator[tuple[str, str]]:
    """Name and first sentence of every public module under `sources`, in alphabetical order; none is imported."""
    for path in sorted(Path(sources, PACKAGE).rglob("*.py")):
        told = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        parts = path.relative_to(sources).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        if told and not path.name.startswith("_") or parts[-1] == "__init__" and told:
            yield name, " ".join(told.split("\n\n")[0].split())


def page(sources: str | Path) -> str:
    """Every module with a link to its own page, a section a package, in the order of their names."""
    parts: list[str] = []
    found = sorted(modules(sources), key=lambda module: (_package(module[0], sources), module[0]))
    for package, listed in groupby(found, key=lambda module: _package(module[0], sources)):
        lines = [f"- [`{name}`](library/{name}.md): {what}" for name, what in listed]
        parts += [f"## `{package}`", "\n".join(lines)]
    return document(*parts)


def _package(name: str, sources: str | Path) -> str:
    """The package that a module stands in, two levels at most: `expressionvae`, `expressionvae.paper`."""
    first_two = ".".join(name.split(".")[:2])
    return first_two if Path(sources, *first_two.split(".")).is_dir() else PACKAGE
