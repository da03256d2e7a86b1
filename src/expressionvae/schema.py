"""The schema of the config: `config/schema.yaml`, with what the cards of the catalogue say where it names them."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from expressionvae.catalogue import baselines, heads, items, metrics, priors
from expressionvae.strict import read_yaml

CARDS = "cards"  # the key by which the file names them


def whole_schema(path: str | Path) -> dict[str, Any]:
    """A JSON Schema in which every mapping with the key `cards` holds what those cards say beside its own keys."""
    return _filled(read_yaml(path))


def _filled(node: Any) -> Any:
    if isinstance(node, list):
        return [_filled(entry) for entry in node]
    if not isinstance(node, Mapping):
        return node
    filled = {key: _filled(entry) for key, entry in node.items() if key != CARDS}
    for key, said in (_SAID[node[CARDS]]() if CARDS in node else {}).items():
        filled[key] = filled.get(key, []) + said if isinstance(said, list) else said
    return filled


def _options(description: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of a mapping with these keys, all of them required."""
    return {
        "description": description,
        "type": "object",
        "additionalProperties": False,
        "required": list(options),
        "properties": dict(options),
    }


def _heads() -> dict[str, Any]:
    return {
        "additionalProperties": False,
        "properties": {name: _options(card.description, card.options) for name, card in heads.HEADS.items()},
    }


def _priors() -> dict[str, Any]:
    """One condition a kind: an entry of that kind has its options."""
    return {"allOf": [_if_kind(kind, card) for kind, card in priors.PRIORS.items()]}


def _if_kind(kind: str, card: priors.PriorCard) -> dict[str, Any]:
    options = {"kind": {"description": card.description}} | dict(card.options)
    condition = {"properties": {"kind": {"const": kind}}, "required": ["kind"]}
    return {"if": condition, "then": _options(card.description, options)}


def _items() -> dict[str, Any]:
    return {
        "properties": {
            name: {"description": card.about, "$ref": f"#/$defs/{card.form}"} for name, card in items.ITEMS.items()
        },
        "patternProperties": {f"^{items.OWN.pattern}$": {"$ref": "#/$defs/item"}},
    }


_SAID: dict[str, Callable[[], dict[str, Any]]] = {
    "heads": _heads,
    "head names": lambda: {"enum": list(heads.HEADS)},
    "predict rules": lambda: {"enum": heads.predict_rules()},
    "priors": _priors,
    "prior kinds": lambda: {"enum": [*priors.PRIORS, priors.TRUE_CODES]},
    "items": _items,
    "metrics": lambda: {"enum": list(metrics.METRICS)},
    "published baselines": lambda: {"enum": list(baselines.PUBLISHED)},
}
