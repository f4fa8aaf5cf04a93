"""What stands before the text in every form: a cover, and a page that says what this is."""

from __future__ import annotations

from html import escape

from .. import dates
from .edition import COMPANION, Edition

LICENCES = {"CC-BY-4.0": ("CC BY 4.0", "https://creativecommons.org/licenses/by/4.0/")}


def title_page(edition: Edition) -> str:
    """The title page as well-formed HTML without a heading of its own; the caller names it."""
    licence, terms = LICENCES[edition.licence]
    there = f': <a href="{escape(edition.address)}/">{escape(edition.address)}</a>' if edition.address else ""
    return (
        f'<p class="book-title">{escape(edition.title)}</p><p class="book-subtitle">{escape(edition.subtitle)}</p>'
        f"<p>By {escape(edition.author)}</p>"
        f"<p>Version {escape(edition.version)}, {dates.in_words(edition.date.isoformat())}. "
        f"The newest version is the website{there}.</p>"
        f'<p>Text and data are under the licence <a href="{terms}">{licence}</a>: you may share and adapt them if you '
        "give credit, link to the licence, and say what you changed. Quotations belong to those who are quoted.</p>"
        "<p>The text is that of the website, complete. A timeline stands here as a list of all its events, with its "
        "chart as a picture. What code has found is here; the code itself is in the notebooks of the book. To filter a "
        "timeline, to search, or to see a note beside a word you need the website or its copy for your disk.</p>"
    )


def cover(edition: Edition) -> str:
    """The cover as SVG, 1200 by 1800: the book's icon, its title and its subtitle."""
    _, _, icon = (COMPANION / "theme" / "icon.svg").read_text("utf-8").partition(">")
    icon = icon.rpartition("</svg>")[0]
    lines = [
        *((700 + 150 * row, 130, text) for row, text in enumerate(_wrapped(edition.title, 14))),
        *((1100 + 70 * row, 52, text) for row, text in enumerate(_wrapped(edition.subtitle, 38))),
        (1690, 40, edition.author),
    ]
    told = "".join(f'<text x="110" y="{y}" font-size="{size}">{escape(text)}</text>' for y, size, text in lines)
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1200 1800" width="1200" height="1800">'
        f'<rect width="1200" height="1800" fill="#0072b2"/><g transform="translate(60 120) scale(12)">{icon}</g>'
        f'<g fill="#fff" font-family="P052, Charter, Georgia, Liberation Serif, DejaVu Serif, serif">{told}</g></svg>'
    )


def _wrapped(text: str, width: int) -> list[str]:
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) > width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines
