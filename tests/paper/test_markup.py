from hypothesis import given
from hypothesis import strategies as st

from expressionvae.paper.markup import escape, latex_table, pipe_table

texts = st.text("|*ab± ", max_size=8)


@given(st.lists(st.lists(texts, min_size=3, max_size=3), max_size=4))
def test_a_table_of_any_text_has_as_many_cells_in_every_line(lines):
    made = pipe_table(["a", "b", "c"], lines, left=1).split("\n")
    assert len(made) == len(lines) + 2
    assert {line.replace(r"\|", "").count("|") for line in made} == {4}


@given(st.text("\\{}&%$#_~^<>|a ", max_size=20))
def test_escaped_text_has_no_command_of_its_own(text):
    escaped = escape(text)
    assert escaped.count("{") == escaped.count("}") or "{" in text or "}" in text
    for sign in "&%$#_":
        assert escaped.count(f"\\{sign}") == escaped.count(sign) == text.count(sign)


def test_the_first_columns_are_aligned_left():
    assert pipe_table(["a", "b", "c"], [], left=2).splitlines()[1] == "| :-- | :-- | --: |"
    assert r"\begin{tabular}{llr}" in latex_table(["a", "b", "c"], [], left=2, caption="c", label="l", notes=[])


def test_a_caption_is_escaped_and_a_note_is_not():
    made = latex_table(["a"], [], left=1, caption="50%", label="x", notes=[r"$\pm$ 1"])
    assert r"\caption{50\%}" in made and r"\footnotesize $\pm$ 1}" in made and r"\label{tab:x}" in made
