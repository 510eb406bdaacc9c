# Visavis: `make` lists the tasks. Each sets up what it needs; nothing is installed by hand.
SHELL := /bin/sh
PY := .venv/bin/python
export VISAVIS_VECTORS ?= $(abspath ../shared/vectors)
# Processes that may keep nothing compiled take four seconds to start instead of one.
unexport PYTHONDONTWRITEBYTECODE
export PATH := $(CURDIR)/.venv/bin:$(PATH)

.DEFAULT_GOAL := help
.PHONY: help run setup dev web lint types test thorough fresh privacy check e2e screens interop fuzz bench lock format clean

help: ## list the tasks
	@grep -hE '^[a-z]+:.*## ' Makefile | awk -F':.*## ' '{printf "  make %-9s %s\n", $$1, $$2}'

run: setup ## install what is missing, build the pages, start the server on port 8420, print the sign-up link
	@tools/run.sh

setup: ## install what the product needs into .venv, build the pages if they are not up to date
	@tools/setup.sh run
	@tools/build_web.sh --if-needed

dev: ## install what the tests need as well
	@tools/setup.sh dev

web: dev ## build the pages into web/dist
	@tools/build_web.sh

lint: dev ## style, import directions, file sizes, duplicated homes, words that promise nothing
	@ruff format --check --quiet src tests bench tools fuzz
	@ruff check --quiet src tests bench tools fuzz
	@mkdir -p build; lint-imports --no-cache >build/imports.txt 2>&1 || { cat build/imports.txt; exit 1; }
	@$(PY) tools/check_house.py
	@$(PY) tools/check_policy.py
	@tools/node.sh biome ci --log-level=error .

types: dev ## mypy --strict, and whether tests name what there is; tsc
	@mypy --no-error-summary
	@mypy --no-error-summary --config-file tools/mypy-tests.ini tests bench tools fuzz
	@tools/node.sh tsc --noEmit

test: dev ## all tests, fast ones first
	@tools/test.sh

thorough: dev ## what `make test` takes a sample of: every official vector, every mutant, a thousand calls
	@tools/thorough.sh

fresh: dev ## the README's two commands in a copy of this checkout that has nothing installed
	@$(PY) -m pytest -q tests/house/test_setup.py -m long

privacy: dev ## a scripted month of 200 accounts, then every attack on what the server kept
	@$(PY) -m pytest -q tests/privacy -m long

check: lint types test thorough fresh privacy e2e ## what CI runs
	@echo 'make check: all passed'

e2e: dev ## people in Chromium and Firefox on a real server; calls need root, for a network of their own
	@tools/e2e.sh

screens: dev ## a picture of every screen, phone and desktop, light and dark, and axe-core on each
	@tools/setup.sh browsers
	@tools/screens.sh

interop: dev ## long random histories: Python, TypeScript, mls-rs and ts-mls in one group
	@$(PY) -m pytest -q tests/interop -m 'long or not long'

fuzz: dev ## every decoder, coverage by corpus mutation
	@$(PY) -m fuzz

bench: dev ## measured figures, as ratios within one run; writes docs/benchmarks.md
	@$(PY) -m bench

lock: dev ## renew requirements/*.lock from pyproject.toml
	@tools/lock.sh

format: dev ## format and mend what can be mended by itself
	@ruff format --quiet src tests bench tools fuzz
	@ruff check --quiet --fix src tests bench tools fuzz || true

clean: ## remove .venv and caches (never your data folder)
	@rm -rf .venv build web/node_modules web/dist .mypy_cache .ruff_cache .pytest_cache
