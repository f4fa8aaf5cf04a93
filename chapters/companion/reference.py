"""The reference pages, as MyST text drawn from the tables: people, glossary, films, rules, figures, reading …"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from . import dates
from .data import Row, Tables


def plain(text: str) -> str:
    """`text` with every sign escaped that MyST would read as markup."""
    return re.sub(r"([\\`*_{}\[\]<>#|~^$@])", r"\\\1", text)


def cited(sources: tuple[str, ...]) -> str:
    """The mark that cites the sources, after a space; empty where there is none."""
    return f" {{cite:p}}`{','.join(sources)}`" if sources else ""


def entry(title: str, anchor: str, lines: Iterable[str]) -> str:
    """An entry of a definition list: a title with an anchor, and its lines."""
    return f"[{title}]{{#{anchor}}}\n" + "\n\n".join(f": {line}" for line in lines)


def people(tables: Tables) -> str:
    """Everyone and every body: who they are, what they said, in which events they appear."""
    stances, events = defaultdict(list), defaultdict(list)
    for stance in tables.stances.to_dict("records"):
        stances[stance["person"]].append(stance)
    for event in tables.events.sort_values(["earliest", "id"]).to_dict("records"):
        for id in event["people"] + event["organisations"]:
            events[id].append(event["id"])
    parts = []
    for kind, heading in (("person", "People"), ("organisation", "Bodies")):
        parts.append(f"## {heading}")
        rows = tables.people[tables.people["type"] == kind]
        for row in sorted(rows.to_dict("records"), key=lambda row: row["sort"].casefold()):
            aliases = f" Also: {plain(', '.join(row['aliases']))}." if row["aliases"] else ""
            lines = [f"{plain(row['role'])}.{aliases}", *map(_stance, stances[row["id"]])]
            if events[row["id"]]:
                lines.append("Events: " + "; ".join(f"{{event}}`{id}`" for id in events[row["id"]]) + ".")
            parts.append(entry(plain(row["name"]), f"person-{row['id']}", lines))
    return "\n\n".join(parts)


def _stance(stance: Row) -> str:
    date = f", {dates.in_words(stance['date'])}" if stance["date"] else ", undated"
    quote = f" “{plain(stance['quote'])}”" if stance["quote"] else ""
    note = f" *{plain(stance['note'])}*" if stance["note"] else ""
    return (
        f"**{POSITIONS[stance['position']]}** ({plain(stance['venue'])}{date}). {plain(stance['paraphrase'])}"
        f"{quote}{cited(stance['sources'])}{note}"
    )


POSITIONS = {
    "support": "For the role",
    "conditional": "It depends",
    "declined": "Did without one in own work",
    "oppose": "Against the role",
    "changed": "Came round to it",
    "describes-practice": "On how scenes were done",
}


def glossary(tables: Tables) -> str:
    """The terms in the order of the alphabet, each with its other names, its definition and what is related."""
    entries = []
    names = tables.glossary["term"].to_dict()
    for row in sorted(tables.glossary.to_dict("records"), key=lambda row: row["term"].casefold()):
        terms = "\n".join((row["term"], *row["aliases"]))
        related = "; ".join(f"{{term}}`{names[id]}`" for id in row["related"])
        see = f" See also {related}." if related else ""
        entries.append(f"{terms}\n  {plain(row['definition'])}{cited(row['sources'])}{see}")
    return "```{glossary}\n" + "\n\n".join(entries) + "\n```"


def figures(tables: Tables) -> str:
    """Every published figure, with what was counted, how, and what it cannot show."""
    parts = []
    for publisher, rows in tables.measures.groupby("publisher", sort=True):
        parts.append(f"## {plain(str(publisher))}")
        for row in rows.to_dict("records"):
            date = f" ({dates.in_words(row['date'])})" if row["date"] else ""
            lines = (
                f"**{plain(row['value'])}** {plain(row['unit'])}{date}.{cited(row['sources'])}",
                f"Counted: {plain(row['population'])} {plain(row['method'])}",
                f"Mind: {plain(row['caveat'])}",
            )
            parts.append(entry(plain(row["title"]), f"measure-{row['id']}", lines))
    return "\n\n".join(parts)


DIMENSIONS = {
    "coordinator-present": "Coordinator on the production",
    "coordinator-named": "Named or credited",
    "choreography": "Who planned the scenes",
    "rehearsal": "Rehearsal and preparation",
    "closed-set": "Closed set",
    "in-room": "Who was in the room",
    "monitor": "Where the monitor was",
    "barriers": "Modesty garments and barriers",
    "contract": "Contracts and riders",
    "performer-account": "What the performers said",
    "dispute": "Later criticism or dispute",
}


def films(tables: Tables) -> str:
    """The productions that the book compares, each with what is on record about its making."""
    names = tables.people["name"]
    parts = []
    for film in tables.productions.sort_values(["year", "title"]).to_dict("records"):
        directors = ", ".join(names[id] for id in film["director"])
        coordinators = ", ".join(names[id] for id in film["coordinator"])
        shot = dates.in_words(film["shoot_from"], film["shoot_to"] if film["shoot_to"] != film["shoot_from"] else "")
        facts = {
            "Year": film["year"],
            "Directed by": directors,
            "Coordinator": coordinators or film["coordinator_status"],
            "Shot": f"{shot}, {film['place']}".strip(", "),
            "Budget": film["budget"],
        }
        known = " ".join(f"{name}: {plain(value)}." for name, value in facts.items() if value)
        lines = [known + cited(film["sources"])] + ([f"*{plain(film['note'])}*"] if film["note"] else [])
        rows = tables.practices[tables.practices["production"] == film["id"]].set_index("dimension")
        for dimension, name in DIMENSIONS.items():
            if dimension in rows.index:
                row = rows.loc[dimension]
                sure = f" ({row['confidence']})" if row["confidence"] in ("reported", "disputed") else ""
                value = f"{name}: **{plain(row['value'])}**{sure}."
                lines.append(f"{value} {plain(row['detail'])}{cited(row['sources'])}")
        parts.append(entry(plain(film["title"]), f"production-{film['id']}", lines))
    return "\n\n".join(parts)


def rules(tables: Tables) -> str:
    """The rules, oldest first: who issued them, how strongly they bind, what they ask about coordinators."""
    parts = []
    for rule in tables.rules.sort_values(["from", "id"]).to_dict("records"):
        since = f"from {dates.in_words(rule['from'])}" if rule["from"] else "undated"
        until = f" to {dates.in_words(rule['to'])}" if rule["to"] else ""
        as_of = f" As of {dates.in_words(rule['as_of'])}." if rule["as_of"] else ""
        scope = "stage and screen" if rule["scope"] == "both" else rule["scope"]
        lines = (
            f"{plain(rule['body'])}, {plain(rule['place'])}, {scope}, {since}{until}. Binds: {plain(rule['binds'])}.",
            f"**Strength: {rule['strength']}. About engaging a coordinator: {rule['coordinators']}.** "
            f"{plain(rule['asks'])}{cited(rule['sources'])}",
            f"Mind: {plain(rule['limit'])}{as_of}",
        )
        parts.append(entry(plain(rule["name"]), f"rule-{rule['id']}", lines))
    return "\n\n".join(parts)


GAPS = {
    "not documented": "Not documented",
    "not verified": "Said somewhere, and not verified",
    "rests on the article alone": "Resting on the article alone",
    "undated": "Known, but not when",
}


def gaps(tables: Tables) -> str:
    """What is not known, by how it is not known: why, where it was looked for, and which chapters it bears on."""
    parts = []
    for kind, heading in GAPS.items():
        parts.append(f"## {heading}")
        for row in tables.gaps[tables.gaps["kind"] == kind].to_dict("records"):
            chapters = ", ".join(f"[{CHAPTERS[name]}]({name}.ipynb)" for name in row["chapters"])
            lines = (
                plain(row["why"]),
                f"Looked for: {plain(row['looked_for'])}",
                f"Bears on {chapters}. As of {dates.in_words(row['as_of'])}.",
            )
            parts.append(entry(plain(row["question"]), f"gap-{row['id']}", lines))
    return "\n\n".join(parts)


CHAPTERS = {"anora": "*Anora*", "history": "the history", "babygirl": "*Babygirl*"}


def reading(tables: Tables) -> str:
    """The scholarship: the sources that carry a sentence on what they say."""
    works = tables.sources[tables.sources["about"] != ""].sort_values(["date", "id"])
    return "\n\n".join(
        f"{plain(work['author'] or work['publisher'])}, *{plain(work['title'])}*"
        f"{', ' + work['date'][:4] if work['date'] else ''}\n: {plain(work['about'])}{cited((work['id'],))}"
        for work in works.to_dict("records")
    )


def corrections(tables: Tables) -> str:
    """The log of corrections, newest first; a sentence where there is none yet."""
    if tables.corrections.empty:
        return "No correction has been made yet."
    rows = tables.corrections.sort_values(["date", "id"], ascending=False).to_dict("records")
    return "\n\n".join(
        entry(
            f"{dates.in_words(row['date'])}, {plain(row['page'])}",
            f"correction-{row['id']}",
            (
                f"It said: {plain(row['was'])}",
                f"It says: {plain(row['now'])}",
                plain(row["reason"]),
                *(f"{{event}}`{id}`" for id in row["events"]),
            ),
        )
        for row in rows
    )


def data(tables: Tables, package: dict[str, Any]) -> str:
    """Every table of the data package: what it holds, its columns, and where to get it."""
    parts = []
    for resource in package["resources"]:
        address = f"../data/{resource['path']}"
        count = len(tables[resource["name"]])
        parts.append(
            f"## {plain(resource['title'])}\n\n{plain(resource['description'])} "
            f'{count} {"row" if count == 1 else "rows"}. <a href="{address}">Download {resource["path"]}</a>'
        )
        if "schema" in resource:
            parts.append("\n\n".join(_column(field) for field in resource["schema"]["fields"]))
    return "\n\n".join(parts)


def _column(field: dict[str, Any]) -> str:
    options = field.get("vocabulary") or field.get("constraints", {}).get("enum")
    about = [plain(field["description"])]
    if options:
        about.append("One of: " + ", ".join(f"`{option}`" for option in options) + ".")
    if "references" in field:
        about.append(f"Ids of the table `{field['references']}`.")
    if field["type"] == "list":
        about.append("A list, separated by semicolons.")
    if "example" in field:
        about.append(f"For example `{field['example']}`.")
    return f"`{field['name']}`\n: {' '.join(about)}"


PAGES = {page.__name__: page for page in (people, glossary, films, rules, figures, gaps, reading, corrections)}
