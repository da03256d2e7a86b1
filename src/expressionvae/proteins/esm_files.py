"""Which files an ESM2 checkpoint is made of. Standard library only: the Snakefile asks too."""

from pathlib import Path


def regression_path(checkpoint: str | Path) -> Path:
    """Where fair-esm looks for a checkpoint's contact-regression weights: beside it, whatever its own ending is."""
    checkpoint = Path(checkpoint)
    return checkpoint.with_name(f"{checkpoint.stem}-contact-regression.pt")
