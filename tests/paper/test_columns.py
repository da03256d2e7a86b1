import pytest

from expressionvae.files import UserError
from expressionvae.metrics.scores import CEILING, DISTRIBUTION, EFFECTS, FLOOR
from expressionvae.paper import published
from expressionvae.paper.columns import COLUMNS, chosen, families
from tests.conftest import REPOSITORY
from tests.paper.samples import NINE

PRINTED = published.load((REPOSITORY / "resources" / "published").glob("*.csv"))["metric"].unique()


def test_every_metric_of_a_score_file_is_a_column():
    assert {metric for metric, _ in (*DISTRIBUTION, *EFFECTS, *FLOOR, *CEILING)} == set(COLUMNS)


def test_figure_2_groups_are_the_papers():
    groups = [(family, [column.name for column in members]) for family, members in families(chosen(NINE))]
    assert groups == [
        ("Distribution", ["w2", "mmd2", "fd"]),
        ("DE-discovery", ["pds", "pr_auc", "spearman_sig"]),
        ("Mean-ranking", ["spearman_lfc", "overlap_at_n"]),
        ("Hybrid", ["pearson_delta"]),
    ]


def test_table_1_headers_are_the_papers():
    headers = [column.plain for column in chosen(NINE)]
    assert headers == ["W2", "MMD2", "FD", "PDS", "PR-AUC", "Sp-sig", "Sp-LFC", "ovl@N", "P-Delta"]
    assert "".join(column.arrow for column in chosen(NINE)) == "↓↓↓↑↑↑↑↑↑"


def test_of_the_paper_s_metrics_distances_and_errors_are_better_when_lower():
    lower = {name for name, column in COLUMNS.items() if column.direction == "lower"}
    assert lower & {*PRINTED} == {"w2", "mmd2", "fd", "mse_per_cell", "mae_lfc", "mae_pseudobulk"}


def test_shares_of_zeros_and_of_true_cells_have_no_better_end():
    for name in ("zero_fraction", "zero_fraction_true", "identity_true", "identity_controls_true"):
        assert COLUMNS[name].direction == "none"
        assert COLUMNS[name].header == COLUMNS[name].unicode


def test_an_unknown_metric_is_named():
    with pytest.raises(UserError, match="'w3' is no metric; expected one of w2"):
        chosen(["w3"])
