"""What a job says while it works: everything to its log, a user's mistake as one line."""

import contextlib
import errno
import io
import logging
import os
import re
import signal
import sys
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from expressionvae import arithmetic
from expressionvae.files import WHILE, UserError

LEVEL = "EXPRESSIONVAE_LOG_LEVEL"  # environment variable: the least level of messages that are shown, INFO if not set
LAUNCHED = "EXPRESSIONVAE_LAUNCHED"  # set in the processes that a job starts to share its work: where they meet
_ROOM = "make room; the same command then goes on, and keeps what is finished"
_RIGHT = "this user needs the right to read or write it; then give the same command again"
_REFUSED = {  # what to do when a disk, or the rights on a file, refuse
    errno.ENOSPC: _ROOM,
    errno.EDQUOT: _ROOM,
    errno.EROFS: "work in a folder that can be written (--directory FOLDER)",
    errno.EACCES: _RIGHT,
    errno.EPERM: _RIGHT,
}
_TOLD = re.compile(r"(?:\[Errno |errno = )(\d+)")  # of a library, in words of its own
_TORCH = re.compile(r"PytorchStreamWriter failed writing|inline_container\.cc:\d+\] \. unexpected pos")  # hides why


class Messages(logging.Handler):
    """Where what is logged goes: warnings to stderr, the rest to stdout, whatever these are at that moment."""

    def emit(self, record: logging.LogRecord) -> None:
        warns = record.levelno >= logging.WARNING
        said = f"{'WARNING: ' if warns else ''}{record.getMessage()}"
        print(said, file=sys.stderr if warns else sys.stdout, flush=True)


def show_messages() -> logging.Logger:
    """Let the library's messages be seen, from the level that `LEVEL` names on; the one place where this is set up.

    Raises:
        UserError: if there is no such level.
    """
    logger, level = logging.getLogger("expressionvae"), os.environ.get(LEVEL, "INFO").upper()
    if level not in (levels := ("DEBUG", "INFO", "WARNING", "ERROR")):
        raise UserError(f"environment variable {LEVEL} is {level!r}, expected one of {', '.join(levels)}")
    logger.setLevel(level)
    logger.propagate = False
    if not any(isinstance(handler, Messages) for handler in logger.handlers):
        logger.addHandler(Messages())
    return logger


class Tee:
    """A text stream that also writes to a log file, as long as the disk takes it."""

    def __init__(self, stream: Any, log: Any):
        self.stream, self.log = stream, log

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError):  # a log that is lost must not end the work, nor hide why it ends
            self.log.write(text)
            self.log.flush()
        return self.stream.write(text)

    def flush(self) -> None:
        self.stream.flush()
        with contextlib.suppress(OSError):
            self.log.flush()

    def isatty(self) -> bool:
        return False

    def fileno(self) -> int:
        return self.stream.fileno()


def use_utf8(stream: Any) -> None:
    """Let a stream take any text whatever the locale is: a label in Greek must not end a job under ISO-8859-1."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(encoding="utf-8", errors="backslashreplace")


@contextlib.contextmanager
def reporting(log: str | Path) -> Iterator[logging.Logger]:
    """Copy stdout and stderr to `log`; end with one line, no traceback, when a user's mistake or a disk ends it.

    Yields the logger for what the job itself has to say.
    Every job of a rule passes here first, before it loads numpy or torch: their arithmetic is settled here.
    Processes that a job starts to share its work add to the job's log.
    """
    arithmetic.make_reproducible()
    launched = LAUNCHED in os.environ
    for stream in (sys.stdout, sys.stderr):
        use_utf8(stream)
    with (
        _opened(log, "a" if launched else "w") as file,
        contextlib.redirect_stderr(Tee(sys.stderr, file)),
        contextlib.redirect_stdout(Tee(sys.stdout, file)),
    ):
        started = time.monotonic()
        try:
            logger = show_messages()
            yield logger
        except UserError as error:
            print(f"error: {error}", file=sys.stderr)
            sys.exit(1)
        except KeyboardInterrupt:
            print("stopped (Ctrl-C): the same command goes on", file=sys.stderr)
            sys.exit(128 + signal.SIGINT)
        except Exception as error:
            if refused := refusal(error):
                print(f"error: {refused}", file=sys.stderr)
                sys.exit(1)
            with contextlib.suppress(OSError):
                file.write(traceback.format_exc())
            raise
        if not launched:
            logger.info(f"done in {time.monotonic() - started:.1f} s")


def refusal(error: BaseException) -> str | None:
    """What a disk or the rights on a file have refused, as one line with the file and what to do; None of other errors.

    Libraries wrap such errors, or tell them in their own words: what led to an error is looked at, too.
    """
    chain: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in chain:
        chain.append(link)
        wraps = isinstance(link, OSError | RuntimeError) and not link.__suppress_context__
        link = link.__cause__ or (link.__context__ if wraps else None)
    notes = [note for one in chain for note in getattr(one, "__notes__", []) if note.startswith(WHILE)]
    for link in chain:
        code = _code(link)
        if code in _REFUSED:
            where = notes[0].removeprefix(WHILE) if notes else getattr(link, "filename", None) or "a file"
            return f"{where}: {os.strerror(code)}: {_REFUSED[code]}"
    return None


def _code(error: BaseException) -> int:
    """The errno of an error, as far as it, or its text, has one; else 0."""
    if not isinstance(error, OSError | RuntimeError):
        return 0
    told = _TOLD.search(str(error))
    if _TORCH.search(str(error)):
        return errno.ENOSPC
    return getattr(error, "errno", None) or (int(told[1]) if told else 0)


@contextlib.contextmanager
def _opened(log: str | Path, mode: str) -> Iterator[Any]:
    """The log, open for writing; one line and no traceback where it cannot be."""
    try:
        file = open(log, mode, encoding="utf-8", errors="backslashreplace")  # noqa: SIM115
    except OSError as error:
        print(f"error: {refusal(error) or f'{log}: {error.strerror}'}", file=sys.stderr)
        sys.exit(1)
    try:
        yield file
    finally:
        with contextlib.suppress(OSError):  # a full disk takes the last words no more
            file.close()
