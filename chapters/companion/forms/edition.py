"""The whole book as one text: its parts and pages in order, free of what only a screen has a use for."""

from __future__ import annotations

import copy
import datetime
import functools
import os
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

import yaml
from bs4 import BeautifulSoup, Tag
from bs4.filter import SoupStrainer

from .. import site

HERE = Path(__file__).resolve().parent
COMPANION = HERE.parent

# Code stays in the notebooks; a reader's own mark needs a script; a page has one width here.
DROPPED = {"script", "style", "form", "button", "input", "title"}
DROPPED_CLASSES = {"headerlink", "stand", "toctree-wrapper", "cell_input"}
HELD = {  # the attributes that a page keeps, besides those of its pictures
    "id", "class", "href", "lang", "dir", "role", "scope", "colspan", "rowspan", "start", "datetime",
    "aria-hidden", "aria-label", "aria-labelledby", "data-kind", "data-verdict", "data-confidence",
}  # fmt: skip
BOOK = "book:"
"""What the address of a page of the book starts with: `book:chapters/anora#event-x`."""


def slug(name: str) -> str:
    """The name of a page as one word, for files and ids."""
    return name.removeprefix("chapters/").replace("/", "-")


@dataclass(frozen=True)
class Page:
    """A page: `name` as in _toc.yml, its title in words, its number among all pages, and its text.

    In the text a link to a page of the book has an address that starts with `BOOK`.
    """

    name: str
    title: str
    number: int
    article: Tag = field(repr=False)

    @property
    def slug(self) -> str:
        """As `slug`."""
        return slug(self.name)

    def copy(self) -> Page:
        """The page with a text of its own, which may be changed."""
        return replace(self, article=copy.copy(self.article))

    @functools.cached_property
    def ids(self) -> frozenset[str]:
        """Every id in the text."""
        return frozenset(str(tag["id"]) for tag in self.article.find_all(id=True))

    def sections(self) -> list[tuple[str, str]]:
        """(id, title) of the sections one level below the page's title."""
        headings = ((section, section.find("h2", recursive=False)) for section in self.article.select("section[id]"))
        return [(str(section["id"]), words(heading)) for section, heading in headings if heading]


@dataclass(frozen=True)
class Part:
    """A part of the contents: its title and its pages, in their order."""

    title: str
    pages: tuple[Page, ...]


@dataclass(frozen=True)
class Edition:
    """What both forms are made of. `cover` is the root page; `date` is the day of the edition."""

    title: str
    subtitle: str
    author: str
    version: str
    date: datetime.date
    licence: str
    address: str
    cover: Page
    parts: tuple[Part, ...]

    @property
    def pages(self) -> list[Page]:
        """All pages, the cover first."""
        return [self.cover, *(page for part in self.parts for page in part.pages)]


def words(tag: Tag) -> str:
    """The text of an element, in one line."""
    return " ".join(tag.get_text().split())


def read(book: Path, source: Path) -> Edition:
    """Read the built book at `book`, with the contents and the citation that stand in `source`.

    The environment may name the book's address, BOOK_URL, and the edition's date, SOURCE_DATE_EPOCH.

    Raises ValueError where a page has no text, shows a picture from a file, or links to nothing; OSError where a page
    or file is missing.
    """
    toc = yaml.safe_load((source / "_toc.yml").read_text("utf-8"))
    cited = yaml.safe_load((source / "CITATION.cff").read_text("utf-8"))
    names = [toc["root"], *(item["file"] for part in toc["parts"] for item in part["chapters"])]
    address = site.address(os.environ.get("BOOK_URL", "")).rstrip("/")
    pages = {name: _page(book, name, number, set(names), address) for number, name in enumerate(names)}
    _check(pages)
    title, _, subtitle = cited["title"].partition("? ")
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    return Edition(
        title=f"{title}?",
        subtitle=subtitle,
        author=cited["authors"][0]["name"],
        version=cited["version"],
        date=datetime.datetime.fromtimestamp(int(epoch), datetime.UTC).date() if epoch else cited["date-released"],
        licence=cited["license"],
        address=address,
        cover=pages[toc["root"]],
        parts=tuple(
            Part(part["caption"], tuple(pages[item["file"]] for item in part["chapters"])) for part in toc["parts"]
        ),
    )


def _page(book: Path, name: str, number: int, names: set[str], address: str) -> Page:
    html = (book / f"{name}.html").read_text("utf-8")
    article = BeautifulSoup(html, "html.parser", parse_only=SoupStrainer("article")).article
    if article is None or article.h1 is None:
        raise ValueError(f"{name} has no text, or no title")
    if file := article.find(src=True):
        raise ValueError(f"{name} shows {file['src']}, and the forms hold only pictures that stand in the page")
    _strip(article)
    _unfold(article)
    drawn = {id(tag) for svg in article.find_all("svg") for tag in _plain_picture(svg)}
    for tag in article.find_all(True):
        if id(tag) not in drawn:
            _plain(tag)
    for link in article.find_all("a", href=True):
        _relink(link, name, names, address)
    return Page(name, words(article.h1), number, article)


def _strip(article: Tag) -> None:
    for tag in article.find_all(_for_screens):
        tag.decompose()
    for cell in article.find_all(class_="cell"):
        if not cell.get_text(strip=True) and cell.svg is None:
            cell.decompose()


def _for_screens(tag: Tag) -> bool:
    return (
        tag.name in DROPPED
        or not DROPPED_CLASSES.isdisjoint(tag.get_attribute_list("class"))
        or tag.get("data-width") == "narrow"
    )


def _unfold(article: Tag) -> None:
    """What a screen folds away stands open, under its title."""
    for details in article.find_all("details"):
        assert details.summary is not None
        summary = details.summary.extract()
        if "hide" in details.get_attribute_list("class"):  # it held code
            details.unwrap()
            continue
        for inner in summary.find_all("p"):
            inner.unwrap()
        summary.name, summary.attrs = "p", {"class": "folded-title"}
        details.name = "div"
        details.insert(0, summary)


def _plain_picture(svg: Tag) -> list[Tag]:
    """Mend a picture, for the parser writes names small, and a reader may know no variables; returns all its tags."""
    svg["viewBox"] = svg.attrs.pop("viewbox")
    svg.attrs.pop("data-width", None)
    tags = [svg, *svg.find_all(True)]
    for tag in tags:
        for name in ("fill", "stroke", "style"):
            if name in tag.attrs:
                tag[name] = resolved(str(tag[name]))
    return tags


def _plain(tag: Tag) -> None:
    if tag.name == "th" and not tag.get_text(strip=True):  # the corner of a table heads nothing
        tag.name = "td"
        tag.attrs.pop("scope", None)
    for name in set(tag.attrs) - HELD:
        del tag[name]


def _relink(link: Tag, name: str, names: set[str], address: str) -> None:
    """A link within the book leads within the form; one to a file beside it leads to the website, if there is one."""
    url = urlsplit(str(link["href"]))
    if url.scheme or url.netloc:
        return
    path = (
        posixpath.normpath(posixpath.join(posixpath.dirname(name), unquote(url.path))) if url.path else f"{name}.html"
    )
    target = path.removesuffix(".html")
    if target in names:
        link["href"] = f"{BOOK}{target}" + (f"#{unquote(url.fragment)}" if url.fragment else "")
    elif address:
        link["href"] = f"{address}/{path}" + (f"#{url.fragment}" if url.fragment else "")
    else:
        link.name = "span"
        del link["href"]


def links(page: Page) -> Iterator[tuple[Tag, str, str]]:
    """(link, page, id) of every link to a page of the book; the id is empty where the whole page is meant."""
    for link in page.article.find_all("a", href=re.compile(f"^{BOOK}")):
        target, _, anchor = str(link["href"]).removeprefix(BOOK).partition("#")
        yield link, target, anchor


def _check(pages: dict[str, Page]) -> None:
    for page in pages.values():
        for _, target, anchor in links(page):
            if anchor and anchor not in pages[target].ids:
                raise ValueError(f"{page.name} links to {target}#{anchor}, which is not there")


# Colours


@functools.cache
def palette() -> dict[str, str]:
    """The colours of the book's light theme, by their names in its style sheets."""
    sheets = (COMPANION / "theme" / "book.css", COMPANION / "timeline.css")
    text = "\n".join(path.read_text("utf-8") for path in sheets)
    found = re.findall(r"^\s*--([\w-]+):\s*(?:light-dark\(([^,()]+),[^()]*\)|(#\w+))\s*;", text, re.MULTILINE)
    return {name: light.strip() or plain for name, light, plain in found}


def resolved(text: str) -> str:
    """Style with every `var(--name, other)` put in plain.

    Raises ValueError where a name is unknown and nothing else is given.
    """
    colours = palette()

    def plain(match: re.Match[str]) -> str:
        name, other = match.groups()
        if name not in colours and other is None:
            raise ValueError(f"no style sheet of the book defines --{name} as a colour")
        return colours.get(name) or other.strip()

    while "var(" in text:
        text = re.sub(r"var\(--([\w-]+)(?:,([^()]*))?\)", plain, text)
    return text


def style(*, paged: bool = False) -> str:
    """The style sheet of the EPUB, or, with what only sheets of paper have, of the PDF."""
    text = resolved((COMPANION / "theme" / "paper.css").read_text("utf-8"))
    return text if paged else text.partition("@media print")[0]
