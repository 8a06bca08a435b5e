# Everything a person types here: make demo, make test, make check, make bench, make docs.
# The first call of any of them makes .venv and installs the package set that constraints.txt pins; later calls
# find a stamp named for that set and go straight on, without a network.

VENV  := .venv
BIN   := $(VENV)/bin
STAMP := $(VENV)/.installed-$(shell cat pyproject.toml constraints.txt | cksum | tr ' ' '-')
DOCS  := $(VENV)/.installed-docs-$(shell cat pyproject.toml constraints.txt | cksum | tr ' ' '-')
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest

.PHONY: help setup demo test test-fast check format bench reliability soak fuzz audit docs clean
.DEFAULT_GOAL := help

help:
	@echo 'make demo     a real sweep on Ray Tune over the digits data, with TensorBoard files and a report'
	@echo 'make test     all tests (make test-fast: those that start neither Ray nor a browser)'
	@echo 'make check    ruff and mypy --strict'
	@echo 'make bench    the benchmarks; figures go to benchmarks/results/ (ARGS=--quick: fewer, none kept)'
	@echo 'make reliability  provoke every fault, and write what each cost to docs/reliability.md'
	@echo 'make soak     a sweep under a random fault every 20 seconds (ARGS="--minutes 60 --keep": for an hour, figures kept)'
	@echo 'make fuzz     hostile input to everything that reads files (ARGS="--inputs 1000000 --keep": the long version)'
	@echo 'make audit    ask for known vulnerabilities of the packages in requirements.lock (needs pip-audit and a network)'
	@echo 'make docs     the documentation as HTML, in docs/_build/html'
	@echo 'make clean    remove .venv and everything built'

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@scripts/setup $(VENV) dev
	@rm -f $(VENV)/.installed-*
	@touch $@

$(DOCS): $(STAMP)
	@scripts/setup $(VENV) dev,docs
	@touch $@

demo: $(STAMP)
	@scripts/demo $(BIN)

# Ray's tests come second and one at a time: two clusters on two cores would only measure each other.
test: $(STAMP)
	$(PYTEST) -n 2 --dist loadgroup --durations=15 -m "not ray and not browser"
	$(PYTEST) --durations=15 -m "ray or browser"

test-fast: $(STAMP)
	$(PYTEST) -n 2 --dist loadgroup -m "not ray and not browser and not slow"

check: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(STAMP)
	@for file in benchmarks/[!_]*.py; do \
	    echo "== $$file"; OMP_NUM_THREADS=1 $(BIN)/python $$file $(ARGS) || exit 1; \
	done

reliability: $(STAMP)
	@$(BIN)/python scripts/reliability $(ARGS)

soak: $(STAMP)
	@PYTHON=$(BIN)/python scripts/soak $(ARGS)

fuzz: $(STAMP)
	@PYTHON=$(BIN)/python scripts/fuzz $(ARGS)

audit: $(STAMP)
	@$(BIN)/python scripts/audit

docs: $(DOCS)
	$(BIN)/sphinx-build -W --keep-going -q -b html docs docs/_build/html
	@echo 'open docs/_build/html/index.html'

clean:
	rm -rf $(VENV) build dist docs/_build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
