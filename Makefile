# One command for everything. A warm run installs nothing: each step leaves a stamp in .venv/ or
# .meltano/.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
UV     := $(BIN)/uv

export UV_PYTHON_DOWNLOADS := never
export PIP_DISABLE_PIP_VERSION_CHECK := 1
unexport VIRTUAL_ENV CONDA_PREFIX PYTHONPATH PYTHONHOME

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo demo-dbt demo-duckdb demo-up demo-down clean-demo test test-fast test-thorough \
  lint format types check docs benchmark reliability mutants install plugins loaders dbt browser \
  lock clean

help:  ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: install plugins  ## Load a simulated workspace into an embedded PostgreSQL, through Meltano
	@$(BIN)/python scripts/demo.py

demo-dbt: install plugins dbt  ## Load it, make the models of transform/, and ask them questions
	@$(BIN)/python scripts/demo_dbt.py

demo-duckdb: install plugins dbt .meltano/.target-duckdb  ## The same in DuckDB, without any server
	@$(BIN)/python scripts/demo_duckdb.py

demo-up: install plugins dbt  ## As demo-dbt, and leave database and workspace running
	@$(BIN)/python scripts/demo_up.py

demo-down:  ## Stop what `make demo-up` left running
	@[ ! -e .demo/up.json ] || $(BIN)/python scripts/demo_up.py --down

clean-demo: demo-down  ## Forget what the demo loaded: the next `make demo` is a first run again
	rm -rf .demo

# Tests of one file stay together, and the longest begin first, which tests/conftest.py sees to.
# Four processes, also on two cores: many tests wait for a network that fails, or for a program.
PYTEST := $(BIN)/pytest -n 4 --dist loadfile --no-loadscope-reorder

test: install browser dbt loaders  ## Run all tests, four at a time: a quarter of an hour
	@$(if $(ARGS),:,echo "All tests: a quarter of an hour on two cores. Most of them: make test-fast.")
	$(PYTEST) $(ARGS)

test-fast: install  ## Run most tests in three minutes, without browser, Meltano and database
	$(PYTEST) tests/test_*.py tests/sandbox $(ARGS)

test-thorough: install browser dbt loaders  ## Run all tests, with all seeds of those of chance
	$(PYTEST) -m "" $(ARGS)

lint: install  ## Check style and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: install  ## Repair what can be repaired of style and formatting
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: install  ## Check types
	$(BIN)/mypy

check: lint types test  ## All of lint, types and test

docs: install  ## Write the generated pages of docs/ anew
	$(BIN)/python scripts/docs.py
	$(BIN)/python scripts/staging.py

benchmark: install  ## Measure the tap beside its peers, or ARGS="limit --size 2000" only
	$(BIN)/python benchmarks/syncs.py $(or $(ARGS),all)

reliability: install  ## Count anew what the tests of docs/reliability.md try
	PYTEST_ADDOPTS='-m ""' $(BIN)/python scripts/reliability.py

mutants: install  ## Put 100 faults into copies of the tap, and name those that no test finds
	$(BIN)/python scripts/mutants.py $(ARGS)

install: $(VENV)/.installed  ## Make .venv: the project and everything pinned in requirements/

plugins: .meltano/.installed  ## Make Meltano's environments for the tap and target-postgres

loaders: .meltano/.target-duckdb .meltano/.target-csv  ## Make those for other loaders, for tests

dbt: .meltano/.dbt  ## Make Meltano's environment for dbt

browser: $(VENV)/.python  ## Install Chromium, if there is none, for the tests of the login
	@for one in chromium chromium-browser google-chrome google-chrome-stable chrome; do \
	  command -v $$one >/dev/null && exit 0; done; \
	[ "$$(id -u)" = 0 ] || { echo "Two tests need Chromium: please install it." >&2; exit 0; }; \
	echo "Installing Chromium with apt-get, for the tests of the login ..."; \
	{ apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install --yes \
	  --no-install-recommends chromium chromium-driver; } >$(VENV)/browser.log 2>&1 \
	  || echo "That failed; $(VENV)/browser.log says why. Two tests will fail without it." >&2

$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' \
	  || { echo "tap-intercom needs Python 3.10 or newer; try make PYTHON=python3.12" >&2; exit 1; }
	@echo "Making .venv (the first time takes a minute) ..."
	@$(PYTHON) -m venv --clear $(VENV)
	@touch $@

$(VENV)/.uv: requirements/uv.txt $(VENV)/.python
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements/uv.txt
	@touch $@

$(VENV)/.requirements: requirements/dev.txt $(VENV)/.uv
	@$(UV) pip sync --quiet --python $(BIN)/python --require-hashes requirements/dev.txt
	@touch $@

$(VENV)/.installed: pyproject.toml $(VENV)/.requirements
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@

# meltano.yml says which plugins; requirements/ says which versions of everything below them.
.meltano/.installed: export UV_CONSTRAINT := requirements/target-postgres.txt
.meltano/.installed: export UV_BUILD_CONSTRAINT := requirements/dev.txt
.meltano/.installed: meltano.yml pyproject.toml requirements/target-postgres.txt $(VENV)/.installed
	@echo "Installing the Meltano plugins tap-intercom and target-postgres ..."
	@mkdir -p .meltano
	@MELTANO_SEND_ANONYMOUS_USAGE_STATS=false MELTANO_CLI_DISABLE_VERSION_CHECK=true \
	  MELTANO_CLI_LOG_FORMAT=uncolored $(BIN)/meltano --log-level=warning \
	  install tap-intercom target-postgres
	@touch $@

.meltano/.target-%: meltano.yml requirements/target-%.txt $(VENV)/.installed
	@echo "Installing target-$* ..."
	@mkdir -p .meltano
	@UV_CONSTRAINT=requirements/target-$*.txt MELTANO_SEND_ANONYMOUS_USAGE_STATS=false \
	  MELTANO_CLI_DISABLE_VERSION_CHECK=true MELTANO_CLI_LOG_FORMAT=uncolored \
	  $(BIN)/meltano --log-level=warning install target-$*
	@touch $@

.meltano/.dbt: export UV_CONSTRAINT := requirements/dbt.txt
.meltano/.dbt: meltano.yml requirements/dbt.txt $(VENV)/.installed
	@echo "Installing dbt ..."
	@mkdir -p .meltano
	@MELTANO_SEND_ANONYMOUS_USAGE_STATS=false MELTANO_CLI_DISABLE_VERSION_CHECK=true \
	  MELTANO_CLI_LOG_FORMAT=uncolored $(BIN)/meltano --log-level=warning install dbt-postgres
	@touch $@

LOCK := $(UV) pip compile --quiet --universal --python-version 3.10 --generate-hashes --upgrade \
  --no-config --no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock'

lock: $(VENV)/.uv  ## Renew every pin in requirements/
	echo uv | $(LOCK) - -o requirements/uv.txt
	$(LOCK) -c requirements/uv.txt pyproject.toml --extra sandbox --group dev -o requirements/dev.txt
	$(LOCK) pyproject.toml --group target-postgres -o requirements/target-postgres.txt
	for loader in jsonl duckdb csv; do \
	  $(LOCK) --group target-$$loader -o requirements/target-$$loader.txt; done
	$(LOCK) requirements/dbt.in -o requirements/dbt.txt
	echo tap-intercom | $(LOCK) - -o requirements/singer-io.txt
	echo airbyte-source-intercom | $(LOCK) - -o requirements/airbyte.txt

clean: clean-demo  ## Remove everything that these commands made
	rm -rf $(VENV) .meltano .mypy_cache .pytest_cache .ruff_cache .hypothesis dist output
	rm -rf benchmarks/.cache .mutants transform/target transform/logs
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
