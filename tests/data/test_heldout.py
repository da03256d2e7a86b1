"""Which combinations are held out."""

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from expressionvae.data.heldout import choose, is_heldout, named

OPTIONS = dict(control="ctrl", embedding="learned", min_cells=1)


def cells(types: str, labels: str) -> pd.DataFrame:
    rows = [(line, name) for line in types for name in ("ctrl", *labels)]
    return pd.DataFrame(rows, columns=["cell_type", "perturbation"])


@given(st.integers(0, 5), st.sampled_from([0.4, 0.7, 1.0]), st.sampled_from(["k", ["k"], ["k", "r"]]))
@settings(max_examples=20)
def test_a_fraction_is_seeded_and_never_takes_the_control(seed, fraction, types):
    wanted = {"cell_type": types, "fraction": fraction, "seed": seed}
    chosen, again = (choose(Path("s"), cells("krs", "ABCDE"), wanted=wanted, **OPTIONS) for _ in range(2))
    assert chosen == again and list(chosen) == list(types)
    for labels in chosen.values():
        assert labels == sorted(set(labels)) and "ctrl" not in labels and len(labels) == round(fraction * 5)


def test_a_fraction_passes_over_what_cannot_be_held_out():
    here, there = ["ctrl", "few", "alone", "alone", "A", "A"], ["A", "few"]
    rows = [("k", label) for label in here] + [("r", label) for label in there]
    screen = pd.DataFrame(rows, columns=["cell_type", "perturbation"])
    wanted = {"cell_type": "k", "fraction": 1.0, "seed": 0}
    options = dict(control="ctrl", min_cells=2, wanted=wanted)
    assert choose(Path("s"), screen, embedding="learned", **options) == {"k": ["A"]}
    assert choose(Path("s"), screen, embedding="esm2", **options) == {"k": ["A", "alone"]}


def test_a_fraction_holds_out_together_only_what_another_cell_type_shows():
    screen = pd.concat([cells("kr", "ABC"), cells("s", "A")])
    wanted = {"cell_type": ["k", "r"], "fraction": 1.0, "seed": 0}
    assert choose(Path("s"), screen, wanted=wanted, **OPTIONS) == {"k": ["A"], "r": ["A"]}
    everywhere = choose(Path("s"), screen, wanted=wanted, **{**OPTIONS, "embedding": "esm2"})
    assert everywhere == {"k": ["A", "B", "C"], "r": ["A", "B", "C"]}


@pytest.mark.parametrize("wanted", [None, {"cell_type": "k", "perturbations": ["A"]}])
def test_a_combination_is_away_whatever_else_its_parts_are_in(wanted):
    screen = cells("kr", "AB")
    away = is_heldout(screen, choose(Path("s"), screen, wanted=wanted, **OPTIONS))
    assert screen[away].to_numpy().tolist() == ([] if wanted is None else [["k", "A"]])
    assert named(screen, wanted) == ([] if wanted is None else ["k", "A"])
