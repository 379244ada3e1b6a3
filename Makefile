# Every target sets up what it needs; `make help` lists them.
PYTHON ?= python3
# A Python that was asked for has an environment of its own, .venv-3.13; the default has .venv.
VENV ?= .venv$(if $(filter-out file,$(origin PYTHON)),-$(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])'))
CIDS ?=
KEYS ?= $(CIDS)
WORKLOAD ?= trace-114k
ARGS ?=
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
.DEFAULT_GOAL := help
PANDAS_TESTS := tests/unit/equality tests/unit/keyed tests/unit/experiment tests/unit/oracle $(wildcard tests/integration/test_replay*.py tests/integration/test_prove*.py tests/integration/test_calibration.py)
.PHONY: help setup replay test test-slow test-pandas2 check check-memory conformance format bench fuzz mutants docs dist lock clean

help: ## show the targets
	@grep -E '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-13s %s\n", $$1, $$2}'
	@echo "  settings: KEYS=5000 (a smaller replay), WORKLOAD=trace-smoke, ARGS='--no-profile' (more options), PYTHON=python3.12"

define install
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "tracekit needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1). Set PYTHON=/path/to/python3.11" >&2; exit 2; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
	  echo "$(PYTHON) cannot make virtual environments. Install its venv package (Debian and Ubuntu: apt install python3-venv)" >&2; exit 2; }
	@echo "installing into $(1) from $(2) ..." >&2
	@$(PYTHON) -m venv --clear $(1)
	@$(1)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(2)
	@$(1)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(1)/.installed
endef

setup: $(STAMP) ## make .venv from the hash-pinned lock and install tracekit into it

$(STAMP): requirements.lock pyproject.toml
	$(call install,$(VENV),requirements.lock)

$(VENV)-pandas2/.installed: requirements-pandas2.lock pyproject.toml
	$(call install,$(VENV)-pandas2,requirements-pandas2.lock)

replay: setup ## replay the workload by legacy and iterator, measure both, prove them equal
	$(BIN)/tracekit replay $(WORKLOAD) $(if $(KEYS),--keys $(KEYS)) $(ARGS)

# The tests start servers, browsers and kernels. What failed beside others is run again alone: the first
# failure stays in the output, and a test that passes now is one to mend.
define run_tests
	$(1)/bin/python -m pytest -m "not slow" -n 2 --maxschedchunk 50 $(2) $(ARGS) || { test $$? -eq 1 && \
	  echo "The failed tests run again, alone. One that passes now depends on what runs beside it: mend it." >&2 && \
	  $(1)/bin/python -m pytest -m "not slow" --last-failed --last-failed-no-failures none $(2) $(ARGS); }
endef

test: setup ## run the tests (minutes; the slow lane is test-slow); those that fail run again, alone
	$(call run_tests,$(VENV),)

test-slow: setup ## run every test, the slow lane included
	$(BIN)/python -m pytest $(ARGS)

test-pandas2: $(VENV)-pandas2/.installed ## run the tests that depend on pandas under pandas 2.3
	$(call run_tests,$(VENV)-pandas2,$(PANDAS_TESTS))

conformance: setup ## run SQLAlchemy's dialect suite and our driver tests on the local Oracle; counts may only rise
	nice $(BIN)/python -m tests.conformance $(ARGS)

check-memory: setup ## replay the committed baseline; fails when a peak grew or an output changed
	$(BIN)/tracekit check --baseline profiles/baselines/trace-smoke.json $(ARGS)

check: setup ## format, lint, types, import direction and spelling
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/codespell *.md docs/*.md docs/*.py docs/_ext notebooks/*.ipynb tracekit

format: setup ## format and fix what ruff can fix
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: setup ## measure every path and its peers on the workload (minutes; prints tables)
	$(BIN)/tracekit bench $(WORKLOAD) $(if $(KEYS),--keys $(KEYS)) $(ARGS)

mutants: setup ## change code in small ways and see whether tests notice (hours; ARGS=ndjson for one room)
	nice $(BIN)/python -m tests.mutants $(ARGS)

fuzz: setup ## send the local Oracle a million spoiled messages (minutes; ARGS='--seed 2 --count 50000')
	$(BIN)/python -m tests.fuzz $(ARGS)

docs: setup ## build the documentation site into docs/_build/html; warnings are errors
	$(BIN)/sphinx-build --fail-on-warning --keep-going --nitpicky --quiet -b html docs docs/_build/html $(ARGS)

dist: setup ## build the wheel and the sdist into dist/, and try the wheel in a bare environment
	rm -rf dist
	$(BIN)/python -m hatchling build
	$(BIN)/python -m pytest tests/dist $(ARGS)

lock: setup ## resolve the dependencies in pyproject.toml and write the lock files
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --no-header --all-extras --group test --group check --group docs --group mutants --group build \
	  pyproject.toml -o requirements.lock
	echo 'pandas<3' | $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --no-header --group test --group build -c - \
	  pyproject.toml -o requirements-pandas2.lock

clean: ## remove the virtual environment and the caches of the tools
	rm -rf .venv .venv-* .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist mutants docs/_build docs/notebooks
