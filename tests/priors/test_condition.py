import pytest
import torch
from torch import nn

from expressionvae.priors.condition import ConditionEmbedding, standardised

AUTHORS = {"standardise": False, "two_layers": False, "zero_control": False}


def condition(embedding: torch.Tensor, **ways: bool) -> ConditionEmbedding:
    torch.manual_seed(0)
    return ConditionEmbedding(embedding, 1, cell_types=2, width=8, **AUTHORS | ways)


@pytest.mark.parametrize("two_layers", [False, True])
def test_a_perturbation_without_embedding_is_told_apart_by_its_cell_type_only(two_layers):
    embedding = torch.tensor([[1.0, 2.0], [0.0, 0.0], [0.0, 0.0]])
    made = condition(embedding, two_layers=two_layers)
    known, control, missing = made(torch.tensor([0, 1, 2]), torch.tensor([1, 1, 1]))
    assert torch.equal(control, missing) and not torch.equal(control, known)


def test_an_embedding_goes_through_one_linear_layer():
    embedding = torch.tensor([[1.0, 2.0], [0.0, 0.0], [2.0, 4.0]])
    first, control, twice = condition(embedding)(torch.tensor([0, 1, 2]), torch.tensor([1, 1, 1]))
    torch.testing.assert_close(twice - control, 2 * (first - control))


def test_a_table_row_is_the_condition_itself_and_the_control_has_one():
    made = condition(torch.zeros(3, 0))
    assert made.table is not None and isinstance(made.project, nn.Identity)
    labels, cell_types = torch.tensor([0, 1, 2]), torch.tensor([0, 1, 0])
    torch.testing.assert_close(made(labels, cell_types), made.table.weight + made.cell_type.weight[cell_types])
    assert made.table.weight[1].abs().min() > 0
    made(labels, cell_types).sum().backward()
    assert (made.table.weight.grad == 1).all()


def test_a_control_of_zero_stays_zero():
    made = condition(torch.zeros(3, 0), two_layers=True, zero_control=True)
    made(torch.tensor([0, 1, 2]), torch.tensor([0, 1, 0])).sum().backward()
    assert made.table is not None and made.table.weight.grad is not None
    assert (made.table.weight[1] == 0).all() and (made.table.weight.grad[1] == 0).all()


def test_standardising_leaves_zero_rows_zero():
    rows = standardised(torch.tensor([[0.0, 0.0], [1.0, 10.0], [3.0, 30.0]]))
    assert (rows[0] == 0).all()
    torch.testing.assert_close(rows[1:].mean(0), torch.zeros(2))
    torch.testing.assert_close(rows[1:].std(0), torch.ones(2))


@pytest.mark.parametrize("standardise", [False, True])
def test_embeddings_stay_as_they_are_unless_standardised(standardise):
    embedding = torch.tensor([[1.0, 10.0], [0.0, 0.0], [3.0, 30.0]])
    kept = condition(embedding, standardise=standardise).embedding
    assert torch.equal(kept, embedding) != standardise
