"""Tables of text as GitHub Markdown and as LaTeX; nothing here knows what the cells mean."""

from collections.abc import Sequence

_LATEX = str.maketrans(
    {
        "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}",
        "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
        "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
        "|": r"\textbar{}", "±": r"$\pm$", "×": r"$\times$", "–": "--", "—": "---",
        "²": "$^2$", "₂": "$_2$", "Δ": r"$\Delta$", "ω": r"$\omega$", "√": r"$\surd$",
        "↓": r"$\downarrow$", "↑": r"$\uparrow$",
        "β": r"$\beta$", "γ": r"$\gamma$", "α": r"$\alpha$", "≤": r"$\leq$", "≥": r"$\geq$",
    }
)  # fmt: skip


def escape(text: str) -> str:
    """`text` safe for LaTeX: its special characters, and the signs that the tables use."""
    return text.translate(_LATEX)


def pipe_table(header: Sequence[str], lines: Sequence[Sequence[str]], left: int) -> str:
    """A GitHub table; the first `left` columns are aligned left, the others right."""
    assert all(len(line) == len(header) for line in lines)
    rule = [":--"] * left + ["--:"] * (len(header) - left)
    whole = [list(header), *lines]
    whole = [[text.replace("|", r"\|") for text in line] for line in whole]
    whole.insert(1, rule)
    return "\n".join("| " + " | ".join(line) + " |" for line in whole)


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
