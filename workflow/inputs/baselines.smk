# Baselines: who runs where, with which files and which Python.

import functools
import shlex
import sys

from snakemake.settings.types import DeploymentMethod

FOLDERS_OF_BASELINES = HERE / "baselines"
BROUGHT = {path: ways for one in BASELINES.values() for path, ways in one.brought.items()}
CONTRACT = f"{SCREEN}/baselines/inputs"  # what all of them read
scripts_digest = functools.cache(foreign.scripts)  # asked for every job
BY_CONDA = DeploymentMethod.CONDA in workflow.deployment_settings.deployment_method

# Of train.py and predict.py: options.json first, then the Python, then whether there is a GPU to be used.
FOREIGN = """
printf "%s\\n" {params.options:q} > {output.options:q}
python={params.python}
gone="error: {params.about}: there is no $python any more; delete {params.record}, and the same command builds it again"
test -x "$python" || {{ echo "$gone" | tee {log:q} >&2; exit 1; }}
device=cpu
if {params.on_gpu} && test "${{CUDA_VISIBLE_DEVICES-all}}" && nvidia-smi -L 2> /dev/null | grep "^GPU" > /dev/null; then
    device=cuda
fi
"$python" -E -s {params.program:q} {params.files} \
    --options {output.options:q} --device $device \
    --threads {params.threads} --seed {params.seed} --out {output.result:q} 2>&1 | tee {log:q}
"""


def baselines_of(device, part):
    """A wildcard constraint: the baselines that want a GPU, or those that do without, by one of their names."""
    return (
        "|".join(sorted({getattr(one, part) for one in BASELINES.values() if one.page["device"] == device})) or "(?!)"
    )


def baseline_of(wildcards):
    """Of a row by its name; of a training, any of those that share it."""
    if "baseline" in wildcards.keys():
        return BASELINES[wildcards.baseline]
    here = (wildcards.folder, wildcards.training)
    return next(one for one in BASELINES.values() if (one.folder, one.training) == here)


def environment_record(wildcards):
    """The file that names the Python of a baseline; none where conda makes the environment, or it runs in our own."""
    environment = baseline_of(wildcards).environment
    return [] if environment is None or BY_CONDA else f"results/environments/{environment}.txt"


def baseline_python(wildcards):
    """The Python of a baseline, as words of a shell."""
    if BY_CONDA:
        return '"$(command -v python)"'
    record = environment_record(wildcards)
    return f'"$(cat {record})"' if record else shlex.quote(sys.executable)


def baseline_conda(wildcards):
    """What conda makes for a baseline: from its own lock, or the project's environment."""
    environment = baseline_of(wildcards).environment
    return ENVIRONMENT if environment is None else str(FOLDERS_OF_BASELINES / environment / "environment.yaml")


def baseline_program(name):
    """A param: a program of a baseline; by a function of outputs, since its folder may move with the workflow's."""
    return lambda wildcards, output: str(FOLDERS_OF_BASELINES / baseline_of(wildcards).folder / name)


def baseline_lock(wildcards):
    """What an environment depends on: its lock, whatever its date is."""
    return digest(FOLDERS_OF_BASELINES / wildcards.environment / "lock.txt", "sha256")


def labels_if_unknown(wildcards):
    """The check that a baseline can know the held-out perturbations: of a learned table `prepare` has made it."""
    asked = dataset_config(wildcards)["embedding"] != "learned" and baseline_of(wildcards).knows_seen_only
    return f"{CONTRACT}/heldout.txt" if asked else []


def seen_only(wildcards):
    """The rows of a dataset that know a perturbation from training cells alone; all that do where no item asks."""
    asked = foreign.seen_only(config, BASELINES, wildcards.dataset)
    return asked or [name for name, one in BASELINES.items() if one.knows_seen_only]


def vectors_if_wanted(wildcards):
    return f"{CONTRACT}/perturbations.npz" if baseline_of(wildcards).wants_vectors else []


def baseline_weights(wildcards):
    """What a baseline predicts with: entries that differ only in how they predict share a training."""
    one = baseline_of(wildcards)
    return f"{MODEL}/weights".format(**dict(wildcards), folder=one.folder, training=one.training)


def baseline_files(*names):
    """A param: the inputs of a program, as it is told of them."""

    def given(wildcards, input):
        told = [(f"--{name}", str(input[name])) for name in names if input.get(name)]
        return " ".join(f"{flag} {shlex.quote(path)}" for flag, path in told)

    return given


def brought_folders(wildcards):
    """Folders that a baseline's options name and the workflow brings."""
    return list(baseline_of(wildcards).brought)


def brought_downloads(wildcards):
    """What a file of such a folder is called -> its name in the list of downloads."""
    return BROUGHT[f"results/brought/{wildcards.name}"].get("downloads", {})


def brought_records(wildcards):
    missing = [name for name in brought_downloads(wildcards).values() if name not in DOWNLOADS]
    if missing:
        raise WorkflowError(
            f"the list of downloads has no {missing[0]}, which results/brought/{wildcards.name} is made of"
        )
    return [downloaded(name) for name in brought_downloads(wildcards).values()]


def baseline_scripts(program):
    """A param: another script of a baseline is other work, wherever it lies."""
    return lambda wildcards: scripts_digest(FOLDERS_OF_BASELINES, baseline_of(wildcards).folder, program)
