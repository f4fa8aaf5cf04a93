"""The article, claim by claim: what the page `article.ipynb` shows, drawn from the tables."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from typing import Any

import altair as alt
import pandas as pd

from . import charts, dates, places
from .data import Row, Tables, load
from .timeline import source_link

VERDICTS = {"supported": "●", "nuanced": "◐", "corrected": "✕", "disputed": "◆", "unverifiable": "○"}
"""The verdicts, each with its shape, from the best borne out to the least."""

QUOTATIONS = {
    "verbatim": "The words in quotation marks match the source.",
    "paraphrase": "The article puts a paraphrase in quotation marks.",
    "not-found": "The quoted words were not traced to a source.",
    "none": "",
}
ANNOTATIONS = {"context": "Context", "term": "Term", "left-out": "Left out", "voice-missing": "Not heard"}


@dataclass(frozen=True)
class Shown:
    """A piece of the page: HTML for the reader, and the same in words."""

    html: str
    words: str

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, str]:
        return {"text/plain": self.words, "text/html": self.html}


def paragraph(id: str, tables: Tables | None = None) -> Shown:
    """One paragraph of the article: our précis, its claims with verdict, finding and sources, and the annotations."""
    tables = load() if tables is None else tables
    precis = str(tables.paragraphs.loc[id, "precis"])
    claims = tables.claims[tables.claims["paragraph"] == id].to_dict("records")
    annotations = tables.annotations[tables.annotations["paragraph"] == id].to_dict("records")
    listed = (
        f'<ol class="claims" role="list">{"".join(_claim(claim, tables) for claim in claims)}</ol>'
        if claims
        else ('<p class="claims-none">Nothing in this paragraph can be checked against a source.</p>')
    )
    notes = "".join(
        f"<dt>{ANNOTATIONS[note['type']]}</dt><dd>{escape(note['text'])} {sources(note['sources'], tables)}</dd>"
        for note in annotations
    )
    html = (
        f'<div class="article-paragraph" id="paragraph-{id}"><p class="precis">{escape(precis)}</p>{listed}'
        + (f'<dl class="annotations">{notes}</dl>' if notes else "")
        + "</div>"
    )
    words = "\n".join(
        [
            precis,
            *(f"{claim['id']} {claim['verdict']}: {claim['claim']} | {claim['finding']}" for claim in claims),
            *(f"{ANNOTATIONS[note['type']]}: {note['text']}" for note in annotations),
        ]
    )
    return Shown(html, words)


def _claim(claim: Row, tables: Tables) -> str:
    speaker = f" It gives this to {escape(claim['speaker'])}." if claim["speaker"] else ""
    quotation = f" {QUOTATIONS[claim['quotation']]}" if QUOTATIONS[claim["quotation"]] else ""
    as_of = f" As of {dates.in_words(claim['as_of'])}." if claim["as_of"] else ""
    events = [tables.events.loc[id] for id in claim["events"]]
    told = "; ".join(f'<a href="{places.address("event", event)}">{escape(event["title"])}</a>' for event in events)
    return (
        f'<li id="claim-{claim["id"]}" class="claim">'
        f'<p class="claim-says"><a class="claim-id" href="#claim-{claim["id"]}">{claim["id"]}</a> '
        f"<b>The article says:</b> {escape(claim['claim'])}{speaker}</p>"
        f'<p class="claim-finding">{_verdict(claim)} {escape(claim["finding"])}{quotation}{as_of}</p>'
        + (f'<p class="claim-sources">{sources(claim["sources"], tables)}</p>' if claim["sources"] else "")
        + (f'<p class="claim-events"><b>In the timelines:</b> {told}</p>' if told else "")
        + "</li>"
    )


def _verdict(claim: Row) -> str:
    verdict = claim["verdict"]
    return (
        f'<b class="verdict" data-verdict="{verdict}"><span aria-hidden="true">{VERDICTS[verdict]}</span> '
        f"{verdict.capitalize()}.</b>"
    )


def sources(ids: Iterable[str], tables: Tables) -> str:
    """Sources as a line of links."""
    links = "; ".join(source_link(tables.sources.loc[id]) for id in ids)
    return f'<span class="sources"><b>Sources:</b> {links}</span>' if links else ""


def gravest(tables: Tables | None = None) -> Shown:
    """The claims in which the article misstates a living person or a central fact."""
    tables = load() if tables is None else tables
    claims = tables.claims[tables.claims["gravity"] == "grave"].to_dict("records")
    items = "".join(
        f'<li><a href="#claim-{claim["id"]}">{claim["id"]}</a> {_verdict(claim)} {escape(claim["claim"])} '
        f"<b>Found:</b> {escape(claim['finding'])}</li>"
        for claim in claims
    )
    return Shown(
        f'<ul class="gravest">{items}</ul>',
        "\n".join(f"{claim['id']} {claim['verdict']}: {claim['claim']}" for claim in claims),
    )


def counts(tables: Tables | None = None) -> charts.Table:
    """How many claims have each verdict."""
    tables = load() if tables is None else tables
    count = tables.claims["verdict"].value_counts()
    rows = pd.DataFrame(
        [
            {"verdict": verdict, "mark": shape, "claims": int(count.get(verdict, 0))}
            for verdict, shape in VERDICTS.items()
        ]
    )
    return charts.table(rows, f"The {len(tables.claims)} claims of the article by verdict")


def by_paragraph(tables: Tables | None = None) -> charts.Figure:
    """The claims by paragraph: a mark each, with the shape and colour of its verdict."""
    tables = load() if tables is None else tables
    claims = tables.claims[["id", "paragraph", "verdict"]].assign(
        row=tables.claims.groupby("paragraph").cumcount() + 1, verdict=tables.claims["verdict"].astype(str)
    )
    claims["shape"] = claims["verdict"].map(VERDICTS)
    marks = (
        alt.Chart(claims)
        .mark_text(fontSize=15, fontWeight="bold")
        .encode(
            x=alt.X(
                "row:Q",
                title="Claims in the order of the text",
                axis=alt.Axis(tickMinStep=1, format="d"),
                scale=alt.Scale(domain=[0.5, int(claims["row"].max()) + 0.5], nice=False),
            ),
            y=alt.Y("paragraph:N", title="Paragraph"),
            text="shape:N",
            color=alt.Color(
                "verdict:N",
                title=None,
                scale=alt.Scale(
                    domain=list(VERDICTS), range=[f"var(--verdict-{verdict}, #777)" for verdict in VERDICTS]
                ),
                legend=None,
            ),
        )
        .properties(height=18 * claims["paragraph"].nunique())
    )
    least = claims[claims["verdict"].isin(["corrected", "disputed", "unverifiable"])].groupby("paragraph").size()
    worst = ", ".join(least[least == least.max()].index)
    key = ", ".join(f"{shape} {verdict}" for verdict, shape in VERDICTS.items())
    return charts.figure(
        marks,
        caption=f"Most of the claims that the evidence does not bear out stand in {worst}. {key}.",
        alt_text=f"Chart of {len(claims)} claims by paragraph, each marked by its verdict. Paragraphs with most claims "
        f"corrected, disputed or unverifiable: {worst}, with {least.max()} each.",
        rows=claims[["id", "verdict"]],
        source="Drawn from the book’s table of claims; each claim below lists its own sources.",
    )
