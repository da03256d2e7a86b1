# make demo    every table and figure in miniature, from made-up screens
# make report  the same as one page, report.html, to be opened in any browser
# make demo-baselines  its Table 1 with scVI, CPA, scGen, STATE, scGPT and a linear model, trained here
# make test    all tests;  make quick: those that take less than a minute together
# make slurm-test  the workflow on a SLURM cluster of one node, and what goes wrong there (Debian, as root)
# make baselines-test  baselines of other authors, in environments of their own, on a real screen
# make baselines-test-all  and what takes longer: killed trainings, checkpoints, scLDM, CellFlow
# make check   format, lint, types, walls between the layers;  make format: put right what can be put right
# make docs    the manual, site/index.html, to be opened in any browser; needs no network once .venv/docs is there
# make lock    resolve the versions again
# make bench   timed comparisons
# make clean   remove all results and logs

# The first of these that is there; override with `make PYTHON=...`. Only used to make .venv.
PYTHON ?= $(shell for version in 3.11 3.12 3.13; do command -v python$$version && break; done || command -v python3)
BIN := .venv/bin
READY := .venv/ready
ENGINES := .venv/engines/ready
MANUAL := .venv/docs/ready

.PHONY: demo report demo-baselines test quick slurm-test baselines-test baselines-test-all check format docs lock bench clean

demo: $(READY)
	$(BIN)/snakemake --profile profiles/demo -- all predict

# Finishes what `make demo` has not. Of other results: the same call with their profile and config files.
report: demo
	$(BIN)/snakemake --profile profiles/demo --report report.html -- all predict

# A file's tests stay on one worker, and a worker on one thread: they share fixtures, and cores are few.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/pytest --numprocesses auto --dist loadfile

# Downloads and builds three environments the first time, 4 GB in results/environments.
demo-baselines: $(READY)
	$(BIN)/snakemake --profile profiles/demo --configfile config/demo.yaml config/demo-baselines.yaml -- all

test: $(READY) $(ENGINES)
	$(PYTEST) --ignore tests/slurm -m "not foreign"

quick: $(READY)
	$(PYTEST) -m "not slow and not foreign"

# In the environments that `make demo-baselines` builds: they are kept.
FOREIGN = BASELINE_ENVIRONMENTS="$${BASELINE_ENVIRONMENTS:-results/environments}" OMP_NUM_THREADS=1 \
  $(BIN)/pytest tests/baselines -rs --durations=0

# Skips, with the reason, where an environment cannot be built or the screen of ../shared is not there.
baselines-test: $(READY)
	$(FOREIGN) -m "foreign and not slow"

# In the environments of scLDM and CellFlow too; half an hour and more. SCLDM_REPOSITORY=FOLDER names a clone of its code.
baselines-test-all: $(READY)
	$(FOREIGN) -m foreign

# One cluster at a time: not in parallel. Skips, with the reason, where no SLURM can be had.
slurm-test: $(READY)
	bash tests/slurm/install.sh
	OMP_NUM_THREADS=1 $(BIN)/pytest tests/slurm --durations=0

check: $(READY) $(MANUAL)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/snakemake --lint
	$(BIN)/lint-imports
	$(BIN)/pyright --pythonpath $(BIN)/python
	[ ! -e .venv/docs/bin/hadolint ] || .venv/docs/bin/hadolint envs/Dockerfile

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/snakefmt Snakefile workflow

# Strict: a link that leads nowhere is an error.
docs: $(READY) $(MANUAL)
	PYTHONPATH=.venv/docs NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --quiet --strict
	@echo "The manual: site/index.html"

lock: $(READY)
	PATH="$(CURDIR)/$(BIN):$$PATH" bash envs/lock.sh
	$(BIN)/python baselines/lock.py

bench: $(READY)
	$(BIN)/python benchmarks/run.py

clean:
	rm -rf results logs site .snakemake

# Set up once: again only when the locked versions or the package's own description change.
$(READY): envs/lock.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || \
	  { echo "error: $(PYTHON) is not Python 3.11, 3.12 or 3.13; name one: make PYTHON=/path/to/python"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement envs/lock.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $@

# Beside the environment, not in it: Snakemake loads every plugin that it finds, and Kubernetes' takes two seconds.
$(ENGINES): envs/engines.txt envs/lock.txt | $(READY)
	rm -rf $(@D)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --target $(@D) --constraint envs/lock.txt \
	  --requirement envs/engines.txt
	touch $@

$(MANUAL): envs/docs.txt envs/lock.txt | $(READY)
	rm -rf $(@D)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --target $(@D) --constraint envs/lock.txt \
	  --requirement envs/docs.txt
	touch $@
