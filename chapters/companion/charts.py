"""Charts and tables as the book stores them: one renderer, the same bytes at every run.

A chart is drawn by Altair, stored as SVG by vl-convert at two widths (a page shows the one that fits), and stands in a
`figure` with a caption and alternative text, followed by its rows as a table. Colours are CSS (`currentColor`,
`var(--kind-law)`), so the picture follows the theme, and print, without a script.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any
from xml.etree import ElementTree

import altair as alt
import pandas as pd
import vl_convert

from . import dates
from .records import Record

KINDS = ("film", "practice", "statement", "debate", "rule", "law", "profession", "incident")
"""The kinds of event, in the order of the timeline's lanes; timeline.css holds their colours."""

WIDTHS = {"wide": 680, "narrow": 340}
"""Widths in CSS pixels at which every chart is stored."""

MARKS = 400
"""The number of events above which a timeline's chart shows how many there are, and no longer each of them."""

ACCENT = "var(--accent, #0072b2)"
PAPER = "var(--paper, var(--jp-layout-color1, #fff))"
SOURCE = "Drawn from the book's table of events; in the timeline every event lists its own sources."

Chart = alt.Chart | alt.LayerChart | alt.FacetChart

_SVG = "http://www.w3.org/2000/svg"
_CONFIG = {
    "background": "transparent",
    "font": "system-ui, sans-serif",
    "view": {"stroke": None},
    "axis": {
        "labelColor": "currentColor",
        "titleColor": "currentColor",
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "gridColor": "currentColor",
        "gridOpacity": 0.15,
        "tickColor": "currentColor",
        "domainColor": "currentColor",
        "labelLimit": 150,
    },
    "legend": {
        "labelColor": "currentColor",
        "titleColor": "currentColor",
        "labelFontSize": 12,
        "titleFontSize": 12,
        "orient": "top",
        "symbolStrokeColor": "currentColor",
    },
    "text": {"color": "currentColor", "fontSize": 12},
    "bar": {"color": ACCENT},
    "rule": {"color": "currentColor"},
    "point": {"color": ACCENT},
}


@dataclass(frozen=True)
class Figure:
    """A chart with its caption, its alternative text and its rows. Shown in a notebook, and stored, as HTML."""

    svgs: dict[str, str]
    caption: str
    alt: str
    rows: pd.DataFrame | None = None
    source: str = SOURCE

    def html(self) -> str:
        """The figure, with the picture at every width, and after it the rows, folded."""
        # The narrow picture is off by a presentation attribute, which the book's style sheet overrules.
        pictures = "".join(
            svg.replace(
                "<svg ",
                f'<svg role="img" aria-label="{escape(self.alt)}" data-width="{name}" '
                + ('display="none" ' if name == "narrow" else ""),
                1,
            )
            for name, svg in self.svgs.items()
        )
        rows = (
            ""
            if self.rows is None
            else (
                f'<details class="chart-rows"><summary>The {len(self.rows)} rows behind this chart</summary>'
                f"{_table(self.rows, self.caption)}</details>"
            )
        )
        return (
            f'<figure class="chart">{pictures}<figcaption>{escape(self.caption)} '
            f'<span class="chart-source">{escape(self.source)}</span></figcaption></figure>{rows}'
        )

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, str]:
        rows = "" if self.rows is None else "\n" + self.rows.to_string(index=False)
        return {"text/plain": f"Chart: {self.alt}{rows}", "text/html": self.html()}


@dataclass(frozen=True)
class Table:
    """Rows with a caption. Shown in a notebook, and stored, as an HTML table with headers."""

    rows: pd.DataFrame
    caption: str

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, str]:
        return {
            "text/plain": f"{self.caption}\n{self.rows.to_string(index=False)}",
            "text/html": _table(self.rows, self.caption),
        }


def figure(
    chart: Chart,
    *,
    caption: str,
    alt_text: str,
    rows: pd.DataFrame | None = None,
    source: str = SOURCE,
) -> Figure:
    """Store a chart. `caption` says what to see, `alt_text` the finding, `rows` what the chart was drawn from."""
    svgs = {
        name: _svg(chart.properties(width=width, autosize=alt.AutoSizeParams(type="fit-x", contains="padding")))
        for name, width in WIDTHS.items()
    }
    return Figure(svgs, caption, alt_text, rows, source)


def table(rows: pd.DataFrame, caption: str) -> Table:
    """Show rows as a table with a caption; the frame's index is left out."""
    return Table(rows, caption)


def _table(rows: pd.DataFrame, caption: str) -> str:
    """An HTML table with a caption and headers; the first column heads its row, and dates are put in words."""
    rows = rows.assign(date=[dates.in_words(text) for text in rows["date"]]) if "date" in rows else rows
    head = "".join(f'<th scope="col">{escape(str(name))}</th>' for name in rows.columns)
    body = "".join(
        f'<tr><th scope="row">{escape(str(first))}</th>'
        + "".join(f"<td>{escape(str(cell))}</td>" for cell in rest)
        + "</tr>"
        for first, *rest in rows.itertuples(index=False)
    )
    return (
        f'<div class="table-scroll"><table>'
        f"<caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _svg(chart: Chart) -> str:
    """A chart as a clean SVG: a mark's description is its title, the picture is named from outside."""
    spec = chart.to_dict()
    spec["config"] = _CONFIG
    root = ElementTree.fromstring(vl_convert.vegalite_to_svg(spec))
    ElementTree.register_namespace("", _SVG)
    for element in root.iter():
        for name in ("role", "aria-label", "aria-roledescription", "aria-hidden", "pointer-events", "class"):
            label = element.attrib.pop(name, None)
            if name == "aria-label" and label and element.tag == f"{{{_SVG}}}path":
                element.set("aria-label", label)
        for name in ("transform", "d", "x", "y", "x2", "y2"):
            if name in element.attrib:
                rounded = re.sub(r"-?\d+\.\d{2,}", lambda number: f"{float(number[0]):.1f}", element.attrib[name])
                element.set(name, rounded)
    for mark in root.iter(f"{{{_SVG}}}path"):
        if "aria-label" in mark.attrib:
            ElementTree.SubElement(mark, f"{{{_SVG}}}title").text = mark.attrib.pop("aria-label")
    for element in root.iter():
        element.attrib.pop("aria-label", None)
    root.attrib.pop("version", None)
    for name in ("width", "height"):
        root.attrib.pop(name)
    for child in root:  # the picture is one image: its name says what there is to see
        child.set("aria-hidden", "true")
    return ElementTree.tostring(root, encoding="unicode")


def lanes(records: list[Record]) -> list[str]:
    """The kinds that the events have, in the order of the lanes; unknown kinds come last."""
    kinds = {record.kind for record in records}
    return [kind for kind in KINDS if kind in kinds] + sorted(kinds - set(KINDS))


def kind_colours(kinds: list[str]) -> alt.Scale:
    """The scale that gives kinds of event the colours of timeline.css."""
    return alt.Scale(domain=kinds, range=[f"var(--kind-{kind}, #777)" for kind in kinds])


def timeline_picture(title: str, records: list[Record], compare: Sequence[str] = ()) -> Figure:
    """The picture of a timeline: a lane for each kind, a mark for each event, under each work that is compared.

    The records are in the order of time. A mark sits in the middle of the time that its date can mean, and a bar shows
    how long that is; marks that would overlap are stacked. Above `MARKS` events a lane shows how many there are. Where
    nine in ten events fall into the last part of a long time, the part before is compressed. `timeline.mjs` draws the
    same, live.
    """
    kinds = lanes(records)
    first, last = records[0].first.year, max(record.last for record in records).year + 1
    busy = records[len(records) // 10].first.year
    compressed = busy - first > last - busy
    domain = [first, busy, last] if compressed else [first, last]
    svgs = {name: _svg(_timeline_chart(records, kinds, compare, domain, width)) for name, width in WIDTHS.items()}
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
    return Figure(svgs, caption, alt_text, None, "The list below holds every event with its sources.")


def _timeline_chart(
    records: list[Record], kinds: list[str], compare: Sequence[str], domain: list[int], width: int
) -> Chart:
    label_width, mark, row, step = 78, 10, 11, 5
    plot = width - label_width - 12
    reach = [0, plot * 0.16, plot] if len(domain) == 3 else [0, plot]

    def x(year: float) -> float:
        for low, high, start, stop in zip(domain, domain[1:], reach, reach[1:], strict=False):
            if year <= high:
                return start + (year - low) / (high - low) * (stop - start)
        return reach[-1]

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
                counted = Counter(int((x0 + x1) / 2 // step) for x0, x1 in spans)
                columns += [
                    {"x": at * step + 2, "y": top + 26, "count": count, "kind": kind} for at, count in counted.items()
                ]
                height = 28
            else:
                for record, (x0, x1) in zip(lane, spans, strict=True):
                    middle = (x0 + x1) / 2
                    start, stop = min(x0, middle - mark / 2), max(x1, middle + mark / 2)
                    level = next((n for n, end in enumerate(levels) if end <= start), len(levels))
                    levels[level : level + 1] = [stop + 1]
                    marks.append(
                        {
                            "x": middle,
                            "x0": x0,
                            "x1": x1 if x1 - x0 > mark else x0,
                            "y": top + 8 + level * row,
                            "kind": kind,
                            "confidence": record.confidence,
                            "title": record.title,
                        }
                    )
                height = len(levels) * row + 6
            named_lanes[-1]["line"] = top + height + 1
            top += height + 2
    most: int = max((column["count"] for column in columns), default=0)
    for column in columns:
        column["y2"] = column["y"] - max(1.5, 24 * column["count"] / most)

    flat = alt.Scale(domain=[0, plot], nice=False, zero=False)
    down = alt.Scale(domain=[top, 0], nice=False, zero=False)
    colour = alt.Color("kind:N", legend=None, scale=kind_colours(kinds))
    years = _ticks(domain, plot)
    ticks = pd.DataFrame({"x": [x(year) for year in years], "year": [str(year) for year in years], "y": top})
    events = pd.DataFrame(marks, columns=["x", "x0", "x1", "y", "kind", "confidence", "title"])
    named = pd.DataFrame(named_lanes)
    at = alt.X("x:Q", scale=flat, axis=None)
    high = alt.Y("y:Q", scale=down, axis=None)
    tip = {"description": "title:N", "color": colour}
    layers = [
        alt.Chart(ticks).mark_rule(opacity=0.15).encode(x=at),
        alt.Chart(named).mark_rule(opacity=0.15).encode(y=alt.Y("line:Q", scale=down, axis=None)),
        alt.Chart(ticks).mark_text(dy=12, fontSize=12).encode(x=at, y=high, text="year:N"),
        alt.Chart(named).mark_text(align="right", fontSize=12).encode(x=alt.XValue(-10), y=high, text="kind:N"),
        alt.Chart(pd.DataFrame(headings, columns=["panel", "y"]))
        .mark_text(align="left", fontSize=13, fontWeight="bold")
        .encode(x=alt.XValue(-label_width), y=high, text="panel:N"),
        alt.Chart(pd.DataFrame(columns, columns=["x", "y", "y2", "count", "kind"]))
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
                fill=alt.Undefined if filled else PAPER,
            )
            .encode(x=at, y=high, **tip)
        )
    return alt.layer(*[layer for layer in layers if len(layer.data)]).properties(
        width=plot,
        height=top,
        padding={"left": label_width, "right": 12, "top": 4, "bottom": 18},
        autosize=alt.AutoSizeParams(type="none"),
    )


def _ticks(domain: list[int], plot: float) -> list[int]:
    """The years to name on the axis: no two closer than their labels need."""
    low, high = domain[-2:]
    room = plot * (0.84 if len(domain) == 3 else 1) / (high - low)
    step = next(step for step in (1, 2, 5, 10, 20, 50, 100, 1000) if step * room >= 40 or step == 1000)
    years = [year for year in range(low, high) if year % step == 0 or step == 1]
    return ([domain[0]] if len(domain) == 3 else []) + years
