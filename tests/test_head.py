"""How the book is found, shared and cited: descriptions, cards, linked data, map, feed, redirects, the lost page."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urljoin, urlsplit
from xml.etree import ElementTree

import pytest
import yaml
from companion import cards, head, site
from conftest import ADDRESS, BOOK, CHAPTERS, MOVED, ROOT, OpenPage, Serve, there
from PIL import Image
from pybtex.database import parse_string
from sphinx.errors import ExtensionError

COVER = "chapters/index"
ATOM = "{http://www.w3.org/2005/Atom}"
CFF = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))


class Head(HTMLParser):
    """What the head of a page says."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.meta: dict[str, str] = {}
        self.links: list[dict[str, str | None]] = []
        self.title = self.data = self._in = ""
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = dict(attributes)
        if tag == "meta" and (name := found.get("name") or found.get("property")):
            assert name not in self.meta, f"{name} stands twice"
            self.meta[name] = found["content"] or ""
        elif tag == "link":
            self.links.append(found)
        kind = found.get("type") or "" if tag == "script" else ""
        self._in = tag if tag == "title" and not self.title else kind

    def handle_endtag(self, tag: str) -> None:
        self._in = ""

    def handle_data(self, text: str) -> None:
        if self._in == "title":
            self.title += text
        elif self._in == "application/ld+json":
            self.data += text

    def link(self, rel: str) -> list[str]:
        return [link["href"] or "" for link in self.links if link["rel"] == rel]


def docnames(book: Path) -> list[str]:
    """The pages of a book that have a source."""
    return sorted(
        str(path.relative_to(book / "_sources").with_suffix(""))
        for path in (book / "_sources").rglob("*")
        if path.suffix in (".md", ".ipynb") and path.with_suffix("").name
    )


def addresses(data: Any) -> Iterator[str]:
    for key, value in data.items() if isinstance(data, dict) else enumerate(data):
        if key in ("url", "contentUrl"):
            yield value
        elif isinstance(value, dict | list):
            yield from addresses(value)


class TestEveryPage:
    def test_descriptions_are_the_pages_own(self) -> None:
        found = {name: Head(BOOK / f"{name}.html").meta["description"] for name in [*docnames(BOOK), "search", "404"]}
        assert {name: text for name, text in found.items() if not 50 <= len(text) <= 170} == {}
        assert len(set(found.values())) == len(found)
        assert not [text for text in found.values() if re.search(r"\[|<|^Time:", text)]
        assert {text[-1] for text in found.values()} <= set(".?!…”")

    def test_titles_name_page_and_book(self) -> None:
        titles = {name: Head(BOOK / f"{name}.html").title for name in docnames(BOOK)}
        assert titles[COVER] == CFF["title"]
        assert titles["chapters/method"] == "How this book knows, Who Is in the Room?"
        assert len(set(titles.values())) == len(titles)

    def test_a_local_book_has_no_address(self) -> None:
        for path in BOOK.rglob("*.html"):
            page = Head(path)
            assert not page.link("canonical")
            assert not page.link("alternate")
            assert not {name for name in page.meta if name.startswith(("og:url", "og:image"))}
        assert not [name for name in ("sitemap.xml", "feed.xml", "robots.txt") if (BOOK / name).exists()]

    def test_a_published_book_has_one(self, published: Path) -> None:
        for name in docnames(published):
            page = Head(published / f"{name}.html")
            assert page.link("canonical") == [f"{ADDRESS}{name}.html"] == [page.meta["og:url"]]
            assert page.link("alternate") == [f"{ADDRESS}feed.xml"]
            assert page.meta["og:type"] == ("book" if name == COVER else "article")
            assert page.meta["og:description"] == page.meta["description"]
            assert page.meta["twitter:card"] == "summary_large_image"
            picture = published / page.meta["og:image"].removeprefix(ADDRESS)
            assert picture.name == f"{cards.CARDS.get(name, cards.CARDS[COVER]).name}.png"
            size = (int(page.meta["og:image:width"]), int(page.meta["og:image:height"]))
            assert (int.from_bytes(picture.read_bytes()[16:20]), int.from_bytes(picture.read_bytes()[20:24])) == size
            assert page.meta["og:image:alt"]
        for name in ("search", "404"):
            page = Head(published / f"{name}.html")
            assert page.meta.get("robots") == ("noindex" if name == "404" else None)
            assert not page.link("canonical")


def test_the_environment_gives_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    app: Any = None
    config: Any = SimpleNamespace(html_baseurl="https://typed.example/")
    monkeypatch.setenv("BOOK_URL", ADDRESS.rstrip("/"))
    site.published(app, config)
    assert config.html_baseurl == ADDRESS
    monkeypatch.delenv("BOOK_URL")
    site.published(app, config)
    assert config.html_baseurl == ""


class TestCards:
    def test_the_cover_the_chapters_and_the_article_have_one(self) -> None:
        parts = yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8"))["parts"]
        pages = [page["file"] for part in parts if part["caption"] in head.CHAPTERS for page in part["chapters"]]
        assert set(cards.CARDS) == {COVER, *pages}

    @pytest.mark.parametrize("name", cards.CARDS)
    def test_a_card_shows_the_title_that_its_page_has(self, name: str) -> None:
        card = cards.CARDS[name]
        path = cards.FOLDER / f"{card.name}.png"
        with Image.open(path) as picture:
            shown = picture.info["Title"]
            assert picture.size == (cards.WIDTH, cards.HEIGHT)
        title = Head(BOOK / f"{name}.html").title.removesuffix(f", {head.NAME}")
        if name == COVER:
            assert CFF["title"].startswith(shown)
        else:
            assert shown == title, "draw the cards anew: python -m companion.cards"
        assert path.stat().st_size < 60_000
        assert (BOOK / "_static" / "cards" / path.name).read_bytes() == path.read_bytes()

    def test_a_title_is_broken_without_loss(self) -> None:
        for title in ("Short", "Before the title: a longer history of intimacy coordination", "*Anora*: an offer"):
            lines = cards.lines_of(title, 25)
            assert " ".join(lines).replace("\u00a0", " ") == title
            assert max(len(line) for line in lines) <= 27


class TestLinkedData:
    @pytest.mark.parametrize("where", ["local", "published"])
    def test_every_address_in_it_exists(self, where: str, published: Path) -> None:
        book, base = (BOOK, f"{BOOK.as_uri()}/") if where == "local" else (published, ADDRESS)
        for name in docnames(book):
            data = json.loads(Head(book / f"{name}.html").data)
            assert data["@context"] == "https://schema.org"
            found = list(addresses(data))
            assert found
            for url in found:
                target = urljoin(f"{base}{name}.html", url)
                assert target.startswith(base)
                assert (book / target.removeprefix(base)).is_file(), url
                assert where == "local" or url == target

    def test_the_cover_is_a_book_of_chapters(self) -> None:
        data = json.loads(Head(BOOK / f"{COVER}.html").data)
        assert (data["@type"], data["name"], data["version"]) == ("Book", CFF["title"], CFF["version"])
        assert data["datePublished"] == str(CFF["date-released"])
        assert [part["position"] for part in data["hasPart"]] == list(range(1, len(data["hasPart"]) + 1))
        assert {f"{name}.html" for name in CHAPTERS} <= {part["url"].rpartition("/")[2] for part in data["hasPart"]}

    def test_pages_are_parts_of_it(self) -> None:
        kinds: dict[str, list[str]] = {}
        for name in docnames(BOOK):
            data = json.loads(Head(BOOK / f"{name}.html").data)
            kinds.setdefault(data["@type"], []).append(name)
            assert data["isAccessibleForFree"] is True
            if name != COVER:
                assert data["isPartOf"]["@type"] == "Book"
                assert data["description"]
            assert ("learningResourceType" in data) == name.startswith("chapters/teaching/")
        assert {f"chapters/{name}" for name in (*CHAPTERS, "question", "article")} == set(kinds["Chapter"])
        assert kinds["Dataset"] == ["chapters/data"]
        # No verdict of the book is offered to machines without the page that it stands on.
        assert "ClaimReview" not in kinds

    def test_the_data_page_describes_every_file(self) -> None:
        data = json.loads(Head(BOOK / "chapters/data.html").data)
        package = json.loads((ROOT / "data" / "datapackage.json").read_text("utf-8"))
        files = {part["contentUrl"].rpartition("/")[2] for part in data["distribution"]}
        assert files == {"who-is-in-the-room-data.zip", *(part["path"] for part in package["resources"])}
        assert (data["description"], data["license"]) == (package["description"], package["licenses"][0]["path"])


class TestAround:
    def test_the_map_has_exactly_the_pages(self, published: Path) -> None:
        root = ElementTree.parse(published / "sitemap.xml").getroot()
        assert {loc.text for loc in root.iter("{http://www.sitemaps.org/schemas/sitemap/0.9}loc")} == {
            f"{ADDRESS}{name}.html" for name in docnames(published)
        }
        assert f"Sitemap: {ADDRESS}sitemap.xml" in (published / "robots.txt").read_text("utf-8")

    def test_the_feed_is_atom(self, published: Path) -> None:
        root = ElementTree.parse(published / "feed.xml").getroot()
        entries = root.findall(f"{ATOM}entry")
        assert root.tag == f"{ATOM}feed"
        assert entries
        for part in (root, *entries):
            for name in ("id", "title", "updated"):
                assert len(part.findall(f"{ATOM}{name}")) == 1
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT00:00:00Z", part.findtext(f"{ATOM}updated", ""))
            assert part.findtext(f"{ATOM}id", "").startswith("tag:example.org,2026-11-22:")
        ids = [part.findtext(f"{ATOM}id") for part in (root, *entries)]
        assert len(set(ids)) == len(ids)
        assert root.findtext(f"{ATOM}author/{ATOM}name")
        assert root.findtext(f"{ATOM}updated") == max(entry.findtext(f"{ATOM}updated", "") for entry in entries)
        links = {link.get("rel"): link.get("href") for link in root.findall(f"{ATOM}link")}
        assert links == {"self": f"{ADDRESS}feed.xml", "alternate": f"{ADDRESS}{COVER}.html"}

    def test_corrections_and_editions_become_entries(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        row = {"id": "index-days-2027-01", "date": "2027-01-15", "page": "anora"}
        row |= {"was": "40 <days>", "now": "37 days", "reason": "The source is exact."}
        rows = SimpleNamespace(to_dict=lambda kind: [row])
        (tmp_path / "CHANGELOG.md").write_text("# Changes\n\n## Unreleased\n\nMore.\n\n## 1.0, 2 May 2027\n\nOne.\n")
        (tmp_path / "CITATION.cff").write_text((ROOT / "CITATION.cff").read_text("utf-8"))
        app: Any = SimpleNamespace(
            srcdir=tmp_path,
            config=SimpleNamespace(html_baseurl=ADDRESS, root_doc=COVER, language="en"),
            builder=SimpleNamespace(get_target_uri=lambda name: f"{name}.html"),
            companion={"tables": SimpleNamespace(corrections=rows)},
            env=SimpleNamespace(titles={}),
        )
        first, second = ElementTree.fromstring(site.feed(app)).findall(f"{ATOM}entry")
        titles = [entry.findtext(f"{ATOM}title") for entry in (first, second)]
        assert titles == ["Version 1.0", "Correction: anora"]
        assert second.findtext(f"{ATOM}id") == "tag:example.org,2026-11-22:correction-index-days-2027-01"
        address = there(second.find(f"{ATOM}link")).get("href", "")
        assert address.endswith("corrections.html#correction-index-days-2027-01")
        assert "40 <days>" in second.findtext(f"{ATOM}content", "")
        (tmp_path / "CHANGELOG.md").write_text("# Changes\n\n## 1.0, soon\n\nOne.\n")
        with pytest.raises(ExtensionError, match=r"'1\.0, soon' must be a version and a day"):
            site.feed(app)

    def test_a_host_is_told_what_a_page_cannot_say(self) -> None:
        rules = (BOOK / "_headers").read_text("utf-8")
        lasting = re.findall(r"^/(_static/\S+)\n  Cache-Control: .*immutable$", rules, re.M)
        assert {name.rpartition("-")[0] for name in lasting} == {"_static/timeline", "_static/search-index"}
        assert all((BOOK / name).is_file() for name in lasting)
        for name in ("Referrer-Policy", "Permissions-Policy", "X-Content-Type-Options", "Cross-Origin-Opener-Policy"):
            assert re.search(rf"^/\*\n(?:  .+\n)*  {name}: \S", rules, re.M)
        assert "frame-ancestors" in rules
        assert re.findall(r"=\([^)]", rules) == []
        assert max(len(line) for line in rules.splitlines()) < 2000  # what Cloudflare Pages reads


class TestRedirects:
    @pytest.mark.parametrize(("old", "new"), [("index", COVER), *MOVED.items()])
    @pytest.mark.parametrize("host", ["served", "from disk"])
    def test_they_lead_on_without_a_script(
        self, open_page: OpenPage, serve: Serve, published: Path, old: str, new: str, host: str
    ) -> None:
        path = f"{old.removesuffix('.html')}.html"
        start = f"{serve(published)}/{path}" if host == "served" else (published / path).as_uri()
        reader = open_page(start, javascript=False)
        reader.page.wait_for_url(f"**/{new}.html")
        assert reader.page.locator("h1").count() == 1
        assert reader.complaints == []
        page = Head(published / path)
        assert page.link("canonical") == [f"{ADDRESS}{new}.html"]
        assert page.meta["description"] == Head(published / f"{new}.html").meta["description"]
        body = (published / path).read_text("utf-8")
        assert f'<a href="{"../" * path.count("/")}{new}.html">' in body
        assert "<script" not in body

    def test_the_front_door_of_a_local_book_leads_to_the_cover(self, open_page: OpenPage) -> None:
        page = open_page((BOOK / "index.html").as_uri(), javascript=False).page
        page.wait_for_url(f"**/{COVER}.html")


class TestLost:
    def test_it_works_at_any_depth(self, open_page: OpenPage, serve: Serve, published: Path, tmp_path: Path) -> None:
        (tmp_path / "room").symlink_to(published, target_is_directory=True)
        deep = tmp_path / "some" / "where" / "deep"
        deep.mkdir(parents=True)
        shutil.copy(published / "404.html", deep / "page.html")
        reader = open_page(f"{serve(tmp_path)}/some/where/deep/page.html")
        page = reader.page
        assert reader.complaints == reader.strangers == []
        assert page.evaluate("document.styleSheets[0].cssRules.length") > 50
        links = page.evaluate("[...document.querySelectorAll('a[href], form, link')].map(a => a.href || a.action)")
        paths = {urlsplit(link).path for link in links if link.startswith("http://127.0.0.1:")}
        assert {"/room/chapters/index.html", "/room/search.html", "/room/chapters/anora.html"} <= paths
        assert [path for path in paths if not path.endswith("/page.html") and not (tmp_path / path[1:]).is_file()] == []

    def test_it_works_in_a_local_book(self, open_page: OpenPage) -> None:
        reader = open_page((BOOK / "404.html").as_uri(), width=390)
        assert reader.complaints == []
        reader.page.get_by_role("link", name="Begin at the cover").click()
        reader.page.wait_for_url(f"**/{COVER}.html")


class TestCitation:
    @pytest.mark.parametrize("name", [COVER, "chapters/anora", "chapters/teaching/slides"])
    def test_a_page_says_how_to_cite_it(self, open_page: OpenPage, published: Path, name: str) -> None:
        page = open_page((published / f"{name}.html").as_uri(), javascript=False).page
        page.locator(".take summary").click()
        plain, bibtex = page.locator(".take p").first.inner_text(), page.locator(".take pre").inner_text()
        for part in (CFF["title"], f"version {CFF['version']}", "22 November 2026", f"{ADDRESS}{name}.html"):
            assert part in plain
        (entry,) = parse_string(bibtex, "bibtex").entries.values()
        assert entry.type == ("book" if name == COVER else "incollection")
        assert entry.fields["url"] == f"{ADDRESS}{name}.html"
        assert CFF["title"] in entry.fields["title" if name == COVER else "booktitle"]
        assert entry.fields["year"] == str(CFF["date-released"].year)

    def test_a_local_page_is_cited_without_an_address(self) -> None:
        html = (BOOK / "chapters/anora.html").read_text("utf-8")
        take = there(re.search(r'<section class="take".*?</section>', html, re.S))
        assert "http" not in take[0]
        assert "url =" not in take[0]

    def test_notebooks_can_be_taken_away(self) -> None:
        for name in docnames(BOOK):
            found = re.findall(r'href="([^"]+\.ipynb)" download', (BOOK / f"{name}.html").read_text("utf-8"))
            source = ROOT / f"{name}.ipynb"
            assert len(found) == source.is_file()
            for link in found:
                assert ((BOOK / f"{name}.html").parent / link).read_bytes() == source.read_bytes()

    def test_the_file_is_what_the_format_asks_for(self) -> None:
        """Citation File Format 1.2.0: https://github.com/citation-file-format/citation-file-format"""
        book = CFF["preferred-citation"]
        assert {"cff-version", "message", "title", "authors"} <= set(CFF)
        assert {"type", "title", "authors"} <= set(book)
        assert (CFF["cff-version"], CFF["type"], book["type"]) == ("1.2.0", "dataset", "book")
        common = {"title", "authors", "version", "date-released", "license"}
        assert set(CFF) <= common | {"cff-version", "message", "type", "keywords", "abstract", "preferred-citation"}
        assert set(book) <= common | {"type", "year", "month", "languages"}
        assert all(set(author) == {"name"} for author in [*CFF["authors"], *book["authors"]])
        assert len(set(CFF["keywords"])) == len(CFF["keywords"])
        assert {name: book[name] for name in common} == {name: CFF[name] for name in common}
        assert (book["year"], book["month"]) == (CFF["date-released"].year, CFF["date-released"].month)

    def test_it_agrees_with_the_rest_of_the_book(self) -> None:
        app: Any = SimpleNamespace(srcdir=ROOT, config=SimpleNamespace(html_baseurl="", root_doc=""))
        newest = next(site.releases(app))
        package = json.loads((ROOT / "data" / "datapackage.json").read_text("utf-8"))
        config = yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))
        assert (newest["title"], newest["day"]) == (f"Version {CFF['version']}", str(CFF["date-released"]))
        assert package["version"] == CFF["version"]
        assert package["licenses"][0]["name"] == CFF["license"]
        assert config["sphinx"]["config"]["html_title"] == CFF["title"]
        assert config["author"] == CFF["authors"][0]["name"]
