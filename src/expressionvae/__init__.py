"""ExpressionVAE, reproduced. `predict` predicts cells with trained weights; nothing is loaded before that."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from expressionvae.prediction.call import predict as predict

__all__ = ["predict"]


def __getattr__(name: str) -> Any:
    if name != "predict":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from expressionvae.prediction import call

    return call.predict
