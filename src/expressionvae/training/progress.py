"""Progress that reads well on a terminal and in a log file alike: a plain line now and then, with an ETA."""

import sys
import time

from tqdm import tqdm


class Progress:
    """Count steps towards `total`; print a line at most every `interval` seconds, and one at the end."""

    def __init__(self, what: str, total: int, done: int = 0, interval: float = 10.0):
        self.what, self.total, self.first, self.done, self.interval = what, total, done, done, interval
        self.started = self.last = time.monotonic()

    def advance(self, steps: int = 1, note: str = "") -> None:
        self.done += steps
        now = time.monotonic()
        if now - self.last >= self.interval or self.done == self.total:
            self.last = now
            print(f"{self._line(now)}{note and '  ' + note}", file=sys.stderr, flush=True)

    def _line(self, now: float) -> str:
        elapsed, made = now - self.started, self.done - self.first
        rate = made / elapsed if elapsed > 0 else 0.0
        left = tqdm.format_interval((self.total - self.done) / rate) if rate else "?"
        return f"{self.what} {self.done}/{self.total}  {rate:.3g}/s  {tqdm.format_interval(elapsed)} gone, {left} left"
