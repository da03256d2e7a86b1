"""Which file of a Zenodo record is the screen: by its name and, before it is fetched, by what is inside."""

import fnmatch
import io
import logging
from collections.abc import Mapping
from typing import Any

import requests

from expressionvae.data.transfer import ALGORITHMS, Entry, get, require_no_downgrade
from expressionvae.files import UserError

log = logging.getLogger(__name__)

PIECE = 1 << 19  # bytes fetched at a time of a file that is looked into
PLACES = 3  # of a matrix that are looked at for raw counts


def resolved(entry: Entry) -> Entry:
    """An entry with the address, size and checksum that its record's API (key `api`) tells of the chosen file.

    Of the files whose name matches `pick`, those of `leave_out` come last. Where the entry says what obs must have
    (`obs`), files are looked into on the server, and the one with these columns and raw counts is chosen.

    Raises: UserError when no file or several are left; it lists what the record has and what was found inside.
    """
    if "api" not in entry:
        return entry
    answer = get(entry["api"])
    answer.raise_for_status()
    try:
        files = {
            file["key"]: {"size": file["size"], "url": file["links"]["self"], **file} for file in answer.json()["files"]
        }
    except (KeyError, TypeError) as error:
        raise UserError(
            f"{entry['api']}: not a record of files, each with key, size and links.self ({error})"
        ) from None
    chosen = files[_choose(entry, files)]
    algorithm, _, value = str(chosen.get("checksum") or "").partition(":")
    if algorithm and algorithm not in ALGORITHMS:
        raise UserError(f"{entry['api']}: checksum of '{chosen['key']}' is {algorithm}; known: {', '.join(ALGORITHMS)}")
    require_no_downgrade(entry["api"], chosen["url"])
    log.info(f"{entry['api']}: {chosen['key']}, {chosen['size']:,} bytes")
    return {**entry, "url": chosen["url"], "bytes": chosen["size"], **({algorithm: value} if algorithm else {})}


def _choose(entry: Entry, files: Mapping[str, Mapping[str, Any]]) -> str:
    pick = entry["pick"]
    matching = [pick] if pick in files else fnmatch.filter(files, pick)  # a name may look like a pattern
    last = {name for name in matching if fnmatch.fnmatchcase(name, entry.get("leave_out", ""))}
    first, found = [name for name in matching if name not in last], {}
    for names in (first, sorted(last)):
        if "obs" in entry:
            found |= {name: _inside(files[name], entry) for name in names}
        right = [name for name in names if found.get(name) == ""]
        if not right and len(names) == 1 and found.get(names[0]) is None and names == first:
            right = names  # it cannot be looked into, and its name is the only one that fits
        if len(right) == 1:
            return right[0]
        if right:
            break
    listed = ", ".join(f"{name} ({file['size'] / 1e9:.1f} GB{_why(found, name)})" for name, file in files.items())
    wanted = f"'{entry['pick']}'" + (f", not '{entry['leave_out']}'" if "leave_out" in entry else "")
    raise UserError(
        f"{entry['api']}: {len(first)} files match {wanted}, expected one; the record has {listed or 'none'}; "
        "say which by key pick of the list of downloads"
    )


def _why(found: Mapping[str, str | None], name: str) -> str:
    if name not in found:
        return ""
    why = found[name]
    return ": " + ("the server does not let it be looked into" if why is None else why or "has what is wanted")


def _inside(file: Mapping[str, Any], entry: Entry) -> str | None:
    """Why a file is not the wanted one, "" if it is, None where the server gives no pieces of it."""
    from expressionvae.data.h5ad import Source  # the rest of this module is read by every job
    from expressionvae.data.streaming import counts_matrix

    remote = Remote(file["url"], file["size"])
    try:
        remote.piece(0)
        with Source(file["key"], io.BufferedReader(remote)) as source:
            absent = [name for name in entry["obs"] if name not in source.columns("obs")]
            if absent:
                return f"obs lacks {', '.join(absent)}"
            counts_matrix(source, places=PLACES)
    except UserError as error:
        return str(error).removeprefix(f"{file['key']}: ")
    except requests.exceptions.RequestException:
        return None
    return ""


class Remote(io.RawIOBase):
    """A file on a server, read in pieces as they are asked for.

    Raises: requests' exceptions, also where the server does not give pieces.
    """

    def __init__(self, url: str, size: int):
        self.url, self.size, self.at = url, size, 0
        self.pieces: dict[int, bytes] = {}

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self.at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self.at, io.SEEK_END: self.size}[whence]
        return self.at

    def readinto(self, buffer: Any) -> int:
        wanted = memoryview(buffer).cast("B")
        number, offset = divmod(self.at, PIECE)
        piece = self.piece(number)[offset : offset + len(wanted)] if self.at < self.size else b""
        wanted[: len(piece)] = piece
        self.at += len(piece)
        return len(piece)

    def piece(self, number: int) -> bytes:
        """One piece of the file, fetched once."""
        if number not in self.pieces:
            first = number * PIECE
            last = min(first + PIECE, self.size) - 1
            with get(self.url, headers={"Range": f"bytes={first}-{last}"}, stream=True) as response:
                if response.status_code != 206:
                    raise requests.exceptions.RequestException(f"HTTP {response.status_code} to a request for a piece")
                self.pieces[number] = response.content
        return self.pieces[number]
