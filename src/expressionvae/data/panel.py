"""An ordered panel of genes, found among the genes of a file under their own, current or outdated symbols."""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Integer
from numpy import ndarray

from expressionvae.data.checks import some
from expressionvae.data.frames import Frame
from expressionvae.files import UserError

log = logging.getLogger(__name__)

GeneColumns = Integer[ndarray, "panel"]  # column of each panel gene in a file, -1 when absent
Places = Integer[ndarray, "gene"]  # place in the panel of each gene of a file, -1 when it is not of the panel


@dataclass(frozen=True)
class Panel:
    """Where the genes of a panel stand in a file.

    columns: the file's column of each panel gene, -1 when absent; of_column: the other way round.
    """

    genes: list[str]
    columns: GeneColumns
    of_column: Places

    @classmethod
    def of(
        cls, table: Frame, genes: Sequence[str], symbol_map: Mapping[str, str], gene_column: str | None = None
    ) -> "Panel":
        """Find a panel in a file's table of genes, and print what is absent, renamed or there twice.

        Raises: UserError when no gene of it is there.
        """
        symbols = names_like(table, genes, symbol_map, gene_column)
        panel = cls.found(symbols, genes, symbol_map)
        if len(panel.absent) == len(genes):
            kind = " (Ensembl ids)" if symbols[0].startswith("ENS") else ""
            raise UserError(
                f"{table.path}: none of the {len(genes)} panel genes ('{genes[0]}', ...) is in {table.key}, which has "
                f"'{symbols[0]}', ...{kind}; expected symbols (or ids) as in the panel, in the index or in the column "
                f"of config key gene_column; its columns are {some(table.columns)}"
            )
        _report(table.path.name, panel, symbols)
        return panel

    @classmethod
    def found(cls, symbols: Sequence[str], genes: Sequence[str], symbol_map: Mapping[str, str]) -> "Panel":
        """Where the genes of a panel stand among a file's symbols."""
        columns = locate(symbols, genes, symbol_map)
        of_column = np.full(len(symbols), -1, np.int32)
        of_column[columns[columns >= 0]] = np.flatnonzero(columns >= 0)
        return cls(list(genes), columns, of_column)

    @property
    def present(self) -> ndarray:
        """Places in the panel of the genes that the file has."""
        return np.flatnonzero(self.columns >= 0)

    @property
    def absent(self) -> list[str]:
        """Genes of the panel that the file lacks."""
        return [gene for gene, column in zip(self.genes, self.columns, strict=True) if column < 0]


def names_like(
    table: Frame, genes: Sequence[str], symbol_map: Mapping[str, str], gene_column: str | None = None
) -> list[str]:
    """The names of a file's genes: those of a column, else whichever of `gene_name` and the index has more of a panel.

    The panel alone can tell: one of Ensembl ids is found where a file keeps these.
    """
    if gene_column:
        return list(table.labels(gene_column, "gene_column"))
    kinds = [list(table.labels("gene_name"))] if "gene_name" in table.columns else []
    kinds.append(table.names().tolist())
    return max(kinds, key=lambda names: int((locate(names, genes, symbol_map) >= 0).sum()))


def locate(symbols: Sequence[str], wanted: Sequence[str], symbol_map: Mapping[str, str]) -> GeneColumns:
    """Column of each wanted gene: under its own, else its current, else its outdated name; -1 when absent.

    Of several columns of one symbol the first counts, as in scanpy's `var_names_make_unique`. No column serves two
    wanted genes: one that is wanted under its own name is nobody's other name.
    """
    column = {symbol: i for i, symbol in reversed(list(enumerate(symbols)))}
    own = {gene for gene in wanted if gene in column}
    outdated = {new: old for old, new in symbol_map.items()}
    found = []
    for gene in wanted:
        others = [name for name in (symbol_map.get(gene), outdated.get(gene)) if name in column and name not in own]
        found.append(column[gene] if gene in own else column[others[0]] if others else -1)
    return np.array(found, dtype=int)


def absent(table: Frame, genes: Sequence[str], symbol_map: Mapping[str, str]) -> list[str]:
    """Genes of a panel that a file's table of genes lacks under each of their names."""
    return Panel.found(names_like(table, genes, symbol_map), genes, symbol_map).absent


def canonical(label: str, listed: set[str], symbol_map: Mapping[str, str]) -> str:
    """A target's name as the split lists it, which may be its outdated or its current symbol."""
    outdated = {new: old for old, new in symbol_map.items()}
    names = (label, symbol_map.get(label), outdated.get(label))
    return next((name for name in names if name in listed), label)


def doubtful(symbols: Sequence[str], wanted: Sequence[str], symbol_map: Mapping[str, str]) -> list[str]:
    """Wanted genes whose column could be another: there twice, or under both of their names."""
    times = Counter(symbols)
    doubts = []
    for gene in wanted:
        other = symbol_map.get(gene)
        if times[gene] > 1:
            doubts.append(f"{gene} (in {times[gene]} columns, the first is taken)")
        elif other and times[gene] and times[other]:
            doubts.append(f"{gene} (its current symbol {other} is there too)")
    return doubts


def _report(name: str, panel: Panel, symbols: list[str]) -> None:
    if panel.absent:
        what = f"{len(panel.absent)} of {len(panel.genes)} panel genes absent, set to 0"
        log.info(f"{name}: {what}: {', '.join(panel.absent)}")
    found = [(gene, symbols[column]) for gene, column in zip(panel.genes, panel.columns, strict=True) if column >= 0]
    renamed = [f"{gene} as {symbol}" for gene, symbol in found if gene != symbol]
    if renamed:
        log.info(f"{name}: {len(renamed)} panel genes under another symbol: {', '.join(renamed)}")
    times = Counter(symbols)
    twice = [gene for gene, symbol in found if times[symbol] > 1]
    if twice:
        log.info(f"{name}: {len(twice)} panel genes are in several columns, the first is taken: {', '.join(twice)}")
