from expressionvae.manual.cells import laid_out
from expressionvae.run.report_page import PROSE


def test_a_name_in_code_may_be_broken_inside_and_its_tags_stay_whole():
    cell = "<td><code>vae.model/mean_width</code> a.b</td>"
    assert laid_out(cell) == "<td><code>vae.<wbr>model/<wbr>mean_<wbr>width</code> a.b</td>"


def test_a_long_cell_is_prose_whatever_its_tags_and_a_short_one_is_not():
    long, short = "w" * (PROSE + 1), "<a href='" + "w" * PROSE + "'>x</a>"
    assert laid_out(f'<td style="x">{long}</td>') == f'<td class="prose" style="x">{long}</td>'
    assert laid_out(f"<td>{short}</td>") == f"<td>{short}</td>"


def test_outside_of_cells_nothing_changes():
    text = "<p><code>a.b</code></p><th>c_d</th>"
    assert laid_out(text) == text
