"""data/sources.bib: every source of the book, once, read with pybtex (as Sphinx's citations do)."""

from __future__ import annotations

import re
from pathlib import Path

from pybtex.database import BibliographyData, BibliographyDataError, Entry, Person
from pybtex.database.input.bibtex import Parser
from pybtex.exceptions import PybtexError
from pybtex.richtext import Text

from . import dates
from .faults import Fault

KINDS = ("primary", "secondary")
"""First keyword of every entry: the person, body, court or interviewing outlet itself, or somebody reporting on it."""


def publisher_field(entry: Entry) -> str:
    """The name of the field that holds the publisher: each type of entry has its own."""
    fields = ("organization", "journal", "publisher", "school", "institution")
    return next((name for name in fields if name in entry.fields), fields[0])


def spoken(person: Person) -> str:
    """A name in the order in which it is said."""
    return " ".join([*person.first_names, *person.middle_names, *person.prelast_names, *person.last_names])


def read(path: Path) -> tuple[dict[str, dict], list[Fault]]:
    """The entries of a BibTeX file by key, and every fault found in it.

    Each entry is a dict of str with `id`, `type`, `title`, `author`, `publisher`, `date`, `url`, `urldate`, `note`,
    `about` (what the work says), `lang` (of the title, where not English) and `kind` (one of `KINDS`), and the bool
    `copy` (only a copy of it was read).
    """
    label = f"{path.parent.name}/{path.name}"
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return {}, [Fault(label, rule="the file is missing")]
    text = raw.decode("utf-8", errors="surrogateescape")
    rows = {
        found[2]: text.count("\n", 0, found.start()) + 1
        for found in reversed(list(re.finditer(r"^[ \t]*@(\w+)\s*\{\s*([^,\s]+)\s*,", text, re.M)))
    }
    faults = [
        Fault(label, number, "", line.encode("utf-8", "surrogateescape").decode("latin-1"), "must be UTF-8 text")
        for number, line in enumerate(text.split("\n"), 1)
        if re.search(r"[\udc80-\udcff]", line)
    ]
    if faults:
        return {}, faults
    if not text.strip():
        return {}, [Fault(label, 1, rule="the file is empty")]

    bibliography, faults = _parse(text, label, rows)
    entries = {}
    for key, entry in bibliography.entries.items():
        entries[key] = _plain(key, entry)
        faults += (
            Fault(label, rows.get(key), column, value, rule, key)
            for column, value, rule in _faults_of(key, entry, entries[key])
        )
    return entries, faults


def _parse(text: str, label: str, rows: dict[str, int]) -> tuple[BibliographyData, list[Fault]]:
    faults = []

    class Collecting(Parser):
        def handle_error(self, error):
            faults.append(_syntax_fault(error, label, rows))

    class Data(BibliographyData):
        def add_entry(self, key, entry):
            try:
                super().add_entry(key, entry)
            except BibliographyDataError:
                second = [
                    text.count("\n", 0, m.start()) + 1
                    for m in re.finditer(r"^[ \t]*@\w+\s*\{\s*" + re.escape(key) + r"\s*,", text, re.M | re.I)
                ]
                faults.append(
                    Fault(
                        label,
                        second[-1] if second else None,
                        "key",
                        key,
                        "must be unique; an earlier entry has this key",
                        key,
                    )
                )

    parser = Collecting()
    parser.data = Data()
    try:
        parser.parse_string(text)
    except PybtexError as error:
        faults.append(_syntax_fault(error, label, rows))
    return parser.data, faults


def _syntax_fault(error: PybtexError, label: str, rows: dict[str, int]) -> Fault:
    return Fault(label, getattr(error, "lineno", None), "", "", f"must be well-formed BibTeX: {error}")


def _plain(key: str, entry: Entry) -> dict:
    def plain(name: str) -> str:
        return str(Text.from_latex(entry.fields.get(name, "")))

    kind, _, rest = entry.fields.get("keywords", "").partition(",")
    return {
        "id": key,
        "type": entry.type,
        "title": plain("title"),
        "author": " and ".join(str(Text.from_latex(spoken(person))) for person in entry.persons.get("author", [])),
        "publisher": plain(publisher_field(entry)),
        "date": entry.fields.get("date", entry.fields.get("year", "")),
        "url": entry.fields.get("url", ""),
        "urldate": entry.fields.get("urldate", ""),
        "note": plain("note"),
        "about": plain("annote"),
        "lang": entry.fields.get("langid", ""),
        "kind": kind.strip(),
        "copy": "copy" in rest,
    }


def _faults_of(key: str, entry: Entry, plain: dict):
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", key):
        yield "key", key, "must be kebab-case: lower-case letters, digits and single hyphens"
    for field in ("title", "publisher", "url", "urldate"):
        if not plain[field]:
            name = "organization, journal or publisher" if field == "publisher" else field
            yield name, "", "must not be empty"
    for field in ("date", "urldate"):
        if plain[field]:
            try:
                dates.span(plain[field])
            except ValueError as error:
                yield field, plain[field], str(error)
    if plain["url"] and not re.fullmatch(r"https?://[^\s<>\"]+", plain["url"]):
        yield "url", plain["url"], "must be an http or https address"
    if plain["kind"] not in KINDS:
        yield "keywords", plain["kind"], f"must begin with one of: {', '.join(KINDS)}"
