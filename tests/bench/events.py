"""Synthetic events in the shape of data/events.csv: as many as asked for, the same at every run.

Lengths of the texts, the mix of kinds, confidences and date precisions, and how often there is a dispute, a note or an
end follow the book's own table. Some words are planted in known shares, so that a search for one of them has a known
answer in every contender.
"""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass
from typing import Any

import pandas as pd
from companion import dates, load
from companion.data import Tables

SEED = 1934
KINDS = {
    "statement": 56,
    "law": 37,
    "rule": 35,
    "profession": 34,
    "debate": 29,
    "film": 27,
    "practice": 25,
    "incident": 9,
}
CONFIDENCES = {"confirmed": 74, "reported": 19, "disputed": 7}
PRECISIONS = {"day": 47, "month": 30, "year": 23}
PLANTED = {"harbour": 0.4, "lantern": 0.1, "quartz": 0.01}
"""Words that only a known share of the events holds. "zephyr" is in none."""

FIRST = "lantern"
SEARCHES = ("harbour", "quartz", "lantern", "zephyr", "harbour", "", "lantern", "")
"""What is typed, in order. The number of matches differs from each to the next; the empty search shows all again."""

_SYLLABLES = [first + second for first, second in zip("bcdfghjklmnprstv", "aoieauoioaeoaoeu", strict=True)]
_WORDS = 3000
_RANKS = list(itertools.accumulate(1 / (rank + 2.7) for rank in range(_WORDS)))  # Zipf and Mandelbrot's law
_ROLES = ("union", "studio", "festival", "court", "press", "guild", "school", "agency")


@dataclass(frozen=True)
class Sample:
    """Events and the tables that their ids lead to, as the timeline takes them; `flat` is one dict each for peers."""

    frame: pd.DataFrame
    tables: Tables
    flat: list[dict[str, Any]]

    def answers(self) -> dict[str, int]:
        """How many events each search leaves: those whose text holds the word."""
        return {word: sum(word in event["text"] for event in self.flat) for word in SEARCHES}


def sample(size: int) -> Sample:
    """`size` events; each planted word is in one at least."""
    draw = random.Random(SEED)
    words = ["".join(draw.choices(_SYLLABLES, k=draw.choice((1, 2, 2, 3, 4)))) for _ in range(_WORDS)]
    people = _people(draw, size)
    sources = _sources(draw, size, words)
    planted = {word: set(draw.sample(range(size), max(1, round(size * share)))) for word, share in PLANTED.items()}
    frame = pd.DataFrame([_event(draw, number, size, words, planted) for number in range(size)])
    tables = Tables({**load(), "people": people, "sources": sources})
    return Sample(frame, tables, _flat(frame, people, sources))


def _people(draw: random.Random, size: int) -> pd.DataFrame:
    """The persons and bodies that the events name."""
    rows = [
        {"id": f"{kind}-{number}", "name": f"{_name(draw)} {_last_name(draw, kind)}", "type": kind, "role": ""}
        for kind, count in _cast(size).items()
        for number in range(count)
    ]
    return pd.DataFrame(rows).set_index("id", drop=False)


def _cast(size: int) -> dict[str, int]:
    """How many persons and bodies there are: as many as events in a small table, and never more than 600."""
    return {"person": min(size, 450), "body": min(size // 3, 150)}


def _sources(draw: random.Random, size: int, words: list[str]) -> pd.DataFrame:
    """One source to every event, which may share them."""
    rows = [
        {
            "id": f"source-{number}",
            "title": _text(draw, words, 55).rstrip("."),
            "publisher": _name(draw),
            "date": f"{draw.randint(2016, 2026)}-{draw.randint(1, 12):02}",
            "url": f"https://example.org/{draw.choice(words)}/{number}",
            "lang": "",
            "copy": "",
        }
        for number in range(size)
    ]
    return pd.DataFrame(rows).set_index("id", drop=False)


def _event(
    draw: random.Random, number: int, size: int, words: list[str], planted: dict[str, set[int]]
) -> dict[str, str]:
    date = _date(draw)
    extra = " ".join(word for word, numbers in planted.items() if number in numbers)
    disputed = draw.random() < 0.24
    return {
        "id": f"e-{number:05}",
        "date": date,
        "end_date": str(int(date[:4]) + 1) if draw.random() < 0.035 else "",
        "title": f"{_text(draw, words, draw.gauss(50, 8)).rstrip('.')} (no. {number:05})",
        "summary": f"{_text(draw, words, draw.gauss(195, 45))} {extra}".strip(),
        "kind": _weighted(draw, KINDS),
        "chapters": "history",
        "regions": draw.choice(("United States", "United Kingdom", "France;Italy")),
        "people": _ids(draw, "person", _cast(size)["person"], (0, 1, 2, 2, 3)),
        "organisations": _ids(draw, "body", _cast(size)["body"], (0, 0, 1, 1, 2)),
        "works": draw.choice(("", f"The {_name(draw)}")),
        "confidence": _weighted(draw, CONFIDENCES),
        "dispute": _text(draw, words, draw.gauss(170, 40)) if disputed else "",
        "as_of": "2026-06-01" if draw.random() < 0.08 else "",
        "note": _text(draw, words, draw.gauss(107, 30)) if draw.random() < 0.63 else "",
        "sources": _ids(draw, "source", size, (1, 2, 3, 4)),
    }


def _ids(draw: random.Random, kind: str, count: int, how_many: tuple[int, ...]) -> str:
    return ";".join(f"{kind}-{number}" for number in draw.sample(range(count), draw.choice(how_many)))


def _date(draw: random.Random) -> str:
    """A day, a month or a year, nine times in ten of 2016 to 2026, else of 1934 to 2015."""
    year = draw.randint(2016, 2026) if draw.random() < 0.9 else draw.randint(1934, 2015)
    month, day = draw.randint(1, 12), draw.randint(1, 28)
    return {"day": f"{year}-{month:02}-{day:02}", "month": f"{year}-{month:02}", "year": str(year)}[
        _weighted(draw, PRECISIONS)
    ]


def _weighted(draw: random.Random, shares: dict[str, int]) -> str:
    return draw.choices(list(shares), weights=list(shares.values()))[0]


def _name(draw: random.Random) -> str:
    return "".join(draw.choices(_SYLLABLES, k=draw.choice((2, 3)))).title()


def _last_name(draw: random.Random, kind: str) -> str:
    return _name(draw) if kind == "person" else draw.choice(_ROLES).title()


def _text(draw: random.Random, words: list[str], length: float) -> str:
    """A sentence of about `length` characters; a few words come often, as in prose."""
    chosen: list[str] = []
    while sum(map(len, chosen)) + len(chosen) < length:
        chosen += draw.choices(words, cum_weights=_RANKS)
    return " ".join(chosen).capitalize() + "."


def _flat(frame: pd.DataFrame, people: pd.DataFrame, sources: pd.DataFrame) -> list[dict[str, Any]]:
    """The events for the peers: all that the timeline shows of each, and the text that a search reads."""
    names, works = people["name"].to_dict(), sources.to_dict("index")
    events = []
    for row in frame.to_dict("records"):
        who = [names[id] for id in f"{row['people']};{row['organisations']}".split(";") if id]
        cited = [works[id] for id in row["sources"].split(";")]
        events.append(
            {
                **{
                    name: row[name]
                    for name in ("id", "title", "summary", "kind", "confidence", "dispute", "note", "as_of")
                },
                "start": dates.span(row["date"])[0].isoformat(),
                "end": dates.span(row["end_date"])[1].isoformat() if row["end_date"] else "",
                "date": dates.in_words(row["date"], row["end_date"]),
                "who": ", ".join(who),
                "work": row["works"],
                "where": row["regions"].replace(";", ", "),
                "sources": [{"text": f"{work['publisher']}, {work['title']}", "url": work["url"]} for work in cited],
                "text": "\n".join([row["title"], row["summary"], *who, row["works"]]).lower(),
            }
        )
    return events
