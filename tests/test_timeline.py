"""The timeline in Python: what it shows, what it leaves, and that both filters are one."""

from __future__ import annotations

import json
from html.parser import HTMLParser

import pandas as pd
import pytest
from companion import Timeline, dates, load
from companion.timeline import matches
from conftest import CHAPTERS, ROOT
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

TABLES = load()


def chapter(name: str) -> pd.DataFrame:
    return TABLES.events[TABLES.events["chapters"].map(lambda chapters: name in chapters)]


@pytest.fixture
def timeline() -> Timeline:
    return Timeline(chapter("babygirl"), title="A title", tables=TABLES)


def test_all_events_are_visible_at_first(timeline):
    assert list(timeline.visible["id"]) == list(chapter("babygirl")["id"])


def test_search_needs_every_word_and_minds_neither_case_nor_accents(timeline):
    timeline.query = "KIDMAN volpi"
    assert list(timeline.visible["id"]) == ["kidman-volpi-cup-2024"]
    timeline.query = "ita o'brien dancing"
    assert list(timeline.visible["id"]) == ["obrien-dancing-can-be-intimate-2025"]
    timeline.query = "Chelsea   Cáry"
    assert "it-ends-with-us-two-coordinators" in set(timeline.visible["id"])


def test_kinds_are_any_of_those_asked_for(timeline):
    timeline.kinds = ["law", "incident"]
    assert set(timeline.visible["kind"]) == {"law", "incident"}
    timeline.kinds = []
    assert timeline.visible.empty


def test_years_meet_the_whole_time_that_a_date_can_mean(timeline):
    timeline.from_year = timeline.to_year = 2024
    shown = timeline.visible
    assert "babygirl-shoot-winter-2023-24" in set(shown["id"])  # November 2023 to March 2024
    assert (shown["latest"].dt.year >= 2024).all()
    assert (shown["earliest"].dt.year <= 2024).all()


def test_who_is_a_person_or_a_body(timeline):
    timeline.who = "lizzy-talbot"
    assert (timeline.visible["people"].map(lambda people: "lizzy-talbot" in people)).all()
    timeline.who = "Lizzy Talbot"
    assert timeline.who == "lizzy-talbot"
    timeline.who = "a24"
    assert (timeline.visible["organisations"].map(lambda bodies: "a24" in bodies)).all()
    assert len(timeline.visible)


def test_reset_shows_all_again(timeline):
    timeline.query, timeline.kinds, timeline.from_year, timeline.who = "x", [], 1999, "a24"
    timeline.reset()
    assert len(timeline.visible) == len(chapter("babygirl"))


def test_its_name_says_what_it_holds(timeline):
    assert repr(timeline) == f"Timeline('A title', {len(chapter('babygirl'))} events, 2016 to 2026)"


def test_two_runs_store_the_same():
    first, second = (Timeline(chapter("anora"), title="Same", tables=TABLES)._stored() for _ in range(2))
    assert first == second


class Text(HTMLParser):
    """The text, the links and the tags of a piece of HTML."""

    def __init__(self, html: str):
        super().__init__()
        self.text, self.links, self.tags, self.quiet = "", [], [], False
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.quiet = tag == "script"
        if tag == "a":
            self.links.append(dict(attributes)["href"])

    def handle_endtag(self, tag):
        self.quiet = False

    def handle_data(self, data):
        if not self.quiet:
            self.text += data


@pytest.mark.parametrize("name", CHAPTERS)
def test_the_stored_html_holds_every_event_whole(name):
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


def test_hostile_text_is_text():
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


def test_few_columns_are_enough():
    events = pd.DataFrame(
        [
            {"id": "a", "date": "1999-12", "title": "One"},
            {"id": "b", "date": "2000", "title": "Two", "summary": "More", "people": ["lizzy-talbot"]},
        ]
    )
    timeline = Timeline(events, tables=TABLES)
    assert len(timeline.visible) == 2
    assert "nan" not in timeline.html.lower()
    assert 'id="event-a"' in timeline.html


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"id": "a", "date": "2020-02-30", "title": "x"}], "there is no such day"),
        ([{"id": "a", "date": "2020", "title": "x"}, {"id": "a", "date": "2021", "title": "y"}], "'a' twice"),
    ],
)
def test_bad_events_are_told(rows, message):
    with pytest.raises(ValueError, match=message):
        Timeline(pd.DataFrame(rows), tables=TABLES)


def test_no_events_make_an_empty_timeline():
    timeline = Timeline(TABLES.events.head(0), tables=TABLES)
    assert timeline.visible.empty
    assert repr(timeline) == "Timeline('Timeline', 0 events)"


WORDS = st.text(st.sampled_from("aAàÅßİıſﬁǆ’'Ωά x\n\t\u00a0\u0301\u200d漢عB"), max_size=12)
ROWS = st.fixed_dictionaries(
    {
        "id": st.just("x"),
        "kind": st.sampled_from("abc"),
        "from": st.integers(1900, 2030),
        "to": st.integers(1900, 2030),
        "who": st.lists(st.sampled_from(["p", "q", "r"]), max_size=3),
        "text": WORDS,
    }
)
VIEWS = st.fixed_dictionaries(
    {
        "query": WORDS,
        "kinds": st.lists(st.sampled_from("abc"), max_size=3),
        "from_year": st.none() | st.integers(1900, 2030),
        "to_year": st.none() | st.integers(1900, 2030),
        "who": st.sampled_from(["", "p", "q", "z"]),
    }
)


@pytest.fixture(scope="module")
def javascript_matches(browser, serve):
    """The module's own filter, run in Chromium over many (row, view) pairs at once."""
    page = browser.new_page()
    page.goto(serve(ROOT / "chapters" / "companion") + "/static/host.js")
    yield lambda pairs: page.evaluate(
        "async (pairs) => { const { default: timeline } = await import('/timeline.mjs');"
        " return pairs.map(([row, view]) => timeline.matches(row, view)); }",
        pairs,
    )
    page.close()


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(pairs=st.lists(st.tuples(ROWS, VIEWS), min_size=1, max_size=60))
def test_python_and_javascript_leave_the_same_events(javascript_matches, pairs):
    assert javascript_matches(pairs) == [matches(row, view) for row, view in pairs]
