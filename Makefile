# What a developer runs. `make` alone lists it. Everything goes into .venv, build and .demo; nothing else is touched.

PYTHON ?= python3
PORT   ?= 8000
DATA   ?= .demo
# Test processes side by side.
JOBS   ?= 2
# Per cent of the mutants that the tests must notice.
MUTANTS_FLOOR ?= 85

VENV := .venv
BIN  := $(VENV)/bin
PIP  := $(BIN)/python -m pip --disable-pip-version-check --no-input
# The third-party vectors, for test runs that do not start at the root of the repository.
VECTORS_DIR ?= $(abspath ../shared/vectors)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help install demo check test bench attack storm revocation scale docs fuzz soak mutants clean node chromium wrk redis

help: ## List what there is.
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "  PYTHON=$(PYTHON) PORT=$(PORT) DATA=$(DATA) JOBS=$(JOBS) can be given, as in: make demo PORT=8080"

install: $(VENV)/.dev ## Make .venv with handstamp and every development tool.

demo: $(VENV)/.demo ## Start the demo application on http://localhost:PORT, its data in DATA.
	$(BIN)/handstamp demo --port $(PORT) --data $(DATA)

check: $(VENV)/.dev node ## Lint, format, types, imports, dependencies, spelling, docs.
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	PYRIGHT_PYTHON_IGNORE_WARNINGS=1 $(BIN)/pyright
	$(BIN)/lint-imports --no-cache
	$(BIN)/deptry src
	$(BIN)/codespell
	$(BIN)/mkdocs build --strict --quiet

test: check chromium redis ## Check, then every test with its coverage floors.
	$(BIN)/pytest -n $(JOBS) --dist loadgroup --cov --cov-report=term-missing:skip-covered
	@$(BIN)/coverage report --fail-under=95 > build/coverage.txt || { cat build/coverage.txt; exit 1; }
	@$(BIN)/coverage report --fail-under=100 --show-missing --skip-covered --include='src/handstamp/core/*' \
	  > build/coverage-core.txt || { cat build/coverage-core.txt; exit 1; }

bench: $(VENV)/.dev wrk node ## Measure a protected request, handstamp's and its peers': ten minutes, QUICK=1 takes one.
	PYTHONPATH=tests $(BIN)/python -m bench.run $(if $(QUICK),--quick) $(if $(DOCS),--docs) $(if $(ONLY),--only $(ONLY))

attack: $(VENV)/.dev wrk redis ## Measure what honest users notice of floods of refused requests: about three minutes.
	PYTHONPATH=tests $(BIN)/python -m bench.attack $(if $(STORES),--stores $(STORES)) $(if $(QUICK),--quick)

storm: $(VENV)/.dev ## Measure what signed-in users notice of a storm of password sign-ins: about three minutes.
	$(BIN)/python -m bench.signin_storm $(if $(QUICK),--quick)

scale: $(VENV)/.dev ## Measure with a thousand, a million and ten million sessions: about half an hour, 20 GB of disk.
	$(BIN)/python -m bench.scale $(if $(SIZES),--sizes $(SIZES)) $(if $(STORES),--stores $(STORES))

revocation: $(VENV)/.dev redis ## Measure on each store how long an ended session is still let in: about ten minutes.
	PYTHONPATH=tests $(BIN)/python -m bench.revocation $(if $(STORES),--stores $(STORES))

docs: $(VENV)/.dev ## Build the documentation into build/site; a warning is an error.
	$(BIN)/mkdocs build --strict --quiet
	@echo "build/site/index.html"

fuzz: $(VENV)/.dev ## Run the property tests with many more examples, new ones each time.
	$(BIN)/pytest -n $(JOBS) --hypothesis-profile=fuzz -m "hypothesis and not network and not browser"

soak: $(VENV)/.dev redis ## Kill processes and servers in the midst of 10,000 operations; a day of sessions in a process.
	$(BIN)/python -m bench.soak $(if $(SESSIONS),--sessions $(SESSIONS))
	SOAK_OPERATIONS=10000 $(BIN)/pytest -n $(JOBS) --dist loadgroup -m soak

mutants: $(VENV)/.dev ## Break core and services on purpose and see whether a test notices.
	VECTORS_DIR=$(VECTORS_DIR) $(BIN)/mutmut run --max-children $(JOBS)
	$(BIN)/mutmut results
	$(BIN)/mutmut export-cicd-stats
	@$(BIN)/python -c 'import json, sys; \
	counts = json.load(open("mutants/mutmut-cicd-stats.json")); \
	score = 100 * (counts["killed"] + counts["timeout"]) / max(1, counts["total"] - counts["skipped"]); \
	print(f"{score:.1f} % of the mutants were noticed; the floor is $(MUTANTS_FLOOR) %"); \
	sys.exit(score < $(MUTANTS_FLOOR))'

clean: ## Remove what was built, and every cache; .venv and DATA stay.
	rm -rf build dist mutants .coverage .coverage.* .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find src tests bench -name __pycache__ -type d -prune -exec rm -rf {} +

# Stamps: a second run costs nothing until the dependencies change.

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "handstamp needs Python 3.11 or later; \"$(PYTHON)\" is $$($(PYTHON) --version 2>&1)." >&2; \
	  echo "Say where a later one is, for example: make $(MAKECMDGOALS) PYTHON=/usr/bin/python3.13" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }
	@touch $@

$(VENV)/.demo: pyproject.toml constraints.txt | $(VENV)/.made
	@echo "Installing handstamp into $(VENV) …"
	@$(PIP) install --quiet -c constraints.txt -e '.[demo]'
	@touch $@

# Dependency groups (PEP 735) need a pip that is newer than the one some systems put into a new environment.
$(VENV)/.dev: $(VENV)/.demo
	@echo "Installing the development tools into $(VENV) …"
	@$(PIP) install --quiet --upgrade -c constraints.txt pip
	@$(PIP) install --quiet -c constraints.txt --group dev
	@touch $@

# Parts that pip cannot bring.

node:
	@command -v node >/dev/null && command -v npm >/dev/null || { \
	  echo "Node and npm are missing: pyright and the OpenID provider of the tests run on them." >&2; \
	  echo "On Debian and Ubuntu: sudo apt-get install nodejs npm" >&2; exit 1; }

chromium:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null; \
	else \
	  echo "Chromium is missing: the pages are tested in it. On Debian: sudo apt-get install chromium" >&2; exit 1; \
	fi

redis:
	@command -v redis-server >/dev/null || \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  apt-get update -qq && RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive \
	    apt-get install -y -qq --no-install-recommends redis-server >/dev/null; \
	else \
	  echo "redis-server is missing: the store of sessions is tested on it. On Debian: sudo apt-get install redis-server" >&2; \
	  exit 1; \
	fi

wrk:
	@command -v wrk >/dev/null || \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends wrk >/dev/null; \
	else \
	  echo "wrk is missing: it makes the load. On Debian and Ubuntu: sudo apt-get install wrk" >&2; exit 1; \
	fi
