import torch

from expressionvae.priors.condition import ConditionEmbedding, standardised


def test_a_perturbation_without_embedding_is_told_apart_by_its_cell_type_only():
    embedding = torch.tensor([[0.0, 0.0], [1.0, 2.0], [0.0, 0.0]])
    condition = ConditionEmbedding(embedding, 0, cell_types=2, width=8, standardise=False)
    control, missing, known = condition(torch.tensor([0, 2, 1]), torch.tensor([1, 1, 1]))
    assert torch.equal(control, missing) and not torch.equal(control, known)


def test_in_a_learned_table_the_control_stays_zero():
    condition = ConditionEmbedding(torch.zeros(3, 0), 1, cell_types=2, width=8, standardise=True)
    condition(torch.tensor([0, 1, 2]), torch.tensor([0, 1, 0])).sum().backward()
    assert condition.table is not None and condition.table.weight.grad is not None
    assert (condition.table.weight[1] == 0).all() and (condition.table.weight.grad[1] == 0).all()


def test_standardising_leaves_zero_rows_zero():
    rows = standardised(torch.tensor([[0.0, 0.0], [1.0, 10.0], [3.0, 30.0]]))
    assert (rows[0] == 0).all()
    torch.testing.assert_close(rows[1:].mean(0), torch.zeros(2))
    torch.testing.assert_close(rows[1:].std(0), torch.ones(2))
