"""Run the benchmark and write its report: `PYTHONPATH=chapters:tests python -m bench`."""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import browser as chromium
from playwright.sync_api import sync_playwright

from . import contenders, events, reading, report, server
from .measure import Bench

ROOT = Path(__file__).resolve().parents[2]
SIZES = [100, 1_000, 10_000]
RUNS = 3


def main() -> None:
    given = _arguments()
    sizes, runs = ([20], 1) if given.sample else (SIZES, RUNS)
    chosen = [c for c in contenders.CONTENDERS if not given.sample or c.key in ("ours", "vis")]
    if not given.sample:
        chosen.append(contenders.THEME)
    contenders.install()
    samples = {size: events.sample(size) for size in sizes}
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright, server.serve(Path(place)) as address:
        contenders.write(Path(place), samples, [contender.key for contender in chosen])
        chrome = playwright.chromium.launch(executable_path=chromium.find(), args=reading.flags())
        bench, results = Bench(chrome, address, Path(place), runs), {}
        for size, sample in samples.items():
            answers = sample.answers()
            for contender in chosen:
                began = time.monotonic()
                results[contender.key, size] = bench.measure(contender, size, answers)
                print(f"{size:6,} events, {contender.name}: {time.monotonic() - began:.0f} s", flush=True)
        version = chrome.version
        chrome.close()
    text = report.write(results, sizes, runs, version, reading.read(runs, sample=given.sample))
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(text, "utf-8")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "chapters" / "benchmarks.md", help="where the report goes")
    parser.add_argument(
        "--sample", action="store_true", help="20 events, one run, two contenders, one page: that it runs"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
