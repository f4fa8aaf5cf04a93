"""The Sphinx side of the book: data checked before anything is built, roles and pages drawn from the tables, notes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Iterable, Iterator
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

from . import citations, dates, guard, pages, places, reference, schema, shared
from .data import Row, Tables
from .faults import DataError
from .forms import downloads

log = logging.getLogger(__name__)


class EntryRole(ReferenceRole):
    """A link to an entry of a table, {role}`id` or {role}`words <id>`; an unknown id is a warning, and so fatal.

    kind: of the entry, as `places` has it.
    about: gives the words of the link, and its hint.
    """

    def __init__(self, kind: str, about: Callable[[Row], tuple[str, str]]) -> None:
        super().__init__()
        self.kind, self.table, self.about = kind, places.TABLES[kind], about

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
        page, (words, hint) = places.page(self.kind, entry, here), self.about(entry)
        path = "" if page == here else self.env.app.builder.get_relative_uri(self.env.docname, f"chapters/{page}")
        uri = f"{path}#{places.anchor(self.kind, entry)}"
        title = self.title if self.has_explicit_title else words
        return [nodes.reference("", title, internal=True, refuri=uri, reftitle=hint, classes=[self.name])], []


def _event(entry: Row) -> tuple[str, str]:
    """{event}`hbo-coordinator-policy`: the event on the timeline of this page, or of the first chapter that has it."""
    return entry["title"], dates.in_words(entry["date"], entry["end_date"])


def _claim(entry: Row) -> tuple[str, str]:
    """{claim}`P03-1`: a claim of the article, with its verdict."""
    return f"claim {entry['id']}, {entry['verdict']}", entry["claim"]


def _measure(entry: Row) -> tuple[str, str]:
    """{measure}`46 per cent <follows-no-sex-2023>`: a published figure, with its caveat in reach."""
    return f"{entry['value']} {entry['unit']}", entry["caveat"]


def _person(entry: Row) -> tuple[str, str]:
    """{person}`halina-reijn`: a person or body."""
    return entry["name"], entry["role"]


def _path(entry: Row) -> tuple[str, str]:
    """{path}`two-sets-one-coordinator`: a guided path, started on the timeline of its chapter."""
    return entry["title"], entry["about"]


def _corrected(entry: Row) -> tuple[str, str]:
    """{corrected}`id`: the mark at a sentence that was corrected, leading to the log."""
    return f"corrected {dates.in_words(entry['date'])}", f"It said: {entry['was']}"


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
            names = {name for name, used in uses(app.env).items() if terms & used and name != docname}
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
            names = cited.get(key, set())
            if names or key in drawn:
                citation += _used_in(app, docname, names, drawn.get(key, []))


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

    def rows(name: str) -> list[dict[Hashable, Any]]:
        return tables[name].to_dict("records")

    for event in rows("events"):
        yield event, places.address("event", event), event["title"]
    for claim in rows("claims"):
        yield claim, places.address("claim", claim), f"claim {claim['id']}"
    for annotation in rows("annotations"):
        paragraph = annotation["paragraph"]
        yield annotation, f"article.html#paragraph-{paragraph}", f"note on paragraph {paragraph}"
    for stance in rows("stances"):
        person = tables.people.loc[stance["person"]]
        yield stance, places.address("person", person), f"stance of {person['name']}"
    for measure in rows("measures"):
        yield measure, places.address("measure", measure), f"figure: {measure['title']}"
    for row in rows("productions") + rows("practices"):
        film = tables.productions.loc[row.get("production", row["id"])]
        yield row, places.address("production", film), f"film: {film['title']}"
    for argument in rows("arguments"):
        yield argument, places.address("argument", argument), f"argument: {argument['reason']}"
    for quotation in rows("quotations"):
        claim = tables.claims.loc[quotation["claim"]]
        yield quotation, places.address("claim", claim), f"quotation, claim {claim['id']}"
    for rule in rows("rules"):
        yield rule, places.address("rule", rule), f"rule: {rule['name']}"


def setup(app: Sphinx) -> dict[str, Any]:
    """Sphinx's entry: everything of the book's own."""
    citations.register()
    for name, kind, about in (
        ("event", "event", _event),
        ("claim", "claim", _claim),
        ("measure", "measure", _measure),
        ("person", "person", _person),
        ("path", "path", _path),
        ("corrected", "correction", _corrected),
    ):
        app.add_role(name, EntryRole(kind, about))
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
