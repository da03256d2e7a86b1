"""The tables of cells and of genes (obs, var, raw/var) of an anndata of any age: names, labels, numbers."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import h5py
import numpy as np
import pandas as pd
from jaxtyping import Bool, Integer
from numpy import ndarray

from expressionvae.data import checks
from expressionvae.data.store import Element, attribute, child, is_group, legible, texts, vector
from expressionvae.files import UserError
from expressionvae.nearest import did_you_mean

Rows = Integer[ndarray, "cell"]  # row numbers, ascending

LABELS = 200_000  # labels or names decoded at a time


@dataclass(frozen=True)
class _Stored:
    """A column as it lies in the file: values or, where there are `categories`, codes; `missing`: where it has none."""

    values: Element
    categories: ndarray | None = None
    missing: Bool[ndarray, "row"] | None = None


class Frame:
    """A table, one column an element of a group or, before anndata 0.7, a field of records.

    Raises: UserError when it is absent, or its index is.
    """

    def __init__(self, path: Path, root: Element, key: str):
        self.path, self.root, self.key = path, root, key
        self.table = root
        for part in key.split("/"):
            self.table = child(path, self.table, part)
        if self.table is None:
            raise UserError(f"{path}: has no {key}")
        self.records = isinstance(self.table, h5py.Dataset)
        if self.records and not self.table.dtype.names:
            raise UserError(f"{path}: {key} is no table but an array of {self.table.dtype}; expected a dataframe")
        if not self.records and not is_group(self.table):
            raise UserError(f"{path}: {key} is no table; expected a dataframe")
        self.index = self._index()
        self.length = self._length()

    def __len__(self) -> int:
        return self.length

    @property
    def columns(self) -> list[str]:
        """The names of the columns, without the index."""
        names = self.table.dtype.names if self.records else map(str, self.table)
        return [name for name in names if name not in ("__categories", self.index)]

    def names(self, rows: Rows | None = None) -> pd.Index:
        """The index, of all rows or of some. Raises: UserError where a row has no name."""
        read = self._reader(self._stored(self.index), "index")
        wanted = np.arange(len(self)) if rows is None else rows
        found = []
        for start in range(0, len(self), LABELS):
            here = wanted[np.searchsorted(wanted, start) : np.searchsorted(wanted, start + LABELS)]
            if len(here):
                found.append(read(int(here[0]), int(here[-1]) + 1)[here - here[0]])
        names = pd.Index(np.concatenate(found) if found else [], dtype=object)
        if names.hasnans:
            row = wanted[names.isna().argmax()]
            raise UserError(f"{self.path}: {self.key} index '{self.index}' has no value in row {row}")
        return names

    def labels(self, name: str, key: str = "", *, needed: Rows | None = None) -> pd.Categorical:
        """A column, or the index by its name, as labels (text), however it is stored; `key`: the config key.

        needed: the rows that must have a label; None: all.
        Raises: UserError if absent, or if one of those rows has no label.
        """
        stored = self._asked(name, key)
        if stored.categories is not None:
            codes = self._codes(stored, f"{self.key} column '{name}'")
            labels = pd.Categorical.from_codes(cast(Any, codes), pd.Index(stored.categories, dtype=object))
        else:
            labels = _factorised(self._reader(stored, f"column '{name}'"), len(self))
        needed = np.arange(len(labels)) if needed is None else needed
        checks.labelled(self.path, labels[needed], self.key, name, lambda row: self.names(needed[[row]])[0])
        return labels

    def numbers(self, name: str, key: str = "") -> ndarray:
        """A numeric column as float64, NaN where it has no value. Raises: UserError if absent or not of numbers."""
        stored = self._asked(name, key)
        if stored.categories is not None or stored.values.dtype.kind not in "iuf":
            first = self._reader(stored, f"column '{name}'")(0, 1)
            config = f" (config key {key})" if key else ""
            raise UserError(f"{self.path}: {self.key} column '{name}'{config} holds {first[0]!r}; expected numbers")
        with legible(self.path, f"{self.key} column '{name}'"):
            values = np.asarray(stored.values[:], dtype=np.float64)
        return values if stored.missing is None else np.where(stored.missing, np.nan, values)

    def _index(self) -> str:
        if self.records:
            name = "index" if "index" in self.table.dtype.names else "_index"
            there = name in self.table.dtype.names
        else:
            name = attribute(self.path, self.table, "_index")
            if name is None:
                raise UserError(f"{self.path}: {self.key} has no attribute _index, which names the column of its names")
            there = name in self.table
        if not there:
            raise UserError(f"{self.path}: {self.key} has no column '{name}', which should be its index")
        return name

    def _length(self) -> int:
        if self.records:
            return len(self.table)
        stored = child(self.path, self.table, self.index)
        if is_group(stored):  # labels, or text of which some may be missing
            stored = next((stored[name] for name in ("codes", "values") if name in stored), None)
        return int(vector(self.path, stored, f"{self.key} index '{self.index}'").shape[0])

    def _asked(self, name: str, key: str) -> _Stored:
        """A column that a caller or config key names."""
        if name != self.index and name not in self.columns:
            config = f" (config key {key})" if key else ""
            there = checks.some(self.columns) + f", and the index '{self.index}'"
            hint = did_you_mean(name, [*self.columns, self.index])
            raise UserError(f"{self.path}: {self.key} has no column '{name}'{config}; its columns are {there}{hint}")
        return self._stored(name)

    def _stored(self, name: str) -> _Stored:
        """A column in each of the ways of anndata's history."""
        what = f"{self.key} column '{name}'"
        with legible(self.path, what):
            if self.records:
                values = _Field(self.table.fields(name), _plain(self.table.dtype[name], self.path, what))
                old = child(self.path, child(self.path, self.root, "uns") or {}, f"{name}_categories")
                return _Stored(values, self._categories(old, name))
            stored = child(self.path, self.table, name)
            if not is_group(stored):
                codes_of = stored.attrs.get("categories")  # 0.7: a reference, or a path
                values = vector(self.path, stored, what, self.length)
                _plain(values.dtype, self.path, what)
                return _Stored(values, None if codes_of is None else self._categories(self.root[codes_of], name))
            if "codes" in stored:
                categories = self._categories(child(self.path, stored, "categories"), name)
                if categories is None:
                    raise UserError(f"{self.path}: {what} has codes and no categories")
                return _Stored(vector(self.path, stored["codes"], f"{what} codes", self.length), categories)
            if "values" in stored and "mask" in stored:  # numbers, truths or text, some of which may be missing
                mask = np.asarray(vector(self.path, stored["mask"], f"{what} mask", self.length)[:])
                values = vector(self.path, stored["values"], f"{what} values", self.length)
                _plain(values.dtype, self.path, what)
                return _Stored(values, missing=mask != 0)
            kind = attribute(self.path, stored, "encoding-type") or "a group"
            raise UserError(f"{self.path}: {what} is stored as '{kind}'; expected labels or numbers, one a row")

    def _categories(self, stored: Element | None, name: str) -> ndarray | None:
        """Labels of codes, as text."""
        if stored is None:
            return None
        what = f"{self.key} column '{name}' categories"
        values = vector(self.path, stored["values"] if is_group(stored) else stored, what)
        _plain(values.dtype, self.path, what)
        found = texts(np.asarray(values[:]), self.path, what)
        twice = pd.Index(found).duplicated()
        if twice.any():
            raise UserError(f"{self.path}: {what} name '{found[twice][0]}' twice; expected each once")
        return found

    def _codes(self, stored: _Stored, what: str) -> ndarray:
        """The codes of a column with categories, -1 where it has no value."""
        assert stored.categories is not None
        with legible(self.path, what):
            codes = np.asarray(stored.values[:])
        last = len(stored.categories) - 1
        if codes.dtype.kind not in "iu":
            raise UserError(f"{self.path}: {what} has codes of type {codes.dtype}; expected whole numbers")
        wrong = (codes < -1) | (codes > last)
        if wrong.any():
            row = int(wrong.argmax())
            raise UserError(f"{self.path}: {what} has code {codes[row]} in row {row}; its categories are 0 to {last}")
        return codes.astype(np.int32)

    def _reader(self, stored: _Stored, what: str) -> Callable[[int, int], ndarray]:
        """A reader of a column from row to row, as text; None where it has no value."""
        what = f"{self.key} {what}"
        if stored.categories is not None:
            codes = self._codes(stored, what)
            names = np.array([*stored.categories, None], dtype=object)  # code -1 takes the last
            return lambda start, stop: names[codes[start:stop]]

        def read(start: int, stop: int) -> ndarray:
            with legible(self.path, what):
                found = texts(np.asarray(stored.values[start:stop]), self.path, what, start)
            if stored.missing is not None:
                found[stored.missing[start:stop]] = None
            return found

        return read


@dataclass(frozen=True)
class _Field:
    """A field of a table of records, read like an array."""

    field: Any
    dtype: np.dtype

    def __getitem__(self, rows: slice) -> ndarray:
        return self.field[rows]


def _plain(dtype: np.dtype, path: Path, what: str) -> np.dtype:
    """Require numbers, truths or text, one in each row: not records, lists, references or HDF5 enumerations."""
    odd = dtype.kind not in "biufOSUT" or (dtype.kind == "O" and h5py.check_string_dtype(dtype) is None)
    if odd or (dtype.kind in "iu" and h5py.check_enum_dtype(dtype)):
        raise UserError(f"{path}: {what} is of type {dtype}; expected text or numbers, one a row")
    return dtype


def _factorised(read: Callable[[int, int], ndarray], length: int) -> pd.Categorical:
    """Plain text as labels, a piece at a time: ten million strings would take a gigabyte."""
    known: dict[str, int] = {}
    codes: Any = np.empty(length, np.int32)
    for start in range(0, length, LABELS):
        piece, names = pd.factorize(read(start, min(start + LABELS, length)))  # -1 where there is none
        number = np.array([known.setdefault(name, len(known)) for name in names] + [-1], dtype=np.int32)
        codes[start : start + len(piece)] = number[piece]
    return pd.Categorical.from_codes(codes, pd.Index(list(known), dtype=object))
