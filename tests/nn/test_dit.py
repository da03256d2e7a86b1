import torch

from expressionvae.nn.dit import DiT, DiTBlock, TimeEmbedding


def test_a_block_is_the_identity_before_training():
    block = DiTBlock(8, 2, 16, dropout=0.0)
    x, condition = torch.randn(3, 5, 8), torch.randn(3, 8)
    assert torch.equal(block(x, condition, causal=False), x)


def test_the_output_is_zero_before_training():
    trunk = DiT(8, 2, 3, 16, dropout=0.0, outputs=4)
    assert (trunk(torch.randn(3, 5, 8), torch.randn(3, 8), causal=True) == 0).all()


def test_the_condition_matters_once_the_gates_have_moved():
    torch.manual_seed(0)
    trunk = DiT(8, 2, 1, 16, dropout=0.0, outputs=4)
    for parameter in trunk.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    x = torch.randn(1, 5, 8)
    one, other = (trunk(x, condition, causal=False) for condition in torch.randn(2, 1, 8))
    assert not torch.allclose(one, other)


def test_times_far_apart_have_different_embeddings():
    embed = TimeEmbedding(16)
    near, far = (embed(torch.tensor([0.0, t])) for t in (0.001, 0.5))
    assert (near[0] - near[1]).norm() < (far[0] - far[1]).norm()
