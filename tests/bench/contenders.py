"""The pages that are compared, each written into a folder: this timeline and its peers, with the same events.

Every page is what an author who knows the tool would write in reasonable time; `pages/` holds them to read. All that
they load is served from the same folder; what the peers need comes from npm, pinned in package-lock.json.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import altair
import nbformat
import yaml
from companion import Timeline
from companion.pages import classic_timeline

from .events import Sample

HERE = Path(__file__).parent
COMPANION = HERE.parents[1] / "chapters" / "companion"
PACKAGES = HERE / "node_modules"
MANAGER = "@jupyter-widgets/html-manager/dist"
ALONE, BOOK = "a page of its own", "a page of a Jupyter Book"


@dataclass(frozen=True)
class Contender:
    """A page to measure.

    path: where it stands, with the number of events as `{}`.
    search: CSS selector of its search box.
    wired: JavaScript; whether the page listens to its search box. Empty where no search can change the page.
    settled: JavaScript; whether the page shows exactly `n` events, drawn after the redraw number `drawn`. It must be
        quick: it is asked while the time runs.
    shown: JavaScript; how many events the page shows, counted once the time is taken.
    """

    key: str
    name: str
    setting: str
    path: str
    search: str = ""
    wired: str = ""
    settled: str = ""
    shown: str = ""


_OURS = {
    "search": "section.timeline input[type=search]",
    "wired": "document.querySelector('section.timeline [role=status]')?.textContent.startsWith('Showing')",
    "settled": "document.querySelector('section.timeline [role=status]').textContent.startsWith(`Showing ${n} of `)",
    "shown": "document.querySelectorAll('section.timeline li[id^=event-]:not([hidden])').length",
}
_VIS = {
    "search": "#search",
    "wired": "typeof view === 'object' && view && bench.watch(timeline)",
    "settled": "view.length === n && bench.drawn > drawn",
    "shown": "view.length",
}
CONTENDERS = (
    Contender("ours", "This timeline", ALONE, "ours-{}/index.html", **_OURS),
    Contender("vis", "vis-timeline, all years in view", ALONE, "vis-{}/index.html", **_VIS),
    Contender("vis-window", "vis-timeline, half a year in view", ALONE, "vis-window-{}/index.html", **_VIS),
    Contender(
        "timelinejs",
        "TimelineJS3, rebuilt by the author’s own lines",
        ALONE,
        "timelinejs-{}/index.html",
        search="#search",
        wired="typeof timeline === 'object' && timeline?.ready",
        settled="bench.markers() === n && (n === 0 || timeline.ready)",
        shown="bench.markers()",
    ),
    Contender("ours-book", "This timeline", BOOK, "book/ours-{}.html", **_OURS),
    Contender(
        "altair",
        "Altair, bound inputs",
        BOOK,
        "book/altair-{}.html",
        search=".vega-bindings input[type=search]",
        wired="bench.view",
        settled="bench.points() === n",
        shown="bench.points()",
    ),
    Contender("ipywidgets", "ipywidgets and Altair", BOOK, "book/ipywidgets-{}.html", search=".widget-text input"),
)
THEME = Contender("theme", "The theme alone", BOOK, "book/theme.html")
"""A page of the same Jupyter Book with one sentence: what every page there costs."""

VIS_OPTIONS = {
    "vis": {"maxHeight": 600, "verticalScroll": True},
    "vis-window": {"maxHeight": 600, "verticalScroll": True, "start": "2025-07-01", "end": "2026-01-01"},
}


def install() -> None:
    """The peers' packages as locked, once."""
    if not (PACKAGES / ".package-lock.json").exists():
        subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=HERE, check=True)


def versions() -> dict[str, str]:
    """What the peers are, and in which version."""
    npm: dict[str, str] = json.loads((HERE / "package.json").read_text("utf-8"))["dependencies"]
    return npm | {
        name: metadata.version(name) for name in ("altair", "ipywidgets", "jupyter-book", "sphinx-book-theme")
    }


def write(folder: Path, samples: dict[int, Sample], keys: Sequence[str]) -> None:
    """Write the pages of the contenders `keys` for every sample into `folder`."""
    for size, sample in samples.items():
        for key in keys:
            if key in _ALONE:
                place = folder / f"{key}-{size}"
                place.mkdir()
                _ALONE[key](key, sample, place)
    if any(contender.setting == BOOK for contender in CONTENDERS if contender.key in keys):
        _book(folder, samples)


# Pages of their own


def _stored(sample: Sample) -> str:
    return Timeline(sample.frame, title="Events", tables=sample.tables)._stored()


def _ours(key: str, sample: Sample, place: Path) -> None:
    _page("ours.html", place, TIMELINE=_stored(sample))
    _assets(place)


def _assets(place: Path) -> None:
    """This timeline's style sheet and script, as the book writes them."""
    shutil.copy(COMPANION / "timeline.css", place)
    (place / "timeline.js").write_text(classic_timeline(), "utf-8")


def _vis(key: str, sample: Sample, place: Path) -> None:
    _page("vis.html", place, OPTIONS=json.dumps(VIS_OPTIONS[key]))
    _json(place / "events.json", sample.flat)
    for path in ("standalone/umd/vis-timeline-graph2d.min.js", "styles/vis-timeline-graph2d.min.css"):
        shutil.copy(PACKAGES / "vis-timeline" / path, place)


def _timelinejs(key: str, sample: Sample, place: Path) -> None:
    _page("timelinejs.html", place)
    _json(place / "timeline.json", {"events": [_slide(event) for event in sample.flat]})
    for name in ("js", "css"):
        shutil.copytree(PACKAGES / "@knight-lab/timelinejs/dist" / name, place / name)


def _slide(event: dict[str, Any]) -> dict[str, Any]:
    """An event as TimelineJS3 takes it; `search` is what the author's lines read."""
    told = [event[name] for name in ("summary", "dispute", "note", "confidence", "who", "work", "where")]
    links = "; ".join(f'<a href="{source["url"]}">{source["text"]}</a>' for source in event["sources"])
    slide = {
        "unique_id": event["id"],
        "start_date": {**_date(event["start"]), "display_date": event["date"]},
        "text": {"headline": event["title"], "text": "".join(f"<p>{part}</p>" for part in [*told, links] if part)},
        "group": event["kind"],
        "search": event["text"],
    }
    return {**slide, "end_date": _date(event["end"])} if event["end"] else slide


def _date(day: str) -> dict[str, int]:
    return dict(zip(("year", "month", "day"), map(int, day.split("-")), strict=True))


_ALONE = {"ours": _ours, "vis": _vis, "vis-window": _vis, "timelinejs": _timelinejs}


def _page(name: str, place: Path, **parts: str) -> None:
    html = (HERE / "pages" / name).read_text("utf-8")
    for mark, part in parts.items():
        html = html.replace(mark, part)
    (place / "index.html").write_text(html, "utf-8")


def _json(path: Path, data: object) -> None:
    path.write_text(json.dumps(data, ensure_ascii=False, separators=(",", ":")), "utf-8")


# Pages of a Jupyter Book, built by Jupyter Book with its defaults

# What a page adds to the index of the book's search would weigh on the other pages as well.
_PAGE = """---
nosearch: true
---

# Events in this timeline

## All of them

```{{raw}} html
:file: ours-{}.html
```
"""


def _book(folder: Path, samples: dict[int, Sample]) -> None:
    """Build one Jupyter Book with all pages; its notebooks are run, and what would come from a CDN is put in place."""
    source, assets = folder / "book-source", folder / "book-source" / "assets"
    assets.mkdir(parents=True)
    _assets(assets)
    shutil.copy(PACKAGES / "requirejs/require.js", assets)
    shutil.copy(PACKAGES / MANAGER / "embed-amd.js", assets)
    (source / "theme.md").write_text("# Events\n\nA page of this book.\n", "utf-8")
    for size, sample in samples.items():
        _json(source / f"events-{size}.json", sample.flat)
        for name in ("altair", "ipywidgets"):
            _notebook(HERE / "pages" / f"{name}.py", source / f"{name}-{size}.ipynb", f"events-{size}.json")
        (source / f"ours-{size}.html").write_text(
            f'<link rel="stylesheet" href="_static/timeline.css">{_stored(sample)}'
            '<script defer src="_static/timeline.js"></script>',
            "utf-8",
        )
        (source / f"ours-{size}.md").write_text(_PAGE.format(size), "utf-8")
    pages = [{"file": f"{name}-{size}"} for size in samples for name in ("ours", "altair", "ipywidgets")]
    _yaml(source / "_toc.yml", {"format": "jb-book", "root": "theme", "chapters": pages})
    _yaml(source / "_config.yml", _config())
    build: list[str | Path] = [Path(sys.executable).with_name("jupyter-book"), "build", source, "--quiet"]
    subprocess.run(build, check=True)
    shutil.move(source / "_build" / "html", folder / "book")
    _vega(folder / "book" / "vega")
    shutil.copytree(PACKAGES / MANAGER, folder / "book" / MANAGER, ignore=shutil.ignore_patterns("*.js*", "*.md"))


def _config() -> dict[str, Any]:
    """Jupyter Book's own settings, but for the addresses of the widgets' scripts."""
    return {
        "title": "Events",
        "only_build_toc_files": True,
        "execute": {"execute_notebooks": "force", "timeout": 300},
        "sphinx": {
            "config": {"html_static_path": ["assets"], "nb_ipywidgets_js": {"require.js": {}, "embed-amd.js": {}}}
        },
    }


def _notebook(script: Path, path: Path, events: str) -> None:
    """A notebook from a script whose cells begin with `# %%`, or `# %% [markdown]` with every line a comment."""
    cells = []
    for cell in script.read_text("utf-8").replace("EVENTS", events).split("# %%")[1:]:
        kind, _, text = cell.partition("\n")
        if "markdown" in kind:
            cells.append(nbformat.v4.new_markdown_cell(text.replace("# ", "", 1).strip()))
        else:
            cells.append(nbformat.v4.new_code_cell(text.strip()))
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), path)


def _vega(place: Path) -> None:
    """Vega under the names that Altair asks for."""
    place.mkdir()
    versions = (altair.VEGA_VERSION, altair.VEGALITE_VERSION, altair.VEGAEMBED_VERSION)
    for name, version in zip(("vega", "vega-lite", "vega-embed"), versions, strict=True):
        shutil.copy(PACKAGES / name / "build" / f"{name}.min.js", place / f"{name}@{version}")


def _yaml(path: Path, data: object) -> None:
    path.write_text(yaml.safe_dump(data, sort_keys=False), "utf-8")
