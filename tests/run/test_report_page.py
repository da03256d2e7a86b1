import re
from html.parser import HTMLParser

import pytest

from expressionvae.run import report_page

TABLE = "**Table 1.** A caption.\n\n| Model | W₂ ↓ |\n| :-- | --: |\n| AR<sup>a</sup> | **1.5** ± 0.1 |\n"
TABLE += "\n<sup>a</sup> A note.\n"


class Reader(HTMLParser):
    """Text and attributes of a page; notes every tag that is closed out of order."""

    def __init__(self, text: str):
        super().__init__()
        self.open, self.words, self.addresses, self.crossed = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.addresses += [value for name, value in attrs if name in ("src", "href")]
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag):
        if self.open.pop() != tag:
            self.crossed.append(tag)

    def handle_data(self, data):
        self.words.append(data)


def test_a_table_becomes_a_table_with_its_caption_and_notes():
    text = report_page.from_markdown(TABLE, "Table 1")
    reader = Reader(text)
    assert not reader.open and not reader.crossed
    assert "<strong>Table 1.</strong> A caption." in text and "<sup>a</sup> A note." in text
    assert '<td style="text-align:right"><strong>1.5</strong> ± 0.1</td>' in text
    assert "<title>Table 1</title>" in text


def test_nothing_is_loaded_from_elsewhere():
    text = report_page.from_markdown(TABLE, "t")
    assert not Reader(text).addresses and "url(" not in text and "@import" not in text


def test_long_cells_are_broken_into_lines_and_numbers_are_not():
    text = report_page.from_markdown(f"| a | b |\n| :-- | --: |\n| {'word ' * 12} | 1 |\n", "t")
    assert text.count('class="prose"') == 1


def test_a_page_of_code_shows_signs_as_they_are(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text("a: <b>  # 1 & 2\n")
    text = report_page.from_file(path, "x < y")
    assert "a: &lt;b&gt;  # 1 &amp; 2" in text and "<title>x &lt; y</title>" in text


@pytest.mark.parametrize("text", ["\n", "no table", "| a |\n"])
def test_any_markdown_makes_a_whole_page(tmp_path, text):
    (tmp_path / "x.md").write_text(text)
    reader = Reader(report_page.from_file(tmp_path / "x.md", "x"))
    assert not reader.open and not reader.crossed


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "a <img src=x onerror=alert(1)> b",
        "<div>\n\n<iframe src='https://evil.invalid'></iframe>\n\n</div>",
        "| a |\n| :-- |\n| <svg onload=alert(1)> |\n",
        "![x](https://evil.invalid/x.png)",
        "[x](javascript:alert(1))",
        "<sup onclick='alert(1)'>x</sup>",
        "<sup>never closed <b>crossed</sup></b>",
        "</main></body>",
    ],
)
def test_whatever_a_markdown_file_holds_the_page_runs_nothing_and_loads_nothing(text):
    made = report_page.from_markdown(text, "t")
    reader = Reader(made)
    assert not reader.open and not reader.crossed and not any("javascript" in link for link in reader.addresses)
    body = made[made.index("<main>") :]  # a link asks for nothing until a reader follows it
    assert not re.search(r"<(script|img|iframe|svg|div|[a-z]+ [^>]*on\w+=)", body.replace('<div class="wide">', ""))


def test_superscripts_of_a_table_are_kept():
    assert "AR<sup>a</sup>" in report_page.from_markdown(TABLE, "t")
