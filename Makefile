# The commands of the book. Each sets up what it needs in .venv; a second run reuses it.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
PYTHON ?= python3
BIN := .venv/bin
PIP := -m pip --disable-pip-version-check install --quiet --require-hashes --requirement
PEERS := tests/bench/node_modules/.package-lock.json
# Each from the file of its name that ends in .in; a later one keeps to the versions of those before it.
LOCKS := requirements.txt tests/requirements.txt .binder/requirements.txt .binder/lab.txt tests/tools.txt
# Of `make serve`.
PORT ?= 8000
export PIP_ROOT_USER_ACTION := ignore

.PHONY: book test serve lab check refresh forms forms-check release fuzz audit coverage mutants bench class hooks lock

# What a build needs; what the tests need besides.
.venv/book: requirements.txt
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or later is needed; this is " + sys.version if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv .venv
	$(BIN)/python $(PIP) requirements.txt
	touch $@

.venv/test: .venv/book tests/requirements.txt
	$(BIN)/python $(PIP) tests/requirements.txt
	touch $@

# Tools that need no part of the book, in an environment of their own.
.venv/tools/done: tests/tools.txt
	$(PYTHON) -m venv .venv/tools
	.venv/tools/bin/python $(PIP) tests/tools.txt
	touch $@

book: .venv/book
	PYTHONPATH=chapters $(BIN)/python -m companion.build

test: .venv/test book $(PEERS)
	$(BIN)/python tests/browser.py
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/codespell
	$(BIN)/python -m pytest

serve: .venv/book
	PYTHONPATH=chapters $(BIN)/python -m companion.serve $(PORT)

lab: .venv/test
	$(BIN)/jupyter lab chapters

check: .venv/book
	cd chapters && ../$(BIN)/python -m companion

refresh: .venv/book
	cd chapters && ../$(BIN)/python -m companion.refresh

# The book as EPUB, PDF and zip; the second build links them on the page of downloads.
forms: .venv/test
	$(BIN)/python tests/browser.py
	rm -rf _build/forms
	$(MAKE) --no-print-directory book
	PYTHONPATH=chapters $(BIN)/python -m companion.forms _build/html _build/forms --chromium "$$(PYTHONPATH=tests $(BIN)/python -c 'import browser; print(browser.find())')"
	$(MAKE) --no-print-directory book

forms-check: forms .venv/tools/done
	$(BIN)/python tests/forms_check.py .venv/tools _build/forms/who-is-in-the-room.epub

# The files of an edition and their checksums, in _build/release; every page names the commit that it was made from.
release: .venv/test
	@test -n "$${BOOK_REPOSITORY:-}" || { echo "Say where the commit can be seen: BOOK_REPOSITORY=https://github.com/owner/name make release"; exit 1; }
	@test -z "$$(git status --porcelain)" || { echo "A release is made from a commit. These files are not committed:"; git status --short; exit 1; }
	rm -rf _build
	BOOK_REVISION=$$(git rev-parse HEAD) $(MAKE) --no-print-directory forms
	mkdir _build/release
	cp _build/forms/who-is-in-the-room* _build/html/data/*.zip _build/release
	PYTHONPATH=chapters $(BIN)/python -m companion.build --sums _build/release

# Ten thousand ways to spoil the data (make test has a sample).
fuzz: .venv/test
	MUTANTS=10000 $(BIN)/python -m pytest --dist=load tests/test_attack.py

# Every page, in every look, before and after each control, and ten thousand random actions (make test has a sample).
audit: .venv/test book $(PEERS)
	$(BIN)/python tests/browser.py
	ACTIONS=10000 $(BIN)/python -m pytest tests/audit_pages.py tests/test_timeline_page.py::TestSurviving::test_random_actions

# Which branches of the Python the tests take.
coverage: .venv/test book
	$(BIN)/python tests/browser.py
	rm -rf _build/coverage
	mkdir -p _build/coverage
	PYTHONPATH=chapters:tests $(BIN)/coverage run -m pytest --numprocesses=0 \
		tests/test_small_*.py tests/test_dates_filter.py tests/test_archive.py tests/test_data.py \
		tests/test_guard.py
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

# Which faults in the Python the tests would miss (hours; a second run asks only about what has changed since).
mutants: .venv/test
	mkdir -p _build/mutants/tests/bench
	rm -rf _build/mutants/src _build/mutants/data _build/mutants/tests/approved
	cp -Rp chapters _build/mutants/src
	cp -Rp _config.yml Makefile pyproject.toml data _build/mutants
	cp -Rp tests/*.py tests/approved _build/mutants/tests
	cp -p tests/bench/*.py _build/mutants/tests/bench
	cd _build/mutants && PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 $(CURDIR)/$(BIN)/mutmut run
	$(BIN)/python tests/mutation_score.py _build/mutants

# What is measured against, and what checks the pages, as locked.
$(PEERS): tests/bench/package-lock.json
	cd tests/bench && npm ci --ignore-scripts --no-audit --no-fund
	touch $@

bench: .venv/test book $(PEERS)
	$(BIN)/python tests/browser.py
	PYTHONPATH=chapters:tests $(BIN)/python -m bench

# How many students a machine holds: what a running chapter takes, measured on this machine (about ten minutes).
class: .venv/test book
	PYTHONPATH=tests $(BIN)/python -m bench.classroom

# For this clone: the checks of .pre-commit-config.yaml at every commit, and notebooks compared and merged by cells.
hooks: .venv/test .venv/tools/done
	.venv/tools/bin/pre-commit install
	.venv/tools/bin/nbdime config-git --enable
	git config diff.jupyternotebook.command '"$(CURDIR)/.venv/tools/bin/git-nbdiffdriver" diff'
	git config merge.jupyternotebook.driver '"$(CURDIR)/.venv/tools/bin/git-nbmergedriver" merge %O %A %B %L %P'

lock: .venv/tools/done
	for lock in $(LOCKS); do \
		.venv/tools/bin/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-header \
			"$${lock%.txt}.in" --output-file "$$lock"; \
	done
