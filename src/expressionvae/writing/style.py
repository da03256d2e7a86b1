"""How figures look: inks, colours that are told apart, and the file that is written."""

from pathlib import Path

from matplotlib import rc_context
from matplotlib.figure import Figure

INK, QUIET = "#1a1a1a", "#595959"  # of texts and lines, and of what explains them

# Okabe and Ito: told apart with any colour vision.
BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, BLACK = (
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000",
)  # fmt: skip


def save(figure: Figure, path: str | Path, dots: int = 200) -> None:
    """Write PNG (`dots` an inch) or PDF (type as text, no date: the same numbers give the same bytes)."""
    # fonttype 42 keeps type selectable and editable; matplotlib's default outlines it as Type 3.
    with rc_context({"pdf.fonttype": 42}):
        figure.savefig(path, dpi=dots, metadata={"CreationDate": None} if Path(path).suffix == ".pdf" else None)
