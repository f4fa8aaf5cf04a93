"""The timeline: a widget whose stored output is a complete page of its own.

`Timeline(events, title=...)` shows events as a list, a picture of a chart, and the controls of `timeline.mjs`. In a
notebook its traits are synced both ways; in the book the stored HTML carries the list, the picture and the traits as
inert JSON, and the same module runs on them without a kernel.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from html import escape
from pathlib import Path
from typing import Any

import anywidget
import ipywidgets
import pandas as pd
import traitlets as t

from . import dates, picture, records, timelinejs
from .data import Row, Tables, load
from .filter import fold, matches
from .records import Record

_HERE = Path(__file__).parent
VIEW: dict[str, Any] = {
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


class ViewError(t.TraitError):
    """A view asks for what no event of the timeline has: it would show nothing and say nothing."""

    def _render_traceback_(self) -> list[str]:
        """What IPython shows in a notebook: the fault, without the path through the code."""
        return [str(self)]


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

    Raises ValueError where a date is no calendar date, an id is repeated, or an event belongs to no compared work;
    ViewError where the view is set to a kind, region, confidence, path or person that no event has.
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
        shown = records.read(events, tables, compare)
        paths = [] if name else _paths(shown, tables)
        lanes = picture.lanes(shown)
        self._events = events
        self._records = shown
        self._texts = {record.id: _searched(record) for record in shown}
        self.followers: dict[str, ipywidgets.Widget] = {}  # by name: see `live`
        super().__init__(
            title=title,
            name=name,
            html=_section(title, shown, compare, name) + _paths_html(paths),
            rows=[_row(record, paths) for record in shown],
            names=dict(
                sorted(
                    {id: name for record in shown for id, name in record.who.items()}.items(),
                    key=lambda item: (fold(item[1]), item[0]),
                )
            ),
            lanes=lanes,
            panels=list(compare) or [""],
            kinds=lanes,
        )

    @t.validate("who")
    def _id_of(self, proposal: dict[str, Any]) -> str:
        """A name will do where its id is meant."""
        who: str = proposal["value"]
        return _one_of("who", next((id for id, name in self.names.items() if who == name), who), self.names)

    @t.validate("region", "confidence", "path")
    def _known(self, proposal: dict[str, Any]) -> str:
        name = proposal["trait"].name
        values = (row[name] if name in row else row[f"{name}s"] for row in self.rows)
        known = {one for value in values for one in ([value] if isinstance(value, str) else value)}
        return _one_of(name, proposal["value"], known)

    @t.validate("kinds")
    def _lanes_of(self, proposal: dict[str, Any]) -> list[str]:
        return [_one_of("kinds", kind, self.lanes) for kind in proposal["value"]]

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
        rows = [timelinejs.row(record) for record in self._records if record.id in shown]
        frame = pd.DataFrame(rows, columns=timelinejs.COLUMNS, dtype="str")
        if path is not None:
            frame.to_csv(path, index=False)
        return frame

    def __repr__(self) -> str:
        years = f", {self.rows[0]['from']} to {max(row['to'] for row in self.rows)}" if self.rows else ""
        return f"Timeline({self.title!r}, {len(self.rows)} events{years})"

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        data, metadata = super()._repr_mimebundle_(**kwargs) or ({}, {})
        return {**data, "text/plain": repr(self), "text/html": self._stored()}, metadata

    def _stored(self) -> str:
        """The widget as the book stores it: the section, with its state as inert JSON inside."""
        state = {name: getattr(self, name) for name in ("name", "rows", "names", "lanes", "panels")} | {"book": True}
        text = json.dumps(state, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
        text = text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
        script = f'<script type="application/json" class="timeline-state">{text}</script>'
        section, end, paths = self.html.rpartition("</section>")
        return section + script + end + paths


def _one_of(name: str, value: str, known: Iterable[str]) -> str:
    if value and value not in known:
        raise ViewError(
            f"no event of this timeline has {value!r} for {name}; they have {', '.join(sorted(known)) or 'none'}"
        )
    return value


def _searched(record: Record) -> str:
    """The text that the search reads; in the page the module finds the same in the parts marked `find`."""
    names = (", ".join(each) for each in (record.people, record.organisations, record.works) if each)
    return "\n".join([record.title, *([record.summary] if record.summary else []), *names])


@dataclass(frozen=True)
class _Path:
    """A guided path: by the id of each event, in the order of the path, the sentence on it and its record."""

    id: str
    title: str
    about: str
    steps: dict[str, tuple[str, Record]]


def _row(record: Record, paths: list[_Path]) -> dict[str, Any]:
    """What the filter reads of an event (see `filter`), without its text, and what the chart draws of it.

    `start` and `end` are years with decimals, from the first day that the date can mean to the end of the last.
    """
    return {
        "id": record.id,
        "kind": record.kind,
        "from": record.first.year,
        "to": record.last.year,
        "start": round(dates.decimal(record.first), 3),
        "end": round(dates.decimal(record.last + timedelta(days=1)), 3),
        "who": list(record.who),
        "regions": record.regions,
        "confidence": record.confidence,
        "article": bool(record.claims),
        "paths": [path.id for path in paths if record.id in path.steps],
        "panels": record.panels,
    }


def _paths(records: list[Record], tables: Tables) -> list[_Path]:
    """The guided paths all of whose events are here."""
    here = {record.id: record for record in records}
    paths = []
    for path in tables["paths"].to_dict("records") if "paths" in tables else ():
        steps = tables["steps"][tables["steps"]["path"] == path["id"]].to_dict("records")
        if steps and {step["event"] for step in steps} <= set(here):
            told = {step["event"]: (step["sentence"], here[step["event"]]) for step in steps}
            paths.append(_Path(path["id"], path["title"], path["about"], told))
    return paths


def _paths_html(paths: list[_Path]) -> str:
    """The guided paths as text that is complete without a script."""
    told = "".join(
        f'<details class="timeline-path" data-path="{escape(path.id)}"><summary>{escape(path.title)}</summary>'
        f'<p>{escape(path.about)}</p><ol id="path-{escape(path.id)}">'
        + "".join(
            f'<li data-step="{escape(id)}"><span>{escape(sentence)}</span> <a href="#{_anchor(id)}">'
            f"{escape(record.title)}, {escape(dates.in_words(record.date, record.end_date))}</a></li>"
            for id, (sentence, record) in path.steps.items()
        )
        + "</ol></details>"
        for path in paths
    )
    return (
        f'<aside class="timeline-paths" aria-label="Guided paths"><h4>Guided paths</h4>{told}</aside>' if told else ""
    )


def _anchor(id: str, name: str = "") -> str:
    return escape(f"event-{name}-{id}" if name else f"event-{id}")


def _section(title: str, records: list[Record], compare: Sequence[str] = (), name: str = "") -> str:
    slug = re.sub(r"[^a-z0-9]+", "-", fold(title)).strip("-") or "timeline"
    years: dict[int, list[Record]] = {}
    for record in records:
        years.setdefault(record.first.year, []).append(record)
    groups = "".join(
        f'<div class="timeline-year"><h4>{year}</h4>'
        + "".join(f'<ol role="list">{"".join(_item(record, name) for record in part)}</ol>' for part in _parts(group))
        + "</div>"
        for year, group in years.items()
    )
    drawn = picture.draw(records, compare).html() if records else ""
    large = " timeline-large" if len(records) > picture.MARKS else ""
    return (
        f'<section class="timeline{large}" aria-labelledby="timeline-{slug}">'
        f'<h3 class="timeline-title" id="timeline-{slug}">{escape(title)}</h3>'
        f'{drawn}<div class="timeline-events">{groups}</div></section>'
    )


def _parts(records: list[Record], length: int = 50) -> list[list[Record]]:
    """Lists short enough that a browser can leave out of its layout those that are not on the screen."""
    return [records[start : start + length] for start in range(0, len(records), length)]


def _item(record: Record, name: str) -> str:
    when = dates.in_words(record.date, record.end_date)
    kind, confidence = escape(record.kind), escape(record.confidence)
    about = [
        ("people", "People", record.people, " class=find"),
        ("bodies", "Bodies", record.organisations, " class=find"),
        ("works", "Works", record.works, " class=find"),
        ("where", "Where", record.regions, ""),
        ("as of", "As of", [dates.in_words(record.as_of)] if record.as_of else [], ""),
        ("article", "In the article", [f"claim {id}" for id in record.claims], ""),
    ]
    told = " ".join(
        f'<span><b>{label}:</b> <span{find} data-field="{field}">{escape(", ".join(items))}</span></span>'
        for field, label, items, find in about
        if items
    )
    lines = [
        f'<p class="event-when"><time datetime="{escape(record.date)}">{escape(when)}</time>'
        f' <span class="event-kind" data-kind="{kind}">{kind}</span>'
        f' <span class="event-confidence" data-confidence="{confidence}">{confidence}</span></p>',
        f'<p class="event-title find">{escape(record.title)}</p>',
        f'<p class="event-summary find" data-field="summary">{escape(record.summary)}</p>' if record.summary else "",
        _labelled("dispute", "The other side", escape(record.dispute)),
        _labelled("note", "Note", escape(record.note)),
        f'<p class="event-about">{told}</p>' if told else "",
        "".join(
            _labelled("correction", f"Corrected {dates.in_words(row['date'])}", f"It said: {escape(row['was'])}")
            for row in record.corrections
        ),
        _labelled("sources", "Sources", "; ".join(map(source_link, record.sources))),
    ]
    return f'<li id="{_anchor(record.id, name)}" data-kind="{kind}">{"".join(lines)}</li>'


def _labelled(field: str, label: str, html: str) -> str:
    return f'<p class="event-{field}"><b>{label}:</b> <span data-field="{field}">{html}</span></p>' if html else ""


def source_link(source: Row) -> str:
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
