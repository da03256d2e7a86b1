import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expressionvae.run import report_page
from expressionvae.writing.markdown import pipe_table
from expressionvae.writing.markup import TAGS, escape, plain, prose
from tests.run.test_report_page import Reader


@given(st.text("\\{}&%$#_~^<>|a ", max_size=20))
def test_escaped_text_has_no_command_of_its_own(text):
    escaped = escape(text)
    assert escaped.count("{") == escaped.count("}") or "{" in text or "}" in text
    for sign in "&%$#_":
        assert escaped.count(f"\\{sign}") == escaped.count(sign) == text.count(sign)


HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "</p></main><iframe src='https://evil.invalid'></iframe>",
    "<sup onclick=alert(1)>x</sup>",
    "<b><script>x</script></b>",
    "<SCRIPT>x</SCRIPT>",
    "<scr<b></b>ipt>x</script>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;script&#62;x",
    "![a](https://evil.invalid/x.png)",
    "[a](javascript:alert(1))",
    "[a](https://evil.invalid)",
    "<https://evil.invalid>",
    "[a]: https://evil.invalid",
    "a <!-- b --> c",
    "``` x ``` `y`",
    "*a* _b_ **c** ~~d~~",
    "a | b || c \\| d \\",
    "two\n\n# lines\r\n\n    and code\n- a\n1. b",
    "costs $5 and $6 & 7 % of #1 {x} \\input{/etc/passwd} ^~",
    "\x00\x1b[31m",
]
texts_of_users = st.one_of(st.sampled_from(HOSTILE), st.text("<>/&;#!()[]`*_~|\\$ \nabsup=\"'", max_size=30))


@given(texts_of_users)
def test_a_text_of_a_user_is_shown_as_it_stands_and_does_nothing(text):
    made = report_page.from_markdown(f"**Table 1.** {prose(text)} end", "t")
    reader = Reader(made)
    assert not reader.open and not reader.crossed and not reader.addresses
    body = made[made.index("<main>") : made.index("</main>")]
    assert set(re.findall(r"<(\w+)", body)) <= {"main", "p", *TAGS}
    seen = html.unescape(re.sub("<[^>]*>", "", body))
    assert seen.split() == f"Table 1. {plain(text)} end".split()


@given(texts_of_users)
def test_a_text_of_a_user_stays_in_its_cell(text):
    made = report_page.from_markdown(pipe_table(["a", "b"], [[prose(text), "1"]], left=1) + "\n", "t")
    assert made.count("<td") == 2 and made.count("<tr>") == 2


@given(texts_of_users)
def test_a_text_of_a_user_has_no_command_in_latex(text):
    made = escape(text)
    signs = r"text(backslash|asciitilde|asciicircum|less|greater|bar)\{\}"
    rest = re.sub(rf"\\({signs}|text(sub|super)script|text(it|bf)|emph|[{{}}&%$#_])", "", made)
    assert "\\" not in rest and not set("&%$#_^~\n") & set(rest)


@pytest.mark.parametrize(
    ("text", "markdown", "latex", "figure"),
    [
        ("IFN-β, 10<sup>4</sup> cells", "IFN-β, 10<sup>4</sup> cells", r"IFN-$\beta$, 10\textsuperscript{4} cells",
         "IFN-β, 104 cells"),
        ("CO<sub>2</sub> & <i>in vivo</i>", "CO<sub>2</sub> &amp; <i>in vivo</i>",
         r"CO\textsubscript{2} \& \textit{in vivo}", "CO2 & in vivo"),
        ("10&thinsp;000 &amp; more", "10\u2009000 &amp; more", r"10\,000 \& more", "10\u2009000 & more"),
        ("a_b, 5 < 6", r"a\_b, 5 &lt; 6", r"a\_b, 5 \textless{} 6", "a_b, 5 < 6"),
        ("line\nbreak\t", "line break ", "line break ", "line break "),
    ],
)  # fmt: skip
def test_what_our_notes_need_is_kept_in_every_format(text, markdown, latex, figure):
    assert (prose(text), escape(text), plain(text)) == (markdown, latex, figure)
