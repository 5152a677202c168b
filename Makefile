# What people do with this repository; `make help` lists it.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
IMAGE ?= rocketmq-operator:$(VERSION)
UV_VERSION := $(shell sed -n 's/^uv==\([^ ]*\).*/\1/p' requirements.lock)

# Tests that wait more than they compute; each of the three processes has a cluster of its own.
SIDE_BY_SIDE := tests/clients tests/live tests/rollouts tests/walk tests/cluster

.DEFAULT_GOAL := help
.PHONY: help setup demo cluster test e2e quickstart soak generated status-pages pictures docs fuzz bench wheel image lint format lock clean

help: ## List the targets
	@grep -hE '^[a-z][a-z0-9-]*:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## (.*)/  \1\t\2/' | expand -t 14

setup: $(STAMP) ## Make .venv with everything in it, at the locked versions

$(STAMP): pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else f"{sys.executable} is Python {sys.version.split()[0]}; 3.11 or newer is needed. Name one: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet uv==$(UV_VERSION)
	$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

demo: setup ## Show the main job on a real API server; ONCE=1 ends after the last step
	PYTHONPATH=tests $(BIN)/python -m harness fetch
	PYTHONPATH=tests $(BIN)/python -m harness demo $(if $(ONCE),--once)

cluster: setup ## A cluster with the operator, to play with, until Ctrl-C
	PYTHONPATH=tests $(BIN)/python -m harness cluster

test: setup ## All tests, against real peers; ARGS="-k name" picks some
	PYTHONPATH=tests $(BIN)/python -m harness fetch
ifdef ARGS
	$(BIN)/pytest $(ARGS)
else
	$(BIN)/pytest --ignore=tests/soak --ignore=tests/quickstart $(SIDE_BY_SIDE:%=--ignore=%)
	$(BIN)/pytest --numprocesses=3 --dist=loadfile $(SIDE_BY_SIDE)
endif

e2e: setup ## The end-to-end suite on real nodes, by kind; root needs nothing installed
	PYTHONPATH=tests $(BIN)/python -m harness fetch --cluster=kind
	PYTHONPATH=tests $(BIN)/python -m harness suite $(ARGS)

quickstart: setup ## Paste every command of docs/quickstart.md, on a kind cluster of its own
	PYTHONPATH=tests $(BIN)/python -m harness fetch --cluster=kind
	$(BIN)/pytest --capture=no tests/quickstart

soak: setup ## All servers restarted under load, ours beside Java's; ARGS="-k TERM" picks some
	PYTHONPATH=tests $(BIN)/python -m harness fetch
	$(BIN)/pytest --capture=no tests/soak $(ARGS)

generated: setup ## Write the files that are made from others
	PYTHONPATH=tests $(BIN)/python -m harness generated

status-pages: setup ## Write docs/status.md from a real run
	PYTHONPATH=tests $(BIN)/python -m harness status-pages

pictures: setup ## Write docs/images from a real run, with Chromium
	PYTHONPATH=tests $(BIN)/python -m harness pictures

docs: setup ## Build the documentation as a site into site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

fuzz: setup ## A million random and mutated frames for our NameServer; FRAMES=n SEED=n
	PYTHONPATH=tests $(BIN)/python -m harness fuzz $(if $(FRAMES),--frames $(FRAMES)) $(if $(SEED),--seed $(SEED))

bench: setup ## Measure the server beside Java's, Rust's and a plain echo (20 minutes); ARGS=--quick
	PYTHONPATH=tests $(BIN)/python -m benchmarks $(ARGS)

wheel: setup ## Build the wheel of all programs into dist/
	$(BIN)/hatchling build --target wheel --directory dist

image: ## Build the container image; IMAGE=reference ARGS="--build-arg ..." (docs/image.md)
	docker build --tag $(IMAGE) --build-arg REVISION="$$(git describe --always --dirty --abbrev=40)" \
		--build-arg CREATED="$$(date -u +%Y-%m-%dT%H:%M:%SZ)" $(ARGS) .

lint: setup ## ruff, mypy and the import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

format: setup ## Format and fix what can be fixed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate
lock: ## Resolve pyproject.toml again into the three locks
	$(COMPILE) --group dev pyproject.toml -o requirements.lock
	$(COMPILE) --constraints requirements.lock pyproject.toml -o requirements-runtime.lock
	$(COMPILE) --constraints requirements.lock --group build -o requirements-build.lock

clean: ## Remove what was built here; the download cache stays
	rm -rf $(VENV) dist site .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
