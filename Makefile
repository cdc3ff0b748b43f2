# ParkOps. `make run` serves the demo, `make test` runs everything; both start from a bare Python 3.11+.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8080
WORKERS ?= 2
TESTS ?= tests
JOBS ?= 2

.PHONY: run setup test bench nightly lint browser-setup clean

run: setup
	$(BIN)/parkops upgrade
	$(BIN)/parkops demo
	@PARKOPS_DEMO=1 $(BIN)/parkops serve --host 127.0.0.1 --port $(PORT) --workers $(WORKERS) --with-scheduler

setup: $(VENV)/.installed parkops/web/static/vendor/.copied translations

$(VENV)/.installed: requirements/run.txt setup.cfg pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "ParkOps needs Python 3.11 or newer; run: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)"; exit 1; }
	@echo "installing the pinned packages into $(VENV) (about a minute) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check -r requirements/run.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements/dev.txt requirements/dask.txt
	@echo "installing what the tests need ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check -r requirements/dev.txt
	@touch $@

parkops/web/static/vendor/.copied: package.json package-lock.json $(VENV)/.installed
	$(BIN)/python -m parkops.web.vendor
	@touch $@

.PHONY: translations
translations: $(VENV)/.installed
	@$(BIN)/python -m parkops.translate compile

browser-setup: $(VENV)/.installed-dev
	@$(BIN)/python -m parkops.testing.browser

test: setup $(VENV)/.installed-dev browser-setup lint
	$(BIN)/pytest -n $(JOBS) $(TESTS)

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check parkops modules scheduler tests bench
	$(BIN)/lint-imports

bench: setup
	@for b in boot grid import kpi; do $(BIN)/parkops bench $$b --size 100000 || exit 1; done; $(BIN)/parkops bench listing --size 1000

nightly: setup $(VENV)/.installed-dev browser-setup
	PARKOPS_NIGHTLY=1 $(BIN)/pytest -n $(JOBS) $(TESTS)

clean:
	-$(BIN)/parkops db stop
	rm -rf $(VENV) parkops/web/static/vendor
