# make demo    Table 1 and Figure 2 in miniature, from a made-up screen
# make report  the same as one page, report.html, to be opened in any browser
# make demo-baselines  its Table 1 with scVI, CPA, scGen, STATE, scGPT and a linear model, trained here
# make test    all tests;  make quick: those that take less than a minute together
# make slurm-test  the workflow on a SLURM cluster of one node, and what goes wrong there (Debian, as root)
# make baselines-test  baselines of other authors, in environments of their own
# make check   format, lint, types, walls between the layers
# make lock    resolve the versions again
# make bench   timed comparisons

# The first of these that is there; override with `make PYTHON=...`. Only used to make .venv.
PYTHON ?= $(shell for version in 3.11 3.12 3.13; do command -v python$$version && break; done || command -v python3)
BIN := .venv/bin
READY := .venv/ready
ENGINES := .venv/engines/ready

.PHONY: demo report demo-baselines test quick slurm-test baselines-test check format lock bench clean

demo: $(READY)
	$(BIN)/snakemake --profile profiles/demo -- all

# Finishes what `make demo` has not. Of other results: the same call with their profile and config files.
report: demo
	$(BIN)/snakemake --profile profiles/demo --report report.html -- all

# A file's tests stay on one worker, and a worker on one thread: they share fixtures, and cores are few.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/pytest --numprocesses auto --dist loadfile

# Downloads and builds three environments the first time, 4 GB in results/environments.
demo-baselines: $(READY)
	$(BIN)/snakemake --profile profiles/demo --configfile config/demo.yaml config/demo-baselines.yaml -- all

test: $(READY) $(ENGINES)
	$(PYTEST) --ignore tests/slurm -m "not foreign"

quick: $(READY)
	$(PYTEST) -m "not slow and not foreign"

# Downloads and builds the environments of the baselines, some 8 GB; half an hour.
baselines-test: $(READY)
	OMP_NUM_THREADS=1 $(BIN)/pytest tests/baselines -m foreign --durations=0

# One cluster at a time: not in parallel. Skips, with the reason, where no SLURM can be had.
slurm-test: $(READY)
	bash tests/slurm/install.sh
	OMP_NUM_THREADS=1 $(BIN)/pytest tests/slurm --durations=0

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/snakemake --lint
	$(BIN)/lint-imports
	$(BIN)/pyright --pythonpath $(BIN)/python

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/snakefmt Snakefile workflow

lock: $(READY)
	PATH="$(CURDIR)/$(BIN):$$PATH" bash envs/lock.sh
	$(BIN)/python baselines/lock.py

bench: $(READY)
	$(BIN)/python benchmarks/run.py

clean:
	rm -rf results logs .snakemake

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
