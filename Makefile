# The commands of the book. Each sets up what it needs in .venv; a second run reuses it.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --require-hashes
export PIP_ROOT_USER_ACTION := ignore

.PHONY: book test serve lab check refresh bench lock

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

test: .venv/test book
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

bench: .venv/test
	$(BIN)/python tests/browser.py
	PYTHONPATH=chapters:tests $(BIN)/python -m bench

lock: .venv/lock
	.venv/lock/bin/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-header requirements.in --output-file requirements.txt
	.venv/lock/bin/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-header tests/requirements.in --output-file tests/requirements.txt
	.venv/lock/bin/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-header .binder/requirements.in --output-file .binder/requirements.txt

.venv/lock:
	$(PYTHON) -m venv .venv/lock
	.venv/lock/bin/python -m pip --disable-pip-version-check install --quiet uv
