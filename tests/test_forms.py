"""The book in its other forms: the EPUB and the PDF hold what the website holds, and the archive runs alone."""

from __future__ import annotations

import io
import posixpath
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import browser as chromium
import pikepdf
import pypdf
import pytest
from companion import load
from companion.forms import NAME, archive, downloads, edition, epub, pdf
from conftest import BOOK, ROOT, OpenPage, there
from playwright.sync_api import expect
from sphinx.cmd.build import build_main

TABLES = load()
XHTML = "{http://www.w3.org/1999/xhtml}"
OPF = "{http://www.idpf.org/2007/opf}"


@pytest.fixture(scope="module")
def whole() -> edition.Edition:
    return edition.read(BOOK, ROOT)


@pytest.fixture(scope="module")
def packed_book(whole: edition.Edition, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("epub") / "book.epub"
    epub.write(whole, path)
    return path


@pytest.fixture(scope="module")
def files(packed_book: Path) -> dict[str, bytes]:
    """The EPUB's files by name, in the order of the archive."""
    with zipfile.ZipFile(packed_book) as packed:
        first = packed.infolist()[0]
        assert (first.filename, first.compress_type, first.extra) == ("mimetype", zipfile.ZIP_STORED, b"")
        return {name: packed.read(name) for name in packed.namelist()}


@pytest.fixture(scope="module")
def trees(files: dict[str, bytes]) -> dict[str, ElementTree.Element]:
    """Every XML file of the EPUB, parsed."""
    return {
        name: ElementTree.fromstring(data) for name, data in files.items() if name.endswith((".xhtml", ".opf", ".xml"))
    }


@pytest.fixture(scope="module")
def ids(trees: dict[str, ElementTree.Element]) -> dict[str, set[str]]:
    return {name: {tag.attrib["id"] for tag in tree.iter() if "id" in tag.attrib} for name, tree in trees.items()}


def words(text: str) -> str:
    return "".join(text.split())


def text_of(tree: ElementTree.Element) -> str:
    return words("".join(tree.itertext()))


# The text


def test_every_page_of_the_contents_is_there(whole: edition.Edition) -> None:
    listed = re.findall(r"(?:root|file): (\S+)", (ROOT / "_toc.yml").read_text("utf-8"))
    assert [page.name for page in whole.pages] == listed
    assert len({page.slug for page in whole.pages}) == len(listed)


def test_nothing_that_only_a_screen_can_use_is_left(whole: edition.Edition) -> None:
    for page in whole.pages:
        left = page.article.find(
            ["script", "style", "form", "button", "input", "textarea", "select", "details", "summary"]
        )
        assert left is None, f"{page.name}: {left}"
        assert not page.article.select('.cell_input, .headerlink, [data-width="narrow"], [style], [tabindex]')


# The EPUB


def test_the_package_lists_every_file(files: dict[str, bytes], trees: dict[str, ElementTree.Element]) -> None:
    package = trees["EPUB/book.opf"]
    items = {item.attrib["id"]: item.attrib["href"] for item in package.iter(f"{OPF}item")}
    assert sorted(f"EPUB/{name}" for name in items.values()) == sorted(
        name for name in files if name.startswith("EPUB/") and not name.endswith(".opf")
    )
    spine = [items[item.attrib["idref"]] for item in package.iter(f"{OPF}itemref")]
    assert spine == [name for name in items.values() if name.endswith(".xhtml")]


def test_the_contents_name_every_part_and_page(whole: edition.Edition, trees: dict[str, ElementTree.Element]) -> None:
    toc = there(trees["EPUB/nav.xhtml"].find(f".//{XHTML}nav/{XHTML}ol"))
    assert [item.text for item in toc.findall(f"{XHTML}li/{XHTML}span")] == [part.title for part in whole.parts]
    linked = [link.attrib["href"] for link in toc.iter(f"{XHTML}a") if "#" not in link.attrib["href"]]
    assert linked == ["title.xhtml", *(f"{page.slug}.xhtml" for page in whole.pages)]


def test_every_link_has_its_target(trees: dict[str, ElementTree.Element], ids: dict[str, set[str]]) -> None:
    for name, tree in trees.items():
        for link in tree.iter(f"{XHTML}a"):
            href = link.get("href")
            if href is None or re.match(r"[a-z]+:", href):
                continue
            file, _, anchor = href.partition("#")
            target = posixpath.join(posixpath.dirname(name), file) if file else name
            assert target in trees, f"{name}: {href}"
            assert not anchor or anchor in ids[target], f"{name}: {href}"


def test_every_event_claim_and_source_is_there(trees: dict[str, ElementTree.Element], ids: dict[str, set[str]]) -> None:
    said = {name: text_of(tree) for name, tree in trees.items()}
    for event in TABLES.events.to_dict("records"):
        for chapter in event["chapters"]:
            assert f"event-{event['id']}" in ids[f"EPUB/{chapter}.xhtml"]
            assert words(event["title"]) in said[f"EPUB/{chapter}.xhtml"]
    for claim in TABLES.claims.to_dict("records"):
        assert f"claim-{claim['id']}" in ids["EPUB/article.xhtml"]
        assert words(claim["finding"]) in said["EPUB/article.xhtml"]
    assert {f"source-{key}" for key in TABLES.sources.index} <= ids["EPUB/sources.xhtml"]


def test_it_runs_nothing_and_loads_nothing(files: dict[str, bytes]) -> None:
    for name, data in files.items():
        if name.endswith((".xhtml", ".css")):
            text = data.decode()
            found = re.search(
                r'<script|<style|<iframe| on[a-z]+="|\ssrc="(?!cover\.png")|url\(|@import|var\(--|light-dark\(', text
            )
            assert found is None, f"{name}: {found}"


def test_a_page_has_one_title_and_its_charts_are_pictures_with_a_name(
    whole: edition.Edition, trees: dict[str, ElementTree.Element]
) -> None:
    for page in whole.pages:
        tree = trees[f"EPUB/{page.slug}.xhtml"]
        assert len(list(tree.iter(f"{XHTML}h1"))) == 1, page.name
        for picture in tree.iter("{http://www.w3.org/2000/svg}svg"):
            assert picture.get("role") == "img"
            assert len(picture.get("aria-label", "")) > 20
            assert picture.get("viewBox")


# The archive


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive, unpacked where a path has spaces and letters that are not ASCII."""
    folder = tmp_path_factory.mktemp("archive") / "Bücher und mehr"
    folder.mkdir()
    archive.write(BOOK, folder / "book.zip")
    with zipfile.ZipFile(folder / "book.zip") as packed:
        assert packed.testzip() is None
        packed.extractall(folder)
    return folder / NAME


def test_the_archive_is_the_book(unpacked: Path) -> None:
    def contents(folder: Path) -> dict[str, bytes]:
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    book = {name: data for name, data in contents(BOOK).items() if not name.startswith(archive.LEFT_OUT)}
    assert contents(unpacked) == book


def test_the_unpacked_book_works_from_disk_without_a_network(open_page: OpenPage, unpacked: Path) -> None:
    reader = open_page((unpacked / "index.html").as_uri())
    page = reader.page
    page.wait_for_url("**/chapters/index.html")
    page.locator("article a[href='anora.html']").first.click()
    items = page.locator(".timeline-events li:visible")
    expect(page.locator(".timeline.is-live")).to_be_visible()
    before = items.count()
    page.get_by_role("searchbox", name="Search the events").or_(
        page.locator(".timeline-controls input[type=search]")
    ).first.fill("London")
    expect(items.filter(has_text="London").first).to_be_visible()
    page.wait_for_function(
        "before => [...document.querySelectorAll('.timeline-events li')].filter(li => li.checkVisibility()).length"
        " < before",
        arg=before,
    )
    assert reader.strangers == []
    assert reader.complaints == []


# The PDF


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the command fills; it runs in a process of its own, as the tests' Chromium needs this one."""
    out = tmp_path_factory.mktemp("forms")
    path = chromium.find() or pytest.fail(chromium.HELP)
    command = [sys.executable, "-m", "companion.forms", str(BOOK), str(out), "--chromium", path]
    subprocess.run(command, cwd=ROOT / "chapters", check=True)
    assert {path.name for path in out.iterdir()} == set(downloads.FORMS)
    return out


@pytest.fixture(scope="module")
def printed(made: Path) -> bytes:
    return (made / f"{NAME}.pdf").read_bytes()


def test_the_same_book_makes_the_same_bytes(made: Path, packed_book: Path, unpacked: Path) -> None:
    assert (made / f"{NAME}.epub").read_bytes() == packed_book.read_bytes()
    assert (made / f"{NAME}-html.zip").read_bytes() == (unpacked.parent / "book.zip").read_bytes()


def test_the_document_behind_the_pdf_holds_everything_once(whole: edition.Edition) -> None:
    html = pdf.document(whole)
    anchors = re.findall(r'\sid="([^"]+)"', html)
    assert len(anchors) == len(set(anchors))
    assert set(re.findall(r'href="#([^"]+)"', html)) <= set(anchors)
    events = {f"{name}.event-{key}" for key, names in TABLES.events["chapters"].items() for name in names}
    claims = {f"article.claim-{key}" for key in TABLES.claims.index}
    sources = {f"sources.source-{key}" for key in TABLES.sources.index}
    assert events | claims | sources | {page.slug for page in whole.pages} <= set(anchors)


def test_the_pdf_is_tagged_and_says_what_it_is(printed: bytes, whole: edition.Edition) -> None:
    assert len(printed) < 15e6
    with pikepdf.open(io.BytesIO(printed)) as book:
        assert book.Root.MarkInfo.Marked
        assert "/StructTreeRoot" in book.Root
        assert str(book.Root.Lang) == "en"
        assert book.Root.ViewerPreferences.DisplayDocTitle
        assert str(book.docinfo.Title) == f"{whole.title} {whole.subtitle}"


def test_the_bookmarks_lead_through_parts_pages_and_sections(printed: bytes, whole: edition.Edition) -> None:
    book = pypdf.PdfReader(io.BytesIO(printed))
    told: list[tuple[int, str]] = []
    sheets: dict[str, int] = {}

    def walk(entries: list[Any], depth: int) -> None:
        for entry in entries:
            if isinstance(entry, list):
                walk(entry, depth + 1)
            else:
                told.append((depth, entry.title))
                sheets.setdefault(entry.title, there(book.get_destination_page_number(entry)))

    walk(book.outline, 0)
    expected = [(0, whole.cover.title), *((1, title) for _, title in whole.cover.sections())]
    for part in whole.parts:
        expected.append((0, part.title))
        for page in part.pages:
            expected += [(1, page.title), *((2, title) for _, title in page.sections())]
    assert [entry for entry in told if entry[0] < 3 and entry in expected] == expected
    for page in whole.pages:
        assert words(page.title) in words(book.pages[sheets[page.title]].extract_text())


def test_the_text_of_the_pdf_can_be_read_out(printed: bytes) -> None:
    book = pypdf.PdfReader(io.BytesIO(printed))
    start = [entry for entry in book.outline if not isinstance(entry, list)][1]
    first = there(book.get_destination_page_number(start))
    said = words("".join(book.pages[number].extract_text() for number in range(first, first + 30)))
    events = TABLES.events[TABLES.events["chapters"].map(lambda chapters: "anora" in chapters)]
    assert [title for title in events["title"] if words(title) not in said] == []


# The page that lists them


def test_the_page_lists_what_is_there_and_the_book_holds_it(tmp_path: Path) -> None:
    source, out = tmp_path / "source", tmp_path / "build" / "html"
    (source / "chapters").mkdir(parents=True)
    (source / "conf.py").write_text('extensions = ["companion.forms.downloads"]', "utf-8")
    (source / "index.rst").write_text("A\n=\n\n.. toctree::\n\n   chapters/page\n", "utf-8")
    (source / "chapters" / "page.rst").write_text("B\n=\n\n.. forms::\n", "utf-8")
    forms = source / "_build" / "forms"

    def built() -> str:
        assert build_main(["-q", "-W", "-n", str(source), str(out)]) == 0
        return (out / "chapters" / "page.html").read_text("utf-8")

    assert "without its other forms" in built()
    assert not (out / "downloads").exists()
    forms.mkdir(parents=True)
    (forms / f"{NAME}.epub").write_bytes(b"x" * 1_600_000)
    html = built()
    assert f'href="../downloads/{NAME}.epub">EPUB</a>, 1.6 MB' in html
    assert f"{NAME}.pdf" not in html
    assert (out / "downloads" / f"{NAME}.epub").stat().st_size == 1_600_000
    (forms / f"{NAME}.epub").unlink()
    assert "without its other forms" in built()
    assert not (out / "downloads").exists()
