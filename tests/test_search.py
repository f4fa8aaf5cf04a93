"""The search, as a reader meets it: served and from disk, with words that the book holds, lacks, or should not run."""

from __future__ import annotations

import functools
import html
import json
import re
from typing import Any, Protocol
from urllib.parse import unquote, urlencode

import companion
import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import BOOK, OpenPage, Reader, Scheme, there
from docutils.nodes import make_id
from playwright.sync_api import Locator, Page, expect

TABLES = {
    "term": "glossary",
    "event": "events",
    "person": "people",
    "claim": "claims",
    "argument": "arguments",
    "production": "productions",
    "rule": "rules",
    "measure": "measures",
    "gap": "gaps",
    "path": "paths",
    "source": "sources",
}
QUERIES = {
    "a section": ("recent revelation", "chapters/anora.html#how-recent-was-the-recent-revelation"),
    "a page": ("before the title", "chapters/history.html"),
    "an event": ("HBO every intimate scene", "chapters/history.html#event-hbo-coordinator-policy"),
    "a person": ("Halina Reijn", "chapters/people.html#person-halina-reijn"),
    "a body": ("SAG-AFTRA", "chapters/people.html#person-sag-aftra"),
    "a claim": ("P11-2", "chapters/article.html#claim-P11-2"),
    "a term": ("modesty garment", "chapters/glossary.html#term-modesty-garment"),
    "a term by its other name": ("physical barrier", "chapters/glossary.html#term-barrier"),
    "an argument": ("two leads cannot decline", "chapters/question.html#argument-everyone-in-the-room"),
    "a film": ("Last Tango in Paris", "chapters/films.html#production-last-tango-in-paris"),
    "a figure": ("no sexual content at all, 2023", "chapters/figures.html#measure-follows-no-sex-2023"),
    "a rule": ("screen nudity riders", "chapters/films.html#rule-screen-nudity-riders"),
    "a path": ("two sets, one coordinator", "chapters/babygirl.html#path-two-sets-one-coordinator"),
    "a source": ("shooting intimate scenes epilogue", "chapters/sources.html#source-thr-london-qa"),
}


@functools.cache
def index() -> dict[str, Any]:
    [path] = (BOOK / "_static").glob("search-index-*.js")
    script = path.read_text("utf-8")
    index: dict[str, Any] = json.loads(script[len("whoIndex(") : -len(");\n")])
    return index


def addresses() -> list[str]:
    pages = [address for address, _ in index()["pages"]]
    return [f"{pages[page]}#{anchor}" if anchor else pages[page] for _, _, page, anchor, _ in index()["entries"]]


@functools.cache
def anchors(page: str) -> set[str]:
    return {html.unescape(id) for id in re.findall(r'\sid="([^"]+)"', (BOOK / page).read_text("utf-8"))}


class Search(Protocol):
    """What the fixture `search` gives."""

    def __call__(self, words: str, *, host: str = "served", **options: Any) -> Reader: ...


@pytest.fixture
def search(open_page: OpenPage, site: str) -> Search:
    """search(words, host=…, …) -> Reader, with the answer on the page."""

    def ask(words: str, *, host: str = "served", **options: Any) -> Reader:
        address = f"{site}/search.html" if host == "served" else (BOOK / "search.html").as_uri()
        reader = open_page(f"{address}?{urlencode({'q': words})}", **options)
        expect(status(reader.page)).to_have_text(re.compile("results? for"))
        return reader

    return ask


def status(page: Page) -> Locator:
    return page.get_by_role("main").get_by_role("status")


def field(page: Page) -> Locator:
    return page.get_by_role("main").get_by_role("searchbox", name="Search this book")


def results(page: Page) -> Locator:
    return page.locator(".found > li")


def found(page: Page) -> list[str]:
    links: list[str] = page.locator(".found > li > a").evaluate_all("all => all.map(link => link.getAttribute('href'))")
    return links


def number(page: Page) -> int:
    return int(there(re.match(r"\d+|No", status(page).inner_text()))[0].replace("No", "0"))


@pytest.mark.parametrize("host", ["served", "from disk"])
@pytest.mark.parametrize("what", QUERIES)
def test_it_finds(search: Search, what: str, host: str) -> None:
    words, address = QUERIES[what]
    reader = search(words, host=host)
    assert address in found(reader.page)[:10]
    assert reader.strangers == []
    assert reader.complaints == []


def test_every_address_of_the_index_leads_somewhere() -> None:
    assert len(set(addresses())) == len(addresses())
    for address in addresses():
        page, _, anchor = address.partition("#")
        assert (BOOK / page).is_file(), address
        assert not anchor or unquote(anchor) in anchors(page), address


@pytest.mark.parametrize("kind", TABLES)
def test_the_index_has_every_row(kind: str) -> None:
    rows = companion.load()[TABLES[kind]]
    ids = rows["term"].map(lambda term: make_id(f"term-{term}")) if kind == "term" else f"{kind}-" + rows["id"]
    number = 1 + list(TABLES).index(kind)
    assert {entry[3].lower() for entry in index()["entries"] if entry[0] == number} == set(ids.str.lower())


def test_the_index_holds_neither_code_nor_the_rows_of_a_timeline() -> None:
    sections = [text for kind, *_, text in index()["entries"] if kind == 0]
    summary = companion.load().events["summary"].iloc[0]
    assert not [text for text in sections if "import companion" in text or summary in text or "¶" in text]


def test_a_result_leads_to_its_entry(search: Search) -> None:
    page = search("Halina Reijn").page
    page.get_by_role("main").get_by_role("link", name="Halina Reijn", exact=True).first.click()
    page.wait_for_url("**/chapters/people.html#person-halina-reijn")
    expect(page.locator("#person-halina-reijn")).to_be_in_viewport()


def test_what_has_the_name_comes_first(search: Search) -> None:
    assert found(search("mikey madison").page)[0] == "chapters/people.html#person-mikey-madison"
    assert found(search("intimacy coordinator").page)[0] == "chapters/glossary.html#term-intimacy-coordinator"


def test_a_result_says_what_it_is_and_shows_the_words(search: Search) -> None:
    first = results(search("hbo every intimate scene").page).first
    expect(first).to_contain_text("Event · Before the title")
    assert {word.lower() for word in first.locator("mark").all_inner_texts()} >= {"hbo", "intimate"}


@pytest.mark.parametrize("words", ["DËQUEER", "dequeer", "De\u0308queer"])
def test_case_and_accents_make_no_difference(search: Search, words: str) -> None:
    page = search(words).page
    assert any("De" in mark or "Dë" in mark for mark in page.locator(".found mark").all_inner_texts())


def test_apostrophes_make_no_difference(search: Search) -> None:
    straight, curly = (found(search(f"O{sign}Brien").page) for sign in "'’")
    assert straight == curly
    assert "chapters/people.html#person-ita-obrien" in straight


def test_every_word_has_to_be_there_in_any_order(search: Search) -> None:
    both, turned = search("talbot bridgerton").page, search("bridgerton talbot").page
    assert 0 < number(both) < min(number(search("talbot").page), number(search("bridgerton").page))
    assert sorted(found(both)) == sorted(found(turned))
    for text in results(both).all_inner_texts():
        assert re.search("talbot|bridgerton", text, re.I)


def test_typing_answers_and_keeps_the_words_in_the_address(open_page: OpenPage, site: str) -> None:
    page = open_page(f"{site}/search.html").page
    assert page.evaluate("document.activeElement === document.body")
    assert results(page).count() == 0
    field(page).press_sequentially("barrier")
    expect(status(page)).to_have_text(re.compile("for “barrier”"))
    page.wait_for_url("**/search.html?q=barrier")
    assert field(page).evaluate("field => field === document.activeElement")
    field(page).fill("")
    expect(status(page)).to_have_text("")
    assert results(page).count() == 0


def test_the_field_in_the_header_searches(open_page: OpenPage, site: str) -> None:
    page = open_page(f"{site}/chapters/method.html").page
    page.get_by_role("banner").get_by_role("searchbox").fill("barrier")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?q=barrier")
    expect(field(page)).to_have_value("barrier")
    expect(status(page)).to_have_text(re.compile("for “barrier”"))


def test_the_index_is_loaded_only_for_a_search(open_page: OpenPage, site: str) -> None:
    page = open_page("about:blank").page
    loaded = []
    page.on("request", lambda request: loaded.append(request.url.rpartition("/")[2]))
    page.goto(f"{site}/search.html")
    page.wait_for_timeout(200)
    assert not any(name.startswith("search-index-") for name in loaded)
    field(page).fill("talbot")
    expect(status(page)).to_have_text(re.compile("for “talbot”"))
    assert sum(name.startswith("search-index-") for name in loaded) == 1


def test_many_results_come_in_parts(search: Search) -> None:
    page = search("coordinator").page
    assert results(page).count() == 50
    page.get_by_role("button", name="Show more").click()
    assert results(page).count() == 100
    expect(results(page).nth(50).get_by_role("link")).to_be_focused()
    while page.get_by_role("button", name="Show more").is_visible():
        page.get_by_role("button", name="Show more").click()
    assert results(page).count() == number(page)


def test_kinds_narrow_the_results(search: Search) -> None:
    page = search("madison").page
    everything = number(page)
    events = page.get_by_role("main").get_by_role("checkbox", name=re.compile("^Events"))
    count = int(there(re.search(r"\((\d+)\)", events.evaluate("box => box.closest('label').textContent")))[1])
    assert 0 < count < everything
    events.check()
    expect(status(page)).to_have_text(f"{count} of {everything} results for “madison”")
    assert all("#event-" in address for address in found(page))
    field(page).fill("madison variety")
    expect(status(page)).to_have_text(re.compile("for “madison variety”"))
    assert all("#event-" in address for address in found(page))
    events.uncheck()
    expect(status(page)).to_have_text(re.compile(r"^\d+ results for “madison variety”"))


def test_no_result_says_which_word_is_in_the_way(search: Search) -> None:
    page = search("talbot zzyzx").page
    expect(status(page)).to_have_text("No results for “talbot zzyzx”")
    assert results(page).count() == 0
    main = page.get_by_role("main")
    for place in ("the glossary", "people and bodies", "sources"):
        expect(main.get_by_role("link", name=place)).to_be_visible()
    assert main.get_by_role("link", name="without “talbot”").count() == 0
    main.get_by_role("link", name="without “zzyzx”").click()
    expect(status(page)).to_have_text(re.compile(r"^\d+ results for “talbot”"))


@pytest.mark.parametrize("host", ["served", "from disk"])
def test_without_javascript_it_says_where_to_look(open_page: OpenPage, site: str, host: str) -> None:
    address = f"{site}/search.html" if host == "served" else (BOOK / "search.html").as_uri()
    page = open_page(f"{address}?q=talbot", javascript=False).page
    main = page.get_by_role("main")
    expect(main).to_contain_text("The search needs a script")
    expect(main.get_by_role("searchbox")).to_have_count(0)
    for link in main.get_by_role("link").all():
        assert (BOOK / there(link.get_attribute("href"))).is_file()
    for place in ("glossary", "people", "films", "figures", "sources", "article"):
        expect(main.locator(f"a[href='chapters/{place}.html']")).to_be_visible()


@pytest.mark.parametrize(
    "words", ["<img src=x onerror=alert(1)>", "</p><script>alert(1)</script>", '"><b>x', "(.*)+[\\"]
)
def test_a_hostile_query_is_only_text(search: Search, words: str) -> None:
    reader = search(words)
    reader.page.wait_for_timeout(200)
    expect(status(reader.page)).to_contain_text(f"for “{words}”")
    assert reader.page.locator("main :is(img, script, b)").count() == 0
    assert reader.complaints == []
    assert reader.strangers == []


def test_a_missing_index_is_said_and_asked_for_again_by_the_next_search(open_page: OpenPage, site: str) -> None:
    page = open_page("about:blank").page
    page.route("**/search-index-*.js", lambda route: route.abort())
    page.goto(f"{site}/search.html?q=talbot")
    expect(status(page)).to_have_text("The index of the book could not be loaded.")
    page.unroute("**/search-index-*.js")
    field(page).fill("steinrock")
    expect(status(page)).to_have_text(re.compile("for “steinrock”"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize("words", ["madison", "talbot zzyzx"])
def test_axe_finds_nothing(search: Search, words: str, scheme: Scheme, width: int) -> None:
    page = search(words, width=width, scheme=scheme).page
    page.wait_for_timeout(200)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    report = Axe().run(page)
    assert report.violations_count == 0, report.generate_report()
