"""Live cells: what is wrong with one is raised, and those of the chapters run in any order."""

from __future__ import annotations

from types import ModuleType

import nbformat
import pandas as pd
import pytest
from companion import Live, charts
from conftest import CHAPTERS, ROOT
from IPython.core.interactiveshell import InteractiveShell
from ipywidgets import IntText
from traitlets.config import Config


def test_a_fault_in_the_cell_itself_is_raised() -> None:
    def count(number: int) -> charts.Table:
        return charts.table(pd.DataFrame({"number": [number]}), f"{10 // number} tenths")

    with pytest.raises(ZeroDivisionError):
        Live(count, number=IntText(0))


@pytest.mark.filterwarnings("error", "ignore::DeprecationWarning")
@pytest.mark.parametrize("chapter", CHAPTERS)
def test_cells_run_in_any_order_and_twice(
    chapter: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the shell of a kernel, but in this process: a kernel would take longer to start than the cells to run."""
    notebook = nbformat.read(ROOT / "chapters" / f"{chapter}.ipynb", as_version=4)
    first, *others = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    assert any("companion.Live(" in source for source in others)
    monkeypatch.chdir(ROOT / "chapters")
    shell = InteractiveShell(user_module=ModuleType("trial"), config=Config({"HistoryManager": {"enabled": False}}))
    for source in (first, *reversed(others), *others, first):
        shell.run_cell(source).raise_error()
    assert capsys.readouterr().err == ""
