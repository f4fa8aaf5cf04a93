"""The events of a timeline, as its list, its chart and its search read them."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from . import dates
from .data import Row, Tables


@dataclass(frozen=True)
class Record:
    """An event with its ids resolved; a text or list that its table leaves out is empty.

    `first` and `last` are the days between which it lies, `who` its people and bodies by their ids, `claims` the ids of
    the article's claims about it, `corrections` the rows of the log that concern it, and `panels` the numbers of the
    compared works that it belongs to.
    """

    id: str
    date: str
    end_date: str
    title: str
    summary: str
    kind: str
    confidence: str
    dispute: str
    as_of: str
    note: str
    regions: list[str]
    people: list[str]
    organisations: list[str]
    works: list[str]
    sources: list[Row]
    first: datetime.date
    last: datetime.date
    who: dict[str, str]
    claims: list[str]
    panels: list[int]
    corrections: list[Row]


def read(events: pd.DataFrame, tables: Tables, compare: Sequence[str] = ()) -> list[Record]:
    """The events in the order of time, their ids looked up in `tables`.

    Raises ValueError where a date is no calendar date, an id is repeated, or an event belongs to no compared work.
    """
    people = tables["people"]["name"].to_dict()
    sources = tables["sources"].to_dict("index")
    claims, corrections = _by_event(tables, "claims"), _by_event(tables, "corrections")
    records: dict[str, Record] = {}
    for event in events.to_dict("records"):
        id, date, end_date = (_text(event.get(name)) for name in ("id", "date", "end_date"))
        persons, bodies, works = (_items(event.get(name)) for name in ("people", "organisations", "works"))
        if id in records:
            raise ValueError(f"the events have the id {id!r} twice")
        panels = [number for number, work in enumerate(compare) if work in works] if compare else [0]
        if not panels:
            raise ValueError(f"the event {id!r} belongs to none of the works compared: {', '.join(compare)}")
        records[id] = Record(
            id=id,
            date=date,
            end_date=end_date,
            title=_text(event.get("title")),
            summary=_text(event.get("summary")),
            kind=_text(event.get("kind")),
            confidence=_text(event.get("confidence")),
            dispute=_text(event.get("dispute")),
            as_of=_text(event.get("as_of")),
            note=_text(event.get("note")),
            regions=_items(event.get("regions")),
            people=[people.get(one, one) for one in persons],
            organisations=[people.get(one, one) for one in bodies],
            works=works,
            sources=[sources.get(key, {"id": key, "title": key}) for key in _items(event.get("sources"))],
            first=dates.span(date)[0],
            last=dates.span(end_date or date)[1],
            who={one: people.get(one, one) for one in persons + bodies},
            claims=[claim["id"] for claim in claims.get(id, ())],
            panels=panels,
            corrections=corrections.get(id, []),
        )
    return sorted(records.values(), key=lambda record: (record.first, record.last, record.id))


def _by_event(tables: Tables, name: str) -> dict[str, list[Row]]:
    """The rows of a table, if it is there, by the ids of the events that they name."""
    found: dict[str, list[Row]] = {}
    for row in tables[name].to_dict("records") if name in tables else ():
        for id in row["events"]:
            found.setdefault(id, []).append(row)
    return found


def _text(cell: Any) -> str:
    """A cell as HTML can hold it: absent is empty, and what no page can hold is the sign for that."""
    text = "" if pd.api.types.is_scalar(cell) and pd.isna(cell) else str(cell)
    return re.sub(r"[\x00\ud800-\udfff]", "\ufffd", text).replace("\r", "\n")


def _items(cell: Any) -> list[str]:
    """A list cell as the tables have it, as a frame has it (text with semicolons), or absent."""
    return (
        list(map(_text, cell)) if isinstance(cell, (list, tuple)) else [item for item in _text(cell).split(";") if item]
    )
