"""The book as one PDF: tagged, with bookmarks, printed by Chromium from one document."""

from __future__ import annotations

import io
import os
import re
import tempfile
from html import escape
from pathlib import Path

from . import front
from .edition import Edition, Page, links, slug, style, words

HEADING = re.compile("^h[1-5]$")
REFERS = ("aria-labelledby",)
"""The attributes, besides `id`, that hold an id."""


def write(edition: Edition, out: Path, chromium: str) -> None:
    """Print an edition as a PDF at `out` with the Chromium at the path `chromium`.

    Playwright drives it and pikepdf packs what it gives; both are requirements of the tests, and only this needs them.
    """
    from playwright.sync_api import sync_playwright

    arguments = ["--no-sandbox"] if os.name == "posix" and os.geteuid() == 0 else []
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        path = Path(folder) / "book.html"
        path.write_text(document(edition), "utf-8")
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        page = browser.new_page(java_script_enabled=False, offline=True)
        page.set_default_timeout(300_000)
        page.goto(path.as_uri())
        data = page.pdf(tagged=True, outline=True, prefer_css_page_size=True, print_background=True)
        browser.close()
    _pack(data, edition, out)


def _pack(data: bytes, edition: Edition, out: Path) -> None:
    """Chromium's PDF in less than half the room, with its bookmarks mended, and the day of the edition for its date."""
    import pikepdf

    titles = [part.title for part in edition.parts]
    titles += [words(heading) for page in edition.pages for heading in page.article.find_all(HEADING)]
    spelled = {"".join(title.split()): title for title in titles}
    with pikepdf.open(io.BytesIO(data)) as pdf:
        entries = [pdf.Root.Outlines.First]
        while entries:
            entry = entries.pop()
            # Chromium drops the space at which a heading breaks into lines.
            entry.Title = spelled.get("".join(str(entry.Title).split()), str(entry.Title))
            entries += [entry[name] for name in ("/First", "/Next") if name in entry]
        day = f"D:{edition.date:%Y%m%d}000000Z"
        for name, value in {"/Author": edition.author, "/CreationDate": day, "/ModDate": day}.items():
            pdf.docinfo[name] = value
        del pdf.docinfo["/Creator"]
        pdf.save(out, object_stream_mode=pikepdf.ObjectStreamMode.generate, deterministic_id=True)


def document(edition: Edition) -> str:
    """The book as one HTML document in which a part has the first level of headings, and a page the second."""
    contents = _entry(edition.cover) + "".join(
        f'<li><a href="#part-{number}">{escape(part.title)}</a><ol>{"".join(map(_entry, part.pages))}</ol></li>'
        for number, part in enumerate(edition.parts, 1)
    )
    text = _page(edition.cover, shift=0) + "".join(
        f'<section class="part" id="part-{number}" aria-label="{escape(part.title)}">'
        f'<h1 style="page: p{part.pages[0].number}">{escape(part.title)}</h1>'
        f"{''.join(_page(page, shift=1) for page in part.pages)}</section>"
        for number, part in enumerate(edition.parts, 1)
    )
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(edition.title)} '
        f"{escape(edition.subtitle)}</title><style>{style(paged=True)}{_running_titles(edition)}</style></head><body>"
        f'<section class="title-page">{front.title_page(edition)}</section>'
        f'<nav class="contents" aria-label="Contents"><p class="contents-title">Contents</p><ol>{contents}</ol></nav>'
        f"{text}</body></html>"
    )


def _entry(page: Page) -> str:
    return f'<li><a href="#{page.slug}">{escape(page.title)}</a></li>'


def _page(page: Page, shift: int) -> str:
    """A page whose ids are its own in the whole document, its headings `shift` levels down."""
    page = page.copy()
    for link, target, anchor in links(page):
        link["href"] = f"#{slug(target)}" + (f".{anchor}" if anchor else "")
    for name in ("id", *REFERS):
        for tag in page.article.select(f"[{name}]"):
            tag[name] = f"{page.slug}.{tag[name]}"
    for heading in page.article.find_all(HEADING):
        heading.name = f"h{int(heading.name[1]) + shift}"
    return (
        f'<section class="page" id="{page.slug}" style="page: p{page.number}">'
        f"{page.article.decode_contents(formatter='minimal')}</section>"
    )


def _running_titles(edition: Edition) -> str:
    """The title of a page at the head of its sheets, in the margin, which is no part of the text that is read out."""
    return "".join(
        f"@page p{page.number} {{ @top-left {{ content: {_quoted(edition.title)} }} "
        f"@top-right {{ content: {_quoted(page.title)} }} }}\n"
        for page in edition.pages
    )


def _quoted(text: str) -> str:
    return '"' + re.sub(r'["\\<\n]', lambda match: f"\\{ord(match[0]):x} ", text) + '"'
