"""The pictures that a link to the book shows elsewhere: `python -m companion.cards` draws them anew into theme/cards/.

They are stored, so that no build depends on fonts; the title that each was drawn with is kept inside the file.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from html import escape
from io import BytesIO
from pathlib import Path

import vl_convert

FOLDER = Path(__file__).parent / "theme" / "cards"
CHAPTERS = Path(__file__).parents[1]
WIDTH, HEIGHT = 1200, 630
PAPER, INK, MUTED, ACCENT = "#f5f4f1", "#1b1b1b", "#515151", "#0072b2"
# The one family that vl-convert brings with it.
FONT = "Liberation Sans"
SLANT = ("", ' font-style="italic"')
LEFT, TITLE_SIZE, LINE_SIZE = 90, 76, 34


@dataclass(frozen=True)
class Card:
    """A picture: its name, the source of the page whose title it shows, and the line below it."""

    name: str
    source: str
    line: str

    @property
    def alt(self) -> str:
        """What the picture says, in words."""
        title = plain(heading(self.source))
        return f"{title}{'' if title.endswith('?') else '.'} {plain(self.line)}"


CARDS = {
    f"chapters/{source.partition('.')[0]}": Card(name, source, line)
    for name, source, line in (
        ("cover", "index.md", "A reading companion on *Anora*, intimacy coordination and *Babygirl*"),
        ("anora", "anora.ipynb", "What was said in 2024, in which words, and how the words changed"),
        ("history", "history.ipynb", "Where the role came from, and what each text really asks"),
        ("babygirl", "babygirl.ipynb", "What the contrast between two films shows, and does not show"),
        ("question", "question.ipynb", "Twenty-one reasons on three sides, each in its strongest form"),
        ("article", "article.ipynb", "Sixty-eight statements, each with a verdict and its sources"),
    )
}


def heading(source: str) -> str:
    """The title of a page, in Markdown, from its source."""
    text = (CHAPTERS / source).read_text("utf-8")
    if source.endswith(".ipynb"):
        text = "\n".join(
            "".join(cell["source"]) for cell in json.loads(text)["cells"] if cell["cell_type"] == "markdown"
        )
    title: str = re.findall(r"^# (.+)$", text, re.M)[0]
    return title.strip()


def plain(title: str) -> str:
    """Text without the asterisks around what is slanted."""
    return title.replace("*", "")


def lines_of(text: str, room: int) -> list[str]:
    """Words in lines of about `room` letters, none much longer than another."""
    # No line ends with a small word.
    words = re.sub(r"\b(an?|of|the) ", "\\1\u00a0", text).split(" ")
    count = -(-len(plain(text)) // room)
    while True:
        lines, goal = [""], len(plain(text)) / count
        for word in words:
            longer = f"{lines[-1]} {word}".strip()
            if lines[-1] and len(plain(longer)) > max(goal * 1.15, goal + 3) and len(lines) < count:
                lines.append(word)
            else:
                lines[-1] = longer
        if all(len(plain(line)) <= room for line in lines) or count > len(words):
            return lines
        count += 1


def svg(title: str, line: str) -> str:
    """The picture as SVG, `WIDTH` by `HEIGHT`: the book's icon and name, the title, the line."""
    rows = lines_of(title, 25)
    step = TITLE_SIZE * 1.16
    top = 330 - (len(rows) - 1) * step / 2
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" font-family="{FONT}">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="{PAPER}"/><rect width="18" height="{HEIGHT}" fill="{ACCENT}"/>',
        f'<g transform="translate({LEFT} 70) scale(1.9)" fill="none" stroke-width="2.5"><rect width="32" height="32" '
        f'rx="5" fill="{ACCENT}"/><path d="M9 27V5h14v22M5 27h22" stroke="#fff"/>'
        '<circle cx="19" cy="17" r="2" fill="#fff"/></g>',
    ]
    if plain(title) != "Who Is in the Room?":
        parts.append(f'<text x="{LEFT + 84}" y="111" font-size="{LINE_SIZE}" fill="{MUTED}">Who Is in the Room?</text>')
    for number, row in enumerate(rows):
        y = round(top + number * step)
        weight = f'font-size="{TITLE_SIZE}" font-weight="bold" fill="{INK}"'
        parts.append(f'<text x="{LEFT}" y="{y}" {weight}>{spans(row)}</text>')
    parts.append(f'<text x="{LEFT}" y="545" font-size="{LINE_SIZE}" fill="{MUTED}">{spans(line)}</text></svg>')
    return "".join(parts)


def spans(text: str) -> str:
    """Text in which what stands between asterisks is slanted."""
    pieces = (
        # Without this a space beside a film's title would be trimmed.
        f'<tspan xml:space="preserve"{SLANT[number % 2]}>{escape(piece)}</tspan>'
        for number, piece in enumerate(text.split("*"))
        if piece
    )
    return "".join(pieces)


# The file


def draw() -> None:
    """Draw every card, with the title that its page has now, with the tests' Pillow (`make test` has installed it)."""
    from PIL import Image, PngImagePlugin

    FOLDER.mkdir(exist_ok=True)
    for card in CARDS.values():
        title = heading(card.source)
        picture = Image.open(BytesIO(vl_convert.svg_to_png(svg(title, card.line), scale=1, ppi=72)))
        held = PngImagePlugin.PngInfo()
        held.add_itxt("Title", plain(title))
        palette = picture.convert("RGB").quantize(dither=Image.Dither.NONE)
        palette.save(FOLDER / f"{card.name}.png", pnginfo=held, optimize=True)


if __name__ == "__main__":
    draw()
