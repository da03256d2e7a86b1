"""One file over HTTP, whole or not at all: resumed where it broke, followed where it moved, held to what is stated.

A file of hundreds of gigabytes comes over hours, so what has arrived is kept beside its place under another name and
resumed (HTTP Range, RFC 9110 section 14) for as long as the server says that it is the same file (If-Range).
"""

import contextlib
import logging
import shutil
import time
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests

from expressionvae.data.part_file import Part
from expressionvae.files import digest
from expressionvae.progress import Progress

log = logging.getLogger(__name__)

ALGORITHMS = ("sha256", "md5")
TIMEOUT = (30, 60)  # seconds until connected, and without a byte
PIECE = 1 << 20  # bytes
LONGEST_WAIT = 600.0  # seconds between two attempts, whatever a server asks for
ASK_AGAIN = (408, 425, 429)  # HTTP status below 500 at which a later attempt may succeed
MOST_REDIRECTS = 10
Entry = Mapping[str, Any]
Sleep = Callable[[float], None]


class Interrupted(Exception):
    """This attempt failed and another may succeed, after `wait` seconds if the server says so."""

    def __init__(self, why: str, wait: float | None = None):
        super().__init__(why)
        self.wait = wait


class Different(Exception):
    """What is there has another size or checksum than is stated."""


def get(url: str, **options: Any) -> requests.Response:
    """GET; redirects are followed, to another host with a word in the log, and never from https to http.

    Raises: requests' exceptions, which tell of a refused redirect too.
    """
    for _ in range(MOST_REDIRECTS):
        response = requests.get(url, allow_redirects=False, timeout=TIMEOUT, **options)
        if not response.is_redirect:
            return response
        response.close()
        onward = urljoin(url, response.headers["location"])
        require_no_downgrade(url, onward)
        here, there = urlsplit(url).hostname, urlsplit(onward).hostname
        if here != there:
            log.info(f"{here} redirects to {there}")
        url = onward
    raise requests.exceptions.TooManyRedirects(f"more than {MOST_REDIRECTS} redirects")


def require_no_downgrade(url: str, onward: str) -> None:
    """Refuse to be led from a page that nobody can change on its way to one that anybody can, or out of the web."""
    asked, scheme = urlsplit(url).scheme, urlsplit(onward).scheme
    if scheme not in ("https", asked):
        host = urlsplit(onward).hostname or ""
        raise requests.exceptions.InvalidURL(
            f"{url} leads to {scheme}://{host}, which is refused: {asked} was asked for"
        )


def checksum(entry: Entry) -> tuple[str, str] | None:
    """(algorithm, hex digest) of an entry, sha256 before md5; None when neither is known."""
    return next(((name, str(entry[name]).lower()) for name in ALGORITHMS if entry.get(name)), None)


def mismatch(entry: Entry, path: Path) -> str | None:
    """What is wrong with a file that should be `entry`, in words; None when it is right."""
    size = path.stat().st_size
    if entry.get("bytes") and size != entry["bytes"]:
        return f"it has {size:,} bytes, expected {entry['bytes']:,}"
    known = checksum(entry)
    if known is None:
        return None
    found = digest(path, known[0])
    return None if found == known[1] else f"its {known[0]} is {found}, expected {known[1]}"


def arrive(entry: Entry, destination: Path, *, retries: int, sleep: Sleep, on_difference: str) -> list[str]:
    """Download until whole and right; give up after `retries` attempts in a row that brought nothing.

    Returns what is not as stated, which `on_difference` "report" lets pass: the size that the server states, or the
    checksum of a file that came whole. Raises: Different, Interrupted, requests' exceptions, OSError.
    """
    part, differences = Part(destination), []
    _require_room(entry, destination, part.size)
    failures, resumed, started_over = 0, part.size > 0, False
    while True:
        before = part.size
        try:
            resumed = _attempt(entry, part) or resumed
            wrong = mismatch(entry, part.path)
            last = started_over or not resumed
            if wrong and last and on_difference == "report" and part.size == part.offered:
                differences, wrong = [*differences, wrong], None
            if wrong is None:
                part.path.replace(destination)
                part.note.unlink(missing_ok=True)
                return differences
            part.discard()
            if last:
                raise Different(wrong)
            resumed, started_over = (
                False,
                True,
            )  # what was kept may have been of another file: once more, from the start
        except Different as other:
            if on_difference != "report" or not part.offered or part.offered == entry.get("bytes"):
                raise
            differences.append(str(other))
            entry = {**entry, "bytes": part.offered} | dict.fromkeys(ALGORITHMS)
            _require_room(entry, destination, part.size)
        except (Interrupted, requests.exceptions.ConnectionError, requests.exceptions.Timeout) as error:
            failures = 1 if part.size > before else failures + 1
            if failures > retries:
                raise
            wait = getattr(error, "wait", None)
            wait = min(LONGEST_WAIT, 2.0**failures if wait is None else wait)
            log.warning(f"{destination.name}: {error}; again in {wait:.0f} s, from byte {part.size:,}")
            sleep(wait)
            resumed = part.size > 0


def _attempt(entry: Entry, part: Part) -> bool:
    """One request for what is still missing; whether it resumed. Raises: Interrupted when another may do better."""
    headers = {"Accept-Encoding": "identity", "User-Agent": "expressionvae"}
    version = part.version  # first: with a damaged note nothing has arrived
    start = part.size
    if start and start == entry.get("bytes"):
        return True
    if start and (version or checksum(entry)):
        headers |= {"Range": f"bytes={start}-"} | ({"If-Range": version} if version else {})
    with get(entry["url"], headers=headers, stream=True) as response:
        if response.status_code == 416 and start:  # nothing lies beyond what is here: it is whole, or of another file
            part.discard()
            raise Interrupted("what had arrived is of another version of the file", 0.0)
        _require_success(response)
        resumes = response.status_code == 206
        if resumes and not (_continues(response, start) and part.is_of(response)):
            part.discard()
            raise Interrupted("what had arrived is of another version of the file", 0.0)
        _require_size(entry, response, part, start if resumes else 0)
        if not resumes:
            part.remember(response)
        _receive(entry, response, part, "ab" if resumes else "wb")
        return resumes


def _continues(response: requests.Response, start: int) -> bool:
    return response.headers.get("Content-Range", "").startswith(f"bytes {start}-")


def _receive(entry: Entry, response: requests.Response, part: Part, mode: str) -> None:
    there = part.size if mode == "ab" else 0
    progress = Progress(entry["file"], entry.get("bytes"), there, unit="B")
    try:
        with open(part.path, mode) as file:
            for piece in response.iter_content(PIECE):
                file.write(piece)
                progress.advance(len(piece))
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


def _require_size(entry: Entry, response: requests.Response, part: Part, start: int) -> None:
    length = response.headers.get("Content-Length")
    if length is None and not entry.get("bytes") and not checksum(entry):
        raise requests.exceptions.RequestException("the server does not say how long the file is")
    part.offered = None if length is None else start + int(length)
    if part.offered is not None and entry.get("bytes") and part.offered != entry["bytes"]:
        found = f"the server offers {part.offered:,} bytes ({response.headers.get('Content-Type')})"
        raise Different(f"{found}, expected {entry['bytes']:,}")


def _require_room(entry: Entry, destination: Path, arrived: int) -> None:
    free = shutil.disk_usage(destination.parent).free
    needed = (entry.get("bytes") or 0) - arrived
    if needed > free:
        raise OSError(f"it needs {needed / 1e9:.1f} GB, and {free / 1e9:.1f} GB are free in {destination.parent}")
