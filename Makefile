# The commands of the project; `make` alone lists them. Settings are passed on: `make run DESK_PORT=9000`.
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help run test check fix bench clean install install-dev rasa test-rasa

# Paths stay relative, so that the checkout may lie in a folder whose name holds spaces.
python := .venv/bin/python
# More words for the command behind a target: make test ARGS="tests/nlu -x"
ARGS ?=

help: ## list the commands
	@echo "make COMMAND, where COMMAND is one of:"
	@sed -n 's/^\([a-z][a-z-]*\):[^#]*## \(.*\)/\1|\2/p' Makefile | while IFS='|' read -r name text; do \
	    printf '  %-12s %s\n' "$$name" "$$text"; done
	@echo "PYTHON=… chooses another Python for the environment, ARGS=… adds words to run, test and bench."

run: install ## install what is missing and serve the desk; the first start trains the model and loads the demo
	@exec $(python) -m desk serve $(ARGS)

test: install-dev ## run the tests
	@$(python) -m pytest -n auto --dist worksteal $(ARGS)

dialogues: install-dev ## play all written conversations and print reply lengths, questions per repair, greetings
	@$(python) -m tests.dialogues

check: install-dev ## check format, lint, types, imports, content and documentation
	@echo "== format";   $(python) -m ruff format --check .
	@echo "== lint";     $(python) -m ruff check .
	@echo "== types";    $(python) -m mypy
	@echo "== imports";  $(python) -c 'import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports())'
	@echo "== content";  $(python) -m desk check-data
	@echo "== documents and house rules"; $(python) -m pytest -q tests/test_docs.py tests/test_architecture.py

fix: install-dev ## format the code and mend what ruff can mend by itself
	@$(python) -m ruff format .
	@$(python) -m ruff check --fix .

bench: install-dev ## measure speed and size; see docs for what the figures mean
	@$(python) -m bench $(ARGS)

rasa: install ## install Rasa in an environment of its own, train it and serve it on 127.0.0.1:5005; ARGS="--pipeline diet"
	@sh scripts/rasa.sh serve $(ARGS)

test-rasa: install-dev ## run the contract suite of both engines against a real Rasa server
	@sh scripts/rasa.sh test $(ARGS)

clean: ## remove the environment and everything generated; data in var/ stays
	rm -rf .venv .venv-rasa build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

install: ## install what running needs
	@PYTHON='$(PYTHON)' sh scripts/environment.sh run

install-dev: ## install what testing and checking need as well
	@PYTHON='$(PYTHON)' sh scripts/environment.sh dev
