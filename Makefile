# Two commands do all the set-up: `make demo` (install, run the main job) and `make test`.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV ?= .venv
BIN := $(VENV)/bin
OUT ?= out
WORKERS ?= 2
# The browser's part, built by the installation itself and again where its sources changed
BUNDLE := src/tocsin/server/static/tocsin/.built-from

.PHONY: demo test test-postgres verify bench lint docs defects lock wheelhouse clean
.DEFAULT_GOAL := demo

$(VENV)/run.stamp: requirements/run.lock pyproject.toml
	@$(or $(PYTHON),false) -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "Python 3.11 or newer with venv is needed (Debian: apt-get install python3 python3-venv); name another one by: make PYTHON=..."; exit 1; }
	@echo "Installing Tocsin and its pinned dependencies into $(VENV) (once, about a minute) ..."
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/run.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/dev.stamp: requirements/dev.lock $(VENV)/run.stamp
	@echo "Installing the pinned test tools into $(VENV) (once, about a minute) ..."
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.lock
	@touch $@

$(BUNDLE): $(shell find web -type f -not -path '*/node_modules/*') $(VENV)/run.stamp
	@$(BIN)/python hatch_build.py
	@touch $@

demo: $(VENV)/run.stamp $(BUNDLE)  ## a synthetic walk: simulated, analysed, set beside its truth
	$(BIN)/tocsin demo --out $(OUT)/demo $(if $(HEADLESS),--headless,)

test: $(VENV)/dev.stamp $(BUNDLE) lint  ## every commit: about ten minutes
	@sh scripts/ensure_chromium.sh
	$(BIN)/pytest -n $(WORKERS) -m "not verify"

test-postgres: $(VENV)/dev.stamp $(BUNDLE)  ## the server's tests again, on a PostgreSQL that is started for them
	$(BIN)/python scripts/run_on_postgres.py tests/server -n $(WORKERS) -m "not verify"

verify: $(VENV)/dev.stamp  ## long proofs: mutation runs, long statistics
	$(BIN)/pytest -m verify -s

bench: $(VENV)/dev.stamp  ## figures, side by side in one run
	$(BIN)/python benchmarks/run_all.py

lint: $(VENV)/dev.stamp
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(VENV)/dev.stamp  ## rewrite the tables and pictures that the docs take from commands
	$(BIN)/python scripts/build_docs.py

defects: $(VENV)/dev.stamp  ## planted defects: each must turn the suite red
	$(BIN)/python scripts/run_defects.py

lock: $(VENV)/dev.stamp  ## pin every dependency with its hashes
	$(BIN)/python scripts/lock_requirements.py

wheelhouse: $(VENV)/run.stamp $(BUNDLE)  ## all wheels of the server in dist/wheelhouse, for a machine without a network
	$(BIN)/python scripts/build_wheelhouse.py

clean:
	rm -rf $(VENV) $(OUT) web/node_modules $(dir $(BUNDLE)) src/tocsin/field/screen/static .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
