"""The end of a message on an unknown name: the one that was probably meant."""

import difflib
from collections.abc import Iterable


def nearest(name: str, names: Iterable[str]) -> str | None:
    """The name that is spelled most like `name`, whatever the case; None where none is near."""
    folded = {str(other).casefold(): str(other) for other in names}
    close = difflib.get_close_matches(name.casefold(), folded, 1, cutoff=0.5)
    return folded[close[0]] if close else None


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """A hint to follow a message; empty where no name is near."""
    near = nearest(name, names)
    return "" if near is None else f"; did you mean {near!r}?"
