"""What the pages of a book share while it is built: tables, contents, style sheet, and whatever else is made once."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from sphinx.application import Sphinx
from sphinx_external_toc.api import SiteMap

from .data import Tables, load

HERE = Path(__file__).parent
Made = TypeVar("Made")


def once(app: Sphinx, name: str, make: Callable[[], Made]) -> Made:
    """What `make` returns, made at the first call with this name in a build and kept for the others."""
    kept: dict[str, Made] = vars(app).setdefault("companion", {})
    if name not in kept:
        kept[name] = make()
    return kept[name]


def tables(app: Sphinx) -> Tables:
    """The book's tables. Raises DataError."""
    return once(app, "tables", lambda: load(Path(app.srcdir) / "data"))


def contents(app: Sphinx) -> SiteMap:
    """The contents, as sphinx-external-toc read them from _toc.yml: parts and pages in their order."""
    contents: SiteMap = vars(app.env)["external_site_map"]
    return contents


@functools.cache
def sheet() -> tuple[str, str]:
    """The one style sheet: its path in the book, and its text."""
    text = "\n".join(path.read_text("utf-8") for path in (HERE / "theme" / "book.css", HERE / "timeline.css"))
    # A name that changes with the contents can be cached for good.
    return f"_static/book-{hashlib.sha256(text.encode()).hexdigest()[:10]}.css", text
