"""The tables: what is shipped is well, and what breaks a rule of their schema is named and stops the build."""

from __future__ import annotations

import shutil
import subprocess
import sys
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
        ("people", 4, "name", "", "must not be empty"),
        ("practices", 5, "confidence", "sure", "must be one of: confirmed, reported,"),
        ("practices", 5, "confidence", "", "must not be empty where value is "),
        ("practices", 5, "sources", "hearsay", "must be an id of the table sources"),
        ("practices", 5, "sources", "", "must not be empty where confidence is "),
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
