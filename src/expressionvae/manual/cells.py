"""Cells of a page's tables, so that a wide table can be read: prose has room, long names in code can be broken."""

import re

PROSE = 40  # a cell with more letters than this is prose
_CELL = re.compile(r"<td([^>]*)>(.*?)</td>", re.DOTALL)
_CODE = re.compile(r"(?<=<code>)[^<]*")
_INSIDE = re.compile(r"([._/])(?=[\w{])")


def laid_out(html: str) -> str:
    """HTML whose cells of prose have the class `prose`, and whose names in code may be broken behind . _ and /."""
    return _CELL.sub(lambda cell: _one(*cell.groups()), html)


def _one(attributes: str, content: str) -> str:
    letters = re.sub(r"<[^>]*>", "", content)
    content = _CODE.sub(lambda code: _INSIDE.sub(r"\1<wbr>", code.group(0)), content)
    prose = ' class="prose"' if len(letters) > PROSE else ""
    return f"<td{prose}{attributes}>{content}</td>"
