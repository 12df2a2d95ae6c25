# make demo | make test | make lint | make paper      (each sets up .venv by itself)
# make plan             what a configuration will cost, before anything runs: CONFIG="config/paper.yaml"
# make test-slurm       the tests on a SLURM of their own, where Debian's slurm-wlm and munge are there
#
# PYTHON=python3.12   another interpreter (3.11 or newer)
# TORCH=cpu|cuda      which PyTorch to install
# ARGS="..."          further options for snakemake or pytest

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := demo

PYTHON ?= python3
TORCH ?= cpu
ARGS ?=
CONFIG ?=

INSTALLED := .venv/.installed-$(TORCH)
ACTIVATE := source .venv/bin/activate &&
CPU_WHEELS := https://download.pytorch.org/whl/cpu

# One thread per process: jobs and tests run side by side.
export OMP_NUM_THREADS := 1

.PHONY: demo test test-slurm lint paper plan

demo: $(INSTALLED)
	$(ACTIVATE) snakemake $(ARGS)
	@echo "The report is results/report.html."

paper: $(INSTALLED)
	$(ACTIVATE) snakemake --configfile config/paper.yaml $(ARGS)

plan: $(INSTALLED)
	$(ACTIVATE) snakemake --dry-run $(if $(CONFIG),--configfile $(CONFIG)) $(ARGS)

test: $(INSTALLED)
	$(ACTIVATE) pytest -n 2 --dist loadfile $(ARGS)

test-slurm: $(INSTALLED)
	$(ACTIVATE) pytest -m slurm -rs tests/slurm $(ARGS)

lint: $(INSTALLED)
	$(ACTIVATE) ruff check
	$(ACTIVATE) ruff format --check
	$(ACTIVATE) mypy
	$(ACTIVATE) snakefmt --check workflow
	$(ACTIVATE) snakemake --lint

$(INSTALLED): envs/requirements.txt
	@[[ "$(TORCH)" == cpu || "$(TORCH)" == cuda ]] \
	  || { echo "TORCH is $(TORCH); choose cpu or cuda." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed, and $(PYTHON) is not: say make PYTHON=python3.12, for example." >&2; exit 1; }
	$(PYTHON) -m venv --clear .venv
	@index=""; \
	if [[ "$(TORCH)" == cpu ]] && .venv/bin/python -c \
	  'import urllib.request; urllib.request.urlopen("$(CPU_WHEELS)/torch/", timeout=5)' 2> /dev/null; \
	then index="--extra-index-url $(CPU_WHEELS)"; fi; \
	echo "Installing the packages of envs/requirements.txt into .venv ..."; \
	.venv/bin/python -m pip install --quiet --disable-pip-version-check $$index -r envs/requirements.txt
	@touch $@
