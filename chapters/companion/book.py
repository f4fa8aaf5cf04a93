"""The Sphinx side of the book: data checked before anything is built, roles and pages drawn from the tables, notes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment
from sphinx.errors import ExtensionError
from sphinx.util import logging
from sphinx.util.docutils import ReferenceRole, SphinxDirective
from sphinxcontrib.bibtex.domain import BibtexDomain

from . import citations, dates, guard, pages, reference, schema, shared
from .data import Row, Tables
from .faults import DataError
from .forms import downloads

log = logging.getLogger(__name__)


class EntryRole(ReferenceRole):
    """A link to an entry of a table, {role}`id` or {role}`words <id>`; an unknown id is a warning, and so fatal.

    table: where the entry stands.
    about: gives, for the entry and the name of this page, the page and the anchor of the entry, the words of its link,
        and its hint.
    """

    def __init__(self, table: str, about: Callable[[Row, str], tuple[str, str, str, str]]) -> None:
        super().__init__()
        self.table, self.about = table, about

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """The link, or the words alone where there is no such entry."""
        entries = shared.tables(self.env.app)[self.table]
        if self.target not in entries.index:
            log.warning(
                "there is no %r in data/%s.csv",
                self.target,
                self.table,
                location=self.get_location(),
                type="companion",
                subtype=self.table,
            )
            return [nodes.literal(text=self.title)], []
        entry = entries.loc[self.target]
        here = self.env.docname.removeprefix("chapters/")
        page, anchor, words, hint = self.about(entry, here)
        path = "" if page == here else self.env.app.builder.get_relative_uri(self.env.docname, f"chapters/{page}")
        uri = f"{path}#{anchor}"
        title = self.title if self.has_explicit_title else words
        return [nodes.reference("", title, internal=True, refuri=uri, reftitle=hint, classes=[self.name])], []


def _event(entry: Row, here: str) -> tuple[str, str, str, str]:
    """{event}`hbo-coordinator-policy`: the event on the timeline of this page, or of the first chapter that has it."""
    page = here if here in entry["chapters"] else entry["chapters"][0]
    return page, f"event-{entry['id']}", entry["title"], dates.in_words(entry["date"], entry["end_date"])


def _claim(entry: Row, here: str) -> tuple[str, str, str, str]:
    """{claim}`P03-1`: a claim of the article, with its verdict."""
    return "article", f"claim-{entry['id']}", f"claim {entry['id']}, {entry['verdict']}", entry["claim"]


def _measure(entry: Row, here: str) -> tuple[str, str, str, str]:
    """{measure}`46 per cent <follows-no-sex-2023>`: a published figure, with its caveat in reach."""
    return "figures", f"measure-{entry['id']}", f"{entry['value']} {entry['unit']}", entry["caveat"]


def _person(entry: Row, here: str) -> tuple[str, str, str, str]:
    """{person}`halina-reijn`: a person or body."""
    return "people", f"person-{entry['id']}", entry["name"], entry["role"]


def _path(entry: Row, here: str) -> tuple[str, str, str, str]:
    """{path}`two-sets-one-coordinator`: a guided path, started on the timeline of its chapter."""
    return entry["chapter"], f"path-{entry['id']}", entry["title"], entry["about"]


def _corrected(entry: Row, here: str) -> tuple[str, str, str, str]:
    """{corrected}`id`: the mark at a sentence that was corrected, leading to the log."""
    when = dates.in_words(entry["date"])
    return "corrections", f"correction-{entry['id']}", f"corrected {when}", f"It said: {entry['was']}"


class DrawnDirective(SphinxDirective):
    """```{drawn} people```: a reference page, drawn from the tables."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """The page as nodes, with its sections."""
        name, tables = self.arguments[0], shared.tables(self.env.app)
        if name == "data":
            text = reference.data(tables, schema.read_package(Path(self.env.srcdir) / "data"))
        elif name in reference.PAGES:
            text = reference.PAGES[name](tables)
        else:
            raise self.error(f"there is no page {name!r}; there are data, {', '.join(reference.PAGES)}")
        return self.parse_text_to_nodes(text, allow_section_headings=True)


def watch_data(app: Sphinx, config: Config) -> None:
    """A changed table or citation makes every page anew: roles, drawn pages, notes and heads depend on them."""
    files = sorted(path for path in (Path(app.srcdir) / "data").iterdir() if path.is_file())
    files.append(Path(app.srcdir) / "CITATION.cff")
    config.companion_data = hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()


def read_data(app: Sphinx, config: Config) -> None:
    """Read the tables before anything else does, Sphinx's citations too. Raises ExtensionError, with every fault."""
    try:
        shared.tables(app)
    except DataError as error:
        raise ExtensionError(str(error)) from None


# Back from an entry to the pages that use it


def note_terms(app: Sphinx, doctree: nodes.document) -> None:
    """Keep which terms of the glossary a page uses."""
    used = {node["reftarget"].lower() for node in doctree.findall(addnodes.pending_xref) if node["reftype"] == "term"}
    uses(app.env)[app.env.docname] = used


def forget_terms(app: Sphinx, env: BuildEnvironment, docname: str) -> None:
    """Forget the terms of a page that is read again or gone."""
    uses(env).pop(docname, None)


def merge_terms(app: Sphinx, env: BuildEnvironment, docnames: list[str], other: BuildEnvironment) -> None:
    """Take over the terms of pages that another process has read."""
    uses(env).update({name: terms for name, terms in uses(other).items() if name in docnames})


def uses(env: BuildEnvironment) -> dict[str, set[str]]:
    """The terms of the glossary that each page uses, in lower case; stored with the environment."""
    terms: dict[str, set[str]] = vars(env).setdefault("companion_terms", {})
    return terms


def rewrite_backlinks(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """The pages that name others, and so are written at every build."""
    return [name for name in ("chapters/glossary", "chapters/sources") if name in env.found_docs]


def add_backlinks(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Say at every term, and at every source, which pages and rows use it."""
    if docname == "chapters/glossary":
        for item in doctree.findall(nodes.definition_list_item):
            terms = {term.astext().lower() for term in item.findall(nodes.term)}
            names = [name for name, used in uses(app.env).items() if terms & used and name != docname]
            definition = next(iter(item.findall(nodes.definition)), None)
            if names and definition is not None:
                definition += _used_in(app, docname, names, [])
    elif docname == "chapters/sources":
        cited: dict[str, set[str]] = {}
        domain = app.env.get_domain("cite")
        assert isinstance(domain, BibtexDomain)
        for ref in domain.citation_refs:
            for target in ref.targets:
                cited.setdefault(target.key, set()).add(ref.docname)
        drawn = _rows_by_source(shared.tables(app))
        for citation in doctree.findall(nodes.citation):
            key = citation["ids"][0].removeprefix("source-")
            places = cited.get(key, set())
            if places or key in drawn:
                citation += _used_in(app, docname, places, drawn.get(key, []))


def _used_in(app: Sphinx, docname: str, names: Iterable[str], rows: list[tuple[str, str]]) -> nodes.paragraph:
    links = [(app.builder.get_relative_uri(docname, name), app.env.titles[name].astext()) for name in sorted(names)]
    paragraph = nodes.paragraph(classes=["used-in"])
    paragraph += nodes.Text("Used in: ")
    for number, (uri, words) in enumerate([*links, *rows]):
        if number:
            paragraph += nodes.Text("; ")
        paragraph += nodes.reference("", words, internal=True, refuri=uri)
    return paragraph


def _rows_by_source(tables: Tables) -> dict[str, list[tuple[str, str]]]:
    """For every source the rows that rest on it, as (address, words)."""
    rows: dict[str, list[tuple[str, str]]] = {}
    for row, address, words in _rows_with_sources(tables):
        for key in row["sources"]:
            rows.setdefault(key, []).append((address, words))
    return {key: list(dict.fromkeys(found)) for key, found in rows.items()}


def _rows_with_sources(tables: Tables) -> Iterator[tuple[Row, str, str]]:
    """(row, address, words) of every row that names sources and stands on a page."""
    for event in tables.events.to_dict("records"):
        yield event, f"{event['chapters'][0]}.html#event-{event['id']}", event["title"]
    for claim in tables.claims.to_dict("records"):
        yield claim, f"article.html#claim-{claim['id']}", f"claim {claim['id']}"
    for annotation in tables.annotations.to_dict("records"):
        paragraph = annotation["paragraph"]
        yield annotation, f"article.html#paragraph-{paragraph}", f"note on paragraph {paragraph}"
    for stance in tables.stances.to_dict("records"):
        name = tables.people.loc[stance["person"], "name"]
        yield stance, f"people.html#person-{stance['person']}", f"stance of {name}"
    for measure in tables.measures.to_dict("records"):
        yield measure, f"figures.html#measure-{measure['id']}", f"figure: {measure['title']}"
    for row in [*tables.productions.to_dict("records"), *tables.practices.to_dict("records")]:
        film = tables.productions.loc[row.get("production", row["id"])]
        yield row, f"films.html#production-{film['id']}", f"film: {film['title']}"
    for argument in tables.arguments.to_dict("records"):
        yield argument, f"question.html#argument-{argument['id']}", f"argument: {argument['reason']}"
    for quotation in tables.quotations.to_dict("records"):
        yield quotation, f"article.html#claim-{quotation['claim']}", f"quotation, claim {quotation['claim']}"
    for rule in tables.rules.to_dict("records"):
        yield rule, f"films.html#rule-{rule['id']}", f"rule: {rule['name']}"


def setup(app: Sphinx) -> dict[str, Any]:
    """Sphinx's entry: everything of the book's own."""
    citations.register()
    for name, table, about in (
        ("event", "events", _event),
        ("claim", "claims", _claim),
        ("measure", "measures", _measure),
        ("person", "people", _person),
        ("path", "paths", _path),
        ("corrected", "corrections", _corrected),
    ):
        app.add_role(name, EntryRole(table, about))
    app.add_directive("drawn", DrawnDirective)
    app.add_config_value("companion_data", "", "env", str)
    app.connect("config-inited", read_data)
    app.connect("config-inited", watch_data)
    app.connect("doctree-read", note_terms)
    app.connect("env-purge-doc", forget_terms)
    app.connect("env-merge-info", merge_terms)
    app.connect("env-updated", rewrite_backlinks)
    app.connect("doctree-resolved", add_backlinks)
    guard.setup(app)
    pages.setup(app)
    downloads.setup(app)
    return {"version": "0.1.0", "env_version": 1, "parallel_read_safe": True, "parallel_write_safe": True}
