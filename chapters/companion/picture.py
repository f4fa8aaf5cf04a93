"""The picture of a timeline, for where no script runs and for paper; timeline.mjs draws the same, live."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import altair as alt
import pandas as pd

from . import charts, dates
from .records import Record

MARKS = 400
"""The number of events above which a timeline's chart shows how many there are, and no longer each of them."""

LABELS, MARK, ROW, STEP = 78, 10, 11, 5
"""Pixels: room for the names of the lanes, the width of a mark, the height of a row of marks, the width of a column."""


class Layout(NamedTuple):
    """Where everything in the picture stands, in pixels; its height."""

    columns: list[dict[str, Any]]
    marks: list[dict[str, Any]]
    lanes: list[dict[str, Any]]
    headings: list[dict[str, Any]]
    height: int


def lanes(records: list[Record]) -> list[str]:
    """The kinds that the events have, in the order of the lanes; unknown kinds come last."""
    kinds = {record.kind for record in records}
    return [kind for kind in charts.KINDS if kind in kinds] + sorted(kinds - set(charts.KINDS))


def draw(records: list[Record], compare: Sequence[str] = ()) -> charts.Figure:
    """The picture of a timeline: a lane for each kind, a mark for each event, under each work that is compared.

    The records are in the order of time. A mark sits in the middle of the time that its date can mean, and a bar shows
    how long that is; marks that would overlap are stacked. Above `MARKS` events a lane shows how many there are. Where
    nine in ten events fall into the last part of a long time, the part before is compressed.
    """
    kinds = lanes(records)
    first, last = records[0].first.year, max(record.last for record in records).year + 1
    busy = records[len(records) // 10].first.year
    compressed = busy - first > last - busy
    domain = [first, busy, last] if compressed else [first, last]
    svgs = {name: charts.svg(_chart(records, kinds, compare, domain, width)) for name, width in charts.WIDTHS.items()}
    counts = ", ".join(f"{sum(record.kind == kind for record in records)} {kind}" for kind in kinds)
    disputed = sum(record.confidence == "disputed" for record in records)
    years = f"{first} to {last - 1}"
    marks = (
        "The height of a column is the number of events. "
        if len(records) > MARKS
        else "A bar shows how long an event lasted, or how far its date is uncertain. "
        "Filled marks are confirmed, hollow marks reported, diamonds disputed."
    )
    works = f", for {' and '.join(compare)}" if compare else ""
    caption = f"{len(records)} events, {years}, in lanes by kind{works}. {marks}" + (
        f" The years before {busy} are drawn closer together." if compressed else ""
    )
    alt_text = (
        f"Timeline of {len(records)} events, {years}: {counts}; {disputed} disputed. "
        f"Half of them fall after {records[len(records) // 2].first.year - 1}. "
        "The list below holds every event."
    )
    return charts.Figure(svgs, caption, alt_text, None, "The list below holds every event with its sources.")


def _chart(
    records: list[Record], kinds: list[str], compare: Sequence[str], domain: list[int], width: int
) -> charts.Chart:
    plot = width - LABELS - 12
    reach = [0, plot * 0.16, plot] if len(domain) == 3 else [0, plot]

    def x(year: float) -> float:
        for low, high, start, stop in zip(domain, domain[1:], reach, reach[1:], strict=False):
            if year <= high:
                return start + (year - low) / (high - low) * (stop - start)
        return reach[-1]

    laid = _laid_out(records, kinds, compare, x)

    flat = alt.Scale(domain=[0, plot], nice=False, zero=False)
    down = alt.Scale(domain=[laid.height, 0], nice=False, zero=False)
    colour = alt.Color("kind:N", legend=None, scale=charts.kind_colours(kinds))
    years = _ticks(domain, plot)
    ticks = pd.DataFrame({"x": [x(year) for year in years], "year": [str(year) for year in years], "y": laid.height})
    events = pd.DataFrame(laid.marks, columns=["x", "x0", "x1", "y", "kind", "confidence", "title"])
    named = pd.DataFrame(laid.lanes)
    at = alt.X("x:Q", scale=flat, axis=None)
    high = alt.Y("y:Q", scale=down, axis=None)
    tip = {"description": "title:N", "color": colour}
    layers = [
        alt.Chart(ticks).mark_rule(opacity=0.15).encode(x=at),
        alt.Chart(named).mark_rule(opacity=0.15).encode(y=alt.Y("line:Q", scale=down, axis=None)),
        alt.Chart(ticks).mark_text(dy=12, fontSize=12).encode(x=at, y=high, text="year:N"),
        alt.Chart(named).mark_text(align="right", fontSize=12).encode(x=alt.XValue(-10), y=high, text="kind:N"),
        alt.Chart(pd.DataFrame(laid.headings, columns=["panel", "y"]))
        .mark_text(align="left", fontSize=13, fontWeight="bold")
        .encode(x=alt.XValue(-LABELS), y=high, text="panel:N"),
        alt.Chart(pd.DataFrame(laid.columns, columns=["x", "y", "y2", "count", "kind"]))
        .mark_rule(strokeWidth=4, strokeCap="butt")
        .encode(x=at, y=high, y2="y2:Q", color=colour),
        alt.Chart(events[events["x1"] > events["x0"]])
        .mark_rule(strokeWidth=3, opacity=0.4)
        .encode(x=alt.X("x0:Q", scale=flat, axis=None), x2="x1:Q", y=high, **tip),
    ]
    for confidence, shape, filled in (
        ("confirmed", "circle", True),
        ("reported", "circle", False),
        ("disputed", "diamond", True),
    ):
        chosen = events[events["confidence"] == confidence]
        layers.append(
            alt.Chart(chosen)
            .mark_point(
                shape=shape,
                filled=filled,
                size=70 if shape == "diamond" else 50,
                opacity=1,
                strokeWidth=1.8,
                fill=alt.Undefined if filled else charts.PAPER,
            )
            .encode(x=at, y=high, **tip)
        )
    return alt.layer(*[layer for layer in layers if len(layer.data)]).properties(
        width=plot,
        height=laid.height,
        padding={"left": LABELS, "right": 12, "top": 4, "bottom": 18},
        autosize=alt.AutoSizeParams(type="none"),
    )


def _laid_out(records: list[Record], kinds: list[str], compare: Sequence[str], x: Callable[[float], float]) -> Layout:
    """`x` is the place of a year on the axis."""
    columns: list[dict[str, Any]] = []
    marks, named_lanes, headings, top = [], [], [], 0
    for panel, heading in enumerate(compare or [""]):
        if heading:
            top += 20
            headings.append({"panel": heading, "y": top - 8})
        for kind in kinds:
            levels: list[float] = []
            lane = [record for record in records if record.kind == kind and panel in record.panels]
            if not lane:
                continue
            named_lanes.append({"kind": kind, "y": top + 8})
            spans = [(x(dates.decimal(record.first)), x(dates.decimal(record.last) + 1 / 366)) for record in lane]
            if len(records) > MARKS:
                counted = Counter(int((x0 + x1) / 2 // STEP) for x0, x1 in spans)
                columns += [
                    {"x": at * STEP + 2, "y": top + 26, "count": count, "kind": kind} for at, count in counted.items()
                ]
                height = 28
            else:
                for record, (x0, x1) in zip(lane, spans, strict=True):
                    middle = (x0 + x1) / 2
                    start, stop = min(x0, middle - MARK / 2), max(x1, middle + MARK / 2)
                    level = next((n for n, end in enumerate(levels) if end <= start), len(levels))
                    levels[level : level + 1] = [stop + 1]
                    marks.append(
                        {
                            "x": middle,
                            "x0": x0,
                            "x1": x1 if x1 - x0 > MARK else x0,
                            "y": top + 8 + level * ROW,
                            "kind": kind,
                            "confidence": record.confidence,
                            "title": record.title,
                        }
                    )
                height = len(levels) * ROW + 6
            named_lanes[-1]["line"] = top + height + 1
            top += height + 2
    most: int = max((column["count"] for column in columns), default=0)
    for column in columns:
        column["y2"] = column["y"] - max(1.5, 24 * column["count"] / most)
    return Layout(columns, marks, named_lanes, headings, top)


def _ticks(domain: list[int], plot: float) -> list[int]:
    """The years to name on the axis: no two closer than their labels need."""
    low, high = domain[-2:]
    room = plot * (0.84 if len(domain) == 3 else 1) / (high - low)
    step = next(step for step in (1, 2, 5, 10, 20, 50, 100, 1000) if step * room >= 40 or step == 1000)
    years = [year for year in range(low, high) if year % step == 0]
    return ([domain[0]] if len(domain) == 3 else []) + years
