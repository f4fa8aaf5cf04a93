"""The tables in small: every rule broken once, each fault told in one line, and what a good table becomes."""

from __future__ import annotations

import json
import runpy
import sys
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd
import pytest
import small
from approved import same
from companion import bibliography, coverage, data, edited, load, plaintext
from companion.__main__ import main
from companion.faults import DataError, Fault

KEBAB = "[a-z0-9]+(-[a-z0-9]+)*"
ID: dict[str, Any] = {
    "name": "id",
    "type": "string",
    "constraints": {"required": True, "unique": True, "pattern": KEBAB},
}


def field(name: str, **other: object) -> dict[str, Any]:
    return {"name": name, "type": "list" if "delimiter" in other else "string", "description": "A column.", **other}


def resource(name: str, path: str, **schema: object) -> dict[str, Any]:
    kind = {"mediatype": "text/csv", "schema": schema} if schema else {"mediatype": "text/x-bibtex"}
    return {"name": name, "path": path, "title": "T", "description": "D", **kind}


PACKAGE: dict[str, Any] = {
    "name": "small",
    "title": "Small",
    "description": "Very small.",
    "version": "1",
    "created": "2026-11-22T00:00:00Z",
    "licenses": [{"name": "CC-BY-4.0", "path": "https://creativecommons.org/licenses/by/4.0/"}],
    "resources": [
        resource(
            "events",
            "events.csv",
            fields=[
                ID | {"description": "Its name."},
                field("date", calendarDate=True, constraints={"required": True}),
                field("until", calendarDate=True, constraints={"pattern": "[0-9]{4}"}),
                field("title", constraints={"maxLength": 5}),
                field("kind", constraints={"enum": ["law", "film"]}),
                field("chapters", delimiter=";", vocabulary=["one", "two"]),
                field("people", delimiter=";", references="people"),
                field("sources", delimiter=";", references="sources"),
            ],
            span={"start": "date", "end": "until"},
            requiredWhen=[
                {"column": "kind", "values": ["law"], "required": "sources"},
                {"column": "kind", "unless": ["law"], "required": "people"},
            ],
        ),
        resource("people", "people.csv", fields=[ID | {"description": "Its name."}, field("chapter")]),
        resource(
            "steps",
            "steps.csv",
            fields=[
                ID | {"description": "Its name."},
                field("event", references="events"),
                field("person", references="people"),
            ],
            agreement=[{"column": "event", "holds": "chapters", "with": "person", "value": "chapter"}],
        ),
        resource("sources", "sources.bib"),
    ],
}
EVENTS = "id,date,until,title,kind,chapters,people,sources\n"
GOOD = {
    "datapackage.json": json.dumps(PACKAGE),
    "events.csv": EVENTS + "a,2018-10,2020,Talk,film,one;two,ann,paper\nb,2018,,Rule,law,two,,law;paper\n",
    "people.csv": "id,chapter\nann,one\nbob,two\n",
    "steps.csv": "id,event,person\nx,a,ann\ny,b,bob\n",
    "sources.bib": small.SOURCES,
}
COLUMNS = "id, date, until, title, kind, chapters, people, sources"


def folder(place: Path, **changed: str | bytes | None) -> Path:
    """The good tables, with files changed; None is no file."""
    path = place / "data"
    path.mkdir(exist_ok=True)
    for name, text in (GOOD | {f"{key}.csv": text for key, text in changed.items()}).items():
        if text is not None:
            (path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def row(number: int, rest: str) -> str:
    return f"data/events.csv, row {number}{rest}"


NO_DATE = "must be a calendar date written YYYY, YYYY-MM or YYYY-MM-DD (EDTF level 0)"
LIST = "must be a list with single semicolons between, and no spaces, empty items or repeats"
BROKEN: dict[str, tuple[str | bytes, list[str]]] = {
    "nothing in it": ("", [row(1, ": the file is empty; its first row must name the columns")]),
    "nothing to be seen in it": (" \n", [row(1, ": the file is empty; its first row must name the columns")]),
    "an open quotation mark": (
        EVENTS + 'a,"2018\n',
        ["data/events.csv, row 2: must be comma-separated values in double quotes: unexpected end of data"],
    ),
    "other columns": (
        EVENTS.replace("title", "name,name") + "a,2018,,Talk\n",
        [
            row(1, f", column name: 'name' is not a column of this table; its columns are {COLUMNS}"),
            row(1, f", column name: 'name' is not a column of this table; its columns are {COLUMNS}"),
            row(1, ", column title: '' the column is missing"),
            row(1, ", column name: 'name' stands twice in the first row"),
        ],
    ),
    "columns in another order": (
        EVENTS.replace("id,date", "date,id"),
        [
            row(1, ", column date: 'date,id,until,title,kind,chapters,people,sources' the columns must stand in this ")
            + f"order: {COLUMNS}"
        ],
    ),
    "rows of another length": (
        EVENTS + "a,2018,,Talk,film,one,ann,paper,more\nb,2018\n\nd,2018,,Talk,film,one,ann,paper\n",
        [
            row(2, ", column sources: 'more' the row has 9 cells; it must have 8"),
            row(3, ", column date: '2018' the row has 2 cells; it must have 8"),
            row(4, ", column id: '' the row has 0 cells; it must have 8"),
        ],
    ),
    "a repeated id": (
        EVENTS + "a,2018,,Talk,film,one,ann,paper\n" * 3,
        [
            row(3, " (a), column id: 'a' must be unique; row 2 has it too"),
            row(4, " (a), column id: 'a' must be unique; row 2 has it too"),
        ],
    ),
    "every kind of cell": (
        EVENTS
        + "A,,18,Talking,play,one;three,zoe,nil\n"
        + "b,2018-02-30,2017, Talk,film,one;;two,ann,paper\n"
        + "c,2018,2017-05,Ta\x07lk,film,one; two,ann;ann,paper\n"
        + 'd,2018-10,2019,Talk,law,"one\n",ann,\n'
        + "e,2018,2017,Talk,film,one,,paper\n"
        + "f,2018,2018,Talk,film,one ,ann,paper\n",
        [
            row(2, " (A), column id: 'A' must match [a-z0-9]+(-[a-z0-9]+)*"),
            row(2, " (A), column date: '' must not be empty"),
            row(2, f" (A), column until: '18' {NO_DATE}"),
            row(2, " (A), column title: 'Talking' must have at most 5 characters"),
            row(2, " (A), column kind: 'play' must be one of: law, film"),
            row(2, " (A), column chapters: 'three' must be one of: one, two"),
            row(2, " (A), column people: 'zoe' must be an id of the table people"),
            row(2, " (A), column sources: 'nil' must be an id of the table sources"),
            row(3, f" (b), column date: '2018-02-30' {NO_DATE}; there is no such day"),
            row(3, " (b), column title: ' Talk' must not begin or end with a space"),
            row(3, f" (b), column chapters: 'one;;two' {LIST}"),
            row(3, " (b), column chapters: '' must be one of: one, two"),
            row(4, " (c), column until: '2017-05' must match [0-9]{4}"),
            row(
                4, r" (c), column title: 'Ta\x07lk' must not hold line breaks or other control characters: here U+0007"
            ),
            row(4, f" (c), column chapters: 'one; two' {LIST}"),
            row(4, " (c), column chapters: ' two' must be one of: one, two"),
            row(4, f" (c), column people: 'ann;ann' {LIST}"),
            row(4, " (c), column until: '2017-05' must be later than date, 2018"),
            row(
                5, r" (d), column chapters: 'one\n' must not hold line breaks or other control characters: here U+000A"
            ),
            row(5, " (d), column sources: '' must not be empty where kind is law"),
            row(6, " (e), column until: '2017' must be later than date, 2018"),
            row(6, " (e), column people: '' must not be empty where kind is film"),
            row(7, " (f), column chapters: 'one ' must not begin or end with a space"),
        ],
    ),
    "bytes that are no text": (
        (EVENTS + "a,2018,,T\xe9a,film,one,ann,paper\n").encode("latin-1"),
        [row(2, " (a), column title: 'Téa' must be UTF-8 text")],
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_every_broken_rule_is_told_in_its_line(tmp_path: Path, case: str) -> None:
    events, faults = BROKEN[case]
    told = list(map(str, data.check(folder(tmp_path, events=events, steps="id,event,person\n"))))
    assert told == faults


def test_a_column_of_the_same_name_elsewhere_agrees_with_its_own_table(tmp_path: Path) -> None:
    package = json.loads(json.dumps(PACKAGE))
    steps = package["resources"][2]
    fields = [
        ID | {"description": "Its name."},
        field("event", references="people"),
        field("person", references="events"),
    ]
    rules = [{"column": "event", "holds": "chapter", "with": "person", "value": "title"}]
    package["resources"].insert(
        3,
        steps
        | {"name": "stops", "path": "stops.csv", "schema": steps["schema"] | {"fields": fields, "agreement": rules}},
    )
    texts = {"steps": "id,event,person\nx,b,ann\n", "stops": "id,event,person\nx,ann,b\n"}
    place = folder(tmp_path, **texts)
    (place / "datapackage.json").write_text(json.dumps(package))
    faults = data.check(place)
    assert list(map(str, faults)) == [
        "data/steps.csv, row 2 (x), column event: 'b' must have 'one' in chapters, as person ann says",
        "data/stops.csv, row 2 (x), column event: 'ann' must have 'Rule' in chapter, as person b says",
    ]


def test_what_two_rows_must_agree_on(tmp_path: Path) -> None:
    faults = data.check(folder(tmp_path, steps="id,event,person\nx,b,ann\ny,nil,ann\nz,a,nil\nw,a,bob\n"))
    assert list(map(str, faults)) == [
        "data/steps.csv, row 2 (x), column event: 'b' must have 'one' in chapters, as person ann says",
        "data/steps.csv, row 3 (y), column event: 'nil' must be an id of the table events",
        "data/steps.csv, row 4 (z), column person: 'nil' must be an id of the table people",
    ]


def test_faults_stand_in_the_order_of_files_and_rows(tmp_path: Path) -> None:
    faults = data.check(folder(tmp_path, people="id,chapter\nA,one\nB,two\n", events=None, steps="id,event,person\n"))
    assert [(fault.file, fault.row) for fault in faults] == [
        ("data/events.csv", None),
        ("data/people.csv", 2),
        ("data/people.csv", 3),
    ]
    with pytest.raises(DataError) as raised:
        load(tmp_path / "data")
    assert raised.value.faults == faults


@pytest.mark.parametrize("name", GOOD)
def test_a_missing_file_is_told_and_not_what_refers_to_it(tmp_path: Path, name: str) -> None:
    path = folder(tmp_path)
    (path / name).unlink()
    assert list(map(str, data.check(path))) == [f"data/{name}: the file is missing"]


def test_good_tables_are_typed(tmp_path: Path) -> None:
    tables = load(folder(tmp_path))
    assert list(tables) == ["events", "people", "steps", "sources"]
    events = tables.events
    assert list(events) == [*COLUMNS.split(", "), "earliest", "latest"]
    assert list(events.index) == ["a", "b"]
    assert events.loc["a"].to_dict() == {
        "id": "a",
        "date": "2018-10",
        "until": "2020",
        "title": "Talk",
        "kind": "film",
        "chapters": ("one", "two"),
        "people": ("ann",),
        "sources": ("paper",),
        "earliest": pd.Timestamp("2018-10-01"),
        "latest": pd.Timestamp("2020-12-31"),
    }
    assert list(events["kind"].cat.categories) == ["law", "film"]
    assert events.loc["b", "people"] == ()
    assert (events.loc["b", "earliest"], events.loc["b", "latest"]) == (
        pd.Timestamp(2018, 1, 1),
        pd.Timestamp(2018, 12, 31),
    )
    assert list(tables.sources.index) == ["law", "old", "paper", "unread"]
    assert data.check(folder(tmp_path, events="\ufeff" + GOOD["events.csv"].replace("\n", "\r\n"))) == []
    with pytest.raises(
        AttributeError, match=r"^there is no table 'nothing'; the tables are events, people, steps, sources$"
    ):
        _ = tables.nothing


def test_an_open_end_stays_open(tmp_path: Path) -> None:
    package = json.loads(json.dumps(PACKAGE))
    package["resources"][0]["schema"]["span"]["open"] = True
    path = folder(tmp_path)
    (path / "datapackage.json").write_text(json.dumps(package))
    events = load(path).events
    assert events["latest"].isna().to_list() == [False, True]
    assert events.loc["a", "latest"] == pd.Timestamp(2020, 12, 31)


def test_a_row_without_a_date_has_no_days(tmp_path: Path) -> None:
    package = json.loads(json.dumps(PACKAGE))
    schema = package["resources"][0]["schema"]
    schema["span"] = {"start": "date"}
    schema["fields"][1]["constraints"] = {}
    path = folder(tmp_path, events=EVENTS + "a,,,Talk,film,one,ann,paper\nb,2018,,Talk,film,two,ann,paper\n")
    (path / "datapackage.json").write_text(json.dumps(package))
    events = load(path).events
    assert events[["earliest", "latest"]].loc["a"].isna().all()
    assert events.loc["b", "latest"] == pd.Timestamp(2018, 12, 31)


def test_bad_tables_are_not_loaded(tmp_path: Path) -> None:
    with pytest.raises(DataError) as raised:
        load(folder(tmp_path, events=None, steps="id,event,person\n"))
    assert str(raised.value) == "1 fault in the data:\ndata/events.csv: the file is missing"


def test_rows_and_sources_out_of_their_order_are_told(tmp_path: Path) -> None:
    path = small.write_data(tmp_path / "data")
    lines = (path / "events.csv").read_text("utf-8").splitlines(keepends=True)
    (path / "events.csv").write_text("".join([lines[0], lines[-1], *lines[1:-1]]), "utf-8")
    sources = (path / "sources.bib").read_text("utf-8")
    (path / "sources.bib").write_text(sources + "\n" + sources.partition("\n\n")[0].replace("{law,", "{act,"), "utf-8")
    first, last = (line.split(",")[:2] for line in (lines[1], lines[-1]))
    assert list(map(str, data.check(path))) == [
        f"data/events.csv, row 3 ({first[0]}), column date: '{first[1]}' must not stand below {last[0]}, which has "
        f"'{last[1]}': the rows keep the order of date",
        "data/sources.bib, row 45 (act), column key: 'act' must not stand below unread: keys keep their order",
    ]


class TestAFault:
    def test_its_line_says_what_is_known(self) -> None:
        assert str(Fault("f", rule="is bad")) == "f: is bad"
        assert str(Fault("f", 0, rule="is bad")) == "f, row 0: is bad"
        assert str(Fault("f", 3, "c", "v", "is bad", "x")) == "f, row 3 (x), column c: 'v' is bad"
        assert str(Fault("f", value="v", rule="is bad")) == "f: 'v' is bad"
        assert str(Fault("f", column="c", rule="is bad")) == "f, column c: '' is bad"

    def test_what_a_terminal_would_obey_is_spelled_out(self) -> None:
        assert str(Fault("f", 1, "\x1b[1m", "\u202e", "is\nbad")) == r"f, row 1, column \x1b[1m: '\u202e' is\nbad"

    def test_a_long_value_is_cut(self) -> None:
        assert str(Fault("f", value="x" * 80)) == f"f: '{'x' * 80}' "
        assert str(Fault("f", value="x" * 81)) == f"f: '{'x' * 77}...' "

    def test_all_are_counted_and_listed(self) -> None:
        error = DataError([Fault("f", rule="one"), Fault("g", rule="two")])
        assert str(error) == "2 faults in the data:\nf: one\ng: two"
        assert error._render_traceback_() == ["2 faults in the data:", "f: one", "g: two"]
        assert [fault.file for fault in error.faults] == ["f", "g"]


class TestTheBibliography:
    def read(self, tmp_path: Path, text: str | bytes) -> tuple[dict[str, Any], list[str]]:
        path = tmp_path / "data" / "sources.bib"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        entries, faults = bibliography.read(path)
        return {**entries}, list(map(str, faults))

    def test_an_entry_in_plain_words(self, tmp_path: Path) -> None:
        entries, faults = self.read(tmp_path, small.SOURCES)
        assert faults == []
        none = {"archiveurl": "", "archivedate": ""}
        shared = none | {"type": "online", "note": "", "about": "", "lang": "", "copy": False, "author": "", "date": ""}
        assert entries["paper"] == shared | {
            "id": "paper",
            "title": "The Paper & the set",
            "author": "Ann Lee and Bob van der Berg",
            "publisher": "The Paper",
            "date": "2020-01-02",
            "url": "https://paper.example/a?b=1&c=2",
            "urldate": "2026-11-22",
            "archiveurl": "https://web.archive.org/web/20261123010203/https://paper.example/a?b=1&c=2",
            "archivedate": "2026-11-23",
            "note": "Read in part.",
            "kind": "secondary",
            "copy": True,
        }
        assert entries["law"] == shared | {
            "id": "law",
            "type": "report",
            "title": "Wet",
            "publisher": "A Parliament",
            "url": "https://law.example/",
            "urldate": "2026-11",
            "about": "The law says so.",
            "lang": "nl",
            "kind": "primary",
        }
        assert (entries["old"]["publisher"], entries["unread"]["publisher"]) == ("Acta", "The Acta Press")

    def test_the_year_stands_for_a_date(self, tmp_path: Path) -> None:
        entries, _ = self.read(tmp_path, small.SOURCES.replace("  date         = {2011},\n", ""))
        assert entries["old"]["date"] == "2011"

    def test_only_the_keyword_itself_says_that_a_copy_was_read(self, tmp_path: Path) -> None:
        entries, _ = self.read(tmp_path, small.SOURCES.replace("{secondary, copy}", "{secondary, hardcopy}"))
        assert not entries["paper"]["copy"]

    CHANGED: ClassVar = {
        "a key of another form": ("{paper,", "{Paper_1,"),
        "no title": ("  title        = {Wet},\n", ""),
        "no publisher": ("  institution  = {A Parliament},\n", ""),
        "no day on which it was read": ("  urldate      = {2026-11},\n", ""),
        "no address": ("  url          = {https://law.example/},\n", ""),
        "no such month": ("{2020-01-02}", "{2020-13}"),
        "no date": ("{2026-11}", "{soon}"),
        "another scheme": ("{https://law", "{ftp://law"),
        "a space in an address": ("law.example/", "law.example/ b"),
        "a user in an address": ("https://law", "https://you@law"),
        "another kind": ("{primary}", "{hearsay, primary}"),
        "no kind": ("  keywords     = {primary}\n", ""),
        "a key in other letters": ("@article{old,", "@article{LAW,"),
        "no code of a language": ("{nl}", "{Dutch language}"),
        "a type that is no word": ("@report{law", "@report-2{law"),
        "a cross-reference": ("{nl}", "{nl},\n  crossref     = {paper}"),
        "no comma": ("{Wet},", "{Wet}"),
        "a brace that is never closed": ("{Wet}", "{{Wet}"),
        "a field twice": ("{Wet},", "{Wet},\n  title        = {Dry},"),
        "a command": ("{Wet}", "{We\\foo t}"),
        "a comment": ("{Wet}", "{Wet % dry}"),
        "a tag": ("{Wet}", "{<b>Wet}"),
        "a sign that nobody sees": ("{Wet}", "{W\u200bet}"),
        "bytes that are no text": ("{Wet}", "{W\udce9t}"),
        "a text that is too long": ("{Wet}", "{" + "We " * 700 + "}"),
        "an entry that is too long": ("{Wet}", "{" + "We " * 1800 + "}"),
        "a macro": ("@report{law", "@string{a = {b}}\n\n@report{law"),
        "words between": ("@report{law", "And then:\n\n@report{law"),
        "words before": ("@online{paper", "First:\n@online{paper"),
        "a capture without a day": ("  archivedate  = {2026-11-23},\n", ""),
        "a day without a capture": ("{nl}", "{nl},\n  archivedate  = {2026-11-23}"),
        "a capture known to the month": ("{2026-11-23}", "{2026-11}"),
        "a capture of another day": ("{2026-11-23}", "{2026-11-24}"),
        "a capture of another page": ("/https://paper.example/a", "/https://paper.example/b"),
        "a capture of the same page": ("/https://paper.example/a", "/http://www.paper.example:80/a"),
        "an archive that is none": ("{https://web.archive.org/", "{https://archive.today/"),
        "no capture": ("/web/20261123010203/https", "/web/https"),
        "a capture without an address": (
            "{https://web.archive.org/web/20261123010203/https://paper.example/a?b=1&c=2}",
            "{https://perma.cc/AB-CD}",
        ),
    }  # fmt: skip

    def test_every_broken_entry_is_told(self, tmp_path: Path) -> None:
        told = []
        for name, (old, new) in self.CHANGED.items():
            text = small.SOURCES.replace(old, new, 1)
            assert text != small.SOURCES, name
            told += [
                f"{name}:",
                *(f"  {fault}" for fault in self.read(tmp_path, text.encode("utf-8", "surrogateescape"))[1]),
            ]
        same("faults-of-sources.txt", "\n".join(told))

    def test_the_names_of_archives(self) -> None:
        named = {host: bibliography.archive_name(f"https://{host.upper()}/x") for host in bibliography.ARCHIVES}
        assert named == bibliography.ARCHIVES
        assert [
            bibliography.archive_name(text) for text in ("https://perma.cc", "perma.cc/x", "http://no.example/x")
        ] == [""] * 3

    def test_broken_files_are_told(self, tmp_path: Path) -> None:
        missing = [Fault("data/sources.bib", rule="the file is missing")]
        assert bibliography.read(tmp_path / "data" / "sources.bib") == ({}, missing)
        assert self.read(tmp_path, " \n") == ({}, ["data/sources.bib, row 1: the file is empty"])
        assert self.read(tmp_path, "@online{a,}\n" * 10_001) == (
            {},
            ["data/sources.bib: the file may have at most 10000 entries"],
        )


def changed(**other: object) -> dict[str, Any]:
    """The package with something else in its first table."""
    return PACKAGE | {"resources": [PACKAGE["resources"][0] | other, *PACKAGE["resources"][1:]]}


def table(**other: object) -> dict[str, Any]:
    return changed(schema=PACKAGE["resources"][0]["schema"] | other)


FIELDS = PACKAGE["resources"][0]["schema"]["fields"]
PACKAGES: dict[str, Any] = {
    "no JSON": "{",
    "nested too deeply": "[" * 100_000,
    "no number": '{"name": NaN}',
    "a name twice": '{"name": "a", "name": "b"}',
    "no object": "[]",
    "nothing in it": "{}",
    "bytes that are no text": PACKAGE | {"title": "\udce9"},
    "a text with a tag": PACKAGE | {"title": "<b>"},
    "a text in a list with a tag": table(fields=[*FIELDS, field("vo", delimiter=";", vocabulary=["a", "<i>"])]),
    "a resource twice": PACKAGE | {"resources": [*PACKAGE["resources"], PACKAGE["resources"][1]]},
    "a table with the name of the bibliography": changed(name="sources"),
    "a column twice": table(fields=[*FIELDS, FIELDS[1]]),
    "an option twice": table(fields=[*FIELDS, field("a", delimiter=";", vocabulary=["x", "x"])]),
    "an option of one twice": table(fields=[*FIELDS, field("a", constraints={"enum": ["x", "x"]})]),
    "a reference to nothing": table(fields=[*FIELDS, field("a", references="nothing")]),
    "a span of what are no dates": table(span={"start": "title", "end": "nothing"}),
    "a rule on what are no columns": table(requiredWhen=[{"column": "a", "required": "b", "values": ["x"]}]),
    "an order of what is no column": table(order="when"),
    "an agreement on what is not there": table(
        agreement=[{"column": "people", "holds": "a", "with": "title", "value": "b"}]
    ),
    "a column of another type": table(fields=[*FIELDS, field("a") | {"type": "number"}]),
    "a file less": PACKAGE | {"resources": [PACKAGE["resources"][0], PACKAGE["resources"][3]]},
}


def test_every_broken_package_is_told(tmp_path: Path) -> None:
    path, told = folder(tmp_path), []
    for name, package in PACKAGES.items():
        text = package if isinstance(package, str) else json.dumps(package, ensure_ascii=False)
        (path / "datapackage.json").write_bytes(text.encode("utf-8", "surrogateescape"))
        told += [f"{name}:", *(f"  {fault}" for fault in data.check(path))]
    same("faults-of-packages.txt", "\n".join(told))


class TestPlainText:
    def test_a_line_ends_in_one_way(self, tmp_path: Path) -> None:
        path = tmp_path / "a.csv"
        path.write_bytes(b"\xef\xbb\xbfa\r\nb\rc\n\xe9\n")
        assert plaintext.read(path) == "a\nb\nc\n\udce9\n"
        assert plaintext.as_bytes("\udce9\u00e9") == "\u00e9\u00c3\u00a9"

    def test_what_is_no_text_file_is_told(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def told(path: Path) -> str:
            with pytest.raises(DataError) as raised:
                plaintext.read(path)
            (fault,) = raised.value.faults
            return str(fault).replace(tmp_path.name, "data")

        assert told(tmp_path / "none.csv") == "data/none.csv: the file is missing"
        (tmp_path / "folder.csv").mkdir()
        assert told(tmp_path / "folder.csv") == "data/folder.csv: must be a file, not a link or a folder"
        (tmp_path / "link.csv").symlink_to(tmp_path / "none.csv")
        assert told(tmp_path / "link.csv") == "data/link.csv: must be a file, not a link or a folder"
        path = tmp_path / "a.csv"
        for encoding in ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"):
            path.write_bytes("\ufeffa".encode(encoding))
            assert told(path) == f"data/a.csv: must be UTF-8 text; this is {encoding[:6].upper()}"
        monkeypatch.setattr(plaintext, "LARGEST", 3000)
        path.write_bytes(b"x" * 3000)
        assert plaintext.read(path) == "x" * 3000
        path.write_bytes(b"x" * 3001)
        assert told(path) == "data/a.csv: has 3,001 bytes; it may have at most 3,000"
        path.unlink()
        monkeypatch.setattr(
            Path, "read_bytes", lambda self: (_ for _ in ()).throw(PermissionError(13, "Permission denied"))
        )
        path.touch()
        assert told(path) == "data/a.csv: cannot be read: Permission denied"

    @pytest.mark.parametrize(
        ("text", "rule"),
        [
            ("a < b, 3 <4, <3", ""),
            ("\ud800", "must be UTF-8 text"),
            ("a\x9f", "must not hold line breaks or other control characters: here U+009F"),
            ("a\u202e", "must not hold a character that nobody sees: here U+202E RIGHT-TO-LEFT OVERRIDE"),
            ("a\ue000", "must not hold a character that nobody sees: here U+E000"),
            ("e\u0301", "must have its letters and accents composed (Unicode NFC)"),
            ("a</b>", "must be plain text, without HTML tags"),
            ("a<b", "must be plain text, without HTML tags"),
            ("a<!-- b", "must be plain text, without HTML tags"),
        ],
    )
    def test_what_a_reader_does_not_see_is_refused(self, text: str, rule: str) -> None:
        assert plaintext.broken_rule(text) == rule


def test_what_is_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "MOST_ROWS", 2)
    monkeypatch.setattr(data, "MOST_COLUMNS", 9)
    line = "a{},2018,,Talk,film,one,ann,paper\n"
    events = EVENTS + "".join(line.format(sign) for sign in "bcd")
    steps = "id,event,person\n"
    assert list(map(str, data.check(folder(tmp_path, events=events, steps=steps)))) == [
        row(4, ": the table may have at most 2 rows")
    ]
    assert data.check(folder(tmp_path, events="".join(events.splitlines(True)[:3]), steps=steps)) == []
    assert list(map(str, data.check(folder(tmp_path, events="," * 9, steps=steps)))) == [
        row(1, ": the row has 10 cells; it must have 8")
    ]
    assert len(data.check(folder(tmp_path, events="," * 8, steps=steps))) == 9 + 8 + 1
    monkeypatch.setattr(plaintext, "LONGEST", 12)
    long = line.format("").replace("paper", "paper;law;old") + line.format("b").replace("paper", "paper;law;oo")
    assert list(map(str, data.check(folder(tmp_path, events=EVENTS + long, steps=steps)))) == [
        row(2, " (a), column sources: 'paper;law;old' must have at most 12 characters"),
        row(3, " (ab), column sources: 'oo' must be an id of the table sources"),
    ]


@pytest.mark.parametrize("text", ["=1", "+a", "-b", "@c", "\uff1dd", "+1a"])
def test_what_a_spreadsheet_would_run_is_refused(tmp_path: Path, text: str) -> None:
    events = EVENTS + f"a,2018,,{text},film,one,ann,paper\n"
    assert list(map(str, data.check(folder(tmp_path, events=events, steps="id,event,person\n")))) == [
        row(2, f" (a), column title: {text!r} must not begin with = + - or @, which a spreadsheet takes for a formula")
    ]
    assert data.check(folder(tmp_path, events=events.replace(text, "-5.1"), steps="id,event,person\n")) == []


def test_the_command_checks_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = small.write_data(tmp_path / "data")
    assert main(path) == 0
    said = capsys.readouterr()
    assert said.out.startswith("The data are well: events 4, paths 2, steps 3, people 4, ")
    assert said.out == (
        f"The data are well: {', '.join(f'{name} {len(table)}' for name, table in load(path).items())}.\n"
        f"{coverage.report(load(path))}\n"
    )
    assert said.err == ""
    (path / "events.csv").unlink()
    assert main(path) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == "1 fault in the data:\ndata/events.csv: the file is missing\n"


def test_the_command_takes_the_folder_from_its_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["companion", str(small.write_data(tmp_path / "data")), "more"])
    monkeypatch.delitem(sys.modules, "companion.__main__")
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("companion", run_name="__main__")
    assert ended.value.code == 0
    assert "events 4" in capsys.readouterr().out


def test_what_the_evidence_covers(tmp_path: Path) -> None:
    chapters = tmp_path / "chapters"
    (chapters / "deep").mkdir(parents=True)
    (chapters / "a.md").write_text("See {term}`Barrier` and {person}`Cy <cy>` {cite:p}`nil,unread`.")
    (chapters / "deep" / "b.ipynb").write_text("{term}`the rider <NR>`")
    (chapters / ".ipynb_checkpoints").mkdir()
    (chapters / ".ipynb_checkpoints" / "b-checkpoint.ipynb").write_text("{term}`modesty`")
    tables = small.tables(tmp_path)
    assert coverage.report(tables, chapters).splitlines() == [
        "claims by verdict: 1 supported, 1 corrected, 1 disputed, 1 unverifiable",
        "events by confidence: 2 confirmed, 1 reported, 1 disputed",
        "events by kind: 1 film, 1 practice, 1 statement, 1 rule",
        "sources by kind: 3 secondary, 1 primary; 1 read only in a copy; 1 with an archived address",
        "stances by position (a convenience sample): 1 support, 1 conditional, 1 changed",
        "sources that nothing uses: 0",
        "people that nothing uses: 0",
        "terms that nothing uses: 1 (modesty)",
    ]
    assert coverage.unused_entries(tables, tmp_path / "nowhere") == {
        "sources": ["unread"],
        "people": [],
        "terms": ["rider", "barrier", "modesty"],
    }


class TestATrial:
    """A table that a student edits in a cell."""

    def faults(self, tmp_path: Path, text: str) -> list[str]:
        with pytest.raises(DataError) as raised:
            edited("people", text, small.write_data(tmp_path / "data"))
        return list(map(str, raised.value.faults))

    def test_cells_are_replaced_in_the_tables_and_not_in_the_files(self, tmp_path: Path) -> None:
        path = small.write_data(tmp_path / "data")
        before, stored = load(path).people, (path / "people.csv").read_bytes()
        after = edited("people", '\n id, role\n zoe, "Actor, and more"\n', path).people
        assert after.loc["zoe", "role"] == "Actor, and more"
        assert after.drop("zoe").equals(before.drop("zoe"))
        assert after.drop(columns="role").equals(before.drop(columns="role"))
        assert (path / "people.csv").read_bytes() == stored
        assert edited("people", "  ", path).people.equals(before)

    def test_a_row_that_is_moved_by_its_change_finds_its_place(self, tmp_path: Path) -> None:
        path = small.write_data(tmp_path / "data")
        after = edited("events", "id,date\nrule-of-2018,2020", path).events
        assert list(after["date"]) == sorted(after["date"])
        assert after.loc["rule-of-2018", "date"] == "2020"

    def test_a_table_without_rows_or_that_is_not_there_is_told(self, tmp_path: Path) -> None:
        path = small.write_data(tmp_path / "data", small.ROWS | {"corrections": []})
        with pytest.raises(DataError, match=r"your table, row 2, column id: 'x' must be an id of corrections\.csv"):
            edited("corrections", "id\nx", path)
        assert edited("corrections", "id", path).corrections.empty
        for name in ("sources", "none"):
            with pytest.raises(DataError, match=rf"your table: there is no table '{name}'$"):
                edited(name, "id", path)

    def test_what_is_wrong_is_told(self, tmp_path: Path) -> None:
        columns = "id, name, type, sort, role, aliases"
        assert self.faults(tmp_path, "id,colour\nzoe,red\nnil,red\nbo,a,b\n") == [
            f"your table, row 1, column colour: 'colour' is not a column of people.csv; its columns are {columns}",
            "your table, row 3, column id: 'nil' must be an id of people.csv",
            "your table, row 4 (bo): the row has 3 cells; it must have 2 (one with a comma stands in quotes)",
        ]
        assert self.faults(tmp_path, "role\nActor") == ["your table, row 1, column id: '' the column is missing"]
        assert self.faults(tmp_path, "role,id\nActor") == [
            "your table, row 2: the row has 1 cells; it must have 2 (one with a comma stands in quotes)"
        ]
        assert self.faults(tmp_path, 'id\n"zoe') == [
            "your table: must be comma-separated values in double quotes: unexpected end of data"
        ]
        assert self.faults(tmp_path, "id,role\nzoe,") == [
            "data/people.csv, row 5 (zoe), column role: '' must not be empty"
        ]
