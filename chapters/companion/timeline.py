"""The timeline: a widget whose stored output is a complete page of its own.

`Timeline(events, title=...)` shows events as a list, a picture of a chart, and the controls of `timeline.mjs`. In a
notebook its traits are synced both ways; in the book the stored HTML carries the list, the picture and the traits as
inert JSON, and the same module runs on them without a kernel.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from html import escape
from pathlib import Path

import anywidget
import pandas as pd
import traitlets as t

from . import charts, dates
from .data import Tables, load

_HERE = Path(__file__).parent


def fold(text: str) -> str:
    """`text` as the search compares it: compatibility-decomposed, without marks, straight apostrophes, lower case."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.category(c).startswith("M"))
    return plain.replace("’", "'").replace("‘", "'").lower()


def matches(row: Mapping, view: Mapping) -> bool:
    """Whether an event stays in the list. `timeline.mjs` has the same rule under the same name.

    row: `text` (what is searched), `kind`, `from` and `to` (first and last possible year), `who` (ids).
    view: `query` (all its words must occur), `kinds` (any), `from_year` and `to_year` (None is open; the event's years
    must meet the range), `who` (an id, or "" for anyone).
    """
    text = fold(row["text"])
    return (
        row["kind"] in view["kinds"]
        and (view["from_year"] is None or row["to"] >= view["from_year"])
        and (view["to_year"] is None or row["from"] <= view["to_year"])
        and (not view["who"] or view["who"] in row["who"])
        and all(word in text for word in re.split(r"[ \t\n\r\f\v]+", fold(view["query"])))
    )


class Timeline(anywidget.AnyWidget):
    """Events to search, filter and select.

    events: DataFrame with at least `id`, `date` and `title`, as in the table `events`; cells of `people`,
        `organisations` and `sources` are ids of `tables`.
    title: name of the timeline, and of its region for assistive technology.
    tables: where ids are looked up; by default the book's own (`companion.load()`).

    `lanes` are the kinds of event that there are. `query`, `kinds`, `from_year`, `to_year`, `who` and `selected` are
    the reader's view, synced both ways; `visible` is the part of `events` that the view leaves.

    Raises ValueError where a date is no calendar date or an id is repeated.
    """

    _esm = _HERE / "timeline.mjs"
    _css = _HERE / "timeline.css"

    title = t.Unicode().tag(sync=True)
    html = t.Unicode().tag(sync=True)
    rows = t.List(t.Dict()).tag(sync=True)
    names = t.Dict().tag(sync=True)
    lanes = t.List(t.Unicode()).tag(sync=True)
    query = t.Unicode().tag(sync=True)
    kinds = t.List(t.Unicode()).tag(sync=True)
    from_year = t.Int(None, allow_none=True).tag(sync=True)
    to_year = t.Int(None, allow_none=True).tag(sync=True)
    who = t.Unicode().tag(sync=True)
    selected = t.Unicode().tag(sync=True)

    def __init__(self, events: pd.DataFrame, title: str = "Timeline", tables: Tables | None = None):
        records = _records(events, load() if tables is None else tables)
        lanes = charts.lanes(records)
        self._events = events
        super().__init__(
            title=title,
            html=_section(title, records),
            rows=[_row(record) for record in records],
            names=dict(
                sorted(
                    {id: name for record in records for id, name in record["who"].items()}.items(),
                    key=lambda item: (fold(item[1]), item[0]),
                )
            ),
            lanes=lanes,
            kinds=lanes,
        )

    @t.validate("who")
    def _id_of(self, proposal) -> str:
        """A name will do where its id is meant."""
        who = proposal["value"]
        return next((id for id, name in self.names.items() if who == name), who)

    @property
    def visible(self) -> pd.DataFrame:
        """The events that the view leaves, in their own order."""
        view = {name: getattr(self, name) for name in ("query", "kinds", "from_year", "to_year", "who")}
        shown = {row["id"] for row in self.rows if matches(row, view)}
        return self._events[self._events["id"].isin(shown)]

    def reset(self) -> None:
        """Show all events again."""
        self.query, self.kinds, self.from_year, self.to_year, self.who = "", self.lanes, None, None, ""

    def __repr__(self) -> str:
        years = f", {self.rows[0]['from']} to {max(row['to'] for row in self.rows)}" if self.rows else ""
        return f"Timeline({self.title!r}, {len(self.rows)} events{years})"

    def _repr_mimebundle_(self, **kwargs):
        bundle = super()._repr_mimebundle_(**kwargs)
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
        return {**data, "text/plain": repr(self), "text/html": self._stored()}, metadata

    def _stored(self) -> str:
        """The widget as the book stores it: the section, with its state as inert JSON inside."""
        state = {name: getattr(self, name) for name in ("rows", "names", "lanes")} | {"book": True}
        text = json.dumps(state, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
        text = text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
        script = f'<script type="application/json" class="timeline-state">{text}</script>'
        return self.html.removesuffix("</section>") + script + "</section>"


def _records(events: pd.DataFrame, tables: Tables) -> list[dict]:
    """The events as dicts in the order of time, ids resolved to names and sources; absent columns are empty."""
    people = tables["people"]["name"].to_dict()
    sources = tables["sources"].to_dict("index")
    records, ids = [], set()
    for event in events.to_dict("records"):
        text = {
            name: _text(event.get(name))
            for name in ("id", "date", "end_date", "title", "summary", "kind", "confidence", "dispute", "as_of", "note")
        }
        lists = {name: _items(event.get(name)) for name in ("regions", "people", "organisations", "works", "sources")}
        if text["id"] in ids:
            raise ValueError(f"the events have the id {text['id']!r} twice")
        ids.add(text["id"])
        first = dates.span(text["date"])[0]
        last = dates.span(text["end_date"] or text["date"])[1]
        records.append(
            {
                **text,
                **lists,
                "first": first,
                "last": last,
                "people": [people.get(id, id) for id in lists["people"]],
                "organisations": [people.get(id, id) for id in lists["organisations"]],
                "who": {id: people.get(id, id) for id in lists["people"] + lists["organisations"]},
                "sources": [sources.get(id, {"id": id, "title": id}) for id in lists["sources"]],
            }
        )
    return sorted(records, key=lambda record: (record["first"], record["last"], record["id"]))


def _text(cell: object) -> str:
    return "" if pd.api.types.is_scalar(cell) and pd.isna(cell) else str(cell)


def _items(cell: object) -> list[str]:
    """A list cell as the tables have it, as a frame has it (text with semicolons), or absent."""
    return (
        list(map(str, cell)) if isinstance(cell, (list, tuple)) else [item for item in _text(cell).split(";") if item]
    )


def _row(record: dict) -> dict:
    """What the filter reads of an event (see `matches`)."""
    searched = [record["title"], record["summary"], *record["people"], *record["organisations"], *record["works"]]
    return {
        "id": record["id"],
        "kind": record["kind"],
        "from": record["first"].year,
        "to": record["last"].year,
        "who": list(record["who"]),
        "text": "\n".join(searched),
    }


def _section(title: str, records: list[dict]) -> str:
    slug = re.sub(r"[^a-z0-9]+", "-", fold(title)).strip("-") or "timeline"
    years: dict[int, list[dict]] = {}
    for record in records:
        years.setdefault(record["first"].year, []).append(record)
    groups = "".join(
        f'<div class="timeline-year"><h4>{year}</h4><ol role="list">{"".join(map(_item, group))}</ol></div>'
        for year, group in years.items()
    )
    picture = charts.timeline_picture(title, records).html() if records else ""
    return (
        f'<section class="timeline" aria-labelledby="timeline-{slug}">'
        f'<h3 class="timeline-title" id="timeline-{slug}">{escape(title)}</h3>'
        f'{picture}<div class="timeline-events">{groups}</div></section>'
    )


def _item(record: dict) -> str:
    when = dates.in_words(record["date"], record["end_date"])
    id = escape(record["id"])
    lines = [
        f'<p class="event-when" id="when-{id}"><time datetime="{escape(record["date"])}">{escape(when)}</time>'
        f' <span class="event-kind" data-kind="{escape(record["kind"])}">{escape(record["kind"])}</span>'
        f' <span class="event-confidence" data-confidence="{escape(record["confidence"])}">'
        f"{escape(record['confidence'])}</span></p>",
        f'<p class="event-title" id="title-{id}">{escape(record["title"])}</p>',
        f'<p class="event-summary">{escape(record["summary"])}</p>' if record["summary"] else "",
    ]
    if record["dispute"]:
        lines.append(f'<p class="event-dispute"><b>The other side:</b> {escape(record["dispute"])}</p>')
    if record["note"]:
        lines.append(f'<p class="event-note"><b>Note:</b> {escape(record["note"])}</p>')
    about = [
        ("People", record["people"]),
        ("Bodies", record["organisations"]),
        ("Works", record["works"]),
        ("Where", record["regions"]),
        ("As of", [dates.in_words(record["as_of"])] if record["as_of"] else []),
    ]
    told = [f"<span><b>{name}:</b> {escape(', '.join(items))}</span>" for name, items in about if items]
    if told:
        lines.append(f'<p class="event-about">{" ".join(told)}</p>')
    if record["sources"]:
        links = "; ".join(map(source_link, record["sources"]))
        lines.append(f'<p class="event-sources"><b>Sources:</b> {links}</p>')
    return (
        f'<li id="event-{id}" aria-labelledby="when-{id} title-{id}" data-kind="{escape(record["kind"])}">'
        f"{''.join(lines)}</li>"
    )


def source_link(source: Mapping) -> str:
    """A source as a link that says where it goes: publisher, title, date, and whether it leads to a copy."""
    title = escape(source["title"])
    if source.get("lang"):
        title = f'<span lang="{escape(source["lang"])}">{title}</span>'
    parts = [
        f"{escape(source['publisher'])}, " if source.get("publisher") else "",
        f"“{title}”",
        f", {dates.in_words(source['date'])}" if source.get("date") else "",
        " (copy)" if source.get("copy") else "",
    ]
    text = "".join(parts)
    return f'<a href="{escape(source["url"])}">{text}</a>' if source.get("url") else text
