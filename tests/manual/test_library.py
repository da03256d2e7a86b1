"""Every module of the library has a page."""

import re

from expressionvae.manual import library
from tests.conftest import REPOSITORY


def test_every_module_with_a_docstring_is_listed_once():
    listed = dict(library.modules(REPOSITORY / "src"))
    assert listed["expressionvae.grid"] and "expressionvae.metrics.distribution" in listed
    files = [path for path in (REPOSITORY / "src" / "expressionvae").rglob("*.py") if path.read_text().strip()]
    assert len(listed) == len(files)


def test_every_module_stands_once_under_its_package():
    page = library.page(REPOSITORY / "src")
    names = re.findall(r"^- \[`([\w.]+)`\]\(library/\1\.md\): \S", page, re.MULTILINE)
    assert sorted(names) == [name for name, _ in library.modules(REPOSITORY / "src")]
    under = page.partition("## `expressionvae.paper`")[2].partition("\n## ")[0]
    assert "`expressionvae.paper.tables.render`" in under and "`expressionvae.files`" not in under
