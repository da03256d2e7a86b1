"""Progress that reads well on a terminal and in a log file alike: a plain line now and then, with an ETA."""

import logging
import time
from collections.abc import Callable

from tqdm import tqdm

log = logging.getLogger(__name__)


class Progress:
    """Count steps towards a total; say a line at most every `interval` seconds, and one at the end.

    Args:
        total: steps in all; None: nobody knows.
        done: steps that were done before.
        unit: "B" for bytes, which are said in kB, MB and so on.
    """

    def __init__(self, what: str, total: int | None, done: int = 0, *, unit: str = "", interval: float = 10.0):
        self.what, self.total, self.first, self.done = what, total, done, done
        self.unit, self.interval, self.bytes = unit, interval, 0
        self.started = self.last = time.monotonic()

    def advance(self, steps: int = 1, note: Callable[[], str] | None = None, *, size: int = 0) -> None:
        """Count some steps; what `note` gives when a line is said is put after it, `size` are the bytes that were dealt
        with meanwhile."""
        self.done, self.bytes = self.done + steps, self.bytes + size
        now = time.monotonic()
        if now - self.last >= self.interval or self.done == self.total:
            self.last = now
            said = note() if note else ""
            log.info(f"{self._line(now)}{said and '  ' + said}")

    def _line(self, now: float) -> str:
        elapsed, made = now - self.started, self.done - self.first
        rate = made / elapsed if elapsed > 0 else 0.0
        speed = f"{self._amount(rate)}/s"
        if self.bytes and elapsed:
            speed = f"{speed}, {self.bytes / 1e6 / elapsed:,.0f} MB/s"
        gone = f"{self.what} {self._amount(self.done)}"
        if self.total is None:
            return f"{gone}  {speed}  {tqdm.format_interval(elapsed)} gone"
        left = tqdm.format_interval((self.total - self.done) / rate) if rate else "?"
        return f"{gone}/{self._amount(self.total)}  {speed}  {tqdm.format_interval(elapsed)} gone, {left} left"

    def _amount(self, number: float | int) -> str:
        if self.unit:
            return f"{tqdm.format_sizeof(number)}{self.unit}"
        return f"{number}" if isinstance(number, int) else f"{number:.3g}"
