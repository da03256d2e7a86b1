"""The shapes of what lies on disk, in the order in which one cell travels.

The arrays are numpy's; `tensors.py` is its twin in the model.
jaxtyping annotations: under pytest they are checked by beartype, elsewhere they cost nothing.
"""

from jaxtyping import Float, Integer, Real
from numpy import ndarray

Counts = Real[ndarray, "cell gene"]  # raw UMI counts: whole numbers, of an integer or a floating type
CountsColumn = Real[ndarray, "*any"]  # counts of any shape
Bins = Integer[ndarray, "*any"]  # bin of each count, 0..19
Library = Real[ndarray, "cell"]  # library size: sum of counts of a cell
Linear = Float[ndarray, "cell gene"]  # expression on the linear scale (counts, or expm1 of a log value)
ProteinEmbedding = Float[ndarray, "protein width"]  # mean over residues of ESM2's last layer
PerturbationEmbedding = Float[ndarray, "perturbation width"]  # width 0: a table that the prior learns
