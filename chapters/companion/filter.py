"""The filter of the timeline: the one rule that says which events a view leaves.

The rule is this table of conditions, each with a name. An event stays where all of them hold; `timeline.mjs` has the
same table under the same names, and a property test holds the two to one meaning.

An event (row): `text` (what is searched: title, summary, people, organisations, works), `kind`, `from` and `to` (its
first and last possible year), `who` (ids of people and organisations), `regions`, `confidence`, `article` (whether the
article mentions it), `paths` (ids of the guided paths that it is on).

A view: `query` (every one of its words occurs in the text, whatever the case, accents and kind of apostrophe), `kinds`
(any of them), `from_year` and `to_year` (None is open; the whole time that the event's date can mean meets the range),
`who`, `region`, `confidence` and `path` ("" is any), `article` (True: only what the article mentions).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any


def fold(text: str) -> str:
    """`text` as the search compares it: compatibility-decomposed, without marks, straight apostrophes, lower case."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.category(c).startswith("M"))
    return plain.replace("’", "'").replace("‘", "'").lower()


def words(query: str) -> list[str]:
    """The words of a search, folded."""
    return re.split(r"[ \t\n\r\f\v]+", fold(query))


FILTERS: dict[str, Callable[[Mapping[str, Any], Mapping[str, Any]], bool]] = {
    "query": lambda row, view: all(word in fold(row["text"]) for word in words(view["query"])),
    "kinds": lambda row, view: row["kind"] in view["kinds"],
    "years": lambda row, view: (
        (view["from_year"] is None or row["to"] >= view["from_year"])
        and (view["to_year"] is None or row["from"] <= view["to_year"])
    ),
    "who": lambda row, view: view["who"] in ("", *row["who"]),
    "region": lambda row, view: view["region"] in ("", *row["regions"]),
    "confidence": lambda row, view: view["confidence"] in ("", row["confidence"]),
    "article": lambda row, view: row["article"] or not view["article"],
    "path": lambda row, view: view["path"] in ("", *row["paths"]),
}


def matches(row: Mapping[str, Any], view: Mapping[str, Any]) -> bool:
    """Whether an event stays in the list."""
    return all(holds(row, view) for holds in FILTERS.values())
