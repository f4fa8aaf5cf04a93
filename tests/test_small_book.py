"""The very small book, built in this process: what Sphinx makes of it, and what stands in, beside and around a page."""

from __future__ import annotations

import base64
import copy
import functools
import hashlib
import json
import os
import re
import subprocess
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nbformat
import pytest
import small
import vl_convert
from approved import same
from companion import bibliography, book, cards, citations, guard, head, launch, pages, schema, search, shared, site
from companion.forms import NOTEBOOKS, TABLES, archive, downloads, edition, epub, front, notebooks, pdf
from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.errors import ConfigError, ExtensionError, SphinxWarning
from test_small_pages import html

ADDRESS = "https://example.org/room/"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
ENVIRONMENT = {"BOOK_URL": ADDRESS, "BOOK_REPOSITORY": "https://github.com/example/room", "BOOK_REVISION": "main"}


@functools.cache
def local() -> small.Built:
    """The book as it is built on one's own machine."""
    return small.built(small.write(Path(tempfile.mkdtemp(prefix="small-"))))


@functools.cache
def published() -> small.Built:
    """The book as it is published."""
    moved = {"companion_redirects": {"chapters/before.html": "chapters/anora"}}
    return small.built(small.write(Path(tempfile.mkdtemp(prefix="small-"))), environment=ENVIRONMENT, **moved)


if "MUTANT_UNDER_TEST" in os.environ:  # a mutant is tested in a fork of this process, which has both books built
    local(), published()
    bibliography._entry.cache_clear()
    schema._checked.cache_clear()


def stand_in(**fields: Any) -> Any:
    """For an application, of which only these are looked at."""
    return SimpleNamespace(**fields)


def fresh(app: small.Built) -> small.Built:
    """The book with nothing remembered of what is made once in a build."""
    app = copy.copy(app)
    vars(app).pop("companion", None)
    return app


def page(app: small.Built, name: str) -> dict[str, Any]:
    """What a page is given, filled anew."""
    template, context = app.contexts[name]
    context = dict(context)
    pages.fill_page(fresh(app), name, template, context, None)
    return context


def readable(text: str) -> str:
    """The text of a page without its scripts and style, a line for each of its parts."""
    text = re.sub(
        r'<script(?! type="application/(ld\+)?json)[^>]*>.*?</script>', "<script>…</script>", text, flags=re.S
    )
    text = re.sub(r"<style>.*?</style>", "<style>…</style>", text, flags=re.S)
    text = re.sub(r"'sha256-[^']+'", "'sha256-…'", text)
    text = re.sub(r"(timeline|search-index)-[0-9a-f]{10}", r"\1-…", text)
    return html(text.replace("<meta", "\n<meta").replace("<link", "\n<link"))


class TestABuild:
    """Everything at once, in a folder of its own."""

    @pytest.fixture(scope="class")
    def out(self, tmp_path_factory: pytest.TempPathFactory) -> Path:
        moved = {"companion_redirects": {"chapters/before.html": "chapters/anora"}}
        app = small.built(small.write(tmp_path_factory.mktemp("book")), environment=ENVIRONMENT, **moved)
        return Path(app.outdir)

    @pytest.mark.parametrize("name", ["index", "article", "history", "anora", "glossary", "sources", "teaching/live"])
    def test_a_page_whole(self, out: Path, name: str) -> None:
        text = (out / "chapters" / f"{name}.html").read_text("utf-8")
        same(f"page-{name.replace('/', '-')}.html", readable(text))

    def test_the_files(self, out: Path) -> None:
        names = sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file())
        same("files.txt", re.sub(r"(timeline|search-index)-[0-9a-f]{10}", r"\1-…", "\n".join(names)))

    def test_a_second_build_reads_what_has_changed(self, tmp_path: Path) -> None:
        folder = small.write(tmp_path)
        small.built(folder)
        path = folder / "data" / "glossary.csv"
        path.write_text(path.read_text("utf-8").replace("A cover.", "Another cover."), "utf-8")
        small.built(folder)
        assert "Another cover." in (folder / "_build" / "html" / "chapters" / "glossary.html").read_text("utf-8")

    def test_bad_data_stop_it(self, tmp_path: Path) -> None:
        folder = small.write(tmp_path)
        small.write_data(folder / "data", small.ROWS | {"people": []})
        with pytest.raises(
            ExtensionError, match=r"faults in the data:\ndata/.*, row 2 .*'guild' must be an id of the table people"
        ):
            small.built(folder)

    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ("{event}`nothing`", "index.md:1:there is no 'nothing' in data/events.csv"),
            ("```{drawn} nothing\n```", "there is no page 'nothing'; there are data, people, glossary, films, rules, "),
        ],
    )
    def test_an_unknown_entry_stops_it(self, tmp_path: Path, text: str, told: str) -> None:
        folder = small.write(tmp_path)
        (folder / "chapters" / "index.md").write_text(f"{text}\n", "utf-8")
        with pytest.raises(SphinxWarning, match=re.escape(told)):
            small.built(folder)


class TestThePage:
    @pytest.mark.parametrize("name", ["chapters/index", "chapters/anora", "chapters/teaching/live", "search", "404"])
    @pytest.mark.parametrize("where", [local, published])
    def test_what_the_layout_asks_for(self, where: Callable[[], small.Built], name: str) -> None:
        context = page(where(), name)
        names = ("policy", "icon", "head", "place", "contents", "run", "paper", "take")
        text = "\n\n".join(f"{part}:\n{context.get(part, '')}" for part in names)
        same(f"context-{where.__name__}-{name.replace('/', '-')}.html", readable(text))

    def test_scripts_are_those_that_a_page_has_a_use_for(self) -> None:
        def wanted(pagename: str, body: str) -> tuple[list[str], bool]:
            scripts, loads = pages.scripts_for(pagename, body, lambda path, resource: f"../{path}")
            known = {pages.loader(f"../{pages.timeline().path}"): "timeline"} | {
                pages._read(f"static/{name}.js"): name for name in ("stand", "hub", "search", "notes", "page")
            }
            return [known[text] for text in scripts], loads

        assert wanted("chapters/a", "") == (["notes", "page"], False)
        assert wanted("search", "") == (["search", "notes", "page"], True)
        assert wanted("a", '<section class="timeline timeline-large"') == (["timeline", "notes", "page"], True)
        assert wanted("a", '<div class="stand"></div>') == (["stand", "notes", "page"], False)
        assert wanted("a", '<div class="hub-link">') == (["hub", "notes", "page"], False)

    def test_a_page_has_the_style_that_it_has_a_use_for(self) -> None:
        def style(body: str, pagename: str = "chapters/a") -> list[str]:
            text = pages.style_for(pagename, body)
            sheets = [pages.HERE / "timeline.css", *pages.THEME.glob("*.css")]
            starts = {text.index(sheet): path.stem for path in sheets if (sheet := path.read_text("utf-8")) in text}
            return [starts[start] for start in sorted(starts)]

        assert style("<p>A timeline, a chart.</p>") == ["book"]
        assert style('<section class="timeline timeline-large">') == ["book", "timeline"]
        assert style('<figure class="chart">') == ["book", "cells", "timeline"]
        assert style('<div class="cell docutils container">') == ["book", "cells"]
        assert style('<div class="highlight-bash notranslate">') == ["book", "cells"]
        assert style('<div class="article-paragraph">') == style('<ul class="gravest">') == ["book", "article"]
        assert style('<ol class="arguments">') == style('<div class="stand">') == ["book", "question"]
        assert style('<div class="hub-link" data-repo="a">') == ["book", "hub"]
        assert style("", "search") == ["book", "search"]

    def test_a_policy_allows_what_is_there(self) -> None:
        rest = "img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'"
        rest = f"; style-src '{digest('s')}'; {rest}"
        assert pages.policy("s", ["ü"], loads=False) == f"default-src 'none'; script-src '{digest('ü')}'{rest}"
        assert pages.policy("s", ["a", "ü"], loads=True) == (
            f"default-src 'none'; script-src '{digest('a')}' '{digest('ü')}' 'strict-dynamic'{rest}"
        )

    def test_what_sphinx_writes_and_html_does_not_allow_is_mended(self) -> None:
        assert pages._mended(
            '<div role="doc-biblioentry"><summary aria-label="Toggle hidden content">'
            '<p class="expanded admonition-title">Hide</p><p class="collapsed admonition-title">Show</p>'
            '<p class="admonition-title">Note</p>'
        ) == (
            '<div role="listitem"><summary>'
            '<span class="expanded admonition-title">Hide</span><span class="collapsed admonition-title">Show</span>'
            '<p class="admonition-title">Note</p>'
        )

    def test_an_empty_table_of_contents_is_empty(self) -> None:
        assert pages._contents({"toctree": lambda **options: None}) == ""

    def test_a_module_without_an_export_is_refused(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(pages, "HERE", tmp_path)
        (tmp_path / "timeline.mjs").write_text("const a = 1;")
        with pytest.raises(ExtensionError, match=r"^timeline\.mjs must end with its default export$"):
            pages.classic_timeline.__wrapped__()

    def test_the_timeline_is_a_classic_script(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(pages, "HERE", tmp_path)
        (tmp_path / "static").mkdir()
        (tmp_path / "timeline.mjs").write_text("const ä = 1;\nexport default { ä };\n", "utf-8")
        (tmp_path / "static" / "host.js").write_text("host();\n", "utf-8")
        assert pages.classic_timeline.__wrapped__() == (
            '(() => {\n"use strict";\nconst ä = 1;\nconst timeline = { ä };\nhost();\n})();\n'
        )


def digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


class TestTheAssets:
    def app(self, folder: Path, **other: Any) -> Any:
        return stand_in(
            builder=stand_in(format="html", search=True),
            outdir=folder / "out",
            srcdir=folder,
            config=stand_in(),
            **other,
        )

    def test_a_script_an_icon_and_the_data_are_written(self, tmp_path: Path) -> None:
        app = copy.copy(local())
        vars(app).update(srcdir=small.write(tmp_path), outdir=tmp_path / "out")
        app.builder = copy.copy(app.builder)
        vars(app.builder)["search"] = True
        old = tmp_path / "out" / "_static" / "timeline-0123456789.js"
        old.parent.mkdir(parents=True)
        old.touch()
        pages.write_assets(app)
        assert not old.exists()
        assert vars(app.builder)["search"] is False
        assert re.fullmatch(r"_static/timeline-[0-9a-f]{10}\.js", pages.timeline().path)
        assert (tmp_path / "out" / pages.timeline().path).read_text("utf-8") == pages.classic_timeline()
        assert (tmp_path / "out" / "_static" / "icon.svg").read_bytes() == (pages.THEME / "icon.svg").read_bytes()
        data = tmp_path / "out" / "data"
        assert {path.name for path in data.iterdir()} == {path.name for path in (tmp_path / "data").iterdir()} | {
            *("LICENSE-CONTENT", TABLES, NOTEBOOKS)
        }
        with zipfile.ZipFile(data / TABLES) as packed:
            assert packed.namelist() == [
                *sorted(path.name for path in (tmp_path / "data").iterdir()),
                "LICENSE-CONTENT",
            ]
            for name in packed.namelist():
                assert packed.read(name) == (data / name).read_bytes()

    def test_only_a_website_gets_them(self, tmp_path: Path) -> None:
        app = self.app(tmp_path)
        app.builder.format = "text"
        pages.write_assets(app)
        pages.finish(app, None)
        site.write(app, None)
        downloads.copy_forms(app, None)
        app.builder.format = "html"
        pages.finish(app, ValueError())
        site.write(app, ValueError())
        downloads.copy_forms(app, ValueError())
        assert not (tmp_path / "out").exists()

    def test_what_has_changed_is_known_by_its_sum(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        small.write(tmp_path)
        app = self.app(tmp_path)
        seen: list[str] = []

        def look(watch: Callable[[Any, Any], None], name: str) -> None:
            watch(app, app.config)
            seen.append(getattr(app.config, name))

        look(book.watch_data, "companion_data")
        look(book.watch_data, "companion_data")
        for path in (tmp_path / "data" / "gaps.csv", tmp_path / "CITATION.cff"):
            path.write_text(path.read_text("utf-8") + "\n", "utf-8")
            look(book.watch_data, "companion_data")
        assert seen[0] == seen[1]
        assert len(set(seen)) == 3
        assert all(re.fullmatch("[0-9a-f]{64}", text) for text in seen)
        seen.clear()
        monkeypatch.setattr(pages, "HERE", tmp_path / "here")
        monkeypatch.setattr(pages, "THEME", tmp_path / "here" / "theme")
        for folder in ("theme", "static"):
            (tmp_path / "here" / folder).mkdir(parents=True)
        look(pages.watch_assets, "companion_assets")
        for name in ("one.py", "theme/two.css", "static/three.js"):
            (tmp_path / "here" / name).write_text("x")
            look(pages.watch_assets, "companion_assets")
        assert len(set(seen)) == 4
        assert all(re.fullmatch("[0-9a-f]{64}", text) for text in seen)

    def test_what_no_page_uses_is_left_out(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        static = tmp_path / "out" / "_static"
        for name in ("search-index-1.js", "timeline-1.js", "icon.svg", "cards/a.png", "scripts/x.js", "x.css"):
            (static / name).parent.mkdir(parents=True, exist_ok=True)
            (static / name).touch()
        monkeypatch.setattr(search, "index", lambda app: "the index ü")
        app = self.app(tmp_path)
        shared.write(app, pages.timeline())
        [(name, context, template)] = pages.search_page(app)
        assert (name, template) == ("search", "search.html")
        assert (tmp_path / "out" / context["index"]).read_text("utf-8") == "the index ü"
        assert not (static / "search-index-1.js").exists()
        pages.finish(app, None)
        kept = {Path(path).name for path in (pages.timeline().path, context["index"])}
        assert {path.name for path in static.iterdir()} == kept | {"icon.svg", "cards"}


class TestTheSearch:
    def test_the_index(self) -> None:
        text = search.index(fresh(local()))
        assert text.startswith("whoIndex({")
        assert text.endswith("});\n")
        assert "Zoë" in text
        assert ": " not in text[:40]
        found = json.loads(text[len("whoIndex(") : -len(");\n")])
        lines = [f"{part}:\n" + "\n".join(json.dumps(row, ensure_ascii=False) for row in found[part]) for part in found]
        same("search.txt", "\n\n".join(lines))

    def test_a_page_in_its_own_words(self) -> None:
        found = search.Page(
            "<nav><section>no</section></nav><article><section id='a'><h1>Title<a class='headerlink'>#</a></h1><p>One"
            "<br>two<b>three</b> .</p><p>Four</p><pre>code</pre><dl><dt id='person-x'>Row</dt><dd>of it</dd>"
            "<dt id='own'>Term</dt><dd>said</dd></dl><table><tr><td>data</td></tr></table>"
            "<table class='docutils x'><tr><td>kept</td></tr></table><div class='x timeline'><p>no</p></div>"
            "<section id='event-y'><h2>Part</h2>text<h3>More</h3></section><p id='claim-1'>row</p>after</section>"
            "</i></article><p>foot</p>"
        )
        assert found.sections() == [
            ("a", "Title", "Onetwothree. Four Term said kept after"),
            ("event-y", "Part", "text More"),
        ]
        assert list(found.anchors) == ["", "a", "person-x", "own", "event-y", "claim-1"]

    def test_parts_are_sentences(self) -> None:
        assert search._prose(["One", "", "Two.", "Three?", "Four”", "five!"]) == "One. Two. Three? Four” five!"


class TestTheHead:
    def test_descriptions(self) -> None:
        names = [*sorted(local().env.found_docs), "search", "404"]
        same("descriptions.txt", "\n".join(f"{name}: {head.description(fresh(local()), name)}" for name in names))

    @pytest.mark.parametrize(
        ("text", "short"),
        [
            ("x" * 165, "x" * 165),
            ("a" * 80 + ". " + "B" * 80 + ". Cc", "a" * 80 + ". " + "B" * 80 + "."),
            ("a" * 70 + ". " + "B" * 80 + " " + "c" * 80, "a" * 70 + "."),
            ("a" * 69 + "? “" + "B" * 80 + " " + "c" * 80, "a" * 69 + "?"),
            ("a" * 60 + ". " + "B" * 80 + ", " + "c" * 80, "a" * 60 + ". " + "B" * 80 + "…"),
            ("a" * 100 + ". b " + "c" * 80, "a" * 100 + ". b…"),
        ],
    )
    def test_a_description_ends_where_it_may(self, text: str, short: str) -> None:
        assert head.shortened(text) == short

    def test_pages_that_open_alike_are_told_apart_by_their_sections(self, monkeypatch: pytest.MonkeyPatch) -> None:
        app = fresh(local())
        shared.once(app, "openings", lambda: {name: ["The same."] for name in app.env.found_docs})
        assert head.description(app, "chapters/anora") == "A and the rest. On this page: First part; Second part."

    @pytest.mark.parametrize("name", ["index", "anora", "article", "teaching/live", "teaching/tasks", "people", "data"])
    def test_linked_data(self, name: str) -> None:
        data = head.linked(fresh(published()), f"chapters/{name}", "to:{}".format)
        same(f"linked-{name.replace('/', '-')}.json", json.dumps(data, indent=1))

    @pytest.mark.parametrize("where", [local, published])
    def test_a_page_is_cited(self, where: Callable[[], small.Built]) -> None:
        texts = [
            part
            for name in ("index", "anora", "teaching/live")
            for part in head.cited(fresh(where()), f"chapters/{name}")
        ]
        same(f"cited-{where.__name__}.txt", "\n\n".join(texts))

    def test_what_tex_would_read_is_escaped(self) -> None:
        assert head._tex("a & b % c $ d # e _ f") == r"a \& b \% c \$ d \# e \_ f"


class TestAround:
    @pytest.mark.parametrize("name", ["sitemap", "feed", "robots"])
    def test_a_file_of_the_published_book(self, name: str) -> None:
        same(f"{name}.txt", getattr(site, name)(fresh(published())))

    def test_files_are_written_or_taken_away(self, tmp_path: Path) -> None:
        for where, there in ((published, True), (local, False)):
            app = copy.copy(where())
            out = tmp_path / "out"
            vars(app)["outdir"] = out
            out.mkdir(exist_ok=True)
            site.write(app, None)
            assert [(out / name).exists() for name in ("sitemap.xml", "feed.xml", "robots.txt")] == [there] * 3
            assert (out / "_headers").read_text("utf-8") == site.headers([asset.path for asset in shared.assets(app)])
            assert len(list((out / "_static" / "cards").iterdir())) == len(cards.CARDS)
            same(f"front-door-{where.__name__}.html", (out / "index.html").read_text("utf-8"))
        assert "chapters/anora.html" not in (tmp_path / "out" / "index.html").read_text("utf-8")
        same("moved.html", (tmp_path / "out" / "chapters" / "before.html").read_text("utf-8"))

    def test_headers(self) -> None:
        same("headers.txt", site.headers(["_static/a.js", "_static/b.js"]))

    def test_a_heading_of_the_changes_that_is_no_edition_is_told(self, tmp_path: Path) -> None:
        (tmp_path / "CHANGELOG.md").write_text("## 1.0, soon\n", "utf-8")
        with pytest.raises(ExtensionError) as raised:
            list(site.releases(stand_in(srcdir=tmp_path)))
        assert (
            str(raised.value) == "CHANGELOG.md: '1.0, soon' must be a version and a day, as “0.1.0, 22 November 2026”"
        )

    def test_a_feed_without_entries_begins_with_the_book(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(site, "releases", lambda app: [])
        monkeypatch.setattr(site, "corrections", lambda app: [])
        assert f"<updated>{site.BEGAN}T00:00:00Z</updated>" in site.feed(fresh(published()))

    @pytest.mark.parametrize(
        ("old", "new", "rule"),
        [
            ("../x.html", "chapters/anora", "the old page must be a path inside the book, as chapters/anora"),
            ("/old", "chapters/anora", "the old page must be a path inside the book, as chapters/anora"),
            ("chapters/history", "chapters/anora", "the old page is still there"),
            ("chapters/history.html", "chapters/anora", "the old page is still there"),
            ("search.html", "chapters/anora", "the old page is still there"),
            ("old", "chapters/none", "there is no page 'chapters/none'"),
        ],
    )
    def test_a_bad_redirect_is_told(self, old: str, new: str, rule: str) -> None:
        config = stand_in(root_doc="index", companion_redirects={old: new})
        with pytest.raises(ExtensionError) as raised:
            site.check_redirects(stand_in(config=config), local().env)
        assert str(raised.value) == f"companion_redirects: {old.removesuffix('.html')!r} to {new!r}: {rule}"

    @pytest.mark.parametrize(
        ("value", "address"),
        [
            (" ", ""),
            (" https://Example.org/Book ", "https://example.org/Book/"),
            ("http://127.0.0.1:8000/", "http://127.0.0.1:8000/"),
            ("http://example.org:8000", "http://example.org:8000/"),
            ("https://example.org/a/b//", "https://example.org/a/b/"),
        ],
    )
    def test_an_address_is_brought_into_one_form(self, value: Any, address: str) -> None:
        assert site.address(value) == address

    @pytest.mark.parametrize(
        "value",
        [
            *("example.org/book", "//example.org/", "ftp://example.org/", "javascript:x", "https:///book"),
            *(
                "https://example.org:x/",
                "https://example.org:99999/",
                "https://[example.org/",
                "https://a@example.org/",
            ),
            *("https://example.org/?a", "https://example.org/#a", "https://example.org/a b", "https://example.org/<a>"),
            *('https://example.org/"', "https://example.org/a.html", "https://example.org/a.htm/"),
        ],
    )
    def test_a_bad_address_is_told(self, value: Any) -> None:
        with pytest.raises(ConfigError) as raised:
            site.address(value)
        assert str(raised.value) == (
            f"BOOK_URL is {value!r}; it must be the http or https address of the folder that holds the book, "
            "as in https://example.org/book/"
        )

    def test_the_lost_page_links_from_the_root(self) -> None:
        context: dict[str, Any] = {
            "pathto": lambda target, resource=0: f"{target}?{resource}",
            "toctree": lambda **options: f'<a href="a.html">{options}</a><a href="#b"><a href="/c"><a href="http:d">',
        }
        for app, name in ((local(), "404"), (published(), "search")):
            left = dict(context)
            site.root_links(app, name, "", left, None)
            assert left == context
        site.root_links(published(), "404", "", context, None)
        assert context["pathto"]("x", 1) == "/room/x?1"
        assert context["pathto"]("x", resource=2) == "/room/x?2"
        assert (
            context["toctree"](a=1)
            == '<a href="/room/a.html">{\'a\': 1}</a><a href="#b"><a href="/c"><a href="http:d">'
        )


class TestLaunch:
    def test_links_open_a_notebook_elsewhere(self) -> None:
        tag = launch.Origin("o/r", "v1/é")
        commit = launch.Origin("o/r", COMMIT.upper())
        assert launch.binder(tag, "a b/ü.ipynb") == (
            "https://mybinder.org/v2/gh/o/r/v1/%C3%A9?urlpath=doc%2Ftree%2Fa%2520b%2F%25C3%25BC.ipynb"
        )
        assert launch.codespaces(tag) == "https://codespaces.new/o/r/tree/v1/%C3%A9"
        assert launch.codespaces(commit) == "https://codespaces.new/o/r"
        assert (tag.address, commit.branch) == ("https://github.com/o/r", "")

    @pytest.mark.parametrize(
        "repository", ["o/r", "o/r.git", "o/r/", "o/r.git/", "o/r.js", "a-b/_r", "Some-Owner/who.is_in-.git"]
    )
    def test_where_the_book_comes_from(self, repository: str) -> None:
        name = repository.removesuffix("/").removesuffix(".git")
        assert launch.origin(f" https://github.com/{repository} ", " main ") == launch.Origin(name, "main")
        assert launch.origin(" ", "") is None

    @pytest.mark.parametrize(
        "repository",
        [
            *("", "github.com/o/r", "http://github.com/o/r", "git@github.com:o/r.git", "javascript:x"),
            *("https://gitlab.com/o/r", "https://github.com/o", "https://github.com/o/r/tree/main"),
            *("https://github.com/-o/r", "https://github.com/o/..", "https://github.com/o/.git"),
            *("https://github.com/o/a b", 'https://github.com/o/"><b>', "https://github.com.example/o/r"),
            *("https://user@github.com/o/r", "https://github.com/o/r?x=1", "https://github.com/o/é"),
        ],
    )
    def test_a_bad_repository_is_told(self, repository: str) -> None:
        with pytest.raises(ConfigError) as raised:
            launch.origin(repository, "main")
        assert str(raised.value) == (
            f"BOOK_REPOSITORY is {repository!r}; it must be the https address of a repository on GitHub, "
            "as in https://github.com/owner/name, and it goes with BOOK_REVISION"
        )

    @pytest.mark.parametrize(
        "revision",
        [
            *("", "a b", "a..b", "-a", "/a", "a/", "a.", "a//b", "a~1", "a^", "a:b", "a?", "a*", "a[b", "a\\b"),
            *("a@{1}", "@", ".a", "a/.b", "a.lock", "a.lock/b", "a\x7fb", "refs/heads/a"),
        ],
    )
    def test_a_bad_revision_is_told(self, revision: str) -> None:
        with pytest.raises(ConfigError) as raised:
            launch.origin("https://github.com/o/r", revision)
        assert str(raised.value) == (
            f"BOOK_REVISION is {revision!r}; it must be a full commit id of 40 hex digits, or the name of a tag or a "
            "branch as git allows it, and it goes with BOOK_REPOSITORY"
        )

    @pytest.mark.parametrize(
        "revision", ["main", "a/b", "feature.x", "@home", "v1", "été", "a@b", "x.locks", COMMIT[:39]]
    )
    def test_git_accepts_what_is_taken(self, revision: str) -> None:
        taken = launch.Origin("o/r", revision)
        assert launch.origin(taken.address, revision) == taken
        assert taken.branch == revision
        checked = subprocess.run(["git", "check-ref-format", "--branch", revision], capture_output=True, check=False)
        assert checked.returncode == 0

    def test_both_or_neither(self, monkeypatch: pytest.MonkeyPatch) -> None:
        app, config = stand_in(), stand_in()
        for name in ("BOOK_REPOSITORY", "BOOK_REVISION"):
            monkeypatch.delenv(name, raising=False)
        launch.configured(app, config)
        assert config.companion_origin == ()
        monkeypatch.setenv("BOOK_REVISION", COMMIT)
        with pytest.raises(ConfigError, match=r"BOOK_REPOSITORY is ''.*goes with BOOK_REVISION"):
            launch.configured(app, config)
        monkeypatch.setenv("BOOK_REPOSITORY", "https://github.com/example/room")
        launch.configured(app, config)
        assert config.companion_origin == ("example/room", COMMIT)

    def test_a_link_to_a_hub(self) -> None:
        assert launch.hub_link("https://h.example//", "https://g/o/r", "", "lab/tree/r/a.ipynb") == (
            "https://h.example/hub/user-redirect/git-pull?repo=https%3A%2F%2Fg%2Fo%2Fr&urlpath=lab%2Ftree%2Fr%2Fa.ipynb"
        )
        assert launch.hub_link("h", "r", "b", "p").endswith("?repo=r&urlpath=p&branch=b")

    def test_the_pages_to_choose_from(self) -> None:
        assert launch.notebooks(local()) == [
            ("chapters/anora.ipynb", "A and the rest"),
            ("chapters/history.ipynb", "History"),
        ]

    @pytest.mark.parametrize("where", [local, published])
    def test_the_place_for_a_hub(self, where: Callable[[], small.Built]) -> None:
        document: Any = nodes.Element("", launch.hub_place())
        launch.fill_hub_places(where(), document, "chapters/teaching/live")
        same(f"hub-{where.__name__}.txt", document.pformat())


class TestTheBook:
    def test_rows_by_source(self) -> None:
        rows = book._rows_by_source(shared.tables(local()))
        lines = [
            f"{key}\n" + "\n".join(f"  {address}: {words}" for address, words in found) for key, found in rows.items()
        ]
        same("rows-by-source.txt", "\n".join(lines))

    def test_terms_are_noted_forgotten_and_merged(self) -> None:
        env = stand_in(docname="a")
        app = stand_in(env=env)
        document: Any = nodes.Element(
            "", pending_xref(reftype="term", reftarget="Rider"), pending_xref(reftype="doc", reftarget="Other")
        )
        book.note_terms(app, document)
        assert book.uses(env) == {"a": {"rider"}}
        other = stand_in(companion_terms={"b": {"x"}, "c": {"y"}})
        book.merge_terms(app, env, ["b"], other)
        assert book.uses(env) == {"a": {"rider"}, "b": {"x"}}
        book.forget_terms(app, env, "a")
        book.forget_terms(app, env, "a")
        assert book.uses(env) == {"b": {"x"}}

    def test_the_pages_with_links_back_are_written_last(self) -> None:
        env = stand_in(found_docs={"chapters/sources", "chapters/a"})
        assert book.rewrite_backlinks(stand_in(), env) == ["chapters/sources"]

    def test_sources_stand_in_the_order_of_their_publishers(self) -> None:
        def entry(**fields: str) -> Any:
            return stand_in(fields={"title": "T"} | fields, key=fields["organization"])

        style = citations.ByPublisher()
        keys = [
            style.sorting_key(entry(organization=name, date=when)) for name, when in (("The ß", "2020"), ("a", "2019"))
        ]
        assert keys == [("ss", "2020", "T"), ("a", "2019", "T")]
        assert style.sorting_key(entry(organization="a")) == ("a", "", "T")
        assert citations.PublisherYear().role_names() == ["p", "t"]
        assert list(citations.KeyLabels().format_labels([entry(organization="x")])) == ["x"]

    @pytest.mark.parametrize(
        ("fields", "said"),
        [
            ({"date": "2024-12-23", "year": "2025"}, "The Paper, 2024"),
            ({"year": "2011"}, "The Paper, 2011"),
            ({}, "The Paper"),
        ],
        ids=["date", "year", "neither"],
    )
    def test_a_citation_says_who_published_and_in_which_year(self, fields: dict[str, str], said: str) -> None:
        data = {"entry": stand_in(fields={"organization": "The {Paper}"} | fields, type="online")}
        assert str(citations.publisher_and_year.format_data(data)) == said


class TestTheGuard:
    def test_what_html_may_hold(self) -> None:
        kept = '<p class="a" id="b"><a href="x.html#y">x</a><img src="a.png" alt=""><img src="data:image/png,x"></p>'
        kept += '<script type="application/json">{}</script><svg viewBox="0 0 1 1"><path d=""/></svg>'
        kept += '<a href="mailto:x@y.z">'
        assert list(guard.html_faults(kept)) == []
        broken = '<script>1</script><IFRAME src="//x.example/"></IFRAME><p onclick="1" style="x">a</p>'
        broken += '<a href="java\nscript:1">b</a>'
        broken += '<img src="http://x.example/a.png"><use xlink:href="file:///a"/><a href="data:text/html,x">c</a>'
        broken += '<form action="x">'
        same("guard-html.txt", "\n".join(guard.html_faults(broken)))

    def test_what_a_source_may_hold(self, tmp_path: Path) -> None:
        folder = small.write(tmp_path)
        chapters = folder / "chapters"
        assert list(guard.source_faults(chapters / "anora.ipynb", folder)) == []
        assert list(guard.source_faults(chapters / "index.md", folder)) == []
        (chapters / "link.md").symlink_to(chapters / "index.md")
        (chapters / "settings.md").write_text("\ufeff\n---\nfile_format: mystnb\n---\n", "utf-8")
        (chapters / "none.ipynb").write_text("[]", "utf-8")
        book = small.chapter()
        book.metadata["mystnb"] = {"execution_mode": "force"}
        book.cells[0].metadata["mystnb"] = {}
        book.cells[1].outputs[0].data["application/javascript"] = "1"
        book.cells[2].attachments = {"a.png": {"image/png": "AA=="}}
        book.cells.append(nbformat.v4.new_raw_cell("x", id="cell-05"))
        nbformat.write(book, chapters / "bad.ipynb")
        names = ("link.md", "settings.md", "none.ipynb", "bad.ipynb")
        faults = [fault for name in names for fault in guard.source_faults(chapters / name, folder)]
        same("guard-sources.txt", "\n".join(map(str, faults)))

    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ("```{include} ../data/events.csv\n```", "the directive {include} must not be used in this book"),
            ("<script>1</script>", "the element <script> must not stand in a page"),
            ("![x](http://x.example/a.png)", "the address 'http://x.example/a.png' must not be loaded"),
        ],
    )
    @pytest.mark.parametrize("where", ["index.md", "history.ipynb"])
    def test_a_page_that_holds_more_stops_the_build(self, tmp_path: Path, where: str, text: str, told: str) -> None:
        folder = small.write(tmp_path)
        path = folder / "chapters" / where
        if where == "index.md":
            path.write_text(f"# Title\n\n{text}\n", "utf-8")
        else:
            nbformat.write(small.notebook([nbformat.v4.new_markdown_cell(f"# T\n\n{text}")]), path)
            told = f"cell 1: {told}"
        with pytest.raises(SphinxWarning, match=re.escape(told)) as raised:
            small.built(folder)
        assert ("cell 1: " in str(raised.value)) == (where == "history.ipynb")


class TestForms:
    @pytest.fixture
    def whole(self, monkeypatch: pytest.MonkeyPatch) -> edition.Edition:
        monkeypatch.delenv("BOOK_URL", raising=False)
        monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
        return edition.read(Path(local().outdir), Path(local().srcdir))

    def test_the_address_is_that_of_the_pages(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("BOOK_URL", " https://Example.org/room ")
        whole = edition.read(Path(local().outdir), Path(local().srcdir))
        assert whole.address == "https://example.org/room"
        monkeypatch.setenv("BOOK_URL", "example.org/room")
        with pytest.raises(ConfigError, match=r"BOOK_URL is 'example\.org/room'"):
            edition.read(Path(local().outdir), Path(local().srcdir))

    def test_the_document_behind_the_pdf(self, whole: edition.Edition) -> None:
        text = re.sub(r"<style>.*?(?=@page p0)", "<style>…\n", pdf.document(whole), flags=re.S)
        same("forms-pdf.html", html(text))

    def test_the_epub(self, whole: edition.Edition, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(vl_convert, "svg_to_png", lambda svg: svg.encode())
        epub.write(whole, tmp_path / "book.epub")
        with zipfile.ZipFile(tmp_path / "book.epub") as packed:
            assert [entry.compress_type for entry in packed.infolist()][:2] == [
                zipfile.ZIP_STORED,
                zipfile.ZIP_DEFLATED,
            ]
            parts = {name: packed.read(name).decode() for name in packed.namelist()}
        assert parts.pop("EPUB/book.css") == edition.style()
        assert parts["EPUB/cover.png"] == front.cover(whole)
        same("forms-epub.txt", html("\n\n".join(f"=== {name}\n{text}" for name, text in parts.items())))

    def test_the_archives_always_have_the_same_bytes(self, tmp_path: Path) -> None:
        out = Path(local().outdir)
        archive.write(out, tmp_path / "one.zip")
        notebooks.write(Path(local().srcdir), tmp_path / "two.zip")
        with zipfile.ZipFile(tmp_path / "one.zip") as packed:
            entry = packed.infolist()[0]
            assert (entry.date_time, entry.external_attr >> 16, entry.create_system) == (
                (1980, 1, 1, 0, 0, 0),
                0o644,
                3,
            )
            assert entry.compress_type == zipfile.ZIP_DEFLATED
            names = packed.namelist()
            assert names == sorted(names)
            assert packed.read("who-is-in-the-room/index.html") == (out / "index.html").read_bytes()
            left = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
            left -= {name.removeprefix("who-is-in-the-room/") for name in names}
            assert left == {".buildinfo"} & {path.name for path in out.iterdir()}
        with zipfile.ZipFile(tmp_path / "two.zip") as packed:
            assert packed.read("who-is-in-the-room-notebooks/README.md").decode() == notebooks.README
            assert packed.read("who-is-in-the-room-notebooks/requirements.txt") == b"jupyterlab==4\n"
            same("forms-notebooks.txt", "\n".join(packed.namelist()))

    def test_the_style_knows_no_variables(self) -> None:
        assert "var(" not in edition.style(paged=True)
        assert edition.style(paged=True).startswith(edition.style())
        assert "@media print" not in edition.style()
        assert "@media print" in edition.style(paged=True)
        assert (
            edition.resolved("a: var(--kind-law, #777); b: var(--no-such,  var(--no, #111 ))") == "a: #a6761d; b: #111"
        )
        assert edition.resolved("var(--paper, var(--no-such, #000))") == "#fff"
        with pytest.raises(ValueError, match=r"^no style sheet of the book defines --no-such as a colour$"):
            edition.resolved("var(--no-such)")

    def one(self, tmp_path: Path, text: str) -> edition.Edition:
        (tmp_path / "_toc.yml").write_text("root: chapters/index\nparts: []\n", "utf-8")
        (tmp_path / "CITATION.cff").write_text(small.CITATION, "utf-8")
        (tmp_path / "chapters").mkdir(exist_ok=True)
        (tmp_path / "chapters" / "index.html").write_text(text, "utf-8")
        return edition.read(tmp_path, tmp_path)

    @pytest.mark.parametrize(
        ("text", "fault"),
        [
            ("<p>x</p>", "chapters/index has no text, or no title"),
            ("<article><p>x</p></article>", "chapters/index has no text, or no title"),
            (
                "<article><h1>A</h1><a href='#gone'>x</a></article>",
                "chapters/index links to chapters/index#gone, which is not there",
            ),
            (
                "<article><h1>A</h1><img src='x.png'></article>",
                "chapters/index shows x.png, and the forms hold only pictures that stand in the page",
            ),
        ],
    )
    def test_what_a_form_cannot_hold_stops_it(self, tmp_path: Path, text: str, fault: str) -> None:
        with pytest.raises(ValueError, match=f"^{re.escape(fault)}$"):
            self.one(tmp_path, text)

    def test_a_page_is_freed_of_what_only_a_screen_can_use(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("BOOK_URL", "https://book.example//")
        monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
        whole = self.one(
            tmp_path,
            "<main><article><section id='a' style='x'><h1>A <i>b</i></h1><script>1</script><style>2</style>"
            "<button>3</button>"
            "<div class='cell'><div class='cell_input'>code</div></div>"
            "<div class='cell'><div class='cell_input'>code</div>"
            "<svg viewBox='0 0 1 1' data-width='wide'>"
            "<path style='fill: var(--kind-law)' class='k' onclick='x'></path></svg></div>"
            "<div class='cell'><p> </p></div><a class='headerlink' href='#a'>#</a><svg data-width='narrow'></svg>"
            "<details class='hide x'><summary><p>Show</p></summary><div class='cell_input'>1</div><p>out</p></details>"
            "<details open><summary title='t'><p>Rows</p></summary><p>r</p></details>"
            "<table><tr><th scope='col'> </th><th scope='col' tabindex='0'>h</th></tr></table>"
            "<section id='s%20t'><h2>S  t</h2><a href='#s%2520t'>in</a><a href='index.html' rel='x'>self</a>"
            "<a href='../data/e.csv#f'>file</a><a href='https://x.example/'>out</a>"
            "<a href='//y.example/z'>net</a></section>"
            "</section></article></main>",
        )
        assert str(whole.date) == "2023-11-14"
        assert (whole.title, whole.subtitle) == (
            "Who Is in the Room?",
            "A very small book & more, and yet with two lines on its cover",
        )
        assert (whole.author, whole.version, whole.licence) == ("the contributors", "0.3.0", "CC-BY-4.0")
        assert whole.address == "https://book.example"
        assert (whole.cover.slug, whole.cover.title, whole.cover.number) == ("index", "A b", 0)
        assert whole.cover.sections() == [("s%20t", "S t")]
        same("forms-page.html", html(whole.cover.article.decode(formatter="minimal")))
        same("forms-title-page.html", html(front.title_page(whole)))

    def test_a_running_title_is_quoted_for_a_style_sheet(self) -> None:
        assert pdf._quoted('a "b" \\ <c>\n') == '"a \\22 b\\22  \\5c  \\3c c>\\a "'

    def test_a_page_that_is_not_well_formed_stops_the_epub(self) -> None:
        with pytest.raises(ValueError, match=r"^the page “T” is not well-formed: mismatched tag"):
            epub._document("T", "<p>")

    def test_forms_are_listed_and_copied(self, tmp_path: Path) -> None:
        out = tmp_path / "html"
        forms = tmp_path / "_build" / "forms"
        forms.mkdir(parents=True)
        (forms / "who-is-in-the-room.epub").write_bytes(b"x" * 1_660_000)
        (out / "downloads").mkdir(parents=True)
        (out / "downloads" / "old").touch()
        app = stand_in(outdir=out, srcdir=tmp_path, builder=stand_in(format="html"))
        noted: list[str] = []
        env = stand_in(app=app, docname="chapters/downloads", note_dependency=noted.append)
        directive: Any = downloads.FormsDirective.__new__(downloads.FormsDirective)
        directive.state = stand_in(document=stand_in(settings=stand_in(env=env)))
        same("forms-list.txt", "".join(node.pformat() for node in directive.run()))
        assert noted == [str(forms)]
        downloads.copy_forms(app, None)
        assert [path.name for path in (out / "downloads").iterdir()] == ["who-is-in-the-room.epub"]
        (forms / "who-is-in-the-room.epub").unlink()
        same("forms-none.txt", "".join(node.pformat() for node in directive.run()))
        downloads.copy_forms(app, None)
        assert not (out / "downloads").exists()
