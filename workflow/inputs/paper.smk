# Which files an item is made from, and which it makes.

from expressionvae.catalogue import items
from expressionvae.provenance import source

PUBLISHED = [local(str(path)) for path in sorted((RESOURCES / "published").glob("*.csv"))]
PUBLISHED_SETTINGS = [local(str(path)) for path in sorted((RESOURCES / "published" / "settings").glob("*.csv"))]
SETTINGS_SECTIONS = "bottlenecks heads bins vae priors prior validation".split()
FIGURE1_SECTIONS = "screens datasets esm2 bottlenecks heads decoders priors vae prior".split()
SCORE_TABLES = [item for item in config["paper"] if items.card(item).kind == "scores" and grid.item_runs(config, item)]
COMPARED = ("compared.csv", "compared.md")


def rendered(item, *endings):
    """The files of a table or figure, by name: results/paper/{item}.csv and so on."""
    return {ending.replace(".", "_"): f"{PAPER}/{item}.{ending}" for ending in endings}


def picture(item):
    """A figure as the report shows it."""
    card = items.card(item)
    caption, labels = f"../report/{item}.rst", {"Result": card.menu}
    return report(f"{PAPER}/{item}.png", caption=caption, category=card.category, labels=labels)


def tables(printed):
    """A wildcard constraint: the tables of scores that the paper has, or those that it lacks."""
    return "|".join(item for item in SCORE_TABLES if bool(items.card(item).number) == printed) or "(?!)"


def coverage_files():
    return [f"results/{name}/bin_coverage.json" for name in grid.datasets(config)]


def scored_items():
    """The tables and figures with scores behind them, which the claims are judged on."""
    return [item for item in grid.items(config) if grid.item_runs(config, item)]


def made_up():
    """Names of the simulated screens, for training and for reversion."""
    screens = config["datasets"] | config["reversion"]["screens"]
    return [name for name, entry in screens.items() if entry["kind"] == "made-up"]


def score_files(kind, item):
    return [f"{run.folder}/{kind}.csv" for run in grid.item_runs(config, item)]


def companion_files(item):
    """The two score files of each run beside an item, one after the other."""
    runs = grid.companion_runs(config, item)
    return [f"{run.folder}/{kind}.csv" for run in runs for kind in ("distribution", "effects")]


def left_out_beside(item):
    """The screens of an item whose left-out cell types stand in its companion: those of Table 1."""
    return (
        [name for name in left_out.screens(config) if name in grid.datasets(config, item)] if item == "table1" else []
    )


def run_records(item):
    return [vars(run) for run in grid.item_runs(config, item)]


def notes_of(item):
    return {name: config["datasets"][name].get("note", "") for name in grid.datasets(config, item)}


def rerun_of(item):
    """What tables say of the baselines that were trained here."""
    return {
        name: {"label": BASELINES[name].label, "folder": BASELINES[name].folder} for name in grid.rerun(config, item)
    }


def pairs_of_rows():
    """What claims say of the baselines with two rows of one training: of its means, and of samples."""
    asked = [BASELINES[name] for name in grid.rerun(config)]
    return [
        {"mean": mean.name, "sample": sample.name, "mean_label": mean.label, "sample_label": sample.label}
        for mean, sample in foreign.pairs(asked)
    ]


def reversion_notes():
    """What Figure 3 says of each screen: its note, and whether the published figure is about it."""
    screens = config["reversion"]["screens"]
    return {name: {key: screens[name].get(key) for key in ("note", "published")} for name in encoders.screens(config)}
