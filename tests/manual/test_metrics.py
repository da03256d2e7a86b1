"""Every metric is told with its formula, range, source and pitfalls."""

import pytest

from expressionvae.catalogue.metrics import METRICS
from expressionvae.manual import metrics


@pytest.mark.parametrize("card", METRICS.values(), ids=lambda card: card.name)
def test_a_card_says_how_it_is_computed_where_it_goes_and_how_it_misleads(card):
    assert card.formula and card.bounds and card.source and card.pitfalls


@pytest.mark.parametrize("card", METRICS.values(), ids=lambda card: card.name)
def test_the_page_tells_all_of_a_card(card):
    page = metrics.page()
    assert all(text in page for text in (card.unicode, card.formula, card.bounds, card.source, *card.pitfalls))
