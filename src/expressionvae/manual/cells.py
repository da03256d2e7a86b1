"""Cells of a page's tables, so that a wide table can be read: prose has room, long names in code can be broken."""

import re

from expressionvae.run.report_page import CELL, cell

_CODE = re.compile(r"(?<=<code>)[^<]*")
_INSIDE = re.compile(r"([._/])(?=[\w{])")


def laid_out(html: str) -> str:
    """HTML whose cells of prose have the class `prose`, and whose names in code may be broken behind . _ and /."""
    return CELL.sub(lambda found: cell(found.group(1), _breakable(found.group(2))), html)


def _breakable(content: str) -> str:
    return _CODE.sub(lambda code: _INSIDE.sub(r"\1<wbr>", code.group(0)), content)
