"""Files that are whole or absent, that prove to be what was written, and the one kind of error that a user reads."""

import hashlib
import os
import re
import shutil
import socket
import tempfile
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

AGAIN = "delete it, and the same command makes it again"
RESTORE = "it is part of this repository: restore it from there"
STALE = 86_400  # seconds without a change after which another machine's temporary file has no writer any more
SEAL_BYTES = 512  # of an HDF5 user block, which readers of HDF5 skip
_SEAL = b"expressionvae sha256 "
_ZIP = b"PK\x03\x04"
_SHOWN = 200  # characters of what a library says


class UserError(ValueError):
    """A mistake in a config, a file or a command: one message that names what is wrong and what was expected."""


WHILE = "while writing "  # opens the note on an error that names the file


@contextmanager
def written(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it to `path` when the block succeeds, remove it when it fails.

    The temporary name keeps the suffix of `path`, because writers such as numpy and matplotlib choose by it. What
    killed writers of `path` have left is removed.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    remove_stale(path.parent, re.escape(path.name))
    handle, name = tempfile.mkstemp("".join(path.suffixes), temporary_prefix(path.name), path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        os.chmod(temporary, 0o666 & ~umask())
        with open(temporary, "rb") as file:
            os.fsync(file.fileno())  # a machine that goes down must not leave an empty file under the name
        os.replace(temporary, path)
    except Exception as error:
        error.add_note(f"{WHILE}{path}")  # a disk's refusal seldom says which file it is about
        raise
    finally:
        temporary.unlink(missing_ok=True)


def require_writable(folder: str | Path, *names: str) -> None:
    """Refuse a working folder in which the folders `names` cannot be made or, where they are there, written into.

    Raises:
        UserError: naming the folder and what to do.
    """
    for place in dict.fromkeys(path if (path := Path(folder) / name).exists() else Path(folder) for name in names):
        if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
            why = "cannot be written into" if place.is_dir() else "is no folder"
            raise UserError(f"{place}: {why}; give another working folder (--directory FOLDER), or the right to write")


def temporary_prefix(name: str) -> str:
    """How a temporary name for `name` begins: it tells who writes, so that others know when the writer is gone."""
    return f".{name}.{_host()}-{os.getpid()}."


def remove_stale(folder: Path, name: str, *, alone: bool = False) -> None:
    """Remove temporary files (or folders) that killed writers have left.

    Args:
        name: a regular expression of the names that they were writing.
        alone: whether nobody else writes such a name now. Otherwise a writer on another machine, which cannot be
            asked, is taken for gone a day after its last change.
    """
    pattern = re.compile(rf"\.{name}(\.(?P<host>[\w-]+)-(?P<process>\d+))?\.[a-z0-9_]{{8}}(\..*)?")
    for entry in os.scandir(folder):
        found = pattern.fullmatch(entry.name)
        if found and (alone or _gone(found["host"], found["process"], entry.path)):
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path, ignore_errors=True)
            else:
                Path(entry.path).unlink(missing_ok=True)


def _gone(host: str | None, process: str | None, path: str) -> bool:
    try:
        if host != _host() or process is None:
            return time.time() - os.stat(path).st_mtime > STALE
        os.kill(int(process), 0)  # asks, and sends nothing
    except (ProcessLookupError, FileNotFoundError):
        return True
    except (PermissionError, OverflowError):  # there, and another user's; no number of a process here
        return False
    return False


def _host() -> str:
    return re.sub(r"[^\w-]", "-", socket.gethostname(), flags=re.ASCII)[:40]


@contextmanager
def reading(path: str | Path, what: str, remedy: str = AGAIN) -> Iterator[None]:
    """Read a file of ours in the block: whatever its content makes fail there is one message that names it.

    The block raises ValueError (see `require`) for content that cannot be. Before it runs, the file must prove to
    be what was written, as far as its format can tell (`damage`).

    Args:
        what: what the file should be, for "expected ...".
        remedy: what to do.

    Raises:
        UserError: if the file is absent, may not be read, is damaged or is of another kind.
    """
    path = Path(path)
    try:
        if why := damage(path):
            raise ValueError(why)
        yield
    except UserError as error:
        if str(error).startswith(f"{path}: ") and remedy not in str(error):
            raise UserError(f"{error}; {remedy}") from error
        raise
    except MemoryError:
        raise
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; expected {what}") from None
    except PermissionError:
        raise UserError(f"{path}: permission denied; expected {what}, which you may read") from None
    except Exception as error:  # a damaged file makes readers raise two dozen kinds
        raise UserError(f"{path}: not {what}: {reason(error)}; {remedy}") from error


def require(condition: object, otherwise: str) -> None:
    """Raise ValueError unless the condition holds: for the content of a file, within `reading`."""
    if not condition:
        raise ValueError(otherwise)


def reason(error: Exception) -> str:
    """What a library says, as one line."""
    if isinstance(error, KeyError):
        return f"{str(error.args[0])!r} is missing" if error.args else "a key is missing"
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def damage(path: str | Path) -> str | None:
    """What shows that a file is not as it was written, in words; None where it is, or its format cannot tell.

    Zip archives (.npz, and torch's .pt) hold a checksum of each part, which neither numpy nor torch looks at.
    HDF5 files of ours are sealed.
    """
    with open(path, "rb") as file:
        start = file.read(SEAL_BYTES)
        if not start:
            return "it is empty"
        if start.startswith(_SEAL):
            found = hashlib.file_digest(file, "sha256").hexdigest()
            stated = start.removeprefix(_SEAL)[: len(found)].decode("ascii", "replace")
            return None if found == stated else "its content has changed since it was written, or is cut short"
    if start.startswith(_ZIP):
        with zipfile.ZipFile(path) as archive:
            part = archive.testzip()
        return f"its part {part!r} has another checksum than when it was written" if part else None
    return None


def seal(path: str | Path) -> None:
    """Write the checksum of an HDF5 file into its user block (`SEAL_BYTES`), once everything else is written."""
    with open(path, "r+b") as file:
        assert file.read(SEAL_BYTES) == bytes(SEAL_BYTES), "an empty user block"
        checksum = hashlib.file_digest(file, "sha256").hexdigest()
        file.seek(0)
        file.write(_SEAL + checksum.encode() + b"\n")


def digest(path: str | Path, algorithm: str) -> str:
    """Checksum of a file, as hex."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def umask() -> int:
    """The rights that new files of this process lack."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
