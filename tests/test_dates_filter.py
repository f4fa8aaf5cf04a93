"""What a date can mean and which events a view leaves: the two rules on which every page rests, by examples."""

from __future__ import annotations

import calendar
import re
from datetime import date
from pathlib import Path
from typing import Any
from unittest import mock

import companion
import pytest
from companion import dates, filter

SPANS = {
    "2018": ("2018-01-01", "2018-12-31"),
    "2018-10": ("2018-10-01", "2018-10-31"),
    "2018-12": ("2018-12-01", "2018-12-31"),
    "2018-10-25": ("2018-10-25", "2018-10-25"),
    "2024-02": ("2024-02-01", "2024-02-29"),
    "2023-02": ("2023-02-01", "2023-02-28"),
    "0001": ("0001-01-01", "0001-12-31"),
}
NO_DATES = (
    "",
    "18",
    "2018-1",
    "2018-10-5",
    "2018/10",
    "25.10.2018",
    "2018-10-25T00:00",
    " 2018",
    "２０１８",
    "c. 2018",
)
NO_DAYS = ("2023-02-30", "2023-13", "2018-00", "2018-10-00", "0000", "2023-02-29")
WORDS = {
    ("2018", ""): "2018",
    ("2018-10", ""): "October 2018",
    ("2018-10-05", ""): "5 October 2018",
    ("2018", "2019-03"): "2018 to March 2019",
    ("2018-12-31", "2019"): "31 December 2018 to 2019",
}
DECIMALS = {"2023-01-01": 2023, "2023-07-02": 2023 + 182 / 365, "2024-12-31": 2024 + 365 / 366}

EVENT: dict[str, Any] = {
    "text": "Zoë’s talk\nO‘Brien, ﬁlm",
    "kind": "debate",
    "from": 2018,
    "to": 2020,
    "who": ["zoe", "guild"],
    "regions": ["Ireland"],
    "confidence": "reported",
    "article": False,
    "paths": ["first"],
}
ALL: dict[str, Any] = {
    "query": "",
    "kinds": ["debate", "film"],
    "from_year": None,
    "to_year": None,
    "who": "",
    "region": "",
    "confidence": "",
    "article": False,
    "path": "",
}
STAYS: list[dict[str, Any]] = [
    {},
    {"query": "zoe's"},
    {"query": "  TALK\t o'brien "},
    {"query": "film"},
    {"query": "ZOE\u0308"},
    {"kinds": ["debate"]},
    {"from_year": 2020},
    {"from_year": 2019, "to_year": 2019},
    {"to_year": 2018},
    {"who": "guild"},
    {"region": "Ireland"},
    {"confidence": "reported"},
    {"path": "first"},
]
GOES: list[dict[str, Any]] = [
    {"query": "zoe nobody"},
    {"query": "talks"},
    {"kinds": ["film"]},
    {"kinds": []},
    {"from_year": 2021},
    {"to_year": 2017},
    {"from_year": 2018, "to_year": 2017},
    {"who": "bo"},
    {"region": "Wales"},
    {"confidence": "confirmed"},
    {"article": True},
    {"path": "second"},
]


def test_a_date_means_every_day_from_the_first_to_the_last() -> None:
    for text, span in SPANS.items():
        assert dates.span(text) == tuple(map(date.fromisoformat, span)), text


def test_what_is_no_date_is_told() -> None:
    for text in NO_DATES:
        with pytest.raises(
            ValueError, match=r"^must be a calendar date written YYYY, YYYY-MM or YYYY-MM-DD \(EDTF.*\)$"
        ):
            dates.span(text)
    for text in NO_DAYS:
        with pytest.raises(ValueError, match=r"^must be a calendar date .*; there is no such day$") as raised:
            dates.span(text)
        assert raised.value.__suppress_context__


def test_a_date_in_words_says_no_more_than_is_known() -> None:
    for (text, end), words in WORDS.items():
        assert dates.in_words(text, end) == words


def test_a_month_is_named_in_english_in_every_locale() -> None:
    with mock.patch.object(calendar, "month_name", [""] + ["Ekim"] * 12):
        named = [dates.in_words(f"2018-{month:02}") for month in range(1, 13)]
    assert [words.removesuffix(" 2018") for words in named] == [
        *("January", "February", "March", "April", "May", "June"),
        *("July", "August", "September", "October", "November", "December"),
    ]


def test_a_day_has_its_place_in_the_year() -> None:
    for text, place in DECIMALS.items():
        assert dates.decimal(date.fromisoformat(text)) == pytest.approx(place, abs=1e-12)


def test_the_words_of_a_search_are_folded() -> None:
    assert filter.words("Ｚoë’s  ‘TALK’\n\r\f\v\tİ") == ["zoe's", "'talk'", "i"]


def test_an_event_stays_where_every_condition_holds() -> None:
    for view in STAYS:
        assert filter.matches(EVENT, ALL | view), view
    assert filter.matches(EVENT | {"article": True}, ALL | {"article": True})
    assert filter.matches(EVENT | {"article": True}, ALL)


def test_the_conditions_have_the_names_that_they_have_in_the_page() -> None:
    module = Path(str(companion.__file__)).with_name("timeline.mjs").read_text("utf-8")
    assert set(re.findall(r"^  (\w+): \(row, view\) =>", module, re.M)) == set(filter.FILTERS)


def test_one_condition_is_enough_for_it_to_go() -> None:
    for view in GOES:
        assert not filter.matches(EVENT, ALL | view), view
