"""Live cells: results that follow controls and timelines, tables edited for a trial, chapters run in any order."""

from __future__ import annotations

import hashlib
from types import ModuleType

import companion
import nbformat
import pandas as pd
import pytest
from companion import DataError, Live, Timeline, charts
from companion.data import FOLDER
from conftest import CHAPTERS, ROOT
from IPython.core.interactiveshell import InteractiveShell
from ipywidgets import IntText, Text
from traitlets.config import Config

TABLES = companion.load()


def shown(live: Live) -> str:
    """What stands below the controls."""
    return str(live.children[-1].value)


def count(number: int) -> charts.Table:
    return charts.table(pd.DataFrame({"number": [number]}), f"{10 // number} tenths")


class TestLive:
    def test_the_result_follows_a_control(self) -> None:
        live = Live(count, number=IntText(5))
        assert "2 tenths" in shown(live)
        live.children[0].value = 2
        assert "5 tenths" in shown(live)

    def test_a_mistake_is_a_message_and_the_next_entry_mends_it(self) -> None:
        live = Live(count, number=IntText(5, description="Number"))
        live.children[0].value = 0
        assert 'role="alert"' in shown(live)
        assert "Number, &#x27;0&#x27;: ZeroDivisionError: integer division or modulo by zero" in shown(live)
        assert "Traceback" not in shown(live)
        live.children[0].value = 1
        assert "10 tenths" in shown(live)
        assert "alert" not in shown(live)

    def test_a_message_is_text(self) -> None:
        def draw(words: str) -> charts.Table:
            if words != "well":
                raise ValueError(f"{words} is not well")
            return charts.table(pd.DataFrame({"a": [1]}), words)

        live = Live(draw, words=Text("well"))
        live.children[0].value = "<script>"
        assert "&lt;script&gt; is not well" in shown(live)

    def test_a_fault_in_the_cell_itself_is_raised(self) -> None:
        with pytest.raises(ZeroDivisionError):
            Live(count, number=IntText(0))

    def test_a_page_has_the_result_of_the_first_values(self) -> None:
        live = Live(count, number=IntText(5))
        live.children[0].value = 2
        stored = live._repr_mimebundle_()
        assert "2 tenths" in stored["text/html"]
        assert "2 tenths" in stored["text/plain"]

    def test_the_result_follows_the_timeline(self) -> None:
        def draw(events: pd.DataFrame, least: int) -> charts.Table:
            return charts.table(events[["title"]], f"{len(events)} events, {least}")

        timeline = Timeline(TABLES.events.head(40), tables=TABLES)
        live = Live(draw, timeline=timeline, least=IntText(1))
        assert "40 events, 1" in shown(live)
        timeline.kinds = timeline.kinds[:1]
        left = len(timeline.visible)
        assert 0 < left < 40
        assert f"{left} events, 1" in shown(live)
        timeline.reset()
        assert "40 events, 1" in shown(live)

    def test_a_cell_run_again_replaces_its_follower(self) -> None:
        calls = []

        def draw(events: pd.DataFrame) -> charts.Table:
            calls.append(len(events))
            return charts.table(events[["title"]], "events")

        timeline = Timeline(TABLES.events.head(10), tables=TABLES)
        for _ in range(3):
            Live(draw, timeline=timeline)
        calls.clear()
        timeline.query = "no event has this"
        assert calls == [0]


class TestEdited:
    def test_cells_are_replaced_in_the_tables_and_not_in_the_files(self) -> None:
        before = hashlib.sha256((FOLDER / "practices.csv").read_bytes()).hexdigest()
        tables = companion.edited("practices", 'id,value\nanora-rehearsal,"Said, for a trial"')
        assert tables.practices.loc["anora-rehearsal", "value"] == "Said, for a trial"
        assert len(tables.practices) == len(TABLES.practices)
        assert companion.load().practices.loc["anora-rehearsal", "value"] != "Said, for a trial"
        assert hashlib.sha256((FOLDER / "practices.csv").read_bytes()).hexdigest() == before

    def test_no_text_changes_nothing(self) -> None:
        assert companion.edited("practices", "  ").practices.equals(TABLES.practices)

    @pytest.mark.parametrize(
        ("table", "text", "words"),
        [
            (
                "practices",
                "id,value\nanora-rehearsal,",
                "row {row} (anora-rehearsal), column value: '' must",
            ),
            (
                "practices",
                "id,confidence\nanora-rehearsal,sure",
                "'sure' must be one of: confirmed, reported,",
            ),
            ("practices", "id,value\nanora-monitor,Two", "confidence: '' must not be empty where value is Two"),
            ("practices", "id,sources\nanora-rehearsal,hearsay", "'hearsay' must be an id of the table sources"),
            ("practices", "id,sources\nanora-rehearsal,", "column sources: '' must not be empty"),
            ("events", "id,date\nanora-palme-dor,25 May 2024", "(anora-palme-dor), column date: '25 May 2024'"),
            (
                "practices",
                "id,value\nnobody,yes",
                "row 2, column id: 'nobody' must be an id of practices.csv",
            ),
            (
                "practices",
                "id,colour\nanora-rehearsal,red",
                "your table, row 1, column colour: 'colour' is not",
            ),
            ("practices", "value\nyes", "your table, row 1, column id: '' the column is missing"),
            ("practices", "id,value\nanora-rehearsal,a,b", "your table, row 2 (anora-rehearsal): the row has 3 cells"),
            ("practices", 'id,value\nanora-rehearsal,"a', "your table: must be comma-separated values"),
        ],
    )
    def test_a_broken_edit_is_told_with_its_place_and_rule(self, table: str, text: str, words: str) -> None:
        with pytest.raises(DataError) as raised:
            companion.edited(table, text)
        row = list(TABLES.practices["id"]).index("anora-rehearsal") + 2
        assert words.format(row=row) in str(raised.value)
        assert len(raised.value._render_traceback_()) == len(raised.value.faults) + 1


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
