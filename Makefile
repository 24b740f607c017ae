# Each target builds the virtual environment it needs (.venv) and then calls one tool.
SHELL := /bin/bash
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
MINUTES ?= 5

.DEFAULT_GOAL := help
.PHONY: help setup demo test check bench soak fuzz gen readability pictures lock clean

help: ## this list
	@awk -F':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' Makefile

$(VENV)/.ready: requirements.lock protos/pyproject.toml rules/pyproject.toml agent/pyproject.toml collector/pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Keuring needs Python 3.11 or newer; set PYTHON=..."; exit 1; }
	@echo "setting up $(VENV): locked dependencies, then the four distributions"
	@$(PYTHON) -m venv $(VENV) || { echo "no venv: on Debian, apt-get install python3-venv"; exit 1; }
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation \
		--editable protos --editable rules --editable agent --editable collector
	@touch $@

setup: $(VENV)/.ready ## build the virtual environment
	@echo "ready: $(BIN)/keuring-collector --help, $(BIN)/keuring-agent --help"

demo: $(VENV)/.ready ## a collector with a simulated fleet and this very machine (DEMO_SECONDS=n ends it)
	@$(BIN)/python -m keuring_collector demo $(if $(DEMO_SECONDS),--seconds $(DEMO_SECONDS))

# The tests start our programs hundreds of times: Python keeps what it compiled, also where the machine told it not to.
test: export PYTHONDONTWRITEBYTECODE =
test: $(VENV)/.ready ## all tests but the longest, which are in soak
	@$(BIN)/python -m pytest -n 4 --dist loadfile --no-loadscope-reorder $(PYTEST)

check: $(VENV)/.ready ## format, lint, types, import directions, generated files, docs
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/python protos/generate.py --check
	@$(BIN)/python docs/generate.py --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/python -m pytest -q tests/architecture

gen: $(VENV)/.ready ## write what is generated: gRPC code, catalogue, SIGNALS.md, settings and command pages
	@$(BIN)/python protos/generate.py
	@$(BIN)/python docs/generate.py

readability: $(VENV)/.ready ## how easily each text reads that ships for colleagues and the desk; fails beyond B1
	@$(BIN)/python docs/readability.py

pictures: $(VENV)/.ready ## take the pictures of the README again, from a demo of its own (needs chromium)
	@$(BIN)/python docs/take_pictures.py

bench: $(VENV)/.ready ## measure; NAME=write-path, agent, wire, ... (none: all)
	@$(BIN)/python -m tests.bench $(NAME)

soak: $(VENV)/.ready ## real processes under load and random kills, ledger checked (MINUTES=5)
	@$(BIN)/python -m tests.soak --minutes $(MINUTES)
	@$(BIN)/python -m pytest -q -m soak
	@KEURING_API_EXAMPLES=20 $(BIN)/python -m pytest -q tests/collector/test_api_conformance.py

fuzz: $(VENV)/.ready ## fuzz the decoder, the rule loader, the parsers and the API (MINUTES=5)
	@$(BIN)/python -m tests.fuzz --minutes $(MINUTES)
	@KEURING_API_EXAMPLES=$$((100 * $(MINUTES))) $(BIN)/python -m pytest -q tests/collector/test_api_conformance.py

lock: $(VENV)/.ready ## choose the newest versions that fit, and write requirements.lock
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-emit-find-links --no-annotate --no-header --upgrade --group dev --extra grpc \
		--no-emit-package keuring-protos --no-emit-package keuring-rules \
		protos/pyproject.toml rules/pyproject.toml agent/pyproject.toml collector/pyproject.toml -o requirements.lock

clean: ## remove the virtual environment and what tools leave behind
	rm -rf $(VENV) .demo .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build
