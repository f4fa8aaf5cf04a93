"""What a page tells other machines about itself: title, description, address, picture, linked data, citation."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from html import escape
from pathlib import Path
from typing import Any

import yaml
from docutils import nodes
from sphinx.application import Sphinx

from . import cards, dates, forms, schema, shared

NAME = "Who Is in the Room?"
FEED = f"{NAME} Editions and corrections"
LOST = "404"
"""The page that a server shows where there is none."""
# The pages that have no source of their own.
DRAWN = {
    "search": (
        "Search",
        f"Search the whole of {NAME}, a reading companion on Anora, intimacy coordination and Babygirl.",
    ),
    LOST: (
        "There is no such page",
        f"No page of {NAME} stands at this address. It may have moved, or be misspelt.",
    ),
}
CHAPTERS = ("The chapters", "The article")
TEACHING = {
    "index": "instructor guide",
    "lessons": "lesson plan",
    "live": "instructor guide",
    "capacity": "instructor guide",
    "quotation-workshop": "workshop",
    "slides": "presentation",
}


def of_page(app: Sphinx, pagename: str, context: Mapping[str, Any]) -> str:
    """All that the head of a page says: what describes it, its address where the book has one, and its linked data."""
    base: str = app.config.html_baseurl

    def link(target: str) -> str:
        return base + target if base else str(context["pathto"](target, 1))

    feed = f'<link rel="alternate" type="application/atom+xml" title="{escape(FEED)}" href="{base}feed.xml">'
    if pagename in DRAWN:
        hidden = ['<meta name="robots" content="noindex">'] if pagename == LOST else []
        return "\n".join([described(app, pagename), *hidden, *([feed] if base else [])])
    text = json.dumps(linked(app, pagename, link), ensure_ascii=False, separators=(",", ":")).replace("<", r"\u003c")
    data = f'<script type="application/ld+json">{text}</script>'
    return "\n".join([described(app, pagename), *([canonical(app, pagename), feed] if base else []), data])


def canonical(app: Sphinx, pagename: str) -> str:
    """The link that names a page's one address."""
    return f'<link rel="canonical" href="{escape(address(app, pagename))}">'


def address(app: Sphinx, pagename: str) -> str:
    """Where a page is published; empty where that is not known."""
    base: str = app.config.html_baseurl
    return base and base + app.builder.get_target_uri(pagename)


def title_of(app: Sphinx, pagename: str) -> str:
    """A page's title in plain text; that of the cover is the book's in full."""
    if pagename == app.config.root_doc:
        return str(app.config.html_title)
    return DRAWN[pagename][0] if pagename in DRAWN else app.env.titles[pagename].astext()


def described(app: Sphinx, pagename: str) -> str:
    """Title, description and what a link to the page shows elsewhere."""
    cover = pagename == app.config.root_doc
    title, words = title_of(app, pagename), description(app, pagename)
    about = {
        "og:type": "book" if cover else "article",
        "og:title": title,
        "og:description": words,
        "og:site_name": NAME,
        "og:locale": "en_GB",
    }
    if base := app.config.html_baseurl:
        card = cards.CARDS.get(pagename) or cards.CARDS[app.config.root_doc]
        picture = {"og:image": f"{base}_static/cards/{card.name}.png", "og:image:type": "image/png"}
        size = {"og:image:width": str(cards.WIDTH), "og:image:height": str(cards.HEIGHT)}
        about |= picture | size | {"og:image:alt": card.alt}
        if pagename not in DRAWN:
            about["og:url"] = address(app, pagename)
    return "\n".join(
        [
            f"<title>{escape(title if cover else f'{title}, {NAME}')}</title>",
            f'<meta name="description" content="{escape(words)}">',
            *(f'<meta property="{name}" content="{escape(value)}">' for name, value in about.items()),
            '<meta name="twitter:card" content="summary_large_image">',
        ]
    )


# The description: the first paragraph of the page's own


def description(app: Sphinx, pagename: str) -> str:
    """A page in a sentence or two: its opening, or its sections where another page opens alike."""
    if pagename in DRAWN:
        return DRAWN[pagename][1]
    docs = app.env.found_docs
    openings = shared.once(app, "openings", lambda: {name: prose(app.env.get_doctree(name)) for name in docs})
    first = openings[pagename][0] if openings[pagename] else ""
    # Pages of one kind may open alike; then their sections tell them apart.
    if sum(texts[:1] == [first] for texts in openings.values()) == 1:
        return shortened(first)
    parts = [part.children[0].astext() for part in app.env.get_doctree(pagename)[0].findall(nodes.section)][1:]
    return shortened(f"{title_of(app, pagename)}. On this page: {'; '.join(parts)}.")


def prose(doctree: nodes.document) -> list[str]:
    """The paragraphs of a page that are whole sentences, without admonitions, lists, cells and citation marks."""
    texts = []
    for paragraph in doctree.findall(nodes.paragraph):
        if isinstance(paragraph.parent, nodes.section):
            words = "".join(_words(paragraph))
            text = re.sub(r"\s+([.,;:])", r"\1", re.sub(r"\s+", " ", words)).strip()
            if re.search(r"[.?!][”’)]?$", text) and len(text) >= 50:
                texts.append(text)
    return texts


def _words(node: nodes.Node) -> Iterator[str]:
    """The text below a node; a citation is not resolved yet and would show its key."""
    for child in node.children:
        if isinstance(child, nodes.Text):
            yield child.astext()
        elif isinstance(child, nodes.Element) and child.get("refdomain") != "cite":
            yield from _words(child)


def shortened(text: str, most: int = 165) -> str:
    """The whole sentences that have room, or else the words."""
    if len(text) <= most:
        return text
    ends = [found.end() for found in re.finditer(r"[.?!][”’)]?(?= [“‘]?[A-Z])", text) if found.end() <= most]
    if ends and ends[-1] >= 70:
        return text[: ends[-1]]
    return text[: text.rindex(" ", 0, most)].rstrip(",;:–") + "…"


# Linked data: https://schema.org


def linked(app: Sphinx, pagename: str, link: Callable[[str], str]) -> dict[str, Any]:
    """A page as schema.org describes it; `link` makes an address of a path in the book."""
    cff = citation(app)
    package = schema.read_package(Path(app.srcdir) / "data")
    licence = package["licenses"][0]["path"]

    def page(docname: str) -> dict[str, str]:
        return {"name": title_of(app, docname), "url": link(app.builder.get_target_uri(docname))}

    parts = shared.contents(app).root.subtrees
    chapters = [name for part in parts if part.caption in CHAPTERS for name in part.files()]
    common = {"inLanguage": app.config.language, "license": licence, "isAccessibleForFree": True}
    author = {"@type": "Organization", "name": cff["authors"][0]["name"]}
    book = {"@type": "Book", **page(app.config.root_doc)}
    whole = {"@context": "https://schema.org", "description": description(app, pagename), **common}
    if pagename == app.config.root_doc:
        return (
            whole
            | book
            | {
                "author": author,
                "version": str(cff["version"]),
                "datePublished": str(cff["date-released"]),
                "about": [{"@type": "Thing", "name": word} for word in cff["keywords"]],
                "hasPart": [
                    {"@type": "Chapter", "position": number, **page(name)} for number, name in enumerate(chapters, 1)
                ],
            }
        )
    whole |= page(pagename) | {"isPartOf": book}
    name = pagename.rsplit("/", 1)[-1]
    if pagename in chapters:
        return whole | {"@type": "Chapter", "position": chapters.index(pagename) + 1}
    if pagename.startswith("chapters/teaching/"):
        return whole | {"@type": "LearningResource", "learningResourceType": TEACHING.get(name, "exercise")}
    if pagename != "chapters/data":
        return whole | {"@type": "WebPage"}
    return whole | {
        "@type": "Dataset",
        "name": package["title"],
        "description": package["description"],
        "creator": author,
        "version": package["version"],
        "dateCreated": package["created"][:10],
        "distribution": [
            _download(package["title"], "application/zip", link(f"data/{forms.TABLES}")),
            *(
                _download(part["title"], part["mediatype"], link(f"data/{part['path']}"))
                for part in package["resources"]
            ),
        ],
    }


def _download(name: str, kind: str, url: str) -> dict[str, str]:
    return {"@type": "DataDownload", "name": name, "encodingFormat": kind, "contentUrl": url}


# To cite and to take away


def citation(app: Sphinx) -> dict[str, Any]:
    """What CITATION.cff holds."""
    return shared.once(app, "citation", lambda: yaml.safe_load(_text(app, "CITATION.cff")))


def _text(app: Sphinx, path: str) -> str:
    return (Path(app.srcdir) / path).read_text("utf-8")


def take(app: Sphinx, pagename: str, context: Mapping[str, Any], run: str = "") -> str:
    """What stands at the end of a page: its citation, and `run`, its links to run it, or else the notebook alone."""
    if pagename in DRAWN:
        return ""
    source = context.get("sourcename", "")
    here = context["pathto"](f"_sources/{source}", 1)
    if not run and source.endswith(".ipynb"):
        run = f'<p><a href="{escape(here)}" download>Download this page as a notebook</a></p>'
    plain, bibtex = cited(app, pagename)
    return (
        '<section class="take" aria-label="Cite and take away"><details><summary>Cite this page</summary>'
        f"<p>{plain}</p><pre>{escape(bibtex)}</pre></details>{run}</section>"
    )


def cited(app: Sphinx, pagename: str) -> tuple[str, str]:
    """A page's citation as HTML, and as BibTeX."""
    cff, url = citation(app), address(app, pagename)
    author, book, day, version = (cff["authors"][0]["name"], cff["title"], cff["date-released"], cff["version"])
    author = author[0].upper() + author[1:]
    cover = pagename == app.config.root_doc
    title = title_of(app, pagename)
    plain = f"{escape(author)} {'' if cover else f'“{escape(title)}”. In '}<cite>{escape(book)}</cite>"
    plain += f", version {version}, {dates.in_words(str(day))}."
    if url:
        plain += f' <a href="{escape(url)}">{escape(url)}</a>'
    key = "who-is-in-the-room" + ("" if cover else pagename.removeprefix("chapters").replace("/", "-"))
    fields = {
        "author": f"{{{author}}}",
        "title": f"{{{_tex(title)}}}",
        **({} if cover else {"booktitle": f"{{{_tex(book)}}}"}),
        "year": f"{day.year}",
        "month": dates.MONTHS[day.month - 1][:3].lower(),
        "note": f"Version {version}",
        **({"url": url} if url else {}),
    }
    lines = (f"  {name} = {value if name == 'month' else f'{{{value}}}'}" for name, value in fields.items())
    return plain, f"@{'book' if cover else 'incollection'}{{{key},\n" + ",\n".join(lines) + "\n}"


def _tex(text: str) -> str:
    return re.sub(r"([&%$#_])", r"\\\1", text)
