"""What rows are called: from the names that the config gives to priors and bottlenecks, and from their entries."""

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

from expressionvae.catalogue.items import ItemCard
from expressionvae.paper import names

Key = tuple[str, str, str, str]  # bottleneck, prior, decoder, baseline
Entries = Mapping[str, Mapping[str, Any]]  # of the config, by name
Printed = tuple[str, str]  # model and head of published numbers


def labels(
    table: ItemCard, keys: Sequence[Key], bottlenecks: Entries, priors: Entries
) -> dict[Key, tuple[tuple[str, ...], tuple[Printed, ...]]]:
    """For each model of `table`: one text per header, and under which (model, head) the paper may print it.

    A bottleneck is named only where a prior was run on several of them, the number of sampling steps only where
    priors of one kind differ by it.
    """
    keys = list(dict.fromkeys(keys))
    used = list(dict.fromkeys(key[1] for key in keys))
    name = {prior: _prior(prior, used, priors) for prior in used}
    if table.by_run:
        return {key: _run(key, keys, name[key[1]], bottlenecks) for key in keys}
    made = {}
    for key in keys:
        bottleneck, prior, decoder, _ = key
        several = len({other[0] for other in keys if other[1] == prior and other[0]}) > 1
        label = f"{name[prior]} ({bottleneck})" if several and bottleneck else name[prior]
        made[key] = (label, names.decoder(decoder)), ((prior, names.PRINTED_DECODERS.get(decoder, decoder)),)
    return made


def _prior(prior: str, used: Sequence[str], priors: Entries) -> str:
    """As in "MDLM", or "MDLM, 32 steps" where the number of steps is what tells priors apart."""
    entry = priors.get(prior, {})
    kind, steps = _kind(prior, priors), entry.get("steps")
    family = [other for other in used if _kind(other, priors) == kind]
    if steps is None or (prior == kind and len(family) == 1):
        return names.prior(prior)
    twins = [other for other in family if priors[other].get("steps") == steps]
    text = f"{names.prior(kind)}, {steps} step{'' if steps == 1 else 's'}"
    return f"{text} ({prior})" if len(twins) > 1 else text


def _kind(prior: str, priors: Entries) -> str:
    """The kind of a prior, or of the one whose weights it samples with."""
    entry = priors.get(prior, {})
    return entry.get("kind") or priors.get(entry.get("weights", ""), {}).get("kind", prior)


def _run(
    key: Key, keys: Sequence[Key], prior: str, bottlenecks: Entries
) -> tuple[tuple[str, ...], tuple[Printed, ...]]:
    """As in "AR-FSQ-MSE L=64, K=512"; L and K only where the rest occurs with several bottlenecks (Table 4)."""
    siblings = [other for other in keys if other[1:] == key[1:]]
    plain, size = _plain(key, prior, bottlenecks), _size(bottlenecks.get(key[0], {}))
    full = f"{plain} {size}".strip()
    if len(siblings) == 1:
        return (plain,), ((plain, ""), (full, ""))
    twins = [o for o in siblings if (_plain(o, prior, bottlenecks), _size(bottlenecks.get(o[0], {}))) == (plain, size)]
    return (f"{full} ({key[0]})" if len(twins) > 1 else full,), ((full, ""),)


def _plain(key: Key, prior: str, bottlenecks: Entries) -> str:
    kind = bottlenecks.get(key[0], {}).get("kind", key[0])
    return "-".join(part for part in (prior, names.bottleneck(kind), names.short(key[2])) if part)


def levels(table: ItemCard, keys: Sequence[Key], bottlenecks: Entries) -> list[str]:
    """A sentence on what makes up each codebook size K of a table whose rows are named by it; none for other tables."""
    entries = [bottlenecks.get(name, {}) for name in dict.fromkeys(key[0] for key in keys)]
    made = dict.fromkeys((prod(e["levels"]), " × ".join(map(str, e["levels"]))) for e in entries if "levels" in e)
    if not table.by_run or not made:
        return []
    return [f"FSQ levels: {'; '.join(f'K = {size:,} is {text}' for size, text in sorted(made))}."]


def _size(entry: Mapping[str, Any]) -> str:
    if "levels" in entry:
        return f"L={entry['tokens']}, K={prod(entry['levels'])}"
    return f"L={entry['tokens']}, d={entry['channels']}" if "channels" in entry else ""
