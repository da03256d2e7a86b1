"""Fetch the published files by address and checksum (`resources/downloads.yaml`), whole or not at all."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pooch
import requests
import yaml

from expressionvae.files import UserError

ALGORITHMS = ("sha256", "md5")
TIMEOUT = 60  # seconds without a byte


def read_downloads(path: str | Path) -> dict[str, dict[str, Any]]:
    """The list of downloads: name -> url, file, bytes, md5 or sha256, licence, citation, ...

    Raises: UserError when the file is missing or an entry has neither `url` nor a note of where to look.
    """
    try:
        entries = yaml.safe_load(Path(path).read_text())
    except (FileNotFoundError, yaml.YAMLError) as error:
        raise UserError(f"{path}: not a list of downloads ({error})") from None
    for name, entry in entries.items():
        absent = [key for key in ("url", "file", "licence", "citation") if key not in entry]
        if absent:
            raise UserError(f"{path}: entry '{name}' lacks {', '.join(absent)}")
    return entries


def fetch(entry: Mapping[str, Any], destination: str | Path, *, retries: int) -> None:
    """Bring one file to `destination`: used if it is there and right, else downloaded under a temporary name.

    Only a file with the right checksum (or, lacking one, the right number of bytes) ever gets the final name.
    An entry without checksum is accepted, with a printed note of the checksum to hold it to from now on.

    Raises: UserError when the file at `destination` is a wrong one, or when it cannot be had; the message
    says how to put it there by hand.
    """
    destination = Path(destination)
    if destination.exists():
        wrong = mismatch(entry, destination)
        if wrong:
            raise UserError(f"{destination}: not the file of {entry['url']}: {wrong}; move it away and run again")
        print(f"{destination}: already here")
        return
    if not entry.get("file"):
        raise UserError(f"{entry['url']} is a page, not a file: find the file there and put it at {destination}")
    if entry.get("record"):
        entry = from_record(entry, destination)
    destination.parent.mkdir(parents=True, exist_ok=True)
    part = destination.with_name(f".{destination.name}.download")
    try:
        _download(entry, part, retries)
        wrong = mismatch(entry, part)
        if wrong:
            raise UserError(by_hand(entry, destination, wrong))
        part.replace(destination)
    except (requests.exceptions.RequestException, ValueError, OSError) as error:
        if isinstance(error, UserError):
            raise
        raise UserError(by_hand(entry, destination, str(error))) from None
    finally:
        part.unlink(missing_ok=True)
    if checksum(entry) is None:
        found = pooch.file_hash(str(destination))
        print(f"{destination}: no checksum was known; from now on hold it to sha256: {found}")


def from_record(entry: Mapping[str, Any], destination: Path) -> dict[str, Any]:
    """The entry with the url, bytes and md5 that its Zenodo record (`record`) states for its file.

    The file is `record_file`, or the record's only .h5ad. Source: https://developers.zenodo.org (records, files).
    Raises: UserError when the record cannot be had, or does not say which file is meant.
    """
    try:
        answer = requests.get(entry["record"], timeout=TIMEOUT)
        answer.raise_for_status()
        files = {file["key"]: file for file in answer.json()["files"]}
    except (requests.exceptions.RequestException, ValueError, KeyError, TypeError) as error:
        raise UserError(by_hand(entry, destination, f"{entry['record']}: {error}")) from None
    wanted = entry.get("record_file")
    found = [name for name in files if (name == wanted if wanted else name.endswith(".h5ad"))]
    if len(found) != 1:
        why = f"{len(found)} of its files are {wanted or '.h5ad'}: {', '.join(files)}; name one as record_file"
        raise UserError(by_hand(entry, destination, why))
    file = files[found[0]]
    algorithm, _, digest = str(file["checksum"]).partition(":")
    return {**entry, "url": file["links"]["self"], "bytes": file["size"], algorithm: digest}


def _download(entry: Mapping[str, Any], part: Path, retries: int) -> None:
    known = checksum(entry)
    store = pooch.create(
        path=part.parent,
        base_url="",
        registry={part.name: ":".join(known) if known else None},
        urls={part.name: entry["url"]},
        retry_if_failed=retries,
    )
    downloader = pooch.HTTPDownloader(progressbar=True, timeout=TIMEOUT)
    store.fetch(part.name, downloader=downloader)  # pyright: ignore[reportArgumentType]


def checksum(entry: Mapping[str, Any]) -> tuple[str, str] | None:
    """(algorithm, hex digest) of an entry, sha256 before md5; None when neither is known."""
    return next(((name, str(entry[name])) for name in ALGORITHMS if entry.get(name)), None)


def mismatch(entry: Mapping[str, Any], path: Path) -> str | None:
    """What is wrong with a file that should be `entry`, in words; None when it is right."""
    size = path.stat().st_size
    if entry.get("bytes") and size != entry["bytes"]:
        return f"it has {size:,} bytes, expected {entry['bytes']:,}"
    known = checksum(entry)
    if known is None:
        return None
    found = pooch.file_hash(str(path), alg=known[0])
    return None if found == known[1].lower() else f"its {known[0]} is {found}, expected {known[1]}"


def by_hand(entry: Mapping[str, Any], destination: Path, why: str) -> str:
    """One message: what failed, and how to get the file without this program."""
    known = checksum(entry)
    must = f"its {known[0]} must be {known[1]}" if known else "no checksum is known for it"
    return f"could not download {entry['url']} ({why}). By hand: put the file at {destination}; {must}"
