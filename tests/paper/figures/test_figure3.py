import numpy as np
import pytest
from matplotlib.figure import Figure

from expressionvae.paper import published
from expressionvae.paper.figures.figure3 import draw
from expressionvae.paper.figures.figure3_data import summarise
from tests.conftest import REPOSITORY
from tests.paper.figures.test_figure3_data import SCREENS, of_encoders


@pytest.fixture(scope="module")
def paper():
    return published.load(REPOSITORY / "resources" / "published" / "figure3.csv")


def texts(figure: Figure) -> list[str]:
    own = [text.get_text() for text in figure.texts]
    return own + [text.get_text() for axes in figure.axes for text in (*axes.texts, axes.title)]


def legend(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.legends[0].get_texts()]


@pytest.fixture
def figure(tmp_path, paper) -> Figure:
    return draw(summarise(of_encoders(tmp_path), paper, SCREENS), notes={})


def test_a_dataset_has_three_panels_with_a_bar_an_encoder(figure):
    assert [axes.get_title() for axes in figure.axes] == ["Gene CH (T) ↑", "Gene CH (U) ↑", "Enrichment AUC ↑"] * 2
    assert all(len([bar for bar in axes.patches if bar.get_zorder() == 2]) == 4 for axes in figure.axes)


def test_the_best_is_annotated_in_every_panel(figure):
    assert [len(axes.texts) for axes in figure.axes] == [1] * 6
    assert figure.axes[2].texts[0].get_text() == "0.750"


def test_chance_is_dashed_at_a_half_and_at_one(figure):
    for axes, chance in zip(figure.axes, [1.0, 1.0, 0.5] * 2, strict=True):
        dashed = [line.get_ydata()[0] for line in axes.lines if line.get_linestyle() == "--"]
        assert chance in dashed


def test_the_paper_s_own_numbers_and_scgpt_are_drawn_on_its_own_screen(figure):
    crosses = [line for axes in figure.axes for line in axes.lines if line.get_marker() == "x"]
    assert len(crosses) == 7 and {"the paper's", "scGPT, published"} <= set(legend(figure))
    assert [float(line.get_ydata()[0]) for line in figure.axes[2].lines if line.get_linestyle() == "-."] == [0.81]


def test_they_are_not_drawn_on_another_screen(tmp_path, paper):
    other = draw(summarise(of_encoders(tmp_path, screen="mine"), paper, SCREENS), notes={})
    assert not {"the paper's", "scGPT, published"} & set(legend(other))
    assert not [line for axes in other.axes for line in axes.lines if line.get_marker() == "x"]


def test_intervals_are_drawn_where_there_are_any(figure):
    whiskers = [
        len([line for line in axes.lines if line.get_path_effects() and line.get_marker() != "x"])
        for axes in figure.axes
    ]
    assert whiskers == [0, 0, 4] * 2


def test_a_score_that_is_undefined_leaves_a_gap(tmp_path, paper):
    scores = of_encoders(tmp_path)
    scores.loc[scores["metric"] == "gene_ch_treated", ["value", "random_low", "random_high"]] = np.nan
    figure = draw(summarise(scores, paper, SCREENS), notes={})
    figure.savefig(tmp_path / "figure.png")
    assert not figure.axes[0].texts and figure.axes[1].texts


def test_a_note_is_drawn_as_it_stands_and_no_formula(tmp_path, paper):
    summary = summarise(of_encoders(tmp_path), paper, SCREENS)
    figure = draw(summary, notes={"replogle": r"costs $5 and $\frac{6, CO<sub>2</sub> <script>"})
    figure.savefig(tmp_path / "figure.pdf")
    assert r"costs $5 and $\frac{6, CO2 <script>" in " ".join(texts(figure))
