"""Print what the config in force will cost, and what of it has been used."""

import subprocess
import sys
import tempfile
from pathlib import Path

from expressionvae.console import reporting

with reporting(snakemake.log[0]):
    import yaml

    from expressionvae.files import RESTORE, UserError, reading
    from expressionvae.run import costs, estimate, resources

    p = snakemake.params
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "config.yaml").write_text(yaml.safe_dump(p.config), encoding="utf-8")
        call = [sys.executable, p.planned, p.snakefile, f"{folder}/config.yaml"]
        runs = [subprocess.run([*call, *flag], capture_output=True, text=True) for flag in (["forceall"], [])]
    if failed := next((run for run in runs if run.returncode), None):
        raise UserError(f"Snakemake could not plan this config:\n{failed.stderr.strip()[-2000:]}")
    whole, left = (costs.read_jobs(run.stdout) for run in runs)
    with reading(p.table, "measured costs (devices, screens, cells_per_s, bytes_per_value)", RESTORE):
        table = yaml.safe_load(Path(p.table).read_text(encoding="utf-8"))
        device = p.config["plan"]["device"]
        prices = costs.Costs(p.config, table, device, list(p.downloads.values()), p.trainings)
    used = resources.summarise(resources.read(p.folder), order=[]) if Path(p.folder).is_dir() else None
    print(estimate.text(whole, left, prices, used), file=sys.__stdout__)
