"""The form of the config: every key known and described, every value of the right kind."""

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import jsonschema
import yaml

from expressionvae.files import UserError


def check_form(config: Mapping[str, Any], schema: str | Path) -> None:
    """Refuse a config that does not match the JSON Schema.

    Raises:
        UserError: one line a mistake, each with the path of the key, the value and what is allowed.
    """
    # libyaml where it is: every job of a cluster reads this again, and Python's parser takes ten times as long.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    validator = jsonschema.Draft202012Validator(yaml.load(Path(schema).read_text(), loader))
    mistakes = sorted({line for error in validator.iter_errors(config) for line in _lines(error)})
    if mistakes:
        raise UserError("the config is refused:" + "".join(f"\n  {line}" for line in mistakes))


def _lines(error: jsonschema.ValidationError) -> list[str]:
    where = ".".join(map(str, error.absolute_path)) or "top level"
    parts = (error.schema, error.instance, error.validator_value)  # set in every error that a validator yields
    schema, instance, value = cast(tuple[Any, Any, Any], parts)
    if error.validator == "additionalProperties":
        properties = schema["properties"]
        return [unknown_key(where, key, properties) for key in instance if key not in properties]
    if error.validator == "required":
        missing = [key for key in value if key not in instance]
        return [f"{where}: key {key!r} is missing{_meaning(schema, key)}" for key in missing]
    if error.validator == "enum":
        allowed = ", ".join(map(str, value))
        return [f"{where}: {instance!r} is not allowed (allowed: {allowed})"]
    return [f"{where}: {error.message}"]


def unknown_key(where: str, key: str, properties: Mapping[str, Any]) -> str:
    close = difflib.get_close_matches(key, properties, 1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    return f"{where}: unknown key {key!r} ({hint}allowed: {', '.join(properties)})"


def _meaning(schema: Mapping[str, Any], key: str) -> str:
    description = schema.get("properties", {}).get(key, {}).get("description")
    return f" ({description})" if description else ""
