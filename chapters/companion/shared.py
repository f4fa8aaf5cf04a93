"""What the pages of a book share while it is built: tables, contents, files, and whatever else is made once."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from sphinx.application import Sphinx
from sphinx_external_toc.api import SiteMap

from .data import Tables, load

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


@dataclass(frozen=True)
class Asset:
    """A file that pages load. Its name changes with its text, so that a browser may keep it for good."""

    stem: str
    suffix: str
    text: str

    @functools.cached_property
    def path(self) -> str:
        """Where it lies in the book."""
        return f"_static/{self.stem}-{hashlib.sha256(self.text.encode()).hexdigest()[:10]}{self.suffix}"


def assets(app: Sphinx) -> list[Asset]:
    """What has been written so far."""
    return once(app, "assets", list)


def write(app: Sphinx, asset: Asset) -> str:
    """Write a file into the book, in place of what it was in the last build; returns its path."""
    out = Path(app.outdir)
    (out / "_static").mkdir(parents=True, exist_ok=True)
    for old in (out / "_static").glob(f"{asset.stem}-*{asset.suffix}"):
        old.unlink()
    (out / asset.path).write_text(asset.text, "utf-8")
    assets(app).append(asset)
    return asset.path
