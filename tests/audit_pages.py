"""`make audit`: every page again, after each of its controls has been used, by both engines in all colours and widths.

Not part of `make test`, because it takes long: `python -m pytest tests/audit_pages.py`.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from bench import server
from conftest import BOOK
from playwright.sync_api import Browser
from test_pages import LOOKS, PAGES, Visit, axe, second, visit

WIDTHS = (320, 1280)


@pytest.fixture(scope="module")
def host() -> Iterator[str]:
    with server.serve(BOOK, server.Host) as address:
        yield address


@pytest.mark.parametrize("width", WIDTHS)
class TestAfterEachControl:
    @pytest.mark.parametrize("name", PAGES)
    def test_the_engines_find_nothing_once_a_control_is_used(
        self, browser: Browser, host: str, name: str, width: int
    ) -> None:
        opened = visit(browser, host, name)
        found: dict[str, list[str]] = {}
        for control in controls(opened, width):
            assert [line for line in opened.said if "Progress: " not in line] == [], control
            for look in LOOKS:
                opened.look(look, width)
                found |= {f"{control}, {look}: {rule}": places for rule, places in axe(opened.page).items()}
            opened.look("light", width)
            found |= {f"{control}: {fault}": [] for fault in second(opened.page)}
        opened.page.context.close()
        assert found == {}, f"{name}, {width} wide"


def controls(opened: Visit, width: int) -> Iterator[str]:
    """Use the controls of a page, one after the other; each name is given once its control has been used, and
    the first before any has."""
    page = opened.page
    opened.look("light", width)
    yield "as it comes"
    contents = page.locator(".contents-open")
    if contents.is_visible():
        contents.click()
        yield "contents open"
        page.locator(".contents-close").click()
    if page.locator("main details").count():
        page.evaluate("document.querySelectorAll('main details').forEach((part) => { part.open = true; })")
        yield "everything unfolded"
    for value in ("dark", "light", ""):
        scheme = page.get_by_label("Light or dark")
        if scheme.count():
            scheme.select_option(value)
            yield f"scheme {value or 'of the system'}"
    timeline = page.locator("section.timeline").first
    if timeline.count():
        timeline.get_by_role("searchbox").fill("coordinator")
        yield "timeline searched"
        timeline.get_by_role("searchbox").fill("no event holds this")
        yield "timeline empty"
        timeline.get_by_role("button", name="Reset").click()
        timeline.get_by_role("checkbox").first.uncheck()
        yield "a kind left out"
        timeline.get_by_role("button", name="Reset").click()
        timeline.get_by_role("spinbutton", name="From year").fill("2025")
        yield "years asked for"
        timeline.get_by_role("button", name="Reset").click()
        for each in page.locator("section.timeline").all():
            each.get_by_role("button", name="Next event").click()
        yield "an event selected"
        paths = timeline.get_by_role("combobox", name="Guided path")
        if paths.count():
            paths.select_option(index=1)
            yield "a path begun"
    box = page.locator("main input[type=search]").first
    if opened.name == "search.html" and box.count():
        box.fill("coordinator")
        page.wait_for_timeout(500)
        yield "searched"
