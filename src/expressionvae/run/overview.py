"""What a reader wants first: Table 1, what becomes of the claims, Figure 2. The report opens on it."""

import base64
import html
from pathlib import Path

from expressionvae.files import reading
from expressionvae.run.report_page import body

# The report shows it beside the rule graph, in a column for prose: here it takes the page, and the graph follows below.
_STYLE = """
.overview { font: 15px/1.5 system-ui, "DejaVu Sans", sans-serif; color: #1a1a1a; }
.overview h2 { font-size: 1.15rem; margin: 1.6rem 0 0.4rem; }
.overview .wide { overflow-x: auto; margin: 0.6rem 0; }
.overview table { border-collapse: collapse; font-size: 12px; line-height: 1.35; width: auto; margin: 0;
  font-variant-numeric: tabular-nums; white-space: nowrap; }
.overview th { border-bottom: 1.5px solid #1a1a1a; border-top: 1.5px solid #1a1a1a; }
.overview th, .overview td { padding: 0.2rem 0.5rem; text-align: left; }
.overview td { border-bottom: 1px solid #e5e5e5; }
.overview td.prose { white-space: normal; min-width: 14rem; }
.overview img { width: 100%; max-width: 70rem; }
.overview sup { line-height: 0; }
.grow.h-screen.items-center { align-items: flex-start; justify-content: flex-start; }
.grow.flex.gap-3 { flex-direction: column; max-width: 100%; min-width: 0; }
.prose.max-w-lg { max-width: min(78rem, 100%); }
.grow.flex.gap-3 > div { max-width: 100%; }
canvas.marks { max-width: 100%; height: auto !important; }
@media (max-width: 700px) {
  .flex-row.w-screen { flex-direction: column; }
  .flex-row.w-screen > .grow { height: auto; overflow: visible; }
}
"""


def overview(table1: str | Path | None, claims: str | Path | None, figure2: str | Path | None) -> str:
    """One piece of HTML of a table's Markdown, the claims' Markdown and a PNG, whichever of them were made."""
    parts = [f'<meta charset="utf-8">\n<style>{_STYLE}</style>\n<div class="overview">']
    if table1:
        parts += ["<h2>Table 1</h2>", body(_text(table1))]
    if claims:
        parts += ["<h2>The claims of the paper</h2>", body(_first_table(_text(claims)))]
    if figure2:
        with reading(figure2, "a picture"):
            picture = base64.b64encode(Path(figure2).read_bytes()).decode()
        parts += [
            "<h2>Figure 2</h2>",
            f'<img alt="Figure 2: decoders by metric" src="data:image/png;base64,{picture}">',
        ]
    return "\n".join([*parts, "</div>"]) + "\n"


def _text(path: str | Path) -> str:
    with reading(path, "a text"):
        return Path(path).read_text(encoding="utf-8")


def _first_table(text: str) -> str:
    """The first table of a page, which of the claims is how many hold, and how many do not."""
    return next((block for block in text.split("\n\n") if block.startswith("|")), html.escape("No verdicts."))
