"""What a page must not hold: what runs code or reads files when the book is built, and what runs where it is read.

Scripts in a page are stopped in a reader's browser too, by the policy that every page carries (see `pages`). But a
page's own settings could have the build execute it, and a path in it could publish any file of the machine.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, NoReturn

import nbformat
from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.errors import ExtensionError
from sphinx.transforms import SphinxTransform
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from .faults import Fault
from .refresh import WIDGET_VIEW

log = logging.getLogger(__name__)

METADATA = {"kernelspec", "language_info"}
"""What a notebook may say of itself. MyST-NB takes all else for settings, and one of them executes the notebook."""
OUTPUTS = {"text/plain", "text/html", "image/png", "image/jpeg", WIDGET_VIEW}
"""The types of output that a notebook may store; the widget's view is never shown."""
DIRECTIVES = ("raw", "include", "csv-table", "meta", "role")
"""Directives that put files, or HTML past what is checked here, into a page."""
ELEMENT = re.compile(
    r"a|abbr|aside|b|blockquote|br|caption|cite|code|col|colgroup|dd|del|details|dfn|div|dl|dt|em|figcaption|figure|h[2-6]"
    r"|hr|i|img|ins|kbd|li|mark|ol|p|pre|q|s|section|small|span|strong|sub|summary|sup|table|tbody|td|tfoot|th|thead|time"
    r"|tr|u|ul|var|circle|clippath|defs|desc|ellipse|g|line|path|polygon|polyline|rect|svg|text|title|tspan"
)
"""The elements of HTML and SVG that a page may hold as they are written, besides inert JSON in a script."""
_ATTRIBUTE = re.compile(r"on.*|style|srcset|srcdoc|ping|background|http-equiv")
_ACTIVE = re.compile(r"\.(x?html?|xml|svgz?|m?js)$", re.I)
_PICTURE = re.compile(r"data:image/(png|jpeg|gif|webp)[;,]")
_SCHEMES = ("http", "https", "mailto")


# Sources, before any is read


def check_sources(app: Sphinx, env: BuildEnvironment, docnames: list[str]) -> None:
    """Look at pages before MyST-NB may execute them. Raises ExtensionError with every fault."""
    faults = [fault for name in sorted(docnames) for fault in source_faults(Path(env.doc2path(name)), Path(app.srcdir))]
    if faults:
        raise ExtensionError("\n".join(map(str, faults)))


def source_faults(path: Path, book: Path) -> Iterator[Fault]:
    """What is wrong with the source of a page of the book in the folder `book`, before its text is read."""
    label = path.relative_to(book).as_posix()
    if path.is_symlink():
        yield Fault(label, rule="must be a file, not a link")
        return
    text = path.read_text("utf-8-sig", errors="replace")
    if path.suffix != ".ipynb":
        if re.match(r"\s*---", text):
            yield Fault(label, 1, rule="must not begin with ---: a page has no settings of its own")
        return
    try:
        notebook = nbformat.reads(text, as_version=4)
        nbformat.validate(notebook)
    except Exception as error:  # a file that is no notebook leads nbformat to errors of any kind
        yield Fault(label, rule=f"must be a notebook: {str(error).partition(chr(10))[0]}")
        return
    for name in sorted(set(notebook.metadata) - METADATA):
        yield Fault(label, value=name, rule="must not stand in the metadata of a notebook; `make refresh` takes it out")
    for number, cell in enumerate(notebook.cells, 1):
        for value, rule in _cell_faults(cell):
            yield Fault(f"{label}, cell {number}", value=value, rule=rule)


def _cell_faults(cell: nbformat.NotebookNode) -> Iterator[tuple[str, str]]:
    if cell.cell_type == "raw":
        yield "raw", "must not be the type of a cell: nobody checks what it holds"
    for name in {"mystnb", "render"} & set(cell.metadata):
        yield name, "must not stand in the metadata of a cell; `make refresh` takes it out"
    for name in cell.get("attachments", ()):
        yield name, "must not be attached to a cell: a picture is a file of the book"
    for output in cell.get("outputs", ()):
        for name in sorted(set(output.get("data", ())) - OUTPUTS):
            yield name, f"must not be the type of an output; it may be {', '.join(sorted(OUTPUTS - {WIDGET_VIEW}))}"


# Pages, as they were read


class Refused(SphinxDirective):
    """Any of `DIRECTIVES`."""

    has_content = True
    optional_arguments = 1
    final_argument_whitespace = True

    def run(self) -> NoReturn:
        """Refuse."""
        path = str(self.env.doc2path(self.env.docname))
        raise self.error(f"{_cell(path, self.lineno)}the directive {{{self.name}}} must not be used in this book")


class Guard(SphinxTransform):
    """Takes out of a page what it must not hold; each fault is a warning, and so fatal."""

    default_priority = 5  # before Sphinx forgets the lines of pictures (10), and finds and copies files

    def apply(self, **kwargs: Any) -> None:
        """Look at every node."""
        path = str(self.env.doc2path(self.env.docname))
        for node in list(self.document.findall(nodes.Element)):
            faults = list(_node_faults(node, self.env))
            line = _line(node)
            for rule in faults:
                log.warning(
                    "%s%s",
                    _cell(path, line),
                    rule,
                    location=(self.env.docname, line),
                    type="companion",
                    subtype="guard",
                )
            if faults:
                node.parent.replace(node, node.children if isinstance(node, nodes.reference) else [])


def _line(node: nodes.Node) -> int | None:
    while node is not None and node.line is None:
        node = node.parent
    return node.line if node is not None else None


def _cell(path: str, line: int | None) -> str:
    """The cell of a line: MyST-NB counts ten thousand lines to a cell."""
    return f"cell {line // 10_000}: " if path.endswith(".ipynb") and line else ""


def _node_faults(node: nodes.Element, env: BuildEnvironment) -> Iterator[str]:
    """What is wrong with one node of the page that is being read."""
    if isinstance(node, nodes.raw) and "html" in node.get("format", ""):
        yield from html_faults(node.astext())
    elif isinstance(node, addnodes.download_reference):
        yield from _file_faults(node["reftarget"], env)
    elif isinstance(node, nodes.reference | nodes.target):
        yield from _address_faults(node.get("refuri", ""), shown=False)
    elif isinstance(node, nodes.image):
        yield from _address_faults(node["uri"], shown=True)
        if not _scheme(node["uri"]):
            yield from _file_faults(node["uri"], env)
    elif isinstance(node, nodes.literal_block) and node.get("source"):
        yield from _file_faults(f"/{os.path.relpath(node['source'], env.srcdir)}", env)
    elif isinstance(node, addnodes.toctree):
        for _, address in node["entries"]:
            yield from _address_faults(address, shown=False)


def _file_faults(name: str, env: BuildEnvironment) -> Iterator[str]:
    """What is wrong with a file, named as Sphinx does, that a page shows or hands out."""
    book = Path(env.srcdir).resolve()
    path = Path(env.relfn2path(name)[1]).resolve()
    if not path.is_relative_to(book) or any(part.startswith(".") for part in path.relative_to(book).parts):
        yield f"the file {name!r} must not be shown: it is none of the book’s"
    elif _ACTIVE.search(path.name):
        yield f"the file {name!r} must not be shown: a browser may run what is in it"


def html_faults(html: str) -> Iterator[str]:
    """What a piece of HTML holds and a page may not."""
    parser = _Elements()
    parser.feed(html)
    parser.close()
    for element, attributes in parser.found:
        inert = element == "script" and attributes.get("type") == "application/json"
        if not ELEMENT.fullmatch(element) and not inert:
            yield f"the element <{element}> must not stand in a page"
        for name, value in attributes.items():
            if _ATTRIBUTE.fullmatch(name):
                yield f"the attribute {name} of <{element}> must not stand in a page"
            elif name in ("href", "xlink:href", "src"):
                yield from _address_faults(value or "", shown=element != "a")


class _Elements(HTMLParser):
    """The elements of a piece of HTML with their attributes, names in lower case."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def _address_faults(address: str, *, shown: bool) -> Iterator[str]:
    """What is wrong with an address that is linked, or `shown` as soon as the page is."""
    scheme = _scheme(address)
    if shown and (address.startswith(("//", "\\")) or (scheme and not _PICTURE.match(address))):
        yield f"the address {address[:80]!r} must not be loaded: a page asks nobody else for anything"
    elif not shown and scheme and scheme not in _SCHEMES:
        yield f"the address {address[:80]!r} must be of the web"


def _scheme(address: str) -> str:
    """The scheme of an address as a browser reads it, without the control characters that it passes over."""
    found = re.match(r"([a-z][a-z0-9+.-]*):", re.sub(r"[\x00-\x20]", "", address), re.I)
    return found[1].lower() if found else ""


def setup(app: Sphinx) -> None:
    """Connect the two looks, at sources and at pages."""
    for name in DIRECTIVES:
        app.add_directive(name, Refused, override=True)
    app.connect("env-before-read-docs", check_sources)
    app.add_transform(Guard)
