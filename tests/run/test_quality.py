"""The page of quality plots shows every group, with or without a knock-down filter."""

import numpy as np
import pandas as pd
import pytest

from expressionvae.data.assembly import histogram
from expressionvae.run.quality import draw

STEPS = pd.DataFrame({"cell_type": ["a", "a", "b", "b"], "step": ["in", "out"] * 2, "cells": [9, 5, 8, 0]})
GROUPS = pd.DataFrame(
    {"cell_type": ["a", "a", "b"], "perturbation": ["X", "Y", "X"], "cells": [5, 4, 8], "kept": [5, 0, 0],
     "residual": [0.1, np.inf, 0.9]}
)  # fmt: skip
LIBRARIES = pd.concat(
    [histogram(np.array([100.0, 3e6]), cell_type=name, group=group) for name in "ab" for group in ("control", "kept")]
)


def titles(figure):
    return [axes.get_title() for axes in figure.axes]


def test_a_filtered_screen_shows_its_knock_down_and_the_limit():
    figure = draw(STEPS, GROUPS, LIBRARIES, title="replogle", limit=0.3)
    assert titles(figure)[1] == "knock-down per target" and "cells kept of each perturbation" in titles(figure)
    labels = [text.get_text() for text in figure.axes[1].get_legend().get_texts()]
    assert labels == ["a: 100% below 0.3", "b: 0% below 0.3"]


def test_many_cell_types_get_a_grid():
    groups = pd.concat([GROUPS.assign(cell_type=f"t{i}") for i in range(9)])
    figure = draw(STEPS, groups, LIBRARIES, title="parse1m", limit=None)
    assert "cells per cell type and perturbation" in titles(figure)
    grid = next(axes for axes in figure.axes if axes.get_title().startswith("cells per cell type"))
    assert len(grid.get_yticklabels()) == 9


@pytest.mark.parametrize("group", ["control", "kept"])
def test_every_group_has_a_row_of_library_sizes(group):
    figure = draw(STEPS, GROUPS, LIBRARIES, title="s", limit=0.3)
    assert [label.get_text() for label in figure.axes[2].get_yticklabels()].count(f"a, {group}") == 1


def test_a_histogram_loses_no_cell():
    assert histogram(np.array([0.0, 5.0, 1e3, 1e9]), cell_type="a", group="kept")["cells"].sum() == 4


def test_labels_that_look_like_formulas_are_drawn_as_they_stand(tmp_path):
    name = r"$\frac{a$"
    frames = [frame.replace({"cell_type": {"a": name}}) for frame in (STEPS, GROUPS, LIBRARIES)]
    many = pd.concat([frames[1].assign(cell_type=f"{name}{i}") for i in range(9)])
    for groups, limit in ((frames[1], 0.3), (many, None)):
        draw(frames[0], groups, frames[2], title="s", limit=limit).savefig(tmp_path / "quality.png")
