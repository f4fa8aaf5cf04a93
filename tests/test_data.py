"""The tables: what is shipped is well, and every broken rule is named with file, row, column, value and rule."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import frictionless
import pandas as pd
import pytest
from companion import DataError, check, load
from conftest import ROOT, edit, jupyter_book


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(ROOT / "data", tmp_path / "data"))


def test_the_shipped_tables_are_well() -> None:
    faults = check()
    assert not faults, str(DataError(faults))


def test_a_standard_tool_finds_the_package_valid() -> None:
    report = frictionless.validate(str(ROOT / "data" / "datapackage.json"))
    assert report.valid, report.to_summary()


def test_tables_are_typed() -> None:
    tables = load()
    events = tables.events
    assert events.columns[0] == "id"
    assert events["id"].is_unique
    assert isinstance(events["sources"].iloc[0], tuple)
    assert isinstance(events["confidence"].dtype, pd.CategoricalDtype)
    event = events.loc["hbo-coordinator-policy"]
    assert (event["date"], str(event["earliest"].date()), str(event["latest"].date())) == (
        "2018-10",
        "2018-10-01",
        "2018-10-31",
    )
    assert tables["people"] is tables.people
    assert {"title", "publisher", "url", "urldate", "copy"} <= set(tables.sources)


@pytest.mark.parametrize(
    ("table", "row", "column", "value", "rule"),
    [
        ("events", 5, "sources", "no-such-source", "must be an id of the table sources"),
        ("events", 5, "sources", "", "must not be empty"),
        ("events", 5, "date", "2023-02-30", "there is no such day"),
        ("events", 5, "date", "25/10/2018", "must be a calendar date"),
        ("events", 5, "end_date", "1900", "must be later than date"),
        ("events", 5, "kind", "gossip", "must be one of: film, practice"),
        ("events", 5, "chapters", "anora;anora", "repeats"),
        ("events", 5, "people", "nobody-known", "must be an id of the table people"),
        ("events", 5, "title", " spaced", "must not begin or end with a space"),
        ("events", 5, "summary", "two\nlines", "line breaks"),
        ("events", 5, "title", "x" * 101, "at most 100 characters"),
        ("people", 5, "type", "committee", "must be one of: person, organisation"),
    ],
)
def test_a_broken_cell_is_named(folder: Path, table: str, row: int, column: str, value: str, rule: str) -> None:
    edit(folder / f"{table}.csv", row, column, value)
    faults = [fault for fault in check(folder) if fault.column == column]
    assert faults
    fault = faults[0]
    assert (fault.file, fault.row) == (f"data/{table}.csv", row)
    assert rule in fault.rule
    assert f"data/{table}.csv, row {row}" in str(fault)
    assert f"column {column}" in str(fault)
    if value:
        assert fault.value in value


def test_a_disputed_event_needs_the_other_side(folder: Path) -> None:
    edit(folder / "events.csv", 5, "confidence", "disputed")
    edit(folder / "events.csv", 5, "dispute", "")
    assert any(fault.column == "dispute" and "where confidence is disputed" in fault.rule for fault in check(folder))


def test_a_step_stands_on_the_timeline_of_its_path(folder: Path) -> None:
    edit(folder / "steps.csv", 2, "event", "anora-palme-dor")
    assert any(
        (fault.file, fault.row, fault.value) == ("data/steps.csv", 2, "anora-palme-dor")
        and fault.rule == "must have 'history' in chapters, as path fight-direction-to-hbo says"
        for fault in check(folder)
    )


def test_a_repeated_id_is_named(folder: Path) -> None:
    events = folder / "events.csv"
    first = load(folder).events["id"].iloc[0]
    edit(events, 9, "id", first)
    assert any(
        fault.row == 9 and fault.value == first and "must be unique; row 2" in fault.rule for fault in check(folder)
    )


def test_all_faults_are_listed_at_once(folder: Path) -> None:
    edit(folder / "events.csv", 3, "date", "2023-13")
    edit(folder / "events.csv", 7, "kind", "gossip")
    edit(folder / "people.csv", 4, "name", "")
    with pytest.raises(DataError) as error:
        load(folder)
    message = str(error.value)
    assert "3 faults" in message
    for part in ("row 3", "'2023-13'", "row 7", "'gossip'", "data/people.csv, row 4"):
        assert part in message
    assert error.value._render_traceback_() == message.splitlines()


@pytest.mark.parametrize(
    ("change", "row", "column", "rule"),
    [
        (lambda text: text.replace("id,date,", "id,day,date,", 1), 1, "day", "is not a column"),
        (lambda text: text.replace("id,date,", "id,", 1), 1, "date", "the column is missing"),
        (lambda text: text.replace("id,date,", "date,id,", 1), 1, "date", "must stand in this order"),
        (lambda text: "", 1, "", "the file is empty"),
        (
            lambda text: text.replace("\n", ",one-more\n", 3).replace(",one-more", "", 1),
            2,
            "sources",
            "the row has 17 cells",
        ),
    ],
)
def test_a_broken_form_is_named(
    folder: Path, change: Callable[[str], str], row: int | None, column: str, rule: str
) -> None:
    path = folder / "events.csv"
    path.write_text(change(path.read_text("utf-8")), "utf-8")
    assert any((fault.row, fault.column) == (row, column) and rule in fault.rule for fault in check(folder)), check(
        folder
    )


def test_a_byte_that_is_not_utf_8_is_named(folder: Path) -> None:
    path = folder / "events.csv"
    lines = path.read_bytes().split(b"\n")
    lines[3] = lines[3].replace(b"confirmed", b"confirm\xe9d", 1)
    path.write_bytes(b"\n".join(lines))
    assert any(
        fault.row == 4 and fault.column == "confidence" and fault.rule == "must be UTF-8 text"
        for fault in check(folder)
    )


def test_a_spreadsheet_byte_order_mark_does_no_harm(folder: Path) -> None:
    path = folder / "events.csv"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert check(folder) == []


@pytest.mark.parametrize("name", ["events.csv", "people.csv", "sources.bib", "datapackage.json"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    assert any(fault.file == f"data/{name}" and "missing" in fault.rule for fault in check(folder))


@pytest.mark.parametrize(
    ("old", "new", "column", "rule"),
    [
        ("  urldate      = {2026-11-22},", "  urldate      = {2026-11-31},", "urldate", "there is no such day"),
        ("  url          = {http", "  url          = {javascript:http", "url", "must be an http or https address"),
        ("  keywords     = {", "  keywords     = {hearsay, ", "keywords", "must begin with one of: primary, secondary"),
        ("  title        = {", "  untitled     = {", "title", "must not be empty"),
    ],
)
def test_a_broken_source_is_named(folder: Path, old: str, new: str, column: str, rule: str) -> None:
    path = folder / "sources.bib"
    text = path.read_text("utf-8")
    path.write_text(text.replace(old, new, 1), "utf-8")
    key = text.partition("{")[2].partition(",")[0]
    faults = [fault for fault in check(folder) if fault.column == column]
    assert [(fault.file, fault.row, fault.id) for fault in faults] == [("data/sources.bib", 1, key)]
    assert rule in faults[0].rule


def test_a_repeated_source_is_named(folder: Path) -> None:
    path = folder / "sources.bib"
    text = path.read_text("utf-8")
    path.write_text(text + "\n" + text.split("\n\n")[0] + "\n", "utf-8")
    assert any("must be unique" in fault.rule and (fault.row or 0) > 100 for fault in check(folder))


def test_malformed_bibtex_is_named(folder: Path) -> None:
    path = folder / "sources.bib"
    path.write_text(path.read_text("utf-8") + "\n@online{broken,\n  title = {never closed\n", "utf-8")
    assert any("well-formed BibTeX" in fault.rule and fault.row for fault in check(folder))


def test_the_command_says_what_is_wrong_and_fails(folder: Path) -> None:
    edit(folder / "events.csv", 3, "date", "2023-02-30")
    run = subprocess.run(
        [sys.executable, "-m", "companion", str(folder)],
        cwd=ROOT / "chapters",
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1
    assert "data/events.csv, row 3" in run.stderr
    assert "'2023-02-30'" in run.stderr
    assert "Traceback" not in run.stderr


def test_the_build_stops_at_bad_data(tmp_path: Path) -> None:
    project = tmp_path / "book"
    project.mkdir()
    for name in ("_config.yml", "_toc.yml", "CITATION.cff"):
        shutil.copy(ROOT / name, project)
    for name in ("chapters", "data"):
        shutil.copytree(ROOT / name, project / name, ignore=shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints"))
    edit(project / "data" / "events.csv", 3, "kind", "gossip")
    run = jupyter_book(project)
    assert run.returncode != 0
    assert "data/events.csv, row 3" in run.stdout + run.stderr
    assert not (project / "_build" / "html" / "chapters" / "anora.html").exists()
