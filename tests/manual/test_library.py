"""Every module of the library has a page."""

from expressionvae.manual.library import modules
from tests.conftest import REPOSITORY


def test_every_module_with_a_docstring_is_listed_once():
    listed = dict(modules(REPOSITORY / "src"))
    assert listed["expressionvae.grid"] and "expressionvae.metrics.distribution" in listed
    files = [path for path in (REPOSITORY / "src" / "expressionvae").rglob("*.py") if path.read_text().strip()]
    assert len(listed) == len(files)
