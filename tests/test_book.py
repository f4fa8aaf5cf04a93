"""The built book as readers have it: served, from disk, on a phone, in the dark, without JavaScript or network."""

from __future__ import annotations

import csv
import re

import pytest
from conftest import BOOK, CHAPTERS, ROOT, OpenPage, Reader
from playwright.sync_api import Locator, Page, expect


def events_of(chapter: str) -> list[dict[str, str]]:
    with open(ROOT / "data" / "events.csv", encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if chapter in row["chapters"].split(";")]


def first(page: Page) -> Locator:
    """The timeline of the chapter's own events; a chapter may have a second one."""
    return page.locator("section.timeline").first


def status(page: Page) -> str:
    return first(page).get_by_role("status").inner_text()


def shown(page: Page) -> list[str]:
    ids: list[str] = first(page).locator("ol > li:visible").evaluate_all("all => all.map(item => item.id.slice(6))")
    return ids


def test_the_book_has_its_pages() -> None:
    for name in ("index", *CHAPTERS, "method", "sources"):
        assert (BOOK / "chapters" / f"{name}.html").exists()


def test_the_front_door_leads_to_the_cover(open_page: OpenPage) -> None:
    reader = open_page((BOOK / "index.html").as_uri())
    page = reader.page
    page.wait_for_url("**/chapters/index.html")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Who Is in the Room?")
    assert reader.strangers == reader.complaints == []


@pytest.mark.parametrize("chapter", CHAPTERS)
class TestTimeline:
    @pytest.fixture
    def reader(self, open_page: OpenPage, site: str, chapter: str) -> Reader:
        return open_page(f"{site}/chapters/{chapter}.html")

    def test_without_javascript_every_event_is_there(self, open_page: OpenPage, site: str, chapter: str) -> None:
        page = open_page(f"{site}/chapters/{chapter}.html", javascript=False).page
        events = events_of(chapter)
        assert sorted(shown(page)) == sorted(event["id"] for event in events)
        for event in events:
            item = page.locator(f"#event-{event['id']}")
            assert item.locator("time").get_attribute("datetime") == event["date"]
            assert item.locator(".event-confidence").inner_text() == event["confidence"]
            assert item.locator(".event-sources a").count() == len(event["sources"].split(";"))
        assert first(page).locator("figure svg").first.is_visible()
        assert first(page).get_by_role("searchbox", name="Search events").count() == 0

    def test_it_has_its_controls(self, reader: Reader, chapter: str) -> None:
        page, events = reader.page, events_of(chapter)
        region = first(page)
        title = region.locator(".timeline-title").inner_text()
        timeline = page.get_by_role("region", name=title, exact=True)
        expect(timeline).to_have_count(1)
        expect(timeline.get_by_role("searchbox", name="Search events")).to_be_visible()
        kinds = timeline.get_by_role("group", name="Kinds").get_by_role("checkbox")
        assert kinds.count() == len({event["kind"] for event in events})
        for kind in {event["kind"] for event in events}:
            expect(timeline.get_by_role("checkbox", name=kind, exact=True)).to_be_checked()
        for name in ("From year", "To year"):
            expect(timeline.get_by_role("spinbutton", name=name)).to_be_visible()
        expect(timeline.get_by_role("combobox", name="Person or organisation")).to_be_visible()
        for name in ("Reset", "Copy link to this view"):
            expect(timeline.get_by_role("button", name=name)).to_be_visible()
        assert status(page) == f"Showing {len(events)} of {len(events)} events"

    def test_every_filter_filters_and_reset_resets(self, reader: Reader, chapter: str) -> None:
        page, events = reader.page, events_of(chapter)
        count = len(events)

        def shows(expected: list[str]) -> None:
            assert status(page) == f"Showing {len(expected)} of {count} events"
            assert sorted(shown(page)) == sorted(expected)

        word = events[len(events) // 2]["title"].split()[0]
        first(page).get_by_role("searchbox").fill(word.upper())
        assert events[len(events) // 2]["id"] in shown(page)
        assert len(shown(page)) < count
        first(page).get_by_role("button", name="Reset").click()
        shows([event["id"] for event in events])
        kind = events[0]["kind"]
        first(page).get_by_role("checkbox", name=kind, exact=True).uncheck()
        shows([event["id"] for event in events if event["kind"] != kind])
        first(page).get_by_role("button", name="Reset").click()
        first(page).get_by_role("spinbutton", name="From year").fill("2025")
        first(page).get_by_role("spinbutton", name="To year").fill("2025")
        shows(
            [event["id"] for event in events if event["date"][:4] <= "2025" <= (event["end_date"] or event["date"])[:4]]
        )
        first(page).get_by_role("button", name="Reset").click()
        person = next(event["people"] for event in events if event["people"]).split(";")[0]
        first(page).get_by_role("combobox", name="Person or organisation").select_option(person)
        shows([event["id"] for event in events if person in event["people"].split(";")])
        first(page).get_by_role("searchbox").fill("no event holds this")
        shows([])
        expect(first(page).get_by_text("No event matches")).to_be_visible()
        first(page).get_by_role("button", name="Reset").click()
        shows([event["id"] for event in events])
        assert reader.complaints == []

    def test_keys_move_between_visible_events_and_select(self, reader: Reader, chapter: str) -> None:
        page = reader.page
        first(page).get_by_role("checkbox").first.uncheck()
        stops = shown(page)
        here = "document.activeElement.id.slice(6)"
        first(page).locator(".timeline-events").focus()
        for key, expected in [
            ("ArrowDown", stops[0]),
            ("ArrowDown", stops[1]),
            ("ArrowRight", stops[2]),
            ("ArrowUp", stops[1]),
            ("ArrowLeft", stops[0]),
            ("ArrowUp", stops[0]),
            ("End", stops[-1]),
            ("ArrowDown", stops[-1]),
            ("Home", stops[0]),
        ]:
            page.keyboard.press(key)
            assert page.evaluate(here) == expected, key
        page.keyboard.press("Enter")
        expect(page.locator(f"#event-{stops[0]}")).to_have_attribute("aria-current", "true")
        expect(first(page).locator("[data-event].selected")).not_to_have_count(0)
        assert first(page).locator("ol > li:has(a[tabindex='0'])").count() == 1
        page.get_by_role("heading", level=1).click()
        top = page.evaluate("window.scrollY")
        page.keyboard.press("ArrowDown")
        page.wait_for_timeout(200)
        assert page.evaluate("document.activeElement.closest('section.timeline')") is None
        assert page.evaluate("window.scrollY") >= top

    def test_a_mark_in_the_picture_selects_its_event(self, reader: Reader, chapter: str) -> None:
        page = reader.page
        mark = first(page).locator("svg.timeline-live path[data-event]").last
        name = mark.get_attribute("data-event")
        mark.click(force=True)
        expect(page.locator(f"#event-{name}")).to_have_attribute("aria-current", "true")

    def test_a_link_restores_the_view(self, open_page: OpenPage, site: str, chapter: str) -> None:
        events = events_of(chapter)
        target = events[-1]
        page = open_page(
            f"{site}/chapters/{chapter}.html?kind={target['kind']}&from={target['date'][:4]}#event-{target['id']}"
        ).page
        ids = [
            event["id"]
            for event in events
            if event["kind"] == target["kind"] and (event["end_date"] or event["date"])[:4] >= target["date"][:4]
        ]
        assert sorted(shown(page)) == sorted(ids)
        expect(page.locator(f"#event-{target['id']}")).to_have_attribute("aria-current", "true")
        expect(page.locator(f"#event-{target['id']}")).to_be_in_viewport()
        first(page).get_by_role("button", name="Copy link to this view").click()
        assert f"kind={target['kind']}&from={target['date'][:4]}#event-{target['id']}" in page.url
        expect(first(page).locator(".timeline-said")).not_to_be_empty()

    def test_a_link_to_a_hidden_event_shows_it(self, open_page: OpenPage, site: str, chapter: str) -> None:
        target = events_of(chapter)[0]
        page = open_page(f"{site}/chapters/{chapter}.html?q=no+event+holds+this#event-{target['id']}").page
        expect(page.locator(f"#event-{target['id']}")).to_be_visible()

    def test_a_link_that_makes_no_sense_shows_all(self, open_page: OpenPage, site: str, chapter: str) -> None:
        reader = open_page(f"{site}/chapters/{chapter}.html?kind=gossip&from=soon&to=&who=nobody#%E0%A4%A")
        assert len(shown(reader.page)) == len(events_of(chapter))
        assert reader.complaints == []

    def test_it_filters_from_disk(self, open_page: OpenPage, chapter: str) -> None:
        page = open_page((BOOK / "chapters" / f"{chapter}.html").as_uri()).page
        first(page).get_by_role("searchbox", name="Search events").fill("no event holds this")
        assert status(page) == f"Showing 0 of {len(events_of(chapter))} events"

    def test_print_gives_the_whole_list(self, reader: Reader, chapter: str) -> None:
        page = reader.page
        first(page).get_by_role("searchbox").fill("no event holds this")
        assert shown(page) == []
        page.emulate_media(media="print")
        assert len(shown(page)) == len(events_of(chapter))
        assert not first(page).get_by_role("searchbox").is_visible()

    def test_broken_state_leaves_the_plain_list(self, open_page: OpenPage, site: str, chapter: str) -> None:
        page = open_page("about:blank").page
        address = f"{site}/chapters/{chapter}.html"
        html = (BOOK / "chapters" / f"{chapter}.html").read_text("utf-8")
        broken = re.sub(r'(class="timeline-state">)', r"\1]broken[", html)
        page.route(address, lambda route: route.fulfill(body=broken, content_type="text/html"))
        page.goto(address)
        page.wait_for_timeout(100)
        assert len(shown(page)) == len(events_of(chapter))
        assert first(page).get_by_role("searchbox", name="Search events").count() == 0


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Europe/London", "Pacific/Kiritimati", "Asia/Tokyo"])
def test_a_date_is_the_same_everywhere(open_page: OpenPage, site: str, zone: str) -> None:
    page = open_page(f"{site}/chapters/anora.html", timezone_id=zone).page
    assert page.locator("#event-baker-london-qa-no-coordinator time").text_content() == "10 October 2024"


def test_a_citation_leads_to_its_source(open_page: OpenPage, site: str) -> None:
    page = open_page(f"{site}/chapters/anora.html").page
    link = page.locator("a[href*='#source-thr-london-qa']").first
    link.click()
    page.wait_for_url("**/sources.html#source-thr-london-qa")
    entry = page.locator("#source-thr-london-qa")
    expect(entry).to_be_in_viewport()
    expect(entry).to_contain_text("The Hollywood Reporter")
