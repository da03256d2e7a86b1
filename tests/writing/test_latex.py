from expressionvae.writing.latex import latex_table


def test_the_first_columns_are_aligned_left():
    assert r"\begin{tabular}{llr}" in latex_table(["a", "b", "c"], [], left=2, caption="c", label="l", notes=[])


def test_a_caption_is_escaped_and_a_note_is_not():
    made = latex_table(["a"], [], left=1, caption="50%", label="x", notes=[r"$\pm$ 1"])
    assert r"\caption{50\%}" in made and r"\footnotesize $\pm$ 1}" in made and r"\label{tab:x}" in made
