"""Files that are whole or absent, and the one kind of error that a user is meant to read."""

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class UserError(ValueError):
    """A mistake in a config, a file or a command: one message that names what is wrong and what was expected."""


WHILE = "while writing "  # opens the note on an error that names the file


@contextmanager
def written(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it to `path` when the block succeeds, remove it when it fails.

    The temporary name keeps the suffix of `path`, because writers such as numpy and matplotlib choose by it.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix="".join(path.suffixes), dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        os.chmod(temporary, 0o666 & ~_umask())
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


def digest(path: str | Path, algorithm: str) -> str:
    """Checksum of a file, as hex."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def first_line(error: Exception) -> str:
    """What an error says, shortened to a line."""
    return (str(error) or type(error).__name__).splitlines()[0]


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
