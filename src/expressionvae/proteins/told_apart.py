"""Whether the proteins of a screen's perturbations tell its conditions apart: asked before anything is embedded."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from expressionvae.data.checks import some
from expressionvae.data.labels import JOINERS, genes, plain, shown
from expressionvae.data.screen_labels import Labels, all_genes
from expressionvae.files import UserError
from expressionvae.proteins.perturbations import LEARNED, STOP, described

log = logging.getLogger(__name__)


def check(
    path: str | Path,
    labels: Labels,
    proteins: Mapping[str, str],
    *,
    separator: str | None,
    symbol_map: Mapping[str, str],
    example: str = "",
    twins: str = "stop",
    without_protein: str = "shared",
) -> None:
    """Require that proteins tell perturbations from the control, and held-out ones from those trained on beside them.

    Perturbations without a protein, of which a model is told no more than of the control, are a warning as long as
    others have one. Labels with a learned embedding need no protein.

    Args:
        path: the file of the proteins, to be named.
        proteins: by gene symbol what tells a protein from others, its sequence or its vector in hexadecimals.
        example: header of a record of that file.
        without_protein: "learned" lets targets without a protein be told by rows of their own, which need a training
            cell; "stop" refuses them.
        twins: "report" makes a warning of a held-out label that is described as a training label of its cell type.

    Raises:
        UserError: where no perturbation has a protein, or no held-out one, or for such twins.
    """
    if labels.embedding == "learned":
        return
    names = described(labels, proteins, separator=separator, symbol_map=symbol_map)
    told = {label: tuple(sorted(proteins[n] for n in names[label] if n is not None)) for label in labels.all}
    perturbed = [label for label in labels.all if label != labels.control]
    blind = [label for label in perturbed if not told[label]]
    if lacking := [label for label in perturbed if None in names[label]]:
        _check_without(path, labels, lacking, names, without_protein, separator)
    away = [label for label in labels.heldout if not told[label]]
    asked = [(blind, perturbed, "perturbations"), (away, labels.heldout, "held-out perturbations")]
    for lacking, of, which in asked[:1] if without_protein == LEARNED else asked:
        if of and len(lacking) == len(of):
            raise UserError(
                f"{path}: none of the {len(of)} {which} has a protein there, so that a model could tell none of them "
                f"from the control: the screen's label is {shown(of[0])}"
                f"{f', a record of the file is {example[:120]!r}' if example else ''}"
                f"{_hint(labels, proteins, separator)}"
            )
    if without_protein == LEARNED:
        about: dict[str, Any] = dict(control=labels.control, separator=separator)
        rows = {
            label: [gene for gene, name in zip(genes(label, **about), names[label], strict=True) if name is None]
            for label in labels.all
        }
        _check_twins(path, labels, told, names, twins, rows)
        return
    _check_twins(path, labels, told, names, twins, {})
    if blind:
        share = f"{len(blind)} of {len(perturbed)} perturbations ({len(away)} of {len(labels.heldout)} held-out ones)"
        log.warning(
            f"{path}: {share} have no protein there and share the control's vector, zeros: a model cannot "
            "tell them from the control or from one another; those in training teach it that controls look like them, "
            f"those held out are predicted as controls: {', '.join(blind)}",
        )


def _check_without(
    path: str | Path,
    labels: Labels,
    lacking: list[str],
    names: Mapping[str, list[str | None]],
    without_protein: str,
    separator: str | None,
) -> None:
    """Refuse labels with a target without a protein where config key without_protein has no way to tell of them."""
    if without_protein == STOP:
        raise UserError(
            f"{path}: {len(lacking)} perturbations have a target without a protein there: {some(lacking)} (config key "
            "without_protein: stop; learned gives each a row of its own, shared the control's vector)"
        )
    if without_protein != LEARNED:
        return
    about: dict[str, Any] = dict(control=labels.control, separator=separator)
    shown_in_training = {gene for label in labels.all if label not in labels.unseen for gene in genes(label, **about)}
    new = [label for label in lacking if label in labels.unseen]
    if new := [label for label in new if not _known(label, names, shown_in_training, about)]:
        raise UserError(
            f"{path}: {some(new)} is in no training cell and has a target without a protein there, so that nothing "
            "could be learned about it (config key without_protein: learned); hold out another one"
        )


def _known(label: str, names: Mapping[str, list[str | None]], trained: set[str], about: Mapping[str, Any]) -> bool:
    """Whether every target of a label has a protein or is one of a training cell."""
    targets = genes(label, **about)
    return all(name is not None or gene in trained for gene, name in zip(targets, names[label], strict=True))


def _check_twins(
    path: str | Path,
    labels: Labels,
    told: Mapping[str, tuple],
    names: Mapping[str, list[str | None]],
    twins: str,
    rows: Mapping[str, list[str]],
) -> None:
    """rows: by label its targets that are told by rows of their own."""
    own = {label: frozenset(rows.get(label, ())) for label in labels.all}
    pairs = []
    for label in labels.heldout:
        same = (x for x in labels.beside.get(label, ()) if told[x] == told[label] and own[x] == own[label])
        if told[label] and (other := next(same, None)) is not None:
            pairs.append((label, other))
    if not pairs:
        return
    shown_pairs = "; ".join(
        f"held-out {shown(away)} and {shown(beside)}"
        + (", of which some gene has no protein" if None in names[away] + names[beside] else "")
        for away, beside in pairs[:12]
    )
    said = (
        f"{path}: a model is told the same of {shown_pairs}: the same proteins, so that what is held out is trained "
        "on in the same cell type under the other name"
    )
    if twins == "stop":
        raise UserError(
            f"{said}; hold out both, or neither, or give them one label (of a published screen, "
            "config key on_difference: report goes on)"
        )
    log.warning(said)


def _hint(labels: Labels, proteins: Mapping[str, object], separator: str | None) -> str:
    """What may be meant: the same symbols in other case, or several genes in one label."""
    caseless = {plain(symbol).casefold(): symbol for symbol in proteins}
    asked = all_genes(labels, separator=separator)
    found = [gene for gene in sorted(asked - set(proteins)) if gene.casefold() in caseless]
    if found:
        pairs = some([f"{gene} as {caseless[gene.casefold()]}" for gene in found[:3]])
        return f"; in other case {len(found)} are there ({pairs}): is the file of another species?"
    for joint in f"{JOINERS}_" if not separator else "":
        parts = (all_genes(labels, separator=joint) - asked) & set(proteins)
        if parts:
            return f"; {len(parts)} are there if '{joint}' joins genes in a label (config key separator)"
    return ""
