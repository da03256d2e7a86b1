import pytest
import yaml

from expressionvae.files import UserError
from expressionvae.paper.tables.settings_table import load, settings_table


@pytest.fixture(scope="module", params=["table2", "table3"])
def table(request, repository):
    config = yaml.safe_load((repository / "config" / "config.yaml").read_text())
    printed = load(sorted((repository / "resources" / "published" / "settings").glob("*.csv")))
    return settings_table(request.param, config, printed)


def test_all_lines_have_the_same_number_of_cells(table):
    lines = [line for line in table.markdown.splitlines() if line.startswith("|")]
    assert {line.count("|") for line in lines} == {6}
    assert len(lines) == len(table.frame) + 2


def test_powers_of_ten_are_raised(table):
    assert "× 10⁻⁴" in table.markdown and "x 10^" not in table.markdown
    assert r"\times 10^{-4}$" in table.latex and "x 10" not in table.latex


def test_the_caption_counts_what_agrees(table):
    counted = (table.frame["same"] == "yes").sum()
    assert f"{counted} of {(table.frame['paper'] != '').sum()} settings are the paper's." in table.markdown


def test_latex_is_ascii_and_balanced(table):
    latex = table.latex
    assert latex.isascii()
    assert latex.count("{") - latex.count(r"\{") == latex.count("}") - latex.count(r"\}")


def test_another_item_is_named():
    with pytest.raises(UserError, match="no table of settings is called 'table4'; expected one of table2, table3"):
        settings_table("table4", {}, load([]))


def test_a_missing_column_is_named(tmp_path):
    (tmp_path / "x.csv").write_text("item,setting\n")
    with pytest.raises(UserError, match="x.csv: .*column 'value' is missing"):
        load(tmp_path / "x.csv")
