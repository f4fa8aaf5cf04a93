"""The notes that a page shows beside its citations, events, claims, figures and terms, computed when it is built."""

from __future__ import annotations

import json
import re

from docutils.nodes import make_id

from . import dates, places
from .data import Row, Tables
from .timeline import source_link

_TARGET = re.compile(r'href="[^"#]*#((?:event|claim|measure|source|term|person)-[^"]+)"')


def of_page(body: str, tables: Tables) -> str:
    """The notes for every link of a page's HTML, as inert JSON in a script element."""
    makers = {"event": _event, "claim": _claim, "measure": _measure, "source": _source, "person": _person}
    terms = {
        make_id(f"term-{name}"): row
        for row in tables.glossary.to_dict("records")
        for name in (row["term"], *row["aliases"])
    }
    notes = {}
    for anchor in sorted(set(_TARGET.findall(body))):
        kind, _, id = anchor.partition("-")
        if kind == "term":
            term = terms.get(anchor.lower())  # Sphinx keeps the capitals of a term in its anchor
            if term is not None:
                notes[anchor] = [term["term"], term["definition"]]
        elif id in tables[places.TABLES[kind]].index:
            notes[anchor] = makers[kind](tables[places.TABLES[kind]].loc[id], tables)
    text = json.dumps(notes, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    return f'<script type="application/json" id="notes">{text}</script>'


def on_paper(body: str, tables: Tables) -> str:
    """The sources that a page cites, for its foot on paper, where no link can be followed."""
    cited = {id for kind, _, id in (anchor.partition("-") for anchor in _TARGET.findall(body)) if kind == "source"}
    rows = [tables.sources.loc[id] for id in cited if id in tables.sources.index]
    if not rows:
        return ""
    rows.sort(key=lambda row: (row["publisher"].casefold(), row["date"], row["title"]))
    items = "".join(f"<li>{source_link(row)}</li>" for row in rows)
    return f'<section class="on-paper"><h2>Sources cited on this page</h2><ul>{items}</ul></section>'


def _sources(ids: tuple[str, ...], tables: Tables) -> str:
    publishers = dict.fromkeys(str(tables.sources.loc[id, "publisher"]) for id in ids)
    return f"Sources: {', '.join(publishers)}" if publishers else ""


def _event(event: Row, tables: Tables) -> list[str]:
    return [
        f"{dates.in_words(event['date'], event['end_date'])} ({event['confidence']})",
        event["title"],
        event["summary"],
        event["dispute"],
        _sources(event["sources"], tables),
    ]


def _claim(claim: Row, tables: Tables) -> list[str]:
    return [
        f"Claim {claim['id']}: {claim['verdict']}",
        f"The article: {claim['claim']}",
        f"Found: {claim['finding']}",
        _sources(claim["sources"], tables),
    ]


def _measure(measure: Row, tables: Tables) -> list[str]:
    return [
        f"{measure['value']} {measure['unit']}",
        measure["title"],
        f"Mind: {measure['caveat']}",
        _sources(measure["sources"], tables),
    ]


def _source(source: Row, tables: Tables) -> list[str]:
    date = f", {dates.in_words(source['date'])}" if source["date"] else ""
    archived = f", archived on {dates.in_words(source['archivedate'])}" if source["archivedate"] else ""
    return [
        f"{source['publisher']}{date}",
        source["title"],
        f"{source['kind'].capitalize()} source{archived}. {source['note']}".strip(),
    ]


def _person(person: Row, tables: Tables) -> list[str]:
    return [person["name"], person["role"]]
