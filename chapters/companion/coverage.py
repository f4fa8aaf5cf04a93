"""What the evidence covers: counts by verdict, confidence and kind of source, and the entries that nothing uses."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from .data import Tables

CHAPTERS = Path(__file__).resolve().parents[1]


def report(tables: Tables, chapters: Path = CHAPTERS) -> str:
    """The coverage as lines of text; `chapters` is the folder whose pages may use an entry."""
    lines = [
        _counted("claims by verdict", tables.claims["verdict"]),
        _counted("events by confidence", tables.events["confidence"]),
        _counted("events by kind", tables.events["kind"]),
        _counted("sources by kind", tables.sources["kind"])
        + f"; {tables.sources['copy'].sum()} read only in a copy"
        + f"; {(tables.sources['archiveurl'] != '').sum()} with an archived address",
        _counted("stances by position (a convenience sample)", tables.stances["position"]),
    ]
    for name, unused in unused_entries(tables, chapters).items():
        lines.append(f"{name} that nothing uses: {len(unused)}" + (f" ({', '.join(unused)})" if unused else ""))
    return "\n".join(lines)


def unused_entries(tables: Tables, chapters: Path = CHAPTERS) -> dict[str, list[str]]:
    """For sources, people and terms, the ids that no table and no page refers to."""
    text = "\n".join(
        path.read_text("utf-8")
        for pattern in ("**/*.md", "**/*.ipynb")
        for path in sorted(chapters.glob(pattern))
        if ".ipynb_checkpoints" not in path.parts
    )
    cited = set(tables.sources.loc[tables.sources["about"] != "", "id"])  # they stand under further reading
    cited |= {key.strip() for keys in re.findall(r"\{cite:p\}`([^`]*)`", text) for key in keys.split(",")}
    sources = cited.union(*(set(cell) for table in tables.values() if "sources" in table for cell in table["sources"]))
    people = set(tables.stances["person"]).union(
        re.findall(r"\{person\}`(?:[^`<]*<)?([^`>]+)>?`", text),
        *(
            set(cell)
            for table, column in (
                ("events", "people"),
                ("events", "organisations"),
                ("productions", "director"),
                ("productions", "coordinator"),
            )
            for cell in tables[table][column]
        ),
    )
    terms = {term.strip().lower() for term in re.findall(r"\{term\}`(?:[^`<]*<)?([^`>]+)>?`", text)}
    unused = [
        id
        for id, row in tables.glossary.iterrows()
        if terms.isdisjoint(name.lower() for name in (row["term"], *row["aliases"]))
    ]
    return {
        "sources": [id for id in tables.sources["id"] if id not in sources],
        "people": [id for id in tables.people["id"] if id not in people],
        "terms": unused,
    }


def _counted(what: str, column: pd.Series[str]) -> str:
    counts = column.value_counts()
    return f"{what}: " + ", ".join(f"{count} {name}" for name, count in counts.items() if count)
