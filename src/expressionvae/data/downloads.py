"""Fetch the published files by address and checksum (`resources/downloads.yaml`), whole or not at all.

A file of hundreds of gigabytes comes over hours, so what has arrived is kept beside its place under another name and
resumed (HTTP Range, RFC 9110 section 14) for as long as the server says that it is the same file (If-Range).
"""

import contextlib
import fnmatch
import os
import re
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import requests
import yaml
from filelock import FileLock
from tqdm import tqdm

from expressionvae.config import read_yaml
from expressionvae.files import UserError, digest, reading, reason, require, written

ALGORITHMS = ("sha256", "md5")
TIMEOUT = (30, 60)  # seconds until connected, and without a byte
PIECE = 1 << 20  # bytes
LONGEST_WAIT = 600.0  # seconds between two attempts, whatever a server asks for
SMALL = 100_000_000  # bytes up to which a file that is already there is held to its checksum, not to its size alone
ASK_AGAIN = (408, 425, 429)  # HTTP status below 500 at which a later attempt may succeed
NUMBERS = ("cells", "genes", "controls", "donor_cells")  # what may be stated of a file's contents
Entry = Mapping[str, Any]


class Interrupted(Exception):
    """This attempt failed and another may succeed, after `wait` seconds if the server says so."""

    def __init__(self, why: str, wait: float | None = None):
        super().__init__(why)
        self.wait = wait


def read_downloads(path: str | Path) -> dict[str, dict[str, Any]]:
    """The list of downloads: name -> url, file, bytes, md5 or sha256, licence, citation, ...

    Raises: UserError when the file is missing, an entry lacks one of these, or two are of one name.
    """
    with reading(path, "a list of downloads", "resources/downloads.yaml is one"):
        entries = read_yaml(path)
        sound = isinstance(entries, dict) and all(isinstance(entry, dict) for entry in entries.values())
        require(sound, "it is not made of names, each with its keys")
    for name, entry in entries.items():
        absent = [key for key in ("url", "file", "licence", "citation") if key not in entry]
        if absent:
            raise UserError(f"{path}: entry '{name}' lacks {', '.join(absent)}")
    files = [entry["file"] for entry in entries.values()]
    if len(set(files)) < len(files):
        raise UserError(f"{path}: two entries have one file name")
    return entries


def stated(entries: Mapping[str, Entry], prefix: str) -> dict[str, dict[str, int]]:
    """The numbers that a list states of some of its files, by the rest of their names."""
    told = {name.removeprefix(prefix): entry for name, entry in entries.items() if name.startswith(prefix)}
    return {name: {key: entry[key] for key in NUMBERS if key in entry} for name, entry in told.items()}


def obtain(entry: Entry, folder: str | Path, record: str | Path, *, retries: int) -> None:
    """Have a file of the list in `folder`, and write down in `record` where it lies and how that is known.

    Raises: as `fetch`.
    """
    path = Path(folder) / entry["file"]
    known = fetch(entry, path, retries=retries)
    about = {key: entry[key] for key in ("url", "licence", "citation")}
    with written(record) as temporary:
        stat = path.stat()
        place = {"path": str(path), "bytes": stat.st_size, "mtime_ns": stat.st_mtime_ns}
        temporary.write_text(yaml.safe_dump({**place, **known, **about}), encoding="utf-8")


def located(path: str | Path) -> Path:
    """The file that a record of `obtain` tells of; any other path as it is.

    Raises: UserError when the file has gone since, or is another.
    """
    path = Path(path)
    if path.suffix != ".yaml":
        return path
    with reading(path, "the record of a download (path, bytes, ...)"):
        record = read_yaml(path)
        file, size = Path(record["path"]), record["bytes"]
        require(isinstance(size, int) and size >= 0, f"bytes is {size!r}")
    if not file.is_file() or file.stat().st_size != record["bytes"]:
        size = f"has {file.stat().st_size:,} bytes" if file.is_file() else "is not there any more"
        raise UserError(f"{file} {size}, though {path} says that it is here; remove {path} and run again")
    return file


def fetch(
    entry: Entry, destination: str | Path, *, retries: int, sleep: Callable[[float], None] = time.sleep
) -> dict[str, Any]:
    """Bring one file to `destination`: used if it is there, else downloaded; say how it was verified.

    A file that is there is held to its size (and, up to 100 MB, to its checksum) and never replaced. A download gets
    its name only when size and checksum are right. Where the list knows no checksum, the one of the first download
    is written beside the file (`NAME.origin.yaml`), and later copies are held to it. Two processes that want the same
    file take turns. retries: attempts in a row that bring no byte before giving up.

    Raises: UserError when the file at `destination` is a wrong one, or when it cannot be had; the message
    says how to put it there by hand.
    """
    destination = Path(destination)
    if destination.exists():
        return _already(entry, destination)
    try:
        destination.parent.mkdir(parents=True, exist_ok=True)
        with _alone(destination):
            if destination.exists():  # another process was first
                return _already(entry, destination)
            _arrive(entry := _resolved(entry), destination, retries, sleep)
            return _first_seen(entry, destination)
    except (Interrupted, requests.exceptions.RequestException, OSError) as error:
        why = "the disk is full; what has arrived is kept" if getattr(error, "errno", 0) == 28 else str(error)
        raise UserError(by_hand(entry, destination, why)) from None


@contextlib.contextmanager
def _alone(destination: Path) -> Iterator[None]:
    lock = destination.with_name(f".{destination.name}.lock")
    with FileLock(lock):
        yield
        lock.unlink(missing_ok=True)  # only after success: whoever waits on it then finds the file


def _already(entry: Entry, destination: Path) -> dict[str, Any]:
    entry = {**entry, **_remembered(destination)}
    size = destination.stat().st_size
    held_to = entry if size <= SMALL else {"bytes": entry.get("bytes")}
    wrong = mismatch(held_to, destination)
    if wrong:
        raise UserError(f"{destination}: not the file of {entry['url']}: {wrong}; move it away and run again")
    by = checksum(held_to) or (("bytes", size) if entry.get("bytes") else None)
    print(f"{destination}: already here; {f'its {by[0]} is right' if by else 'its size and checksum are not known'}")
    return {"verified": by[0] if by else "not at all", **({by[0]: by[1]} if by else {})}


def _first_seen(entry: Entry, destination: Path) -> dict[str, Any]:
    known = checksum(entry)
    if known:
        return {"verified": known[0], known[0]: known[1]}
    seen = {"sha256": digest(destination, "sha256"), "bytes": destination.stat().st_size}
    seen |= {"url": entry["url"], "first_seen": datetime.now(UTC).strftime("%Y-%m-%d"), **_release(entry)}
    origin = _origin(destination)
    with written(origin) as temporary:
        temporary.write_text(yaml.safe_dump(seen), encoding="utf-8")
    print(f"{destination}: no checksum was known; {origin.name} now holds it to sha256 {seen['sha256']}")
    return {"verified": "first seen", **{key: seen[key] for key in seen if key in ("sha256", "release")}}


def _origin(destination: Path) -> Path:
    return destination.with_name(f"{destination.name}.origin.yaml")


def _remembered(destination: Path) -> dict[str, Any]:
    """Size and checksum of the first download of a file of which the list knows none."""
    origin = _origin(destination)
    if not origin.is_file():
        return {}
    anew = f"delete it, and {destination.name} is held to what it is at the next download"
    with reading(origin, "what was first seen of a download (sha256, bytes)", anew):
        seen = yaml.safe_load(origin.read_text(encoding="utf-8"))
        sound = re.fullmatch("[0-9a-f]{64}", str(seen["sha256"])) and isinstance(seen["bytes"], int)
        require(sound, "its sha256 or bytes is none")
    return {key: seen[key] for key in ("sha256", "bytes")}


def _release(entry: Entry) -> dict[str, str]:
    """The release that a current file belongs to, from a page that names it (2025_03); nothing where that fails."""
    if "release_url" not in entry:
        return {}
    with contextlib.suppress(requests.exceptions.RequestException):
        found = re.search(r"\d{4}_\d{2}", requests.get(entry["release_url"], timeout=TIMEOUT).text[:5000])
        return {"release": found[0]} if found else {}
    return {}


def _resolved(entry: Entry) -> Entry:
    """An entry with address, size and checksum; of a Zenodo record they are read from the record's API.

    Raises: UserError when the record has no file, or several, of the asked name.
    """
    if "api" not in entry:
        return entry
    answer = requests.get(entry["api"], timeout=TIMEOUT)
    answer.raise_for_status()
    files = {file["key"]: file for file in answer.json().get("files", [])}
    pick = entry["pick"]
    chosen = [pick] if pick in files else fnmatch.filter(files, pick)  # a name may look like a pattern
    if len(chosen) != 1:
        sizes = ", ".join(f"{name} ({file['size'] / 1e9:.1f} GB)" for name, file in files.items())
        raise UserError(
            f"{entry['api']}: {len(chosen)} files match '{pick}', expected one; the record has "
            f"{sizes or 'none'}; say which by key pick of the list of downloads"
        )
    file = files[chosen[0]]
    algorithm, _, value = file["checksum"].partition(":")
    print(f"{entry['api']}: {chosen[0]}, {file['size']:,} bytes")
    return {**entry, "url": file["links"]["self"], "bytes": file["size"], algorithm: value}


def _arrive(entry: Entry, destination: Path, retries: int, sleep: Callable[[float], None]) -> None:
    """Download until whole and right; give up after `retries` attempts in a row that brought nothing."""
    entry = {**entry, **_remembered(destination)}
    part = Part(destination)
    _require_room(entry, destination, part.size)
    failures, resumed = 0, part.size > 0
    while True:
        before = part.size
        try:
            resumed = _attempt(entry, part) or resumed
            wrong = mismatch(entry, part.path)
            if wrong is None:
                part.path.replace(destination)
                part.note.unlink(missing_ok=True)
                return
            part.discard()
            if not resumed:
                raise UserError(by_hand(entry, destination, wrong))
            resumed = False  # what was kept from before may have been of another file: once more, from the start
        except (Interrupted, requests.exceptions.ConnectionError, requests.exceptions.Timeout) as error:
            failures = 1 if part.size > before else failures + 1
            if failures > retries:
                raise
            wait = getattr(error, "wait", None)
            wait = min(LONGEST_WAIT, 2.0**failures if wait is None else wait)
            print(f"{destination.name}: {error}; again in {wait:.0f} s, from byte {part.size:,}", file=sys.stderr)
            sleep(wait)
            resumed = part.size > 0


class Part:
    """What has arrived of a file, and which version of it that is."""

    def __init__(self, destination: Path):
        self.path = destination.with_name(f".{destination.name}.part")
        self.note = destination.with_name(f".{destination.name}.part.yaml")

    @property
    def size(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0

    @property
    def version(self) -> str | None:
        """ETag (a strong one) or date of the file on the server; with a damaged note goes what has arrived."""
        if not self.note.exists():
            return None
        try:
            version = yaml.safe_load(self.note.read_text(encoding="utf-8"))
            require(version is None or isinstance(version, str), f"it holds {version!r}")
            return version
        except (OSError, ValueError, yaml.YAMLError) as error:
            print(
                f"{self.note}: damaged ({reason(error)}); {self.path.name} is downloaded from its start",
                file=sys.stderr,
            )
            self.discard()
            return None

    def remember(self, response: requests.Response) -> None:
        etag = response.headers.get("ETag", "")
        version = etag if etag.startswith('"') else response.headers.get("Last-Modified")
        self.note.write_text(yaml.safe_dump(version), encoding="utf-8")

    def is_of(self, response: requests.Response) -> bool:
        """Whether a response tells of the version that has arrived in part, as far as it tells of any."""
        told = (response.headers.get("ETag"), response.headers.get("Last-Modified"))
        return self.version is None or not any(told) or self.version in told

    def discard(self) -> None:
        self.path.unlink(missing_ok=True)
        self.note.unlink(missing_ok=True)


def _attempt(entry: Entry, part: Part) -> bool:
    """One request for what is still missing; whether it resumed. Raises: Interrupted when another may do better."""
    headers = {"Accept-Encoding": "identity", "User-Agent": "expressionvae"}
    version = part.version  # first: with a damaged note nothing has arrived
    start = part.size
    if start and start == entry.get("bytes"):
        return True
    if start and (version or checksum(entry)):
        headers |= {"Range": f"bytes={start}-"} | ({"If-Range": version} if version else {})
    with requests.get(entry["url"], headers=headers, stream=True, timeout=TIMEOUT) as response:
        if response.status_code == 416 and start:  # nothing lies beyond what is here: it is whole, or of another file
            part.discard()
            raise Interrupted("what had arrived is of another version of the file", 0.0)
        _require_success(response)
        resumes = response.status_code == 206
        if resumes and not (_continues(response, start) and part.is_of(response)):
            part.discard()
            raise Interrupted("what had arrived is of another version of the file", 0.0)
        _require_size(entry, response, start if resumes else 0)
        if not resumes:
            part.remember(response)
        _receive(entry, response, part, "ab" if resumes else "wb")
        return resumes


def _continues(response: requests.Response, start: int) -> bool:
    return response.headers.get("Content-Range", "").startswith(f"bytes {start}-")


def _receive(entry: Entry, response: requests.Response, part: Part, mode: str) -> None:
    bar = tqdm(
        total=entry.get("bytes"), initial=part.size if mode == "ab" else 0, unit="B", unit_scale=True,
        desc=entry["file"], mininterval=0.5 if sys.stderr.isatty() else 30, file=sys.stderr,
    )  # fmt: skip
    try:
        with bar, open(part.path, mode) as file:
            for piece in response.iter_content(PIECE):
                file.write(piece)
                bar.update(len(piece))
    except (requests.exceptions.ChunkedEncodingError, requests.exceptions.ConnectionError) as error:
        raise Interrupted(f"the connection broke ({type(error).__name__})") from None


def _require_success(response: requests.Response) -> None:
    status = response.status_code
    if status in (200, 206):
        return
    said = f"HTTP {status} {response.reason or ''}".strip()
    if status in ASK_AGAIN or status >= 500:
        raise Interrupted(said, _asked_wait(response.headers.get("Retry-After")))
    hint = "; the site refuses scripts or wants a login" if status in (202, 401, 403) else ""
    raise requests.exceptions.RequestException(said + hint)


def _asked_wait(value: str | None) -> float | None:
    """Seconds that Retry-After asks for, as a number or as a date."""
    if value is None:
        return None
    with contextlib.suppress(ValueError, TypeError):
        return max(0.0, float(value) if value.isdigit() else parsedate_to_datetime(value).timestamp() - time.time())
    return None


def _require_size(entry: Entry, response: requests.Response, start: int) -> None:
    length = response.headers.get("Content-Length")
    if length is None and not entry.get("bytes") and not checksum(entry):
        raise requests.exceptions.RequestException("the server does not say how long the file is")
    if length is not None and entry.get("bytes") and start + int(length) != entry["bytes"]:
        found = f"the server offers {start + int(length):,} bytes ({response.headers.get('Content-Type')})"
        raise requests.exceptions.RequestException(f"{found}, expected {entry['bytes']:,}")


def _require_room(entry: Entry, destination: Path, arrived: int) -> None:
    free = shutil.disk_usage(destination.parent).free
    needed = (entry.get("bytes") or 0) - arrived
    if needed > free:
        raise OSError(f"it needs {needed / 1e9:.1f} GB, and {free / 1e9:.1f} GB are free in {destination.parent}")


def checksum(entry: Entry) -> tuple[str, str] | None:
    """(algorithm, hex digest) of an entry, sha256 before md5; None when neither is known."""
    return next(((name, str(entry[name]).lower()) for name in ALGORITHMS if entry.get(name)), None)


def mismatch(entry: Entry, path: Path) -> str | None:
    """What is wrong with a file that should be `entry`, in words; None when it is right."""
    size = os.stat(path).st_size
    if entry.get("bytes") and size != entry["bytes"]:
        return f"it has {size:,} bytes, expected {entry['bytes']:,}"
    known = checksum(entry)
    if known is None:
        return None
    found = digest(path, known[0])
    return None if found == known[1] else f"its {known[0]} is {found}, expected {known[1]}"


def by_hand(entry: Entry, destination: Path, why: str) -> str:
    """One message: what failed, and how to get the file without this program."""
    known = checksum({**entry, **_remembered(destination)})
    must = f"its {known[0]} must be {known[1]}" if known else "no checksum is known for it"
    return f"could not download {entry['url']} ({why}). By hand: put the file at {destination}; {must}"
