import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from sklearn.metrics import calinski_harabasz_score, roc_auc_score

from expressionvae.data.reversion_screen import ReversionScreen
from expressionvae.files import UserError
from expressionvae.metrics.enrichment import curve_area, enrichment
from expressionvae.metrics.reversion import (
    COLUMNS,
    METRICS,
    _calinski_harabasz,
    _total,
    cosine_distance,
    normalised,
    score,
    separability,
    write,
)

OPTIONS = {"shuffles": 10, "bootstrap": 400, "seed": 0}


def clusters(spread: float, *, kinds=6, each=30, width=5, seed=0):
    generator = np.random.default_rng(seed)
    labels = np.repeat(np.arange(kinds), each)
    return spread * generator.normal(size=(kinds, width))[labels] + generator.normal(size=(kinds * each, width)), labels


@given(st.floats(0.0, 3.0), st.integers(0, 99))
def test_the_score_is_scikit_learns(spread, seed):
    rows, labels = clusters(spread, seed=seed)
    expected = calinski_harabasz_score(rows, labels)
    assert _calinski_harabasz(rows, labels, 6, _total(rows)) == pytest.approx(expected)
    thin = sparse.csr_matrix(rows)
    assert _calinski_harabasz(thin, labels, 6, _total(thin)) == pytest.approx(expected)


def test_labels_that_say_nothing_score_about_one_and_clusters_more():
    rows, labels = clusters(0.0, each=200)
    value, low, high = separability(rows, labels, shuffles=60, seed=1)
    assert low < 1 < high and 0.3 < value < 2.5
    assert separability(*clusters(1.0), shuffles=30, seed=1)[0] > 10


def test_one_label_or_as_many_as_cells_cannot_be_scored():
    rows = np.random.default_rng(0).normal(size=(8, 2))
    assert np.isnan(separability(rows, np.zeros(8, int), shuffles=3, seed=0)).all()
    assert np.isnan(separability(rows, np.arange(8), shuffles=3, seed=0)).all()


def test_cells_that_are_all_alike_cannot_be_scored():
    assert np.isnan(separability(np.ones((20, 3)), np.arange(20) % 4, shuffles=3, seed=0)).all()


def test_rows_get_length_one_and_zeros_stay():
    rows = np.array([[3.0, 4.0], [0.0, 0.0]])
    expected = [[0.6, 0.8], [0.0, 0.0]]
    np.testing.assert_allclose(normalised(rows), expected)
    np.testing.assert_allclose(normalised(sparse.csr_matrix(rows)).toarray(), expected)


def test_cosine_distance_sees_direction_only():
    distances = cosine_distance(np.array([[2.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, 0.0]]), np.array([5.0, 0.0]))
    np.testing.assert_allclose(distances, [0, 1, 2, 1])


def walked(positive: np.ndarray) -> float:
    """The area by its definition: walk the ranking, note the share of positives found, join the points."""
    found = np.cumsum(positive) / positive.sum()
    return float(np.trapezoid(found, np.linspace(0, 1, len(found))))


def test_the_auc_by_hand():
    # found after each of 4 targets: 0, 1/2, 1/2, 1; trapezoids of width 1/3: (1/4 + 1/2 + 3/4) / 3
    assert curve_area(np.arange(4.0), np.array([False, True, False, True])) == pytest.approx(0.5)
    # all in front: 1/2, 1, 1, 1: (3/4 + 1 + 1) / 3 = (4 - 1 - 1/4) / 3
    assert curve_area(np.arange(4.0), np.arange(4) < 2) == pytest.approx(11 / 12)


@given(st.permutations(range(12)), st.integers(1, 11))
def test_the_auc_is_the_area_under_the_positives_found(order, positives):
    ranking = np.array(order) < positives
    assert curve_area(np.arange(12.0), ranking) == pytest.approx(walked(ranking))
    shuffled = np.random.default_rng(0).permutation(12)
    assert curve_area(shuffled.astype(float), ranking[shuffled]) == pytest.approx(walked(ranking))


def test_equal_distances_count_as_the_mean_over_their_orders():
    distance, positive = np.array([0.1, 0.1, 0.1, 0.2, 0.3, 0.3]), np.array([1, 0, 0, 0, 1, 0], bool)
    rankings = [
        positive[[*first, 3, *last]]
        for first in itertools.permutations(range(3))
        for last in itertools.permutations([4, 5])
    ]
    assert curve_area(distance, positive) == pytest.approx(np.mean([walked(ranking) for ranking in rankings]))


def test_a_ranking_of_1732_targets_has_nearly_the_rank_auc():
    positive = np.random.default_rng(0).permutation(np.arange(1732) < 6)
    assert curve_area(np.arange(1732.0), positive) == pytest.approx(roc_auc_score(positive, -np.arange(1732)), abs=2e-3)


def test_no_positive_or_nothing_else_cannot_be_scored():
    for positive in (np.zeros(5, bool), np.ones(5, bool)):
        assert np.isnan(list(vars(enrichment(np.arange(5.0), positive, bootstrap=100, seed=0)).values())).all()


def test_the_p_value_counts_the_rankings_that_are_as_good():
    distance, positive = np.array([0.1, 0.5, 0.2, 0.9, 0.7, 0.8, 0.3]), np.array([1, 0, 1, 0, 1, 0, 0], bool)
    aucs = [roc_auc_score(np.isin(np.arange(7), chosen), -distance) for chosen in itertools.combinations(range(7), 3)]
    result, reached = enrichment(distance, positive, bootstrap=100, seed=0), roc_auc_score(positive, -distance)
    assert result.p_value == pytest.approx(np.mean([auc >= reached - 1e-12 for auc in aucs]))


def test_positives_that_all_stand_first_are_certain_for_the_bootstrap_and_not_for_chance():
    result = enrichment(np.arange(20.0), np.arange(20) < 3, bootstrap=300, seed=0)
    assert [result.auc, result.low, result.high] == pytest.approx([(20 - 3 / 2 - 1 / 6) / 19] * 3)
    assert result.p_value == pytest.approx(1 / 1140) and result.random_low < 0.25 and result.random_high > 0.8


def test_with_six_positives_of_1732_chance_reaches_far():
    """The paper's own case: an AUC of 0.704 lies within what random rankings give."""
    result = enrichment(np.arange(1732.0), np.arange(1732) % 300 == 0, bootstrap=4000, seed=0)
    assert 0.24 < result.random_low < 0.30 and 0.70 < result.random_high < 0.76


def test_the_interval_of_random_targets_mostly_covers_a_half():
    generator = np.random.default_rng(0)
    positive = np.arange(60) < 15
    results = [enrichment(generator.random(60), positive, bootstrap=200, seed=i) for i in range(100)]
    assert np.mean([r.low <= 0.5 <= r.high for r in results]) > 0.85


@pytest.fixture
def screen() -> ReversionScreen:
    generator = np.random.default_rng(2)
    target = generator.choice(["ctrl", "A", "B", "C", "D", "E"], 600).astype(object)
    treated = generator.random(600) < 0.5
    return ReversionScreen(Path("x.h5ad"), target, treated, "ctrl", ["A", "B"], 5)


def embedding(screen: ReversionScreen) -> np.ndarray:
    """Treated cells turn away from untreated ones, but not when A or B is lost."""
    turned = screen.treated & ~np.isin(screen.target, ["A", "B"])
    noise = 0.1 * np.random.default_rng(3).normal(size=(len(turned), 4))
    return np.where(turned[:, None], [0.0, 1, 0, 0], [1.0, 0, 0, 0]) + noise


def test_reverting_targets_stand_first(screen):
    scores, ranking = score("mine", embedding(screen), screen, **OPTIONS)
    assert list(scores["metric"]) == list(METRICS) and list(scores.columns) == COLUMNS
    auc = scores.set_index("metric").loc["enrichment_auc"]
    assert auc["value"] == pytest.approx(walked(np.arange(5) < 2)) and (auc["positives"], auc["targets"]) == (2, 5)
    assert set(ranking["target"][:2]) == {"A", "B"} and ranking["rank"].tolist() == [1, 2, 3, 4, 5]


def test_what_brings_treated_cells_back_and_leaves_untreated_ones_is_selective(screen):
    scores, ranking = score("mine", embedding(screen), screen, **OPTIONS)
    selective = scores.set_index("metric").loc["selectivity_auc"]
    assert selective["value"] == pytest.approx(walked(np.arange(5) < 2)) and selective["targets"] == 5
    gain = ranking["distance"] - ranking["distance_untreated"]
    assert set(ranking["target"][gain.nsmallest(2).index]) == {"A", "B"}


def test_a_target_without_untreated_cells_has_no_selectivity(screen):
    keep = screen.treated | (screen.target != "A")
    some = ReversionScreen(screen.path, screen.target[keep], screen.treated[keep], "ctrl", ["A"], 5)
    scores, ranking = score("mine", embedding(screen)[keep], some, **OPTIONS)
    assert np.isnan(scores.set_index("metric").loc["selectivity_auc", "value"])
    assert ranking.set_index("target")["distance_untreated"].isna().tolist().count(True) == 1


def test_other_positives_do_not(screen):
    other = ReversionScreen(**{**vars(screen), "positives": ["C", "D"]})
    scores, _ = score("mine", embedding(screen), other, **OPTIONS)
    assert scores.set_index("metric").loc["enrichment_auc", "value"] < 0.5


def test_treated_cells_are_told_apart_and_untreated_are_not(screen):
    scores = score("mine", embedding(screen), screen, **OPTIONS)[0].set_index("metric")["value"]
    assert scores["gene_ch_treated"] > 20 and scores["gene_ch_untreated"] < 4


def test_sparse_and_dense_embeddings_score_alike(screen):
    dense = score("x", embedding(screen), screen, **OPTIONS)[0]
    thin = score("x", sparse.csr_matrix(embedding(screen)), screen, **OPTIONS)[0]
    np.testing.assert_allclose(dense["value"], thin["value"], rtol=1e-6)


def test_the_length_of_a_cell_does_not_matter(screen):
    rows = embedding(screen)
    stretched = rows * np.random.default_rng(4).uniform(0.5, 9, (len(rows), 1))
    first, second = (score("x", values, screen, **OPTIONS)[0] for values in (rows, stretched))
    np.testing.assert_allclose(first["value"], second["value"], rtol=1e-9)


def test_both_tables_are_written(screen, tmp_path):
    scored = [score(name, embedding(screen), screen, **OPTIONS) for name in ("a", "b")]
    write(scored, tmp_path / "s.csv", tmp_path / "t.csv")
    assert (tmp_path / "s.csv").read_text().count("\n") == 9 and (tmp_path / "t.csv").read_text().count("\n") == 11


def test_an_embedding_that_is_the_same_for_all_ranks_nothing(screen):
    scores = score("x", np.full((600, 3), 0.1), screen, **OPTIONS)[0].set_index("metric")
    # the mean over all orders of 2 positives among 5 targets
    expected = np.mean([walked(np.isin(np.arange(5), chosen)) for chosen in itertools.combinations(range(5), 2)])
    assert scores.loc["enrichment_auc", "value"] == pytest.approx(expected)
    assert scores.loc["enrichment_auc", "p_value"] == 1
    assert np.isnan(scores.loc["gene_ch_treated", "value"])


@pytest.mark.parametrize("layout", [np.asarray, sparse.csr_matrix])
@pytest.mark.parametrize("odd", [np.nan, np.inf])
def test_an_embedding_that_is_not_finite_ranks_nothing(layout, odd):
    rows = np.ones((4, 3))
    rows[2, 1] = odd
    with pytest.raises(UserError, match="1 numbers of the embedding are not finite: its encoder's training diverged"):
        normalised(layout(rows))
