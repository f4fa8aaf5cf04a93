"""The Sphinx side of the book: data checked before anything is built, the timeline's host, and the `{event}` role."""

from __future__ import annotations

from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util import logging
from sphinx.util.docutils import ReferenceRole

from . import citations, dates
from .data import load
from .faults import DataError

HERE = Path(__file__).parent
log = logging.getLogger(__name__)


class EventRole(ReferenceRole):
    """{event}`hbo-coordinator-policy-2018` or {event}`in October <hbo-…>`: a link to the event on its timeline."""

    def run(self):
        events = self.env.app.companion["events"]
        if self.target not in events.index:
            log.warning(
                "there is no event %r in data/events.csv",
                self.target,
                location=self.get_location(),
                type="companion",
                subtype="event",
            )
            return [nodes.literal(text=self.title)], []
        event = events.loc[self.target]
        here = self.env.docname.rpartition("/")[2]
        page = here if here in event["chapters"] else event["chapters"][0]
        title = self.title if self.has_explicit_title else event["title"]
        uri = f"#event-{self.target}" if page == here else f"{page}.html#event-{self.target}"
        hint = f"{dates.in_words(event['date'], event['end_date'])}: {event['title']}"
        return [nodes.reference("", title, internal=True, refuri=uri, reftitle=hint, classes=["event"])], []


def read_data(app: Sphinx) -> None:
    try:
        app.companion = load(Path(app.srcdir) / "data")
    except DataError as error:
        raise ExtensionError(str(error)) from None


def classic_timeline() -> str:
    """timeline.mjs and its host as one classic script: a module script would not load from `file://`."""
    module = (HERE / "timeline.mjs").read_text("utf-8")
    head, export, names = module.partition("export default ")
    if not export:
        raise ExtensionError("timeline.mjs must end with its default export")
    host = (HERE / "static" / "host.js").read_text("utf-8")
    return f'(() => {{\n"use strict";\n{head}const timeline = {names}{host}}})();\n'


DOOR = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Who Is in the Room?</title>
<meta http-equiv="refresh" content="0; url=chapters/index.html">
<p><a href="chapters/index.html">Open the book</a></p>
</html>
"""


def write_assets(app: Sphinx) -> None:
    if app.builder.format != "html":
        return
    (Path(app.outdir) / "index.html").write_text(DOOR, "utf-8")
    static = Path(app.outdir) / "_static"
    static.mkdir(parents=True, exist_ok=True)
    for name, text in {
        "timeline.js": classic_timeline(),
        "timeline.css": (HERE / "timeline.css").read_text("utf-8"),
        "book.css": (HERE / "static" / "book.css").read_text("utf-8"),
    }.items():
        (static / name).write_text(text, "utf-8")
    app.add_css_file("timeline.css")
    app.add_css_file("book.css")


def add_timeline(app: Sphinx, pagename: str, templatename: str, context: dict, doctree) -> None:
    """The script goes only to the pages that have a timeline."""
    if 'class="timeline"' in context.get("body", ""):
        app.add_js_file("timeline.js", loading_method="defer")


def setup(app: Sphinx) -> dict:
    citations.register()
    app.add_role("event", EventRole())
    app.connect("builder-inited", read_data)
    app.connect("builder-inited", write_assets)
    app.connect("html-page-context", add_timeline)
    return {"version": "0.1.0", "parallel_read_safe": True, "parallel_write_safe": True}
