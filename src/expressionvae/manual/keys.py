"""Every key of the config as a page: type, default, what is allowed, what it means, which rules it makes run again."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from expressionvae.manual.results import anchor
from expressionvae.manual.rules import Key, Named
from expressionvae.writing.markdown import document, pipe_table

NAME = "*"  # in a path: a name that the user gives
RUNS = "which runs there are"
NOTHING = "nothing"
WEIGHTS = "weights"  # the kind of a prior's entry that names another's weights
KEYS_BELOW = "keys below"
MOST = 6  # values of a key by name that are shown; more say nothing to a reader
_DRAWN = ("figure1", "settings_table")  # from the config itself
_BOTH = "replicates"  # decides which runs there are, and a rule that does all of them at once names it
# What no rule names although it matters: read by the grid (which runs), by the profile or by the rules' own resources.
_GRID = {
    "screens",
    "decoders",
    "replicates",
    "items",
    "paper",
    "library_size",
    "baselines",
    "datasets",
    "priors",
    "reversion",
}


@dataclass(frozen=True)
class Row:
    """A key, where it stands, the kind of entry that has it ("" where all have), and its schema."""

    path: Key
    kind: str
    node: Mapping[str, Any]
    required: bool = True


def rows(schema: Mapping[str, Any]) -> list[Row]:
    """Every key of the schema that a config can have, each once, in the schema's order."""
    found: dict[tuple[Key, str], Row] = {}
    for row in _walk(schema, schema, (), ""):
        if row.node.get("description"):
            found.setdefault((row.path, row.kind), row)
    return list(found.values())


def _walk(node: Mapping[str, Any], root: Mapping[str, Any], path: Key, kind: str) -> Iterator[Row]:
    node = _resolved(node, root)
    required = node.get("required", [])
    for name, entry in node.get("properties", {}).items():
        if not isinstance(entry, Mapping):
            continue
        whole = _resolved(entry, root)
        yield Row((*path, name), kind, whole, required=name in required)
        # Items of one form have the same keys: they are told once, under a name.
        yield from _walk(whole, root, (*path, NAME if path == ("paper",) else name), kind)
    for name in ("additionalProperties", "items"):
        entry = node.get(name)
        if isinstance(entry, Mapping):
            step = (NAME,) if name == "additionalProperties" else ()
            if step and "description" in entry:
                yield Row((*path, NAME), kind, entry, required=False)
            yield from _walk(entry, root, (*path, *step), kind)
    for part in node.get("allOf", []):
        is_kind = part.get("if", {}).get("properties", {}).get("kind", {}).get("const", "")
        if "then" in part:
            yield from _walk(part["then"], root, path, is_kind or (WEIGHTS if _asks(part, WEIGHTS) else kind))
    for branch in ("then", "else"):
        if branch in node and "allOf" not in node:
            yield from _walk(node[branch], root, path, kind)


def _asks(part: Mapping[str, Any], name: str) -> bool:
    return name in part["if"].get("required", [])


def _resolved(node: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any]:
    """A node with what it refers to, its own description first."""
    while "$ref" in node:
        target = root
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        node = {**target, **{key: value for key, value in node.items() if key != "$ref"}}
    return node


def page(schema: Mapping[str, Any], config: Mapping[str, Any], rules: Mapping[str, Named]) -> str:
    """The whole page; `rules` is what each rule names."""
    everything = rows(schema)
    parts: list[str] = []
    for section in schema["properties"]:
        own = [row for row in everything if row.path[0] == section]
        parts.append(f"## {section}")
        kinds = list(dict.fromkeys(row.kind for row in own if row.kind))
        for kind in ["", *kinds]:
            chosen = [row for row in own if row.kind == kind]
            if not chosen:
                continue
            if kind:
                parts.append(f"### {section}: {'`weights`' if kind == WEIGHTS else f'`kind: {kind}`'}")
                parts += [_escaped(_sentence(row.node["description"])) for row in chosen if row.path[-1] == "kind"]
                chosen = [row for row in chosen if row.path[-1] != "kind"]
            if not chosen:
                continue
            lines = [_line(row, config, rules) for row in chosen]
            parts.append(pipe_table(["Key", "Default", "Allowed", "Meaning", "Makes again"], lines, left=5))
    return document(*parts)


def _line(row: Row, config: Mapping[str, Any], rules: Mapping[str, Named]) -> list[str]:
    shown = ".".join("NAME" if step == NAME else step for step in row.path)
    left_out = "" if row.required else " (may be left out)"
    bounds = allowed(row.node)
    again = "" if bounds.startswith(KEYS_BELOW) else changes(row, rules)
    return [f"`{shown}`", default(row, config), bounds + left_out, _escaped(row.node["description"]), again]


def changes(row: Row, rules: Mapping[str, Named]) -> str:
    """The rules that name a key, or what else a change of it does."""
    named = [rule for rule, what in rules.items() if rule not in _DRAWN and what.names(row.path) and _about(rule, row)]
    if named:
        told = ", ".join(f"[`{rule}`](#{anchor(rule)})" for rule in named)
        return f"{RUNS}, {told}" if row.path[0] == _BOTH else told
    return RUNS if row.path[0] in _GRID else NOTHING


def _about(rule: str, row: Row) -> bool:
    """A screen is assembled by the rule of its own kind."""
    of_kind = {
        "assemble_replogle": "replogle",
        "assemble_parse1m": "parse1m",
        "find_parse1m_counts": "parse1m",
        "simulate": "made-up",
        "simulate_reversion": "made-up",
        "made_up_proteins": "made-up",
    }
    if row.kind == WEIGHTS and rule == "train_prior":
        return False  # the weights are another entry's
    return not row.kind or of_kind.get(rule, row.kind) == row.kind


def default(row: Row, config: Mapping[str, Any]) -> str:
    """The value in the config; of a key of entries by name, the value of each that differs."""
    found = dict(_values(config, row, ""))
    plain = {name: value for name, value in found.items() if not isinstance(value, dict) and not _of_dicts(value)}
    if not plain:
        return ""
    if len({json.dumps(value) for value in plain.values()}) == 1:
        return _code(next(iter(plain.values())))
    return "; ".join(f"{name}: {_code(value)}" for name, value in plain.items()) if len(plain) <= MOST else ""


def _of_dicts(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(entry, dict) for entry in value)


def _values(node: Any, row: Row, name: str) -> Iterator[tuple[str, Any]]:
    if not row.path:
        yield name, node
    elif isinstance(node, Mapping):
        step, rest = row.path[0], replace(row, path=row.path[1:])
        if step == NAME:
            for key, entry in node.items():
                kind = entry.get("kind", WEIGHTS) if isinstance(entry, Mapping) else ""
                if not row.kind or kind == row.kind:
                    yield from _values(entry, rest, key)
        elif step in node:
            yield from _values(node[step], rest, name)


def allowed(node: Mapping[str, Any]) -> str:
    """Type and bounds in words."""
    if "enum" in node:
        return ", ".join(map(_code, node["enum"]))
    types = node.get("type", "")
    names = {
        "integer": "whole number",
        "number": "number",
        "boolean": "true, false",
        "string": "text",
        "array": "list",
        "object": KEYS_BELOW,
        "null": "null",
    }
    words = " or ".join(names[each] for each in ([types] if isinstance(types, str) else types) if each in names)
    bounds = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    limits = [f"{sign} {node[key]}" for key, sign in bounds.items() if key in node]
    if isinstance(node.get("items"), Mapping) and "array" in types:
        inner = allowed(node["items"])
        words = words.replace("list", f"list of: {inner}") if inner and inner != KEYS_BELOW else words
    return ", ".join(part for part in (words, *limits) if part)


def _code(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return f"`{text.strip(chr(34)) if isinstance(value, str) else text}`"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:].rstrip(".") + "."


def _escaped(text: str) -> str:
    """Text as Markdown reads it: what could be markup is none, but for `code`."""
    parts = text.split("`")
    return "`".join(part if i % 2 else re.sub(r"([*_<\[])", r"\\\1", part) for i, part in enumerate(parts))
