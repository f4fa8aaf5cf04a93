"""Charts and tables as the book stores them: one renderer, the same bytes at every run.

A chart is drawn by Altair, stored as SVG by vl-convert at two widths (a page shows the one that fits), and stands in a
`figure` with a caption and alternative text, followed by its rows as a table. Colours are CSS (`currentColor`,
`var(--kind-law)`), so the picture follows the theme, and print, without a script.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from typing import Any
from xml.etree import ElementTree

import altair as alt
import pandas as pd
import vl_convert

from . import dates

KINDS = ("film", "practice", "statement", "debate", "rule", "law", "profession", "incident")
"""The kinds of event, in the order of the timeline's lanes; timeline.css holds their colours."""

WIDTHS = {"wide": 680, "narrow": 340}
"""Widths in CSS pixels at which every chart is stored."""

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
        name: svg(chart.properties(width=width, autosize=alt.AutoSizeParams(type="fit-x", contains="padding")))
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


def svg(chart: Chart) -> str:
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
    root.attrib.pop("version", None)
    for name in ("width", "height"):
        root.attrib.pop(name)
    for child in root:  # the picture is one image: its name says what there is to see
        child.set("aria-hidden", "true")
    return ElementTree.tostring(root, encoding="unicode")


def kind_colours(kinds: list[str]) -> alt.Scale:
    """The scale that gives kinds of event the colours of timeline.css."""
    return alt.Scale(domain=kinds, range=[f"var(--kind-{kind}, #777)" for kind in kinds])
