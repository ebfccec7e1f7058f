# Everything runs in an environment of its own, made by the first target that needs it.
#   make demo | test | lint | bench       AIRFLOW=2.11.2 | 3.3.2 | 3.4.0b2 chooses the tested set of versions

comma := ,
AIRFLOW ?= 3.3.2
PYTHON ?= python3
TESTS ?= tests

CONSTRAINTS := constraints/airflow-$(AIRFLOW).txt
VENV := .venv-$(AIRFLOW)
BIN := $(VENV)/bin
READY := $(VENV)/.ready

# a proxy that leads to the package index must not be asked for the emulator
export NO_PROXY := $(if $(NO_PROXY),$(NO_PROXY)$(comma))127.0.0.1,localhost
export no_proxy := $(NO_PROXY)

.PHONY: demo test lint bench docs format clean

demo: $(READY)
	$(BIN)/python -m demo

test: $(READY)
	$(BIN)/python -m pytest $(TESTS)

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(READY)
	@for script in benchmarks/bench_*.py; do echo "== $$script"; \
		$(BIN)/python -m benchmarks.$$(basename $$script .py) || exit 1; done

docs: $(READY)
	$(BIN)/python -m docs.generate

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf .venv-* .demo build dist

$(READY): pyproject.toml $(CONSTRAINTS)
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or later is needed, this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint $(CONSTRAINTS) --editable '.[dev]'
	@touch $(READY)

# Names and versions only, for Python 3.11 and later.
.PHONY: constraints
constraints:
	@for version in 2.11.2 3.3.2 3.4.0b2; do \
		printf 'apache-airflow==%s\n' $$version | uv pip compile pyproject.toml --extra dev --universal \
			--python-version 3.11 --prerelease if-necessary-or-explicit --constraint - --upgrade --quiet \
			--no-header --no-annotate --no-emit-index-url --output-file constraints/airflow-$$version.txt; \
	done
