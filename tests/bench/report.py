"""The report: what was measured, the figures, their ratios against this timeline, and their growth, as Markdown."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

import psutil

from . import peers
from .contenders import ALONE, BOOK, CONTENDERS, THEME, Contender, versions
from .events import SEARCHES
from .markdown import table
from .measure import Result
from .reading import JUPYTER_BOOK, OURS, SLOW, Reading

NONE = "–"
LEVEL = 1.1
"""Times and memory closer than this are called level: so much differs from run to run."""


@dataclass(frozen=True)
class Figure:
    """A figure of the tables; `digits` after the point, and whether it is timed or weighed and so differs by run."""

    name: str
    get: Callable[[Result], float | None]
    digits: int = 0
    noisy: bool = False

    def words(self, result: Result) -> str:
        value = self.get(result)
        return NONE if value is None else f"{value:,.{self.digits}f}"

    def ratio(self, result: Result, base: Result) -> float | None:
        """How many times as much as `base`; None where one of the two is missing, or `base` is nothing."""
        value, ours = self.get(result), self.get(base)
        return value / ours if value is not None and ours else None


def _share(name: str, factor: float) -> Callable[[Result], float | None]:
    def get(result: Result) -> float | None:
        value = getattr(result, name)
        return None if value is None else value / factor

    return get


FIGURES = (
    Figure("KB, gzip", _share("gz", 1e3)),
    Figure("KB, raw", _share("raw", 1e3)),
    Figure("requests", _share("requests", 1)),
    Figure("usable filter, ms", _share("ready", 1), noisy=True),
    Figure("filter to paint, median, ms", _share("median", 1), noisy=True),
    Figure("filter to paint, 95th percentile, ms", _share("slow", 1), noisy=True),
    Figure("JS heap, MB", _share("heap", 1e6), 1, noisy=True),
    Figure("process, MB", _share("process", 1e6), noisy=True),
    Figure("DOM nodes", _share("nodes", 1)),
    Figure("axe rules broken", lambda result: None if result.axe is None else len(result.axe)),
)
MORE = (
    Figure("searches timed", lambda result: len(result.filters) or None),
    Figure("events read without JavaScript", _share("plain", 1)),
    Figure("events on paper, at most", _share("paper", 1)),
)
GROWING = ("KB, gzip", "usable filter, ms", "filter to paint, 95th percentile, ms", "JS heap, MB", "process, MB")
CANNOT = """\
- **TimelineJS3 cannot filter.** It has no search and no filter of its own. The figures are of the nearest thing that an
  author can do: a search box, and lines of the author's own which build the whole timeline again from what is left.
- **ipywidgets cannot filter in a built page.** The controls appear, but what they call is Python, and a static page has
  none: a word typed into the search box left the chart as it was. The page is weighed all the same.
- **Altair** filters its chart, by the chart's own bound inputs. It shows dots with tooltips and no list, so nothing can
  be read without a pointer.
- **vis-timeline** filters. With all years in view it draws every event that is left, as this timeline does; with half a
  year in view it draws only what falls into that half year, so a search for something older shows nothing.
- **This timeline** needs its script for the filter; without it, and on paper, it is a list of all events."""


METHOD = """\
{counts} made-up events, the same at every run: texts as long as this book's, its mix of kinds and its precisions of
dates, nine in ten from 2016 to 2026. Every contender holds the whole of each event (texts, people, sources with their
addresses) and searches the same text of it: this timeline in its list, the peers in slides, in a panel below the chart
or in tooltips. Each is what an author who knows the tool would write in reasonable time; all its files lie on the
machine that measures.

Each page is opened in a fresh context of one Chromium, with an empty cache, up to {runs} times: fewer where it is slow.

- **KB, requests**: everything that the page asks for, as it is and as `gzip -6` makes it (fonts in WOFF as they are).
- **Usable filter**: from the start of the navigation until the search box is there, listens, and a first search has
  changed what is shown. The median over the runs.
- **Filter to paint**: from the input event until exactly the right number of events is shown (as the page counts them:
  list items, items after a redraw, marks of the chart), the next frame has been drawn and a task has passed; and on for
  as long as the page puts elements in meanwhile. This timeline draws its chart and counts 40 ms after
  its list has been painted; that is not in the figure. Over
  {searches} searches in each run, which leave from none to all of the events. A page that has searched for half a
  minute gets no further search.
- **JS heap, DOM nodes**: after the searches and a garbage collection, as Chromium reports them. **Process**: the
  private memory of the page's whole process, which has the document as well.
- **Axe**: the rules of axe-core that the page breaks. It sees the first hundred events of a page, because it takes
  minutes over ten thousand; the others are of the same shape.
- **Events read without JavaScript**: those whose title stands in visible text. **On paper, at most**: those whose title
  is visible and not cut off in the print style.

What is not over after a minute (the searches of a page: after a minute and a half together) is named as not finished.

The pages come in two settings, and are compared within each: pages of their own, with nothing else on them; and pages
of an ordinary Jupyter Book 1 with its own settings, where the theme alone weighs what its column says."""
LIMITS = """\
- One machine, one browser, one run: read differences, not digits. What else the machine does shows in the times.
- The files come over the loopback, uncompressed: the times hold no network. On a slow line the sizes count for more.
- Headless, with a window of one size; no phone, no touch, no screen reader.
- The events are made up, and compress a little worse or better than real prose.
- The library of the ipywidgets page that loads modules is not minified, as its package has it; that is about 15 KB of
  its figure.
- The peers do other things than this timeline: TimelineJS3 tells a story in slides, vis-timeline zooms and edits,
  Altair draws any chart. Only the reading and filtering of events is compared."""


PAGE = """\
What a page costs before anything is touched: the pages of this book, and the same text in other books. Lighthouse loads
each cold, {runs} times, as a phone on a simulated slow line (1.6 Mbit/s, 150 ms) with a processor a quarter as fast; a
server sends gzip and says how long a file may be kept, as static hosts do. Each figure is the median of the runs.

- **Performance, accessibility, best practices, SEO**: Lighthouse’s scores, of 100.
- **LCP**: when the largest part of the first screen is painted; **TBT**: by how much tasks before the page answers are
  longer than 50 ms, together; **CLS**: how much moves that was there. As Lighthouse gives them.
- **Longest task**: on the page’s main thread from the navigation until it rests, as traced here, with what it waits for
  the processor, which the browser’s other processes share; **of the processor**: the most that one task took of it;
  **{slow} times slower**: the longest task where the processor is so much slower.
- **KB, requests**: as sent, headers and all. What a page asks of other machines is counted and cannot be reached here.
"""
PAGE_LIMITS = """\
- The same text means the article of the built page to the letter: headings in Markdown, the rest as the HTML that it
  is, in a book with the same table of contents. In Jupyter Book the timeline brings its own sheet and script.
- No third party can be reached from this machine. What a peer fetches from one costs it nothing here but the request.
- Lighthouse simulates the line and the processor from one fast load; scores differ by a point or two from run to run.
- One machine, one browser: read differences, not digits."""


Results = dict[tuple[str, int], Result]


def write(results: Results, sizes: list[int], runs: int, chromium: str, readings: list[Reading]) -> str:
    """The whole report; `results` by the key of the contender and the number of events."""
    parts = [
        "# Benchmarks",
        "How this book's timeline compares with other ways of showing the same events. `make bench` measures it anew "
        "and writes this page.",
        "## What was measured",
        _method(sizes, runs),
        "## On what",
        _machine(chromium),
        "## Who cannot do what",
        CANNOT,
        _faults(results),
        "## The figures",
        f"In brackets stands the ratio to this timeline in the same setting: (2.0) is twice as much. {NONE} is what "
        "could not be measured. Less is better, except in the last three rows.",
        *(part for size in sizes for part in _size(results, size)),
        "## Growth from size to size",
        _growth(results, sizes),
        "## Where a peer is ahead",
        _ahead(results),
        "## What axe found",
        _axe(results, sizes),
        "## Limits",
        LIMITS,
        "## A page to read",
        *_reading(readings, runs),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def _method(sizes: list[int], runs: int) -> str:
    counts = " and ".join(filter(None, (", ".join(f"{size:,}" for size in sizes[:-1]), f"{sizes[-1]:,}")))
    return METHOD.format(counts=counts, runs=runs, searches=len(SEARCHES))


def _machine(chromium: str) -> str:
    memory = psutil.virtual_memory().total / 2**30
    items = [
        f"Measured on {date.today():%Y-%m-%d}",
        f"{os.cpu_count()} cores, {memory:.0f} GiB of memory, {platform.system()} on {platform.machine()}",
        f"Chromium {chromium}, headless, window of 1280 × 800; Python {platform.python_version()}",
        ", ".join(f"{name} {version}" for name, version in versions().items()),
    ]
    return _list(items)


def _faults(results: Results) -> str:
    names = {contender.key: contender.name for contender in (*CONTENDERS, THEME)}
    items = [f"{names[key]}, {size:,} events: {fault}" for (key, size), r in results.items() for fault in r.faults]
    return f"What failed in this run:\n\n{_list(items)}" if items else ""


def _size(results: Results, size: int) -> list[str]:
    """The tables of one size: a row for each figure, a column for each contender, one table for each setting."""
    parts = [f"### {size:,} events"]
    for setting, ours in ((ALONE, "ours"), (BOOK, "ours-book")):
        shown = [c for c in (*CONTENDERS, THEME) if c.setting == setting and (c.key, size) in results]
        if not shown:
            continue
        rows = [
            [figure.name, *(_cell(figure, results[c.key, size], results[ours, size], c) for c in shown)]
            for figure in (*FIGURES, *MORE)
        ]
        parts += [f"Each in {setting}:", table(["Figure", *(c.name for c in shown)], rows)]
    return parts


def _cell(figure: Figure, result: Result, base: Result, contender: Contender) -> str:
    ratio = None if result is base or contender is THEME or figure in MORE else figure.ratio(result, base)
    return figure.words(result) + ("" if ratio is None else f" ({_times(ratio)})")


def _times(ratio: float) -> str:
    return f"{ratio:,.0f}" if ratio >= 20 else f"{ratio:.1f}" if ratio >= 0.95 else f"{ratio:.2g}"


def _growth(results: Results, sizes: list[int]) -> str:
    steps = list(pairwise(sizes))
    if not steps:
        return "One size only was measured."
    tables = ["How many times as much a page takes when the events become ten times as many."]
    for figure in FIGURES:
        if figure.name in GROWING:
            rows = [
                [f"{c.name}, {c.setting}", *(_grown(figure, results, c.key, *step) for step in steps)]
                for c in CONTENDERS
            ]
            head = [figure.name[0].upper() + figure.name[1:], *(f"{few:,} to {many:,}" for few, many in steps)]
            tables.append(table(head, rows))
    return "\n\n".join(tables)


def _grown(figure: Figure, results: Results, key: str, few: int, many: int) -> str:
    ratio = figure.ratio(results[key, many], results[key, few])
    return NONE if ratio is None else _times(ratio)


def _ahead(results: Results) -> str:
    """Every figure in which a peer has less than this timeline in the same setting, noise apart."""
    items = []
    for c in CONTENDERS:
        ours = "ours" if c.setting == ALONE else "ours-book"
        for size in sorted(size for key, size in results if key == c.key != ours):
            result, base = results[c.key, size], results[ours, size]
            less = [
                f"{figure.name} {figure.words(result)} to {figure.words(base)}"
                for figure in FIGURES
                if (ratio := figure.ratio(result, base)) is not None and ratio < (1 / LEVEL if figure.noisy else 1)
            ]
            if less:
                items.append(f"**{c.name}**, {c.setting}, {size:,} events: {'; '.join(less)}")
    lead = f"Times and memory count as ahead from a tenth ({LEVEL}) on. The first figure is the peer's.\n\n"
    return lead + _list(items) if items else "In no figure of this run."


def _axe(results: Results, sizes: list[int]) -> str:
    rows = []
    for contender in (*CONTENDERS, THEME):
        found = {size: results[contender.key, size].axe for size in sizes if (contender.key, size) in results}
        if found:
            rows.append([f"{contender.name}, {contender.setting}", *map(_broken, found.values())])
    return table(["Rules broken, and at how many places", *(f"{size:,} events" for size in sizes)], rows)


def _broken(found: dict[str, int] | None) -> str:
    if found is None:
        return NONE
    return ", ".join(f"{rule} ({places})" for rule, places in found.items()) or "none"


def _reading(readings: list[Reading], runs: int) -> list[str]:
    """The pages of this book, then each text here and in its peers, then what could not be had."""
    version = next((reading.version for reading in readings), "")
    texts = {text.name for text in peers.TEXTS}
    parts = [PAGE.format(runs=runs, slow=SLOW), f"Lighthouse {version}.", "### The pages of this book"]
    parts.append(table(READ, [_read(r.page, r) for r in readings if r.page not in texts]))
    same = [r for r in readings if r.page in texts]
    if same:
        parts += ["### The same text elsewhere", table(READ, [_read(f"{r.tool}, {r.page}", r) for r in same])]
        parts += ["How many times as much the peer takes as this book:", table(RATIOS, _ratios(same))]
        refused = (f"**{name}** could not be had. {why.rstrip('.')}" for name, why in peers.CANNOT.items())
        parts += ["### Peers that could not be had", _list(refused)]
    marked = [f"{r.tool}, {r.page}: {', '.join(audit['id'] for audit in r.broken)}" for r in readings if r.broken]
    parts += ["### What Lighthouse marks down", _list(marked) if marked else "Nothing."]
    return [*parts, "### Limits of these figures", PAGE_LIMITS]


SCORES = ("performance", "accessibility", "best-practices", "seo")
READ = ["Page", "Performance", "Accessibility", "Best practices", "SEO", "LCP, ms", "TBT, ms", "CLS"]
READ += ["longest task, ms", "of the processor", f"{SLOW} times slower", "KB", "requests"]
COSTS: dict[str, Callable[[Reading], float]] = {
    "KB": lambda reading: reading.bytes,
    "requests": lambda reading: reading.requests,
    "LCP": lambda reading: reading.lcp,
    "TBT": lambda reading: reading.tbt,
    "longest task": lambda reading: reading.task,
    "of the processor": lambda reading: reading.processor,
    f"{SLOW} times slower": lambda reading: reading.task_slow,
}
RATIOS = ["Text", *COSTS]


def _read(name: str, reading: Reading) -> list[str]:
    scores = [f"{reading.scores[key] * 100:.0f}" for key in SCORES]
    times = [f"{reading.lcp:,.0f}", f"{reading.tbt:,.0f}", f"{reading.cls:.3f}"]
    tasks = [f"{reading.task:,.0f}", f"{reading.processor:,.0f}", f"{reading.task_slow:,.0f}"]
    return [name, *scores, *times, *tasks, f"{reading.bytes / 1e3:,.0f}", f"{reading.requests}"]


def _ratios(same: list[Reading]) -> list[list[str]]:
    rows = []
    for text in peers.TEXTS:
        ours, theirs = (next(r for r in same if (r.page, r.tool) == (text.name, tool)) for tool in (OURS, JUPYTER_BOOK))
        ratios = ((get(theirs), get(ours)) for get in COSTS.values())
        rows.append([f"{JUPYTER_BOOK}, {text.name}", *(_times(one / two) if two else NONE for one, two in ratios)])
    return rows


def _list(items: Iterable[str]) -> str:
    return "\n".join(f"- {item}." for item in items)
