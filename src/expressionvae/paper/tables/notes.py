"""What stands around a table: what signs and references mean, what is missing, where the paper disagrees."""

import math
from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

from expressionvae import grid
from expressionvae.catalogue.baselines import CONTROL, FLOOR
from expressionvae.catalogue.items import ITEMS, ItemCard
from expressionvae.catalogue.metrics import FAR
from expressionvae.paper import names
from expressionvae.paper.columns import COLUMNS, Column
from expressionvae.paper.published import disagreements
from expressionvae.paper.tables.rows import Cell, Row
from expressionvae.writing.formatting import fixed

TYPES = "types"  # why a row carries a footnote: its cells are of other types
LIBRARY = {
    grid.TRUE_CELL: "Decoders of the nb head are told the library size of the true cell that each prediction is "
    "compared with, as in the authors' code (config key library_size); the companion of Table 1 and the table "
    "library-leak have rows that draw it.",
    grid.DRAWN: "Decoders of the nb head draw each library size from training cells of the cell type (config key "
    "library_size); the authors' code tells them that of the true cell: see the companion of Table 1.",
}


def told(libraries: Mapping[str, str], decoders: Iterable[str]) -> list[str]:
    """What the config tells those of some decoders that need a library size (`grid.libraries`), a sentence each way."""
    return [LIBRARY[size] for size in dict.fromkeys(libraries[name] for name in decoders if name in libraries)]


def marks(rows: Sequence[Row]) -> dict[str, str]:
    """Footnote letter of each reason that occurs in `rows`, in the order of the footnotes."""
    reasons = [reason for reason in (CONTROL, FLOOR) if any(row.key[3] == reason for row in rows)]
    reasons += [TYPES] if any(row.of_other_types for row in rows) else []
    cells = [cell for row in rows for cell in row.cells.values()]
    reasons += [reason for reason in ("undefined", "partly") if any(reason_of(cell) == reason for cell in cells)]
    return {reason: "abcde"[i] for i, reason in enumerate(reasons)}


def marks_of(row: Row, marks: Mapping[str, str]) -> str:
    """The footnote letters of a row's name, as in "a,c"."""
    reasons = [row.key[3]] + ([TYPES] if row.of_other_types else [])
    return ",".join(marks[reason] for reason in reasons if reason in marks)


def reason_of(cell: Cell) -> str | None:
    """Why a cell carries a footnote: undefined in all replicates, in some ("partly"), or neither (None)."""
    if cell.undefined == 0:
        return None
    return "partly" if cell.replicates else "undefined"


def footnotes(rows: Sequence[Row]) -> list[tuple[str, str]]:
    """(letter, text) of each footnote."""
    texts = {
        CONTROL: "Control as prediction: control cells as the prediction for every perturbation; "
        "a reference that the paper lacks. It competes for bold.",
        FLOOR: "True against true: real cells scored as a prediction; a reference the paper lacks, "
        f"never bold. {_floor_sizes(rows)}",
        TYPES: f"Cells of other types: {_strays(rows)}. The share of perturbed cells that a classifier calls of the "
        f"wanted cell type is more than {FAR:g} below that of the true cells (identity); distances and effects do not "
        "show it.",
        "undefined": f"Undefined, nothing could be scored (n_valid = 0): {_where(rows, 'undefined')}.",
        "partly": f"Undefined in some replicates, mean over the others: {_where(rows, 'partly')}.",
    }
    return [(letter, texts[reason]) for reason, letter in marks(rows).items()]


def _strays(rows: Sequence[Row]) -> str:
    """As in: AR nb-sample on Replogle (0.23, true 0.98)."""
    return ", ".join(
        f"{row.label} on {names.dataset(row.dataset)} ({fixed(row.identity_of('identity').mean, 2)}, true "
        f"{fixed(row.identity_of('identity_true').mean, 2)})"
        for row in rows
        if row.of_other_types
    )


def _floor_sizes(rows: Sequence[Row]) -> str:
    halves, ceilings = _sizes(rows, of_cells=True), _sizes(rows, of_cells=False)
    return (
        "Distribution metrics: one random half of the true cells against the other, PCA fitted on one; "
        f"cells per side {halves or 'not known'}. These metrics depend on the number of cells, and the rows "
        "above have more of them: compare this row with theirs at half of the cells, in the companion "
        "(.compared.md, where the table has one) and in the columns _half of the CSV file. "
        "Effects: a ceiling as cell-eval has it (one half predicting the other, corrected to full depth by "
        f"Spearman-Brown); perturbations {ceilings or 'not known'}."
    )


def _sizes(rows: Sequence[Row], of_cells: bool) -> str:
    """As in "n = 2,500 (Replogle), n = 2,400 (Parse 1M)" of the floor rows."""
    parts = []
    for row in rows:
        cells = [cell for name, cell in row.cells.items() if COLUMNS[name].of_cells == of_cells]
        sizes = {cell.size for cell in cells if cell.replicates and cell.size is not None}
        if row.key[3] == FLOOR and sizes:
            parts.append(f"n = {_span(sizes)} ({names.dataset(row.dataset)})")
    return ", ".join(parts)


def _span(sizes: set[int]) -> str:
    low, high = min(sizes), max(sizes)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def _where(rows: Sequence[Row], reason: str) -> str:
    """Replicates without a value, of all, as in: Sp-sig on Replogle: AR mse (4 of 4), MDLM mse (4 of 4)."""
    places: dict[str, list[str]] = {}
    for row in rows:
        for name, cell in row.cells.items():
            if reason_of(cell) == reason:
                where = f"{COLUMNS[name].unicode} on {names.dataset(row.dataset)}"
                count = f"({cell.undefined} of {cell.replicates + cell.undefined})"
                places.setdefault(where, []).append(f"{row.label} {count}")
    return "; ".join(f"{where}: {', '.join(who)}" for where, who in places.items())


def caption(
    table: ItemCard, rows: Sequence[Row], numbers: pd.DataFrame, datasets: Sequence[str], notes: Mapping[str, str]
) -> str:
    """What ± and the brackets are, which datasets the paper does not have; `numbers` are the paper's for this table."""
    new = [name for name in datasets if name not in set(numbers["dataset"])]
    counts = sorted({row.replicates for row in rows if row.replicates})
    parts = [f"{names.dataset(name)}: {notes[name].rstrip('.')}." for name in datasets if notes.get(name)]
    parts.append("Cells: mean ± standard error over replicates (sd with n - 1, over √n).")
    parts.append("A replicate is a training, with the mean over its draws; of a single training, a draw.")
    if counts:
        parts.append(f"Column n counts the replicates ({' or '.join(map(str, counts))}); n = 1 has no standard error.")
    parts.append(
        "Bold: best of our own numbers in the column, for that dataset, where no other prints the same or lies within "
        "noise of it (as claims.md has it); with such a tie none is bold."
    )
    if len(new) < len(datasets):
        parts.append(f"In brackets: the number that the paper's {table.number} prints.")
    if not table.number:
        parts.append("The paper has no such table.")
    elif new:
        listed = ", ".join(names.dataset(name) for name in new)
        parts.append(f"{without_numbers(table, new)} for {listed}, so none stand beside ours there.")
    return " ".join(parts)


def without_numbers(table: ItemCard, datasets: Sequence[str]) -> str:
    """The beginning of "has no numbers for ...": of the paper, or, for the paper's own datasets, of one table."""
    return (
        f"The paper's {table.number} has no numbers"
        if set(datasets) & set(names.DATASETS)
        else "The paper has no numbers"
    )


def remarks(
    table: ItemCard,
    name: str,
    rows: Sequence[Row],
    published: pd.DataFrame,
    columns: Sequence[Column],
    datasets: Sequence[str],
    libraries: Mapping[str, str],
) -> list[str]:
    """Notes without a mark: the table's own, what nb decoders are told, what was not run, what the paper lacks, and
    where it disagrees with itself."""
    texts = list(table.remarks)
    texts += told(libraries, [row.key[2] for row in rows])
    known = set(published.loc[published["item"] == name, "dataset"]) & set(datasets)
    texts += table.paper_remarks if known else ()
    unrun = [row for row in rows if row.kind != "reference" and row.replicates == 0]
    who = dict.fromkeys(row.label for row in unrun)
    texts += [f"Not run here, published number only: {', '.join(who)}."] if who else []
    texts += _only_ours(table, [row for row in rows if row.dataset in known])
    for other in dict.fromkeys(published["item"]):
        texts += _disagreement(name, str(other), published, columns, datasets) if other != name else []
    return texts


def _only_ours(table: ItemCard, rows: Sequence[Row]) -> list[str]:
    run = [row for row in rows if row.kind == "model" or (row.kind == "baseline" and row.replicates)]
    ours = [r for r in run if all(math.isnan(cell.published) for cell in r.cells.values())]
    who = dict.fromkeys(row.label for row in ours)
    return [f"Not in the paper's {table.number}: {', '.join(who)}."] if who else []


def _disagreement(
    name: str, other: str, published: pd.DataFrame, columns: Sequence[Column], datasets: Sequence[str]
) -> list[str]:
    found = disagreements(published, name, other)
    found = found[found["dataset"].isin(datasets) & found["metric"].isin([column.name for column in columns])]
    places = []
    for line in found.to_dict("records"):
        decoder = names.decoder(line["head"])
        who = f"{names.prior(line['model'])} {decoder} on {names.dataset(line['dataset'])}"
        first, second = (fixed(line[f"mean_{i}"], int(line[f"decimals_{i}"])) for i in ("first", "second"))
        places.append(f"{who}, {COLUMNS[line['metric']].unicode} {first} against {second}")
    if not places:
        return []
    where = names.item(other)
    return [f"The paper disagrees with itself; {ITEMS[name].number} (shown) against {where}: {'; '.join(places)}."]
