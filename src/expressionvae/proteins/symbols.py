"""Names of genes: outdated and current symbols."""

from collections.abc import Mapping
from pathlib import Path

from expressionvae.files import RESTORE, reading, require


def read_symbol_map(path: str | Path | None) -> dict[str, str]:
    """Outdated symbol -> current symbol: the first two columns of a tab-separated file with a header line.

    Lines that start with '#' are comments. Without a path: no symbol is outdated. Raises: UserError.
    """
    if path is None:
        return {}
    with reading(path, "a table of outdated and current symbols", RESTORE):
        lines = Path(path).read_text(encoding="utf-8").splitlines()
        rows = [line.split("\t") for line in lines if line.strip() and not line.startswith("#")]
        short = next((row for row in rows if len(row) < 2 or not row[0] or not row[1]), None)
        require(short is None, f"row {short}: expected two tab-separated columns: outdated, current")
    return {row[0].strip(): row[1].strip() for row in rows[1:]}


def resolve(symbol: str, known: Mapping[str, object], symbol_map: Mapping[str, str]) -> str | None:
    """The name under which `known` holds a gene: its current symbol if the map has one, else its own."""
    current = symbol_map.get(symbol)
    if current is not None and current in known:
        return current
    return symbol if symbol in known else None
