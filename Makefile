# A bare machine needs Python 3.11 or newer, make and git; everything else comes from the hashed lock.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
LOCKS  := requirements-build.txt requirements.txt
DISTS  := shared services/village services/town services/county
PIP    := $(BIN)/python -m pip --disable-pip-version-check --quiet

.DEFAULT_GOAL := help
.PHONY: help setup lint types test test-containers bundle demo faults bench docs lock clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

setup: $(STAMP) ## make .venv and install what the lock names, if it changed

$(STAMP): $(LOCKS) $(DISTS:%=%/pyproject.toml)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo 'Python 3.11 or newer is needed (set PYTHON=... to choose one).' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' \
	  || { echo 'This Python has no venv/ensurepip; on Debian or Ubuntu: apt-get install python3-venv' >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo 'setup: installing the locked packages ...'
	@$(PIP) install --require-hashes -r requirements-build.txt
	@$(PIP) install --require-hashes --no-build-isolation -r requirements.txt
	@$(PIP) install --no-deps --no-build-isolation $(DISTS:%=-e %)
	@touch $@

lint: setup ## style, format and import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: setup ## type check, strict
	$(BIN)/basedpyright

# Tests mostly wait for processes: two workers keep two cores busy. A choice of tests (PYTEST_ARGS) runs without
# workers; so do all on a server that was named, since its databases would meet there.
WORKERS ?= $(if $(PYTEST_ARGS)$(BANCHENG_POSTGRES),0,2)

# Some hundred processes import the same modules: compiled once, also where the environment says not to keep that.
test: export PYTHONDONTWRITEBYTECODE :=
test: setup ## everything that is checked
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	@# The types are checked beside the first tests, with what these leave idle. Either failing fails the target.
	@nice $(BIN)/basedpyright & types=$$!; \
	  $(BIN)/python -m pytest -n $(WORKERS) $(PYTEST_ARGS); tests=$$?; wait $$types && exit $$tests

test-containers: setup ## the three tiers from their own compose files, with an engine that is there
	@docker info >/dev/null 2>&1 || { echo 'No container engine answers: start one first (Debian: docker.io).' >&2; exit 1; }
	@# Images that are neither here nor to be had from a registry are made from packages.
	@for image in python:3.11-slim-bookworm postgres:18 nats:2.15; do \
	  docker image inspect $$image >/dev/null 2>&1 || docker pull -q $$image || deploy/offline/build || exit 1; done
	TEST_CONTAINERS=1 $(BIN)/python -m pytest -n 0 --timeout 1800 $(or $(PYTEST_ARGS),tests/containers)

bundle: setup ## images, wheels and checksums in one file, for hosts without a network (deploy/offline)
	deploy/offline/bundle

demo: setup ## three services on this machine, with two counties' stories
	$(BIN)/bancheng demo $(DEMO_ARGS)

faults: setup ## kill, cut and wipe at random; the oracle judges (prints its seed)
	$(BIN)/python -m tests.faults $(FAULTS_ARGS)

bench: setup ## what it reaches on this machine, as ratios to the machine's own limits
	$(BIN)/python -m tests.bench $(BENCH_ARGS)

docs: setup ## write the generated pages of docs/
	$(BIN)/python -m tests.docs

# A maintainer's target: pip-tools must be installed somewhere; the lock itself never names an address.
PIP_COMPILE ?= pip-compile
COMPILE := CUSTOM_COMPILE_COMMAND='make lock' $(PIP_COMPILE) --quiet --generate-hashes --allow-unsafe --strip-extras \
  --no-annotate --no-emit-options
lock: ## write the hashed locks anew from the .in files
	$(COMPILE) --output-file=requirements-build.txt requirements-build.in
	$(COMPILE) --output-file=requirements-service.txt requirements-service.in
	$(COMPILE) --output-file=requirements.txt requirements.in
	$(COMPILE) --output-file=deploy/offline/servers.txt deploy/offline/servers.in

clean: ## remove what setup, tests and the demo made
	rm -rf $(VENV) var .pytest_cache .ruff_cache .hypothesis .import_linter_cache
