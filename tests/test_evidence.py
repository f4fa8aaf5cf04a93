"""The evidence on the pages: every claim with its verdict and sources, notes where the reader is, data for others."""

from __future__ import annotations

import csv
import itertools
import json
import re
import shutil
import subprocess
import zipfile
from html import unescape
from pathlib import Path

import frictionless
import pytest
import yaml
from axe_playwright_python.sync_playwright import Axe
from companion import coverage, load
from conftest import BOOK, ROOT, OpenPage, Scheme, Serve, jupyter_book
from playwright.sync_api import Page, expect

TABLES = load()
REFERENCE = ("glossary", "people", "films", "figures", "gaps", "reading", "sources", "corrections", "data", "method")


def html(name: str) -> str:
    return unescape((BOOK / "chapters" / f"{name}.html").read_text("utf-8"))


def test_every_claim_stands_on_the_page_with_verdict_finding_and_sources() -> None:
    page = html("article")
    for claim in TABLES.claims.to_dict("records"):
        entry = page.partition(f'<li id="claim-{claim["id"]}"')[2].partition("</li>")[0]
        assert f'data-verdict="{claim["verdict"]}"' in entry
        assert claim["claim"] in entry
        assert claim["finding"] in entry
        for source in claim["sources"]:
            assert f'href="{TABLES.sources.loc[source, "url"]}"' in entry
        for event in claim["events"]:
            assert f"#event-{event}" in entry
        assert claim["sources"] or claim["verdict"] == "unverifiable"


def test_every_paragraph_of_the_article_is_there_in_order() -> None:
    ids = re.findall(r'id="paragraph-(P\d\d)"', html("article"))
    assert ids == list(TABLES.paragraphs["id"])


def test_reference_pages_hold_every_row() -> None:
    for page, table, column in (
        ("people", "people", "name"),
        ("glossary", "glossary", "term"),
        ("gaps", "gaps", "question"),
        ("figures", "measures", "caveat"),
        ("films", "productions", "title"),
        ("films", "practices", "detail"),
        ("films", "rules", "limit"),
        ("sources", "sources", "id"),
    ):
        text = re.sub(r"<[^>]+>", "", html(page))
        missing = [value for value in TABLES[table][column] if value not in text]
        assert missing == [], page


def test_stances_are_called_a_convenience_sample_where_they_stand() -> None:
    text = html("people")
    assert text.index("convenience sample") < text.index('id="person-')
    for stance in TABLES.stances.to_dict("records"):
        assert stance["paraphrase"] in re.sub(r"<[^>]+>", "", text)


def test_sources_and_terms_lead_back_to_where_they_are_used() -> None:
    sources = html("sources")
    entry = sources.partition('id="source-thr-london-qa"')[2].partition('class="citation"')[0]
    assert "anora.html" in entry
    assert "#event-baker-london-qa-no-coordinator" in entry
    assert "article.html#claim-" in entry
    term = html("glossary").partition('id="term-best-efforts-clause"')[2].partition("<dt")[0]
    assert "anora.html" in term
    assert "history.html" in term


def test_nobody_stands_in_the_tables_for_nothing() -> None:
    assert coverage.unused_entries(TABLES)["people"] == []


def test_coverage_is_reported(capsys: pytest.CaptureFixture[str]) -> None:
    report = coverage.report(TABLES)
    for part in ("claims by verdict", "corrected", "events by confidence", "sources by kind", "that nothing uses"):
        assert part in report


def test_the_data_can_be_taken_away_and_checked(tmp_path: Path) -> None:
    for path in (ROOT / "data").iterdir():
        assert (BOOK / "data" / path.name).read_bytes() == path.read_bytes()
    with zipfile.ZipFile(BOOK / "data" / "who-is-in-the-room-data.zip") as archive:
        archive.extractall(tmp_path)
    assert "CC BY 4.0" in (tmp_path / "LICENSE-CONTENT").read_text("utf-8")
    report = frictionless.validate(str(tmp_path / "datapackage.json"))
    assert report.valid, report.to_summary()


def test_the_links_to_the_data_arrive(open_page: OpenPage, site: str) -> None:
    page = open_page(f"{site}/chapters/data.html").page
    links = page.locator("article a[href*='../data/']").evaluate_all("links => links.map(link => link.href)")
    assert len(links) == len(list((ROOT / "data").glob("*.csv"))) + 2
    for link in links:
        assert page.request.get(link).ok


def test_every_schema_says_what_its_columns_mean() -> None:
    package = json.loads((ROOT / "data" / "datapackage.json").read_text("utf-8"))
    for resource in package["resources"]:
        assert resource["description"]
        for column in resource.get("schema", {}).get("fields", ()):
            assert column["description"], (resource["name"], column["name"])
            assert "example" in column or "enum" in column.get("constraints", {}), (resource["name"], column["name"])


WRONG = {
    "event": "no-event",
    "claim": "P99-9",
    "measure": "no-measure",
    "person": "nobody",
    "cite:p": "no-source",
    "term": "no term",
}
"""What no table has, by the role that asks for it."""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """(pages, what the build said) of a small book: a cover that was corrected, the log, and a page of WRONG."""
    project = tmp_path_factory.mktemp("small")
    ignore = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")
    for name in ("_config.yml", "LICENSE", "LICENSE-CONTENT", "CITATION.cff", "CHANGELOG.md"):
        shutil.copy(ROOT / name, project)
    for name in (".binder", "chapters", "data"):
        shutil.copytree(ROOT / name, project / name, ignore=ignore)
    with open(project / "data" / "corrections.csv", "a", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerow(
            ["index-days-2027-01", "2027-01-15", "index", "", "Sixty-seven days.", "Sixty-eight days.", "Miscounted."]
        )
    pages = project / "chapters"
    (pages / "index.md").write_text("# A cover\n\nSixty-eight days {corrected}`index-days-2027-01`.\n", "utf-8")
    asked = "".join(f"\n{{{role}}}`{wrong}`\n" for role, wrong in WRONG.items())
    (pages / "wrong.md").write_text(f"# A page\n{asked}", "utf-8")
    part = {"caption": "Pages", "chapters": [{"file": "chapters/corrections"}, {"file": "chapters/wrong"}]}
    contents = {"format": "jb-book", "root": "chapters/index", "parts": [part]}
    (project / "_toc.yml").write_text(yaml.safe_dump(contents), "utf-8")
    run = jupyter_book(project)
    return project / "_build" / "html" / "chapters", run


def test_dangling_ids_fail_the_build_with_file_and_line(built: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    run = built[1]
    assert run.returncode != 0
    said = re.sub(r"\x1b\[[\d;]*m", "", run.stdout + run.stderr)
    for line, wrong in zip(itertools.count(3, 2), WRONG.values()):
        assert re.search(rf"wrong\.md:{line}: WARNING: .*{wrong}", said), wrong
    assert said.count("WARNING") == len(WRONG)  # a good id draws none


def test_a_correction_is_marked_at_the_sentence_and_in_the_log(
    built: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    pages = built[0]
    assert "corrections.html#correction-index-days-2027-01" in (pages / "index.html").read_text("utf-8")
    log = (pages / "corrections.html").read_text("utf-8")
    assert 'id="correction-index-days-2027-01"' in log
    assert "Sixty-seven days." in log


class TestNotes:
    @pytest.fixture
    def page(self, open_page: OpenPage, site: str) -> Page:
        return open_page(f"{site}/chapters/anora.html").page

    def test_a_note_comes_on_hover_and_goes_on_escape(self, page: Page) -> None:
        mark = page.locator("article a.claim").first
        note = page.get_by_role("tooltip")
        mark.hover()
        expect(note).to_be_visible()
        expect(note).to_contain_text("Claim P02-3: corrected")
        expect(mark).to_have_attribute("aria-describedby", "note")
        page.keyboard.press("Escape")
        expect(note).to_be_hidden()

    def test_an_address_that_is_no_anchor_of_ours_does_no_harm(
        self, open_page: OpenPage, serve: Serve, tmp_path: Path
    ) -> None:
        html = (BOOK / "chapters" / "anora.html").read_text("utf-8")
        odd = "".join(f'<a href="https://example.org/#{part}">{part}</a>' for part in ("100%", "constructor", ""))
        (tmp_path / "chapters").mkdir()
        (tmp_path / "chapters" / "anora.html").write_text(
            html.replace("<article>", f"<article><p>{odd}</p>", 1), "utf-8"
        )
        (tmp_path / "_static").symlink_to(BOOK / "_static")
        reader = open_page(f"{serve(tmp_path)}/chapters/anora.html")
        expect(reader.page.get_by_role("button", name="Notes")).to_be_visible()
        reader.page.get_by_text("constructor", exact=True).hover()
        reader.page.wait_for_timeout(400)
        expect(reader.page.locator("#note")).to_be_hidden()
        assert reader.complaints == []

    def test_a_note_stays_while_the_pointer_is_on_it(self, page: Page) -> None:
        page.locator("article a.claim").first.hover()
        note = page.get_by_role("tooltip")
        expect(note).to_be_visible()
        note.hover()
        page.wait_for_timeout(600)
        expect(note).to_be_visible()
        page.mouse.move(1, 1)
        expect(note).to_be_hidden()

    def test_tab_reaches_the_marks_in_reading_order(self, page: Page) -> None:
        marks = page.locator("article a[href*='#source-'], article a.claim, article a[href*='#term-']")
        expected = marks.evaluate_all("links => links.slice(0, 4).map(link => link.getAttribute('href'))")
        page.locator("article h1").click()
        reached = []
        for _ in range(40):
            page.keyboard.press("Tab")
            href = page.evaluate("document.activeElement.getAttribute('href')")
            if href and page.get_by_role("tooltip").is_visible():
                reached.append(href)
        assert reached[:4] == expected

    @pytest.mark.parametrize("width", [320, 1280])
    def test_a_note_never_covers_its_own_mark(self, open_page: OpenPage, site: str, width: int) -> None:
        page = open_page(f"{site}/chapters/anora.html", width=width, height=700).page
        marks = page.locator("article a[href*='#source-'], article a.claim, article a.event, article a[href*='#term-']")
        for number in range(0, marks.count(), 5):
            mark = marks.nth(number)
            mark.scroll_into_view_if_needed()
            mark.evaluate("link => link.focus({ focusVisible: true })")
            note = page.get_by_role("tooltip")
            expect(note).to_be_visible()
            assert not mark.evaluate(
                """link => { const note = document.getElementById("note").getBoundingClientRect();
                return [...link.getClientRects()].some((part) => part.left < note.right && part.right > note.left
                && part.top < note.bottom && part.bottom > note.top); }"""
            ), mark.inner_text()
            assert page.evaluate("document.documentElement.scrollWidth") <= width

    def test_the_first_tap_shows_and_the_second_follows(self, open_page: OpenPage, site: str) -> None:
        page = open_page(f"{site}/chapters/anora.html", width=390, has_touch=True).page
        mark = page.locator("article a.claim").first
        mark.scroll_into_view_if_needed()
        mark.tap()
        expect(page.get_by_role("tooltip")).to_be_visible()
        assert page.url.endswith("anora.html")
        mark.tap()
        page.wait_for_url("**/article.html#claim-P02-3")
        expect(page.locator("#claim-P02-3")).to_be_in_viewport()

    def test_a_reader_can_switch_notes_off_for_good(self, page: Page) -> None:
        page.get_by_role("button", name="Notes").click()
        page.locator("article a.claim").first.hover()
        page.wait_for_timeout(500)
        expect(page.get_by_role("tooltip")).to_be_hidden()
        page.reload()
        expect(page.get_by_role("button", name="Notes")).to_have_attribute("aria-pressed", "false")
        page.get_by_role("button", name="Notes").click()
        page.locator("article a.claim").first.hover()
        expect(page.get_by_role("tooltip")).to_be_visible()
        assert page.evaluate("localStorage.getItem('notes')") is None

    @pytest.mark.parametrize("name", ["search", *(f"chapters/{name}" for name in ("index", "article", *REFERENCE))])
    def test_every_page_has_the_switch(self, open_page: OpenPage, site: str, name: str) -> None:
        expect(open_page(f"{site}/{name}.html").page.get_by_role("button", name="Notes")).to_have_count(1)

    def test_without_javascript_the_marks_are_links(self, open_page: OpenPage, site: str) -> None:
        page = open_page(f"{site}/chapters/anora.html", javascript=False).page
        page.locator("article a.claim").first.click()
        page.wait_for_url("**/article.html#claim-P02-3")

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_axe_finds_nothing_in_a_note(self, open_page: OpenPage, site: str, scheme: Scheme) -> None:
        page = open_page(f"{site}/chapters/anora.html", scheme=scheme).page
        page.locator("article a.claim").first.hover()
        expect(page.get_by_role("tooltip")).to_be_visible()
        found = Axe().run(page, context="#note, .notes-toggle")
        assert found.violations_count == 0, found.generate_report()
