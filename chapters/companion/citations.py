"""How a citation and a source read in the book: styles for sphinxcontrib-bibtex, drawn from data/sources.bib.

In the text a source is its publisher and year, "[Variety, 2024]"; on the page of sources it is author, title,
publisher, date, link, the day it was read, the copy in a web archive, and what was read of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pybtex.plugin
import sphinxcontrib.bibtex.plugin
from pybtex.database import BibliographyData, Entry
from pybtex.richtext import HRef, Text
from pybtex.style import FormattedEntry
from pybtex.style.formatting import BaseStyle
from pybtex.style.labels import BaseLabelStyle
from pybtex.style.sorting import BaseSortingStyle
from pybtex.style.template import Node, node
from sphinxcontrib.bibtex.style.referencing import BaseReferenceStyle, BracketStyle
from sphinxcontrib.bibtex.style.template import join, reference

from . import dates
from .bibliography import archive_name, publisher_field, spoken


def publisher(entry: Entry) -> str:
    """Who published a source, as it is written in the bibliography, in LaTeX."""
    return str(entry.fields[publisher_field(entry)])


@node
def publisher_and_year(children: list[object], data: dict[str, Any]) -> Text:
    """The template of a mark: what stands for one source."""
    entry = data["entry"]
    year = entry.fields.get("date", entry.fields.get("year", ""))[:4]
    return Text.from_latex(publisher(entry) + (f", {year}" if year else ""))


@dataclass
class PublisherYear(BaseReferenceStyle):
    """`{cite:p}` as "[Variety, 2024; The Guardian, 2025]", each part a link to its source."""

    bracket: BracketStyle = field(default_factory=lambda: BracketStyle(left="[", right="]", sep="; "))

    def role_names(self) -> list[str]:
        """In parentheses and in the text, which read the same."""
        return ["p", "t"]

    def outer(self, role_name: str, children: list[Text]) -> Text:
        """All sources of a mark, in brackets."""
        return self.bracket.outer(children, brackets=True)

    def inner(self, role_name: str) -> Node:
        """One source of a mark, as a link."""
        return join[reference[publisher_and_year]]


class KeyLabels(BaseLabelStyle):
    """The label of a source is its key, by which the tables cite it."""

    def format_labels(self, sorted_entries: list[Entry]) -> Iterator[str]:
        """The labels, in the order of the entries."""
        return (entry.key for entry in sorted_entries)


class ByPublisher(BaseSortingStyle):
    """Sources in the order of publisher, date and title."""

    def sorting_key(self, entry: Entry) -> tuple[str, str, str]:
        """What decides the place of a source; “The” does not count."""
        name = publisher(entry).removeprefix("The ").casefold()
        return name, entry.fields.get("date", ""), entry.fields["title"]


class Sources(BaseStyle):
    """An entry of the page of sources."""

    default_label_style = KeyLabels
    default_sorting_style = ByPublisher

    def format_entry(self, label: str, entry: Entry, bib_data: BibliographyData | None = None) -> FormattedEntry:
        """The entry as rich text: sentences, with links to the source and to its copy."""
        parts = [Text.from_latex(", ".join(map(spoken, entry.persons["author"])))] if "author" in entry.persons else []
        parts.append(Text("“", HRef(entry.fields["url"], Text.from_latex(entry.fields["title"])), "”"))
        parts.append(Text.from_latex(publisher(entry)))
        if "date" in entry.fields:
            parts.append(Text(dates.in_words(entry.fields["date"])))
        kind = entry.fields["keywords"].partition(",")[0].capitalize()
        parts.append(Text(f"{kind} source, read on {dates.in_words(entry.fields['urldate'])}", *_archived(entry)))
        note = Text(" ", Text.from_latex(entry.fields["note"])) if "note" in entry.fields else ""
        return FormattedEntry(entry.key, Text(Text(". ").join(parts), ".", note), label)


def _archived(entry: Entry) -> tuple[str | HRef, ...]:
    """The link to the copy in a web archive, where there is one, as the end of a sentence."""
    if "archiveurl" not in entry.fields:
        return ()
    address, date = entry.fields["archiveurl"], dates.in_words(entry.fields["archivedate"])
    return ", ", HRef(address, f"archived on {date} by {archive_name(address)}")


def register() -> None:
    """Make both styles known, under the names that _config.yml uses."""
    pybtex.plugin.register_plugin("pybtex.style.formatting", "sources", Sources)
    sphinxcontrib.bibtex.plugin.register_plugin(
        "sphinxcontrib.bibtex.style.referencing", "publisher_year", PublisherYear
    )
