import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from expressionvae.files import UserError
from expressionvae.paper.columns import COLUMNS, chosen
from expressionvae.paper.figures import richness
from tests.paper.samples import DECODERS, NINE, made_up, model

SPREAD = dict(zip(DECODERS, (2.0, 1.5, 1.2, 0.0, 0.0), strict=True))


def runs(datasets=("d",), priors=("ar", "mdlm"), seeds=(0, 1)) -> list[dict]:
    return [model(d, p, k, s) for d in datasets for p in priors for k in DECODERS for s in seeds]


def measured(folder, chosen_runs: list[dict], spread=SPREAD) -> pd.DataFrame:
    files = []
    for i, run in enumerate(chosen_runs):
        path = folder / f"richness-{i}.csv"
        path.write_text(f"metric,value,n_cells,n_draws\nspread,{spread[run['decoder']]},9,8\nentropy,1,9,8\n")
        files.append(path)
    return richness.collect(chosen_runs, files, "spread")


def joined(folder, chosen_runs: list[dict], values=None, spread=SPREAD) -> pd.DataFrame:
    return richness.join(made_up(folder, chosen_runs, values), measured(folder, chosen_runs, spread), NINE)


def drawn(table: pd.DataFrame, datasets=("d",), columns=NINE):
    figure = richness.draw(table, columns=chosen(columns), datasets=datasets, decoders=DECODERS)
    FigureCanvasAgg(figure).draw()
    return figure


def test_a_metric_that_follows_richness_has_rank_correlation_one_and_its_opposite_minus_one(tmp_path):
    signs = {metric: 1 if i % 2 else -1 for i, metric in enumerate(NINE)}

    def values(run, metric):
        return 5 + signs.get(metric, 0) * SPREAD[run["decoder"]]

    told = joined(tmp_path, runs(), values).drop_duplicates("metric").set_index("metric")["rho"]
    assert {metric: round(told[metric], 9) for metric in NINE} == signs


def test_replicates_become_mean_and_standard_error_beside_their_richness(tmp_path):
    table = joined(tmp_path, runs(), lambda run, metric: 1.0 + 2 * run["sample_seed"])
    assert len(table) == 2 * len(DECODERS) * len(NINE)
    assert (table["mean"] == 2.0).all() and np.allclose(table["se"], 1.0) and (table["n"] == 2).all()
    assert (table["richness"] == table["decoder"].map(SPREAD)).all() and (table["richness_se"] == 0).all()


def test_constant_undefined_or_too_few_values_have_no_correlation(tmp_path):
    table = joined(tmp_path, runs(), lambda run, metric: np.nan if metric == "pds" else 0.5)
    assert table["rho"].isna().all()
    assert (table.loc[table["metric"] == "pds", "points"] == 0).all()
    few = [run for run in runs(priors=("ar",), seeds=(0,)) if run["decoder"] in ("mse", "hurdle")]
    (tmp_path / "few").mkdir()
    assert joined(tmp_path / "few", few)["rho"].isna().all()


def test_datasets_are_correlated_apart(tmp_path):
    def values(run, metric):
        return SPREAD[run["decoder"]] * (1 if run["dataset"] == "d" else -1)

    table = joined(tmp_path, runs(("d", "e")), values)
    assert table.groupby("dataset")["rho"].first().round(9).to_dict() == {"d": 1.0, "e": -1.0}
    assert (table["points"] == 10).all()


@pytest.mark.parametrize("datasets", [("d",), ("d", "e"), ("d", "e", "f")])
def test_every_metric_has_a_panel_in_each_dataset_s_row(tmp_path, datasets):
    figure = drawn(joined(tmp_path, runs(datasets)), datasets)
    figure.savefig(tmp_path / "richness.png")
    assert len(figure.axes) == len(datasets) * len(NINE)
    assert figure.axes[0].get_title().startswith("W2 ↓\nρ = ")


def test_deterministic_decoders_stand_at_zero_inside_the_panel(tmp_path):
    for name, spread in {"near": SPREAD, "far": SPREAD | {"hurdle": 0.01}}.items():
        folder = tmp_path / name
        folder.mkdir()
        axes = drawn(joined(folder, runs(), spread=spread)).axes[0]
        low, high = axes.get_xlim()
        assert low < 0 < high and high > 2.0
        assert axes.get_xscale() == ("linear" if name == "near" else "symlog")


def test_no_title_touches_its_neighbour(tmp_path):
    figure = drawn(joined(tmp_path, runs()), columns=NINE)
    boxes = [axes.title.get_window_extent() for axes in figure.axes]
    assert all(left.x1 <= right.x0 for left, right in zip(boxes, boxes[1:], strict=False))


def test_what_nobody_scored_is_drawn_as_not_defined(tmp_path):
    table = joined(tmp_path, runs(), lambda run, metric: np.nan if metric == "pds" else run["sample_seed"] + 0.5)
    figure = drawn(table)
    assert [text.get_text() for text in figure.axes[NINE.index("pds")].texts] == ["not defined"]
    assert len(drawn(table.iloc[:0]).axes) == len(NINE)


def test_only_deterministic_decoders_are_drawn(tmp_path):
    drawn(joined(tmp_path, runs(), spread=dict.fromkeys(DECODERS, 0.0)), columns=list(COLUMNS)[:4])


def test_a_file_without_the_measure_is_refused_by_name(tmp_path):
    (tmp_path / "richness.csv").write_text("metric,value\nentropy,1\n")
    with pytest.raises(UserError, match="richness.csv: .*: 0 rows have the metric 'spread'"):
        richness.collect([model("d", "ar", "mse", 0)], [tmp_path / "richness.csv"], "spread")
