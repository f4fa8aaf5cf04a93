"""The pictures that a link to the book shows elsewhere: `python -m companion.cards` draws them anew into theme/cards/.

They are stored, so that no build depends on fonts; the title that each was drawn with is kept inside the file.
"""

from __future__ import annotations

import json
import math
import re
import struct
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path

FOLDER = Path(__file__).parent / "theme" / "cards"
CHAPTERS = Path(__file__).parents[1]
WIDTH, HEIGHT = 1200, 630
PAPER, INK, MUTED, ACCENT = "#f5f4f1", "#1b1b1b", "#515151", "#0072b2"
# The one family that vl-convert brings with it.
FONT = "Liberation Sans"
SLANT = ("", ' font-style="italic"')
TITLE = b"Title\0\0\0\0\0"
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
        title = title_in(self.name)
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


# The file: https://www.w3.org/TR/png-3/


def packed(png: bytes, title: str) -> bytes:
    """The same picture with a palette in place of four bytes a pixel, and its title as international text."""
    pixels = b"".join(rgba(png))
    colours = [pixels[at : at + 3] for at in range(0, len(pixels), 4)]
    palette = [colour for colour, _ in Counter(colours).most_common(256)]
    # What does not fit is rare: a shade at the edge of a letter, drawn in the shade most like it.
    numbers = {
        colour: min(range(len(palette)), key=lambda number: math.dist(palette[number], colour))
        for colour in set(colours)
    }
    indices = bytes(numbers[colour] for colour in colours)
    rows = b"".join(b"\0" + indices[at : at + WIDTH] for at in range(0, len(indices), WIDTH))
    return png[:8] + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in (
            (b"IHDR", struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 3, 0, 0, 0)),
            (b"iTXt", TITLE + title.encode()),
            (b"PLTE", b"".join(palette)),
            (b"IDAT", zlib.compress(rows, 9)),
            (b"IEND", b""),
        )
    )


def rgba(png: bytes) -> Iterator[bytes]:
    """The rows of a picture with four bytes a pixel, their filters undone."""
    data = zlib.decompress(b"".join(data for kind, data in chunks(png) if kind == b"IDAT"))
    length, above = 4 * WIDTH, bytes(4 * WIDTH)
    for start in range(0, len(data), length + 1):
        row = bytearray(data[start + 1 : start + 1 + length])
        for at in range(length if (rule := data[start]) else 0):
            left, corner = (row[at - 4], above[at - 4]) if at >= 4 else (0, 0)
            guess = (0, left, above[at], (left + above[at]) // 2, 0)[rule]
            if rule == 4:
                middle = left + above[at] - corner
                guess = min((left, above[at], corner), key=lambda value: abs(middle - value))
            row[at] = (row[at] + guess) & 255
        above = bytes(row)
        yield above


def chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The parts of a picture's file, by kind."""
    place = 8
    while place < len(png):
        length = int.from_bytes(png[place : place + 4])
        yield png[place + 4 : place + 8], png[place + 8 : place + 8 + length]
        place += length + 12


def title_in(name: str) -> str:
    """The title with which a stored card was drawn."""
    png = (FOLDER / f"{name}.png").read_bytes()
    return next(data for kind, data in chunks(png) if kind == b"iTXt").removeprefix(TITLE).decode()


def draw() -> None:
    """Draw every card, with the title that its page has now."""
    import vl_convert  # only here: a build does without it

    FOLDER.mkdir(exist_ok=True)
    for card in CARDS.values():
        title = heading(card.source)
        png = vl_convert.svg_to_png(svg(title, card.line), scale=1, ppi=72)
        (FOLDER / f"{card.name}.png").write_bytes(packed(png, plain(title)))


if __name__ == "__main__":
    draw()
