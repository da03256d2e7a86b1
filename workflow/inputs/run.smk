# What `all` makes, and how the report shows it.

OVERVIEW, IN_CURVES, IN_RUN = "0 Overview", "4 Training curves", "5 The run"
# What a reader calls the pages that are no item of the paper's.
OF_THE_RUN = {"config": "Config in force", "resources": "Run times and memory", "versions": "Versions"}


def paper_files():
    """What `all` makes: tables and figures, the loss curve of every training, the bins' coverage, the config in force."""
    published, made_up = grid.datasets_of_kind(config, *encoders.PAPER_KINDS), grid.datasets_of_kind(config, "made-up")
    return [
        *made_files(),
        *(f"{folder}/losses.png" for folder in grid.trainings(config)),
        *coverage_files(),
        *(f"results/{name}/quality.{ending}" for name in published for ending in ("pdf", "png")),
        *(f"results/{name}/recovery.csv" for name in made_up),
        *(f"results/{name}/composition.csv" for name in left_out.screens(config)),
        "results/config.yaml",
    ]


def made_files():
    """The files of all tables and figures that the config asks for."""
    return [file for item in grid.items(config) for file in rendered(item, *items.card(item).shown).values()]


def pages():
    """The tables that the report shows as pages: those of the paper, and what tells about the run itself."""
    return [*(Path(file).stem for file in made_files() if file.endswith(".md")), *OF_THE_RUN]


def report_files():
    """What the report shows besides `paper_files`."""
    return [f"{PAPER}/{page}.html" for page in pages()] + ([f"{PAPER}/overview.html"] if overview_sources() else [])


def overview_sources():
    """What the report opens on, as far as the config asks for it."""
    files = {"table1": "table1.md", "claims": "claims.md", "figure2": "figure2.png"}
    return {item: f"{PAPER}/{file}" for item, file in files.items() if item in grid.items(config)}


def page_source(page):
    """What a page is made from."""
    return "results/config.yaml" if page == "config" else f"{PAPER}/{page}.md"


def page_category(page):
    return IN_RUN if page in OF_THE_RUN else items.card(page.removesuffix(".compared")).category


def page_labels(page):
    """How the report lists a page: a figure's is its numbers, a companion sets the paper's beside ours."""
    if page in OF_THE_RUN:
        return {"Result": OF_THE_RUN[page]}
    card = items.card(page.removesuffix(".compared"))
    what = ", beside the paper" if page.endswith(".compared") else ", in numbers" if card.kind == "figure" else ""
    return {"Result": card.menu + what}


def summary():
    """Where to look when tables and figures are done; nothing after a target that made none."""
    made = [f"  {file}" for file in made_files() if file.endswith((".md", ".png")) and Path(file).exists()]
    if len(made) < max(1, len(grid.items(config))):
        return ""
    kinds = "(the same as .csv and .tex, or .pdf, beside them)"
    where = "Everything else lies in results/; docs/results.yaml says what each file means."
    return "\n".join(["", f"Tables and figures {kinds}:", *made, where])


def training_labels(folder):
    """How the report lists the curve of a training: the decisions that its folder names."""
    _, dataset, bottleneck, head, vae, *prior = folder.split("/")
    return {
        "Screen": dataset,
        "Bottleneck": bottleneck,
        "Head": head,
        "Training": f"prior {prior[0]} on {vae}" if prior else vae,
    }
