import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from expressionvae.paper import published
from expressionvae.paper.columns import COLUMNS, chosen
from expressionvae.paper.figures import figure2
from expressionvae.paper.scores import summarise
from expressionvae.paper.tables.notes import told
from expressionvae.writing.style import save
from tests.paper.samples import DECODERS, NINE, baseline, made_up, model


@pytest.fixture(scope="module")
def paper(repository) -> pd.DataFrame:
    folder = repository / "resources" / "published"
    return published.as_summary(published.load(folder / "figure2.csv"), "figure2")


def drawn(summary, known=None, *, datasets, priors=("ar", "mdlm"), decoders=DECODERS, columns=NINE) -> Figure:
    return figure2.draw(
        summary, known, columns=chosen(columns), datasets=datasets, priors=list(priors), decoders=decoders
    )


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]


def assert_text_is_whole(figure: Figure) -> None:
    """No text leaves the page, and no two texts touch."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    boxes = [(t.get_text(), t.get_window_extent(canvas.get_renderer())) for t in figure.axes[0].texts]
    page = figure.bbox
    edges = np.array([[box.x0, box.y0, box.x1, box.y1] for _, box in boxes])
    assert edges[:, :2].min() >= 0 and edges[:, 2].max() <= page.x1 and edges[:, 3].max() <= page.y1
    # A box has empty space above and below its letters: lines may share a little of it.
    edges[:, 1] += 0.15 * (edges[:, 3] - edges[:, 1])
    edges[:, 3] -= 0.15 * (edges[:, 3] - edges[:, 1])
    apart = (edges[:, None, 2] <= edges[None, :, 0]) | (edges[:, None, 3] <= edges[None, :, 1])
    touching = np.argwhere(~(apart | apart.T) & ~np.eye(len(edges), dtype=bool))
    assert not len(touching), [(boxes[i][0], boxes[j][0]) for i, j in touching[:5]]


def test_the_papers_figure_is_drawn_whole(paper):
    figure = drawn(paper, datasets=["replogle", "parse1m"])
    shown = texts(figure)
    assert_text_is_whole(figure)
    assert {"383.4*", "454.1*", "7.868", "±0.010", "Replogle", "Parse 1M", "FD ↓", "Hybrid"} <= set(shown)
    assert shown.count("nb (deter)") == 4


@pytest.mark.parametrize("count", [1, 4])
@pytest.mark.parametrize("priors", [("ar",), ("ar", "mdlm", "flow")])
def test_any_number_of_panels_and_priors_is_drawn_whole(tmp_path, count, priors):
    datasets = ["replogle", "a-made-up-screen", "b", "c"][:count]
    runs = [model(d, p, k, seed) for d in datasets for p in priors for k in ("ce-quant", "nb-deter") for seed in (0, 1)]
    figure = drawn(summarise(made_up(tmp_path, runs), "paper"), datasets=datasets, priors=priors)
    assert_text_is_whole(figure)
    assert "Mean over n = 2 replicates ± standard error." in " ".join(texts(figure))


def test_every_metric_in_one_column_each_is_drawn_whole(tmp_path):
    summary = summarise(made_up(tmp_path, [model("d", "ar", "mse", 0)]), "paper")
    assert_text_is_whole(drawn(summary, datasets=["d"], columns=list(COLUMNS)))
    assert_text_is_whole(drawn(summary, datasets=["d"], columns=["w2"]))


def test_long_names_widen_their_column(tmp_path):
    name = "nb-sample-with-true-library"
    summary = summarise(made_up(tmp_path, [model("d", "mdlm-32-steps", name, 0)]), "paper")
    assert_text_is_whole(drawn(summary, datasets=["d"], priors=["mdlm-32-steps"], decoders=[name]))


def test_published_numbers_stand_in_brackets(tmp_path, paper):
    summary = summarise(made_up(tmp_path, [model("replogle", "ar", "mse", s) for s in (0, 1)]), "paper")
    figure = drawn(summary, paper, datasets=["replogle"])
    assert_text_is_whole(figure)
    assert "[34.40]" in texts(figure)


def test_a_dataset_the_paper_lacks_has_no_brackets_and_no_word_of_them(tmp_path, paper):
    summary = summarise(made_up(tmp_path, [model("demo", "ar", "mse", 0)]), "paper")
    assert "[" not in " ".join(texts(drawn(summary, paper, datasets=["demo"])))


def test_remarks_close_the_footer_and_touch_nothing(tmp_path):
    summary = summarise(made_up(tmp_path, [model("demo", "ar", "nb-sample", 0)]), "paper")
    shape = {"columns": chosen(["w2", "fd"]), "datasets": ["demo"], "priors": ["ar"], "decoders": ["nb-sample"]}
    figure = figure2.draw(summary, None, **shape, remarks=told({"nb-sample": "true-cell"}, ["nb-sample"]))
    assert_text_is_whole(figure)
    assert " ".join(texts(figure)).endswith("have rows that draw it.")


def test_missing_numbers_are_dashes_and_never_nan(tmp_path):
    def undefined(run, metric):
        return np.nan if metric == "pds" else 0.5

    summary = summarise(made_up(tmp_path, [model("d", "ar", "mse", 0), baseline("d", "control")], undefined), "paper")
    shown = texts(drawn(summary, datasets=["d"]))
    assert shown.count("–") == 1
    assert not [text for text in shown if "nan" in text.lower()]


def test_rows_that_nobody_ran_are_left_out_and_rows_of_one_dataset_are_dashes_in_the_other(tmp_path):
    runs = [model("d", "ar", "mse", 0), model("e", "ar", "mse", 0), model("e", "ar", "hurdle", 0)]
    shown = texts(drawn(summarise(made_up(tmp_path, runs), "paper"), datasets=["d", "e"]))
    assert shown.count("hurdle") == shown.count("mse") == 2
    assert "nb-sample" not in shown
    assert shown.count("–") == len(NINE)


def test_no_scores_at_all_say_so():
    figure = drawn(published.as_summary(published.load([]), "figure2"), datasets=["d"])
    assert "no scores" in texts(figure)


def test_several_bottlenecks_are_named_and_not_mixed(tmp_path):
    runs = [model("d", "ar", "mse", 0), model("d", "ar", "mse", 0, "fsq-1024")]
    figure = drawn(summarise(made_up(tmp_path, runs), "paper"), datasets=["d"])
    assert_text_is_whole(figure)
    assert {"AR\nfsq", "AR\nfsq-1024"} <= set(texts(figure))


@pytest.mark.parametrize("suffix", ["pdf", "png"])
def test_the_same_scores_give_the_same_bytes(tmp_path, paper, suffix):
    files = [tmp_path / f"{i}.{suffix}" for i in range(2)]
    for file in files:
        save(drawn(paper, datasets=["replogle"]), file)
    assert files[0].read_bytes() == files[1].read_bytes()
    assert b"CreationDate" not in files[0].read_bytes()
