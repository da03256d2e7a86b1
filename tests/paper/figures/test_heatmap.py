import numpy as np

from expressionvae.paper.figures.heatmap import SHADES, ink_on


def test_ink_has_contrast_on_every_shade():
    assert ink_on((1.0, 1.0, 1.0)) != "white"
    assert ink_on((0.03, 0.19, 0.42)) == "white"


def test_shades_fall_steadily_in_lightness():
    grey = [np.dot((0.2126, 0.7152, 0.0722), SHADES(x)[:3]) for x in np.linspace(0, 1, 50)]
    assert (np.diff(grey) < 0).all()
