"""The report of a finished run, opened as a reader does: in a browser, with the network cut off.

It looks for everything that the run has made: a table or figure that is added to the workflow is looked for, too.
"""

import json
import re
import shutil
import time
from pathlib import Path

import pytest

from tests.workflow.conftest import call, tiny

pytestmark = pytest.mark.slow

CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), ""
)
DRIVER = shutil.which("chromedriver") or ""
ROWS = "tbody tr:not(.overview tr)"  # of the menu, and not of the tables on the first page
ITEMS = ["table1", "table2", "figure1", "figure2", "figure3", "richness", "claims"]
# What a reader must find, by the category that it stands in: a word of its title.
WANTED = {
    "0 Overview": ["Overview"],
    "1 Tables": ["Table 1", "Table 2"],
    "2 Figures": ["Figure 1", "Figure 2", "Figure 3", "Richness"],
    "3 Claims": ["Claims"],
    "5 The run": ["Config", "Run times", "Versions"],
}


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    """A folder in which the tiny grid has run and its report has been written."""
    folder = tmp_path_factory.mktemp("report")
    for arguments in (["--", "all"], ["--report", folder / "report.html", "--", "all"]):
        run = call(folder, *tiny("demo.yaml"), "--config", f"items=[{','.join(ITEMS)}]", *arguments)
        assert run.returncode == 0, run.stderr[-3000:]
    return folder


@pytest.fixture(scope="module")
def browser():
    """Headless Chromium that resolves no host name and keeps a log of every request."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="needs selenium (pip install selenium)")
    if not (CHROMIUM and DRIVER):
        pytest.skip("needs chromium and chromedriver (on Debian: apt-get install chromium chromium-driver)")
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    # No sandbox, because Chromium refuses to start as root with one; it opens nothing but our own file.
    for flag in ("headless=new", "no-sandbox", "disable-dev-shm-usage", "host-resolver-rules=MAP * ~NOTFOUND"):
        options.add_argument(f"--{flag}")
    options.add_argument("--window-size=1500,1000")
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    yield driver
    driver.quit()


@pytest.fixture
def report(finished, browser):
    browser.get((finished / "report.html").as_uri())
    eventually(lambda: "Workflow" in browser.find_element("tag name", "body").text)
    return browser


def eventually(check, seconds: float = 20):
    """Wait until `check` returns something true, and return it."""
    until = time.monotonic() + seconds
    while not (found := check()):
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.1)
    return found


def listed(browser, category: str) -> list[str]:
    """The labels of the results in a category, as the menu shows them; opens the category."""
    menu(browser, category)
    return [row.text for row in eventually(lambda: browser.find_elements("css selector", ROWS))]


def menu(browser, entry: str) -> None:
    browser.refresh()  # back to the main menu
    where = f"//li[normalize-space(.)='{entry}']//*[self::a or self::button] | //a[normalize-space(.)='{entry}']"
    eventually(lambda: browser.find_elements("xpath", where))[0].click()


def view(browser, category: str, title: str) -> None:
    """Open the result whose label starts with `title`."""
    listed(browser, category)
    rows = browser.find_elements("css selector", ROWS)
    row = next(row for row in rows if row.text.startswith(title) and "in numbers" not in row.text)
    row.find_elements("css selector", "a")[0].click()


def page_text(browser) -> str:
    """Text of the page that is being viewed."""
    frame = eventually(lambda: browser.find_elements("tag name", "iframe"))[0]
    browser.switch_to.frame(frame)
    text = eventually(lambda: browser.find_element("tag name", "body").text)
    browser.switch_to.default_content()
    return text


def test_every_result_of_the_paper_is_listed_where_a_reader_looks(finished, report):
    shown = {category: listed(report, category) for category in WANTED}
    for category, titles in WANTED.items():
        for title in titles:
            assert any(row.startswith(title) for row in shown[category]), (category, title, shown)
    paper = finished / "results" / "paper"
    made = [*paper.glob("*.html"), *paper.glob("*.png")]
    assert sum(map(len, shown.values())) == len(made), (shown, made)


def test_every_rendered_file_is_in_the_report(finished):
    text = (finished / "report.html").read_text()
    paper = finished / "results" / "paper"
    files = [path for pattern in ("*.png", "*.html") for path in paper.glob(pattern)]
    files += list((finished / "results").glob("**/losses.png"))
    assert len(files) > 8
    missing = [path.name for path in files if f'"{path.relative_to(finished)}"' not in text]
    assert not missing
    markdown = {path.stem for path in paper.glob("*.md")}
    assert markdown <= {path.stem for path in paper.glob("*.html")}, "each Markdown file has a page"


def test_table_1_is_readable(finished, report):
    view(report, "1 Tables", "Table 1")
    text = page_text(report)
    assert "nb-sample" in text and "FD ↓" in text and "| AR" not in text
    number = re.search(r"\| (\d+\.\d+)", (finished / "results/paper/table1.md").read_text())
    assert number and number.group(1) in text


@pytest.mark.parametrize("title", ["Figure 1", "Figure 2", "Figure 3", "Richness"])
def test_a_figure_is_drawn(finished, report, title):
    view(report, "2 Figures", title)
    assert (finished / f"results/paper/{title.lower().replace(' ', '')}.png").exists()
    image = eventually(lambda: report.find_elements("css selector", "img[src^='data:image/png']:not(.overview img)"))[0]
    eventually(lambda: report.execute_script("return arguments[0].naturalWidth", image) > 500)
    assert image.size["width"] <= 1500


def test_the_claims_say_what_holds(finished, report):
    assert (finished / "results/paper/claims.md").exists()
    view(report, "3 Claims", "Claims")
    assert re.search("holds|not decided", page_text(report))


def test_run_times_and_the_config_in_force_are_told(report):
    view(report, "5 The run", "Run times")
    assert "train_vae" in page_text(report)
    view(report, "5 The run", "Config")
    assert "checkpoint_every: 5" in page_text(report)


def test_the_workflow_s_graph_and_description_open_the_report(report):
    menu(report, "Workflow")
    eventually(lambda: report.find_elements("css selector", "svg, canvas"))
    text = report.find_element("tag name", "body").text
    assert "regenerated" in text and "made-up" in text and "{{" not in text


def test_the_first_page_has_table_1_the_verdicts_figure_2_and_links(report):
    text = report.find_element("tag name", "body").text
    assert all(word in text for word in ("Table 1", "FD ↓", "nb-sample", "not decided", "Figure 2"))
    (figure,) = report.find_elements("css selector", ".overview img")
    assert report.execute_script("return arguments[0].naturalWidth", figure) > 500
    for category in WANTED:
        assert report.find_elements("xpath", f"//a[normalize-space(.)='{category}']")


def test_nothing_was_asked_of_the_network_and_nothing_went_wrong(report):
    """Last: it looks at the log of all that the tests above have clicked."""
    menu(report, "Statistics")
    asked = [json.loads(entry["message"])["message"] for entry in report.get_log("performance")]
    urls = [event["params"]["request"]["url"] for event in asked if event["method"] == "Network.requestWillBeSent"]
    assert urls and not [url for url in urls if not url.startswith(("file:", "data:", "blob:", "about:"))]
    assert not [entry for entry in report.get_log("browser") if entry["level"] == "SEVERE"]
