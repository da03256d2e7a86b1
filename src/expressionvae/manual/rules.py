"""Which rules name which keys of the config: read from the rules' own text.

Only what Snakemake compares is counted: inputs and params. A param that is a function of `output` is none of these
(the rules give in this way what changes no result), and neither are threads and resources.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from expressionvae.catalogue.priors import PRIORS
from expressionvae.files import reading

Key = tuple[str, ...]  # of the config, "*" for a name that the user gives

_RULE = re.compile(r"^(?:rule|checkpoint) (\w+):\n|^use rule (\w+) as (\w+) with:\n", re.MULTILINE)
_SECTION = re.compile(r"^    (\w+):", re.MULTILINE)
_FUNCTION = re.compile(r"^def (\w+)\(.*\n(?:(?:    .*)?\n)*", re.MULTILINE)
_CONSTANT = re.compile(r"^([A-Z0-9_]+) = (.*(?:\n[ \]})].*)*)", re.MULTILINE)
_PATH = re.compile(r"\bconfig((?:\[[^\[\]]+\])+)")
_WORDS = re.compile(r"\w+")
_CALL = r"\b{}\(\"(\w+)\"\)"
# Functions that give an entry of the config, and whose it is.
_ENTRIES: Mapping[str, Key] = {
    "dataset_entry": ("datasets", "*"),
    "dataset_config": ("datasets", "*"),
    "reversion_config": ("reversion", "screens", "*"),
}
_PARTS: Mapping[str, Key] = {"dataset_part": ("datasets", "*"), "evaluation_part": ("evaluation",)}
_WHAT_CHANGES_RESULTS = ("input", "params")


@dataclass(frozen=True)
class Named:
    """Keys that a rule names; of `all_but`, everything under the key except some of its entries."""

    keys: frozenset[Key]
    all_but: frozenset[tuple[Key, frozenset[str]]]

    def names(self, key: Key) -> bool:
        """Whether the rule's work depends on `key`, on all that stands above it or on something below it."""
        if any(_above(key, own) or _above(own, key) for own in self.keys):
            return True
        return any(_above(own, key) and not (set(left_out) & set(key[len(own) :])) for own, left_out in self.all_but)


def _above(upper: Key, lower: Key) -> bool:
    return len(upper) <= len(lower) and all(
        "*" in pair or pair[0] == pair[1] for pair in zip(upper, lower, strict=False)
    )


def named_by_rules(workflow: str | Path) -> dict[str, Named]:
    """By rule, what it names; `workflow` is the folder with `rules` and `inputs`."""
    texts = [_text(path) for folder in ("rules", "inputs") for path in sorted(Path(workflow, folder).glob("*.smk"))]
    helpers = {name: text for whole in texts for name, text in _helpers(whole)}
    rules: dict[str, str] = {}
    for whole in texts:
        for name, base, text in _rules(whole):
            rules[name] = _overlaid(rules.get(base, ""), text)
    never = {name: frozenset(_quoted(helpers.get(name, "").partition("work.without(")[2])) for name in _ENTRIES}
    return {name: _named(_with_helpers(text, helpers), never) for name, text in rules.items()}


def _text(path: Path) -> str:
    with reading(path, "rules"):
        return re.sub(r"^\s*#.*\n", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)


def _helpers(whole: str) -> Iterator[tuple[str, str]]:
    for found in _FUNCTION.finditer(whole):
        yield found.group(1), found.group(0)
    for found in _CONSTANT.finditer(whole):
        yield found.group(1), found.group(2)


def _rules(whole: str) -> Iterator[tuple[str, str, str]]:
    """Name, name of the rule that it is a copy of, and text of each rule."""
    starts = list(_RULE.finditer(whole))
    for found in starts:
        rest = whole[found.end() :]
        body = re.split(r"^\S", rest, maxsplit=1, flags=re.MULTILINE)[0]
        yield found.group(1) or found.group(3), found.group(2) or "", body


def _sections(text: str) -> dict[str, str]:
    starts = list(_SECTION.finditer(text))
    ends = [*(found.start() for found in starts), len(text)][1:]
    return {found.group(1): text[found.end() : end] for found, end in zip(starts, ends, strict=True)}


def _overlaid(base: str, text: str) -> str:
    """What decides a rule's result, its own sections in place of those of the rule that it is a copy of."""
    sections = _sections(base) | _sections(text)
    kept = {name: body for name, body in sections.items() if name in _WHAT_CHANGES_RESULTS}
    return "".join(f"    {name}:{body}" for name, body in kept.items())


def _with_helpers(text: str, helpers: Mapping[str, str]) -> str:
    """The text and that of every function and constant it calls upon, each once, with the one word that it is given."""
    text = "\n".join(line for line in text.splitlines() if "lambda wildcards, output:" not in line)
    taken, waiting = {*_PARTS, *_ENTRIES}, [text]
    whole = []
    while waiting:
        part = waiting.pop()
        whole.append(part)
        for name in _WORDS.findall(re.sub(r'"[^"]*"', "", part)):
            if name in helpers and name not in taken:
                taken.add(name)
                waiting.append(_given(helpers[name], re.findall(_CALL.format(name), part)))
    return "\n".join(whole)


def _given(helper: str, words: list[str]) -> str:
    """A function's text with the word that it is called with, such as "vae", in place of its only parameter."""
    parameter = re.match(r"def \w+\((\w+)\):", helper)
    return re.sub(rf"\b{parameter.group(1)}\b", f'"{words[0]}"', helper) if parameter and words else helper


def _named(text: str, never: Mapping[str, frozenset[str]]) -> Named:
    keys: set[Key] = set()
    all_but: set[tuple[Key, frozenset[str]]] = set()
    for source, left_out in re.findall(r"work\.without\(((?:[^()]|\([^()]*\))*?)((?:,\s*\"\w+\")+)\s*,?\)", text):
        given = next((name for name in _ENTRIES if name in source), "")  # it may leave out some by itself
        all_but.update((own, never.get(given, frozenset()) | {*_quoted(left_out)}) for own in _sources(source))
    text = re.sub(r"work\.without\((?:[^()]|\([^()]*\))*\)", "", text)
    for function, own in _PARTS.items():
        for listed in re.findall(rf"\b{function}\(([^()]*)\)", text):
            keys.update((*own, word) for word in _quoted(listed))
    for section, listed in re.findall(r'config\["(\w+)"\]\[key\] for key in \(([^()]*)\)', text):
        keys.update((section, word) for word in _quoted(listed))
    if "config[key] for key in" in text:  # of the sections that a constant lists
        keys.update(
            (word,) for listed in re.findall(r'^"([\w ]+)"\.split\(\)', text, re.MULTILINE) for word in listed.split()
        )
    for part in re.findall(r"grid\.options\([^()]*sampling=(\w+)\)", text):
        sampling = frozenset(option for card in PRIORS.values() for option in card.sampling)
        all_but.add((("priors", "*"), sampling if part == "False" else frozenset()))
    keys.update(own for own in _sources(text) if own[-1] != "*")
    return Named(frozenset(keys), frozenset(all_but))


def _quoted(text: str) -> list[str]:
    return re.findall(r'"(\w+)"', text)


def _sources(text: str) -> Iterator[Key]:
    """The keys that a piece of Python looks up; a section that is only gone through is none."""
    for found in _PATH.finditer(text):
        steps, after = re.findall(r"\[([^\[\]]+)\]", found.group(1)), text[found.end() :]
        key = tuple(map(_step, steps))
        asked = re.match(r'\.get\("(\w+)"', after)
        if asked:
            yield (*key, asked.group(1))
        elif steps[-1] == "key" or re.match(r"\.(?:values|items)\(\)", after):
            continue
        elif len(key) > 1 and key[-1] == "*" and not re.search(r"\bentry\b", text):
            yield key[:-1]
        elif len(key) > 1 or re.match(r"[,)]", after):
            yield key
    for function, own in _ENTRIES.items():
        if re.fullmatch(rf"\s*{function}\(wildcards\)", text):
            yield own
        elif function in text:
            looked_up = rf'(?:{function}\(wildcards\)|\bentry)(?:\["(\w+)"\]|\.get\("(\w+)")'
            yield from ((*own, first or second) for first, second in re.findall(looked_up, text))


def _step(step: str) -> str:
    return step.strip("\"'") if re.fullmatch(r"([\"'])[\w-]+\1", step) else "*"
