"""What is run by hand or on a timetable, in small: cards, the check of links, the refreshing of outputs, live cells."""

from __future__ import annotations

import runpy
import socket
import sys
import time
from email.message import Message
from http.client import BadStatusLine
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request

import nbformat
import pandas as pd
import pytest
import small
from approved import same
from companion import cards, charts, links, refresh
from companion.live import Live
from companion.timeline import VIEW, Timeline
from ipywidgets import IntText, Text
from nbclient.exceptions import CellExecutionError
from PIL import Image
from test_small_pages import html


class TestCards:
    def test_a_card_is_drawn_with_title_and_line(self) -> None:
        same("card.svg", html(cards.svg("A *long* title & the story of an answer", "What *it* <is>")))
        same("card-cover.svg", html(cards.svg("*Who* Is in the Room?", "A line")))

    @pytest.mark.parametrize(
        ("text", "room", "lines"),
        [
            ("one two", 10, ["one two"]),
            ("one two three four", 10, ["one two", "three four"]),
            ("a part of the whole", 12, ["a\u00a0part", "of\u00a0the\u00a0whole"]),
            ("*one* two *three* four", 10, ["*one* two", "*three* four"]),
            ("unbreakable words", 5, ["unbreakable", "words"]),
            ("aaaa bbbb cccc dddd eeee", 9, ["aaaa bbbb", "cccc dddd", "eeee"]),
            ("how recent was that revelation of this", 14, ["how recent", "was that", "revelation", "of\u00a0this"]),
            ("an act of the many", 99, ["an\u00a0act of\u00a0the\u00a0many"]),
        ],
    )
    def test_a_title_is_broken_into_even_lines(self, text: str, room: int, lines: list[str]) -> None:
        assert cards.lines_of(text, room) == lines

    def test_a_heading_is_found_in_both_kinds_of_source(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(cards, "CHAPTERS", tmp_path)
        (tmp_path / "a.md").write_text("no heading\n\n#  The *title* \n\n# Another\n", "utf-8")
        new = nbformat.v4
        cells = [
            new.new_code_cell("# no heading"),
            new.new_markdown_cell("By the way\n"),
            new.new_markdown_cell("# Höhe"),
        ]
        nbformat.write(new.new_notebook(cells=cells), tmp_path / "b.ipynb")
        assert cards.heading("a.md") == "The *title*"
        assert cards.heading("b.ipynb") == "Höhe"

    def test_what_a_card_is_called_aloud(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(cards, "heading", {"a.md": "*Who*?", "b.md": "History"}.__getitem__)
        assert cards.Card("a", "a.md", "On *A*").alt == "Who? On A"
        assert cards.Card("b", "b.md", "On B").alt == "History. On B"

    def test_all_are_drawn_anew(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(cards, "FOLDER", tmp_path / "cards")
        monkeypatch.setattr(cards, "CARDS", {"chapters/a": cards.Card("a", "a.md", "A *line*")})
        monkeypatch.setattr(cards, "heading", lambda source: f"*{source}* & co")
        cards.draw()
        cards.draw()
        with Image.open(tmp_path / "cards" / "a.png") as drawn:
            assert drawn.info["Title"] == "a.md & co"
            assert (drawn.format, drawn.mode, drawn.size) == ("PNG", "P", (1200, 630))
            dots = [drawn.convert("RGB").crop((x, 0, x + 1, 1)).tobytes() for x in (0, 600)]
            assert [f"#{dot.hex()}" for dot in dots] == [cards.ACCENT, cards.PAPER]


class TestLinks:
    @pytest.fixture
    def asked(self, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
        """What is asked, and what is answered: an error, or nothing where all is well."""
        log: list[Any] = []
        answers: dict[str, list[Any]] = {}

        class Answer:
            def __enter__(self) -> Answer:
                return self

            def __exit__(self, *error: object) -> None:
                pass

        def urlopen(request: Request, timeout: float) -> Answer:
            log.append((request.get_method(), request.full_url, dict(request.header_items()), timeout))
            found = answers.get(request.full_url, [])
            error = found.pop(0) if found else None
            if isinstance(error, int):
                error = HTTPError(request.full_url, error, "no", Message(), None)
            if error:
                raise error
            return Answer()

        monkeypatch.setattr(links, "urlopen", urlopen)
        monkeypatch.setattr(time, "sleep", lambda seconds: log.append(seconds))
        monkeypatch.delenv("BOOK_REPOSITORY", raising=False)
        return SimpleNamespace(log=log, answers=answers)

    def test_who_asks_is_said(self, asked: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
        assert links.ask("https://a.example/ü?q=[1]~%20#x", "HEAD", 7) == (links.WELL, "")
        monkeypatch.setenv("BOOK_REPOSITORY", "https://github.com/a/b")
        links.ask("http://b.example", "GET", 7)
        about = "who-is-in-the-room (weekly check of links)"
        assert asked.log == [
            ("HEAD", "https://a.example/%C3%BC?q=[1]~%20#x", {"User-agent": about}, 7),
            ("GET", "http://b.example", {"User-agent": f"{about} https://github.com/a/b"}, 7),
        ]

    @pytest.mark.parametrize(
        ("error", "state"),
        [
            (404, ("gone", "404")),
            (410, ("gone", "410")),
            (403, ("unknown", "403")),
            (503, ("unknown", "503")),
            (URLError(socket.gaierror(socket.EAI_NONAME, "?")), ("gone", "no such host")),
            (URLError(socket.gaierror(socket.EAI_AGAIN, "?")), ("unknown", "gaierror")),
            (TimeoutError(), ("unknown", "no answer in time")),
            (URLError(TimeoutError()), ("unknown", "no answer in time")),
            (ConnectionResetError(), ("unknown", "ConnectionResetError")),
            (BadStatusLine("x"), ("unknown", "BadStatusLine")),
        ],
    )
    def test_what_an_answer_means(self, asked: SimpleNamespace, error: Any, state: tuple[str, str]) -> None:
        asked.answers["http://a.example"] = [error]
        assert links.ask("http://a.example", "GET", 1) == state

    def test_an_address_that_is_none_is_unknown(self, asked: SimpleNamespace) -> None:
        assert links.ask("no address", "GET", 1) == ("unknown", "ValueError")

    @pytest.mark.parametrize(
        ("answers", "state", "requests"),
        [
            ([], ("well", ""), ["HEAD"]),
            ([405], ("well", ""), ["HEAD", "GET"]),
            ([404, 404, 404, 404], ("gone", "404"), ["HEAD", "GET", "HEAD", "GET"]),
            ([404, 404], ("well", ""), ["HEAD", "GET", "HEAD"]),
            ([404, 403], ("unknown", "403"), ["HEAD", "GET"]),
            ([429], ("unknown", "429"), ["HEAD"]),
        ],
    )
    def test_a_verdict_needs_to_be_said_twice(
        self, asked: SimpleNamespace, answers: list[int], state: tuple[str, str], requests: list[str]
    ) -> None:
        asked.answers["http://a.example"] = answers
        assert links.check("http://a.example", wait=9, pause=2) == state
        assert [entry for entry in asked.log if entry == 2] == [2] * len(requests)
        assert [entry[0] for entry in asked.log if entry != 2] == requests
        assert {entry[3] for entry in asked.log if entry != 2} == {9}

    def test_all_are_asked_once_in_their_hosts(self, asked: SimpleNamespace) -> None:
        asked.answers["http://A.example/2"] = [403, 403]
        found = links.check_all(
            ["http://a.example/1", "http://A.example/2", "http://a.example/1", "http://b.example/"], 4, 1
        )
        assert found == {
            "http://a.example/1": ("well", ""),
            "http://A.example/2": ("unknown", "403"),
            "http://b.example/": ("well", ""),
        }
        assert [entry[1] for entry in asked.log if entry != 1 and "b." not in entry[1]] == [
            "http://a.example/1",
            "http://A.example/2",
            "http://A.example/2",
        ]
        assert {entry[3] for entry in asked.log if entry != 1} == {4}

    def test_the_report_and_the_exit_of_the_command(
        self, asked: SimpleNamespace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (tmp_path / "data").mkdir()
        path = tmp_path / "data" / "sources.bib"
        path.write_text(small.SOURCES, "utf-8")
        assert links.main(path) == 0
        assert capsys.readouterr().out == "4 of 4 addresses in `data/sources.bib` answered.\n"
        paper = "https://paper.example/a?b=1&c=2"
        asked.answers |= {"https://law.example/": [410] * 4, "http://old.example/": [403] * 2, paper: [404] * 4}
        assert links.main(path, wait=1, pause=0) == 3
        assert capsys.readouterr().out == (
            "1 of 4 addresses in `data/sources.bib` answered.\n\n"
            "## Gone (asked twice)\n\n"
            "- `law`: <https://law.example/> (410)\n"
            f"- `paper`: <{paper}> (404); archived on 23 November 2026: "
            f"<https://web.archive.org/web/20261123010203/{paper}>\n\n"
            "## Could not be checked\n\n- `old`: <http://old.example/> (403)\n"
        )
        path.write_text(small.SOURCES.replace("{primary}", "{hearsay}").replace("{Wet}", "{}"), "utf-8")
        assert links.main(path) == 1
        said = capsys.readouterr()
        assert said.out == ""
        assert [line.partition(" (law), ")[2].partition(":")[0] for line in said.err.splitlines()] == [
            "column title",
            "column keywords",
        ]

    def test_the_command_takes_the_file_from_its_line(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "argv", ["links", str(tmp_path / "sources.bib")])
        monkeypatch.delitem(sys.modules, "companion.links")
        with pytest.raises(SystemExit) as ended:
            runpy.run_module("companion.links", run_name="__main__")
        assert ended.value.code == 1


class TestRefresh:
    @pytest.fixture
    def run(self, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
        """A kernel that needs no time: a cell with "1/0" fails, and every other has one output."""
        seen: list[dict[str, Any]] = []

        class Client:
            def __init__(self, notebook: nbformat.NotebookNode, **options: Any) -> None:
                self.notebook = notebook
                seen.append(options)

            def execute(self) -> None:
                for number, cell in enumerate((cell for cell in self.notebook.cells if cell.cell_type == "code"), 1):
                    if "1/0" in cell.source:
                        raise CellExecutionError("Traceback …", "ZeroDivisionError", "division by zero")
                    data = {"text/plain": "3", refresh.WIDGET_VIEW: {"model_id": "x"}}
                    shown = nbformat.v4.new_output("execute_result", data, metadata={"a": 1}, execution_count=number)
                    cell.execution_count, cell.outputs = number, [shown, nbformat.v4.new_output("stream", text="é")]

        monkeypatch.setattr(refresh, "NotebookClient", Client)
        return seen

    def notebook(self, path: Path, *sources: str) -> Path:
        new = nbformat.v4
        cells = [new.new_markdown_cell("# T", metadata={"x": 1})]
        cells += [
            new.new_code_cell(source, metadata={"tags": ["hide-cell", "a"]} if source == "h" else {"y": 1})
            for source in sources
        ]
        nbformat.write(new.new_notebook(cells=cells, metadata={"widgets": {}, "title": "x"}), path)
        return path

    def test_a_chapter_is_stored_in_the_one_normal_form(self, run: list[dict[str, Any]], tmp_path: Path) -> None:
        path = self.notebook(tmp_path / "a.ipynb", "1 + 2", "h")
        assert refresh.refresh(path) is True
        same("refreshed.ipynb", path.read_text("utf-8"))
        assert refresh.refresh(path) is False
        assert (
            run
            == [{"timeout": 120, "resources": {"metadata": {"path": str(tmp_path)}}, "store_widget_state": False}] * 2
        )

    def test_the_command_says_what_it_did(
        self,
        run: list[dict[str, Any]],
        tmp_path: Path,
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(refresh, "CHAPTERS", tmp_path)
        (tmp_path / "deep" / ".ipynb_checkpoints").mkdir(parents=True)
        good, deep = self.notebook(tmp_path / "b.ipynb", "1"), self.notebook(tmp_path / "deep" / "c.ipynb", "1")
        self.notebook(tmp_path / "deep" / ".ipynb_checkpoints" / "c.ipynb", "1/0")
        assert refresh.main([]) == 0
        new = "  cell 2: + 3\n  cell 2: + é\n"
        assert capsys.readouterr().out == f"b.ipynb: written\n{new}c.ipynb: written\n{new}"
        assert refresh.main([str(good), str(deep)]) == 0
        assert capsys.readouterr().out == "b.ipynb: unchanged\nc.ipynb: unchanged\n"
        bad = self.notebook(tmp_path / "bad.ipynb", "1/0")
        before = bad.read_bytes()
        assert refresh.main([str(bad), str(good)]) == 1
        said = capsys.readouterr()
        assert said.out == ""
        assert said.err.startswith("bad.ipynb: a cell failed, and the file was left as it was.\nTraceback …")
        assert bad.read_bytes() == before

    def test_what_a_reader_sees_otherwise_is_told_by_lines(self) -> None:
        def ran(shown: str, plain: str = "1") -> nbformat.NotebookNode:
            new = nbformat.v4
            outputs = [
                new.new_output("display_data", {"text/html": shown, "text/plain": "a table"}),
                new.new_output("execute_result", {"text/plain": plain}),
            ]
            cells = [new.new_markdown_cell("T"), new.new_code_cell("x", outputs=outputs)]
            notebook: nbformat.NotebookNode = new.new_notebook(cells=cells)
            return notebook

        table = "<table><thead><tr><th>kind</th><th>told</th></tr></thead><tbody>{}</tbody></table>"
        film, law = "<tr><td>film &amp; more</td><td>10</td></tr>", "<tr>\n <td>law</td>\n <td>3</td>\n</tr>"
        event = '<p class="event-when"><time>2 May</time> law</p><p class="event-title find">A rule</p>\n<p>Of {}.</p>'
        before = (
            event.format("one")
            + table.format(film + law)
            + "<style>p { color: red }</style><ul><li>A <b>date</b></li><li>B</li></ul>"
        )
        after = (
            event.replace("2 May", "3 May").format("one")
            + table.format(law + film.replace("10", "11"))
            + "<style>p {}</style><ul><li>B</li><li>A date</li></ul>"
        )
        assert list(refresh.changes(ran(before), ran(after, "<2>"))) == [
            "  cell 2: - 2 May law | A rule",
            "  cell 2: - film & more | 10",
            "  cell 2: - 1",
            "  cell 2: + 3 May law | A rule",
            "  cell 2: + film & more | 11",
            "  cell 2: + <2>",
        ]
        assert list(refresh.changes(ran(before), ran(before))) == []


class TestLive:
    def draw(self, number: int) -> charts.Table:
        return charts.table(pd.DataFrame({"number": [number]}), f"{10 // number} tenths")

    def shown(self, live: Live) -> str:
        value: str = live.children[-1].value
        return value

    def test_the_result_follows_the_controls(self) -> None:
        one, two = IntText(5), Text("a")
        calls: list[int] = []

        def draw(number: int, words: str) -> charts.Table:
            calls.append(number)
            return charts.table(pd.DataFrame({words: [number]}), "C")

        live = Live(draw, number=one, words=two)
        assert live.children[:2] == (one, two)
        assert "jp-RenderedHTMLCommon" in live.children[2]._dom_classes
        first = self.shown(live)
        one.value, two.value = 6, "b"
        two.description = "Words"
        assert calls == [5, 6, 6]
        assert '<th scope="col">b</th>' in self.shown(live)
        assert '<th scope="row">6</th>' in self.shown(live)
        stored = live._repr_mimebundle_()
        assert stored["text/html"] == first
        assert stored["text/plain"] == "C\n a\n 5"
        assert "application/vnd.jupyter.widget-view+json" in stored

    def test_what_goes_wrong_is_told_in_the_place_of_the_result(self) -> None:
        control = IntText(5, description="Number")
        live = Live(self.draw, number=control)
        control.value = 0
        assert self.shown(live) == (
            '<p role="alert"><b>Nothing was drawn.</b><br>Number, &#x27;0&#x27;: '
            "ZeroDivisionError: integer division or modulo by zero</p>"
        )
        control.value = 2
        assert "5 tenths" in self.shown(live)
        assert "alert" not in self.shown(live)

        def refuse(words: str) -> charts.Table:
            if words:
                raise ValueError("a <b>\nc")
            return charts.table(pd.DataFrame({"a": [1]}), "C")

        entry = Text("", description="W")
        live = Live(refuse, words=entry)
        entry.value = "<" + "x" * 58
        assert f"<br>W, &#x27;&lt;{'x' * 58}&#x27;: a &lt;b&gt;<br>c</p>" in self.shown(live)
        entry.value = "x" * 60
        assert "</b><br>a &lt;b&gt;<br>c</p>" in self.shown(live)

    def test_the_result_follows_the_timeline_until_it_is_closed(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setattr(charts, "svg", lambda chart: "<svg />")
        tables = small.tables(tmp_path)
        calls: list[tuple[list[str], int]] = []

        def draw(events: pd.DataFrame, least: int) -> charts.Table:
            calls.append((list(events["id"]), least))
            if len(events) == 1:
                raise ValueError("too few")
            return charts.table(events[["title"]], f"{len(events)} events")

        timeline = Timeline(tables.events, tables=tables)
        first = Live(draw, timeline, least=IntText(1))
        timeline.query = "guild"
        assert calls == [(["rule-of-2018", "talk", "shoot", "opening"], 1), (["rule-of-2018"], 1)]
        assert self.shown(first).endswith("</b><br>too few</p>")
        other = {"query": "zzz", "kinds": ["rule"], "from_year": 1, "to_year": 3000, "who": "bo", "region": "Ireland"}
        other |= {"confidence": "disputed", "article": True, "path": "elsewhere"}
        assert set(other) == set(VIEW)
        for name, value in other.items():
            calls.clear()
            setattr(timeline, name, value)
            assert len(calls) == 1, name
        again = Live(draw, timeline, least=IntText(2))
        calls.clear()
        timeline.reset()
        assert {least for _, least in calls} == {2}
        assert "4 events" in self.shown(again)
        assert timeline.followers == {draw.__qualname__: again}
        again.close()
        again.close()
        calls.clear()
        timeline.query = "x"
        assert calls == []
        last = Live(lambda events: charts.table(events[["title"]], "C"), timeline)
        assert list(timeline.followers.values()) == [again, last]
