import pytest
import torch

from expressionvae.training import utilisation
from expressionvae.training.utilisation import Utilisation, peak


@pytest.fixture
def clock(monkeypatch) -> list[float]:
    """A clock that shows its last entry."""
    hands = [0.0]
    monkeypatch.setattr(utilisation.time, "monotonic", lambda: hands[-1])
    return hands


def named(monkeypatch, name: str) -> torch.device:
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: name)
    return torch.device("cuda")


@pytest.mark.parametrize(
    ("name", "tflops"),
    [
        ("NVIDIA H100 80GB HBM3", 989),
        ("NVIDIA H100 PCIe", 756),
        ("NVIDIA H200", 989),
        ("NVIDIA A100-SXM4-80GB", 312),
        ("NVIDIA L4", 121),
        ("NVIDIA L40S", 362),
        ("NVIDIA L40", None),
        ("NVIDIA GeForce RTX 5090", None),
    ],
)
def test_the_peak_is_that_of_the_gpu_s_name(monkeypatch, name, tflops):
    assert peak(named(monkeypatch, name)) == tflops


def test_the_rate_is_that_since_the_last_line(clock, monkeypatch):
    said = Utilisation(9.89e12, named(monkeypatch, "NVIDIA H100 80GB HBM3"))
    said.begin(100)
    clock.append(10.0)
    assert said.said(200) == "98.9 TFLOP/s, 10.0% of the device's peak"
    clock.append(15.0)
    assert said.said(300) == "198 TFLOP/s, 20.0% of the device's peak"


def test_without_a_known_peak_only_the_rate_is_said(clock):
    said = Utilisation(2e9, torch.device("cpu"))
    clock.append(2.0)
    assert said.said(10) == "0.01 TFLOP/s"


def test_no_step_has_no_rate(clock):
    assert Utilisation(2e9, torch.device("cpu")).said(0) == ""
