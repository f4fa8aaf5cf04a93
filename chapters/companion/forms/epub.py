"""The book as an EPUB 3: a page each, the pictures inside it, one style sheet, and the same bytes at every run.

Sources: https://www.w3.org/TR/epub-33/, https://www.w3.org/TR/epub-a11y-11/
"""

from __future__ import annotations

import uuid
import zipfile
from html import escape
from pathlib import Path
from xml.etree import ElementTree

import vl_convert

from . import NAME, front
from .archive import add
from .edition import Edition, Page, links, slug, style

CONTAINER = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="EPUB/book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>'
)
TYPES = {"png": "image/png", "css": "text/css", "xhtml": "application/xhtml+xml"}
ROLES = {"glossary": "glossary", "sources": "bibliography"}
"""What a page is, if it is not a chapter; EPUB and ARIA use the same words."""

ACCESS = [
    ("accessMode", "textual"),
    ("accessMode", "visual"),
    ("accessModeSufficient", "textual"),
    ("accessibilityFeature", "alternativeText"),
    ("accessibilityFeature", "displayTransformability"),
    ("accessibilityFeature", "longDescription"),
    ("accessibilityFeature", "readingOrder"),
    ("accessibilityFeature", "structuralNavigation"),
    ("accessibilityFeature", "tableOfContents"),
    ("accessibilityHazard", "none"),
    (
        "accessibilitySummary",
        "All is text that can be set in any size, face and colour. Every chart has a description, and its rows as a "
        "table or, for a timeline, as a list of events. Headings, lists and tables are marked up as such. No claim of "
        "conformance is made: programs have checked the file, no person who certifies has.",
    ),
]


def write(edition: Edition, out: Path) -> None:
    """Write the EPUB of an edition at `out`. Raises ValueError where a page is not well-formed."""
    cover = f'<img src="cover.png" alt="{escape(edition.title)} {escape(edition.subtitle)}"/>'
    files: dict[str, str | bytes] = {
        "cover.png": vl_convert.svg_to_png(front.cover(edition)),
        "cover.xhtml": _document(edition.title, f'<section epub:type="cover" class="cover">{cover}</section>'),
        "title.xhtml": _document(
            "Title page",
            '<section epub:type="titlepage" aria-label="Title page" class="title-page">'
            f"{front.title_page(edition)}</section>",
        ),
        "nav.xhtml": _nav(edition),
        **{f"{page.slug}.xhtml": _chapter(page) for page in edition.pages},
        "book.css": style(),
    }
    files["book.opf"] = _package(edition, files)
    with zipfile.ZipFile(out, "w") as archive:
        add(archive, "mimetype", b"application/epub+zip", zipfile.ZIP_STORED)
        add(archive, "META-INF/container.xml", CONTAINER.encode())
        for name, data in files.items():
            add(archive, f"EPUB/{name}", data.encode() if isinstance(data, str) else data)


def _document(title: str, body: str) -> str:
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE html>\n'
        '<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops" lang="en" xml:lang="en">'
        f'<head><title>{escape(title)}</title><link rel="stylesheet" type="text/css" href="book.css"/></head>'
        f"<body>{body}</body></html>\n"
    )
    try:
        ElementTree.fromstring(text)
    except ElementTree.ParseError as fault:
        raise ValueError(f"the page “{title}” is not well-formed: {fault}") from None
    return text


def _chapter(page: Page) -> str:
    page = page.copy()
    for link, target, anchor in links(page):
        file = "" if target == page.name and anchor else f"{slug(target)}.xhtml"
        link["href"] = file + (f"#{anchor}" if anchor else "")
    kind = ROLES.get(page.slug, "chapter")
    return _document(
        page.title,
        f'<section epub:type="{kind}" role="doc-{kind}" aria-label="{escape(page.title)}">'
        f"{page.article.decode_contents(formatter='minimal')}</section>",
    )


def _nav(edition: Edition) -> str:
    parts = "".join(
        f"<li><span>{escape(part.title)}</span><ol>{''.join(map(_entry, part.pages))}</ol></li>"
        for part in edition.parts
    )
    return _document(
        "Contents",
        '<nav epub:type="toc" role="doc-toc" aria-labelledby="contents"><h1 id="contents">Contents</h1><ol>'
        f'<li><a href="title.xhtml">Title page</a></li>{_entry(edition.cover)}{parts}</ol></nav>'
        '<nav epub:type="landmarks" aria-label="Landmarks" hidden=""><ol>'
        '<li><a epub:type="cover" href="cover.xhtml">Cover</a></li>'
        '<li><a epub:type="titlepage" href="title.xhtml">Title page</a></li>'
        '<li><a epub:type="toc" href="nav.xhtml">Contents</a></li>'
        f'<li><a epub:type="bodymatter" href="{edition.cover.slug}.xhtml">Start of the text</a></li></ol></nav>',
    )


def _entry(page: Page) -> str:
    sections = "".join(
        f'<li><a href="{page.slug}.xhtml#{escape(id)}">{escape(title)}</a></li>' for id, title in page.sections()
    )
    return f'<li><a href="{page.slug}.xhtml">{escape(page.title)}</a>{f"<ol>{sections}</ol>" if sections else ""}</li>'


def _package(edition: Edition, files: dict[str, str | bytes]) -> str:
    items = "".join(
        f'<item id="{_id(name)}" href="{name}" media-type="{TYPES[name.rpartition(".")[2]]}"{_properties(name, data)}/>'
        for name, data in files.items()
    )
    order = "".join(f'<itemref idref="{_id(name)}"/>' for name in files if name.endswith(".xhtml"))
    source = f"<dc:source>{escape(edition.address)}/</dc:source>" if edition.address else ""
    access = "".join(f'<meta property="schema:{name}">{escape(value)}</meta>' for name, value in ACCESS)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<package xmlns="http://www.idpf.org/2007/opf" version="3.0" '
        'xml:lang="en" unique-identifier="id"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f'<dc:identifier id="id">urn:uuid:{uuid.uuid5(uuid.NAMESPACE_DNS, NAME)}</dc:identifier>'
        f'<dc:title id="title">{escape(edition.title)}</dc:title>'
        '<meta refines="#title" property="title-type">main</meta>'
        f'<dc:title id="subtitle">{escape(edition.subtitle)}</dc:title>'
        '<meta refines="#subtitle" property="title-type">subtitle</meta>'
        f"<dc:language>en</dc:language><dc:creator>{escape(edition.author)}</dc:creator>"
        f"<dc:date>{edition.date}</dc:date><dc:rights>{front.LICENCES[edition.licence][1]}</dc:rights>{source}"
        f'<meta property="dcterms:modified">{edition.date}T00:00:00Z</meta>{access}</metadata>'
        f"<manifest>{items}</manifest>"
        f"<spine>{order}</spine></package>\n"
    )


def _id(name: str) -> str:
    return "f-" + name.replace(".", "-")


def _properties(name: str, data: str | bytes) -> str:
    if name in ("nav.xhtml", "cover.png"):
        return ' properties="nav"' if name == "nav.xhtml" else ' properties="cover-image"'
    return ' properties="svg"' if isinstance(data, str) and "<svg" in data else ""
