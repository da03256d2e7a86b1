import numpy as np
import pytest
import yaml
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from expressionvae.paper.figures import figure1
from expressionvae.paper.figures.figure1_boxes import boxes, sizes
from expressionvae.writing.style import save


def shown(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]


def test_no_text_touches_another_or_leaves_its_box_or_the_page(config):
    figure = figure1.draw(config)
    figure.dpi = 200  # as it is saved: at fewer dots, hinting widens letters
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    texts = figure.axes[0].texts
    edges = np.array([text.get_window_extent(canvas.get_renderer()).extents for text in texts]) / figure.dpi
    assert edges.min() >= 0 and edges[:, 2].max() <= figure1.WIDTH and edges[:, 3].max() <= figure1.HEIGHT
    edges[:, 1], edges[:, 3] = figure1.HEIGHT - edges[:, 3], figure1.HEIGHT - edges[:, 1]  # from the top, as boxes are
    for box in boxes(sizes(config)).values():
        inside = (edges[:, 0] < box.left + box.width) & (edges[:, 2] > box.left)
        inside &= (edges[:, 1] < box.top + box.height) & (edges[:, 3] > box.top)
        assert inside.sum() == bool(box.title) + bool(box.class_path) + len(box.lines)
        x0, y0, x1, y1 = edges[inside].T
        assert x0.min() >= box.left and x1.max() <= box.left + box.width, box.title
        assert y0.min() >= box.top and y1.max() <= box.top + box.height, box.title
    # A box of text has empty space above and below its letters: lines may share a little of it.
    slack = 0.15 * (edges[:, 3] - edges[:, 1])
    apart = (edges[:, None, 2] <= edges[None, :, 0]) | ((edges[:, 3] - slack)[:, None] <= (edges[:, 1] + slack)[None])
    touching = np.argwhere(~(apart | apart.T) & ~np.eye(len(edges), dtype=bool))
    assert not len(touching), [(shown(figure)[i], shown(figure)[j]) for i, j in touching]


def test_every_decoder_of_the_config_stands_at_its_head(config):
    figure = " ".join(shown(figure1.draw(config)))
    for name in ("ce-quant", "nb-sample", "nb (deter)", "hurdle", "mse"):
        assert name in figure


@pytest.mark.parametrize("suffix", ["pdf", "png"])
def test_the_same_config_gives_the_same_bytes(tmp_path, repository, suffix):
    config = yaml.safe_load((repository / "config/config.yaml").read_text())
    files = [tmp_path / f"{i}.{suffix}" for i in range(2)]
    for file in files:
        save(figure1.draw(config), file)
    assert files[0].read_bytes() == files[1].read_bytes()
