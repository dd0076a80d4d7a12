# `make` lists the targets. Each makes what it needs, .venv included; all it
# takes is Python 3.11 to 3.13: make test PYTHON=python3.12

PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed
CODE := nircolor_tf bin configs docs examples tests
# A process per core. Each gets tests that follow one another, which share what
# they made; one that is done takes half of what another has left.
PYTEST := $(BIN)/python -m pytest -n auto --maxprocesses=4 --dist=worksteal

# Names with commas between them, as flags take them.
empty :=
space := $(empty) $(empty)
comma := ,
files = $(subst $(space),$(comma),$(wildcard $(1)))

.DEFAULT_GOAL := help
.PHONY: help demo test test-all lint audit docs bench results

help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | expand -t 20

demo: $(INSTALLED) ## Colorize, train, evaluate and export, in minutes
	$(BIN)/python bin/demo.py

test: $(INSTALLED) ## Run the fast tests
	$(PYTEST)

# In parts: a process that has trained every method holds 10 GB.
test-all: $(INSTALLED) ## Run all tests
	$(PYTEST)
	$(PYTEST) -m slow --ignore=tests/methods --ignore=tests/training
	$(PYTEST) -m slow tests/methods
	$(PYTEST) -m slow tests/training

lint: $(INSTALLED) ## Check style, format and which room imports which
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/lint-imports

# Names and versions go to pypi.org, which answers what is known of them.
audit: .venv-audit/.installed ## Look for known vulnerabilities of the packages
	.venv-audit/bin/pip-audit --strict --no-deps --disable-pip \
	  --requirement constraints.txt

docs: .venv-docs/.installed ## Build the pages as a site, site/index.html
	.venv-docs/bin/mkdocs build --strict

# First that both compute the same.
bench: .venv-bench/.installed ## Compare the speed with PyTorch's, 16 minutes
	.venv-bench/bin/python -m pytest --quiet tests/benchmarks/test_twins.py
	.venv-bench/bin/python bin/benchmark.py \
	  --output=docs/measured/performance --page=docs/performance.md

results: $(INSTALLED) ## Write docs/results.md and the README's table
	$(BIN)/python bin/results.py --rows=docs/results_rows.csv \
	  --evaluation=$(call files,docs/measured/*/val) \
	  --other="RGB-NIR Scene, photos of other scenes=$(call files,docs/measured/*/rgb_nir_scene)" \
	  --costs=$(call files,docs/measured/*/costs.json) \
	  --output=docs/results.md --readme=README.md

# One of its own: `make test` does not grow.
.venv-docs/.installed: setup.cfg constraints.txt pyproject.toml
	$(PYTHON) -m venv .venv-docs
	.venv-docs/bin/python -m pip install --constraint constraints.txt \
	  --editable '.[docs]'
	@touch $@

# One of its own: PyTorch's wheel brings CUDA, 5 GB.
.venv-bench/.installed: setup.cfg constraints.txt pyproject.toml
	$(PYTHON) -m venv .venv-bench
	.venv-bench/bin/python -m pip install --constraint constraints.txt \
	  --editable '.[bench,dev]'
	@touch $@

.venv-audit/.installed:
	$(PYTHON) -m venv .venv-audit
	.venv-audit/bin/python -m pip install 'pip-audit>=2.9,<3'
	@touch $@

$(INSTALLED): setup.cfg constraints.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' \
	  || { echo "error: needs Python 3.11, 3.12 or 3.13; '$(PYTHON)' is" \
	         "$$($(PYTHON) --version 2>&1);" \
	         "name another one: make PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --constraint constraints.txt --editable '.[dev]'
	@touch $@
