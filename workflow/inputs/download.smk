# Which public files there are, and what is stated of them.


def download_entry(wildcards):
    return next(entry for entry in DOWNLOADS.values() if entry["file"] == wildcards.file)


def on_difference(file):
    """What the screens that read a file of the list want where it is not as stated; all must agree to go on."""
    name = next(name for name, entry in DOWNLOADS.items() if entry["file"] == file)
    wanted = {
        entry.get("on_difference", "stop")
        for entry in [*config["datasets"].values(), *config["reversion"]["screens"].values()]
        if name.startswith(f"{entry['kind']}_") or file in (entry.get("proteins"), entry.get("path"))
    }
    return "report" if wanted == {"report"} else "stop"
