"""Where the rows of the tables stand in the book: a page, and an anchor that begins with the kind of the row."""

from __future__ import annotations

from .data import Row

TABLES = {
    "term": "glossary",
    "event": "events",
    "person": "people",
    "claim": "claims",
    "argument": "arguments",
    "production": "productions",
    "rule": "rules",
    "measure": "measures",
    "gap": "gaps",
    "path": "paths",
    "source": "sources",
    "correction": "corrections",
}
"""The table of every kind of row, in the order in which a search shows them."""

PAGES = {
    "term": "glossary",
    "person": "people",
    "claim": "article",
    "argument": "question",
    "production": "films",
    "rule": "films",
    "measure": "figures",
    "gap": "gaps",
    "source": "sources",
    "correction": "corrections",
}
"""The pages of those that stand on one; an event stands in its chapters, a path in its chapter."""


def page(kind: str, row: Row, here: str = "") -> str:
    """The page of a row, by its name in chapters/: `here` where an event stands there too, else its first chapter."""
    if kind == "event":
        return here if here in row["chapters"] else str(row["chapters"][0])
    return str(row["chapter"]) if kind == "path" else PAGES[kind]


def anchor(kind: str, row: Row) -> str:
    """The anchor of a row on its page. That of a term is made by Sphinx, of its words."""
    return f"{kind}-{row['id']}"


def address(kind: str, row: Row) -> str:
    """The link to a row from another page in chapters/."""
    return f"{page(kind, row)}.html#{anchor(kind, row)}"
