"""How far the mean of predicted cells is from that of true ones."""

from typing import Any

import numpy as np
from numpy import ndarray


def shift_of_means(true: ndarray, predicted: ndarray, **others: Any) -> dict[str, float]:
    """`shift`, the distance of the means of two clouds [cell component]."""
    return {"shift": float(np.linalg.norm(true.mean(axis=0) - predicted.mean(axis=0)))}
