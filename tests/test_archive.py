"""Archived addresses: the rules for them, the command that finds and records them, and how a reader sees them."""

from __future__ import annotations

import http.server
import json
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import parse_qs, urlsplit

import pytest
from companion import archive, bibliography, citations, coverage, links, load, notes
from conftest import ROOT, Reader
from pybtex.database.input.bibtex import Parser

PAGE = "https://www.example.org/workshop?year=2026"
CAPTURE = f"https://web.archive.org/web/20261120101112/{PAGE}"
FAR = f"https://web.archive.org/web/20190301000000/{PAGE}"
WELL = {"archiveurl": CAPTURE, "archivedate": "2026-11-20"}


def entry(key: str, url: str = PAGE, urldate: str = "2026-11-22", **more: str) -> str:
    fields = {
        "title": f"The title of {key}",
        "organization": "An Outlet",
        "url": url,
        "urldate": urldate,
        **more,
        "keywords": "primary",
    }
    return f"@online{{{key},\n" + ",\n".join(f"  {name:<12} = {{{text}}}" for name, text in fields.items()) + "\n}\n"


Run = Callable[..., tuple[int, str, str, str]]


# The rules


def faults(folder: Path, **fields: str) -> list[tuple[str, str, str, str]]:
    """What is wrong with a source that has these fields, as (id, column, value, rule)."""
    path = folder / "sources.bib"
    path.write_text(entry("one", **fields), "utf-8")
    return [(fault.id, fault.column, fault.value, fault.rule) for fault in bibliography.read(path)[1]]


@pytest.mark.parametrize(
    ("address", "date"),
    [
        (CAPTURE, "2026-11-20"),
        ("http://web.archive.org/web/20261120101112/http://example.org:80/workshop/?year=2026", "2026-11-20"),
        ("https://web.archive.org/web/20261120101112if_/example.org/workshop?year=2026#part", "2026-11-20"),
        ("https://Web.Archive.org/web/20261120101112/https://WWW.Example.org/work%73hop?year=2026", "2026-11-20"),
        (f"https://webarchive.nationalarchives.gov.uk/ukgwa/20261120101112/{PAGE}", "2026-11-20"),
        (f"https://www.webarchive.org.uk/wayback/en/archive/20261120101112mp_/{PAGE}", "2026-11-20"),
        ("https://perma.cc/AB12-CD34", "2026-11-20"),
    ],
)
def test_a_capture_of_the_source_is_accepted(tmp_path: Path, address: str, date: str) -> None:
    assert faults(tmp_path, archiveurl=address, archivedate=date) == []


@pytest.mark.parametrize(
    ("address", "date", "column", "rule"),
    [
        (CAPTURE, "", "archivedate", "must not be empty where there is an archiveurl"),
        ("", "2026-11-20", "archiveurl", "must not be empty where there is an archivedate"),
        (CAPTURE, "2026-11", "archivedate", "must be a full day"),
        ("https://perma.cc/AB12-CD34", "2026-02-30", "archivedate", "there is no such day"),
        (CAPTURE, "2026-11-21", "archivedate", "must be the day that archiveurl holds, 2026-11-20"),
        (CAPTURE.replace("workshop", "shop"), "2026-11-20", "archiveurl", f"must be a capture of the url, {PAGE}"),
        (CAPTURE.replace("2026", "2025", 2), "2025-11-20", "archiveurl", "must be a capture of the url"),
        (f"https://web.archive.org/web/2026/{PAGE}", "2026-11-20", "archiveurl", "must hold the 14 digits"),
        (f"https://web.archive.org/web/*/{PAGE}", "2026-11-20", "archiveurl", "must hold the 14 digits"),
        (PAGE, "2026-11-20", "archiveurl", "must be an http or https address at one of: web.archive.org, "),
        (f"https://archive.ph/20261120101112/{PAGE}", "2026-11-20", "archiveurl", "at one of: web.archive.org, "),
        (CAPTURE.replace("https", "ftp", 1), "2026-11-20", "archiveurl", "must be an http or https address"),
        (CAPTURE.replace(".org", ".org.evil.example", 1), "2026-11-20", "archiveurl", "must be an http or https"),
        ("javascript:alert(1)//web.archive.org/", "2026-11-20", "archiveurl", "must be an http or https address"),
        (CAPTURE + '"onclick="', "2026-11-20", "archiveurl", "must be an http or https address"),
    ],
)
def test_anything_else_is_a_fault(tmp_path: Path, address: str, date: str, column: str, rule: str) -> None:
    [(id, said, value, words)] = faults(tmp_path, archiveurl=address, archivedate=date)
    assert (id, said, value) == ("one", column, address if column == "archiveurl" else date)
    assert rule in words


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    """A copy of data/ with one more source, whose archived address is well."""
    folder = Path(shutil.copytree(ROOT / "data", tmp_path / "data"))
    with open(folder / "sources.bib", "a", encoding="utf-8") as file:
        file.write("\n" + entry("zzz-new", note="A note.", **WELL))
    return folder


def test_make_check_fails_where_an_archived_address_is_wrong(tables: Path) -> None:
    path = tables / "sources.bib"
    path.write_text(path.read_text("utf-8").replace(CAPTURE, FAR), "utf-8")
    run = subprocess.run(
        [sys.executable, "-m", "companion", tables], cwd=ROOT / "chapters", capture_output=True, text=True, check=False
    )
    assert run.returncode == 1
    assert re.search(r"sources\.bib, row \d+ \(zzz-new\), column archivedate: '2026-11-20' must be the day", run.stderr)


# The archive, as its interfaces are documented


class Interface(http.server.BaseHTTPRequestHandler):
    """Answers each page with what `archive.answers` has for it, one after the other, the last for good."""

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        page = parse_qs(query).get("url", [path.removeprefix("/save/status/")])[0]
        self.answer(page)

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        state: Any = self.server
        state.forms.append(form)
        self.answer(f"save {form['url'][0]}")

    def answer(self, page: str) -> None:
        state: Any = self.server
        with state.guard:
            state.asked.append((page, self.path, dict(self.headers)))
            state.now += 1
            state.most = max(state.most, state.now)
            left = state.answers[page]
            answer = left.pop(0) if len(left) > 1 else left[0]
        status, headers, body = answer if isinstance(answer, tuple) else (200, {}, answer)
        if body == "silence":
            state.over.wait(30)
        with state.guard:
            state.now -= 1
        text = body if isinstance(body, str) else json.dumps(body)
        try:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())
        except OSError:
            pass

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("no_proxy", "*")
    server: Any = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Interface)
    server.guard, server.asked, server.answers, server.now, server.most = threading.Lock(), [], {}, 0, 0
    server.forms = []
    server.over = threading.Event()
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    server.address = f"http://127.0.0.1:{server.server_address[1]}"
    yield server
    server.over.set()
    server.shutdown()
    server.server_close()


def known(address: str, status: str = "200") -> dict[str, object]:
    [stamp] = re.findall(r"/web/(\d{14})/", address)
    closest = {"status": status, "available": True, "url": address.replace("https", "http", 1), "timestamp": stamp}
    return {"url": PAGE, "archived_snapshots": {"closest": closest}, "timestamp": "20261122"}


NONE = {"url": PAGE, "archived_snapshots": {}, "timestamp": "20261122"}
ASKED = PAGE.removeprefix("https://")


@pytest.fixture
def run(server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """run(text, answers, options) -> (status, printed, errors, text afterwards) of the command on a bibliography."""
    path = tmp_path / "sources.bib"

    def command(text: str, answers: dict[str, list[Any]], *options: str, **timing: float) -> tuple[int, str, str, str]:
        for name, value in zip(archive.KEYS, ("the-key", "the-secret"), strict=True):
            monkeypatch.setenv(name, value)
        server.answers = answers
        path.write_bytes(text.encode("utf-8"))
        timing = {"pause": 0, "wait": 1, "breath": 0, **timing}
        status = archive.main(["--file", str(path), "--server", server.address, *options], **timing)
        said = capsys.readouterr()
        return status, said.out, said.err, path.read_bytes().decode("utf-8")

    return command


def rows(printed: str) -> list[str]:
    """The rows of the table without their spaces in a row."""
    lines = [re.sub(r" +", " ", line) for line in printed.splitlines()]
    assert lines[0] == "source captured days capture"
    return lines[1:-1]


class TestProposing:
    def test_found(self, run: Run, server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("BOOK_REPOSITORY", "https://github.com/example/room")
        text = entry("one")
        assert run(text, {ASKED: [known(CAPTURE)]}) == (
            0,
            f"source  captured      days       capture\none  2026-11-20      -2       {CAPTURE}\n"
            "0 recorded in sources.bib.\n",
            "",
            text,
        )
        [(_, path, headers)] = server.asked
        assert urlsplit(path).path == "/wayback/available"
        assert parse_qs(urlsplit(path).query) == {"url": [ASKED], "timestamp": ["20261122"]}
        assert headers["User-Agent"] == (
            "who-is-in-the-room (archived addresses of sources) https://github.com/example/room"
        )
        assert "Authorization" not in headers, "keys go only where they are needed"

    @pytest.mark.parametrize("answer", [NONE, known(CAPTURE, status="404")])
    def test_none_found(self, run: Run, server: Any, answer: object) -> None:
        status, printed, _, _ = run(entry("one"), {ASKED: [answer]})
        assert (status, rows(printed)) == (0, ["one no capture is known"])
        assert len(server.asked) == 2, "an empty answer counts only when it is said twice"
        status, printed, _, _ = run(entry("one"), {ASKED: [NONE, known(CAPTURE)]})
        assert rows(printed) == [f"one 2026-11-20 -2 {CAPTURE}"]

    def test_far_from_the_day_of_reading(self, run: Run) -> None:
        text = entry("one")
        status, printed, _, after = run(text, {ASKED: [known(FAR)]}, "--record")
        assert (status, rows(printed)) == (0, [f"one 2019-03-01 -2823 far {FAR}"])
        assert after == text, "what may show another text is not recorded unasked"
        _, printed, _, after = run(text, {ASKED: [known(FAR)]}, "--record", "--within", "2823")
        assert rows(printed) == [f"one 2019-03-01 -2823 {FAR}"]
        assert FAR in after

    def test_a_capture_of_another_page(self, run: Run) -> None:
        other = CAPTURE.replace("workshop", "home")
        status, printed, _, _ = run(entry("one"), {ASKED: [known(other)]})
        said = f"one {other} is no capture of this source: it must be a capture of the url, {PAGE}"
        assert (status, rows(printed)) == (0, [said])

    @pytest.mark.parametrize(
        ("answer", "said"),
        [
            ("<html>Down for maintenance", "the answer is not JSON"),
            ((200, {}, "[]"), "the answer has not the documented form"),
            ({"archived_snapshots": None}, "the answer has not the documented form"),
            (
                {"archived_snapshots": {"closest": {"available": True, "status": "200", "url": CAPTURE}}},
                "the answer has not the documented form",
            ),
            ((404, {}, "no"), "the archive answered 404"),
            ((500, {}, "busy"), "the archive answered 500"),
            ("silence", "no answer in time"),
        ],
    )
    def test_no_usable_answer(self, run: Run, server: Any, answer: object, said: str) -> None:
        """One source without an answer keeps none of the others from theirs."""
        other = "https://example.org/other"
        text = entry("one") + entry("two", other)
        found = f"https://web.archive.org/web/20261122000000/{other}"
        answers = {ASKED: [answer], "example.org/other": [known(found)]}
        status, printed, _, after = run(text, answers, "--record")
        assert (status, rows(printed)) == (1, [f"one {said}", f"two 2026-11-22 +0 {found}"])
        assert after == text.replace(
            "},\n  keywords",
            f"}},\n  archiveurl   = {{{found}}},\n  archivedate  = {{2026-11-22}},\n  keywords",
        ).replace(f"  archiveurl   = {{{found}}},\n  archivedate  = {{2026-11-22}},\n", "", 1)

    def test_three_in_a_row_without_an_answer_end_the_run(self, run: Run, server: Any) -> None:
        text = "".join(entry(f"s{number}") for number in range(9))
        status, printed, errors, _ = run(text, {ASKED: [(502, {}, "")]})
        assert (status, printed.count("the archive answered 502")) == (1, 3)
        assert errors == "Stopped: 3 sources in a row had no usable answer. Run this again later.\n"
        assert len(server.asked) == 6

    def test_an_answer_between_two_troubles_keeps_the_run_going(self, run: Run) -> None:
        text = entry("a") + entry("b") + entry("c", "https://example.org/found") + entry("d") + entry("e")
        text += entry("f", "https://example.org/none") + entry("g") + entry("h")
        found = "https://web.archive.org/web/20261122000000/https://example.org/found"
        answers = {ASKED: ["no JSON"], "example.org/found": [known(found)], "example.org/none": [NONE]}
        status, printed, errors, _ = run(text, answers)
        assert (status, errors, len(rows(printed))) == (1, "", 8)

    def test_no_connection_in_time(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        """A packet that goes nowhere, which cannot be had here, says nothing of the network as a whole."""

        def nowhere(*args: object, **options: object) -> None:
            raise URLError(TimeoutError("timed out"))

        monkeypatch.setattr(archive, "urlopen", nowhere)
        status, printed, errors, _ = run(entry("one"), {})
        assert (status, rows(printed), errors) == (1, ["one no answer in time"], "")

    def test_one_request_at_a_time_with_a_pause_before_each(self, run: Run, server: Any) -> None:
        text = "".join(entry(f"s{number}") for number in range(4))
        begun = time.monotonic()
        run(text, {ASKED: [known(CAPTURE)]}, pause=0.2)
        assert time.monotonic() - begun >= 0.8
        assert (len(server.asked), server.most) == (4, 1)

    def test_no_network(self, run: Run, server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        text = entry("one") + entry("two")
        server.shutdown()
        server.server_close()
        status, _, errors, after = run(text, {}, "--record")
        assert (status, after) == (1, text)
        assert errors.startswith(f"Stopped: {server.address.removeprefix('http://')} cannot be reached (")
        assert errors.endswith(" Is there a network here?\n")
        assert errors.count("\n") == 1

    def test_only_what_is_asked_for(self, run: Run, server: Any) -> None:
        text = entry("one", **WELL) + entry("two") + entry("zero", "https://example.org/zero")
        status, printed, _, _ = run(text, {ASKED: [known(CAPTURE)]}, "two", "one")
        assert (status, rows(printed)) == (0, [f"two 2026-11-20 -2 {CAPTURE}"])
        with pytest.raises(SystemExit) as stopped:
            run(text, {}, "four")
        assert stopped.value.code == 2

    def test_an_unknown_source_and_missing_keys_are_named(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        path = tmp_path / "sources.bib"
        path.write_text(entry("one"), "utf-8")
        monkeypatch.delenv(archive.KEYS[1], raising=False)
        for options, said in ((["for-one"], "there is no source 'for-one'"), (["--save"], "IA_SECRET_ACCESS_KEY")):
            with pytest.raises(SystemExit):
                archive.main(["--file", str(path), *options])
            assert said in capsys.readouterr().err

    def test_a_bad_bibliography_is_refused(self, run: Run, server: Any) -> None:
        status, _, errors, _ = run(entry("one", "ftp://example.org"), {})
        assert (status, server.asked) == (1, [])
        assert "must be an http or https address" in errors


class TestSlowingDown:
    @pytest.mark.parametrize("date", [False, True])
    def test_it_waits_as_long_as_it_is_asked_to(self, run: Run, server: Any, date: bool) -> None:
        when = format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True) if date else "1"
        begun = time.monotonic()
        status, printed, _, _ = run(entry("one"), {ASKED: [(429, {"Retry-After": when}, ""), known(CAPTURE)]})
        assert (status, rows(printed)) == (0, [f"one 2026-11-20 -2 {CAPTURE}"])
        assert 0.9 < time.monotonic() - begun < 5

    def test_without_a_time_it_takes_a_breath(self, run: Run) -> None:
        begun = time.monotonic()
        status, _, _, _ = run(entry("one"), {ASKED: [(500, {}, ""), known(CAPTURE)]}, breath=0.5)
        assert status == 0
        assert time.monotonic() - begun >= 0.5

    @pytest.mark.parametrize(
        ("answers", "asked", "minutes"), [([(429, {}, "")], 2, 5), ([(429, {"Retry-After": "3600"}, "")], 1, 60)]
    )
    def test_asked_twice_or_to_wait_long_it_goes_and_keeps_what_it_has(
        self, run: Run, server: Any, answers: list[object], asked: int, minutes: int
    ) -> None:
        text = entry("one") + entry("two", "https://example.org/two") + entry("zero", "https://example.org/zero")
        told = {ASKED: [known(CAPTURE)], "example.org/two": answers, "example.org/zero": [NONE]}
        status, _, errors, after = run(text, told, "--record")
        assert status == 1
        assert errors == f"Stopped: the archive asks to slow down; run this again in {minutes} minutes.\n"
        assert len(server.asked) == 1 + asked
        assert CAPTURE in after


class TestRecording:
    @pytest.mark.parametrize("end", ["\n", "\r\n"])
    def test_two_lines_in_the_form_of_their_neighbour_and_no_byte_more(self, run: Run, end: str) -> None:
        some = (ROOT / "data" / "sources.bib").read_text("utf-8").split("\n\n")[:40]
        entries = [*some, entry("zzz-new"), entry("zzz-newer", "https://example.org/")]
        text = "\n\n".join(entries).replace("\n", end)
        status, printed, _, after = run(text, {ASKED: [known(CAPTURE)]}, "--record", "zzz-new")
        assert status == 0
        assert printed.splitlines()[-1] == "1 recorded in sources.bib."
        place = text.index("@online{zzz-new,")
        place = text.index("  keywords", place)
        added = f"  archiveurl   = {{{CAPTURE}}},{end}  archivedate  = {{2026-11-20}},{end}"
        assert after == text[:place] + added + text[place:]

    def test_a_second_run_has_nothing_to_do(self, run: Run, server: Any) -> None:
        _, _, _, after = run(entry("one"), {ASKED: [known(CAPTURE)]}, "--record")
        server.asked.clear()
        assert run(after, {}, "--record") == (0, "Nothing to do: each has an archived address.\n", "", after)
        assert server.asked == []

    @pytest.mark.parametrize(
        "text",
        [
            entry("one").replace("},\n", "}, "),
            entry("one")
            .replace("  urldate      = {2026-11-22},\n", "")
            .replace("{primary}", "{primary},\n  urldate = {2026-11-22}"),
        ],
    )
    def test_an_entry_of_another_form_is_left_alone(self, run: Run, text: str) -> None:
        text += entry("two", "https://example.org/two")
        status, printed, _, after = run(text, {ASKED: [known(CAPTURE)]}, "--record", "one")
        assert (status, after) == (1, text)
        assert "not recorded: its urldate must stand on a line of its own that ends with a comma" in printed

    def test_a_file_that_would_not_be_well_is_left_alone(self, run: Run) -> None:
        """Two more lines would make the entry longer than an entry may be."""
        long = {"note": "x" * 2_000, "annote": "x" * 2_000}
        text = entry("one", **long, addendum="x" * (bibliography.LONGEST - len(entry("one", **long, addendum=""))))
        status, printed, _, after = run(text, {ASKED: [known(CAPTURE)]}, "--record")
        assert (status, after) == (1, text)
        assert re.search(r"not recorded: .*; an entry may have at most 5,000\n0 recorded", printed)

    def test_the_form_of_the_neighbour(self) -> None:
        text = "@misc{a,\n\turldate={2026},\n}\n@misc{b,\n  URLDATE = {2026},  \n}\n"
        found = archive.Capture("https://web.archive.org/web/20260102030405/x", "20260102030405")
        added = "{https://web.archive.org/web/20260102030405/x},\n"
        assert archive.with_capture(text, "a", found) == text.replace(
            "{2026},\n}", f"{{2026}},\n\tarchiveurl={added}\tarchivedate={{2026-01-02}},\n}}", 1
        )
        assert archive.with_capture(text, "b", found).endswith(
            f"{{2026}},  \n  archiveurl= {added}  archivedate= {{2026-01-02}},\n}}\n"
        )


TODAY = datetime.now(UTC)
STAMP = TODAY.strftime("%Y%m%d%H%M%S")
NEW = f"https://web.archive.org/web/{STAMP}/{PAGE}"
JOB = {"url": PAGE, "job_id": "spn2-1"}
PENDING = {"status": "pending", "job_id": "spn2-1", "resources": []}
DONE = {"status": "success", "job_id": "spn2-1", "original_url": PAGE, "timestamp": STAMP, "resources": []}


class TestSaving:
    def text(self) -> str:
        return entry("one", urldate=TODAY.date().isoformat())

    def test_queued_pending_success(self, run: Run, server: Any) -> None:
        answers = {ASKED: [NONE], f"save {PAGE}": [JOB], "spn2-1": [PENDING, PENDING, DONE]}
        status, printed, _, after = run(self.text(), answers, "--save", "--record")
        assert (status, rows(printed)) == (0, [f"one {TODAY.date()} +0 {NEW}"])
        assert f"  archiveurl   = {{{NEW}}},\n" in after
        assert [page for page, _, _ in server.asked] == [ASKED] * 2 + [f"save {PAGE}"] + ["spn2-1"] * 3
        for page, _, headers in server.asked:
            assert headers["Accept"] == "application/json"
            assert headers.get("Authorization") == (None if page == ASKED else "LOW the-key:the-secret")
        assert server.forms == [{"url": [PAGE], "skip_first_archive": ["1"]}]

    @pytest.mark.parametrize("at_once", [False, True])
    def test_an_error(self, run: Run, at_once: bool) -> None:
        error = {"status": "error", "status_ext": "error:no-access", "message": "The page is forbidden.", "job_id": "x"}
        answers = {ASKED: [NONE], f"save {PAGE}": [error if at_once else JOB], "spn2-1": [PENDING, error]}
        status, printed, _, after = run(self.text(), answers, "--save", "--record")
        assert (status, after) == (0, self.text())
        assert rows(printed) == ["one none can be made: The page is forbidden. (error:no-access)"]

    def test_never_ready(self, run: Run, server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(archive, "POLLS", 4)
        answers = {ASKED: [NONE], f"save {PAGE}": [JOB], "spn2-1": [PENDING]}
        _, printed, _, _ = run(self.text(), answers, "--save")
        assert rows(printed) == ["one a capture was begun and is not ready; ask again within the hour"]
        assert [page for page, _, _ in server.asked].count("spn2-1") == 4

    def test_an_answer_without_a_job(self, run: Run) -> None:
        answers = {ASKED: [NONE], f"save {PAGE}": [{"message": "You have reached your daily limit."}]}
        status, printed, _, _ = run(self.text(), answers, "--save")
        assert (status, rows(printed)) == (1, ["one no capture was begun: You have reached your daily limit."])

    @pytest.mark.parametrize(
        ("answer", "said"),
        [
            ((401, {}, '{"message": "You need to be logged in."}'), "the archive does not accept the keys in IA_ACC"),
            (
                {"status": "error", "status_ext": "error:max-daily-bandwidth", "message": "Too much."},
                "Save Page Now takes no more: Too much. (error:max-daily-bandwidth)",
            ),
        ],
    )
    def test_what_holds_for_every_source_ends_the_run(self, run: Run, server: Any, answer: object, said: str) -> None:
        text = self.text() + entry("two", urldate=TODAY.date().isoformat())
        status, _, errors, _ = run(text, {ASKED: [NONE], f"save {PAGE}": [answer]}, "--save")
        assert status == 1
        assert errors.startswith(f"Stopped: {said}")
        assert "the-secret" not in errors
        assert len(server.asked) == 3

    def test_the_keys_are_not_sent_on(self, run: Run, server: Any) -> None:
        moved = {"Location": f"{server.address}/elsewhere?url=elsewhere"}
        answers = {ASKED: [NONE], f"save {PAGE}": [(303, moved, "")], "elsewhere": [JOB], "spn2-1": [DONE]}
        run(self.text(), answers, "--save")
        assert {page: "Authorization" in headers for page, _, headers in server.asked} == {
            ASKED: False,
            f"save {PAGE}": True,
            "elsewhere": False,
            "spn2-1": True,
        }

    def test_a_new_one_only_where_it_is_nearer(self, run: Run, server: Any) -> None:
        answers = {f"save {PAGE}": [JOB], "spn2-1": [DONE]}
        _, printed, _, _ = run(self.text(), {ASKED: [known(FAR)], **answers}, "--save")
        assert rows(printed) == [f"one {TODAY.date()} +0 {NEW}"]
        read = entry("one", urldate="2019-02-20")
        _, printed, _, _ = run(read, {ASKED: [known(FAR)], **answers}, "--save")
        assert rows(printed) == [f"one 2019-03-01 +9 {FAR}"]
        near = f"https://web.archive.org/web/{TODAY - timedelta(days=30):%Y%m%d%H%M%S}/{PAGE}"
        _, printed, _, _ = run(self.text(), {ASKED: [known(near)], **answers}, "--save")
        assert rows(printed) == [f"one {(TODAY - timedelta(days=30)).date()} -30 {near}"]
        read = entry("one", urldate="2018-02")
        _, printed, _, _ = run(read, {ASKED: [known(FAR)], **answers}, "--save")
        assert rows(printed) == [f"one 2019-03-01 +366 far {FAR}"]


# What is seen of it


def shown(**fields: str) -> str:
    """The entry of a source on the page of sources, as HTML."""
    parser = Parser()
    source = parser.parse_string(entry("one", **fields)).entries["one"]
    return str(citations.Sources().format_entry("one", source).text.render_as("html"))


def test_the_page_of_sources_has_both_links() -> None:
    plain, archived = shown(note="A note."), shown(note="A note.", **WELL)
    assert plain.count("<a ") == 1
    assert [(found[1], found[2]) for found in re.finditer(r'<a href="([^"]+)">(.*?)</a>', archived)] == [
        (PAGE, "The title of one"),
        (CAPTURE, "archived on 20 November 2026 by the Wayback Machine"),
    ]
    assert re.sub(r"<[^>]+>", "", archived).endswith(
        "read on 22 November 2026, archived on 20 November 2026 by the Wayback Machine. A note."
    )


@pytest.mark.parametrize("width", [390, 1280])
def test_both_links_fit_on_the_page(open_page: Callable[..., Reader], site: str, width: int) -> None:
    page = open_page(f"{site}/chapters/sources.html", width=width).page
    first = page.locator("div.citation").first
    first.locator("p").first.evaluate("(node, html) => { node.innerHTML = html; }", shown(**WELL))
    link = page.get_by_role("link", name="archived on 20 November 2026 by the Wayback Machine")
    left, right = link.evaluate("link => [link.getBoundingClientRect().left, link.getBoundingClientRect().right]")
    edges = first.evaluate("node => [node.getBoundingClientRect().left, node.getBoundingClientRect().right]")
    assert edges[0] <= left < right <= edges[1] + 0.5
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_the_note_and_the_coverage_say_it(tables: Path) -> None:
    found = load(tables)
    source = found.sources.loc["zzz-new"]
    assert (source["archiveurl"], source["archivedate"]) == (CAPTURE, "2026-11-20")
    written = notes.of_page('<a href="sources.html#source-zzz-new">', found)
    assert "Primary source, archived on 20 November 2026. A note." in written
    others = (load().sources["archiveurl"] != "").sum()
    assert f"; {others + 1} with an archived address\n" in coverage.report(found)


def test_the_check_of_links_names_the_archived_address(
    server: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.answers = {"/gone": [(404, {}, "")]}
    gone = f"{server.address}/gone"
    capture = f"https://web.archive.org/web/20261120101112/{gone}"
    path = tmp_path / "sources.bib"
    server.RequestHandlerClass.do_HEAD = server.RequestHandlerClass.do_GET
    path.write_text(entry("one", gone) + entry("two", gone, archiveurl=capture, archivedate="2026-11-20"), "utf-8")
    assert links.main(path, wait=15, pause=0) == 3
    said = capsys.readouterr().out
    assert f"- `one`: <{gone}> (404)\n" in said
    assert f"- `two`: <{gone}> (404); archived on 20 November 2026: <{capture}>\n" in said
