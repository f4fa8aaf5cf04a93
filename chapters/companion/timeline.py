"""The timeline: a widget whose stored output is a complete page of its own.

`Timeline(events, title=...)` shows events as a list, a picture of a chart, and the controls of `timeline.mjs`. In a
notebook its traits are synced both ways; in the book the stored HTML carries the list, the picture and the traits as
inert JSON, and the same module runs on them without a kernel.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from html import escape
from pathlib import Path

import anywidget
import pandas as pd
import traitlets as t

from . import charts, dates, timelinejs
from .data import Tables, load
from .filter import fold, matches

_HERE = Path(__file__).parent
VIEW = {
    "query": "",
    "kinds": [],
    "from_year": None,
    "to_year": None,
    "who": "",
    "region": "",
    "confidence": "",
    "article": False,
    "path": "",
}
"""The reader's view, and what it is at first (the kinds: all)."""


class Timeline(anywidget.AnyWidget):
    """Events to search, filter, step through and select.

    events: DataFrame with at least `id`, `date` and `title`, as in the table `events`; cells of `people`,
        `organisations` and `sources` are ids of `tables`.
    title: name of the timeline, and of its region for assistive technology.
    tables: where ids, the claims of the article and the guided paths are looked up; by default the book's own
        (`companion.load()`). A guided path is offered where all of its events are.
    compare: works whose events are drawn one above the other, on one axis.
    name: stands in the anchors and links of a second timeline on a page, so that both can hold the same event; such a
        timeline offers no paths.

    `lanes` are the kinds of event that there are. The traits of `VIEW`, and `selected`, are the reader's view, synced
    both ways (`companion.filter` says what they mean); `visible` is the part of `events` that the view leaves.

    Raises ValueError where a date is no calendar date, an id is repeated, or an event belongs to no compared work.
    """

    _esm = _HERE / "timeline.mjs"
    _css = _HERE / "timeline.css"

    title = t.Unicode().tag(sync=True)
    name = t.Unicode().tag(sync=True)
    html = t.Unicode().tag(sync=True)
    rows = t.List(t.Dict()).tag(sync=True)
    names = t.Dict().tag(sync=True)
    lanes = t.List(t.Unicode()).tag(sync=True)
    panels = t.List(t.Unicode()).tag(sync=True)
    query = t.Unicode().tag(sync=True)
    kinds = t.List(t.Unicode()).tag(sync=True)
    from_year = t.Int(None, allow_none=True).tag(sync=True)
    to_year = t.Int(None, allow_none=True).tag(sync=True)
    who = t.Unicode().tag(sync=True)
    region = t.Unicode().tag(sync=True)
    confidence = t.Unicode().tag(sync=True)
    article = t.Bool().tag(sync=True)
    path = t.Unicode().tag(sync=True)
    selected = t.Unicode().tag(sync=True)

    def __init__(
        self,
        events: pd.DataFrame,
        title: str = "Timeline",
        tables: Tables | None = None,
        *,
        compare: Sequence[str] = (),
        name: str = "",
    ):
        tables = load() if tables is None else tables
        records = _records(events, tables, compare)
        paths = [] if name else _paths(records, tables)
        lanes = charts.lanes(records)
        self._events = events
        self._records = records
        self._texts = {record["id"]: _searched(record) for record in records}
        self.followers: dict[str, object] = {}  # by name: see `live`
        super().__init__(
            title=title,
            name=name,
            html=_section(title, records, compare, name) + _paths_html(paths),
            rows=[_row(record, paths) for record in records],
            names=dict(
                sorted(
                    {id: name for record in records for id, name in record["who"].items()}.items(),
                    key=lambda item: (fold(item[1]), item[0]),
                )
            ),
            lanes=lanes,
            panels=list(compare) or [""],
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
        view = {name: getattr(self, name) for name in VIEW}
        shown = {row["id"] for row in self.rows if matches({**row, "text": self._texts[row["id"]]}, view)}
        return self._events[self._events["id"].isin(shown)]

    def reset(self) -> None:
        """Show all events again."""
        with self.hold_sync():
            for name, value in VIEW.items():
                setattr(self, name, self.lanes if name == "kinds" else value)

    def to_timelinejs(self, path: str | Path | None = None) -> pd.DataFrame:
        """The visible events in the columns of TimelineJS3's spreadsheet, and as CSV at `path` if one is given.

        Text is escaped, as TimelineJS3 takes it for HTML; a date has the parts that are known; the kind is the group.
        Source: https://timeline.knightlab.com/docs/using-spreadsheets.html
        """
        shown = set(self.visible["id"])
        rows = [timelinejs.row(record) for record in self._records if record["id"] in shown]
        frame = pd.DataFrame(rows, columns=timelinejs.COLUMNS, dtype="str")
        if path is not None:
            frame.to_csv(path, index=False)
        return frame

    def __repr__(self) -> str:
        years = f", {self.rows[0]['from']} to {max(row['to'] for row in self.rows)}" if self.rows else ""
        return f"Timeline({self.title!r}, {len(self.rows)} events{years})"

    def _repr_mimebundle_(self, **kwargs):
        bundle = super()._repr_mimebundle_(**kwargs)
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
        return {**data, "text/plain": repr(self), "text/html": self._stored()}, metadata

    def _stored(self) -> str:
        """The widget as the book stores it: the section, with its state as inert JSON inside."""
        state = {name: getattr(self, name) for name in ("name", "rows", "names", "lanes", "panels")} | {"book": True}
        text = json.dumps(state, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
        text = text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
        script = f'<script type="application/json" class="timeline-state">{text}</script>'
        section, end, paths = self.html.rpartition("</section>")
        return section + script + end + paths


def _records(events: pd.DataFrame, tables: Tables, compare: Sequence[str] = ()) -> list[dict]:
    """The events as dicts in the order of time, ids resolved to names and sources; absent columns are empty."""
    people = tables["people"]["name"].to_dict()
    sources = tables["sources"].to_dict("index")
    claims: dict[str, list[str]] = {}
    for claim in tables["claims"].itertuples() if "claims" in tables else ():
        for id in claim.events:
            claims.setdefault(id, []).append(claim.id)
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
        panels = [number for number, work in enumerate(compare) if work in lists["works"]] if compare else [0]
        if not panels:
            raise ValueError(f"the event {text['id']!r} belongs to none of the works compared: {', '.join(compare)}")
        first = dates.span(text["date"])[0]
        last = dates.span(text["end_date"] or text["date"])[1]
        records.append(
            {
                **text,
                **lists,
                "first": first,
                "last": last,
                "panels": panels,
                "claims": claims.get(text["id"], []),
                "people": [people.get(id, id) for id in lists["people"]],
                "organisations": [people.get(id, id) for id in lists["organisations"]],
                "who": {id: people.get(id, id) for id in lists["people"] + lists["organisations"]},
                "sources": [sources.get(id, {"id": id, "title": id}) for id in lists["sources"]],
            }
        )
    return sorted(records, key=lambda record: (record["first"], record["last"], record["id"]))


def _text(cell: object) -> str:
    """A cell as HTML can hold it: absent is empty, and what no page can hold is the sign for that."""
    text = "" if pd.api.types.is_scalar(cell) and pd.isna(cell) else str(cell)
    return re.sub(r"[\x00\ud800-\udfff]", "\ufffd", text).replace("\r", "\n")


def _items(cell: object) -> list[str]:
    """A list cell as the tables have it, as a frame has it (text with semicolons), or absent."""
    return (
        list(map(_text, cell)) if isinstance(cell, (list, tuple)) else [item for item in _text(cell).split(";") if item]
    )


def _searched(record: dict) -> str:
    """The text that the search reads; in the page the module finds the same in the parts marked `find`."""
    names = (", ".join(record[name]) for name in ("people", "organisations", "works") if record[name])
    return "\n".join([record["title"], *([record["summary"]] if record["summary"] else []), *names])


def _row(record: dict, paths: list[dict]) -> dict:
    """What the filter reads of an event (see `filter`), without its text, and what the chart draws of it.

    `start` and `end` are years with decimals, from the first day that the date can mean to the end of the last.
    """
    return {
        "id": record["id"],
        "kind": record["kind"],
        "from": record["first"].year,
        "to": record["last"].year,
        "start": round(dates.decimal(record["first"]), 3),
        "end": round(dates.decimal(record["last"] + timedelta(days=1)), 3),
        "who": list(record["who"]),
        "regions": record["regions"],
        "confidence": record["confidence"],
        "article": bool(record["claims"]),
        "paths": [path["id"] for path in paths if record["id"] in path["steps"]],
        "panels": record["panels"],
    }


def _paths(records: list[dict], tables: Tables) -> list[dict]:
    """The guided paths all of whose events are here, as dicts with `id`, `title`, `about`, and `steps`: sentences and
    records by the id of the event, in the order of the path."""
    here = {record["id"]: record for record in records}
    paths = []
    for path in tables["paths"].to_dict("records") if "paths" in tables else ():
        steps = tables["steps"][tables["steps"]["path"] == path["id"]]
        if len(steps) and set(steps["event"]) <= set(here):
            told = {step.event: (step.sentence, here[step.event]) for step in steps.itertuples()}
            paths.append({"id": path["id"], "title": path["title"], "about": path["about"], "steps": told})
    return paths


def _paths_html(paths: list[dict]) -> str:
    """The guided paths as text that is complete without a script."""
    told = "".join(
        f'<details class="timeline-path" data-path="{escape(path["id"])}"><summary>{escape(path["title"])}</summary>'
        f'<p>{escape(path["about"])}</p><ol id="path-{escape(path["id"])}">'
        + "".join(
            f'<li data-step="{escape(id)}"><span>{escape(sentence)}</span> <a href="#{_anchor(id)}">'
            f"{escape(record['title'])}, {escape(dates.in_words(record['date'], record['end_date']))}</a></li>"
            for id, (sentence, record) in path["steps"].items()
        )
        + "</ol></details>"
        for path in paths
    )
    return (
        f'<aside class="timeline-paths" aria-label="Guided paths"><h4>Guided paths</h4>{told}</aside>' if told else ""
    )


def _anchor(id: str, name: str = "") -> str:
    return escape(f"event-{name}-{id}" if name else f"event-{id}")


def _section(title: str, records: list[dict], compare: Sequence[str] = (), name: str = "") -> str:
    slug = re.sub(r"[^a-z0-9]+", "-", fold(title)).strip("-") or "timeline"
    years: dict[int, list[dict]] = {}
    for record in records:
        years.setdefault(record["first"].year, []).append(record)
    groups = "".join(
        f'<div class="timeline-year"><h4>{year}</h4>'
        + "".join(f'<ol role="list">{"".join(_item(record, name) for record in part)}</ol>' for part in _parts(group))
        + "</div>"
        for year, group in years.items()
    )
    picture = charts.timeline_picture(title, records, compare).html() if records else ""
    large = " timeline-large" if len(records) > charts.MARKS else ""
    return (
        f'<section class="timeline{large}" aria-labelledby="timeline-{slug}">'
        f'<h3 class="timeline-title" id="timeline-{slug}">{escape(title)}</h3>'
        f'{picture}<div class="timeline-events">{groups}</div></section>'
    )


def _parts(records: list[dict], length: int = 50) -> list[list[dict]]:
    """Lists short enough that a browser can leave out of its layout those that are not on the screen."""
    return [records[start : start + length] for start in range(0, len(records), length)]


def _item(record: dict, name: str) -> str:
    when = dates.in_words(record["date"], record["end_date"])
    kind, confidence = escape(record["kind"]), escape(record["confidence"])
    about = [
        ("people", "People", record["people"], " class=find"),
        ("bodies", "Bodies", record["organisations"], " class=find"),
        ("works", "Works", record["works"], " class=find"),
        ("where", "Where", record["regions"], ""),
        ("as of", "As of", [dates.in_words(record["as_of"])] if record["as_of"] else [], ""),
        ("article", "In the article", [f"claim {id}" for id in record["claims"]], ""),
    ]
    told = " ".join(
        f'<span><b>{label}:</b> <span{find} data-field="{field}">{escape(", ".join(items))}</span></span>'
        for field, label, items, find in about
        if items
    )
    lines = [
        f'<p class="event-when"><time datetime="{escape(record["date"])}">{escape(when)}</time>'
        f' <span class="event-kind" data-kind="{kind}">{kind}</span>'
        f' <span class="event-confidence" data-confidence="{confidence}">{confidence}</span></p>',
        f'<p class="event-title find">{escape(record["title"])}</p>',
        f'<p class="event-summary find" data-field="summary">{escape(record["summary"])}</p>'
        if record["summary"]
        else "",
        _labelled("dispute", "The other side", escape(record["dispute"])),
        _labelled("note", "Note", escape(record["note"])),
        f'<p class="event-about">{told}</p>' if told else "",
        _labelled("sources", "Sources", "; ".join(map(source_link, record["sources"]))),
    ]
    return f'<li id="{_anchor(record["id"], name)}" data-kind="{kind}">{"".join(lines)}</li>'


def _labelled(field: str, label: str, html: str) -> str:
    return f'<p class="event-{field}"><b>{label}:</b> <span data-field="{field}">{html}</span></p>' if html else ""


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
