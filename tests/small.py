"""A very small book, whole: a row or two in every table, a dozen pages, and the real schema, configuration and theme.

`write` lays it out in a folder as the project lies in its own, `tables` loads it, `built` has Sphinx build it.
"""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path
from typing import Any

import nbformat
import yaml
from companion.data import Tables, load
from jupyter_book.config import get_final_config
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace, patch_docutils

ROOT = Path(__file__).resolve().parents[1]

ROWS: dict[str, list[dict[str, str]]] = {
    "people": [
        {"id": "guild", "name": "The Guild", "type": "organisation", "sort": "Guild", "role": "Union"},
        {"id": "zoe", "name": "Zoë Ash", "type": "person", "sort": "ash, Zoë", "role": "Actor", "aliases": "Z.;Zo"},
        {"id": "bo", "name": "Bo & Co", "type": "person", "sort": "Bo", "role": "Director"},
        {"id": "cy", "name": "Cy Young", "type": "person", "sort": "Cy", "role": "Coordinator"},
    ],
    "events": [
        {
            "id": "shoot",
            "date": "2019-11-30",
            "end_date": "2020-03",
            "title": "The shoot of A < B",
            "summary": "Ten weeks in all.",
            "kind": "practice",
            "chapters": "anora",
            "regions": "United Kingdom;Ireland",
            "people": "bo;zoe",
            "works": "A;B",
            "confidence": "disputed",
            "dispute": "Zoë Ash says: nine weeks.",
            "as_of": "2026-11-22",
            "note": "The call sheets were not seen.",
            "sources": "paper;old",
        },
        {
            "id": "rule-of-2018",
            "date": "2018-10",
            "title": "A rule “for all”",
            "summary": "The guild asks.",
            "kind": "rule",
            "chapters": "history;anora",
            "regions": "Ireland",
            "organisations": "guild",
            "works": "A",
            "confidence": "confirmed",
            "sources": "law",
        },
        {
            "id": "talk",
            "date": "2018-10-25",
            "title": "A talk",
            "summary": "She spoke of it.",
            "kind": "statement",
            "chapters": "anora",
            "regions": "Ireland",
            "people": "zoe",
            "works": "B",
            "confidence": "reported",
            "sources": "paper",
        },
        {
            "id": "opening",
            "date": "2020",
            "title": "It opens",
            "summary": "In two cities.",
            "kind": "film",
            "chapters": "history",
            "regions": "Ireland",
            "works": "B",
            "confidence": "confirmed",
            "sources": "law",
        },
    ],
    "paths": [
        {"id": "first-steps", "title": "First steps", "about": "From rule to set.", "chapter": "anora"},
        {"id": "elsewhere", "title": "Elsewhere", "about": "Another line.", "chapter": "history"},
    ],
    "steps": [
        {
            "id": "first-steps-1",
            "path": "first-steps",
            "event": "rule-of-2018",
            "sentence": "There was a rule & a day.",
        },
        {"id": "first-steps-2", "path": "first-steps", "event": "shoot", "sentence": "Then there was a set."},
        {"id": "elsewhere-1", "path": "elsewhere", "event": "opening", "sentence": "It was seen."},
    ],
    "paragraphs": [
        {"id": "P01", "precis": "It begins with < Zoë & ends."},
        {"id": "P02", "precis": "A question is asked."},
        {"id": "P03", "precis": "An answer is given."},
    ],
    "claims": [
        {
            "id": "P01-1",
            "paragraph": "P01",
            "claim": "Zoë Ash said “no” & left.",
            "speaker": "Zoë Ash < B",
            "quotation": "paraphrase",
            "verdict": "corrected",
            "finding": "She said < maybe.",
            "gravity": "grave",
            "events": "talk;rule-of-2018",
            "as_of": "2026-11-22",
            "sources": "paper;law",
        },
        {
            "id": "P01-2",
            "paragraph": "P01",
            "claim": "The set was closed.",
            "quotation": "none",
            "verdict": "supported",
            "finding": "So it was.",
            "gravity": "minor",
            "sources": "paper",
        },
        {
            "id": "P01-3",
            "paragraph": "P01",
            "claim": "It was long.",
            "quotation": "verbatim",
            "verdict": "disputed",
            "finding": "Some say so.",
            "sources": "old",
        },
        {
            "id": "P03-1",
            "paragraph": "P03",
            "claim": "Nobody knows.",
            "quotation": "not-found",
            "verdict": "unverifiable",
            "finding": "No source.",
        },
    ],
    "quotations": [
        {
            "id": "ash-no",
            "claim": "P01-1",
            "speaker": "zoe",
            "venue": "The Paper",
            "date": "2020-01-02",
            "source_words": "maybe not",
            "article_words": "no",
            "meaning": "shifted",
            "difference": "A doubt becomes a no.",
            "sources": "paper",
        }
    ],
    "annotations": [
        {"id": "P01-a1", "paragraph": "P01", "type": "left-out", "text": "The < rider.", "sources": "law"},
        {"id": "P01-a2", "paragraph": "P01", "type": "context", "text": "A strike.", "sources": "paper;old"},
    ],
    "stances": [
        {
            "id": "ash-2020",
            "person": "zoe",
            "role": "performer",
            "date": "2020-01-02",
            "venue": "The *Paper*",
            "position": "conditional",
            "paraphrase": "It depends on the day.",
            "quote": "it depends",
            "confidence": "confirmed",
            "note": "Her first word on it.",
            "sources": "paper",
        },
        {
            "id": "guild-undated",
            "person": "guild",
            "role": "union",
            "venue": "Its site",
            "position": "support",
            "paraphrase": "Wants one on every set.",
            "confidence": "confirmed",
            "sources": "law;old",
        },
        {
            "id": "ash-2021",
            "person": "zoe",
            "role": "performer",
            "date": "2021",
            "venue": "Radio",
            "position": "changed",
            "paraphrase": "Would have one now.",
            "confidence": "reported",
            "sources": "paper",
        },
    ],
    "arguments": [
        {
            "id": "ask",
            "side": "require",
            "reason": "An offer can be hard < to refuse.",
            "because": "Who hires, asks.",
            "claims": "P01-1;P01-2",
            "stances": "ash-2020;guild-undated",
            "rules": "rider",
            "measures": "count-2020",
            "reply": "An actor may say no.",
            "reply_to": "",
            "limit": "It speaks of offers & not of sets.",
            "sources": "paper;law",
        },
        {
            "id": "choose",
            "side": "choice",
            "reason": "It is hers to choose.",
            "because": "It is her work.",
            "stances": "ash-2020",
            "reply": "Not against the money.",
            "reply_to": "ask",
            "limit": "One voice.",
            "sources": "paper",
        },
    ],
    "productions": [
        {
            "id": "b",
            "title": "B",
            "type": "film",
            "year": "2020",
            "shoot_from": "2019-11",
            "shoot_to": "2020-03",
            "release": "2020",
            "place": "Dublin",
            "director": "bo;zoe",
            "coordinator": "cy;zoe",
            "coordinator_status": "used",
            "budget": "6 million",
            "note": "The sheets were not seen.",
            "sources": "paper;law",
        },
        {
            "id": "a",
            "title": "A_1",
            "type": "series",
            "year": "2019",
            "shoot_from": "2018",
            "shoot_to": "2018",
            "coordinator_status": "not used",
            "sources": "law",
        },
    ],
    "practices": [
        {
            "id": "b-closed-set",
            "production": "b",
            "dimension": "closed-set",
            "value": "Closed*",
            "detail": "For two days.",
            "confidence": "reported",
            "sources": "paper",
        },
        {"id": "b-monitor", "production": "b", "dimension": "monitor", "value": "not documented"},
        {
            "id": "b-rehearsal",
            "production": "b",
            "dimension": "rehearsal",
            "value": "A week",
            "confidence": "confirmed",
            "sources": "law",
        },
        {
            "id": "a-closed-set",
            "production": "a",
            "dimension": "closed-set",
            "value": "Open",
            "detail": "So said all.",
            "confidence": "disputed",
            "sources": "old",
        },
    ],
    "rules": [
        {
            "id": "rider",
            "name": "The Rider",
            "body": "The Guild",
            "place": "Ireland",
            "from": "2018-10",
            "to": "2021",
            "strength": "requires",
            "coordinators": "silent",
            "binds": "Its members",
            "scope": "both",
            "asks": "A word in writing.",
            "limit": "Read in part.",
            "events": "rule-of-2018",
            "as_of": "2026-11-22",
            "sources": "law",
        },
        {
            "id": "advice",
            "name": "Advice",
            "body": "A body",
            "place": "Wales",
            "strength": "recommends",
            "coordinators": "mentions",
            "binds": "Nobody",
            "scope": "stage",
            "asks": "Care.",
            "limit": "Undated.",
            "sources": "paper",
        },
    ],
    "measures": [
        {
            "id": "count-2020",
            "series": "count",
            "title": "Films with one",
            "date": "2020-05",
            "value": "46",
            "unit": "per cent of films",
            "population": "843 films.",
            "method": "A count.",
            "caveat": "Few films.",
            "publisher": "Zed",
            "sources": "paper",
        },
        {
            "id": "count-ever",
            "series": "count",
            "title": "Scenes",
            "value": "3",
            "unit": "a film",
            "population": "All.",
            "method": "A guess.",
            "caveat": "A guess.",
            "publisher": "Acme_1",
            "sources": "law;old",
        },
    ],
    "glossary": [
        {
            "id": "rider",
            "term": "Rider",
            "definition": "A part of a contract_.",
            "aliases": "nudity rider;NR",
            "related": "barrier",
            "sources": "law",
        },
        {
            "id": "barrier",
            "term": "barrier",
            "definition": "A cover.",
            "related": "rider;modesty",
            "sources": "paper;old",
        },
        {"id": "modesty", "term": "modesty garment", "definition": "Worn below."},
    ],
    "gaps": [
        {
            "id": "who-wrote",
            "question": "Who wrote it?",
            "looked_for": "A byline.",
            "why": "A reader asks.",
            "kind": "undated",
            "chapters": "anora;history",
            "as_of": "2026-11-22",
        }
    ],
    "corrections": [
        {
            "id": "days",
            "date": "2027-01-15",
            "page": "anora",
            "events": "shoot;talk",
            "was": "40 < days.",
            "now": "37 days.",
            "reason": "It was rounded.",
        },
        {
            "id": "name",
            "date": "2027-01-16",
            "page": "a-page-that-was",
            "events": "",
            "was": "Zoe.",
            "now": "Zoë.",
            "reason": "Her name.",
        },
    ],
}

SOURCES = """\
@report{law,
  title        = {Wet},
  institution  = {A Parliament},
  annote       = {The law says so.},
  url          = {https://law.example/},
  urldate      = {2026-11},
  langid       = {nl},
  keywords     = {primary}
}

@article{old,
  title        = {An old page},
  journal      = {Acta},
  date         = {2011},
  year         = {2011},
  annote       = {Of old days.},
  url          = {http://old.example/},
  urldate      = {2026-11-22},
  keywords     = {secondary}
}

@online{paper,
  author       = {Ann Lee and Bob van der Berg},
  title        = {The {Paper} \\& the set},
  organization = {The Paper},
  date         = {2020-01-02},
  year         = {2020},
  url          = {https://paper.example/a?b=1&c=2},
  urldate      = {2026-11-22},
  archiveurl   = {https://web.archive.org/web/20261123010203/https://paper.example/a?b=1&c=2},
  archivedate  = {2026-11-23},
  note         = {Read in part.},
  keywords     = {secondary, copy}
}

@book{unread,
  author       = {Ann Lee},
  title        = {Unread},
  publisher    = {The Acta Press},
  url          = {http://unread.example/},
  urldate      = {2026-11-22},
  keywords     = {secondary}
}
"""

TOC = {
    "format": "jb-book",
    "root": "chapters/index",
    "parts": [
        {"caption": "The chapters", "chapters": [{"file": "chapters/anora"}, {"file": "chapters/history"}]},
        {"caption": "The article", "chapters": [{"file": "chapters/article"}]},
        {"caption": "Teaching", "chapters": [{"file": "chapters/teaching/live"}, {"file": "chapters/teaching/tasks"}]},
        {
            "caption": "Reference",
            "chapters": [
                {"file": f"chapters/{name}"}
                for name in (
                    *("question", "people", "glossary", "films", "figures", "gaps", "reading", "sources"),
                    *("corrections", "data", "downloads"),
                )
            ],
        },
    ],
}

DRAWN = "# {title}\n\n{opening}\n\n```{{drawn}} {name}\n```\n"
OPENING = "The one page of this very small book that is about {name}, drawn from the tables whole."

OUTPUT = (
    '<figure class="chart"><svg viewBox="0 0 9 9" role="img" aria-label="A picture" data-width="wide">'
    '<path fill="var(--kind-law, #777)" d="M0 0h9"></path></svg><svg viewBox="0 0 4 4" data-width="narrow"></svg>'
    '<figcaption>What it shows. <span class="chart-source">Its source.</span></figcaption></figure>'
    "<details><summary>The 1 rows</summary><table><tbody><tr><td>1</td></tr></tbody></table></details>"
    '<section class="timeline"><ol><li id="event-talk">A talk</li><li id="event-shoot">The shoot</li>'
    '<li id="event-rule-of-2018">The rule</li></ol></section>'
)
HISTORY = (
    "# History\n\n:::{note}\nThis is no opening of a page, because it stands in a box beside its text.\n:::\n\n"
    "It opened {event}`opening`, after {event}`rule-of-2018` and {event}`the shoot <shoot>` {cite:p}`law,paper`, so "
    'says everyone.\n\n| a | b |\n| - | - |\n| 1 | 2 |\n\n<div class="stand"></div>\n\n'
    '<section class="timeline"><ol><li id="event-opening">Opens</li><li id="event-rule-of-2018">Rule</li></ol>'
    '<ol id="path-elsewhere"></ol></section>\n'
)

PAGES = {
    "index": (
        "# *Who* Is in the Room?\n\nA very small book, which has all that a large one has, and is read through at "
        "once. It can be trusted.\n\nSee [the chapter](anora.ipynb) and {term}`nudity rider`.\n"
    ),
    "article": (
        "# The article\n\nParagraph for paragraph, what the article says and what was found of it, is said here. "
        "Short.\n\n{claim}`P01-1`, {measure}`count-2020`, {measure}`46 <count-2020>`, {person}`zoe`, "
        "{path}`elsewhere`, {corrected}`days`, {term}`barrier`.\n\n## Why\n\nBecause {cite:p}`old`.\n\n"
        '<div id="paragraph-P01"></div><ol><li id="claim-P01-1">One</li><li id="claim-P01-2">Two</li>'
        '<li id="claim-P01-3">Three</li><li id="claim-P03-1">Three</li></ol>\n'
    ),
    "question": (
        "# The question\n\nThe one page of this very small book that asks the question and answers nothing.\n\n"
        '<ol><li id="argument-ask">One</li><li id="argument-choose">Two</li></ol>\n'
    ),
    "teaching/live": (
        "# Running it\n\nWhat each way of running this very small book asks of those who teach with it.\n\n"
        "```{hub-link}\n```\n"
    ),
    "teaching/tasks": "# Tasks\n\nThe one page of this very small book that asks its readers to do something.\n",
    "downloads": (
        "# Downloads\n\nThe one page of this very small book that says how to take it with you.\n\n```{forms}\n```\n"
    ),
    "sources": (
        "# Sources\n\nThe one page of this very small book that lists what it was made from, in order.\n\n"
        "```{bibliography}\n:all:\n```\n"
    ),
} | {
    name: DRAWN.format(title=name.capitalize(), name=name, opening=OPENING.format(name=name))
    for name in ("people", "glossary", "films", "figures", "gaps", "reading", "corrections", "data")
}
PAGES["films"] += "\n## The rules\n\n```{drawn} rules\n```\n"

CITATION = """\
cff-version: 1.2.0
title: "Who Is in the Room? A very small book & more, and yet with two lines on its cover"
authors:
  - name: the contributors
version: "0.3.0"
date-released: 2026-11-22
license: CC-BY-4.0
keywords: [consent, film]
"""
CHANGELOG = """\
# Changes

## Unreleased

- Not yet.

## 0.3.0, 22 November 2026

- All of it.
- And more.

## 0.2.0, 1 January 2026

The beginning.
"""


def write_data(folder: Path, rows: dict[str, list[dict[str, str]]] = ROWS, sources: str = SOURCES) -> Path:
    """The tables in the folder, with the real schema in fewer words; a cell that is not named is empty."""
    folder.mkdir(parents=True, exist_ok=True)
    package = json.loads((ROOT / "data" / "datapackage.json").read_text("utf-8"))
    for resource in package["resources"]:
        resource |= {"title": resource["name"].capitalize(), "description": "All of them."}
        if "schema" in resource:
            for field in resource["schema"]["fields"]:
                field["description"] = "A column."
                field.pop("example", None)
            columns = [field["name"] for field in resource["schema"]["fields"]]
            with (folder / resource["path"]).open("w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
                writer.writeheader()
                order = resource["schema"].get("order", "")
                writer.writerows(sorted(rows[resource["name"]], key=lambda row: row.get(order, "")))
    package |= {"title": "Who Is in the Room? A little evidence", "description": "Rows."}
    (folder / "datapackage.json").write_text(json.dumps(package), "utf-8")
    (folder / "sources.bib").write_text(sources, "utf-8")
    return folder


def tables(folder: Path) -> Tables:
    return load(write_data(folder / "data"))


def notebook(cells: list[nbformat.NotebookNode]) -> nbformat.NotebookNode:
    """Cells in the form in which the chapters are stored."""
    for number, cell in enumerate(cells, 1):
        cell.id = f"cell-{number:02}"
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    made: nbformat.NotebookNode = nbformat.v4.new_notebook(
        cells=cells, metadata={"kernelspec": kernel, "language_info": {"name": "python"}}
    )
    return made


def chapter() -> nbformat.NotebookNode:
    """The one chapter with code: prose, a cell with a table for its output, and one that is hidden."""
    new = nbformat.v4
    shown = new.new_output("execute_result", {"text/plain": "2", "text/html": OUTPUT}, execution_count=1)
    hidden = new.new_code_cell("2 + 2", execution_count=2, metadata={"tags": ["hide-cell"]})
    hidden.outputs = [new.new_output("stream", name="stdout", text="four\n")]
    cells = [
        new.new_markdown_cell(
            "# *A* and the rest\n\n"
            "A chapter with code, a < sign & é: who asked whom, when, and what came of it {cite:p}`paper`."
        ),
        new.new_code_cell("1 + 1", execution_count=1, outputs=[shown]),
        new.new_markdown_cell(
            "## First part\n\nSee {event}`talk`, {event}`rule-of-2018` and {person}`bo`.\n\n"
            "## Second part\n\nThat is all."
        ),
        hidden,
    ]
    return notebook(cells)


def write(folder: Path) -> Path:
    """The whole project in the folder."""
    write_data(folder / "data")
    for name, text in PAGES.items():
        path = folder / "chapters" / f"{name}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    nbformat.write(notebook([nbformat.v4.new_markdown_cell(HISTORY)]), folder / "chapters" / "history.ipynb")
    nbformat.write(chapter(), folder / "chapters" / "anora.ipynb")
    package = folder / "chapters" / "companion"
    package.mkdir()
    (package / "__init__.py").write_text("from . import one\nfrom .two import three\nimport json\n", "utf-8")
    (package / "one.py").write_text("from .two import three\n", "utf-8")
    (package / "two.py").write_text("three = 3\n", "utf-8")
    (package / "two.css").write_text("b { color: red }\n", "utf-8")
    (package / "unused.py").write_text("", "utf-8")
    for name, text in {
        "_toc.yml": yaml.safe_dump(TOC, sort_keys=False),
        "CITATION.cff": CITATION,
        "CHANGELOG.md": CHANGELOG,
        "LICENSE": "MIT\n",
        "LICENSE-CONTENT": "CC BY 4.0\n",
        ".binder/lab.txt": "jupyterlab==4\n",
    }.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    return folder


class Built(Sphinx):
    """A build of the book that keeps what each page was made of: its template and context, before the book fills it."""

    def __init__(self, folder: Path, **options: Any) -> None:
        config = yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))
        del config["sphinx"]["local_extensions"]  # the package is imported as the tests import it
        config["sphinx"]["config"] |= options
        final, _ = get_final_config(user_yaml=config, cli_config={"latex_individualpages": False}, sourcedir=folder)
        out = folder / "_build" / "html"
        self.contexts: dict[str, tuple[str, dict[str, Any]]] = {}
        super().__init__(
            *(folder, None, out, folder / "_build" / ".doctrees", "html"),
            confoverrides=final | {"external_toc_path": "_toc.yml"},
            status=None,
            warning=None,
            freshenv=True,
            warningiserror=True,
        )
        self.connect("html-page-context", self._keep, priority=1)

    def _keep(self, app: Sphinx, name: str, template: str, context: dict[str, Any], doctree: Any) -> None:
        options = {"maxdepth": 1, "collapse": True, "includehidden": True, "titles_only": True}
        contents = {tuple(options.items()): context["toctree"](**options)}  # what makes it is gone after the build
        self.contexts[name] = (template, context | {"toctree": lambda **asked: contents[tuple(asked.items())]})


def built(folder: Path, *, environment: dict[str, str] | None = None, **options: Any) -> Built:
    """The book as Sphinx has built it in this process; what it warns of is raised."""
    known = ("BOOK_URL", "BOOK_REPOSITORY", "BOOK_REVISION")
    before = {name: os.environ.pop(name, None) for name in known}
    os.environ |= environment or {}
    try:
        with patch_docutils(str(folder)), docutils_namespace():
            app = Built(folder, **options)
            app.build()
            return app
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
