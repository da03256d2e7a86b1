from hypothesis import given
from hypothesis import strategies as st

from expressionvae.writing.markdown import document, pipe_table

texts = st.text("|*ab± ", max_size=8)


@given(st.lists(st.lists(texts, min_size=3, max_size=3), max_size=4))
def test_a_table_of_any_text_has_as_many_cells_in_every_line(lines):
    made = pipe_table(["a", "b", "c"], lines, left=1).split("\n")
    assert len(made) == len(lines) + 2
    assert {line.replace(r"\|", "").count("|") for line in made} == {4}


def test_the_first_columns_are_aligned_left():
    assert pipe_table(["a", "b", "c"], [], left=2).splitlines()[1] == "| :-- | :-- | --: |"


def test_blocks_stand_apart_and_the_last_line_ends():
    assert document("a", "b\nc") == "a\n\nb\nc\n"


def test_no_other_module_joins_a_table_by_hand(repository):
    source = repository / "src" / "expressionvae"
    writers = [path for path in source.rglob("*.py") if '":--"' in path.read_text() or '"| "' in path.read_text()]
    assert writers == [source / "writing" / "markdown.py"]
