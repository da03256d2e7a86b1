"""What a head or a prior is built with in tests: its entry in config/config.yaml.

Of one that has none there, since it is of an overlay or has a card alone: values that its card allows.
"""

from collections.abc import Mapping
from typing import Any

import yaml
from jsonschema.validators import validator_for

from expressionvae.catalogue.heads import HEADS
from expressionvae.catalogue.priors import PRIORS
from tests.conftest import REPOSITORY

CONFIG = yaml.safe_load((REPOSITORY / "config" / "config.yaml").read_text())
TRIED = (True, 1, 0.5, 0.01, 2, 8, 100, 0, -1, None, "a")


def allowed(where: str, schema: Mapping[str, Any]) -> Any:
    """A value that an option's schema allows."""
    for value in (*schema.get("enum", ()), *TRIED):
        if validator_for(schema)(schema).is_valid(value):
            return float(value) if "number" in schema.get("type", ()) and type(value) is int else value
    raise AssertionError(f"no value that the tests think of is allowed as {where}: give it one in config/config.yaml")


def of_head(name: str) -> dict[str, Any]:
    """The entry of a head in the config's `heads`."""
    options = HEADS[name].options
    return CONFIG["heads"].get(name) or {key: allowed(f"heads.{name}.{key}", options[key]) for key in options}


def entry_of_prior(name: str) -> dict[str, Any]:
    """The entry of a prior in the config's `priors`, with its kind."""
    for entry in CONFIG["priors"].values():
        if entry.get("kind") == name:
            return dict(entry)
    options = PRIORS[name].options
    return {"kind": name} | {key: allowed(f"priors.{name}.{key}", options[key]) for key in options}


def of_prior(name: str) -> dict[str, Any]:
    """What a prior of this kind is trained with: its entry, less what sampling alone depends on."""
    return {key: value for key, value in entry_of_prior(name).items() if key not in PRIORS[name].sampling}


def of_sampling(name: str) -> dict[str, Any]:
    """What a prior of this kind draws with."""
    return {key: value for key, value in entry_of_prior(name).items() if key in PRIORS[name].sampling}
