"""`make bench`: the timeline beside the ordinary way of doing it, as ratios in one run, into _build/bench.md.

The peer is an Altair chart of the same events with bound inputs (a search box and a kind), its Vega bundle inline, as
`Chart.to_html(inline=True)` writes it. Both are served from this machine to the same Chromium, one after the other.
Times are medians over the runs; a filter is timed from the input event to the next painted frame.
"""

from __future__ import annotations

import functools
import gzip
import http.server
import os
import platform
import statistics
import tempfile
import threading
from pathlib import Path

import altair as alt
import browser as chromium
from companion import Timeline, load
from companion.book import classic_timeline
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[1]
RUNS = 9
WORDS = ["madison", "coordinator", "2024", "union", "x", "kidman", "baker", ""]


def ours(events) -> str:
    css = (ROOT / "chapters/companion/timeline.css").read_text("utf-8")
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>ours</title><style>{css}</style><body>'
        f"{Timeline(events, title='Events')._stored()}<script>{classic_timeline()}</script></body></html>"
    )


def altair_page(events) -> str:
    rows = events.assign(text=events["title"] + " " + events["summary"], day=events["earliest"].dt.strftime("%Y-%m-%d"))
    query = alt.param(name="q", value="", bind=alt.binding(input="search", name="Search "))
    chart = (
        alt.Chart(rows[["title", "text", "kind", "day"]])
        .mark_point()
        .encode(x="day:T", y="kind:N", tooltip="title:N")
        .add_params(query)
        .transform_filter("indexof(lower(datum.text), lower(q)) >= 0")
        .properties(width=680, height=260)
    )
    return chart.to_html(inline=True)


def measure(page, address: str) -> dict[str, float]:
    ready, painted = [], []
    for _ in range(RUNS):
        page.goto("about:blank")
        page.goto(address, wait_until="commit")
        page.wait_for_selector("input[type=search]")
        ready.append(page.evaluate("performance.now()"))
        painted += page.evaluate(
            """async (words) => {
                const input = document.querySelector("input[type=search]"), times = [];
                for (const word of words) {
                    const start = performance.now();
                    input.value = word;
                    input.dispatchEvent(new Event("input", {bubbles: true}));
                    await new Promise(requestAnimationFrame);
                    await new Promise((done) => setTimeout(done));
                    times.push(performance.now() - start);
                }
                return times;
            }""",
            WORDS,
        )
    return {
        "usable filter, ms": statistics.median(ready),
        "filter to paint, median, ms": statistics.median(painted),
        "filter to paint, 95th percentile, ms": statistics.quantiles(painted, n=20)[-1],
    }


def main() -> None:
    events = load().events
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        pages = {"this timeline": ours(events), "Altair, bound inputs": altair_page(events)}
        handler = functools.partial(
            type("Quiet", (http.server.SimpleHTTPRequestHandler,), {"log_message": lambda *_: None}), directory=folder
        )
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        root = os.name == "posix" and os.geteuid() == 0
        chrome = playwright.chromium.launch(executable_path=chromium.find(), args=["--no-sandbox"] if root else [])
        found = {}
        for number, (name, html) in enumerate(pages.items()):
            (Path(folder) / f"{number}.html").write_text(html, "utf-8")
            address = f"http://127.0.0.1:{server.server_address[1]}/{number}.html"
            size = len(gzip.compress(html.encode("utf-8"), 6)) / 1024
            found[name] = {"page, KB gzip": size, **measure(chrome.new_page(), address)}
        version = chrome.version
        chrome.close()
        server.shutdown()
    us, peer = found.values()
    lines = [
        f"# Benchmark: {len(events)} events",
        "",
        f"Chromium {version}, {platform.system()}, {os.cpu_count()} cores, {RUNS} runs. "
        "The Altair page has a chart and no list.",
        "",
        "| | " + " | ".join(found) + " | ratio |",
        "| --- | ---: | ---: | ---: |",
    ]
    lines += [f"| {what} | {us[what]:.1f} | {peer[what]:.1f} | {peer[what] / us[what]:.2f} |" for what in us]
    report = ROOT / "_build" / "bench.md"
    report.parent.mkdir(exist_ok=True)
    report.write_text("\n".join(lines) + "\n", "utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
