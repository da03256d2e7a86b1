import numpy as np
import torch

from expressionvae.provenance import describe, fingerprint


def test_a_fingerprint_depends_on_values_and_not_on_the_order_of_keys():
    assert fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1}) != fingerprint({"a": 1, "b": 3})
    assert fingerprint(np.arange(3)) != fingerprint(np.arange(4))


def test_parts_are_kept_apart():
    assert fingerprint("ab", "c") != fingerprint("a", "bc")


def test_provenance_names_seeds_versions_commit_and_config():
    provenance = describe({"x": 1}, vae=3, sample=4)
    assert provenance["seeds"] == {"vae": 3, "sample": 4}
    assert provenance["versions"]["torch"].startswith("2.13.0") and provenance["config_hash"] and provenance["commit"]


def test_provenance_tells_two_numbers_of_threads_apart(monkeypatch):
    monkeypatch.setenv("MKL_CBWR", "AUTO,STRICT")
    before, told = torch.get_num_threads(), {}
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            told[threads] = describe({}, vae=0)["arithmetic"]
    finally:
        torch.set_num_threads(before)
    assert told[1] | {"threads": 2} == told[2] != told[1]
    assert told[1]["MKL_CBWR"] == "AUTO,STRICT" and told[1]["processor"]
