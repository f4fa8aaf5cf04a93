"""The question, mapped: what the page `question.ipynb` shows, drawn from the table of arguments."""

from __future__ import annotations

from collections.abc import Hashable
from html import escape
from typing import Any

import pandas as pd

from . import charts, dates, places
from .article import Shown, sources
from .data import Row, Tables, load

SIDES = {
    "require": "For requiring a coordinator",
    "choice": "For the performers’ choice",
    "other": "For other remedies",
}
"""The answers to the question. Their order says nothing: each has as much room as the others."""


def overview(tables: Tables | None = None) -> Shown:
    """The map: every reason, under its side, with a link to its place on the page."""
    tables = load() if tables is None else tables
    columns, words = [], []
    for side, heading in SIDES.items():
        arguments = _of(side, tables)
        items = "".join(
            f'<li><a href="#argument-{argument["id"]}">{escape(argument["reason"])}</a></li>' for argument in arguments
        )
        columns.append(f'<div><p class="side">{heading}</p><ol>{items}</ol></div>')
        words += [heading, *(f"- {argument['reason']}" for argument in arguments)]
    return Shown(f'<div class="argument-map">{"".join(columns)}</div>', "\n".join(words))


def side(name: str, tables: Tables | None = None) -> Shown:
    """The arguments of one side: reason, ground, the best reply, what it cannot show, and what it rests on.

    Raises KeyError where `name` is not in `SIDES`.
    """
    tables = load() if tables is None else tables
    arguments = _of(name, tables)
    words = "\n".join(f"{argument['reason']} | Reply: {argument['reply']}" for argument in arguments)
    return Shown(
        f'<ol class="arguments" aria-label="{SIDES[name]}">{"".join(_argument(one, tables) for one in arguments)}</ol>',
        words,
    )


def grounds(tables: Tables | None = None) -> charts.Table:
    """How many claims, statements, rules, figures and sources the arguments of each side name, replies included."""
    tables = load() if tables is None else tables
    kinds = {
        "claims": "claims of the article",
        "stances": "statements",
        "rules": "rules",
        "measures": "figures",
        "sources": "sources",
    }
    rows = [
        {"side": heading, "arguments": len(arguments)}
        | {words: len({id for argument in arguments for id in argument[kind]}) for kind, words in kinds.items()}
        for heading, arguments in ((heading, _of(side, tables)) for side, heading in SIDES.items())
    ]
    return charts.table(pd.DataFrame(rows), "What stands behind the entries of each side")


def _of(side: str, tables: Tables) -> list[dict[Hashable, Any]]:
    SIDES[side]
    return tables.arguments[tables.arguments["side"] == side].to_dict("records")


def _argument(argument: Row, tables: Tables) -> str:
    answered = tables.arguments[tables.arguments["reply_to"] == argument["id"]]["id"]
    answers = [("Answers", [argument["reply_to"]] if argument["reply_to"] else []), ("Answered by", list(answered))]
    links = "".join(
        f'<p class="argument-rests"><b>{words}:</b> '
        + "; ".join(f'<a href="#argument-{id}">{escape(tables.arguments.loc[id, "reason"])}</a>' for id in ids)
        + "</p>"
        for words, ids in answers
        if ids
    )
    return (
        f'<li class="argument" id="argument-{argument["id"]}">'
        f'<p class="argument-reason">{escape(argument["reason"])}</p>'
        f"<p>{escape(argument['because'])}</p>"
        f'<p class="argument-reply"><b>The best reply:</b> {escape(argument["reply"])}</p>'
        f'<p class="argument-limit"><b>What this cannot show:</b> {escape(argument["limit"])}</p>{links}'
        f'<p class="argument-rests"><b>Rests on:</b> {"; ".join(_rests_on(argument, tables))}.</p>'
        f'<p class="argument-rests">{sources(argument["sources"], tables)}</p></li>'
    )


def _rests_on(argument: Row, tables: Tables) -> list[str]:
    claims = [tables.claims.loc[id] for id in argument["claims"]]
    links = [(places.address("claim", claim), f"claim {claim['id']}, {claim['verdict']}") for claim in claims]
    for id in argument["stances"]:
        stance = tables.stances.loc[id]
        when = f", {dates.in_words(stance['date'])}" if stance["date"] else ""
        person = tables.people.loc[stance["person"]]
        links.append((places.address("person", person), f"statement by {person['name']}{when}"))
    for kind, table, words in (("rule", "rules", "name"), ("measure", "measures", "title")):
        rows = [tables[table].loc[id] for id in argument[table]]
        links += [(places.address(kind, row), row[words]) for row in rows]
    return [f'<a href="{address}">{escape(words)}</a>' for address, words in links]
