# Copyright (c) 2026 the pcc.identity authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Every target works in a fresh clone: whatever needs the environment makes it first (see scripts/setup).

STAGES := ruff tooling mypy unit sweeps emulator integration docs changelog lint sanity core-2.18 molecule package clean-tree

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-fast bench format pin clean $(STAGES)
.NOTPARALLEL:

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z0-9. -]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' Makefile

setup: ## Make or update .venv with everything the other targets need
	@scripts/setup

demo: setup ## See the collection at work against the emulator
	@scripts/in-env .venv/bin/python scripts/demo.py

test: setup ## Run every stage below (KEEP_GOING=1: do not stop at the first failure)
	@scripts/test

test-fast: setup ## Lint the Python code and run the unit tests
	@scripts/test ruff unit

bench: setup ## Measure speed and request counts against the emulator
	@scripts/in-env .venv/bin/python -m tests.benchmark

format: setup ## Rewrite the Python code in the project's format
	@scripts/in-env ruff check --quiet --fix . || true
	@scripts/in-env ruff format .

pin: ## Renew constraints.txt from a fresh environment
	@scripts/pin

clean: ## Remove the environments and all that the tools wrote
	@scripts/clean

# One target per stage, in the order in which `make test` runs them.

ruff: setup ## Stage: Python style and common mistakes
	@scripts/test $@

tooling: setup ## Stage: tests of the project's own rules and scripts
	@scripts/test $@

mypy: setup ## Stage: types of plugins/ and emulator/
	@scripts/test $@

unit: setup ## Stage: unit tests with the coverage gate
	@scripts/test $@

sweeps: setup ## Stage: every fault at every request, every answer that the service may give
	@scripts/test $@

emulator: setup ## Stage: tests of the emulator
	@scripts/test $@

integration: setup ## Stage: ansible-playbook against the emulator
	@scripts/test $@

docs: setup ## Stage: documentation of every plugin and role
	@scripts/test $@

changelog: setup ## Stage: changelog and its fragments
	@scripts/test $@

lint: setup ## Stage: ansible-lint, yamllint, shellcheck
	@scripts/test $@

sanity: setup ## Stage: ansible-test sanity, with no ignore files
	@scripts/test $@

core-2.18: setup ## Stage: unit tests and a smoke run on the oldest supported ansible-core
	@scripts/test $@

molecule: setup ## Stage: molecule scenarios
	@scripts/test $@

package: setup ## Stage: build, install and use the collection's tarball
	@scripts/test $@

clean-tree: setup ## Stage: the run left neither files nor processes behind
	@scripts/test $@
