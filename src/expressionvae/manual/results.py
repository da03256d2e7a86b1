"""Every file that a run leaves, as a page; and which entry of the list a file belongs to."""

import re
from dataclasses import dataclass
from pathlib import Path

from expressionvae.catalogue.items import ITEMS
from expressionvae.strict import read_yaml
from expressionvae.writing.markdown import document, pipe_table


@dataclass(frozen=True)
class Result:
    """One entry of the list: where, which rules write it, what it says, what its main columns are."""

    path: str
    rules: tuple[str, ...]
    about: str
    columns: str = ""

    def is_at(self, file: str) -> bool:
        """Whether `file` is one of this kind; a name in braces stands for any name."""
        parts = re.split(r"\{\w+\}", self.path)
        return re.fullmatch("[^/]+?".join(map(re.escape, parts)), file) is not None


def groups(path: str | Path) -> dict[str, list[Result]]:
    """The list's entries by the title of the group that they stand in."""
    return {
        group["title"]: [Result(**{**entry, "rules": tuple(entry["rules"])}) for entry in group["files"]]
        for group in read_yaml(path).values()
    }


def page(path: str | Path) -> str:
    """The whole page."""
    parts: list[str] = []
    for title, results in groups(path).items():
        lines = [[f"`{one.path}`", one.about + _columns(one), _rules(one)] for one in results]
        parts += [f"## {title}", pipe_table(["File", "What it says", "Rule"], lines, left=3)]
    return document(*parts)


def rules(path: str | Path) -> str:
    """What each rule writes, a line a rule, each with an anchor by which other pages point to it."""
    made: dict[str, list[str]] = {}
    for results in groups(path).values():
        for one in results:
            for rule in one.rules:
                made.setdefault(rule, []).append(f"`{one.path}`")
    lines = [[f'<a id="{anchor(rule)}"></a>`{rule}`', "<br>".join(files)] for rule, files in sorted(made.items())]
    return pipe_table(["Rule", "Files"], lines, left=2)


def anchor(rule: str) -> str:
    """Of the line of a rule."""
    return f"rule-{rule.replace('_', '-')}"


def items() -> str:
    """The tables, figures and claims by name, and the files of each."""
    lines = [
        [f"`{name}`", card.number or "ours", card.title or card.about, ", ".join(card.shown)]
        for name, card in ITEMS.items()
    ]
    return pipe_table(["Item", "In the paper", "What it shows", "Files"], lines, left=4)


def _columns(result: Result) -> str:
    return f". Columns: {result.columns}" if result.columns else ""


def _rules(result: Result) -> str:
    return ", ".join(f"`{rule}`" for rule in result.rules)
