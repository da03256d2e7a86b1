"""Tables in our files, each held to the names and kinds that it must have.

Everything that reads is to be called within `files.reading`, which turns what is wrong into a message with the path.
"""

import csv
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from expressionvae.files import require

if TYPE_CHECKING:
    import pyarrow as pa

_NONE = ["", "nan", "NaN"]  # what stands for no number in a CSV
_DIGEST = b"expressionvae.sha256"


def table(
    path: str | Path,
    texts: Sequence[str],
    numbers: Sequence[str],
    sep: str = ",",
    absent: Sequence[str] = (),
    perhaps: Sequence[str] = (),
) -> pd.DataFrame:
    """A CSV with these columns, and perhaps others; text stays text ("NA" is a label too), a missing number is NaN.

    absent: what else than an empty cell stands for no number; perhaps: texts that need not be there.

    It must end with the end of a line: one that is cut within a number would give another.
    """
    with open(path, "rb") as file:
        file.seek(-1, 2)
        require(file.read() == b"\n", "it is cut short: its last line has no end")
    with open(path, encoding="utf-8", newline="") as file:
        header = next(csv.reader(file, delimiter=sep))
    _require_names([*texts, *numbers], header, "column ")
    texts = [*texts, *perhaps]
    none: Any = {name: [*_NONE, *absent] for name in header if name not in texts}
    types: Any = dict.fromkeys(texts, str)
    frame = pd.read_csv(path, sep=sep, dtype=types, keep_default_na=False, na_values=none, index_col=False)
    for name in numbers:
        _require_numbers(frame[name], name)
    return frame


def _require_names(wanted: Sequence[str], found: Sequence[str], kind: str = "") -> None:
    for name in wanted:
        require(name in found, f"{kind}{name!r} is missing; it has {', '.join(found)}")


def _require_numbers(column: pd.Series, name: str) -> None:
    if len(column) and column.dtype.kind not in "iuf":
        wrong = pd.to_numeric(column, errors="coerce").isna() & column.notna()
        row = int(wrong.to_numpy().argmax())
        raise ValueError(f"column {name!r} holds {column.iloc[row]!r} in line {row + 2}; expected a number")


def write_parquet(path: str | Path, frame: "pa.Table") -> None:
    """Write a table with a checksum of each page, and of its content: the format has none for names and types."""
    import pyarrow.parquet

    stated = {**(frame.schema.metadata or {}), _DIGEST: _content(frame)}
    pyarrow.parquet.write_table(frame.replace_schema_metadata(stated), path, write_page_checksum=True)


def parquet(path: str | Path, *names: str) -> "pa.Table":
    """A table that has these columns."""
    import pyarrow.parquet

    frame = pyarrow.parquet.read_table(path, page_checksum_verification=True)
    _require_names(names, frame.column_names, "column ")
    stated = (frame.schema.metadata or {}).get(_DIGEST)
    require(stated in (None, _content(frame)), "its content has changed since it was written")
    return frame


def _content(frame: "pa.Table") -> bytes:
    digest = hashlib.sha256()
    for name, column in zip(frame.column_names, frame.columns, strict=True):
        values: Any = column.to_numpy()
        digest.update(f"{name}\0{len(values)}\0".encode())
        digest.update(values.tobytes() if values.dtype.kind != "O" else "\0".join(map(str, values)).encode())
    return digest.hexdigest().encode()
