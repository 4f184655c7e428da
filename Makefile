# `make demo` and `make test` need python3 (3.11 or newer), git and a package registry; nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN := $(VENV)/.installed
DEV := $(VENV)/.installed-dev

.PHONY: demo test test-agents lint pytest bench screenshots clean help

help: ## what there is
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST)

$(RUN): pyproject.toml app/entry.py
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Shopfloor needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	touch $(RUN)

$(DEV): $(RUN)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $(DEV)

demo: $(RUN) ## four agents at work on a sample repository, played offline
	$(BIN)/shopfloor demo

test: $(DEV) ## everything that decides: lint and pytest, at the same time
	$(MAKE) --no-print-directory -j 2 lint pytest

pytest: $(DEV) ## the tests, by four at once, since half of their time is waiting; who has none left takes some of another's
	$(BIN)/python -m pytest -n 4 --dist worksteal

test-agents: $(DEV) ## real agents from npm, confined, against a model on this machine
	$(BIN)/python -m tests.real

lint: $(DEV) ## ruff, mypy, import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

bench: $(DEV) ## measure against the budgets
	$(BIN)/python -m tests.bench

screenshots: $(DEV) ## draw screenshots/ from the real program
	$(BIN)/python -m tests.screenshots
	$(BIN)/python -m tests.web_picture

clean: ## remove the environment and caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache
