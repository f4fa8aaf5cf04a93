"""What every page of the book is made of beside its text: style, scripts, policy, contents, and the tables.

The theme (`theme/`) is the book's own. Style and scripts stand inside the page, each allowed by its hash, so that a
page is a document and an icon, is painted without a second question to the server, opens from disk, and runs nothing
else. What is large and not needed to read, the timeline's script and the index of the search, such a script loads.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import re
import shutil
import zipfile
from collections.abc import Callable, Iterator
from html import escape
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.builders.html import StandaloneHTMLBuilder
from sphinx.config import Config
from sphinx.errors import ExtensionError
from sphinx.writers.html5 import HTML5Translator

from . import forms, head, launch, notes, schema, search, shared, site
from .forms import archive, notebooks

HERE = Path(__file__).parent
THEME = HERE / "theme"
FOLDED = {"source": "the code", "content": "the code and its result"}


def _read(path: str) -> str:
    return (HERE / path).read_text("utf-8")


@functools.cache
def classic_timeline() -> str:
    """timeline.mjs and its host as one classic script: a module script would not load from `file://`."""
    module = _read("timeline.mjs")
    start, export, names = module.partition("export default ")
    if not export:
        raise ExtensionError("timeline.mjs must end with its default export")
    return f'(() => {{\n"use strict";\n{start}const timeline = {names}{_read("static/host.js")}}})();\n'


@functools.cache
def timeline() -> shared.Asset:
    """The script of the timeline, which the pages that have one load."""
    return shared.Asset("timeline", ".js", classic_timeline())


def loader(path: str) -> str:
    """The script that loads another one: by a script, since no browser takes one from disk by its hash."""
    return f'document.head.append(Object.assign(document.createElement("script"), {{ src: {json.dumps(path)} }}));\n'


def scripts_for(pagename: str, body: str, pathto: Callable[[str, int], str]) -> tuple[list[str], bool]:
    """The scripts of a page, only those that it has a use for, and whether one of them loads another."""
    wanted = {
        "stand": 'class="stand"' in body,
        "hub": 'class="hub-link"' in body,
        "search": pagename == "search",
        "notes": True,
        "page": True,
    }
    loaders = [loader(pathto(timeline().path, 1))] if 'class="timeline' in body else []
    scripts = [_read(f"static/{name}.js") for name, use in wanted.items() if use]
    return loaders + scripts, bool(loaders) or pagename == "search"


def style_for(pagename: str, body: str) -> str:
    """The style of a page: the book's sheet, and those of what it has."""
    has = functools.partial(re.search, string=body)
    wanted = {
        "theme/book.css": True,
        "theme/cells.css": has('class="(cell|highlight|chart)'),
        "timeline.css": has('class="(timeline|chart)'),
        "theme/article.css": has('class="(article-paragraph|gravest)'),
        "theme/question.css": has('class="(argument|stand")'),
        "theme/hub.css": has('class="hub-link'),
        "theme/search.css": pagename == "search",
    }
    return "\n".join(_read(path) for path, use in wanted.items() if use)


def policy(style: str, scripts: list[str], *, loads: bool) -> str:
    """The Content-Security-Policy of a page: its style and scripts by hash, and what those load where it `loads` more.

    Source: https://www.w3.org/TR/CSP3/#strict-dynamic-usage
    """
    allowed = [_digest(text) for text in scripts] + (["'strict-dynamic'"] if loads else [])
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src {' '.join(allowed)}",
            f"style-src {_digest(style)}",
            "img-src 'self' data:",
            "connect-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
        ]
    )


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def watch_assets(app: Sphinx, config: Config) -> None:
    """A change of style, script or theme makes every page anew: each carries what it uses of them."""
    folders = (THEME, HERE / "static", HERE)
    files = sorted(path for folder in folders for path in folder.iterdir() if path.is_file())
    config.companion_assets = hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()


def write_assets(app: Sphinx) -> None:
    """Write the timeline's script, the icon and the tables into the book, and keep Sphinx from making a search."""
    if not isinstance(app.builder, StandaloneHTMLBuilder):
        return
    app.builder.search = False
    out = Path(app.outdir)
    shared.write(app, timeline())
    (out / "_static" / "icon.svg").write_text((THEME / "icon.svg").read_text("utf-8"), "utf-8")
    write_data(Path(app.srcdir), out / "data")


def write_data(source: Path, out: Path) -> None:
    """What others can use: each table, all tables in one archive, and the chapters to run in another."""
    out.mkdir(exist_ok=True)
    files = [*schema.files(source / "data"), source / "LICENSE-CONTENT"]
    with zipfile.ZipFile(out / forms.TABLES, "w") as packed:
        for path in files:
            (out / path.name).write_bytes(path.read_bytes())
            archive.add(packed, path.name, path.read_bytes())
    notebooks.write(source, out / forms.NOTEBOOKS)


def fill_page(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Give a page what `layout.html` asks for."""
    body = context.get("body", "")
    if body:
        body = _mended(body)
        tables = shared.tables(app)
        context["paper"] = notes.on_paper(body, tables) if pagename != "chapters/sources" else ""
        body += notes.of_page(body, tables)
        context["body"] = body
    first = _read("static/scheme.js")
    pathto = context["pathto"]
    style = style_for(pagename, body)
    scripts, loads = scripts_for(pagename, body, pathto)
    context |= {
        "first_script": first,
        "scripts": scripts,
        "policy": policy(style, [first, *scripts], loads=loads),
        "style": style,
        "icon": pathto("_static/icon.svg", 1),
        "contents": _contents(context),
        "origin": launch.published(app),
        "place": _place(app, pagename),
        "head": head.of_page(app, pagename, context),
        "run": (run := launch.of_page(app, pagename, context)),
        "take": head.take(app, pagename, context, run),
    }


def _mended(body: str) -> str:
    """What Sphinx and MyST-NB write and ARIA or HTML does not allow, and their words for a folded cell."""
    body = body.replace('role="doc-biblioentry"', 'role="listitem"')  # withdrawn from ARIA
    body = body.replace('<summary aria-label="Toggle hidden content">', "<summary>")  # its text is its name
    body = re.sub("(Show|Hide) code cell (source|content)", lambda found: f"{found[1]} {FOLDED[found[2]]}", body)
    return re.sub(
        r'<p class="((?:collapsed|expanded) admonition-title)">(.*?)</p>', r'<span class="\1">\2</span>', body
    )


def _contents(context: dict[str, Any]) -> str:
    """The list of all pages, with the sections of this one under its name."""
    html: str = context["toctree"](maxdepth=1, collapse=True, includehidden=True, titles_only=True) or ""
    html = html.replace('<p class="caption" role="heading">', '<p class="caption">').replace("reference internal", "")
    sections = re.search(r"<ul>.*?<ul>(.*)</ul>.*?</ul>", context.get("toc", ""), re.DOTALL)
    return re.sub(
        r'(<li class="toctree-l1 current"><a )class="current "(.*?</a>)',
        lambda match: f'{match[1]}aria-current="page"{match[2]}' + (f"<ul>{sections[1]}</ul>" if sections else ""),
        html.replace(' class=""', ""),
    )


def _place(app: Sphinx, pagename: str) -> str:
    """Where the page stands in its part of the book: “The chapters, 2 of 4”."""
    for part in shared.contents(app).root.subtrees:
        pages = part.files()
        if pagename in pages and len(pages) > 1:
            return f"{escape(part.caption or '')}, {pages.index(pagename) + 1} of {len(pages)}"
    return ""


class PageTranslator(HTML5Translator):
    """Tables stand in a frame of their own, in which a wide one scrolls (by keyboard too: see page.js)."""

    def visit_table(self, node: nodes.Element) -> None:
        """Open the frame, and the table in it."""
        self.body.append('<div class="table-scroll">')
        super().visit_table(node)

    def depart_table(self, node: nodes.Element) -> None:
        """Close the table, and its frame."""
        super().depart_table(node)
        self.body.append("</div>")


def finish(app: Sphinx, error: Exception | None) -> None:
    """Leave out what Sphinx brings along and no page uses."""
    if error is not None or app.builder.format != "html":
        return
    out = Path(app.outdir)
    kept = {out / asset.path for asset in shared.assets(app)}
    for path in (out / "_static").iterdir():
        if path not in kept and path.name not in {"icon.svg", "cards"}:
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def search_page(app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    """The book's own search instead of Sphinx's, and the index that it loads, made from the pages that now stand."""
    index = shared.write(app, shared.Asset("search-index", ".js", search.index(app)))
    yield "search", {"index": index}, "search.html"


def setup(app: Sphinx) -> None:
    """Connect what every page is made of."""
    app.add_html_theme("companion", str(THEME))
    app.set_translator("html", PageTranslator)
    app.add_config_value("companion_assets", "", "html", str)
    app.connect("config-inited", watch_assets)
    app.connect("builder-inited", write_assets)
    app.connect("html-page-context", fill_page)
    app.connect("html-collect-pages", search_page)
    app.connect("build-finished", finish)
    site.setup(app)
    launch.setup(app)
