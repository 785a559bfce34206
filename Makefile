# Two commands do everything on a fresh machine: make backtest, make test. Set-up is automatic and idempotent.
.DEFAULT_GOAL := help
.PHONY: help setup backtest test test-all lint parity bench faults strategies-table clean
VENV := .venv
READY := $(VENV)/.ready
FITS := import sys; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12)))
PY := $(VENV)/bin/python
SCENARIO ?= august_2024
PHASE ?= 3
STRATEGIES ?= friday_0dte,lt112
SEEDS ?= 200
ARGS ?=

help:
	@echo "make backtest          trade the summer of 2024 on the embedded engine (ARGS=\"--bars DIR --seed 2 …\")"
	@echo "make test              the quick tests          make test-all   also the long scenarios"
	@echo "make lint              style and dead names"
	@echo "make parity            the same scenario on LEAN and here (needs TOMKING_LEAN or the lean command)"
	@echo "make bench             paired times and memory  make faults     a misbehaving broker, SEEDS=200"
	@echo "make strategies-table  strategy x scenario x trades"
	@echo "make setup             the environment .venv, by itself    make clean      remove what was generated"

setup: $(READY)

# With a package index: a plain environment. Without one: the distribution's own packages.
$(READY): pyproject.toml requirements.txt
	@rm -rf $(VENV)
	@set -e; python=; for candidate in python3.11 python3 python3.12 /usr/bin/python3; do \
	    if $$candidate -c '$(FITS)' 2>/dev/null; then python=$$candidate; break; fi; done; \
	if [ -z "$$python" ]; then why="no Python 3.11 or 3.12 on the path"; \
	elif ! $$python -m venv $(VENV) >/dev/null 2>&1; then why="$$python cannot make an environment with pip"; \
	elif $(PY) -m pip install --quiet --disable-pip-version-check --retries 0 --timeout 15 -r requirements.txt >$(VENV)/pip.log 2>&1; then why=; \
	else why="no package index answers ($$(grep '^ERROR' $(VENV)/pip.log | tail -1))"; fi; \
	if [ -z "$$why" ]; then \
	  echo "set-up: packages from the index"; \
	else \
	  rm -rf $(VENV); echo "set-up: $$why; using the distribution's packages"; \
	  missing=; for pair in pandas:pandas numpy:numpy scipy:scipy pytest:pytest hypothesis:hypothesis flake8:flake8; do \
	    /usr/bin/python3 -c "import $${pair%%:*}" 2>/dev/null || missing="$$missing python3-$${pair##*:}"; done; \
	  if [ -n "$$missing" ]; then \
	    sudo=; [ "$$(id -u)" = 0 ] || sudo=sudo; \
	    $$sudo apt-get update -qq && DEBIAN_FRONTEND=noninteractive $$sudo apt-get install -y -qq --no-install-recommends $$missing >/dev/null; fi; \
	  /usr/bin/python3 -m venv --without-pip --system-site-packages $(VENV); \
	fi
	@$(PY) -c '$(FITS)' || { echo "set-up: $$($(PY) --version) will not do: 3.11 or 3.12 is needed"; exit 1; }
	@$(PY) -c "import numpy, pandas, scipy, pytest, hypothesis, flake8" && touch $@

backtest: $(READY)
	@$(PY) -m local backtest --scenario $(SCENARIO) --phase $(PHASE) --param strategies=$(STRATEGIES) $(ARGS)

test: $(READY)
	@$(PY) -m pytest -m "not long" $(ARGS)

test-all: $(READY)
	@$(PY) -m pytest $(ARGS)

lint: $(READY)
	@$(PY) -m flake8 main.py config core strategies helpers risk local tests
	@echo "lint: clean"

parity: $(READY)
	@$(PY) -m local parity --scenario $(SCENARIO) --phase $(PHASE) --param strategies=$(STRATEGIES) $(ARGS)

bench: $(READY)
	@$(PY) -m local bench $(ARGS)

faults: $(READY)
	@$(PY) -m local faults --scenario $(SCENARIO) --phase $(PHASE) --seeds $(SEEDS) $(ARGS)

strategies-table: $(READY)
	@$(PY) -m local strategies-table --cash 200000 --commands $(ARGS)

clean:
	rm -rf $(VENV) .cache .pytest_cache .hypothesis backtests
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
