"""data/sources.bib: every source of the book, once, read with pybtex (as Sphinx's citations do)."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypedDict
from urllib.parse import unquote

from pybtex.database import Entry, Person
from pybtex.database.input.bibtex import LowLevelParser, Parser
from pybtex.errors import capture
from pybtex.exceptions import PybtexError
from pybtex.richtext import Text
from pybtex.scanner import PrematureEOF

from . import dates, plaintext
from .faults import DataError, Fault

KINDS = ("primary", "secondary")
"""First keyword of every entry: the person, body, court or interviewing outlet itself, or somebody reporting on it."""

LONGEST, MOST = 5_000, 10_000
"""Characters that an entry may have, and entries that the file may have."""
VERBATIM = ("url", "archiveurl", "doi")
"""Fields that are no LaTeX."""
OUTSIDE = "must not stand outside the entries"

ARCHIVES = {
    "web.archive.org": "the Wayback Machine",
    "webarchive.loc.gov": "the Library of Congress Web Archive",
    "webarchive.nationalarchives.gov.uk": "the UK Government Web Archive",
    "www.webarchive.org.uk": "the UK Web Archive",
    "perma.cc": "Perma.cc",
}
"""Web archives by host: kept by libraries and public bodies, each address leads to one capture for good.

archive.today and its other names are left out: Wikipedia gave them up in 2026, since captures had been altered there
and visitors’ browsers used against another site (https://en.wikipedia.org/wiki/Wikipedia:Archive.today_guidance).
"""


class Source(TypedDict):
    """A source in plain text; what its entry leaves out is empty.

    `archiveurl` and `archivedate` are a capture of the url in a web archive, and its day. BibLaTeX has no fields for
    them; these are the names that LaTeX users declare (https://tex.stackexchange.com/q/302968) and that Wikipedia’s
    citations take. `about` is what the work says, `lang` the language of the title where it is not English, `kind` one
    of `KINDS`, and `copy` says that only a copy was read.
    """

    id: str
    type: str
    title: str
    author: str
    publisher: str
    date: str
    url: str
    urldate: str
    archiveurl: str
    archivedate: str
    note: str
    about: str
    lang: str
    kind: str
    copy: bool


def publisher_field(entry: Entry) -> str:
    """The name of the field that holds the publisher: each type of entry has its own."""
    fields = ("organization", "journal", "publisher", "school", "institution")
    return next((name for name in fields if name in entry.fields), fields[0])


def spoken(person: Person) -> str:
    """A name in the order in which it is said."""
    return " ".join([*person.first_names, *person.middle_names, *person.prelast_names, *person.last_names])


def read(path: Path) -> tuple[dict[str, Source], list[Fault]]:
    """The sources in a BibTeX file by key, and every fault found in it."""
    label = f"{path.parent.name}/{path.name}"
    try:
        text = plaintext.read(path)
    except DataError as error:
        return {}, error.faults
    if not text.strip():
        return {}, [Fault(label, 1, rule="the file is empty")]
    # Each entry by itself, so that none can swallow, define or hide another, nor the parser take long over many.
    before, *parts = re.split(r"^(?=[ \t]*@)", text, flags=re.M)
    if len(parts) > MOST:
        return {}, [Fault(label, rule=f"the file may have at most {MOST} entries")]
    faults = [Fault(label, 1, "", before.strip(), OUTSIDE)] if before.strip() else []
    entries: dict[str, Source] = {}
    keys: set[str] = set()
    row = 1 + before.count("\n")
    for part in parts:
        if len(part) > LONGEST:
            entry, found = None, [(0, "", part, f"has {len(part):,} characters; an entry may have at most {LONGEST:,}")]
        else:
            entry, found = _entry(part)
        key = entry["id"] if entry else ""
        faults += (Fault(label, row + line, field, value, rule, key) for line, field, value, rule in found)
        if key.lower() in keys:
            faults.append(Fault(label, row, "key", key, "must be unique; an earlier entry has this key", key))
        elif entry:
            if key < (above := next(reversed(entries), "")):
                faults.append(
                    Fault(label, row, "key", key, f"must not stand below {above}: keys keep their order", key)
                )
            keys.add(key.lower())
            entries[key] = entry.copy()
        row += part.count("\n")
    return entries, faults


@functools.lru_cache(maxsize=2 * MOST)
def _entry(text: str) -> tuple[Source | None, list[tuple[int, str, str, str]]]:
    """An entry, as `read` gives it, and its faults as (lines below its first, field, value, rule).

    There is no entry where it is not well-formed. Neither is to be changed.
    """
    for line, words in enumerate(text.split("\n")):
        if "UTF-8" in (broken := plaintext.broken_rule(words)):
            return None, [(line, "", plaintext.as_bytes(words), broken)]
    if command := re.match(r"\s*@\s*(string|preamble|comment)\b", text, re.I):
        return None, [(0, "", command[0].strip(), "must be an entry: nothing else is read here")]
    parser = Parser()
    scanner = LowLevelParser(text, macros=parser.macros)
    try:
        kind, (key, fields) = next(iter(scanner))
        with capture() as errors:
            parser.process_entry(kind, key, fields)
    except PybtexError as error:
        line = 0 if isinstance(error, PrematureEOF) else getattr(error, "lineno", 1) - 1
        return None, [(line, "", "", _ill_formed("BibTeX", error))]
    entry = parser.data.entries[key]
    texts, broken_texts = _texts(entry)
    plain = _plain(key, entry, texts)
    faults = [("", "", _ill_formed("BibTeX", error)) for error in errors] + broken_texts
    faults += _faults_of(key, entry, plain)
    broken_lines = [(0, *fault) for fault in faults]
    if rest := scanner.get_remainder().strip():
        broken_lines.append((text.count("\n", 0, text.rindex(rest)), "", rest, OUTSIDE))
    return plain, broken_lines


def _ill_formed(what: str, error: Exception) -> str:
    # Without the line, which pybtex counts from the beginning of the entry.
    reason = PybtexError.__str__(error) if isinstance(error, PybtexError) else str(error)
    return f"must be well-formed {what}: " + ": ".join(filter(None, [getattr(error, "error_type", ""), reason]))


def _texts(entry: Entry) -> tuple[dict[str, str], list[tuple[str, str, str]]]:
    """The fields of an entry as plain text, and (field, value, rule) of those that are none."""
    names = {role: " and ".join(map(spoken, persons)) for role, persons in entry.persons.items()}
    texts, faults = {}, []
    for field, latex in (*entry.fields.items(), *names.items()):
        try:
            text = latex if field.lower() in VERBATIM else str(Text.from_latex(latex))
        except (PybtexError, UnicodeDecodeError) as error:
            faults.append((field, latex, _ill_formed("LaTeX", error)))
            continue
        texts[field.lower()] = text
        command = re.search(r"\\[A-Za-z]+", text)
        if broken := plaintext.broken_rule(latex) or plaintext.broken_rule(text):
            faults.append((field, latex, broken))
        elif command:
            faults.append((field, latex, f"must not hold the LaTeX command {command[0]}, which is not read here"))
        elif field.lower() not in VERBATIM and re.search(r"(?<!\\)%", latex):
            faults.append((field, latex, r"must have \% for %, after which LaTeX reads no further"))
        elif len(text) > plaintext.LONGEST:
            faults.append((field, latex, f"must have at most {plaintext.LONGEST} characters"))
    return texts, faults


def _plain(key: str, entry: Entry, texts: dict[str, str]) -> Source:
    kind, *keywords = map(str.strip, entry.fields.get("keywords", "").split(","))
    return {
        "id": key,
        "type": entry.type,
        "title": texts.get("title", ""),
        "author": texts.get("author", ""),
        "publisher": texts.get(publisher_field(entry), ""),
        "date": entry.fields.get("date", entry.fields.get("year", "")),
        "url": entry.fields.get("url", ""),
        "urldate": entry.fields.get("urldate", ""),
        "archiveurl": entry.fields.get("archiveurl", ""),
        "archivedate": entry.fields.get("archivedate", ""),
        "note": texts.get("note", ""),
        "about": texts.get("annote", ""),
        "lang": entry.fields.get("langid", ""),
        "kind": kind,
        "copy": "copy" in keywords,
    }


def _faults_of(key: str, entry: Entry, plain: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """(field, value, rule) of every rule of this book that an entry breaks."""
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", key):
        yield "key", key, "must be kebab-case: lower-case letters, digits and single hyphens"
    if not re.fullmatch(r"[a-z]+", entry.type):
        yield "type", entry.type, "must be a word of letters, as online"
    if "crossref" in entry.fields:
        yield "crossref", entry.fields["crossref"], "must be left out: an entry says all of itself"
    for field in ("title", "publisher", "url", "urldate"):
        if not plain[field]:
            name = "organization, journal or publisher" if field == "publisher" else field
            yield name, "", "must not be empty"
    for field in ("date", "urldate", "archivedate"):
        if plain[field]:
            try:
                dates.span(plain[field])
            except ValueError as error:
                yield field, plain[field], str(error)
    # No user before the host, who can look like one, and none of the signs that browsers read as others.
    if plain["url"] and not re.fullmatch(r"https?://[^\s<>\"\\{}/?#@]+([/?#][^\s<>\"\\{}]*)?", plain["url"]):
        yield "url", plain["url"], "must be an http or https address"
    if plain["lang"] and not re.fullmatch(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*", plain["lang"]):
        yield "langid", plain["lang"], "must be the code of a language, as nl"
    yield from archive_faults(plain["url"], plain["archiveurl"], plain["archivedate"])
    if plain["kind"] not in KINDS:
        yield "keywords", plain["kind"], f"must begin with one of: {', '.join(KINDS)}"


def archive_name(archiveurl: str) -> str:
    """The name of the archive that holds a capture, "" where it is none of `ARCHIVES`."""
    found = re.match(r"https?://([^/?#\s]+)/", archiveurl)
    return ARCHIVES.get(found[1].lower(), "") if found else ""


def archive_faults(url: str, archiveurl: str, archivedate: str) -> Iterator[tuple[str, str, str]]:
    """(field, value, rule) of every rule that a capture of the address `url` breaks; both fields may be empty."""
    if archiveurl and not archivedate:
        yield "archivedate", "", "must not be empty where there is an archiveurl"
    if archivedate and not archiveurl:
        yield "archiveurl", "", "must not be empty where there is an archivedate"
    if re.fullmatch(r"\d{4}(-\d\d)?", archivedate):
        yield "archivedate", archivedate, "must be a full day, YYYY-MM-DD, as every capture has one"
    if not archiveurl:
        return
    if not archive_name(archiveurl) or re.search(r"[\s<>\"\\{}]", archiveurl):
        yield "archiveurl", archiveurl, f"must be an http or https address at one of: {', '.join(ARCHIVES)}"
        return
    if archive_name(archiveurl) == ARCHIVES["perma.cc"]:  # its addresses hold neither day nor url
        return
    capture = re.fullmatch(r"https?://[^/]+/(?:[\w-]+/)*?(\d{8})\d{6}(?:[a-z]{2}_)?/(.+)", archiveurl)
    if not capture:
        yield "archiveurl", archiveurl, "must hold the 14 digits of one capture, and after them the url"
        return
    day = f"{capture[1][:4]}-{capture[1][4:6]}-{capture[1][6:]}"
    if len(archivedate) == len(day) and day != archivedate:
        yield "archivedate", archivedate, f"must be the day that archiveurl holds, {day}"
    if _page(capture[2]) != _page(url):
        yield "archiveurl", archiveurl, f"must be a capture of the url, {url}"


def _page(address: str) -> str:
    """What two addresses of one page have in common: scheme, www, usual port, last slash and fragment are left out."""
    bare = re.sub(r"^(https?:/+)?(www\.)?", "", address.partition("#")[0], flags=re.I)
    host = re.split(r"[/?]", bare, maxsplit=1)[0]
    return re.sub(r":(80|443)$", "", host.lower()) + re.sub(r"/+(\?|$)", r"\1", unquote(bare[len(host) :]))
