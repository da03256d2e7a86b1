"""Print the jobs that Snakemake would run for `all`, one a line, as JSON: planned.py SNAKEFILE CONFIG [FLAG...].

Flags: forceall, as Snakemake's; predict: also the jobs of that target. What a checkpoint would tell is assumed: every
cell type that is asked for is left out in turn, and every pair can be predicted.

What Snakemake tells its loggers about each job has names; what it prints for people has none that it promises to keep.
"""

import json
import logging
import os
import sys
from pathlib import Path

from snakemake.api import SnakemakeApi
from snakemake.logging import logger
from snakemake.settings.types import ConfigSettings, DAGSettings, ExecutionSettings, OutputSettings, ResourceSettings
from snakemake_interface_logger_plugins.common import LogEvent


class Planned(logging.Handler):
    """Prints the jobs that are told of."""

    def emit(self, record: logging.LogRecord) -> None:
        if getattr(record, "event", None) == LogEvent.JOB_INFO:
            told = vars(record)
            job = {"rule": told["rule_name"], "wildcards": dict(told["wildcards"])}
            files = {kind: [str(path) for path in told[kind[:-1]]] for kind in ("inputs", "outputs")}
            print(json.dumps(job | files))


def main(snakefile: Path, config: Path, targets: set[str], forceall: bool) -> None:
    os.environ["EXPRESSIONVAE_PLANNING"] = "1"
    with SnakemakeApi(OutputSettings(dryrun=True, enable_file_logging=False)) as snakemake:
        logger.addHandler(Planned())  # the default one writes to stderr
        try:
            workflow = snakemake.workflow(
                ResourceSettings(cores=1), ConfigSettings(configfiles=[config]), snakefile=snakefile
            )
            dag = workflow.dag(DAGSettings(targets=targets, forceall=forceall, force_incomplete=True))
            dag.execute_workflow(executor="dryrun", execution_settings=ExecutionSettings(lock=False))
        except Exception as error:
            snakemake.print_exception(error)  # as the command line does: without its own stack
            sys.exit(1)


if __name__ == "__main__":
    flags = sys.argv[3:]
    main(Path(sys.argv[1]), Path(sys.argv[2]), {"all", *({"predict"} & {*flags})}, "forceall" in flags)
