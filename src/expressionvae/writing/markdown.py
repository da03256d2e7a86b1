"""Markdown as GitHub reads it: whole documents and tables. Texts are Markdown already: see `markup.prose`."""

import re
from collections.abc import Sequence


def document(*blocks: str) -> str:
    """Paragraphs, tables and headings, a blank line between them."""
    return "\n\n".join(blocks) + "\n"


def pipe_table(header: Sequence[str], lines: Sequence[Sequence[str]], left: int) -> str:
    """A table; the first `left` columns are aligned left, the others right."""
    assert all(len(line) == len(header) for line in lines)
    rule = [":--"] * left + ["--:"] * (len(header) - left)
    whole = [list(header), *lines]
    whole = [[re.sub(r"(?<!\\)\|", r"\|", text) for text in line] for line in whole]
    whole.insert(1, rule)
    return "\n".join("| " + " | ".join(line) + " |" for line in whole)
