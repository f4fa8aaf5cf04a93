"""The timeline in Python: what it shows, what it leaves, and that both filters are one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from typing import Any

import pandas as pd
import pytest
from companion import Timeline, dates, load
from companion.filter import matches
from conftest import CHAPTERS, ROOT, Serve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser

TABLES = load()


def chapter(name: str) -> pd.DataFrame:
    return TABLES.events[TABLES.events["chapters"].map(lambda chapters: name in chapters)]


@pytest.fixture
def timeline() -> Timeline:
    return Timeline(chapter("babygirl"), title="A title", tables=TABLES)


def test_all_events_are_visible_at_first(timeline: Timeline) -> None:
    assert list(timeline.visible["id"]) == list(chapter("babygirl")["id"])


def test_search_needs_every_word_and_minds_neither_case_nor_accents(timeline: Timeline) -> None:
    timeline.query = "KIDMAN volpi"
    assert list(timeline.visible["id"]) == ["kidman-volpi-cup-2024"]
    timeline.query = "ita o'brien dancing"
    assert list(timeline.visible["id"]) == ["obrien-dancing-can-be-intimate-2025"]
    timeline.query = "Chelsea   Cáry"
    assert "it-ends-with-us-two-coordinators" in set(timeline.visible["id"])


def test_kinds_are_any_of_those_asked_for(timeline: Timeline) -> None:
    timeline.kinds = ["law", "incident"]
    assert set(timeline.visible["kind"]) == {"law", "incident"}
    timeline.kinds = []
    assert timeline.visible.empty


def test_years_meet_the_whole_time_that_a_date_can_mean(timeline: Timeline) -> None:
    timeline.from_year = timeline.to_year = 2024
    shown = timeline.visible
    assert "babygirl-shoot-winter-2023-24" in set(shown["id"])  # November 2023 to March 2024
    assert (shown["latest"].dt.year >= 2024).all()
    assert (shown["earliest"].dt.year <= 2024).all()


def test_region_confidence_and_the_article(timeline: Timeline) -> None:
    timeline.region = "Netherlands"
    assert len(timeline.visible)
    assert timeline.visible["regions"].map(lambda regions: "Netherlands" in regions).all()
    timeline.reset()
    timeline.confidence = "disputed"
    assert set(timeline.visible["confidence"]) == {"disputed"}
    timeline.reset()
    timeline.article = True
    mentioned = {id for claim in TABLES.claims["events"] for id in claim}
    assert set(timeline.visible["id"]) == mentioned & set(chapter("babygirl")["id"])


def test_a_guided_path_is_offered_where_all_its_events_are(timeline: Timeline) -> None:
    timeline.path = "two-sets-one-coordinator"
    steps = TABLES.steps[TABLES.steps["path"] == "two-sets-one-coordinator"]
    assert set(timeline.visible["id"]) == set(steps["event"])
    one_less = chapter("babygirl").drop(steps["event"].iloc[0])
    assert "Two sets, one coordinator" not in Timeline(one_less, tables=TABLES).html


def test_the_stored_html_holds_every_guided_path_in_its_order() -> None:
    for path in TABLES.paths.to_dict("records"):
        html = Timeline(chapter(path["chapter"]), tables=TABLES)._stored()
        text = Text(html).text.partition("Guided paths")[2]
        assert path["title"] in text
        assert path["about"] in text
        steps = TABLES.steps[TABLES.steps["path"] == path["id"]]
        places = [text.index(sentence) for sentence in steps["sentence"]]
        assert places == sorted(places)
        assert all(f'href="#event-{event}"' in html for event in steps["event"])


def test_works_are_compared_one_above_the_other() -> None:
    films = ("Anora", "Babygirl")
    both = TABLES.events[TABLES.events["works"].map(lambda works: not set(films).isdisjoint(works))]
    timeline = Timeline(both, tables=TABLES, compare=films, name="films")
    assert timeline.panels == list(films)
    assert 'id="event-films-anora-palme-dor"' in timeline.html
    panels = {row["id"]: row["panels"] for row in timeline.rows}
    assert panels["anora-palme-dor"] == [0]
    assert panels["talbot-coordinated-babygirl"] == [1]
    with pytest.raises(ValueError, match="none of the works compared: Anora, Babygirl"):
        Timeline(chapter("history"), tables=TABLES, compare=films)


def test_who_is_a_person_or_a_body(timeline: Timeline) -> None:
    timeline.who = "lizzy-talbot"
    assert (timeline.visible["people"].map(lambda people: "lizzy-talbot" in people)).all()
    timeline.who = "Lizzy Talbot"
    assert timeline.who == "lizzy-talbot"
    timeline.who = "a24"
    assert (timeline.visible["organisations"].map(lambda bodies: "a24" in bodies)).all()
    assert len(timeline.visible)


def test_two_runs_store_the_same() -> None:
    first, second = (Timeline(chapter("anora"), title="Same", tables=TABLES)._stored() for _ in range(2))
    assert first == second


class Text(HTMLParser):
    """The text, the links and the tags of a piece of HTML."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text, self.quiet = "", False
        self.links: list[str | None] = []
        self.tags: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.quiet = tag == "script"
        if tag == "a":
            self.links.append(dict(attributes)["href"])

    def handle_endtag(self, tag: str) -> None:
        self.quiet = False

    def handle_data(self, data: str) -> None:
        if not self.quiet:
            self.text += data


@pytest.mark.parametrize("name", CHAPTERS)
def test_the_stored_html_holds_every_event_whole(name: str) -> None:
    page = Text(Timeline(chapter(name), title=name, tables=TABLES)._stored())
    for event in chapter(name).to_dict("records"):
        for part in (
            dates.in_words(event["date"], event["end_date"]),
            event["title"],
            event["summary"],
            event["confidence"],
            event["dispute"],
            event["note"],
        ):
            assert part in page.text
        for source in event["sources"]:
            assert TABLES.sources.loc[source, "url"] in page.links


def test_hostile_text_is_text() -> None:
    nasty = "</script><script>alert(1)</script><img src=x onerror=alert(2)> & \" ' \u202e \u2028 ]]>"
    events = pd.DataFrame(
        [
            {
                "id": "one",
                "date": "2020",
                "title": nasty,
                "summary": nasty,
                "kind": nasty,
                "confidence": nasty,
                "dispute": nasty,
                "note": nasty,
                "people": (nasty,),
                "organisations": (nasty,),
                "works": (nasty,),
                "regions": (nasty,),
                "sources": (nasty,),
            }
        ]
    )
    timeline = Timeline(events, title=nasty, tables=TABLES)
    page = Text(timeline._stored())
    assert page.tags.count("script") == 1
    assert "img" not in page.tags
    assert nasty in page.text
    state = timeline._stored().partition('class="timeline-state">')[2].partition("</script>")[0]
    assert json.loads(state)["rows"] == timeline.rows


TRICKY = st.sampled_from("aAàÅßİıſﬁǆ’'Ωάς x\n\t\u00a0\u0301\u200d\u202e漢عB")
WORDS = st.text(TRICKY | st.characters(exclude_categories=("Cs", "Cn")), max_size=12)
SOME = st.sampled_from("pqr")
YEARS = st.integers(1900, 2030)
ROWS = st.fixed_dictionaries(
    {
        "id": st.just("x"),
        "kind": st.sampled_from("abc"),
        "from": YEARS,
        "to": YEARS,
        "who": st.lists(SOME, max_size=3),
        "regions": st.lists(SOME, max_size=2),
        "confidence": st.sampled_from(["", "p", "q"]),
        "article": st.booleans(),
        "paths": st.lists(SOME, max_size=2),
        "text": WORDS,
    }
)
ANY = st.sampled_from(["", "p", "q", "z"])
VIEWS = st.fixed_dictionaries(
    {
        "query": WORDS,
        "kinds": st.lists(st.sampled_from("abc"), max_size=3),
        "from_year": st.none() | YEARS,
        "to_year": st.none() | YEARS,
        "who": ANY,
        "region": ANY,
        "confidence": ANY,
        "article": st.booleans(),
        "path": ANY,
    }
)


Pair = tuple[dict[str, Any], dict[str, Any]]


@pytest.fixture(scope="module")
def javascript_matches(browser: Browser, serve: Serve) -> Iterator[Callable[[list[Pair]], list[bool]]]:
    """The module's own filter, run in Chromium over many (row, view) pairs at once."""
    page = browser.new_page()
    page.goto(serve(ROOT / "chapters" / "companion") + "/static/host.js")
    yield lambda pairs: page.evaluate(
        "async (pairs) => { const { default: timeline } = await import('/timeline.mjs');"
        " return pairs.map(([row, view]) => timeline.matches(row, view)); }",
        pairs,
    )
    page.close()


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(pairs=st.lists(st.tuples(ROWS, VIEWS), min_size=1, max_size=60))
def test_python_and_javascript_leave_the_same_events(
    javascript_matches: Callable[[list[Pair]], list[bool]], pairs: list[Pair]
) -> None:
    assert javascript_matches(pairs) == [matches(row, view) for row, view in pairs]
