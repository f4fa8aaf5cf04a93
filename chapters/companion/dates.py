"""Calendar dates at the precision their source supports (EDTF level 0: `2018`, `2018-10`, `2018-10-25`).

A date is never turned into an instant, so no time zone can move an event to another day.
"""

from __future__ import annotations

import calendar
import re
from datetime import date

RULE = "must be a calendar date written YYYY, YYYY-MM or YYYY-MM-DD (EDTF level 0)"

MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November"),
    "December",
)
"""In English whatever the locale, which `calendar` would follow."""

_EDTF = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")


def span(text: str) -> tuple[date, date]:
    """The first and the last day that `text` can mean.

    Raises ValueError, with the rule, where `text` is not a calendar date.
    """
    found = _EDTF.fullmatch(text)
    if not found:
        raise ValueError(RULE)
    year, month, day = found.groups()
    try:
        first = date(int(year), int(month or 1), int(day or 1))
        end = int(month or 12)
        last = date(int(year), end, int(day or calendar.monthrange(int(year), end)[1]))
    except (ValueError, calendar.IllegalMonthError):
        raise ValueError(f"{RULE}; there is no such day") from None
    return first, last


def in_words(text: str, end: str = "") -> str:
    """`2018-10-25` as "25 October 2018", `2018-10` as "October 2018"; with `end`, "… to …"."""
    if end:
        return f"{in_words(text)} to {in_words(end)}"
    year, *rest = text.split("-")
    if not rest:
        return year
    month = MONTHS[int(rest[0]) - 1]
    return f"{month} {year}" if len(rest) == 1 else f"{int(rest[1])} {month} {year}"


def decimal(day: date) -> float:
    """The beginning of a day as a year with decimals: 2 July 2023 is 2023.499."""
    start, end = date(day.year, 1, 1), date(day.year, 12, 31)
    return day.year + (day - start).days / ((end - start).days + 1)
