"""What reads data/ is attacked: whatever is in the files, they load with every row, or every fault is named.

`make test` tries a few mutants of each kind, `make fuzz` ten thousand in all. A failure names its mutant by kind and
number, and `mutant(kind, number, folder)` makes it again.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import resource
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import mutations
import pytest
from companion import DataError, Fault, check, edited, load
from companion.__main__ import main
from companion.data import Tables
from conftest import ROOT, edit
from mutations import BIDIRECTIONAL, CONTROLS, FORMULAS, MUTATIONS, UNSEEN

Reading = Callable[[Path], Tables]
Package = dict[str, Any]
MUTANTS = int(os.environ.get("MUTANTS", "80"))
SECONDS = 5
"""The processor time that one mutant may take."""
BYTES = 1_000_000_000
"""The memory that the process may take, its libraries and all."""
DECEIT = re.compile(rf"[{re.escape((BIDIRECTIONAL + UNSEEN + CONTROLS).replace(chr(10), ''))}]|</?\w")
"""What is not seen as what it is."""
FORMULA = re.compile(r"^(?:[=+@＝＋－＠]|-(?!\d))", re.M)
"""What a spreadsheet runs."""


def mutant(kind: str, number: int, folder: Path) -> None:
    """Make the folder a copy of data/ that is spoiled in one way."""
    shutil.copytree(ROOT / "data", folder)
    MUTATIONS[kind](Random(f"{kind} {number}"), folder)


class TooSlow(BaseException):
    """Not an Exception, so that nothing takes it for a fault of the data."""


@contextmanager
def hurry(seconds: float) -> Iterator[None]:
    def stop(*_: object) -> None:
        raise TooSlow

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def attack(folder: Path, reading: Reading = load, seconds: float = SECONDS) -> str:
    """What is wrong with how the folder is read; "" where it loads with every row or every fault is named."""
    start = time.process_time()
    try:
        with hurry(2 * seconds):
            try:
                found = lost(folder, reading(folder))
            except DataError as error:
                found = unnamed(folder, error)
    except TooSlow:
        return "it takes too long"
    except Exception as error:  # a bare traceback is what is looked for
        return f"{type(error).__name__}: {str(error)[:200]}"
    if (spent := time.process_time() - start) > seconds:
        return f"it takes {spent:.1f} s"
    if (taken := resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024) > BYTES:
        return f"it takes {taken:,} bytes"
    return found


def lost(folder: Path, tables: Tables) -> str:
    """What the files hold and the tables do not, or what no table should hold."""
    for path in sorted(folder.glob("*.csv")):
        header, *records = parsed(path)
        frame = tables.get(path.stem)
        if frame is None:
            return f"{path.name} is left out"
        rows = [["" if cell != cell else ";".join(cell) if isinstance(cell, tuple) else str(cell) for cell in row]
                for row in frame[header].to_numpy().tolist()]  # fmt: skip
        if rows != records:
            return f"{path.name} has {len(records)} rows, and not all came as they are"
        cells = "\n".join(map("\n".join, records))
        if harm := DECEIT.search(cells) or FORMULA.search(cells):
            return f"{path.name} holds {harm[0]!r}"
    if harm := DECEIT.search("\n".join(tables["sources"].drop(columns="copy").to_numpy().ravel())):
        return f"sources.bib holds {harm[0]!r}"
    keys = re.findall(r"^\s*@\s*\w+\s*[{(]\s*([^\s,]*)", (folder / "sources.bib").read_text("utf-8-sig"), re.M)
    if keys != list(tables.sources["id"]):
        return f"sources.bib has {len(keys)} entries, and {len(tables.sources)} came"
    return ""


def parsed(path: Path) -> mutations.Records:
    """The rows of a table, however long its cells are."""
    text = path.read_bytes().decode("utf-8-sig", "surrogateescape")
    limit = csv.field_size_limit(len(text))
    try:
        return list(csv.reader(io.StringIO(text, newline="")))
    finally:
        csv.field_size_limit(limit)


def unnamed(folder: Path, error: DataError) -> str:
    """The first fault that does not say where it is and which rule is broken."""
    files: dict[str, list[list[str]]] = {}
    for fault in error.faults:
        said = str(fault)
        name = fault.file.removeprefix(f"{folder.name}/")
        if "/" in name or not fault.rule or not said.startswith(fault.file):
            return f"not named: {said[:200]}"
        if not said.isprintable() or len(said) > 2_000:
            return f"not one plain line: {said[:200]!r}"
        if name.endswith(".csv") and fault.row is not None and fault.row > 1:
            if name not in files:
                files[name] = parsed(folder / name)
            if wrong := misplaced(fault, files[name]):
                return f"{wrong}: {said[:200]}"
    return "" if error.faults else "no fault is named"


def misplaced(fault: Fault, records: list[list[str]]) -> str:
    """What is wrong with where a fault of a table is said to be."""
    if not fault.column or not fault.row:
        return ""
    record = records[fault.row - 1]
    if fault.rule.startswith("the row has"):
        return ""
    if fault.column not in records[0]:
        return "no such column"
    cell = record[records[0].index(fault.column)]
    shown = cell.encode("utf-8", "surrogateescape").decode("latin-1") if "UTF-8" in fault.rule else cell
    return "" if fault.value in shown and fault.id in ("", record[0]) else "another value"


@pytest.mark.parametrize(("place", "kind"), enumerate(MUTATIONS), ids=list(MUTATIONS))
def test_a_mutant_loads_whole_or_names_its_faults(place: int, kind: str, tmp_path: Path) -> None:
    for number in range(len(range(place, MUTANTS, len(MUTATIONS)))):
        folder = tmp_path / str(number) / "data"
        mutant(kind, number, folder)
        assert attack(folder) == "", f"mutant({kind!r}, {number}, folder)"
        shutil.rmtree(folder.parent)


@pytest.mark.parametrize("kind", list(MUTATIONS)[::8])
def test_a_mutant_can_be_made_again(kind: str, tmp_path: Path) -> None:
    for name in ("one", "two"):
        mutant(kind, 7, tmp_path / name)
    one, two = ({path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("one", "two"))
    assert one == two


@pytest.mark.parametrize(
    ("reading", "said"),
    [
        (lambda folder: Tables()["x"], "KeyError"),
        (lambda folder: endlessly(folder), "too long"),
        (lambda folder: without_a_row(load(folder)), "not all came"),
        (lambda folder: without_a_table(load(folder)), "is left out"),
        (lambda folder: fail(Fault("elsewhere/x", rule="is wrong")), "not named"),
        (lambda folder: fail(Fault("data/events.csv", 2, "title", "x")), "not named"),
        (lambda folder: fail(Fault("data/events.csv", 2, "name", "x", "is wrong")), "no such column"),
        (lambda folder: fail(Fault("data/events.csv", 2, "title", "what is not there", "is wrong")), "another value"),
        (lambda folder: fail(), "no fault is named"),
    ],
)
def test_the_attack_notices(reading: Reading, said: str, folder: Path) -> None:
    assert said in attack(folder, reading, seconds=1)


def endlessly(folder: Path) -> Tables:
    while True:
        pass


def without_a_row(tables: Tables) -> Tables:
    return Tables(tables | {"events": tables.events[1:]})


def without_a_table(tables: Tables) -> Tables:
    return Tables({name: frame for name, frame in tables.items() if name != "events"})


def fail(*faults: Fault) -> Tables:
    raise DataError(list(faults))


# What the attack found, and what it looks for, each by its name


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(ROOT / "data", tmp_path / "data"))


@pytest.mark.parametrize(
    ("table", "column", "value", "rule"),
    [
        ("events", "title", "Not what\u202eit seems", "nobody sees: here U+202E RIGHT-TO-LEFT OVERRIDE"),
        ("events", "title", "A \u2066part\u2069 apart", "nobody sees: here U+2066 LEFT-TO-RIGHT ISOLATE"),
        ("events", "title", "A word\u200bin two", "nobody sees: here U+200B ZERO WIDTH SPACE"),
        ("events", "title", "A hy\xadphen", "nobody sees: here U+00AD SOFT HYPHEN"),
        ("events", "title", "A mark\ufeffinside", "nobody sees: here U+FEFF ZERO WIDTH NO-BREAK SPACE"),
        ("events", "title", "Two\u2028lines", "nobody sees: here U+2028 LINE SEPARATOR"),
        ("events", "title", "A sign of a font’s own: \ue000", "nobody sees: here U+E000"),
        ("events", "title", "A letter lost: \ufffd", "nobody sees: here U+FFFD REPLACEMENT CHARACTER"),
        ("events", "title", "A bell\x07", "control characters: here U+0007"),
        ("events", "title", "Nothing\x00", "control characters: here U+0000"),
        ("events", "title", "A control of C1\x9b", "control characters: here U+009B"),
        ("events", "title", "A next line\x85here", "control characters: here U+0085"),
        ("events", "title", "An accent apart: e\u0301", "Unicode NFC"),
        ("events", "title", "<script>alert(1)</script>", "must be plain text, without HTML tags"),
        ("events", "summary", "A picture <IMG src=x onerror=alert(1)>", "must be plain text, without HTML tags"),
        ("events", "note", "Closed </title> too early", "must be plain text, without HTML tags"),
        ("events", "works", "Anora;<b>Babygirl</b>", "must be plain text, without HTML tags"),
        *(("events", "title", text, "which a spreadsheet takes for a formula") for text in FORMULAS if text[0] != "\t"),
        ("events", "works", "Anora;=1+1", "which a spreadsheet takes for a formula"),
        ("measures", "value", "-40+1", "which a spreadsheet takes for a formula"),
        ("events", "regions", "x" * 2_001, "must have at most 2000 characters"),
        ("claims", "id", "P٠٣-1", "must match P[0-9]{2}-[0-9]+"),
    ],
)
def test_a_cell_that_deceives_or_harms_is_named(folder: Path, table: str, column: str, value: str, rule: str) -> None:
    edit(folder / f"{table}.csv", 5, column, value)
    found = [fault for fault in check(folder) if (fault.file, fault.row) == (f"data/{table}.csv", 5)]
    assert any(fault.column == column and fault.value in value and rule in fault.rule for fault in found), found
    assert all(str(fault).isprintable() for fault in found)


@pytest.mark.parametrize(
    "text", ["Less < more, 5 > 3 & so on", "naïve, Œuvre, 日本語, Ελλάδα", "20\xa0% – “so”", "(-40)"]
)
def test_text_that_only_looks_odd_is_taken(folder: Path, text: str) -> None:
    edit(folder / "events.csv", 5, "title", text)
    assert check(folder) == []


def test_a_name_that_two_have_is_named(folder: Path) -> None:
    edit(folder / "people.csv", 5, "name", load(folder).people["name"].iloc[0])
    assert [
        "data/people.csv, row 5" in str(fault)
        for fault in check(folder)
        if fault.rule.startswith("must be unique; row 2")
    ]


def test_a_table_too_long_or_too_wide_is_told_in_a_line(folder: Path) -> None:
    rows, columns = folder / "rules.csv", folder / "gaps.csv"
    records = mutations.read(rows)
    mutations.write(rows, records + [[""] * len(records[0])] * 10_000)
    mutations.write(columns, [row + ["x"] * 10_000 for row in mutations.read(columns)])
    found = [str(fault) for fault in check(folder) if fault.file in ("data/rules.csv", "data/gaps.csv")]
    assert found == [
        "data/gaps.csv, row 1: the row has 10007 cells; it must have 7",
        "data/rules.csv, row 10002: the table may have at most 10000 rows",
    ]


def test_a_quote_that_is_never_closed_is_told_with_its_row(folder: Path) -> None:
    path = folder / "events.csv"
    count = len(mutations.read(path))
    path.write_text(path.read_text("utf-8") + 'broken,"no end', "utf-8")
    assert [fault.row for fault in check(folder) if "comma-separated values" in fault.rule] == [count + 1]


def spoil_by(change: Callable[[Path], object], name: str, folder: Path) -> list[str]:
    change(folder / name)
    return [str(fault) for fault in check(folder) if fault.file == f"data/{name}"]


@pytest.mark.parametrize("name", ["events.csv", "sources.bib", "datapackage.json"])
@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (lambda path: path.unlink(), "the file is missing"),
        (lambda path: [path.unlink(), path.mkdir()], "must be a file, not a link or a folder"),
        (lambda path: [path.unlink(), path.symlink_to("/dev/zero")], "must be a file, not a link or a folder"),
        (lambda path: [path.unlink(), path.symlink_to("/etc/passwd")], "must be a file, not a link or a folder"),
        (lambda path: path.write_bytes(b"x" * 4_000_001), "has 4,000,001 bytes; it may have at most 4,000,000"),
        (lambda path: path.write_text(path.read_text("utf-8"), "utf-16"), "must be UTF-8 text; this is UTF-16"),
        (lambda path: path.write_text(path.read_text("utf-8"), "utf-32"), "must be UTF-8 text; this is UTF-32"),
    ],
)
def test_a_file_that_is_none_is_named(folder: Path, name: str, change: Callable[[Path], object], rule: str) -> None:
    assert spoil_by(change, name, folder) == [f"data/{name}: {rule}"]


@pytest.mark.parametrize("name", ["events.csv", "sources.bib", "datapackage.json"])
@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_the_line_ends_of_other_systems_do_no_harm(folder: Path, name: str, end: str) -> None:
    assert spoil_by(lambda path: path.write_text(path.read_text("utf-8"), "utf-8", newline=end), name, folder) == []


def test_a_table_that_the_package_does_not_name_is_named(folder: Path) -> None:
    assert spoil_by(lambda path: path.write_text("id\n", "utf-8"), "more.csv", folder) == [
        "data/more.csv: must be a resource of datapackage.json"
    ]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("\ud800", "must be UTF-8 text"),
        ("A b\u202ed", "U+202E RIGHT-TO-LEFT OVERRIDE"),
        ("<b>A</b>", "must be plain text, without HTML tags"),
        ("=1+1", "which a spreadsheet takes for a formula"),
        ('"A', "must be comma-separated values"),
        ("x" * 200_000, "must be comma-separated values"),
    ],
)
def test_a_trial_is_held_to_the_same_rules(text: str, rule: str) -> None:
    with pytest.raises(DataError, match=re.escape(rule)):
        edited("events", f"id,title\nhbo-coordinator-policy,{text}")


# The data package


def field(package: Package, table: str, column: str) -> Package:
    return next(field for field in schema(package, table)["fields"] if field["name"] == column)


def schema(package: Package, table: str) -> Package:
    return next(resource["schema"] for resource in package["resources"] if resource["name"] == table)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda package: package.pop("resources"), "'resources' is a required property"),
        (lambda package: package.update(title=None), "(title): 'null' is not of type 'string'"),
        (lambda package: package.update(title="\ud800"), "(title): '\\ud800' must be UTF-8 text"),
        (lambda package: package.update(title="a\u202eb"), "U+202E RIGHT-TO-LEFT OVERRIDE"),
        (lambda package: package.update(description="<b>x</b>"), "(description): '<b>x</b>' must be plain text"),
        (lambda package: package.update(resources={}), "(resources): '{}' is not of type 'array'"),
        (lambda package: package["resources"].append(3), "is not of type 'object'"),
        (lambda package: package["resources"].append(package["resources"][0]), "'events' must be the name of one"),
        (lambda package: package["resources"][0].pop("schema"), "(resources[0]): "),
        (lambda package: package["resources"][0].update(path="../../etc/passwd"), "(resources[0].path): '../../etc/"),
        (lambda package: package["resources"][0].update(name="sources"), "'sources' must be the name of one resource"),
        (lambda package: schema(package, "events").pop("fields"), "'fields' is a required property"),
        (lambda package: schema(package, "events").update(fields=[]), "(resources[0].schema.fields): '[]' "),
        (lambda package: schema(package, "events")["fields"].reverse(), "'id' was expected"),
        (
            lambda package: schema(package, "events").update(span={"start": "title"}),
            "(events.span.start): 'title' must",
        ),
        (
            lambda package: schema(package, "steps")["agreement"][0].update(holds="x"),
            "(steps.agreement.holds): 'x' must",
        ),
        (
            lambda package: schema(package, "claims")["requiredWhen"][0].update(column="x"),
            "(claims.requiredWhen.column)",
        ),
        (lambda package: field(package, "events", "kind").update(type="integer"), "'integer' is not one of"),
        (
            lambda package: field(package, "events", "kind").update(name="date"),
            "(events): 'date' must be the name of one",
        ),
        (
            lambda package: field(package, "events", "people").update(references="men"),
            "'men' must be the name of a table",
        ),
        (lambda package: field(package, "events", "people").pop("delimiter"), "'delimiter' is a required property"),
        (lambda package: field(package, "events", "kind").update(maxlength=3), "('maxlength' was unexpected)"),
        (
            lambda package: field(package, "events", "kind")["constraints"].update(enum=["a", "a"]),
            "'a' must stand once",
        ),
        (
            lambda package: field(package, "events", "id")["constraints"].update(pattern="(a+)+$"),
            "'(a+)+$' is not one of",
        ),
        (lambda package: field(package, "events", "id")["constraints"].update(pattern="("), "'(' is not one of"),
        (
            lambda package: field(package, "events", "note")["constraints"].update(maxLength=1e300),
            "maxLength): '1e+300' ",
        ),
    ],
)
def test_a_package_that_is_wrong_is_told_with_the_place(
    folder: Path, change: Callable[[Package], object], said: str
) -> None:
    path = folder / "datapackage.json"
    package = json.loads(path.read_text("utf-8"))
    change(package)
    path.write_text(json.dumps(package), "utf-8")
    found = [str(fault) for fault in check(folder)]
    assert any(said in line for line in found), found
    assert all(line.startswith("data/datapackage.json") and line.isprintable() for line in found)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[" * 100_000, "must be JSON in UTF-8: it is nested too deeply"),
        ('{"name":' * 100_000, "must be JSON in UTF-8: it is nested too deeply"),
        ('{"name": NaN}', "must be JSON in UTF-8: NaN is not a number of JSON"),
        ('{"name": "a", "name": "b"}', "must be JSON in UTF-8: the name 'name' stands twice in an object"),
        ('{"name": ' + "9" * 5_000 + "}", "must be JSON in UTF-8: Exceeds the limit"),
        ("{", "must be JSON in UTF-8: Expecting property name"),
        ("[]", "is not of type 'object'"),
        ("null", "is not of type 'object'"),
    ],
)
def test_a_package_that_is_no_package_is_told_in_a_line(folder: Path, text: str, said: str) -> None:
    (line,) = spoil_by(lambda path: path.write_text(text, "utf-8"), "datapackage.json", folder)
    assert said in line


# BibTeX

ENTRY = """@online{zzz,
  title        = {A title},
  organization = {A body},
  url          = {https://example.org/},
  urldate      = {2026-11-22},
  keywords     = {primary}
}
"""


@pytest.mark.parametrize(
    ("entry", "row", "said"),
    [
        (ENTRY.replace("A title", "{" * 100_000 + "}" * 100_000), 1, "has 200,"),
        (
            ENTRY.replace("A title", "{" * 101 + "}" * 101),
            2,
            "must be well-formed BibTeX: syntax error: too many nested",
        ),
        (ENTRY.replace("A title", "x" * 1_000_000), 1, "characters; an entry may have at most 5,000"),
        (ENTRY.replace("A title", "x" * 2_001), 1, "must have at most 2000 characters"),
        (ENTRY.replace("A title", "never {closed"), 1, "must be well-formed BibTeX: syntax error: premature end"),
        (ENTRY.replace("{A title}", '"ends in \\"'), 1, "must be well-formed LaTeX: "),
        (ENTRY.replace("A title", "100 % sure"), 1, r"must have \% for %, after which LaTeX reads no further"),
        (ENTRY.replace("A title", r"\input{/etc/passwd}"), 1, r"must not hold the LaTeX command \input"),
        (ENTRY.replace("A title", r"\write18{touch x}"), 1, r"must not hold the LaTeX command \write"),
        (ENTRY.replace("A title", r"{\catcode`\@=11}"), 1, r"must not hold the LaTeX command \catcode"),
        (ENTRY.replace("A title", "<scr{}ipt>"), 1, "must be plain text, without HTML tags"),
        (ENTRY.replace("A title", r"{\textless}script{\textgreater}"), 1, "must"),
        (ENTRY.replace("A title", "not\u202eso"), 1, "nobody sees: here U+202E RIGHT-TO-LEFT OVERRIDE"),
        (ENTRY.replace("A title", "e\u0301"), 1, "Unicode NFC"),
        (ENTRY.replace("{A title}", "{A title} # undefined"), 2, "undefined string: undefined"),
        (ENTRY.replace("  title", "  title = {x},\n  title"), 1, "has a duplicate title field"),
        (ENTRY.replace("A title}", "A title},\n  author = {a, b, c, d}"), 1, "Too many commas"),
        (ENTRY.replace("A title}", "A title},\n  crossref = {bafta-index}"), 1, "must be left out"),
        (ENTRY.replace("A title}", 'A title},\n  langid = {" onload="x}'), 1, "must be the code of a language"),
        (ENTRY.replace("https:", "javascript:"), 1, "must be an http or https address"),
        (ENTRY.replace("example.org", "good.example@bad.example"), 1, "must be an http or https address"),
        (ENTRY.replace("example.org/", "good.example\\\\.bad.example"), 1, "must be an http or https address"),
        (ENTRY.replace("@online", "@@online"), 1, "must be a word of letters"),
        (ENTRY.replace("@online", "online"), 1, "must not stand outside the entries"),
        (ENTRY + "Words of ours.\n", 8, "must not stand outside the entries"),
        (ENTRY + ENTRY.replace("zzz", "ZZZ"), 8, "must be unique; an earlier entry has this key"),
        ("@comment{" + ENTRY + "}", 1, "must be an entry: nothing else is read here"),
        (r'@preamble{"\input{/etc/passwd}"}', 1, "must be an entry: nothing else is read here"),
        ('@string{a = "x"}\n@string{b = a # a}', 2, "must be an entry: nothing else is read here"),
        ("@online{" + "x" * 100, 1, "must be well-formed BibTeX"),
        ("@", 1, "must be well-formed BibTeX"),
    ],
)
def test_an_entry_that_is_wrong_is_named_and_the_others_are_read(folder: Path, entry: str, row: int, said: str) -> None:
    path = folder / "sources.bib"
    text = path.read_text("utf-8")
    path.write_text(f"{text}\n{entry}", "utf-8")
    found = [fault for fault in check(folder) if fault.file == "data/sources.bib"]
    assert any(said in fault.rule and fault.row == text.count("\n") + 1 + row for fault in found), found
    assert {fault.file for fault in check(folder)} == {"data/sources.bib"}, "the other entries are still there"


def test_macros_cannot_grow(folder: Path) -> None:
    bomb = "".join(f"@string{{a{number + 1} = a{number} # a{number}}}\n" for number in range(40))
    path = folder / "sources.bib"
    path.write_text('@string{a0 = "x"}\n' + bomb + path.read_text("utf-8"), "utf-8")
    with hurry(SECONDS):
        assert len(check(folder)) == 41


def test_a_file_of_too_many_entries_is_told_in_a_line(folder: Path) -> None:
    many = "".join(f"@online{{x{number}}}\n" for number in range(10_001))
    found = spoil_by(lambda path: path.write_text(many, "utf-8"), "sources.bib", folder)
    assert found == ["data/sources.bib: the file may have at most 10000 entries"]


# The command


@pytest.mark.parametrize(
    ("name", "change", "count"),
    [
        ("events.csv", lambda text: text.replace(",film,", ",gossip\x1b[2J,", 2), 2),
        ("events.csv", lambda text: text.replace("\nhays", "\nha\nys", 1), None),
        ("events.csv", lambda text: text.replace("id,date", "id,\x1b[31mdate", 1), 2),
        ("events.csv", lambda text: text.replace("confirmed", "confirm\u202eed", 1), 1),
        ("events.csv", lambda text: "", None),
        ("sources.bib", lambda text: text.replace("@", "@string{a={b}}\n@", 1), 1),
        ("sources.bib", lambda text: text + "@online{\n\x07x\n", 1),
        ("datapackage.json", lambda text: text.replace('"string"', '"str\\u202eing"', 1), None),
        ("datapackage.json", lambda text: "[" * 100_000, 1),
    ],
)
def test_the_command_prints_a_line_for_each_fault(
    folder: Path, capsys: pytest.CaptureFixture[str], name: str, change: Callable[[str], str], count: int | None
) -> None:
    path = folder / name
    path.write_text(change(path.read_text("utf-8")), "utf-8")
    assert main(folder) == 1
    first, *lines = capsys.readouterr().err.splitlines()
    assert first == ("1 fault in the data:" if len(lines) == 1 else f"{len(lines)} faults in the data:")
    assert count in (None, len(lines))
    assert all(line.startswith("data/") and line.isprintable() for line in lines)
    assert any(line.startswith(f"data/{name}") for line in lines)


def test_the_command_without_its_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("x", "utf-8")
    for name in ("nowhere", "file"):
        assert main(tmp_path / name) == 1
        assert capsys.readouterr().err.splitlines()[1:] == [f"{name}/datapackage.json: the file is missing"]


@pytest.mark.parametrize("name", ["events.csv", "sources.bib", "datapackage.json"])
def test_the_command_where_a_file_cannot_be_read(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """As somebody else's file; who runs the tests as root could read that one."""
    read = Path.read_bytes

    def refused(path: Path) -> bytes:
        if path.name == name:
            raise PermissionError(13, "Permission denied")
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", refused)
    assert main(folder) == 1
    assert f"data/{name}: cannot be read: Permission denied" in capsys.readouterr().err.splitlines()


def test_a_folder_is_named_however_it_is_given(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    edit(folder / "events.csv", 5, "kind", "gossip")
    monkeypatch.chdir(folder)
    assert [fault.file for fault in check(".")] == ["data/events.csv"]
