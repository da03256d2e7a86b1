"""The command line as a page: the Makefile's targets as it tells them, and the workflow's."""

import re
from pathlib import Path

from expressionvae.files import reading
from expressionvae.writing.markdown import pipe_table

_TARGET = re.compile(r"^#\s*make ([\w-]+)\s{2,}(.*)$")
_ALSO = re.compile(r";\s*make ([\w-]+):\s*(.*)$")


def make_targets(makefile: str | Path) -> dict[str, str]:
    """What the head of the Makefile says of each target."""
    with reading(makefile, "a Makefile"):
        text = Path(makefile).read_text(encoding="utf-8")
    head = text[: text.index("\n\n")]
    found: dict[str, str] = {}
    for line in head.splitlines():
        told = _TARGET.match(line)
        if told:
            what = told.group(2)
            also = _ALSO.search(what)
            found[told.group(1)] = _ALSO.sub("", what)
            found |= {also.group(1): also.group(2)} if also else {}
    return found


def phony_targets(makefile: str | Path) -> list[str]:
    """The targets that stand for no file."""
    with reading(makefile, "a Makefile"):
        text = Path(makefile).read_text(encoding="utf-8")
    return [target for line in re.findall(r"^\.PHONY:(.*)$", text, re.MULTILINE) for target in line.split()]


def make_table(makefile: str | Path) -> str:
    """The targets as a table."""
    lines = [[f"`make {target}`", about] for target, about in make_targets(makefile).items()]
    return pipe_table(["Command", "What it does"], lines, left=2)
