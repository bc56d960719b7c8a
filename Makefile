# Everything a newcomer, a developer and CI need; each target installs what it uses.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Robot Framework's import package is called `robot`, like ours: it never shares our environment.
FRAMEWORK := .venv-robotframework

.DEFAULT_GOAL := help
.PHONY: help run up-local test check format bench robotframework browser lock clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-15s %s\n", $$1, $$2}'

run: $(VENV)/.runtime ## start everything embedded, with one local robot (CASARE_LOCAL_ROBOT=off leaves it out)
	@exec $(BIN)/casare up

up-local: $(VENV)/.runtime ## start each service as a process of its own, with RabbitMQ and Redis
	@exec $(BIN)/casare up --distributed

test: $(VENV)/.dev $(FRAMEWORK)/.installed ## run the whole suite
	@deploy/install-browser.sh || true
	$(BIN)/python -m pytest -n 2 --dist worksteal $(ARGS)

check: $(VENV)/.dev ## format, lint, types, import contracts, architecture tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/architecture

format: $(VENV)/.dev ## format and fix what can be fixed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/.dev ## measure (CASE=lifecycle picks one case)
	$(BIN)/python -m bench $(CASE) $(ARGS)

robotframework: $(FRAMEWORK)/.installed ## install Robot Framework for the step robot_framework.run

browser: ## see that there is a Chromium for browser steps
	@deploy/install-browser.sh

lock: ## resolve the dependencies anew
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  --extra build pyproject.toml -o requirements.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  --extra build --extra browser --extra dev -c requirements.lock pyproject.toml -o requirements-dev.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  --group robotframework -o requirements-robotframework.lock

clean: ## remove the virtual environments and caches; data stays
	rm -rf $(VENV) $(FRAMEWORK) .mypy_cache .ruff_cache .import_linter_cache .hypothesis

$(VENV)/.runtime: requirements.lock pyproject.toml
	@PYTHON="$(PYTHON)" deploy/install.sh requirements.lock
	@touch $@

$(VENV)/.dev: requirements-dev.lock pyproject.toml
	@PYTHON="$(PYTHON)" deploy/install.sh requirements-dev.lock
	@touch $@ $(VENV)/.runtime

$(FRAMEWORK)/.installed: requirements-robotframework.lock
	@PYTHON="$(PYTHON)" deploy/install.sh requirements-robotframework.lock $(FRAMEWORK)
	@touch $@
