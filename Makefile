# The tasks of this checkout. `make` or `make help` lists them; CI runs the same ones.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
PYTHON := .venv/bin/python
SERVERS := $(PYTHON) -m deploy.local.servers

.PHONY: help setup demo demo-down test lint bench wheels chaos lock

help: ## List the tasks
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | \
		while IFS='|' read -r task does; do printf '  make %-10s %s\n' "$$task" "$$does"; done

setup: ## Make .venv with the pinned packages (the other tasks do it themselves)
	@bash deploy/local/bootstrap.sh

demo: setup ## Start the demo company, sync it, change it, sync it again, and check every number
	@$(PYTHON) -m examples.demo

demo-down: setup ## Stop the demo company
	@$(PYTHON) -m examples.demo down

test: setup lint ## Lint, then run all tests with the servers they need (ARGS="-k name" chooses)
	@$(SERVERS) run rabbitmq postgres mariadb -- $(PYTHON) -m tests $(ARGS)

lint: setup ## Check style, format, types and who imports whom
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy .
	@.venv/bin/lint-imports --no-logo

bench: setup ## Measure beside peers, into var/bench/NAME.json (ONLY=name chooses)
	@$(SERVERS) run rabbitmq postgres mariadb -- $(PYTHON) -m benchmarks $(ONLY) \
		$(if $(SECONDS),--seconds $(SECONDS)) $(if $(ROWS),--rows $(ROWS)) \
		$(if $(ROUNDS),--rounds $(ROUNDS))

wheels: setup ## Build both wheels into dist/: the platform, and the client for app teams
	@$(PYTHON) -m deploy.wheels

chaos: setup ## Kill brokers, consumers and connections under load, into var/chaos/messaging.json
	@$(PYTHON) -m tests.messaging.chaos

lock: setup ## Pin every package anew in constraints.txt
	@bash deploy/local/uv.sh --quiet pip compile setup.cfg --all-extras --upgrade \
		--no-header --no-annotate --output-file constraints.txt
