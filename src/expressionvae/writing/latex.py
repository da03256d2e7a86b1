"""Tables as LaTeX."""

from collections.abc import Sequence

from expressionvae.writing.markup import escape


def latex_table(
    header: Sequence[str], body: Sequence[str], *, left: int, caption: str, label: str, notes: Sequence[str]
) -> str:
    """A `table*` that stands alone in any document with the packages booktabs and graphicx.

    `header`, `body` (whole lines, each with its `\\\\`) and `notes` are LaTeX already, `caption` is plain text.
    """
    lines = [
        r"% \usepackage{booktabs,graphicx}",
        r"\begin{table*}[t]",
        r"\centering",
        rf"\caption{{{escape(caption)}}}",
        rf"\label{{tab:{label}}}",
        r"\resizebox{\textwidth}{!}{%",
        rf"\begin{{tabular}}{{{'l' * left}{'r' * (len(header) - left)}}}",
        r"\toprule",
        " & ".join(header) + r" \\",
        *body,
        r"\bottomrule",
        r"\end{tabular}}",
        *(rf"\par\smallskip\parbox{{\textwidth}}{{\footnotesize {note}}}" for note in notes),
        r"\end{table*}",
    ]
    return "\n".join(lines) + "\n"
