"""A table's Markdown, or the config, as one HTML page that needs nothing else: what the report shows."""

import html
import re
from pathlib import Path

from markdown_it import MarkdownIt

from expressionvae.files import reading
from expressionvae.writing.markup import TAGS

_STYLE = """
body { font: 15px/1.5 system-ui, "DejaVu Sans", sans-serif; color: #1a1a1a; background: white; margin: 1.5rem; }
main { max-width: 78rem; margin: auto; }
p { max-width: 60rem; }
.wide { overflow-x: auto; margin: 1rem 0; }
table { border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums; white-space: nowrap; }
th { border-bottom: 1.5px solid #1a1a1a; border-top: 1.5px solid #1a1a1a; }
th, td { padding: 0.28rem 0.6rem; text-align: left; }
td { border-bottom: 1px solid #e5e5e5; }
td.prose { white-space: normal; min-width: 14rem; }
tbody tr:hover { background: #f2f7fc; }
sup { line-height: 0; }
pre { background: #f7f7f7; padding: 1rem; overflow-x: auto; font-size: 13px; }
"""
_TAGGED = re.compile(rf"&lt;({'|'.join(TAGS)})&gt;((?:(?!&lt;)[^<>])*)&lt;/\1&gt;")
CELL = re.compile(r"<td([^>]*)>(.*?)</td>", re.DOTALL)
PROSE = 40  # a cell with more letters than this is broken into lines


def from_file(path: str | Path, title: str) -> str:
    """The page of a Markdown file (.md), or of any other text as it stands."""
    with reading(path, "a text"):
        text = Path(path).read_text(encoding="utf-8")
    return from_markdown(text, title) if Path(path).suffix == ".md" else from_code(text, title)


def from_markdown(text: str, title: str) -> str:
    """The page of CommonMark `text`, as `body` has it."""
    return page(body(text), title)


def body(text: str) -> str:
    """HTML of CommonMark `text` with tables; of HTML in it, pairs of `markup.TAGS` alone stay; no pictures."""
    told = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image").render(text)
    told = _TAGGED.sub(r"<\1>\2</\1>", told)
    told = re.sub(r"(<table>.*?</table>)", r'<div class="wide">\1</div>', told, flags=re.DOTALL)
    return CELL.sub(lambda found: cell(*found.groups()), told)


def from_code(text: str, title: str) -> str:
    """The page of `text` in fixed type."""
    return page(f"<h1>{html.escape(title)}</h1>\n<pre>{html.escape(text)}</pre>\n", title)


def cell(attributes: str, content: str) -> str:
    """A cell of a table, of the class `prose` where it has many letters: so that a wide table can be read."""
    letters = re.sub(r"<[^>]*>", "", content)
    prose = ' class="prose"' if len(letters) > PROSE else ""
    return f"<td{prose}{attributes}>{content}</td>"


def page(content: str, title: str, style: str = "") -> str:
    """A page of some HTML; `style`: CSS of its own behind that of all pages."""
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{html.escape(title)}</title>\n'
        f"<style>{_STYLE}{style}</style>\n</head>\n<body><main>\n{content}</main></body>\n</html>\n"
    )
