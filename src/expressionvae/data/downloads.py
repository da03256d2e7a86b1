"""The published files by name, address and checksum (`resources/downloads.yaml`), found in `data_dir` or fetched to it.

What is stated of a file is held to, or its difference said. Of a file of which no checksum is stated, the content seen
first is pinned: in the record under results/downloads, and beside the file (`NAME.origin.yaml`).
"""

import contextlib
import fnmatch
import logging
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests
import yaml
from filelock import FileLock

from expressionvae.data import transfer
from expressionvae.data.transfer import ALGORITHMS, Different, Entry, Interrupted, Sleep, arrive, checksum, mismatch
from expressionvae.data.zenodo import resolved
from expressionvae.files import UserError, digest, reading, require, written
from expressionvae.strict import read_yaml

log = logging.getLogger(__name__)

SMALL = 100_000_000  # bytes up to which a file that is already there is held to its checksum, not to its size alone
REPORT = "to take it all the same: config key on_difference: report"


def obtain(entry: Entry, folder: str | Path, record: str | Path, *, retries: int, on_difference: str = "stop") -> None:
    """Have a file of the list in `folder`, and write down in `record` where it lies and how that is known.

    Raises: as `fetch`.
    """
    path = _found(entry, Path(folder))
    known = fetch(entry, path, retries=retries, on_difference=on_difference)
    stat, about = path.stat(), {key: entry[key] for key in ("url", "licence", "citation")}
    here = {"path": str(path), "bytes": stat.st_size, "mtime_ns": stat.st_mtime_ns}
    with written(record) as temporary:
        temporary.write_text(yaml.safe_dump({**known, **here, **about}), encoding="utf-8")


def _found(entry: Entry, folder: Path) -> Path:
    """Where a file lies or will lie: under its own name, else under one of the `other_names` that it is known by."""
    path = folder / entry["file"]
    others = [] if path.exists() or not folder.is_dir() else sorted(
        other for pattern in entry.get("other_names", ()) for other in folder.glob("*")
        if fnmatch.fnmatchcase(other.name, pattern)
    )  # fmt: skip
    if len(others) > 1:
        names = ", ".join(other.name for other in others)
        raise UserError(f"{folder}: {names} could each be {entry['file']}; give one of them that name")
    if others:
        log.info(f"{path} is not there; {others[0].name}, another name that it is known by, is taken")
    return others[0] if others else path


def located(path: str | Path) -> Path:
    """The file that a record of `obtain` tells of; any other path as it is.

    Raises: UserError when the file has gone since, or is another: by its size and, where it has been touched since or
    is small, by its checksum.
    """
    path = Path(path)
    if path.suffix != ".yaml":
        return path
    with reading(path, "the record of a download (path, bytes, ...)"):
        record, wrong = read_yaml(path), None
        file, size, time_ns = Path(record["path"]), record["bytes"], record["mtime_ns"]
        require(isinstance(size, int) and size >= 0, f"bytes is {size!r}")
    if not file.is_file():
        wrong = "is not there any more"
    elif file.stat().st_size != size:
        wrong = f"has {file.stat().st_size:,} bytes"
    elif size <= SMALL or file.stat().st_mtime_ns != time_ns:
        changed = mismatch(record, file)
        wrong = f"has other content ({changed})" if changed else None
    if wrong:
        raise UserError(f"{file} {wrong}, though {path} says that it is here; remove {path} and run again")
    return file


def fetch(
    entry: Entry, destination: str | Path, *, retries: int, on_difference: str = "stop", sleep: Sleep = time.sleep
) -> dict[str, Any]:
    """Bring one file to `destination`: used if it is there, else downloaded; say how it was verified.

    A file that is there is held to its size (and, up to 100 MB, to its checksum) and never replaced. A download gets
    its name only when size and checksum are right. Where the list knows no checksum, that of the file seen first is
    pinned, and later copies are held to it. Two processes that want the same file take turns.

    retries: attempts in a row that bring no byte before giving up.
    on_difference: "stop" where size or checksum are not as stated, or "report" and take what is there.
    Raises: UserError when the file at `destination` is a wrong one, or when it cannot be had; the message
    says how to put it there by hand.
    """
    destination = Path(destination)
    if destination.exists():
        return _already(entry, destination, on_difference)
    try:
        destination.parent.mkdir(parents=True, exist_ok=True)
        with alone(destination):
            if destination.exists():  # another process was first
                return _already(entry, destination, on_difference)
            entry = resolved(entry)
            wanted = entry if checksum(entry) else {**entry, **_pinned(destination)}
            options = {"retries": retries, "sleep": sleep, "on_difference": on_difference}
            differences = arrive(wanted, destination, **options)
            return _accept(entry, destination, differences)
    except Different as error:
        raise UserError(f"{by_hand(entry, destination, str(error))}; {REPORT}") from None
    except (Interrupted, requests.exceptions.RequestException, OSError) as error:
        why = "the disk is full; what has arrived is kept" if getattr(error, "errno", 0) == 28 else str(error)
        raise UserError(by_hand(entry, destination, why)) from None


@contextlib.contextmanager
def alone(destination: Path) -> Iterator[None]:
    """Of processes that want to make one file or folder, one does and the others wait."""
    lock = destination.with_name(f".{destination.name}.lock")
    with FileLock(lock):
        yield
        lock.unlink(missing_ok=True)  # only after success: whoever waits on it then finds the file


def _already(entry: Entry, destination: Path, on_difference: str) -> dict[str, Any]:
    """Hold a file that is there to what is stated of it or, where no checksum is, to what was pinned of it."""
    stat, pinned = destination.stat(), _pinned(destination)
    small = stat.st_size <= SMALL
    held_to: dict[str, Any] = {"bytes": entry.get("bytes")}
    if small:
        held_to |= {key: entry.get(key) for key in ALGORITHMS}
    wrong = mismatch(held_to, destination)
    if (not checksum(entry) or wrong) and pinned:
        changed = mismatch(pinned if small or stat.st_mtime_ns != pinned.get("mtime_ns") else {}, destination)
        wrong = f"it has changed since {pinned.get('first_seen', 'it was seen first')}: {changed}" if changed else wrong
    if wrong and on_difference == "stop":
        raise UserError(
            f"{destination}: not the file of {entry['url']}: {wrong}; move it away and run again, or {REPORT}"
        )
    if not wrong and not checksum(entry) and pinned:
        log.info(f"{destination}: already here, as it was seen first")
        return {"verified": "first seen", **_about(pinned)}
    if wrong or not checksum(entry):
        asked = {
            key: value for key, value in entry.items() if key != "release_url"
        }  # whose release now need not be its
        return _accept(asked, destination, [wrong] if wrong else [])
    by = checksum(held_to)
    log.info(f"{destination}: already here; its {by[0] if by else 'size'} is right")
    if by:
        return {"verified": by[0], by[0]: by[1]}
    stated = checksum(entry)  # not compared: what `located` holds the file to, should it be touched
    return {"verified": "bytes", **({stated[0]: stated[1]} if stated else {})}


def _accept(entry: Entry, destination: Path, differences: list[str]) -> dict[str, Any]:
    """Say how a file that is taken is known; pin its content where that is not by a checksum of the list."""
    known = checksum(entry)
    if known and not differences:
        return {"verified": known[0], known[0]: known[1]}
    stat, pinned = destination.stat(), _pinned(destination)
    seen: dict[str, Any] = {
        "sha256": digest(destination, "sha256"),
        "bytes": stat.st_size,
        "mtime_ns": stat.st_mtime_ns,
    }
    seen |= {"url": entry["url"], "first_seen": datetime.now(UTC).strftime("%Y-%m-%d"), **_release(entry)}
    with contextlib.suppress(OSError), written(_origin(destination)) as temporary:  # elsewhere the record alone has it
        temporary.write_text(yaml.safe_dump(seen), encoding="utf-8")
    for said in differences:
        log.warning(f"{destination}: not as stated: {said}")
    if not differences:
        log.info(f"{destination}: no checksum is stated; from now on it is held to sha256 {seen['sha256']}")
        return {"verified": "first seen", **_about(seen)}
    asked = entry if known else {**entry, **pinned}
    stated = {key: asked[key] for key in ("bytes", *ALGORITHMS) if asked.get(key)}
    return {"verified": "not as stated", "differences": differences, "stated": stated, **_about(seen)}


def _about(seen: Entry) -> dict[str, Any]:
    """What a record says of pinned content."""
    return {key: seen[key] for key in ("sha256", "first_seen", "release") if key in seen}


def _origin(destination: Path) -> Path:
    return destination.with_name(f"{destination.name}.origin.yaml")


def _pinned(destination: Path) -> dict[str, Any]:
    """Size and checksum of a file as it was seen first, where that was written beside it."""
    origin = _origin(destination)
    if not origin.is_file():
        return {}
    anew = f"delete it, and {destination.name} is held to what it is at the next download"
    with reading(origin, "what was first seen of a download (sha256, bytes)", anew):
        seen = read_yaml(origin)
        sound = re.fullmatch("[0-9a-f]{64}", str(seen["sha256"])) and isinstance(seen["bytes"], int)
        require(sound, "its sha256 or bytes is none")
    wanted = ("sha256", "bytes", "mtime_ns", "first_seen", "release")
    return {key: seen[key] for key in wanted if key in seen}


def _release(entry: Entry) -> dict[str, str]:
    """The release that a current file belongs to, from a page that names it (2025_03); nothing where that fails."""
    if "release_url" not in entry:
        return {}
    with contextlib.suppress(requests.exceptions.RequestException):
        found = re.search(r"\d{4}_\d{2}", transfer.get(entry["release_url"]).text[:5000])
        return {"release": found[0]} if found else {}
    return {}


def by_hand(entry: Entry, destination: Path, why: str) -> str:
    """One message: what failed, and how to get the file without this program."""
    known = checksum(entry) or checksum(_pinned(destination))
    must = f"its {known[0]} must be {known[1]}" if known else "no checksum is known for it"
    return f"could not download {entry['url']} ({why}). By hand: put the file at {destination}; {must}"
