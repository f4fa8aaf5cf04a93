"""What stands around the pages: where they are published, map, feed, redirects, the page for lost readers, headers."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Sequence
from datetime import date
from html import escape
from pathlib import Path
from typing import Any, TypedDict
from urllib.parse import urlsplit, urlunsplit
from xml.etree import ElementTree

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment
from sphinx.errors import ConfigError, ExtensionError

from . import cards, dates, head, shared

ATOM = "http://www.w3.org/2005/Atom"
BEGAN = "2026-11-22"
POWERS = (
    *("accelerometer", "autoplay", "bluetooth", "browsing-topics", "camera", "display-capture", "encrypted-media"),
    *("fullscreen", "gamepad", "geolocation", "gyroscope", "hid", "idle-detection", "local-fonts", "magnetometer"),
    *("microphone", "midi", "payment", "picture-in-picture", "publickey-credentials-get", "screen-wake-lock", "serial"),
    *("storage-access", "usb", "web-share", "xr-spatial-tracking"),
)


# The address


def published(app: Sphinx, config: Config) -> None:
    """Take the address from the environment."""
    config.html_baseurl = address(os.environ.get("BOOK_URL", ""))


def address(value: str) -> str:
    """The address of the book's folder, with its last slash; empty where there is none. Raises ConfigError."""
    value = value.strip()
    if not value:
        return ""
    try:
        parts = urlsplit(value)
        good = parts.scheme in ("http", "https") and parts.hostname and (parts.port or True)
    except ValueError:
        good = False
    if not good or parts.username or parts.query or parts.fragment or re.search(r"[\s<>\"'\\]|\.html?/?$", value):
        raise ConfigError(
            f"BOOK_URL is {value!r}; it must be the http or https address of the folder that holds the book, "
            "as in https://example.org/book/"
        )
    return urlunsplit((parts.scheme, parts.netloc.lower(), parts.path.rstrip("/") + "/", "", ""))


def write(app: Sphinx, error: Exception | None) -> None:
    """Write the headers, cards and redirects, and map, feed and robots.txt where the address is known."""
    if error or app.builder.format != "html":
        return
    out, base = Path(app.outdir), app.config.html_baseurl
    (out / "_headers").write_text(headers([asset.path for asset in shared.assets(app)]), "utf-8")
    shutil.copytree(cards.FOLDER, out / "_static" / "cards", dirs_exist_ok=True)
    for old, new in redirects(app).items():
        path = out / f"{old}.html"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(redirect(app, old, new), "utf-8")
    texts = {"sitemap.xml": sitemap, "feed.xml": feed, "robots.txt": robots}
    for name, text in texts.items():
        (out / name).unlink(missing_ok=True)
        if base:
            (out / name).write_text(text(app), "utf-8")


def sitemap(app: Sphinx) -> str:
    """The addresses of all pages. Source: https://www.sitemaps.org/protocol.html"""
    root = ElementTree.Element("urlset", xmlns="http://www.sitemaps.org/schemas/sitemap/0.9")
    for name in sorted(app.env.found_docs):
        ElementTree.SubElement(ElementTree.SubElement(root, "url"), "loc").text = head.address(app, name)
    return _xml(root)


def robots(app: Sphinx) -> str:
    """What tells a search engine where the map is (RFC 9309)."""
    return f"User-agent: *\nAllow: /\n\nSitemap: {app.config.html_baseurl}sitemap.xml\n"


# The feed: editions and corrections


class Entry(TypedDict):
    """An entry of the feed; `day` is written YYYY-MM-DD."""

    id: str
    title: str
    day: str
    url: str
    text: str


def feed(app: Sphinx) -> str:
    """An Atom feed (RFC 4287). An entry's id (RFC 4151) does not change when its words do."""
    base = app.config.html_baseurl
    host = urlsplit(base).hostname
    entries = sorted([*releases(app), *corrections(app)], key=lambda entry: (entry["day"], entry["id"]), reverse=True)
    root = ElementTree.Element("feed", {"xmlns": ATOM, "xml:lang": app.config.language})
    _put(root, id=f"tag:{host},{BEGAN}:changes", title=head.FEED)
    _put(root, updated=_instant(max((entry["day"] for entry in entries), default=BEGAN)))
    _put(ElementTree.SubElement(root, "author"), name=head.citation(app)["authors"][0]["name"])
    ElementTree.SubElement(root, "link", rel="self", type="application/atom+xml", href=f"{base}feed.xml")
    ElementTree.SubElement(root, "link", rel="alternate", type="text/html", href=head.address(app, app.config.root_doc))
    for entry in entries:
        part = ElementTree.SubElement(root, "entry")
        _put(part, id=f"tag:{host},{BEGAN}:{entry['id']}", title=entry["title"], updated=_instant(entry["day"]))
        ElementTree.SubElement(part, "link", rel="alternate", type="text/html", href=entry["url"])
        _put(part, content=entry["text"])
    return _xml(root)


def releases(app: Sphinx) -> Iterator[Entry]:
    """The editions that CHANGELOG.md lists. Raises ExtensionError where a heading is no version with a day."""
    text = (Path(app.srcdir) / "CHANGELOG.md").read_text("utf-8")
    for heading, body in re.findall(r"^## (.+)\n((?:(?!## ).*\n?)*)", text, re.M):
        version, _, day = heading.partition(", ")
        if heading == "Unreleased":
            continue
        try:
            number, month, year = day.split()
            when = date(int(year), dates.MONTHS.index(month) + 1, int(number)).isoformat()
        except ValueError:
            raise ExtensionError(
                f"CHANGELOG.md: {heading!r} must be a version and a day, as “0.1.0, 22 November 2026”"
            ) from None
        url = head.address(app, app.config.root_doc)
        yield {"id": f"edition-{version}", "title": f"Version {version}", "day": when, "url": url, "text": body.strip()}


def corrections(app: Sphinx) -> Iterator[Entry]:
    """The rows of the log."""
    for row in shared.tables(app).corrections.to_dict("records"):
        page = f"chapters/{row['page']}"
        name = head.title_of(app, page) if page in app.env.titles else row["page"]
        yield {
            "id": f"correction-{row['id']}",
            "title": f"Correction: {name}",
            "day": row["date"],
            "url": f"{head.address(app, 'chapters/corrections')}#correction-{row['id']}",
            "text": f"It said: {row['was']}\n\nIt says now: {row['now']}\n\nWhy: {row['reason']}",
        }


def _put(parent: ElementTree.Element, **texts: str) -> None:
    for name, text in texts.items():
        ElementTree.SubElement(parent, name).text = text


def _instant(day: str) -> str:
    return f"{day}T00:00:00Z"


def _xml(root: ElementTree.Element) -> str:
    ElementTree.indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ElementTree.tostring(root, "unicode")}\n'


# Redirects


def redirects(app: Sphinx) -> dict[str, str]:
    """Old page to new page; the first is the front door."""
    door = {} if app.config.root_doc == "index" else {"index": app.config.root_doc}
    return door | {old.removesuffix(".html"): new for old, new in app.config.companion_redirects.items()}


def check_redirects(app: Sphinx, env: BuildEnvironment) -> None:
    """Raises ExtensionError where a redirect starts at a page that is there, or leads to none."""
    for old, new in redirects(app).items():
        rule = f"companion_redirects: {old!r} to {new!r}: "
        if not re.fullmatch(r"[\w-]+(/[\w-]+)*", old):
            raise ExtensionError(f"{rule}the old page must be a path inside the book, as chapters/anora")
        if old in env.found_docs or old in head.DRAWN:
            raise ExtensionError(f"{rule}the old page is still there")
        if new not in env.found_docs:
            raise ExtensionError(f"{rule}there is no page {new!r}")


def redirect(app: Sphinx, old: str, new: str) -> str:
    """A page that leads on without a script. It is described as the page that it leads to: links to it are shared."""
    target = escape("../" * old.count("/") + app.builder.get_target_uri(new))
    policy = "default-src 'none'; form-action 'none'; base-uri 'none'"
    lines = [
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        '<meta name="referrer" content="no-referrer">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        head.described(app, new),
        *([head.canonical(app, new)] if app.config.html_baseurl else []),
        f'<meta http-equiv="refresh" content="0; url={target}">\n</head>\n<body>',
        f'<p>This page is at <a href="{target}">{escape(head.title_of(app, new))}</a>.</p>\n</body>\n</html>\n',
    ]
    return "\n".join(lines)


# The page for lost readers, and headers


def lost(app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    """The page for lost readers, for Sphinx to write: name, context, template."""
    yield head.LOST, {}, f"{head.LOST}.html"


def root_links(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """A server shows the page for lost readers at any depth, so its links begin at the root of the server."""
    base = app.config.html_baseurl
    if pagename != head.LOST or not base:
        return
    root, pathto, toctree = urlsplit(base).path, context["pathto"], context["toctree"]
    context["pathto"] = lambda *args, **options: root + pathto(*args, **options)
    context["toctree"] = lambda **options: re.sub(r'(?<=href=")(?!#|/|\w+:)', root, toctree(**options) or "")


def headers(lasting: Sequence[str]) -> str:
    """What a page cannot say of itself in a tag, in the form that Netlify and Cloudflare Pages read."""
    return f"""/*
  Content-Security-Policy: frame-ancestors 'none'
  Cross-Origin-Opener-Policy: same-origin
  Permissions-Policy: {", ".join(f"{power}=()" for power in POWERS)}
  Referrer-Policy: no-referrer
  X-Content-Type-Options: nosniff
""" + "".join(f"\n/{path}\n  Cache-Control: public, max-age=31536000, immutable\n" for path in lasting)


def setup(app: Sphinx) -> None:
    """Connect all of this."""
    app.add_config_value("companion_redirects", {}, "html", dict)
    app.connect("config-inited", published)
    app.connect("env-updated", check_redirects)
    app.connect("html-collect-pages", lost)
    # Before `pages.fill_page`, which uses these links.
    app.connect("html-page-context", root_links, priority=400)
    # Before sphinx-external-toc, which would write a front door of its own.
    app.connect("build-finished", write, priority=400)
