"""The directive `{forms}`: the forms that stand beside the built book, listed on a page and copied into the book."""

from __future__ import annotations

import shutil
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from . import NAME

FORMS = {
    f"{NAME}.epub": (
        "EPUB",
        "For e-readers and telephones: the text in the size and face that you like, timelines as lists, charts as "
        "pictures. Also the form to take with a screen reader.",
    ),
    f"{NAME}.pdf": (
        "PDF, A4",
        "For paper, and for quoting by page: page numbers, bookmarks, the addresses of the sources spelled out.",
    ),
    f"{NAME}-html.zip": (
        "The website, as a zip",
        "For a disk without a network: everything works as it does here. Unpack it and open index.html.",
    ),
}
"""By file: what the form is called, and what it is good for."""


def made(app: Sphinx) -> Path:
    """The folder into which `make forms` writes."""
    return Path(app.srcdir) / "_build" / "forms"


class FormsDirective(SphinxDirective):
    """```{forms}```: the forms with format and size; without them, how they are made."""

    def run(self) -> list[nodes.Node]:
        """A list of links to the files, or a paragraph."""
        folder = made(self.env.app)
        # A folder is never up to date for Sphinx, and so the page is read at every build.
        self.env.note_dependency(str(folder))
        there = [name for name in FORMS if (folder / name).is_file()]
        if not there:
            lacking = nodes.paragraph("", "This copy of the book was built without its other forms. In the project, ")
            lacking += [
                nodes.literal(text="make forms"),
                nodes.Text(" makes them: an EPUB, a PDF and a zip of all pages."),
            ]
            return [lacking]
        up = "../" * self.env.docname.count("/")
        return [nodes.definition_list("", *(self._item(folder / name, up) for name in there))]

    def _item(self, path: Path, up: str) -> nodes.definition_list_item:
        words, use = FORMS[path.name]
        link = nodes.reference("", words, internal=True, refuri=f"{up}downloads/{path.name}")
        size = nodes.Text(f", {path.stat().st_size / 1e6:.1f} MB")
        return nodes.definition_list_item(
            "", nodes.term("", "", link, size), nodes.definition("", nodes.paragraph(text=use))
        )


def copy_forms(app: Sphinx, error: Exception | None) -> None:
    """Put the forms into the built book, and nothing that was there before."""
    if error is None and app.builder.format == "html":
        out = Path(app.outdir) / "downloads"
        shutil.rmtree(out, ignore_errors=True)
        for path in (made(app) / name for name in FORMS):
            if path.is_file():
                out.mkdir(exist_ok=True)
                shutil.copy2(path, out)


def setup(app: Sphinx) -> None:
    """Connect the directive, and the copying."""
    app.add_directive("forms", FormsDirective)
    app.connect("build-finished", copy_forms)
