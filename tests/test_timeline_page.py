"""The timeline as its readers use it: chart, counts, paths, links, files, keys, and what it must survive."""

from __future__ import annotations

import csv
import io
import itertools
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import pandas as pd
import pytest
from axe_playwright_python.sync_playwright import Axe
from companion import Timeline, load
from companion.filter import matches
from companion.pages import classic_timeline
from conftest import ROOT, OpenPage, Reader, Serve, there
from playwright.sync_api import Browser, Locator, Page, expect

TABLES = load()
MANY = int(os.environ.get("ACTIONS", "500"))
"""Random actions; `make audit` takes ten thousand."""
COMPANION = ROOT / "chapters" / "companion"


def chapter(name: str) -> pd.DataFrame:
    return TABLES.events[TABLES.events["chapters"].map(lambda chapters: name in chapters)]


class Stand(Protocol):
    """What the fixture `stand` gives."""

    def __call__(self, *timelines: Timeline, query: str = "", **options: Any) -> Reader: ...


@pytest.fixture
def stand(open_page: OpenPage, serve: Serve, tmp_path: Path) -> Stand:
    """stand(timeline, query="", …) -> Reader of a page that holds nothing but the timeline, as the book stores it."""

    def visit(*timelines: Timeline, query: str = "", **options: Any) -> Reader:
        css = (COMPANION / "timeline.css").read_text("utf-8")
        stored = "".join(f"<div>{timeline._stored()}</div>" for timeline in timelines)
        html = (
            '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
            f'<title>A page</title><style>{css}</style><link rel="icon" href="data:,"><main style="max-width:720px">'
            f"<h1>A page</h1><h2>A part</h2>{stored}</main><script>{classic_timeline()}</script></html>"
        )
        (tmp_path / "page.html").write_text(html, "utf-8")
        return open_page(f"{serve(tmp_path)}/page.html{query}", **options)

    return visit


@pytest.fixture
def history(stand: Stand) -> Reader:
    reader = stand(
        Timeline(chapter("history"), title="History", tables=TABLES), permissions=["clipboard-read", "clipboard-write"]
    )
    expect(reader.page.locator("svg.timeline-live")).to_be_visible()
    return reader


def ids(events: Locator) -> list[str]:
    found: list[str] = events.evaluate_all("items => items.map(item => item.id.slice(6))")
    return found


def shown(page: Page) -> list[str]:
    return ids(page.locator(".timeline-events li:visible"))


def current(page: Page) -> list[str]:
    return ids(page.locator(".timeline-events li[aria-current]"))


def years(page: Page) -> list[int]:
    """The years that the chart's axis names; it is drawn a moment after the list."""
    expect(page.locator("svg.timeline-live text")).not_to_have_count(0)
    return [int(text) for text in page.locator("svg.timeline-live text").all_text_contents() if text.isdecimal()]


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def expect_in_list(page: Page, event: str) -> None:
    """The event's text begins within the list's window."""
    page.wait_for_function(
        """(id) => {
          const [item, list] = [document.getElementById(id), document.querySelector(".timeline-events")];
          const top = item.getBoundingClientRect().top - list.getBoundingClientRect().top;
          return 0 <= top && top < list.clientHeight - 40;
        }""",
        arg=f"event-{event}",
    )


class TestReading:
    def test_the_chart_zooms_to_the_years_asked_for_and_back(self, history: Reader) -> None:
        page = history.page
        assert min(years(page)) == 1934
        expect(page.get_by_role("button", name="Show all years")).to_be_hidden()
        page.get_by_role("spinbutton", name="From year").fill("2018")
        page.get_by_role("spinbutton", name="To year").fill("2020")
        chart = page.get_by_role("img", name=re.compile("^Chart of the events from 2018 to 2020"))
        expect(chart).to_be_visible()
        assert (min(years(page)), max(years(page))) == (2018, 2020)
        drawn = chart.locator("path[data-event]").evaluate_all("marks => marks.map(mark => mark.dataset.event)")
        assert sorted(drawn) == sorted(shown(page))
        press(page, "Show all years")
        expect(page.get_by_role("spinbutton", name="From year")).to_have_value("")
        expect(page.get_by_role("img", name=re.compile("^Chart of the events from 1934"))).to_be_visible()

    def test_one_year_is_told_in_months(self, history: Reader) -> None:
        page = history.page
        page.get_by_role("spinbutton", name="From year").fill("2020")
        page.get_by_role("spinbutton", name="To year").fill("2020")
        expect(page.locator("svg.timeline-live text", has_text="Jul")).to_have_count(1)

    def test_a_drag_across_the_chart_asks_for_its_years(self, history: Reader) -> None:
        page = history.page
        ticks = {
            text: there(page.locator("svg.timeline-live text", has_text=text).bounding_box())
            for text in ("2018", "2020")
        }
        middle = {text: box["x"] + box["width"] / 2 for text, box in ticks.items()}
        height = there(page.locator("svg.timeline-live").bounding_box())["y"] + 40
        page.mouse.move(middle["2018"] + 4, height)
        page.mouse.down()
        page.mouse.move(middle["2020"] - 4, height, steps=4)
        expect(page.locator("svg.timeline-live .brush")).to_be_visible()
        page.mouse.up()
        expect(page.get_by_role("spinbutton", name="From year")).to_have_value("2018")
        expect(page.get_by_role("spinbutton", name="To year")).to_have_value("2019")
        assert page.locator("svg.timeline-live .brush").count() == 0

    def test_no_mark_or_label_covers_another(self, history: Reader) -> None:
        page = history.page
        for width in (1280, 390):
            page.set_viewport_size({"width": width, "height": 900})
            page.wait_for_timeout(300)
            for part in ("path[data-event]", "text"):
                boxes = page.locator(f"svg.timeline-live {part}").evaluate_all(
                    "all => all.map(e => e.getBoundingClientRect()).map(b => [b.left, b.top, b.right, b.bottom])"
                )
                assert len(boxes) > 8
                covered = [
                    (a, b)
                    for a, b in itertools.combinations(boxes, 2)
                    if min(a[2], b[2]) - max(a[0], b[0]) > 2 and min(a[3], b[3]) - max(a[1], b[1]) > 2
                ]
                assert covered == [], (width, part)

    def test_precision_is_width_and_dispute_is_shape(self, history: Reader) -> None:
        page = history.page
        page.get_by_role("spinbutton", name="From year").fill("2015")
        expect(page.get_by_role("img", name=re.compile("from 2015 to"))).to_be_visible()
        events = chapter("history")
        known_to_the_year = events[
            (events["date"].str.len() == 4) & (events["date"] > "2015") & (events["end_date"] == "")
        ]
        bars = page.locator("svg.timeline-live rect.span")
        widths = {
            bar[0]: bar[1]
            for bar in bars.evaluate_all("bars => bars.map(bar => [bar.dataset.event, bar.width.baseVal.value])")
        }
        year = {round(widths[id]) for id in known_to_the_year["id"]}
        assert max(year) - min(year) <= 1
        assert not set(widths) & set(events.loc[(events["date"].str.len() == 10) & (events["end_date"] == ""), "id"])
        shapes = page.locator("svg.timeline-live path[data-event]").evaluate_all(
            "marks => marks.map(mark => [mark.dataset.event, mark.getAttribute('d')])"
        )
        by_confidence = {events.loc[id, "confidence"]: d for id, d in shapes}
        assert by_confidence["disputed"] not in (by_confidence["confirmed"], by_confidence["reported"])
        fills = [
            page.locator(f"svg.timeline-live path.{kind}").first.evaluate("mark => getComputedStyle(mark).fill")
            for kind in ("confirmed", "reported")
        ]
        assert fills[0] != fills[1]

    def test_chart_and_list_select_each_other_and_a_card_tells_the_event(self, history: Reader) -> None:
        page = history.page
        mark = page.locator("svg.timeline-live path.disputed").first
        name = there(mark.get_attribute("data-event"))
        event = TABLES.events.loc[name]
        mark.click(force=True)
        assert current(page) == [name]
        expect_in_list(page, name)
        card = page.locator(".timeline-card")
        for text in (event["title"], event["summary"], event["dispute"], event["confidence"], *event["works"]):
            expect(card).to_contain_text(text)
        for person in event["people"]:
            expect(card).to_contain_text(TABLES.people.loc[person, "name"])
        assert card.locator(".event-sources a").count() == len(event["sources"])
        assert page.locator("[id]").evaluate_all("all => all.length === new Set(all.map(e => e.id)).size")
        other = shown(page)[3]
        page.locator(f"#event-{other} .event-title").click()
        assert current(page) == [other]
        expect(page.locator(f"svg.timeline-live path.selected[data-event='{other}']")).to_have_count(1)
        expect(card).to_be_hidden()

    def test_two_works_stand_on_one_axis_and_move_together(self, stand: Stand) -> None:
        films = ("Anora", "Babygirl")
        both = TABLES.events[TABLES.events["works"].map(lambda works: not set(films).isdisjoint(works))]
        page = stand(Timeline(both, title="Two films", tables=TABLES, compare=films, name="films")).page
        panels = page.locator("svg.timeline-live text.panel")
        expect(panels).to_have_text(list(films))
        page.get_by_role("spinbutton", name="From year").fill("2025")
        expect(page.get_by_role("img", name=re.compile("from 2025 to 2025"))).to_be_visible()
        (_, border), *marks = page.locator("svg.timeline-live").evaluate(
            """chart => [chart.querySelectorAll("text.panel")[1], ...chart.querySelectorAll("path[data-event]")]
              .map(part => [part.dataset.event, part.getBoundingClientRect().top])"""
        )
        assert marks
        for id, y in marks:
            assert ("Anora" if y < border else "Babygirl") in both.loc[id, "works"]
            assert both.loc[id, "latest"].year >= 2025

    def test_two_timelines_on_a_page_keep_to_themselves(self, stand: Stand) -> None:
        one = Timeline(chapter("anora"), title="One", tables=TABLES)
        two = Timeline(chapter("anora"), title="Two", tables=TABLES, name="two")
        page = stand(one, two, query="?in=two&q=london").page
        counts = page.get_by_role("status")
        assert counts.nth(0).inner_text() == f"Showing {len(one.rows)} of {len(one.rows)} events"
        two.query = "london"
        assert counts.nth(1).inner_text() == f"Showing {len(two.visible)} of {len(two.rows)} events"
        page.get_by_role("button", name="Copy link to this view").nth(1).click()
        assert page.url.endswith("?in=two&q=london")


class TestAsking:
    @pytest.mark.parametrize(
        "view",
        [
            {},
            {"query": "union"},
            {"kinds": ["rule"], "from_year": 2018},
            {"region": "United Kingdom", "confidence": "reported"},
            {"article": True, "kinds": ["profession"]},
            {"who": "alicia-rodis", "to_year": 2019},
        ],
    )
    def test_every_option_says_what_it_would_leave(self, stand: Stand, view: dict[str, Any]) -> None:
        timeline = Timeline(chapter("history"), title="History", tables=TABLES)
        for name, value in view.items():
            setattr(timeline, name, value)
        parameters = {"query": "q", "kinds": "kind", "from_year": "from", "to_year": "to"}
        query = "&".join(
            f"{parameters.get(name, name)}={1 if value is True else value[0] if name == 'kinds' else value}"
            for name, value in view.items()
        )
        page = stand(timeline, query=f"?{query}").page

        def left(**change: Any) -> str:
            asked = {name: getattr(timeline, name) for name in parameters} | {
                name: getattr(timeline, name) for name in ("who", "region", "confidence", "article", "path")
            }
            asked |= change
            count = sum(matches({**row, "text": timeline._texts[row["id"]]}, asked) for row in timeline.rows)
            return str(count or "none")

        assert sorted(shown(page)) == sorted(timeline.visible["id"])
        for kind in timeline.lanes:
            box = page.get_by_role("checkbox", name=kind, exact=True)
            expect(box).to_have_accessible_description(left(kinds=[kind]))
        article = page.get_by_role("checkbox", name="Only what the article mentions", exact=True)
        expect(article).to_have_accessible_description(left(article=True))
        for label, name in (("Region", "region"), ("Confidence", "confidence"), ("Person or organisation", "who")):
            box = page.get_by_role("combobox", name=label)
            for value, text in box.locator("option").evaluate_all(
                "all => all.slice(0, 25).map(o => [o.value, o.text])"
            ):
                if value:
                    assert text == f"{timeline.names.get(value, value)} ({left(**{name: value})})"

    def test_an_empty_result_says_what_to_loosen(self, history: Reader) -> None:
        page = history.page
        page.get_by_role("combobox", name="Region").select_option("Canada")
        page.get_by_role("spinbutton", name="To year").fill("1990")
        canada = chapter("history")["regions"].map(lambda regions: "Canada" in regions).sum()
        early = (chapter("history")["earliest"].dt.year <= 1990).sum()
        none = page.locator(".timeline-none")
        expect(none).to_contain_text(f"without the years, {canada}")
        expect(none).to_contain_text(f"without the region, {early}")
        page.get_by_role("searchbox").fill("no event holds this")
        expect(none).to_contain_text("loosening one alone brings none back")
        press(page, "Reset")
        expect(none).to_be_empty()

    def test_steps_lead_through_what_is_shown(self, history: Reader) -> None:
        page = history.page
        page.get_by_role("checkbox", name="profession", exact=True).uncheck()
        order = shown(page)
        for expected in order[:3]:
            press(page, "Next event")
            assert current(page) == [expected]
            expect(page.locator("[aria-live]").first).to_contain_text(str(TABLES.events.loc[expected, "title"]))
        press(page, "Previous event")
        assert current(page) == [order[1]]
        press(page, "Previous event")
        press(page, "Previous event")
        assert current(page) == [order[0]]
        expect(page.get_by_text("There is no earlier event in this view.")).to_be_visible()
        press(page, "Close")
        assert current(page) == []
        expect(page.locator(".timeline-card")).to_be_hidden()

    def test_a_guided_path_is_walked_in_its_order(self, history: Reader) -> None:
        page = history.page
        path = TABLES.paths.loc["what-required-means"]
        steps = TABLES.steps[TABLES.steps["path"] == path["id"]].to_dict("records")
        page.get_by_role("combobox", name="Guided path").select_option(label=str(path["title"]))
        for number, step in enumerate(steps, 1):
            card = page.locator(".timeline-card")
            expect(card).to_contain_text(f"{path['title']}, step {number} of {len(steps)}.")
            expect(card).to_contain_text(step["sentence"])
            expect(card).to_contain_text(str(TABLES.events.loc[step["event"], "title"]))
            assert current(page) == [step["event"]]
            press(page, "Next event")
        expect(page.get_by_text("There is no later event on this path.")).to_be_visible()
        assert sorted(shown(page)) == sorted(step["event"] for step in steps)
        press(page, "Close")
        assert len(shown(page)) == len(chapter("history"))

    def test_a_link_starts_a_path(self, stand: Stand) -> None:
        timeline = Timeline(chapter("babygirl"), title="B", tables=TABLES)
        page = stand(timeline, query="?q=nothing#path-two-sets-one-coordinator").page
        expect(page.locator(".timeline-card")).to_contain_text("Two sets, one coordinator, step 1 of 9.")
        assert len(shown(page)) == 9


class TestSharing:
    def test_a_link_restores_the_whole_view(self, history: Reader) -> None:
        page = history.page
        page.get_by_role("searchbox").fill("coordinator")
        page.get_by_role("checkbox", name="rule", exact=True).uncheck()
        page.get_by_role("combobox", name="Region").select_option("United States")
        page.get_by_role("combobox", name="Confidence").select_option("confirmed")
        page.get_by_role("checkbox", name="Only what the article mentions").check()
        page.get_by_role("spinbutton", name="From year").fill("2015")
        press(page, "Next event")
        press(page, "Copy link to this view")
        link = page.evaluate("navigator.clipboard.readText()")
        before = shown(page), current(page), years(page)
        assert 0 < len(before[0]) < 10
        page.goto("about:blank")
        page.goto(link)
        expect(page.locator("svg.timeline-live")).to_be_visible()
        assert (shown(page), current(page), years(page)) == before

    def test_what_is_shown_can_be_taken_as_csv(self, history: Reader) -> None:
        page = history.page
        page.get_by_role("combobox", name="Region").select_option("Canada")
        with page.expect_download() as download:
            press(page, "Download as CSV")
        rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text("utf-8-sig"))))
        assert download.value.suggested_filename == "History.csv"
        assert [row["id"] for row in rows] == shown(page)
        for row in rows:
            event = TABLES.events.loc[row["id"]]
            for name in ("date", "title", "summary", "kind", "confidence", "dispute", "note"):
                assert row[name] == event[name]
            assert row["links"].split() == [TABLES.sources.loc[source, "url"] for source in event["sources"]]
            assert row["people"] == ", ".join(TABLES.people.loc[id, "name"] for id in event["people"])

    def test_no_cell_of_the_file_is_a_formula(self, stand: Stand) -> None:
        events = pd.DataFrame([{"id": "a", "date": "2020", "title": "=1+1", "summary": '@x "y", z', "kind": "-law"}])
        page = stand(Timeline(events, tables=TABLES)).page
        with page.expect_download() as download:
            press(page, "Download as CSV")
        row = next(csv.DictReader(io.StringIO(Path(download.value.path()).read_text("utf-8-sig"))))
        assert (row["title"], row["summary"], row["kind"]) == ("'=1+1", '\'@x "y", z', "'-law")

    def test_an_event_can_be_cited(self, history: Reader) -> None:
        page = history.page
        page.locator("#event-hbo-coordinator-policy .event-title").click()
        press(page, "Copy citation")
        text = page.evaluate("navigator.clipboard.readText()")
        event = TABLES.events.loc["hbo-coordinator-policy"]
        assert text.startswith(
            f"“{event['title']}”, October 2018. Who Is in the Room?, timeline “History”. http://127.0.0.1"
        )
        assert "page.html#event-hbo-coordinator-policy. Sources: " in text
        assert TABLES.sources.loc[event["sources"][0], "title"] in text


STATES: dict[str, Callable[[Page, Locator], object]] = {
    "plain": lambda page, timeline: None,
    "filtered": lambda page, timeline: timeline.get_by_role("searchbox").fill("london"),
    "empty": lambda page, timeline: timeline.get_by_role("searchbox").fill("no event holds this"),
    "zoomed": lambda page, timeline: timeline.get_by_role("spinbutton", name="From year").fill("2025"),
    "selected": lambda page, timeline: timeline.get_by_role("button", name="Next event").click(),
    "path running": lambda page, timeline: timeline.get_by_role("combobox", name="Guided path").select_option(index=1),
}


BRIEF = {"resultTypes": ["violations"]}
"""For axe: all rules, and no list of what keeps to them."""
UNCOLOURED = BRIEF | {"rules": {"color-contrast": {"enabled": False}}}
COLOURS = BRIEF | {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}


class TestAccess:
    @pytest.mark.parametrize("width", [320, 1280])
    def test_axe_finds_nothing_in_any_state(self, open_page: OpenPage, site: str, width: int) -> None:
        page = open_page(f"{site}/chapters/anora.html", width=width).page
        timeline = page.locator("section.timeline").first
        if width == 320:
            timeline.locator("summary", has_text="Filters").click()
        # What is shown and in what colour does not depend on the width; `make audit` asks all of every state at both.
        narrow = width == 320
        for name in STATES if narrow else ("selected", "path running"):
            STATES[name](page, timeline)
            page.wait_for_timeout(100)
            options = UNCOLOURED if narrow else BRIEF
            found = Axe().run(page, context="section.timeline, .timeline-paths", options=options)
            assert found.violations_count == 0, f"{name}: {found.generate_report()}"
            assert page.evaluate("document.documentElement.scrollWidth") <= width, name
            timeline.get_by_role("button", name="Reset").click()

    # Colours do not depend on the width, and the page as it comes is among those that test_pages.py has in every look.
    # Of the states one alone adds a colour, the background of the event that is selected; `make audit` takes them all.
    @pytest.mark.parametrize("look", [{"scheme": "dark"}, {"forced_colors": "active"}], ids=str)
    def test_axe_finds_nothing_in_other_colours(self, open_page: OpenPage, site: str, look: dict[str, Any]) -> None:
        page = open_page(f"{site}/chapters/anora.html", **look).page
        STATES["selected"](page, page.locator("section.timeline").first)
        expect(page.locator(".timeline-card")).to_be_visible()
        found = Axe().run(page, context="section.timeline", options=COLOURS)
        assert found.violations_count == 0, found.generate_report()

    def test_axe_finds_nothing_in_a_comparison(self, open_page: OpenPage, site: str) -> None:
        page = open_page(f"{site}/chapters/babygirl.html", width=320).page
        page.get_by_role("region", name="Anora and Babygirl on one axis", exact=True).get_by_role(
            "button", name="Next event"
        ).click()
        found = Axe().run(page, context="section.timeline:has(.panel)", options=BRIEF)
        assert found.violations_count == 0, found.generate_report()
        # Two timelines on a page have no group of the same name.
        kinds = page.get_by_role("group", name=re.compile("^Kinds"), include_hidden=True)
        assert kinds.count() == 2
        assert page.get_by_role("group", name="Kinds: Anora and Babygirl on one axis", include_hidden=True).count() == 1

    def test_a_list_that_does_not_scroll_is_no_tab_stop_and_its_events_are_reached(self, history: Reader) -> None:
        page = history.page
        listed = page.locator(".timeline-events").first
        expect(listed).to_have_attribute("tabindex", "0")
        page.get_by_role("searchbox", name="Search events").first.fill("Hays Code")
        expect(listed).not_to_have_attribute("tabindex", "0")
        assert len(shown(page)) in (1, 2)
        page.get_by_role("button", name="Download as CSV").first.focus()
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.closest('li')?.id") == f"event-{shown(page)[0]}"
        page.keyboard.press("ArrowDown")
        assert page.evaluate("document.activeElement.id") == f"event-{shown(page)[-1]}"
        page.get_by_role("button", name="Reset").first.click()
        expect(listed).to_have_attribute("tabindex", "0")

    def test_the_keyboard_reaches_all_in_a_sensible_order(self, history: Reader) -> None:
        page = history.page
        page.get_by_role("button", name="Previous event").focus()
        names = []
        for _ in range(40):
            names.append(
                page.evaluate(
                    "(() => { const e = document.activeElement; return e.closest('li[id]')?.id"
                    " || e.labels?.[0]?.textContent || e.getAttribute('aria-label') || e.textContent; })()"
                )
            )
            page.keyboard.press("Tab")
        first = shown(page)[0]
        order = list(dict.fromkeys(re.sub(r"(Anyone|Anywhere|Any|None).*", "", name) for name in names))
        assert order[: order.index(f"event-{first}") + 1] == [
            *("Previous event", "Next event", "Search events", "Guided path", "Filters"),
            *("practice", "statement", "debate", "rule", "law", "profession", "incident"),
            *(
                "From year",
                "To year",
                "Person or organisation",
                "Region",
                "Confidence",
                "Only what the article mentions",
            ),
            *("Reset", "Copy link to this view", "Download as CSV", "Events: History", f"event-{first}"),
        ]

    def test_a_journey_without_a_mouse(self, history: Reader) -> None:
        page = history.page
        page.get_by_role("searchbox").focus()
        page.keyboard.type("union")
        page.keyboard.press("Tab")
        page.locator(".timeline-events").focus()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowDown")
        second = shown(page)[1]
        assert page.evaluate("document.activeElement.id") == f"event-{second}"
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid"
        page.keyboard.press("Enter")
        assert current(page) == [second]
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.closest('li').id") == f"event-{second}"
        assert page.evaluate("document.activeElement.tagName") == "A"

    def test_the_accessibility_tree_of_each_state(self, history: Reader) -> None:
        page = history.page
        region = page.get_by_role("region", name="History", exact=True)
        count = len(chapter("history"))
        expect(region).to_match_aria_snapshot(f"""
            - region "History":
              - heading "History" [level=3]
              - figure:
                - img /Chart of the events from 1934 to 2026, in lanes by kind. {count} of {count} are shown/
              - group "Step through the events":
                - button "Previous event"
                - button "Next event"
              - searchbox "Search events"
              - group:
                - 'group "Kinds: History"':
                  - checkbox "practice" [checked]
                - combobox "Region"
              - button "Reset"
              - status: Showing {count} of {count} events
              - 'region "Events: History"':
                - heading "1934" [level=4]
                - list:
                  - listitem
        """)
        page.get_by_role("searchbox").fill("no event holds this")
        expect(region).to_match_aria_snapshot(f"""
            - region "History":
              - status: Showing 0 of {count} events
              - paragraph: /No event matches all of these filters. without the search, {count}/
        """)
        press(page, "Reset")
        press(page, "Next event")
        expect(region).to_match_aria_snapshot("""
            - region "History":
              - group "Step through the events":
                - button "Previous event"
                - button "Next event"
                - button "Copy citation"
                - button "Close"
                - paragraph: "/1934 to 1968: Hollywood studios/"
        """)

    @pytest.mark.parametrize("zone", ["America/Los_Angeles", "Europe/London", "Pacific/Kiritimati", "Asia/Tokyo"])
    def test_a_date_is_the_same_everywhere(self, stand: Stand, zone: str) -> None:
        timeline = Timeline(chapter("anora"), title="A", tables=TABLES)
        page = stand(timeline, query="?from=2024&to=2025#event-madison-oscar-speech-2025", timezone_id=zone).page
        assert page.locator("#event-madison-oscar-speech-2025 time").inner_text() == "2 March 2025"
        mark = page.locator("path[data-event='madison-oscar-speech-2025']").get_attribute("transform")
        here = stand(timeline, query="?from=2024&to=2025", timezone_id="UTC").page
        assert here.locator("path[data-event='madison-oscar-speech-2025']").get_attribute("transform") == mark

    @pytest.mark.parametrize("direction", ["ltr", "rtl"])
    def test_narrow_large_long_and_from_the_right(self, stand: Stand, direction: str) -> None:
        events = chapter("anora").assign(title=lambda frame: frame["title"] + " " + "Donaudampfschifffahrt" * 12)
        page = stand(Timeline(events, title="L" + "o" * 80 + "ng", tables=TABLES), width=320).page
        page.evaluate("dir => { document.dir = dir; document.documentElement.style.fontSize = '200%' }", direction)
        page.get_by_text("Filters", exact=True).click()
        press(page, "Next event")
        page.wait_for_timeout(200)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320

    def test_controls_are_large_enough_to_touch(self, history: Reader) -> None:
        sizes = history.page.locator(
            ".timeline :is(button, select, summary, label, input[type=search], input[type=number])"
        ).evaluate_all(
            "all => all.filter(e => e.checkVisibility()).map(e => [e.textContent, e.getBoundingClientRect()])"
            ".filter(([, box]) => box.width < 24 || box.height < 24).map(([text]) => text)"
        )
        assert sizes == []

    @pytest.mark.parametrize("words", ["halina-reijn", "constructor"])
    def test_paper_repeats_words_that_are_also_an_id_or_a_part_of_every_object(
        self, history: Reader, words: str
    ) -> None:
        history.page.get_by_role("searchbox").fill(words)
        history.page.emulate_media(media="print")
        expect(history.page.get_by_text(f"events were shown (q: {words}).")).to_be_visible()

    def test_paper_has_the_whole_list_and_says_what_was_filtered(self, history: Reader) -> None:
        page = history.page
        page.get_by_role("searchbox").fill("union")
        page.get_by_role("spinbutton", name="From year").fill("2020")
        count, total = len(shown(page)), len(chapter("history"))
        page.emulate_media(media="print")
        assert len(shown(page)) == total
        expect(
            page.get_by_text(f"On the screen {count} of {total} events were shown (q: union; from: 2020).")
        ).to_be_visible()
        expect(page.locator("figure.chart svg[data-width='wide']")).to_be_visible()
        expect(page.locator("svg.timeline-live")).to_be_hidden()
        assert all(
            step in page.locator("body").inner_text()
            for step in TABLES.steps[TABLES.steps["path"] == "what-required-means"]["sentence"]
        )
        assert page.pdf()[:4] == b"%PDF"

    def test_nothing_listens_on_the_document(self, browser: Browser, stand: Stand) -> None:
        reader = stand(Timeline(chapter("anora"), title="A", tables=TABLES))
        session = reader.page.context.new_cdp_session(reader.page)
        document = session.send("Runtime.evaluate", {"expression": "document"})["result"]["objectId"]
        assert session.send("DOMDebugger.getEventListeners", {"objectId": document})["listeners"] == []


HOSTILE = (
    "</script><script>hurt()</script><img src=x onerror=hurt()> & \" ' \u202e\u2066 \x00 \u2028 ]]> --> {{x}} "
    + "W" * 300
)


class TestSurviving:
    def test_hostile_text_is_text_in_every_field(self, stand: Stand) -> None:
        events = pd.DataFrame(
            [
                {
                    **dict.fromkeys(("title", "summary", "kind", "confidence", "dispute", "note"), HOSTILE),
                    **dict.fromkeys(("people", "organisations", "works", "regions", "sources"), (HOSTILE,)),
                    "id": "one",
                    "date": "2020",
                },
                {"id": "two", "date": "2021", "title": "T" * 10_000, "kind": "law"},
            ]
        )
        reader = stand(Timeline(events, title=HOSTILE, tables=TABLES), width=320)
        page = reader.page
        page.evaluate("window.hurt = () => { window.hurtful = true }; 0")
        page.get_by_text("Filters", exact=True).click()
        page.get_by_role("searchbox").fill("hurt()")
        assert shown(page) == ["one"]
        press(page, "Next event")
        expect(page.locator(".timeline-card")).to_contain_text("<img src=x onerror=hurt()>")
        assert page.locator("section.timeline img, section.timeline script:not([type])").count() == 0
        assert page.evaluate("window.hurtful") is None
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        assert reader.complaints == []

    def test_a_link_that_asks_for_nobody_there_leaves_all_events(self, stand: Stand) -> None:
        for who in ("constructor", "__proto__", "nobody"):
            reader = stand(Timeline(chapter("anora"), title="A", tables=TABLES), query=f"?who={who}")
            assert len(shown(reader.page)) == len(chapter("anora")), who
            assert reader.complaints == []

    def test_a_page_whose_timeline_does_not_load_keeps_the_list(self, open_page: OpenPage, site: str) -> None:
        reader = open_page("about:blank")
        reader.page.route("**/timeline-*.js", lambda route: route.abort())
        reader.page.goto(f"{site}/chapters/anora.html")
        expect(reader.page.get_by_role("button", name="Notes")).to_be_visible()
        assert len(shown(reader.page)) == len(chapter("anora"))
        assert reader.page.get_by_role("searchbox", name="Search events").count() == 0
        assert reader.page.locator("section.timeline figure.chart svg").first.is_visible()

    @pytest.mark.parametrize("state", ["]broken[", "null", "{}", '{"rows": [{"id": "nobody"}], "lanes": []}', "[1, 2]"])
    def test_malformed_state_leaves_the_plain_list(
        self, stand: Stand, state: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        timeline = Timeline(chapter("anora"), title="A", tables=TABLES)
        whole = timeline._stored()
        broken = re.sub(r'(timeline-state">).*?(</script>)', lambda found: found[1] + state + found[2], whole)
        monkeypatch.setattr(timeline, "_stored", lambda: broken)
        reader = stand(timeline)
        reader.page.wait_for_timeout(100)
        assert len(shown(reader.page)) == len(timeline.rows)
        assert reader.page.get_by_role("searchbox").count() == 0
        assert reader.page.locator("figure.chart svg").first.is_visible()
        assert all("stays a plain list" in complaint for complaint in reader.complaints)

    def test_random_actions(self, browser: Browser, serve: Serve) -> None:
        """Counts are right after each, nothing is thrown, and the memory in use afterwards is what it was before."""
        timeline = Timeline(chapter("anora").head(60), title="A", tables=TABLES)
        state = {name: getattr(timeline, name) for name in ("name", "html", "rows", "names", "lanes", "panels")}
        page = browser.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(serve(COMPANION) + "/static/host.js")
        session = page.context.new_cdp_session(page)
        session.send("Performance.enable")

        def used() -> dict[str, float]:
            for _ in range(3):
                session.send("HeapProfiler.collectGarbage")
            metrics = {metric["name"]: metric["value"] for metric in session.send("Performance.getMetrics")["metrics"]}
            return {name: metrics[name] for name in ("JSHeapUsedSize", "Nodes", "JSEventListeners")}

        page.evaluate(ACTIONS, [state, timeline._texts])
        act = "async ([from, to]) => { for (let n = from; n < to; n += 1) await window.act(n); return window.wrong; }"
        assert page.evaluate(act, [0, 500]) == []
        before = used()
        assert page.evaluate(act, [500, 500 + MANY]) == []
        after = used()
        assert errors == []
        assert after["JSHeapUsedSize"] < before["JSHeapUsedSize"] * 1.05 + 200_000, (before, after)
        assert after["Nodes"] <= before["Nodes"] + 500, (before, after)
        assert after["JSEventListeners"] <= before["JSEventListeners"] + 20, (before, after)

        # Shown and taken away again, as a re-run cell does: nothing stays behind.
        page.evaluate("window.again(5)")
        before = used()
        page.evaluate("window.again(30)")
        after = used()
        assert after["Nodes"] <= before["Nodes"] + 500, (before, after)
        assert after["JSEventListeners"] <= before["JSEventListeners"] + 5, (before, after)
        page.close()


ACTIONS = """async ([state, texts]) => {
  const { default: timeline } = await import("/timeline.mjs");
  document.body.innerHTML = "<main></main>";
  const view = { query: "", kinds: state.lanes, from_year: null, to_year: null, who: "", region: "", confidence: "",
    article: false, path: "" };
  const model = () => {
    const values = { ...state, ...view, selected: "" }, listeners = new Map();
    return {
      values, listeners, get: (name) => values[name],
      set(name, value) { values[name] = value; for (const f of [...listeners.get(`change:${name}`) ?? []]) f(); },
      on(event, f) { listeners.set(event, (listeners.get(event) ?? new Set()).add(f)); },
      off(event, f) { listeners.get(event)?.delete(f); }, save_changes() {},
    };
  };
  const el = document.querySelector("main"), it = model();
  timeline.render({ model: it, el });
  let seed = 7;
  const random = (n) => (seed = (seed * 1103515245 + 12345) % 2147483648) % n;
  const field = (name) => [...el.querySelectorAll("label")].find((label) => label.textContent.startsWith(name))
    .querySelector("input, select");
  const happens = (name) => new Event(name, { bubbles: true });
  const type = (input, value) => { input.value = value; input.dispatchEvent(happens("input")); };
  const pick = (name) => {
    const select = field(name);
    select.selectedIndex = random(select.options.length);
    select.dispatchEvent(happens("change"));
  };
  const press = (name) => [...el.querySelectorAll("button")].find((button) => button.textContent === name).click();
  const key = (key) => el.querySelector(".timeline-events li:has(a[tabindex='0'])")
    ?.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
  const words = ["baker", "madison london", "zzz", "", "", "é", "film 2024", "coordinator"];
  const actions = [
    () => type(field("Search events"), words[random(words.length)]),
    () => { const boxes = el.querySelectorAll("fieldset input"); boxes[random(boxes.length)].click(); },
    () => type(field("From year"), ["", "2023", "2024", "20", "2999"][random(5)]),
    () => type(field("To year"), ["", "2023", "2025", "x", "1900"][random(5)]),
    () => pick("Person or organisation"), () => pick("Region"), () => pick("Confidence"), () => pick("Guided path"),
    () => field("Only what").click(), () => press("Next event"), () => press("Previous event"), () => press("Reset"),
    () => press("Reset"), () => press("Show all years"), () => press("Close"),
    () => key(["ArrowDown", "End", "Home", "ArrowUp", "Enter"][random(5)]),
    () => it.set("selected", state.rows[random(state.rows.length)].id),
  ];
  window.wrong = [];
  window.act = async (n) => {
    const action = actions[random(actions.length)];
    action();
    await null;
    const expected = state.rows.filter((row) => timeline.matches({ ...row, text: texts[row.id] }, it.values)).length;
    const told = el.querySelector("[role=status]").textContent;
    const left = el.querySelectorAll(".timeline-events li:not([hidden])").length;
    if (told !== `Showing ${expected} of ${state.rows.length} events` || left !== expected)
      window.wrong.push(`${n}: ${action}: ${told}, in the list ${left}, expected ${expected}`);
    if (n % 20 === 0) await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  };
  window.again = async (times) => {
    for (let n = 0; n < times; n += 1) {
      const other = document.body.appendChild(document.createElement("div")), its = model();
      const stop = timeline.render({ model: its, el: other });
      await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
      stop();
      if ([...its.listeners.values()].some((left) => left.size)) throw new Error("a listener stayed on the model");
      other.remove();
    }
  };
}"""


class TestScale:
    """Ten thousand events: what a reader does with a hundred works with them too (times are for `make bench`)."""

    @pytest.fixture(scope="class")
    def many(self) -> Timeline:
        rows = [
            {
                "id": f"event-{n:05}",
                "date": str(1930 + n % 97),
                "title": f"Happening {n:05} {'rare' if n % 1000 == 0 else ''}",
                "summary": "Words that stand for what happened then, long enough to wrap. " * 3,
                "kind": ("film", "law", "rule")[n % 3],
                "confidence": "confirmed",
            }
            for n in range(10_000)
        ]
        return Timeline(pd.DataFrame(rows), title="Many", tables=TABLES)

    def test_all_of_it_works(self, stand: Stand, many: Timeline) -> None:
        reader = stand(many)
        page = reader.page
        expect(page.get_by_role("status")).to_have_text("Showing 10000 of 10000 events", timeout=60_000)
        assert page.locator("svg.timeline-live *").count() < 200
        last = many.rows[-1]["id"]
        page.locator(".timeline-events").focus()
        page.keyboard.press("End")
        assert page.evaluate("document.activeElement.id") == f"event-{last}"
        expect(page.locator(f"#event-{last}")).to_be_in_viewport()
        assert page.evaluate(f"window.find('Happening {many.rows[5000]['id'][-5:]}')")
        page.locator(".timeline-events").evaluate("list => list.scrollTo(0, 0)")
        page.get_by_role("button", name="Previous event").click()
        expect_in_list(page, last)
        page.get_by_role("searchbox").fill("rare")
        expect(page.get_by_role("status")).to_have_text("Showing 10 of 10000 events")
        page.locator("svg.timeline-live").click(position={"x": 400, "y": 20})
        expect(page.get_by_role("button", name="Show all years")).to_be_visible()
        page.emulate_media(media="print")
        heights = page.locator(".timeline-events li").evaluate_all("items => items.map(item => item.offsetHeight)")
        assert len(heights) == 10_000
        assert min(heights) > 40
        assert reader.complaints == []


class TestLive:
    def test_it_runs_from_a_blob_in_a_shadow_root(self, browser: Browser, serve: Serve) -> None:
        """As VS Code and others load an Anywidget Front-End Module: text made a module, an element that they give."""
        timeline = Timeline(chapter("anora"), title="A", tables=TABLES)
        page = browser.new_page()
        page.goto(serve(COMPANION) + "/static/host.js")
        state = {name: getattr(timeline, name) for name in timeline.trait_names(sync=True) if not name.startswith("_")}
        state = {name: value for name, value in state.items() if name not in ("layout", "tabbable", "tooltip", "comm")}
        page.evaluate(
            """async ([source, values]) => {
                const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
                const { default: module } = await import(url);
                const root = document.body.appendChild(document.createElement("div")).attachShadow({ mode: "open" });
                const el = root.appendChild(document.createElement("div")), listeners = {};
                const model = { get: (name) => values[name], save_changes() { window.saved = { ...values }; },
                    set(name, value) { values[name] = value; (listeners[`change:${name}`] ?? []).forEach((f) => f()); },
                    on(name, f) { (listeners[name] ??= []).push(f); }, off() {} };
                module.render({ model, el });
                window.model = model;
            }""",
            [(COMPANION / "timeline.mjs").read_text("utf-8"), state],
        )
        box = page.get_by_role("spinbutton", name="From year")
        box.press_sequentially("2025")
        assert page.evaluate("window.saved.from_year") == 2025
        expect(box).to_have_value("2025")
        page.evaluate("window.model.set('from_year', 2024)")
        page.get_by_role("searchbox").focus()
        page.evaluate("window.model.set('kinds', ['film'])")
        expect(page.get_by_role("checkbox", name="statement", exact=True)).not_to_be_checked()
        assert page.get_by_role("button", name="Copy link to this view").count() == 0
        page.close()

    def test_its_traits_can_be_linked_to_core_controls(self) -> None:
        from ipywidgets import Dropdown, IntText, Text, link

        timeline = Timeline(chapter("history"), tables=TABLES)
        text, year, region = Text(), IntText(2000), Dropdown(options=["", "Canada"])
        link((timeline, "query"), (text, "value"))
        link((year, "value"), (timeline, "from_year"))
        link((timeline, "region"), (region, "value"))
        text.value, year.value, region.value = "protocol", 2010, "Canada"
        assert (timeline.query, timeline.from_year, timeline.region) == ("protocol", 2010, "Canada")
        assert set(timeline.visible["regions"].map(lambda regions: "Canada" in regions)) <= {True}

    def test_two_timelines_can_move_together(self) -> None:
        from ipywidgets import link

        one, two = (Timeline(chapter(name), tables=TABLES) for name in ("anora", "babygirl"))
        for name in ("from_year", "to_year"):
            link((one, name), (two, name))
        one.from_year = 2025
        assert two.from_year == 2025
        assert (two.visible["latest"].dt.year >= 2025).all()
