# Each target sets up what it needs in .venv/; nothing else has to be installed first but Python 3.11 to 3.13, git and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready
FAST := not slow

.PHONY: run test test-all lint bench lock

run: $(STAMP)
	@$(BIN)/threadmill clean raw processed
	@$(BIN)/python -m flows.first_query processed

# What is tested is the build, made anew where the sources changed; test-all has the same tests as plain Python.
test: $(STAMP) lint
	@$(BIN)/python -m flows.compiled
	$(BIN)/pytest -m "$(FAST)"

test-all: $(STAMP)
	@$(BIN)/python -m flows.compiled
	$(BIN)/pytest -m slow

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(STAMP)
	$(BIN)/python tests/bench/speed.py $(BENCH)

# The lock is whole, so nothing is left to resolve (--no-deps). It holds exact versions with hashes; it names no index, so pip's own settings decide where packages come from.
$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || \
	  { echo "threadmill needs Python 3.11, 3.12 or 3.13; name one: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m flows.compiled
	@touch $(STAMP)

# Needs uv; run after a change to the dependencies in pyproject.toml.
lock:
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --extra dev --extra build pyproject.toml -o requirements.lock
