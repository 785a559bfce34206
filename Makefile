# Two commands do everything on a fresh machine: make backtest, make test. Set-up is automatic and idempotent.
.DEFAULT_GOAL := help
.PHONY: help setup backtest picture test test-all test-dashboard lint typecheck parity bench bench-dashboard faults strategies-table walk-days clean
VENV ?= .venv
READY := $(VENV)/.ready
FITS := import sys; sys.exit(sys.version_info[:2] < (3, 11))
PY := $(VENV)/bin/python
CORES = $(shell $(PY) -c 'import xdist' 2>/dev/null && printf -- '-n auto')
SCENARIO ?= august_2024
PHASE ?= 3
STRATEGIES ?= friday_0dte,lt112
SEEDS ?= 200
ARGS ?=
# The summer of 2024 with all ten strategies, in an account that holds them all; days are made, not written.
DEMO = --scenario august_2024 --phase 4 --cash 200000 --start 2024-07-01 --end 2024-08-30 --commands --data generate

help:
	@echo "make backtest          all ten strategies in the summer of 2024 (ARGS=\"--scenario bear_2022 --phase 3 …\" instead)"
	@echo "make picture           the picture of that run's report for README, in Chromium, which it installs on Debian"
	@echo "make test              the quick tests          make test-all   also the long scenarios"
	@echo "make test-dashboard    the dashboard's page in Chromium, which it installs on Debian (PICTURES=docs renews pictures)"
	@echo "make lint              style, dead names, types   make typecheck  types alone"
	@echo "make parity            the same scenario on LEAN and here (needs TOMKING_LEAN or the lean command)"
	@echo "make bench             paired times and memory  make faults     a misbehaving broker, SEEDS=200"
	@echo "make bench-dashboard   1,000 quote changes a second, 20 pages, ten minutes (ARGS=\"--minutes 1\")"
	@echo "make strategies-table  strategy x scenario x trades"
	@echo "make walk-days         each phase's days: entries, levels and their causes (72 runs, kept)"
	@echo "make setup             the environment .venv, by itself    make clean      remove what was generated"

setup: $(READY)

$(READY): pyproject.toml local/set_up.py
	@python=; for candidate in python3.11 python3 python3.12 python3.13 /usr/bin/python3; do \
	    if $$candidate -c '$(FITS)' 2>/dev/null; then python=$$candidate; break; fi; done; \
	if [ -z "$$python" ]; then echo "set-up: no Python 3.11 or later on the path: install one, or name its folder in PATH" >&2; exit 1; fi; \
	$$python local/set_up.py $(VENV)

backtest: $(READY)
	@$(PY) -m local backtest $(if $(strip $(ARGS)),$(ARGS),$(DEMO))

test: $(READY)
	@$(PY) -m pytest -m "not long" $(CORES) $(ARGS)

# The long tests that share whole runs, two at a time, keep to one process of pytest: their group.
test-all: $(READY)
	@$(PY) -m pytest -m "not long" $(CORES) $(ARGS)
	@$(PY) -m pytest -m long $(if $(strip $(CORES)),$(CORES) --dist loadgroup) $(ARGS)

test-dashboard: $(READY)
	@$(PY) local/set_up.py --chromium
	@PICTURES="$(PICTURES)" $(PY) -m pytest -m long -rs tests/operations/dashboard tests/local/run_report $(ARGS)

picture: $(READY)
	@$(PY) local/set_up.py --chromium
	@PICTURES=docs $(PY) -m pytest -m long -rs tests/local/run_report/test_picture.py

typecheck: $(READY)
	@$(PY) -m mypy --no-error-summary core strategies risk config helpers operations main.py

lint: $(READY) typecheck
	@$(PY) -m flake8 main.py config core strategies helpers risk local operations research tests
	@$(PY) -m pytest tests/test_house.py tests/test_one_home.py
	@echo "lint: clean"

parity: $(READY)
	@$(PY) -m local parity --scenario $(SCENARIO) --phase $(PHASE) --param strategies=$(STRATEGIES) $(ARGS)

bench: $(READY)
	@$(PY) -m local bench $(ARGS)

bench-dashboard: $(READY)
	@$(PY) -m local bench-dashboard $(ARGS)

faults: $(READY)
	@$(PY) -m local faults --scenario $(SCENARIO) --phase $(PHASE) --seeds $(SEEDS) $(ARGS)

strategies-table: $(READY)
	@$(PY) -m local strategies-table --cash 200000 --commands $(ARGS)

walk-days: $(READY)
	@$(PY) -m local walk-days --jobs 2 $(ARGS)

clean:
	rm -rf $(VENV) $(VENV).lock .cache .pytest_cache .mypy_cache .hypothesis runs build *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
