"""What a page costs a reader before anything is touched: Lighthouse and a trace, of this book's pages and its peers'.

`PYTHONPATH=chapters:tests python -m bench.reading` prints the figures as JSON; `python -m bench` puts them into the
report. The book must have been built (`make book`).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import browser as chromium
from playwright.sync_api import Browser, sync_playwright

from . import contenders, peers, server

BOOK = peers.ROOT / "_build" / "html"
PAGES = {
    "Cover": "chapters/index.html",
    "*Anora*": "chapters/anora.html",
    "History": "chapters/history.html",
    "*Babygirl*": "chapters/babygirl.html",
    "The article": "chapters/article.html",
    "Search": "search.html",
}
OURS, JUPYTER_BOOK, NOTHING = "This book", "Jupyter Book 1, its own settings", "For comparison"
EMPTY = '<!doctype html><html lang="en"><title>An empty page</title><p>Nothing.</p></html>'
RUNS = 3
SETTLED = 1500
"""Milliseconds after `load` within which a page does what it does unasked."""
PHONE: dict[str, Any] = {
    "viewport": {"width": 412, "height": 823},
    "device_scale_factor": 1.75,
    "is_mobile": True,
    "has_touch": True,
}
"""Lighthouse's phone, so that the traces are of the same layout."""
SLOW = 4
"""How much slower Lighthouse takes a phone's processor to be than this machine's."""
TRACED = ["devtools.timeline", "disabled-by-default-devtools.timeline"]


@dataclass
class Reading:
    """The figures of one page, medians of its runs, times in ms. `broken`: the audits that Lighthouse marks down.

    `task`: the longest task; `processor`: the most that one task took of the processor, without its waiting for it;
    `task_slow`: the longest task where the processor is slower.
    """

    page: str
    tool: str
    scores: dict[str, float]
    lcp: float
    cls: float
    tbt: float
    bytes: int
    requests: int
    task: float = 0
    processor: float = 0
    task_slow: float = 0
    broken: list[dict[str, Any]] = field(default_factory=list)
    version: str = ""


def read(runs: int = RUNS, *, sample: bool = False) -> list[Reading]:
    """Measure the pages of the built book and, unless it is a sample, the same texts here and in the peers."""
    if not BOOK.exists():
        raise SystemExit("There is no book in _build/html: run `make book` first.")
    contenders.install()
    with tempfile.TemporaryDirectory() as place, server.serve(Path(place), server.Host) as address:
        targets = _targets(Path(place), sample=sample)
        found = lighthouse([f"{address}/{path}" for _, _, path in targets], runs)
        with sync_playwright() as playwright:
            chrome = playwright.chromium.launch(executable_path=chromium.find(), args=flags())
            readings = []
            for page, tool, path in targets:
                reading = _median(page, tool, found[f"{address}/{path}"])
                reading.task, reading.processor = _longest(chrome, f"{address}/{path}", 1, runs)
                reading.task_slow, _ = _longest(chrome, f"{address}/{path}", SLOW, runs)
                readings.append(reading)
            chrome.close()
    return readings


def _targets(place: Path, *, sample: bool) -> list[tuple[str, str, str]]:
    """(page, tool, path) of all that is measured, once it has been written into `place`."""
    if sample:
        shutil.copytree(BOOK, place / "ours")
        return [("Cover", OURS, "ours/chapters/index.html")]
    (place / "empty.html").write_text(EMPTY, "utf-8")
    written = peers.write(BOOK, place)
    same = [
        (text.name, tool, path)
        for text in peers.TEXTS
        for tool, path in zip((OURS, JUPYTER_BOOK), written[text.key], strict=True)
    ]
    pages = [(name, OURS, f"ours/{path}") for name, path in PAGES.items()]
    return [*pages, ("An empty page", NOTHING, "empty.html"), *same]


def flags() -> list[str]:
    """No names are resolved, so that no page waits for a third party; root needs Chromium without its sandbox."""
    rules = ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "--disable-background-networking"]
    return [*rules, *chromium.sandbox()]


def lighthouse(addresses: list[str], runs: int) -> dict[str, list[dict[str, Any]]]:
    """The figures of every run, by address."""
    done = subprocess.run(
        ["node", contenders.HERE / "lighthouse.mjs", str(runs), *addresses],
        env={**os.environ, "CHROMIUM": chromium.find() or ""},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"Lighthouse: {done.stderr.strip()[-2000:]}")
    found: dict[str, list[dict[str, Any]]] = {address: [] for address in addresses}
    for run in json.loads(done.stdout):
        if run["fault"]:
            raise RuntimeError(f"Lighthouse on {run['address']}: {run['fault']}")
        found[run["address"]].append(run)
    return found


def _median(page: str, tool: str, runs: list[dict[str, Any]]) -> Reading:
    def middle(name: str) -> float:
        return float(statistics.median(run[name] for run in runs))

    return Reading(
        page,
        tool,
        scores={name: statistics.median(run["scores"][name] for run in runs) for name in runs[0]["scores"]},
        lcp=middle("lcp"),
        cls=middle("cls"),
        tbt=middle("tbt"),
        bytes=int(middle("bytes")),
        requests=int(middle("requests")),
        broken=runs[-1]["broken"],
        version=runs[0]["version"],
    )


def _longest(chrome: Browser, address: str, slower: int, runs: int) -> tuple[float, float]:
    """The longest task of the page until it rests, and the most that one took of the processor; medians of the runs."""
    times = [list(zip(*tasks(chrome, address, slower), strict=True)) for _ in range(runs)]
    whole, processor = (statistics.median(max(run[kind]) for run in times) for kind in (0, 1))
    return whole, processor


def tasks(chrome: Browser, address: str, slower: int = 1) -> list[tuple[float, float]]:
    """How long every task of the page's main thread took until it rests, in ms, and how much of the processor."""
    context = chrome.new_context(**PHONE)
    try:
        page = context.new_page()
        page.goto("about:blank")
        context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": slower})
        chrome.start_tracing(page=page, categories=TRACED)
        page.goto(address, wait_until="load")
        page.wait_for_timeout(SETTLED)
        events = json.loads(chrome.stop_tracing())["traceEvents"]
    finally:
        context.close()
    return _tasks(events, address)


def _tasks(events: list[dict[str, Any]], address: str) -> list[tuple[float, float]]:
    """The tasks of the thread on which the document was parsed; Chromium has pages of its own in other processes."""
    parses = [event for event in events if event["name"] == "ParseHTML" and address in json.dumps(event["args"])]
    if not parses:
        raise RuntimeError(f"the trace does not show how {address} was parsed")
    thread = (parses[-1]["pid"], parses[-1]["tid"])
    return [
        (event["dur"] / 1000, event["tdur"] / 1000)
        for event in events
        if (event["pid"], event["tid"], event.get("ph"), event["name"]) == (*thread, "X", "RunTask")
    ]


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.reading", description=__doc__)
    parser.add_argument("--runs", type=int, default=RUNS, help="how often each page is loaded")
    parser.add_argument("--sample", action="store_true", help="the cover alone: that it runs")
    parser.add_argument("--out", type=Path, help="where the JSON goes; without it, to the output")
    given = parser.parse_args()
    text = json.dumps([asdict(reading) for reading in read(given.runs, sample=given.sample)], indent=1)
    if given.out:
        given.out.write_text(text, "utf-8")
    else:
        sys.stdout.write(text + "\n")


if __name__ == "__main__":
    main()
