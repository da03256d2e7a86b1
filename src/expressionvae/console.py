"""What a job says while it works: everything to its log, a user's mistake as one line."""

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from expressionvae import arithmetic
from expressionvae.files import UserError

LAUNCHED = "EXPRESSIONVAE_LAUNCHED"  # set in the processes that a job starts to share its work: where they meet


class Tee:
    """A text stream that also writes to a log file."""

    def __init__(self, stream: Any, log: Any):
        self.stream, self.log = stream, log

    def write(self, text: str) -> int:
        self.log.write(text)
        self.log.flush()
        return self.stream.write(text)

    def flush(self) -> None:
        self.stream.flush()
        self.log.flush()

    def isatty(self) -> bool:
        return False

    def fileno(self) -> int:
        return self.stream.fileno()


@contextlib.contextmanager
def reporting(log: str | Path) -> Iterator[None]:
    """Copy stdout and stderr to `log`; end with one line, not a traceback, when the mistake is the user's.

    Every job of a rule passes here first, before it loads numpy or torch: their arithmetic is settled here.
    Processes that a job starts to share its work add to the job's log.
    """
    arithmetic.settle()
    launched = LAUNCHED in os.environ
    if not launched:
        Path(log).write_text("")
    with (
        open(log, "a") as file,
        contextlib.redirect_stderr(Tee(sys.stderr, file)),
        contextlib.redirect_stdout(Tee(sys.stdout, file)),
    ):
        started = time.monotonic()
        try:
            yield
        except UserError as error:
            print(f"error: {error}", file=sys.stderr)
            sys.exit(1)
        except Exception:
            import traceback

            file.write(traceback.format_exc())
            raise
        if not launched:
            print(f"done in {time.monotonic() - started:.1f} s")
