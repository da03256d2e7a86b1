"""The page of the paper's own numbers has every claim that they can be asked about, with its verdicts."""

from expressionvae.manual import claims
from expressionvae.paper.claims.judge import CLAIMS
from tests.conftest import REPOSITORY

PAGE = claims.page(sorted((REPOSITORY / "resources" / "published").glob("*.csv")))


def line(claim: str) -> str:
    (found,) = [line for line in PAGE.splitlines() if line.startswith(f"| `{claim}` |")]
    return found


def test_the_headline_holds_on_one_screen_and_not_on_the_other():
    said = line("order-of-magnitude")
    assert "Replogle: **holds** (MMD², FD)" in said and "Parse 1M: **does not hold** (MMD², FD)" in said


def test_every_claim_that_the_paper_speaks_of_is_told_with_its_rule():
    told = [claim for claim in CLAIMS if f"| `{claim.id}` |" in PAGE]
    assert len(told) > 30
    assert all(claim.rule.replace("|", r"\|") in PAGE for claim in told)
