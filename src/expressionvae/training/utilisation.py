"""What a training makes of its device: operations a second, and their share of what the device could do."""

import time

import torch

# Dense bfloat16 TFLOP/s by what the name of a GPU holds, the first that fits, from NVIDIA's data sheets. A GPU that is
# not here has no share in the log.
PEAKS = {
    "B200": 2250.0,
    "GH200": 989.0,
    "H200": 989.0,
    "H100 PCIe": 756.0,
    "H100 NVL": 835.0,
    "H100": 989.0,
    "A100": 312.0,
    "L40S": 362.0,
    "L4": 121.0,
}


def peak(device: torch.device) -> float | None:
    """TFLOP/s of a GPU in bfloat16; None for a CPU, and for a GPU that is not in the table."""
    if device.type != "cuda":
        return None
    words = torch.cuda.get_device_name(device).replace("-", " ")
    return next((most for name, most in PEAKS.items() if f"{name} " in f"{words} "), None)


class Utilisation:
    """Counts the operations of a training's steps by the clock.

    Args:
        operations: of one step on one device, by `expressionvae.operations`: what the model needs, whether or not a
            kernel computes some of it twice (Chowdhery et al. 2022, https://arxiv.org/abs/2204.02311, appendix B).
    """

    def __init__(self, operations: float, device: torch.device):
        self.operations, self.peak = operations, peak(device)
        self.step, self.since = 0, time.monotonic()

    def said(self, step: int) -> str:
        """The rate since the last call, or since the start; nothing if it is 0.

        It is that of all that a training does, with validation and checkpoints.
        """
        now = time.monotonic()
        steps, seconds = step - self.step, now - self.since
        self.step, self.since = step, now
        if steps <= 0 or seconds <= 0:
            return ""
        rate = steps * self.operations / seconds / 1e12
        share = f", {rate / self.peak:.1%} of the device's peak" if self.peak else ""
        return f"{rate:.3g} TFLOP/s{share}"

    def begin(self, step: int) -> None:
        self.step, self.since = step, time.monotonic()
