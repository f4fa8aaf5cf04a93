"""The index of the book's search: every section of every page, and every row of the tables that has a place on a page.

It is read from the built pages, so it keeps the order of the book and names only what a link can lead to.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple

from docutils.nodes import make_id
from sphinx.application import Sphinx
from sphinx.builders.html import StandaloneHTMLBuilder

from . import dates, places, reference, shared
from .data import Row, Tables


def index(app: Sphinx) -> str:
    """The script that hands the index to the search page: `whoIndex({kinds, pages, entries})`.

    `kinds` are pairs of words (one, many), `pages` pairs of address and title, and an entry is
    [number of its kind, title, number of its page, anchor, text], in the order of kinds and then of the book.
    """
    assert isinstance(app.builder, StandaloneHTMLBuilder)
    pages: list[tuple[str, str]] = []
    sections: list[tuple[int, str, int, str, str]] = []
    places: dict[tuple[str, str], tuple[int, int, str]] = {}
    for name in shared.contents(app):
        if name not in app.env.found_docs:
            continue
        page = Page(Path(app.builder.get_outfilename(name)).read_text("utf-8"))
        for anchor in page.anchors:
            places[name, anchor.lower()] = (len(places), len(pages), anchor)
        for number, (anchor, heading, text) in enumerate(page.sections()):
            sections.append((0, heading, len(pages), anchor if number else "", text))
        pages.append((app.builder.get_target_uri(name), app.env.titles[name].astext()))
    rows = sorted(
        (number, *places[name, anchor], title, text)
        for number, name, anchor, title, text in _rows(shared.tables(app))
        if (name, anchor) in places
    )
    entries = sections + [(kind, title, page, anchor, text) for kind, _, page, anchor, title, text in rows]
    kinds = [("Section", "Pages and sections"), *((kind.one, kind.many) for kind in KINDS.values())]
    found = json.dumps({"kinds": kinds, "pages": pages, "entries": entries}, ensure_ascii=False, separators=(",", ":"))
    return f"whoIndex({found});\n".replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _rows(tables: Tables) -> Iterator[tuple[int, str, str, str, str]]:
    """(number of its kind, document, anchor in lower case, title, text) of every row."""
    for number, (name, kind) in enumerate(KINDS.items(), 1):
        for row in tables[places.TABLES[name]].to_dict("records"):
            title, *parts = kind.tell(row, tables)
            anchor = make_id(f"term-{row['term']}") if name == "term" else places.anchor(name, row).lower()
            yield number, f"chapters/{places.page(name, row)}", anchor, title, _prose(parts)


def _prose(parts: Iterable[str]) -> str:
    """The parts that are not empty, each as a sentence."""
    return " ".join(part if part[-1] in ".!?”" else f"{part}." for part in parts if part)


# What is told of a row: its title and then the parts of its text


def _term(row: Row, tables: Tables) -> list[str]:
    also = f" ({', '.join(row['aliases'])})" if row["aliases"] else ""
    return [row["term"] + also, row["definition"]]


def _event(row: Row, tables: Tables) -> list[str]:
    who = ", ".join(tables.people.loc[id, "name"] for id in row["people"] + row["organisations"])
    when = dates.in_words(row["date"], row["end_date"])
    return [row["title"], when, row["summary"], row["dispute"], row["note"], who, ", ".join(row["works"])]


def _person(row: Row, tables: Tables) -> list[str]:
    told = [row["name"], row["role"], f"Also: {', '.join(row['aliases'])}" if row["aliases"] else ""]
    for stance in tables.stances[tables.stances["person"] == row["id"]].to_dict("records"):
        date = f", {dates.in_words(stance['date'])}" if stance["date"] else ""
        quote = f"“{stance['quote']}”" if stance["quote"] else ""
        told += [reference.POSITIONS[stance["position"]], f"({stance['venue']}{date})", stance["paraphrase"], quote]
        told.append(stance["note"])
    return told


def _claim(row: Row, tables: Tables) -> list[str]:
    return [f"{row['id']}, {row['verdict']}: {row['claim']}", row["finding"], row["speaker"]]


def _argument(row: Row, tables: Tables) -> list[str]:
    reply, limit = f"The best reply: {row['reply']}", f"What this cannot show: {row['limit']}"
    return [row["reason"], row["because"], reply, limit]


def _production(row: Row, tables: Tables) -> list[str]:
    team = ", ".join(tables.people.loc[id, "name"] for id in row["director"] + row["coordinator"])
    told = [row["title"], row["year"], team, row["place"], row["budget"], row["note"]]
    for practice in tables.practices[tables.practices["production"] == row["id"]].to_dict("records"):
        told += [f"{reference.DIMENSIONS[practice['dimension']]}: {practice['value']}", practice["detail"]]
    return told


def _rule(row: Row, tables: Tables) -> list[str]:
    since = dates.in_words(row["from"], row["to"]) if row["from"] else ""
    return [row["name"], f"{row['body']}, {row['place']}", since, row["binds"], row["asks"], row["limit"]]


def _measure(row: Row, tables: Tables) -> list[str]:
    value = f"{row['value']} {row['unit']}"
    return [row["title"], value, row["publisher"], row["population"], row["method"], row["caveat"]]


def _gap(row: Row, tables: Tables) -> list[str]:
    return [row["question"], row["why"], f"Looked for: {row['looked_for']}"]


def _path(row: Row, tables: Tables) -> list[str]:
    return [row["title"], row["about"], *tables.steps.loc[tables.steps["path"] == row["id"], "sentence"]]


def _source(row: Row, tables: Tables) -> list[str]:
    when = dates.in_words(row["date"])
    return [row["title"], row["author"], row["publisher"], when, f"{row['kind'].capitalize()} source"]


class Kind(NamedTuple):
    """A kind of entry: its name as one and as many, and what is told of a row."""

    one: str
    many: str
    tell: Callable[[Row, Tables], list[str]]


KINDS = {
    "term": Kind("Term", "Terms", _term),
    "event": Kind("Event", "Events", _event),
    "person": Kind("Person or body", "People and bodies", _person),
    "claim": Kind("Claim of the article", "Claims of the article", _claim),
    "argument": Kind("Argument", "Arguments", _argument),
    "production": Kind("Film or series", "Films and series", _production),
    "rule": Kind("Rule", "Rules", _rule),
    "measure": Kind("Figure", "Figures", _measure),
    "gap": Kind("What is not known", "What is not known", _gap),
    "path": Kind("Guided path", "Guided paths", _path),
    "source": Kind("Source", "Sources", _source),
}
"""The kinds of row in the order of the results, under the word with which their anchors begin."""


class Page(HTMLParser):
    """The sections of a built page in their own words: without code, tables of data, timelines and what is a row."""

    ROW = re.compile(rf"(?:{'|'.join(KINDS)})-")
    VOID = re.compile(r"area|br|col|embed|hr|img|input|link|meta|source|track|wbr")
    INLINE = re.compile(r"a|abbr|b|cite|code|em|i|kbd|mark|q|s|small|span|strong|sub|sup|time")
    OUT = re.compile(r"aside|button|form|nav|pre|script|style|summary|svg|template")
    OUT_CLASS = re.compile(
        r"argument-map|bibtex-citation|chart-source|citation|gravest|headerlink|hide|sources|timeline|toctree-wrapper"
        r"|used-in"
    )

    def __init__(self, html: str):
        super().__init__()
        self.anchors: dict[str, None] = {}
        self._sections: list[tuple[str, list[str], list[str]]] = []
        self._open: list[tuple[str, list[str] | None]] = [("", [])]  # each open element, and where its text goes
        self._of_row = False  # whether the description that comes next tells of a row
        self.feed(html[html.find("<article") : html.find("</article>")])

    def sections(self) -> list[tuple[str, str, str]]:
        """(anchor, heading, text) of every section; the first is the page."""
        return [(anchor, _clean(heading), _clean(text)) for anchor, heading, text in self._sections]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the anchor, and where the text of this element goes: into a section, its heading, or nowhere."""
        if self.VOID.fullmatch(tag):
            return
        attributes = dict(attrs)
        anchor, classes = attributes.get("id") or "", (attributes.get("class") or "").split()
        self.anchors[anchor] = None
        row = tag != "section" and self.ROW.match(anchor)
        if tag == "dt" or row:
            self._of_row = bool(row)
        target = self._open[-1][1]
        left_out = (
            self.OUT.fullmatch(tag)
            or (tag == "table" and "docutils" not in classes)
            or any(map(self.OUT_CLASS.fullmatch, classes))
        )
        if left_out or row or (tag == "dd" and self._of_row):
            target = None
        elif target is not None and tag == "section":
            self._sections.append((anchor, [], target := []))
        elif target is not None and re.fullmatch(r"h\d", tag) and not self._sections[-1][1]:
            target = self._sections[-1][1]
        self._open.append((tag, target))
        self._part(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close the element, and with it those inside that have no end tag of their own."""
        if any(tag == opened for opened, _ in self._open):
            self._part(tag)
            while self._open.pop()[0] != tag:
                pass

    def handle_data(self, data: str) -> None:
        """Keep text where that of the open element goes."""
        if self._open[-1][1] is not None:
            self._open[-1][1].append(data)

    def _part(self, tag: str) -> None:
        """Words on both sides of a paragraph's end are two words."""
        if not self.INLINE.fullmatch(tag):
            self.handle_data(" ")


def _clean(parts: list[str]) -> str:
    return re.sub(r" (?=[.,;:!?)])", "", " ".join("".join(parts).split()))
