"""What a contender's page costs a reader, measured in Chromium; every page in a fresh context with an empty cache."""

from __future__ import annotations

import contextlib
import json
import re
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import psutil
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page
from playwright.sync_api import Error as BrowserError
from playwright.sync_api import TimeoutError as BrowserTimeout

from . import server
from .contenders import HERE, Contender
from .events import FIRST, SEARCHES

LIMIT = 60
"""Seconds for one step (to load, to answer a search, to be checked). What takes longer did not finish."""
BUDGET = 20
"""Seconds of runs for one page, after which no further run begins."""
SEARCHING = 30
"""Seconds of searching in one page, after which no further search begins."""
REST = 3
"""Seconds that a page is left alone before it is checked: vis-timeline fits its window once it is drawn."""
AXED = 100
"""Axe, whose time grows faster than the page, sees so many events; the others, which are of the same shape, are taken
out of the page before it looks."""
ITEMS = (
    "section.timeline li[id^=event-]",
    "section.timeline svg [data-event]",
    ".vis-item",
    ".tl-slide",
    ".tl-timemarker",
)
PROBE = (HERE / "pages" / "probe.js").read_text("utf-8")
VISIBLE = r"""(clipped) => {
  const found = new Set(), texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), range = new Range();
  const cut = (at, box) => at.top >= box.bottom || at.bottom <= box.top || at.left >= box.right || at.right <= box.left;
  const seen = (text) => {
    range.selectNodeContents(text);
    const at = range.getBoundingClientRect();
    if (!at.width || at.right <= 0 || at.left >= innerWidth || at.bottom <= 0) return false;
    for (let element = text.parentElement; element !== document.body; element = element.parentElement)
      if (getComputedStyle(element).overflow !== "visible" && cut(at, element.getBoundingClientRect())) return false;
    return true;
  };
  for (let text; (text = texts.nextNode()); ) {
    const number = /\(no\. \d{5}\)/.exec(text.data)?.[0];
    const shown = number && text.parentElement.checkVisibility({ visibilityProperty: true, opacityProperty: true });
    if (shown && (!clipped || seen(text))) found.add(number);
  }
  return found.size;
}"""
"""How many events have their title in visible text; `clipped`: and within every box that would cut it on paper."""


@dataclass
class Result:
    """The figures of one page. None: not measured, or it cannot. `faults` says what failed, in words."""

    raw: int | None = None
    gz: int | None = None
    requests: int | None = None
    outside: int | None = None
    ready: float | None = None
    filters: list[float] = field(default_factory=list)
    heap: float | None = None
    nodes: int | None = None
    process: float | None = None
    axe: dict[str, int] | None = None
    plain: int | None = None
    paper: int | None = None
    faults: list[str] = field(default_factory=list)

    @property
    def median(self) -> float | None:
        return statistics.median(self.filters) if self.filters else None

    @property
    def slow(self) -> float | None:
        """The 95th percentile of the filters, between neighbours where it falls between two."""
        if len(self.filters) < 2:
            return self.median
        return statistics.quantiles(self.filters, n=20, method="inclusive")[-1]

    @contextlib.contextmanager
    def step(self, what: str) -> Iterator[None]:
        """A step that may fail or take too long without ending the run."""
        try:
            yield
        except BrowserTimeout:
            self.faults.append(f"{what}: did not finish in {LIMIT} s")
        except BrowserError as error:
            self.faults.append(f"{what}: {error.message.splitlines()[0]}")


@dataclass(frozen=True)
class Bench:
    """One browser, one server, and how many times each page is loaded."""

    browser: Browser
    address: str
    folder: Path
    runs: int

    def measure(self, contender: Contender, size: int, answers: dict[str, int]) -> Result:
        """Load and search the page `runs` times, then check it once for each of the other figures."""
        result, path = Result(), contender.path.format(size)
        if contender.wired:
            self._searched(path, _probe(contender, [FIRST, answers[FIRST]]), answers, result)
        else:
            self._still(path, contender.search, result)
        if result.faults:
            return result
        with result.step("to be checked"), self._page(path, _probe(contender) if contender.wired else "") as (page, _):
            page.wait_for_timeout(REST * 1000)
            page.emulate_media(media="print")
            result.paper = page.evaluate(VISIBLE, True)
            page.emulate_media(media="screen")
            result.axe = _axe(page)
        with result.step("to load without JavaScript"), self._page(path, java_script_enabled=False) as (page, _):
            result.plain = page.evaluate(VISIBLE, False)
        return result

    def _searched(self, path: str, probe: str, answers: dict[str, int], result: Result) -> None:
        began, ready = time.monotonic(), []
        for run in range(self.runs):
            if run and time.monotonic() - began > BUDGET:
                break
            with result.step("to load"), self._page(path, probe) as (page, sent):
                ready.append(page.evaluate("bench.ready"))
                with result.step("to search"):
                    searches = [[word, answers[word]] for word in SEARCHES]
                    page.evaluate(f"bench.begin({json.dumps(searches)}, {SEARCHING * 1000})")
                    _wait(page, "bench.done", SEARCHING + LIMIT)
                    result.filters += page.evaluate("bench.times")
                    if not run:
                        self._weigh(page, sent, result)
            if result.faults:
                break
        result.ready = statistics.median(ready) if ready else None

    def _still(self, path: str, search: str, result: Result) -> None:
        """A page that no search changes: what it weighs, and that typing into its box leaves its chart as it was."""
        with result.step("to load"), self._page(path) as (page, sent):
            page.wait_for_load_state("networkidle")
            if search:
                chart = page.locator(".vega-embed").first
                before = chart.screenshot()
                page.locator(search).first.fill(FIRST)
                page.wait_for_timeout(2000)
                if chart.screenshot() != before:
                    result.faults.append("to search: the page changed, although it was thought that it could not")
            self._weigh(page, sent, result)

    def _weigh(self, page: Page, sent: list[str], result: Result) -> None:
        """Bytes and requests so far, and the memory after a garbage collection."""
        own = [address for address in sent if address.startswith(self.address)]
        sizes = [server.size(self._file(address)) for address in own]
        result.raw, result.gz = (sum(column) for column in zip(*sizes, strict=True))
        result.requests, result.outside = len(own), len(sent) - len(own)
        session = page.context.new_cdp_session(page)
        session.send("HeapProfiler.collectGarbage")
        session.send("Performance.enable")
        metrics = {metric["name"]: metric["value"] for metric in session.send("Performance.getMetrics")["metrics"]}
        result.heap, result.nodes = metrics["JSHeapUsedSize"], int(metrics["Nodes"])
        result.process = self._renderer()

    def _renderer(self) -> float | None:
        """Private memory of the page's own process: of the renderers, the one that has most."""
        processes = self.browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
        try:
            return max(psutil.Process(p["id"]).memory_full_info().uss for p in processes if p["type"] == "renderer")
        except psutil.Error:
            return None

    def _file(self, address: str) -> Path:
        path = self.folder / unquote(urlsplit(address).path).lstrip("/")
        return path / "index.html" if path.is_dir() else path

    @contextlib.contextmanager
    def _page(self, path: str, probe: str = "", **options: Any) -> Iterator[tuple[Page, list[str]]]:
        """The page, loaded in a fresh context and, with a probe, past its first search; and what it asked for."""
        context = self.browser.new_context(viewport={"width": 1280, "height": 800}, **options)
        context.set_default_timeout(LIMIT * 1000)
        if probe:
            context.add_init_script(probe)
        try:
            page = context.new_page()
            sent: list[str] = []
            page.on("request", lambda request: sent.append(request.url) if request.url.startswith("http") else None)
            page.goto(f"{self.address}/{path}", wait_until="commit" if probe else "load")
            if probe:
                _wait(page, "bench.ready")
            yield page, sent
        finally:
            context.close()


def _probe(contender: Contender, first: list[str | int] | None = None) -> str:
    """The script that times the page from inside, and makes a first search, if there is one."""
    parts = {"SEARCH": json.dumps(contender.search), "WIRED": contender.wired, "SETTLED": contender.settled}
    script = PROBE
    for mark, part in {**parts, "SHOWN": contender.shown, "FIRST": json.dumps(first)}.items():
        script = re.sub(rf"\b{mark}\b", part.replace("\\", r"\\"), script)
    return script


def _wait(page: Page, condition: str, seconds: float = LIMIT) -> None:
    """Wait for a condition, or for the probe to fail."""
    page.wait_for_function(f"bench.fault || {condition}", timeout=seconds * 1000)
    if fault := page.evaluate("bench.fault"):
        raise BrowserError(fault)


def _axe(page: Page) -> dict[str, int]:
    """The rules of axe-core that the page breaks, and at how many places each. See `AXED`."""
    page.evaluate(Axe().axe_script)
    page.evaluate(
        """([items, most]) => {
            for (const item of items) [...document.querySelectorAll(item)].slice(most).forEach((more) => more.remove());
            axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) => {
                window.broken = Object.fromEntries(violations.map(({ id, nodes }) => [id, nodes.length]));
            });
        }""",
        [ITEMS, AXED],
    )
    broken: dict[str, int] = page.wait_for_function("window.broken").json_value()
    return broken
