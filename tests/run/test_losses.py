import numpy as np
import pandas as pd
import pytest

from expressionvae.files import UserError
from expressionvae.run.losses import draw, read


def losses(steps: int, **terms: float) -> pd.DataFrame:
    train = pd.DataFrame({"step": np.arange(steps) + 1, "split": "train", "loss": np.linspace(9, 1, steps)})
    validation = train.iloc[::10].assign(split="validation")
    return pd.concat([train.assign(lr=1e-3, **terms), validation.assign(**terms)], ignore_index=True)


def titles(figure) -> list[str]:
    return [axes.get_title() for axes in figure.axes]


def test_loss_terms_and_learning_rate_have_a_panel_each():
    assert titles(draw(losses(200, gate=0.5, magnitude=2.0), "run")) == [
        "run",
        "gate",
        "magnitude",
        "learning rate",
    ]


def test_both_splits_are_named():
    legend = draw(losses(20), "run").axes[0].get_legend()
    assert [text.get_text() for text in legend.get_texts()] == ["train", "validation"]


@pytest.mark.parametrize("steps", [1, 2, 500])
def test_any_length_is_drawn(tmp_path, steps):
    draw(losses(steps), "run").savefig(tmp_path / "plot.png")


def test_training_without_validation_and_with_an_empty_term_is_drawn(tmp_path):
    table = losses(30, kl=np.nan)
    figure = draw(table[table["split"] == "train"], "run")
    figure.savefig(tmp_path / "plot.png")
    assert titles(figure) == ["run", "learning rate"]


def test_a_term_that_is_always_zero_has_no_panel():
    assert "penalty" not in titles(draw(losses(20, penalty=0.0), "run"))


def test_a_diverged_loss_is_drawn(tmp_path):
    table = losses(30)
    table.loc[20:, "loss"] = np.inf
    draw(table, "run").savefig(tmp_path / "plot.png")


def test_a_loss_that_falls_far_has_a_log_scale_and_a_negative_one_has_not():
    far = losses(30).assign(loss=lambda t: t["loss"] ** 3)
    assert draw(far, "run").axes[0].get_yscale() == "log"
    assert draw(far.assign(loss=lambda t: t["loss"] - 5), "run").axes[0].get_yscale() == "linear"


@pytest.mark.parametrize(
    "text,message",
    [
        ("step,split\n1,train\n", "column 'loss' is missing"),
        ("step,split,loss\n1,test,1\n", "losses.csv: .*: split 'test' is unknown"),
        ("step,split,loss\n", "no rows"),
    ],
)
def test_a_file_that_is_no_loss_table_is_refused(tmp_path, text, message):
    (tmp_path / "losses.csv").write_text(text)
    with pytest.raises(UserError, match=message):
        read(tmp_path / "losses.csv")
