"""Ours beside the paper's, number by number: the companion of every table."""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from expressionvae.catalogue.baselines import BASELINES
from expressionvae.catalogue.items import ItemCard
from expressionvae.paper import names
from expressionvae.paper.columns import COLUMNS
from expressionvae.paper.published import contradictions, with_errors
from expressionvae.paper.tables.notes import without_numbers
from expressionvae.paper.tables.rows import Row
from expressionvae.writing.formatting import DASH, fixed
from expressionvae.writing.markdown import document, pipe_table

NUMBERS = ["ours", "ours_se", "n", "theirs", "theirs_se", "se_source"]
DIFFERENCES = ["difference", "relative", "in_published_se", "in_combined_se"]
COMPARED = ["dataset", "label", "metric", "source", *NUMBERS, *DIFFERENCES, "decimals", "se_decimals"]
WITHIN = 2  # standard errors: what the summary line counts as agreement


def compare(name: str, rows: Sequence[Row], published: pd.DataFrame, datasets: Sequence[str]) -> pd.DataFrame:
    """One row for each number that the paper's item `name` prints for `datasets`, in the paper's order.

    What another item prints for the same quantity, with another mean or standard error, is a row of its own:
    `source` says which item. A standard error that `name` leaves out is that of another item with the same mean,
    if there is one: `se_source` says which. `ours` is NaN where nothing was run. `difference` is ours - theirs,
    `relative` that over theirs, `in_published_se` that over their standard error (NaN where none is printed, or
    one that prints as 0), `in_combined_se` over the root of the sum of both squared. `decimals` are theirs as
    printed.
    """
    other = contradictions(published, name)
    numbers = pd.concat(
        [with_errors(published, name), other.assign(se_source=other["item"].where(other["se"].notna(), ""))]
    )
    lines = []
    for number in numbers[numbers["dataset"].isin(datasets)].to_dict("records"):
        who = (number["model"], number["head"])
        found = [row for row in rows if row.dataset == number["dataset"] and who in row.printed]
        lines += [_line(number, row) for row in found or [None]]
    return _with_differences(pd.DataFrame(lines, columns=COMPARED))


def _line(number: dict, row: Row | None) -> dict:
    cell = row.cells[number["metric"]] if row else None
    return {
        "dataset": number["dataset"],
        "label": row.label if row else _label(number),
        "metric": number["metric"],
        "source": number["item"],
        "ours": cell.mean if cell else math.nan,
        "ours_se": cell.se if cell else math.nan,
        "n": cell.replicates if cell else 0,
        "theirs": number["mean"],
        "theirs_se": number["se"],
        "se_source": number["se_source"],
        "decimals": number["decimals"],
        "se_decimals": number["se_decimals"],
    }


def _label(number: dict) -> str:
    """A row of the paper that was not run."""
    if number["model"] in BASELINES:
        return names.baseline(number["model"], published=True)
    return f"{names.prior(number['model'])} {names.decoder(number['head'])}".strip()


def _with_differences(table: pd.DataFrame) -> pd.DataFrame:
    table = table.astype(dict.fromkeys(["ours", "ours_se", "theirs", "theirs_se"], float))
    table["difference"] = table["ours"] - table["theirs"]
    table["relative"] = table["difference"] / table["theirs"].abs().replace(0, np.nan)
    table["in_published_se"] = table["difference"] / table["theirs_se"].replace(0, np.nan)
    combined = (table["ours_se"] ** 2 + table["theirs_se"] ** 2) ** 0.5
    table["in_combined_se"] = table["difference"] / combined.replace(0, np.nan)
    return table[COMPARED]


def compared_markdown(table: ItemCard, compared: pd.DataFrame, datasets: Sequence[str]) -> str:
    """The companion for reading: a summary, then the worst disagreements first."""
    title = f"**{table.name} beside the paper.**"
    listed = ", ".join(names.dataset(name) for name in datasets)
    if not table.number:
        return document(f"{title} The paper has no such table, so there is nothing to compare.")
    if compared.empty:
        return document(f"{title} {without_numbers(table, datasets)} for {listed}, so there is nothing to compare.")
    header = ["Dataset", "Row", "Metric", "Source", "Ours", "n", "Paper", "Difference", "%", "Paper's SE", "Both SE"]
    notes = [*_NOTES, *table.remarks, *table.paper_remarks]
    lines = [_cells(line) for line in worst_first(compared).to_dict("records")]
    return document(f"{title} {summary(compared)}", pipe_table(header, lines, left=4), *notes)


_NOTES = [
    "Difference: ours minus the paper's; as a percentage of the paper's number, in units of its standard error, and of "
    "both standard errors together (root of the sum of squares). A standard error is over replicates; the paper does "
    "not say which of its stages were seeded anew. Where a table leaves it out and another item prints the same number "
    "with one, that one is taken (*). One that prints as zero gives no unit.",
    "Order: most of the paper's standard errors first; then, without those, the largest percentage; then what was not "
    "run or is undefined here. Where the paper prints a quantity twice with different numbers, each is a row: see "
    "Source. Our numbers without a published one are left out.",
]


def worst_first(compared: pd.DataFrame) -> pd.DataFrame:
    """By units of the published standard error; then, where there is none, by percentage; then what has no ours."""
    size = compared[["in_published_se", "relative"]].abs()
    order = size.sort_values(["in_published_se", "relative"], ascending=False, na_position="last", kind="stable")
    return compared.loc[order.index]


def summary(compared: pd.DataFrame) -> str:
    """How many of how many numbers agree, in one line."""
    both = compared[compared["ours"].notna()]
    text = f"{len(both)} of the {len(compared)} published numbers have ours beside them."
    if both.empty:
        return text
    measured = both["in_published_se"].dropna().abs()
    if len(measured):
        close = int((measured <= WITHIN).sum())
        text += f" {close} of {len(measured)} with a published standard error above zero lie within {WITHIN} of those."
    else:
        text += " None of them has a published standard error above zero."
    combined = both["in_combined_se"].dropna().abs()
    if len(combined):
        close = int((combined <= WITHIN).sum())
        text += f" {close} of {len(combined)} with both ours and theirs lie within {WITHIN} combined standard errors."
    apart = 100 * both["relative"].dropna().abs()
    return text + (f" Half of all lie within {apart.median():.2g}% of the paper's number." if len(apart) else "")


def _cells(line: dict) -> list[str]:
    decimals = int(line["decimals"])
    ours, theirs = fixed(line["ours"], decimals), fixed(line["theirs"], decimals)
    if math.isfinite(line["ours_se"]):
        ours += f" ± {fixed(line['ours_se'], decimals)}"
    if math.isfinite(line["theirs_se"]):
        theirs += f" ± {fixed(line['theirs_se'], int(line['se_decimals']))}"
        theirs += "" if line["se_source"] == line["source"] else "*"
    units = [_signed(line[key], 1) for key in ("in_published_se", "in_combined_se")]
    return [
        names.dataset(line["dataset"]), line["label"], COLUMNS[line["metric"]].unicode, names.item(line["source"]),
        ours, str(line["n"] or DASH), theirs, _signed(line["difference"], decimals),
        _signed(100 * line["relative"], 1), *units,
    ]  # fmt: skip


def _signed(value: float, decimals: int) -> str:
    text = fixed(value, decimals)
    return f"+{text}" if math.isfinite(value) and value > 0 and float(text) else text
