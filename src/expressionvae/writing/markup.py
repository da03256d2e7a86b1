"""Texts as GitHub Markdown, as LaTeX and in figures; nothing in this file knows what they mean.

A text may come from a user (the note on a screen): of markup it has only pairs of the tags in TAGS, without attributes,
and HTML's names of characters. Everything else is shown as it stands.
"""

import html
import re
from collections.abc import Callable

# What a tag is in LaTeX.
TAGS = {
    "sub": "textsubscript",
    "sup": "textsuperscript",
    "i": "textit",
    "em": "emph",
    "b": "textbf",
    "strong": "textbf",
}
_PAIR = re.compile(rf"<({'|'.join(TAGS)})>([^<>]*)</\1>")
_LINE = re.compile(r"[\x00-\x20\x7f\x85\u2028\u2029]+")  # blanks, line breaks and control signs; not thin spaces
_SIGNS = re.compile(r"([\\`*_\[\]~$|])")  # of Markdown, GitHub's kind included, within a line

_LATEX = str.maketrans(
    {
        "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}",
        "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
        "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
        "|": r"\textbar{}", "±": r"$\pm$", "×": r"$\times$", "–": "--", "—": "---",
        "²": "$^2$", "₂": "$_2$", "Δ": r"$\Delta$", "ω": r"$\omega$", "√": r"$\surd$",
        "\u2009": r"\,", "\u00a0": "~",
        "↓": r"$\downarrow$", "↑": r"$\uparrow$",
        "β": r"$\beta$", "γ": r"$\gamma$", "α": r"$\alpha$", "≤": r"$\leq$", "≥": r"$\geq$",
    }
)  # fmt: skip


def escape(text: str) -> str:
    """`text` safe for LaTeX: its special characters, and the signs that the tables use."""
    return _marked(text, lambda part: part.translate(_LATEX), lambda tag, inner: rf"\{TAGS[tag]}{{{inner}}}")


def prose(text: str) -> str:
    """`text` safe for a line of Markdown, and for the HTML that is made of it."""
    return _marked(text, _shown, lambda tag, inner: f"<{tag}>{inner}</{tag}>")


def plain(text: str) -> str:
    """`text` without tags, for a figure."""
    return _marked(text, str, lambda _, inner: inner)


def _marked(text: str, part: Callable[[str], str], tagged: Callable[[str, str], str]) -> str:
    """One line of `text`, its parts and the pairs of tags among them written as a format wants them."""
    text = _LINE.sub(" ", html.unescape(text))
    pieces, end = [], 0
    for pair in _PAIR.finditer(text):
        pieces += [part(text[end : pair.start()]), tagged(pair[1], part(pair[2]))]
        end = pair.end()
    return "".join([*pieces, part(text[end:])])


def _shown(text: str) -> str:
    return html.escape(_SIGNS.sub(r"\\\1", text), quote=False)
