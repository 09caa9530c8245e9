# `make run` and `make test` are all that a fresh clone needs: Python 3.11 or newer and make.
.DEFAULT_GOAL := help
# What failed half-way is made again the next time.
.DELETE_ON_ERROR:
.PHONY: help run test browser clients pictures prove prove-production hours bench install lock advisories lint format types imports supply \
	migrations docs tests clean

PYTHON ?= python3
BIN := .venv/bin
# What the lock does not know is not installed, and what others wrote does not run while it is being
# installed, but for the few that are published as source alone.
PIP := $(BIN)/python -m pip install --disable-pip-version-check --require-hashes --only-binary :all:
# Published as source alone.
RUN_SOURCE := http_ece
TEST_SOURCE := $(RUN_SOURCE),autograd-gamma
RUN_READY := .venv/.installed
TEST_READY := .venv/.installed-dev
PEERS_READY := var/peers/.installed
CODE := api schemas services models migrations tools benchmarks tests serve.py wsgi.py

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-16s %s\n", $$1, $$2}' Makefile

run: $(RUN_READY) ## API, alert worker, database and mailbox on http://127.0.0.1:8000
	@exec $(BIN)/python -m tools.supervisor

test: $(TEST_READY) ## the gate: style, types, imports, packages, migrations, printed rules, tests, coverage
	@$(MAKE) --no-print-directory -j 2 --output-sync=target lint types imports supply migrations docs
	@$(MAKE) --no-print-directory tests
	@echo "== the gate is green"

browser: $(TEST_READY) ## console, alert page and reference phone in a real browser (Debian's chromium; as root it is installed)
	@command -v chromium >/dev/null || { test "$$(id -u)" = 0 && command -v apt-get >/dev/null && \
	  apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y \
	  --no-install-recommends chromium >/dev/null; } || \
	  { echo "make browser needs the package chromium (Debian: apt-get install chromium)"; exit 1; }
	@echo "== console, alert page and reference phone in a real browser"
	@$(BIN)/pytest -q tests/browser

clients: $(TEST_READY) ## the TypeScript client against a running server (Debian's npm; as root it is installed)
	@command -v npm >/dev/null || { test "$$(id -u)" = 0 && command -v apt-get >/dev/null && \
	  apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y \
	  --no-install-recommends npm >/dev/null; } || \
	  { echo "make clients needs the package npm (Debian: apt-get install npm)"; exit 1; }
	@echo "== the TypeScript client against a running server"
	@cd clients/typescript && npm ci --silent
	@$(BIN)/pytest -q tests/clients

pictures: $(TEST_READY) ## docs/pictures: reports and the console, with the demo clinic (needs chromium)
	@$(BIN)/python -m tools.pictures
	@$(BIN)/python -m tools.demo_pictures
	@$(BIN)/python -m tools.pictured.console

prove: $(TEST_READY) ## the full sizes of what the issues ask to show, in one table
	@exec $(BIN)/python -m tests.proofs

prove-production: $(TEST_READY) ## production with the real programs; PROVE="--minutes 60 --seed 7 --only WORD" (as root, Debian)
	@exec $(BIN)/python -m tests.production $(PROVE)

hours: $(TEST_READY) ## the tests at other hours and on clock-change nights (needs libfaketime)
	@exec $(BIN)/python -m tests.proofs.hours

bench: $(TEST_READY) $(PEERS_READY) ## how fast over HTTP beside its peers; BENCH="--size full --revision REV"
	@exec $(BIN)/python -m benchmarks.over_http $(BENCH)

install: $(TEST_READY) ## the environment for development

lock: $(TEST_READY) ## requirements*.txt from pyproject.toml; NEW="name …" or NEW=all takes newer versions
	@$(BIN)/python -m tools.supply.lock $(NEW)
	@$(MAKE) --no-print-directory install
	@$(BIN)/python -m tools.supply.bill --write

advisories: $(TEST_READY) ## what is known against the packages; asks others, 2 when there is no data
	@exec $(BIN)/python -m tools.supply.advisories

lint: $(TEST_READY)
	@echo "== style"
	@$(BIN)/ruff check $(CODE)
	@$(BIN)/ruff format --check $(CODE)

format: $(TEST_READY) ## rewrite the code in the house style
	@$(BIN)/ruff check --fix $(CODE)
	@$(BIN)/ruff format $(CODE)

types: $(TEST_READY)
	@echo "== types"
	@$(BIN)/mypy

imports: $(TEST_READY)
	@echo "== import contracts"
	@$(BIN)/lint-imports

supply: $(TEST_READY)
	@echo "== every package has its hashes, an accepted licence and its line in docs/sbom.json"
	@$(BIN)/python -m tools.supply.check

migrations: $(TEST_READY)
	@echo "== migrations give the tables that the models describe, in the way of nobody"
	@$(BIN)/python -m tools.migrations

docs: $(TEST_READY)
	@echo "== docs/rules.md prints the rules that decide, docs/scale.md the figures that were measured"
	@$(BIN)/python -m tools.rules_page --check
	@$(BIN)/python -m tools.scale --check

tests: $(TEST_READY)
	@echo "== tests"
	@$(BIN)/pytest -n 2 --dist loadgroup --cov --cov-report=
	@$(BIN)/python -m tools.coverage_floors

clean: ## forget caches (the environment and the data stay)
	@rm -rf .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache .coverage .coverage.*

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Interlude needs Python 3.11 or newer: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)"; exit 1; }
	@echo "== making the environment in .venv (once)"
	@$(PYTHON) -m venv .venv || { rm -rf .venv; echo "$(PYTHON) cannot make an environment: on Debian and Ubuntu install" \
		"the package python3-venv, then try again"; exit 1; }

$(RUN_READY): requirements.txt | .venv/bin/python
	@echo "== installing $$(grep -c == requirements.txt) pinned packages into .venv (once; a minute or two)"
	@$(PIP) --no-binary $(RUN_SOURCE) --requirement requirements.txt
	@touch $@

$(TEST_READY): requirements-dev.txt $(RUN_READY) | .venv/bin/python
	@echo "== installing $$(grep -c == requirements-dev.txt) packages for the gate (once)"
	@$(PIP) --no-binary $(TEST_SOURCE) --requirement requirements-dev.txt
	@touch $@

# What users would write instead has an environment of its own: the service needs none of it.
$(PEERS_READY): benchmarks/peers/requirements.txt
	@echo "== installing $$(grep -c == $<) packages of the benchmark's peers into var/peers (once)"
	@$(PYTHON) -m venv var/peers
	@var/peers/bin/python -m pip install --disable-pip-version-check --require-hashes --only-binary :all: --requirement $<
	@touch $@
