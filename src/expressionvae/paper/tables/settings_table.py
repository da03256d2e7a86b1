"""Tables 2 and 3 as CSV, Markdown and LaTeX."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from expressionvae import stored
from expressionvae.files import RESTORE, UserError, reading
from expressionvae.paper.tables.settings import Config, settings
from expressionvae.writing.latex import latex_table
from expressionvae.writing.markdown import document, pipe_table
from expressionvae.writing.markup import escape

_CAPTIONS = {
    "table2": ("Table 2", "Stage 1: the VAE's settings, as the config in force has them."),
    "table3": ("Table 3", "Stage 2: the priors' settings, as the config in force has them."),
}
_NOTE = (
    "Config key: where the value stands; 'code' where the library has no other way. Settings after those of the "
    "paper are not in its table. Same: the value reads as the paper prints it."
)
_EMBEDDING = (
    "Gene input embedding: the paper's '+' may add or only list; here the MLP's output multiplies the gene's "
    "embedding, as in the authors' code. The MLP sees log1p counts (nb), log1p bins (ce) or "
    "log1p-normalised values (hurdle, mse)."
)


class SettingsTable(NamedTuple):
    """One table of settings, in every form; nothing is written to disk."""

    frame: pd.DataFrame
    csv: str
    markdown: str
    latex: str


def load(paths: str | Path | Sequence[str | Path]) -> pd.DataFrame:
    """The settings that the paper prints: item, setting, value as printed.

    Raises UserError for a missing column.
    """
    files = [paths] if isinstance(paths, str | Path) else list(paths)
    parts, columns = [], ["item", "setting", "value"]
    for path in files:
        with reading(path, "the paper's settings", RESTORE):
            parts.append(stored.table(path, texts=columns, numbers=[])[columns])
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def settings_table(item: str, config: Config, printed: pd.DataFrame) -> SettingsTable:
    """`item` ("table2" or "table3") of the merged config, beside `printed` (from `load`).

    Raises UserError for another item. Source: the paper's Tables 2 and 3 (Appendix A).
    """
    if item not in _CAPTIONS:
        raise UserError(f"paper: no table of settings is called {item!r}; expected one of {', '.join(_CAPTIONS)}")
    table = settings(item, config, printed)
    number, caption = _CAPTIONS[item]
    told = table[table["paper"] != ""]
    caption += f" {int((told['same'] == 'yes').sum())} of {len(told)} settings are the paper's."
    header = ["Setting", "Value", "Paper", "Same", "Config key"]
    lines = [[_pretty(text) for text in line] for line in table.astype(str).itertuples(index=False, name=None)]
    notes = [_NOTE, _EMBEDDING] if item == "table2" else [_NOTE]
    markdown = document(f"**{number}.** {caption}", pipe_table(header, lines, left=5), *notes)
    body = [r"\midrule", *(" & ".join(_latex(text) for text in line) + r" \\" for line in table.to_numpy())]
    latex = latex_table(header, body, left=5, caption=caption, label=item, notes=[escape(note) for note in notes])
    return SettingsTable(table, table.to_csv(index=False, lineterminator="\n"), markdown, latex)


def _pretty(text: str) -> str:
    """Powers of ten for Markdown, as in 6 × 10⁻⁴."""
    head, times, power = text.partition(" x 10^")
    raised = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
    return f"{head} × 10{power.translate(raised)}" if times else text


def _latex(text: str) -> str:
    head, times, power = text.partition(" x 10^")
    return rf"${head} \times 10^{{{power}}}$" if times else escape(text)
