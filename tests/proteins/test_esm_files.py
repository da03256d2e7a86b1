import pytest

from expressionvae.proteins.esm_files import regression_path


@pytest.mark.parametrize("ending", [".pt", ".pth", ".ckpt", ""])
def test_the_second_file_lies_beside_a_checkpoint_of_any_ending(ending):
    found = regression_path(f"weights/esm2_t6_8M_UR50D{ending}")
    assert str(found) == "weights/esm2_t6_8M_UR50D-contact-regression.pt"
