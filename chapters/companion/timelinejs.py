"""Events in the columns of TimelineJS3's spreadsheet, for those who want to take them there.

Source: https://timeline.knightlab.com/docs/using-spreadsheets.html
"""

from __future__ import annotations

from html import escape

from . import dates
from .records import Record

_DATE = ("Year", "Month", "Day", "Time")
COLUMNS = (
    *_DATE,
    *(f"End {part}" for part in _DATE),
    "Display Date",
    "Headline",
    "Text",
    "Media",
    "Media Credit",
    "Media Caption",
    "Media Thumbnail",
    "Type",
    "Group",
    "Background",
)


def row(record: Record) -> dict[str, str]:
    """An event as a row. Text is escaped, as TimelineJS3 takes it for HTML."""
    lines = [record.summary]
    if record.dispute:
        lines.append(f"The other side: {record.dispute}")
    lines = [escape(line) for line in lines if line]
    lines += [
        f'<a href="{escape(source["url"])}">{escape(source["title"])}</a>'
        for source in record.sources
        if source.get("url")
    ]
    return {
        **dict.fromkeys(COLUMNS, ""),
        **dict(zip(COLUMNS[:3], record.date.split("-"), strict=False)),
        **dict(zip(COLUMNS[4:7], record.end_date.split("-") if record.end_date else (), strict=False)),
        "Display Date": dates.in_words(record.date, record.end_date),
        "Headline": escape(record.title),
        "Text": "".join(f"<p>{line}</p>" for line in lines),
        "Group": record.kind,
    }
