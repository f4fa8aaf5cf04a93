"""The same text in other books: a page of this book, as other tools show it.

What is compared is the article of the built page, to the letter. Its headings become Markdown, so that the other tool
knows the sections; all else is handed over as it stands. Around it stands a book with the same table of contents, whose
other pages are empty: a page's share of the navigation is the same.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from bs4 import BeautifulSoup, Tag
from companion.pages import classic_timeline

ROOT = Path(__file__).resolve().parents[2]
COMPANION = ROOT / "chapters" / "companion"
TIMELINE = re.compile(r'<section class="timeline".*?</section>', re.DOTALL)
ASSETS = '<link rel="stylesheet" href="../_static/timeline.css"><script defer src="../_static/timeline.js"></script>'
SCRIPT = re.compile(r"(<script>.*?</script>)", re.DOTALL)
HEADING = re.compile(r"h([1-6])$")


@dataclass(frozen=True)
class Text:
    """A page whose article is compared; `timeline`: with its timeline."""

    key: str
    name: str
    page: str
    timeline: bool


TEXTS = (
    Text("method", "a page of prose, “How this book knows”", "chapters/method.html", False),
    Text("anora-prose", "a chapter’s prose, without its timeline", "chapters/anora.html", False),
    Text("anora-timeline", "the same chapter with its timeline", "chapters/anora.html", True),
    Text("history-timeline", "the chapter of history with its timeline", "chapters/history.html", True),
    Text("babygirl-timeline", "the chapter on *Babygirl* with its timelines", "chapters/babygirl.html", True),
)
CANNOT = {
    "Jupyter Book 2 (2.1.7, of PyPI)": (
        "Its package holds no theme. `jupyter-book build --html` asks "
        "`api.mystmd.org/templates/site/myst/book-theme` for one and ends with “getaddrinfo ENOTFOUND api.mystmd.org”; "
        "npm has parts of the theme (`@myst-theme/*`), but not the theme (`@myst-theme/book` is not there)."
    ),
    "Quarto (quarto-cli 1.10.19, of PyPI)": (
        "Its package holds no Quarto. The installation fetches the release from GitHub and ends with “Error "
        "downloading Quarto: <urlopen error [Errno -2] Name or service not known>”; npm and Debian have none."
    ),
}
"""What was tried where only PyPI, npm and Debian can be reached, and how it ended."""


def write(book: Path, folder: Path) -> dict[str, tuple[str, str]]:
    """Write every text for this book and for Jupyter Book 1 into `folder`; gives, by text, the path of either."""
    ours, theirs = folder / "ours", folder / "jupyter-book-1"
    shutil.copytree(book, ours)
    articles = {text.key: article(book / text.page, timeline=text.timeline) for text in TEXTS}
    for text in TEXTS:
        _ours(book, ours, text)
    _jupyter_book(book, theirs, articles)
    return {
        text.key: (
            str((ours / text.page).with_name(f"{text.key}.html").relative_to(folder)),
            f"jupyter-book-1/_build/html/chapters/{text.key}.html",
        )
        for text in TEXTS
    }


def article(path: Path, *, timeline: bool) -> str:
    """What stands between the page's `<article>` and its end."""
    html = path.read_text("utf-8")
    body = html[html.index("<article>") + len("<article>") : html.rindex("</article>")]
    return body if timeline else TIMELINE.sub("", body)


def _ours(book: Path, place: Path, text: Text) -> None:
    """The built page; where its timeline is left out, its script goes as well, as in a page that never had one."""
    path = book / text.page
    html = path.read_text("utf-8")
    if not text.timeline:
        html = TIMELINE.sub("", html)
        html = "".join(part for part in SCRIPT.split(html) if "/timeline-" not in part)
    (place / text.page).with_name(f"{text.key}.html").write_text(html, "utf-8")


def _jupyter_book(book: Path, place: Path, articles: dict[str, str]) -> None:
    """A Jupyter Book 1 with its own settings; the timeline's sheet and script are what it puts in of its own."""
    chapters, assets = place / "chapters", place / "assets"
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8"))
    for name in _files(toc):
        (place / f"{name}.md").parent.mkdir(parents=True, exist_ok=True)
        (place / f"{name}.md").write_text(f"# {_title(book / f'{name}.html')}\n", "utf-8")
    assets.mkdir()
    shutil.copy(COMPANION / "timeline.css", assets)
    (assets / "timeline.js").write_text(classic_timeline(), "utf-8")
    for key, html in articles.items():
        page = as_markdown(html)
        if 'class="timeline"' in html:
            page += _raw(ASSETS)
        (chapters / f"{key}.md").write_text(page, "utf-8")
        if f"chapters/{key}" not in _files(toc):
            toc["parts"][0]["chapters"].append({"file": f"chapters/{key}"})
    (place / "_toc.yml").write_text(yaml.safe_dump(toc, sort_keys=False), "utf-8")
    config = {"title": "Who Is in the Room?", "only_build_toc_files": True}
    config["sphinx"] = {"config": {"html_static_path": ["assets"]}}
    (place / "_config.yml").write_text(yaml.safe_dump(config), "utf-8")
    build: list[str | Path] = [Path(sys.executable).with_name("jupyter-book"), "build", place, "--quiet"]
    subprocess.run(build, check=True, capture_output=True)


def _files(toc: dict[str, Any]) -> list[str]:
    return [toc["root"], *(entry["file"] for part in toc["parts"] for entry in part["chapters"])]


def _title(path: Path) -> str:
    heading = BeautifulSoup(path.read_bytes(), "html.parser").h1 if path.exists() else None
    return _words(heading) if heading else path.stem


def _words(heading: Tag) -> str:
    return heading.get_text().rstrip("¶").strip()


def as_markdown(html: str) -> str:
    """An article with its headings in Markdown and all else as raw HTML, in blocks between them."""
    pieces = _pieces(BeautifulSoup(html, "html.parser"))
    return "\n\n".join(text if level else _raw(text) for level, text in pieces) + "\n"


def _pieces(element: Tag) -> Iterator[tuple[int, str]]:
    """(level, heading) and (0, HTML), in order; sections are opened, so that their headings come out."""
    for child in element.find_all(True, recursive=False):
        if level := HEADING.match(child.name):
            yield int(level[1]), f"{'#' * int(level[1])} {_words(child)}"
        elif child.name == "section" and "timeline" not in child.get_attribute_list("class"):
            yield from _pieces(child)
        else:
            yield 0, str(child)


def _raw(html: str) -> str:
    """A block of raw HTML, fenced by more marks than may stand in it."""
    return f"``````{{raw}} html\n{html}\n``````\n"
