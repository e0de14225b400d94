# Two commands are enough: `make demo` and `make test`. CI runs the same targets.
PYTHON ?= python3
BIN := .venv/bin
SEED ?= 7
KILLS ?= 1000

.DEFAULT_GOAL := help
.PHONY: help setup demo serve test test-sqlite test-postgresql browser check conformance format docs bench crash audit lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## Install the locked packages into .venv
	@$(PYTHON) tools/setup.py

demo: setup ## Build a simulated force, record a shift, and serve it
	@$(BIN)/bodyworn demo --seed $(SEED)

serve: setup ## Serve the data folder (BODYWORN_DATA, else bodyworn-data)
	@$(BIN)/bodyworn serve

test: test-sqlite test-postgresql ## Run every test, on SQLite and on a real PostgreSQL

test-sqlite: setup ## Run every test, on SQLite
	@$(BIN)/pytest -q -n 2

test-postgresql: setup ## Run the shelves that touch the database, on a PostgreSQL of their own
	@BODYWORN_TEST_DATABASE=postgresql $(BIN)/pytest -q -n 2 tests/records tests/work tests/web tests/cli

browser: setup ## Drive Chromium through the pages
	@$(BIN)/pytest -q tests/browser

check: setup ## Format, lint, types, import directions
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

conformance: setup ## Run public suites (MERKLE=PATH BAGIT=PATH) and other programs against us
	@$(BIN)/python -m tools.conformance $(if $(MERKLE),--merkle $(MERKLE)) $(if $(BAGIT),--bagit $(BAGIT))

format: setup ## Put the code in order
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: setup ## Write the reference pages that the program itself knows
	@$(BIN)/python -m tools.reference

bench: setup ## Measure the bars of docs/performance.md
	@$(BIN)/python -m bench.run

crash: setup ## Kill processes at random moments, many times
	@BODYWORN_KILLS=$(KILLS) $(BIN)/pytest -q -m crash

audit: setup ## Look the locked packages up in the advisory database (network)
	@$(BIN)/pip-audit --require-hashes --disable-pip -r requirements.lock

lock: ## Resolve the dependencies again (needs uv and the network)
	@uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header \
	  --no-emit-index-url --all-extras pyproject.toml -o requirements.lock

clean: ## Remove what was built, never a data folder
	@rm -rf .venv .mypy_cache .ruff_cache .import_linter_cache .hypothesis build dist src/bodyworn/web/static/vendor
