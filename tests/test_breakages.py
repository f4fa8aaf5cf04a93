"""The tests of the tests: what must never pass is broken in copies of the project, and what `make test` runs must say
what is wrong and where. The same runs pass where nothing is broken.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import yaml
from companion import load
from companion.data import Tables
from conftest import CHAPTERS, ROOT, edit, jupyter_book

TABLES = "tests/test_data.py::test_the_shipped_tables_are_well"
MARKUP = "tests/test_pages.py::TestTheMarkup"
SCRIPTS = f"{MARKUP}::test_its_policy_comes_first_and_allows_no_more_than_is_there"
STRANGERS = f"{MARKUP}::test_it_would_ask_nobody_else"
CHAPTER = f"chapters/{CHAPTERS[0]}.ipynb"
PROSE = "A paragraph that is long enough to describe the page {}, and says nothing besides that.\n\n"
SCRIPT = "<script>alert({})</script>"
STRANGER = '<script src="https://stranger.example/x.js"></script>'
PAGES = {"unbroken": "", "script": SCRIPT.format(1), "stranger": STRANGER}
"""The pages of a small book, and what is put into each after it was built: no build lets it through (test_guard.py)."""


def copy(folder: Path) -> Path:
    """As much of the project as a build and the tests of a page, of the tables and of a chapter read."""
    waste = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints", "node_modules")
    for name in (".binder", "chapters", "data", "tests"):
        shutil.copytree(ROOT / name, folder / name, ignore=waste)
    for path in filter(Path.is_file, ROOT.iterdir()):
        shutil.copy(path, folder)
    return folder


def run(folder: Path, *tests: str) -> subprocess.CompletedProcess[str]:
    """These of the copy's tests, run as `make test` runs them, with a line for each at the end."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "PYTHONPATH"))}
    command = [sys.executable, "-m", "pytest", "--numprocesses=0", "-rA", *tests]
    return subprocess.run(
        command, cwd=folder, env=kept | {"COLUMNS": "120"}, capture_output=True, text=True, check=False
    )


def results(ran: subprocess.CompletedProcess[str]) -> dict[str, str]:
    lines = re.findall(r"^(PASSED|FAILED|ERROR) (.+?)(?: - .*)?$", ran.stdout, re.M)
    return {test: result for result, test in lines}


def small_book(folder: Path) -> None:
    """One page for each of PAGES, in place of the chapters: a text and a notebook's cell that was never run."""
    for name in ("index", *PAGES):
        output = nbformat.v4.new_output("display_data", {"text/html": "<p>One.</p>"})
        cells = [
            nbformat.v4.new_markdown_cell(f"# The page {name}\n\n{PROSE.format(name)}"),
            nbformat.v4.new_code_cell("1", execution_count=1, outputs=[output]),
        ]
        language = {"language_info": {"name": "python", "pygments_lexer": "python"}}
        (folder / "chapters" / f"{name}.md").unlink(missing_ok=True)
        nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=language), folder / "chapters" / f"{name}.ipynb")
    pages = [{"file": f"chapters/{name}"} for name in PAGES]
    contents = {"format": "jb-book", "root": "chapters/index", "parts": [{"caption": "Pages", "chapters": pages}]}
    (folder / "_toc.yml").write_text(yaml.safe_dump(contents), "utf-8")


def change_a_digit(path: Path) -> int:
    """Add one to a digit that readers see, in the first stored output that has one; returns the number of its cell."""
    notebook = json.loads(path.read_text("utf-8"))
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    for number, cell in enumerate(code):
        for output in cell["outputs"]:
            html = "".join(output.get("data", {}).get("text/html", ()))
            changed = re.sub(r"(>[^<>]*?)(\d)(?=[^<>]*<)", lambda m: f"{m[1]}{(int(m[2]) + 1) % 10}", html, count=1)
            if changed != html:
                output["data"]["text/html"] = changed
                path.write_text(json.dumps(notebook, ensure_ascii=False, indent=1) + "\n", "utf-8")
                return number
    raise AssertionError(f"no stored output of {path} shows a digit")


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    return run(copy(tmp_path_factory.mktemp("unbroken")), TABLES, CHAPTER)


def test_nothing_fails_where_nothing_is_broken(unbroken: subprocess.CompletedProcess[str]) -> None:
    assert unbroken.returncode == 0, unbroken.stdout
    found = results(unbroken)
    assert found.pop(TABLES) == "PASSED"
    assert set(found.values()) == {"PASSED"}
    assert {name.partition("::")[0] for name in found} == {CHAPTER}


class TestTables:
    """All broken at once: every fault is told, and none hides another."""

    @pytest.fixture(scope="class")
    def tables(self) -> Tables:
        return load()

    @pytest.fixture(scope="class")
    def said(self, tmp_path_factory: pytest.TempPathFactory, tables: Tables) -> str:
        folder = copy(tmp_path_factory.mktemp("tables"))
        data = folder / "data"
        bibliography = data / "sources.bib"
        entries = re.split(r"^(?=@)", bibliography.read_text("utf-8"), flags=re.M)
        left = [entry for entry in entries if f"{{{tables.events['sources'].iloc[3][0]}," not in entry]
        assert len(left) == len(entries) - 1
        bibliography.write_text("".join(left), "utf-8")
        edit(data / "events.csv", 7, "sources", "")
        edit(data / "events.csv", 9, "title", f"A title {SCRIPT.format(3)}")
        edit(data / "claims.csv", 4, "verdict", "suported")  # codespell:ignore suported
        ran = run(folder, TABLES)
        assert ran.returncode == 1, ran.stdout
        assert results(ran) == {TABLES: "FAILED"}
        return ran.stdout

    @pytest.mark.parametrize(
        ("table", "row", "column", "value", "rule"),
        [
            ("events", 5, "sources", None, "must be an id of the table sources"),
            ("events", 7, "sources", "", "must not be empty"),
            ("events", 9, "title", f"A title {SCRIPT.format(3)}", "must be plain text"),
            ("claims", 4, "verdict", "suported", "must be one of: supported, "),  # codespell:ignore suported
        ],
        ids=["a source taken out", "a source emptied", "a script in a title", "a verdict misspelt"],
    )
    def test_it_names_the_cell(
        self, said: str, tables: Tables, table: str, row: int, column: str, value: str | None, rule: str
    ) -> None:
        entry = tables[table].iloc[row - 2]
        told = repr(entry[column][0] if value is None else value)
        assert f"data/{table}.csv, row {row} ({entry['id']}), column {column}: {told} {rule}" in said


class TestPages:
    @pytest.fixture(scope="class")
    def broken(self, tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
        folder = copy(tmp_path_factory.mktemp("pages"))
        small_book(folder)
        built = jupyter_book(folder)
        assert built.returncode == 0, built.stdout + built.stderr
        for name, html in PAGES.items():
            page = folder / "_build" / "html" / "chapters" / f"{name}.html"
            page.write_text(page.read_text("utf-8").replace("</article>", f"{html}</article>"), "utf-8")
        return run(folder, SCRIPTS, STRANGERS)

    def test_only_the_broken_pages_fail(self, broken: subprocess.CompletedProcess[str]) -> None:
        assert broken.returncode == 1, broken.stdout
        failed = {name for name, result in results(broken).items() if result != "PASSED"}
        assert failed == {
            f"{SCRIPTS}[chapters/script.html]",
            *(f"{test}[chapters/stranger.html]" for test in (SCRIPTS, STRANGERS)),
        }
        for test in (SCRIPTS, STRANGERS):
            assert results(broken)[f"{test}[chapters/unbroken.html]"] == "PASSED"

    @pytest.mark.parametrize(
        "message",
        [
            "chapters/script.html holds a script that is not the book's own: alert(1)",
            "chapters/stranger.html would ask others: <script> https://stranger.example/x.js",
        ],
    )
    def test_it_names_the_page_and_what_is_wrong(self, broken: subprocess.CompletedProcess[str], message: str) -> None:
        assert message in broken.stdout


def test_a_stored_output_changed_by_a_digit(tmp_path: Path) -> None:
    folder = copy(tmp_path)
    number = change_a_digit(folder / CHAPTER)
    ran = run(folder, TABLES, CHAPTER)
    assert ran.returncode == 1, ran.stdout
    failed = [name for name, result in results(ran).items() if result != "PASSED"]
    assert failed == [f"{CHAPTER}::Cell {number}"]
    assert f"Stored outputs differ from fresh ones in {CHAPTER}." in ran.stdout
    assert "run `make refresh`" in ran.stdout
