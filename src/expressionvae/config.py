"""The form of the config: every key known and described, every value of the right kind."""

import math
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from copy import deepcopy
from datetime import date
from functools import cache, reduce
from operator import getitem
from pathlib import Path
from typing import Any, cast

import jsonschema

from expressionvae.files import UserError
from expressionvae.nearest import did_you_mean, nearest
from expressionvae.schema import whole_schema

LARGEST = 2**32 - 1  # the largest seed that numpy's and scikit-learn's generators take; no other number comes near it
NOTE = "note"  # the key of the one kind of text that nothing is named by

_CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f\x85\u2028\u2029]")


def check_form(config: Mapping[str, Any], schema: str | Path) -> None:
    """Refuse a config that does not match the JSON Schema.

    Raises:
        UserError: one line a mistake, each with the path of the key, the value and what is allowed.
    """
    mistakes = list(_unreadable(config, ()))
    if not mistakes:
        errors = _validator(str(schema)).iter_errors(config)
        mistakes = sorted({line for error in errors for line in _lines(error)})
    if mistakes:
        raise UserError("the config is refused:" + "".join(f"\n  {line}" for line in mistakes))


def fill_in(config: Mapping[str, Any], schema: str | Path) -> None:
    """Give every dataset the keys that it has left out and that have a `default` in the schema, in place."""
    kinds = whole_schema(schema)["$defs"]
    for entry in config["datasets"].values():
        for key, node in kinds[entry["kind"]]["properties"].items():
            if "default" in node:
                entry.setdefault(key, deepcopy(node["default"]))


def value_at(config: Mapping[str, Any], key: str) -> Any:
    """The value of a key written with dots, such as evaluation.rescale_to. KeyError where there is none."""
    return reduce(getitem, key.split("."), config)


def _whole(_: Any, value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _finite(_: Any, value: Any) -> bool:
    return _whole(_, value) or (isinstance(value, float) and math.isfinite(value))


# JSON Schema's integer takes 64.0, and its number not-a-number: a network's width is neither.
_Validator = jsonschema.validators.extend(
    jsonschema.Draft202012Validator,
    type_checker=jsonschema.Draft202012Validator.TYPE_CHECKER.redefine_many({"integer": _whole, "number": _finite}),
)


@cache
def _validator(schema: str) -> Any:
    return _Validator(whole_schema(schema))


def _unreadable(value: Any, path: tuple[str, ...]) -> Iterator[str]:
    """What no schema can say of keys and numbers, or would have to say of every text."""
    where = _dotted(path)
    if isinstance(value, Mapping):
        for key, entry in value.items():
            if isinstance(key, str):
                yield from _unreadable(entry, (*path, key))
            else:
                yield f"{where}: key {key!r} is no text{_read_otherwise(key)}"
    elif isinstance(value, list):
        for number, entry in enumerate(value):
            yield from _unreadable(entry, (*path, str(number)))
    elif _whole(None, value) and abs(value) > LARGEST:
        yield f"{where}: {_short(value)} is too large a number (at most {LARGEST})"
    elif isinstance(value, str) and path[-1] != NOTE and (not value or _CONTROL.search(value)):
        yield f"{where}: {_short(value)} is {'a text with line breaks or control signs' if value else 'an empty text'}"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:60]}...{text[-15:]}"


def _dotted(path: Sequence[Any]) -> str:
    return ".".join(map(str, path)) or "top level"


def _lines(error: jsonschema.ValidationError) -> list[str]:
    where = _dotted(error.absolute_path)
    parts = (error.schema, error.instance, error.validator_value)  # set in every error that a validator yields
    schema, instance, value = cast(tuple[Any, Any, Any], parts)
    if error.validator == "additionalProperties":
        properties = schema["properties"]
        return [unknown_key(where, key, properties) for key in instance if key not in properties]
    if error.validator == "required":
        missing = [key for key in value if key not in instance]
        return [f"{where}: key {key!r} is missing{_meaning(schema, key)}" for key in missing]
    if error.validator == "enum":
        allowed = ["null" if choice is None else str(choice) for choice in value]
        otherwise = "" if instance is None else _read_otherwise(instance)
        hint = did_you_mean(instance, allowed) if isinstance(instance, str) else otherwise
        return [f"{where}: {_short(instance)} is not allowed (allowed: {', '.join(allowed)}){hint}"]
    if error.validator == "type":
        wanted = [value] if isinstance(value, str) else value
        kinds = " or ".join(map(repr, wanted))
        return [f"{where}: {_short(instance)} is not of type {kinds}{_meant(instance, wanted)}"]
    if "$comment" in schema and error.validator in ("pattern", "not", "oneOf", "maxLength"):
        return [f"{where}: {_short(instance)} is refused: {schema['$comment']}"]
    return [f"{where}: {error.message}"]


def _meant(value: Any, wanted: Sequence[str]) -> str:
    """What to write instead of a value of the wrong type, where that can be guessed."""
    if "array" in wanted and isinstance(value, str | int | float) and not {"integer", "number"} & set(wanted):
        return f"; write it as a list: [{value}]"
    if "string" in wanted:
        return _read_otherwise(value)
    if not {"integer", "number"} & set(wanted):
        return ""
    if isinstance(value, float) and not math.isfinite(value):
        return "; only finite numbers are"
    if isinstance(value, float) and value.is_integer():
        return f"; write {value:.0f}"
    if isinstance(value, str):
        try:
            number = float(value)
        except ValueError:
            return ""
        if not math.isfinite(number):
            return ""
        plain = f"{number:.0f}" if number.is_integer() else repr(number)
        return f"; quotes, or an exponent without a point, make it a text in YAML: write {plain}"
    return ""


def _read_otherwise(value: Any) -> str:
    """Why YAML did not read a text as one."""
    if isinstance(value, bool):
        return "; YAML reads yes, no, on, off, true and false without quotes so: quote it"
    if isinstance(value, int | float | date):
        return f"; YAML reads it as a {'date' if isinstance(value, date) else 'number'}: quote it"
    return "; YAML reads null, ~ or nothing so: quote it" if value is None else ""


def unknown_key(where: str, key: str, allowed: Collection[str]) -> str:
    near = nearest(key, allowed)
    hint = f"did you mean {near!r}? " if near else ""
    return f"{where}: unknown key {key!r} ({hint}allowed: {', '.join(allowed) or 'none'})"


def _meaning(schema: Mapping[str, Any], key: str) -> str:
    description = schema.get("properties", {}).get(key, {}).get("description")
    return f" ({description})" if description else ""
