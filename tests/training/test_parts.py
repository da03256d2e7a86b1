import numpy as np
import pytest

from expressionvae.training.parts import Parts, seed_of


def test_a_kept_part_is_not_made_again(tmp_path):
    made = []
    for _ in range(2):
        part = Parts(tmp_path, "a").take(3, lambda: made.append(1) or np.arange(4))
        assert part.tolist() == [0, 1, 2, 3]
    assert len(made) == 1


def test_parts_of_another_name_are_not_taken_up(tmp_path):
    Parts(tmp_path, "a").take(0, lambda: np.zeros(1))
    assert Parts(tmp_path, "b").take(0, lambda: np.ones(1)).tolist() == [1]


def test_a_part_whose_making_fails_is_not_kept(tmp_path):
    with pytest.raises(ZeroDivisionError):
        Parts(tmp_path, "a").take(0, lambda: np.array(1 // 0))
    assert not list(tmp_path.iterdir())


def test_batches_have_seeds_of_their_own():
    seeds = {seed_of(seed, number) for seed in range(10) for number in range(100)}
    assert len(seeds) == 1000 and all(0 <= seed < 2**63 for seed in seeds)
