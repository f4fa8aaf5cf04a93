"""The chapters as they are stored. That their outputs are fresh is nbval's part: it runs every cell again."""

from __future__ import annotations

import re

import nbformat
import pytest
from companion.refresh import WIDGET_VIEW, normal
from conftest import CHAPTERS, ROOT

CITATION = re.compile(r"\{cite:p\}`[^`]*`")


@pytest.fixture(params=CHAPTERS)
def notebook(request: pytest.FixtureRequest) -> nbformat.NotebookNode:
    notebook: nbformat.NotebookNode = nbformat.read(ROOT / "chapters" / f"{request.param}.ipynb", as_version=4)
    return notebook


def code(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_every_code_cell_was_run(notebook: nbformat.NotebookNode) -> None:
    assert [cell.execution_count for cell in code(notebook)] == list(range(1, len(code(notebook)) + 1))
    assert all(cell.outputs for cell in code(notebook))


def test_no_widget_state_is_stored(notebook: nbformat.NotebookNode) -> None:
    assert "widgets" not in notebook.metadata
    for cell in code(notebook):
        for output in cell.outputs:
            assert WIDGET_VIEW not in output.get("data", {})
            assert output.output_type != "error"


def test_a_chapter_is_stored_in_the_normal_form(
    request: pytest.FixtureRequest, notebook: nbformat.NotebookNode
) -> None:
    stored = nbformat.writes(notebook, indent=1)
    assert nbformat.writes(normal(notebook), indent=1) == stored, "run `make refresh`"


def test_no_cell_escapes_the_comparison(notebook: nbformat.NotebookNode) -> None:
    for cell in code(notebook):
        assert not re.search(r"nbval|NBVAL", cell.source + str(cell.metadata.get("tags", "")))


def test_a_chapter_is_a_chapter(notebook: nbformat.NotebookNode) -> None:
    prose = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    assert len(CITATION.sub("", prose).split()) >= 1200
    assert "Difficult matter" in prose.split("\n## ")[0]
    assert len(code(notebook)) >= 4
    assert len(re.findall(r"^## ", prose, re.M)) >= 6
