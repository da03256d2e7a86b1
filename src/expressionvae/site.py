"""What a cluster's users say of it, in `profiles/slurm/site.yaml`: read as text, since SLURM's names are texts.

YAML would make 83 of the account 0123, and 86400 of 24:00:00.
"""

import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from expressionvae.files import UserError
from expressionvae.strict import compose

NULL = ("", "~", "null")
SWITCHES = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
LONGEST = 24 * 366  # hours


def read(path: str | Path) -> dict[str, Any]:
    """The entries of a site's file: partitions, GPU type and account as text or None, hours as a number, a switch.

    Raises:
        UserError: if the file cannot be read, lacks a key, or one is unknown, twice there or of the wrong kind; naming
            the file, the key, its value and what is expected.
    """
    file = compose(path)
    if not isinstance(file, yaml.MappingNode):
        raise UserError(f"{path}: expected a line `key: value` for each of {', '.join(sorted(KEYS))}")
    entries = {str(key.value): node for key, node in file.value}
    if wrong := sorted(entries.keys() ^ KEYS.keys()):
        raise UserError(f"{path}: unknown or missing: {', '.join(wrong)}; expected {', '.join(sorted(KEYS))}")
    return {key: _value(path, key, entries[key]) for key in KEYS}


def _value(path: str | Path, key: str, node: yaml.Node) -> Any:
    expected, understood = KEYS[key]
    text = node.value if isinstance(node, yaml.ScalarNode) else None
    plain = isinstance(node, yaml.ScalarNode) and not node.style
    try:
        if text is None:
            raise ValueError
        return understood(None if plain and text.lower() in NULL else text)
    except ValueError:
        shown = "a list or mapping" if text is None else repr(text)
        raise UserError(f"{path}: {key}: {shown} is not allowed; expected {expected}") from None


def _name(text: str | None) -> str:
    if text is None or not re.fullmatch(r"[^\s'\"\\{}$`;-][^\s'\"\\{}$`;]*", text):
        raise ValueError
    return text


def _optional(text: str | None) -> str | None:
    return None if text is None else _name(text)


def _hours(text: str | None) -> float:
    hours = float(text or "")
    if not (math.isfinite(hours) and 0 < hours <= LONGEST):
        raise ValueError
    return hours


def _switch(text: str | None) -> bool:
    if (text or "").lower() not in SWITCHES:
        raise ValueError
    return SWITCHES[(text or "").lower()]


KEYS: dict[str, tuple[str, Callable[[str | None], Any]]] = {
    "gpu_partition": ("the name of a partition, such as gpu", _name),
    "cpu_partition": ("the name of a partition, such as cpu, or null", _optional),
    "gpu_type": ("a type of GPU, such as h100, or null", _optional),
    "max_hours": ("a number of hours above 0, such as 24 (for SLURM's 1-00:00:00)", _hours),
    "account": ("the name of an account, such as lab, or null", _optional),
    "accounting": ("true or false", _switch),
}
