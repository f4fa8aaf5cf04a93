"""What a running chapter takes, and so how many students a machine holds: `make class` measures it and writes the
page for instructors."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import platform
import statistics
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import psutil
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from . import kernels, markdown
from .server import size

ROOT = Path(__file__).resolve().parents[2]
CHAPTERS = ("anora", "history", "babygirl")
CROWD = 30
"""A class: so many kernels at once."""
MACHINES = (1, 2, 4, 8, 16, 32)
"""GiB of memory."""
SYSTEM = 512
"""MiB that the machine keeps for itself."""
READERS = 100_000
STARTS = 5
INSTALLS = 3
MIB = 2**20
SMALL, LARGE = "for a running chapter", "for the whole book"
LOCKS = {SMALL: ".binder/requirements.txt", LARGE: "requirements.txt"}


@dataclass
class Memory:
    """MiB of a process and what it started: USS is what would be free without it, PSS counts shared pages by share."""

    peak: float = 0
    uss: float = 0
    pss: float = 0


@dataclass
class Run:
    """One chapter, run alone: seconds, and memory."""

    seconds: float
    memory: Memory


@dataclass
class Figures:
    """What was measured. `again`: kernels that were started twice; `installs`: seconds by lock; `packages`: how many
    each has on this machine."""

    start: float = 0
    runs: dict[str, Run] = field(default_factory=dict)
    crowd: int = 0
    wall: float = 0
    total: Memory = field(default_factory=Memory)
    again: int = 0
    failures: int = 0
    lab: Memory = field(default_factory=Memory)
    packages: dict[str, int] = field(default_factory=dict)
    installs: dict[str, list[float]] = field(default_factory=dict)


def weighed(roots: Iterable[int]) -> tuple[float, float]:
    """MiB of the processes and their descendants: USS, PSS."""
    uss = pss = 0
    for root in roots:
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(root)
            for one in (process, *process.children(recursive=True)):
                with contextlib.suppress(psutil.Error):
                    info = one.memory_full_info()
                    uss, pss = uss + info.uss, pss + info.pss
    return uss / MIB, pss / MIB


@contextlib.contextmanager
def watched(roots: list[int], memory: Memory, every: float) -> Iterator[None]:
    """Note the most that the processes take together meanwhile: USS of one, PSS of several, which share pages."""
    done = threading.Event()

    def watch() -> None:
        while not done.wait(every):
            memory.peak = max(memory.peak, weighed(list(roots))[len(roots) > 1])

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def settle(roots: list[int], memory: Memory, seconds: float = 2) -> None:
    """Note what the processes take after a while of rest."""
    time.sleep(seconds)
    memory.uss, memory.pss = weighed(roots)
    memory.peak = max(memory.peak, memory.pss if len(roots) > 1 else memory.uss)


def pid(manager: AsyncKernelManager) -> int:
    """The process of a kernel that has been started."""
    provisioner = manager.provisioner
    assert isinstance(provisioner, LocalProvisioner)
    assert provisioner.pid is not None
    return provisioner.pid


async def answer(manager: AsyncKernelManager) -> float:
    """Seconds from the start of a kernel until it has run its first line."""
    began = time.perf_counter()
    await manager.start_kernel(cwd=str(ROOT / "chapters"))
    client = manager.client()
    client.start_channels()
    try:
        await client.wait_for_ready(timeout=kernels.PATIENCE)
        await client.execute_interactive("1 + 1", timeout=kernels.PATIENCE, output_hook=lambda _: None)
    finally:
        client.stop_channels()
    return time.perf_counter() - began


async def alone(python: Path, specs: Path, chapter: str) -> tuple[float, Run]:
    """The start of a kernel, and a chapter run in it."""
    manager, memory = kernels.kernel(python, specs), Memory()
    start = await answer(manager)
    roots = [pid(manager)]
    try:
        with watched(roots, memory, 0.05):
            began = time.perf_counter()
            await kernels.run(ROOT / "chapters" / f"{chapter}.ipynb", manager)
            seconds = time.perf_counter() - began
        settle(roots, memory)
    finally:
        await manager.shutdown_kernel(now=True)
    return start, Run(seconds, memory)


async def together(python: Path, specs: Path, count: int, figures: Figures) -> None:
    """`count` students who all open the first chapter, and run it, in the same moment."""
    managers: list[AsyncKernelManager] = []
    roots: list[int] = []

    async def student(again: bool = True) -> None:
        manager = kernels.kernel(python, specs)
        managers.append(manager)
        await manager.start_kernel(cwd=str(ROOT / "chapters"))
        roots.append(pid(manager))
        try:
            await kernels.run(ROOT / "chapters" / f"{CHAPTERS[0]}.ipynb", manager)
        except RuntimeError:  # dead before it answered: what else took its port in the meantime
            if not again or await manager.is_alive():
                raise
            figures.again += 1
            await student(again=False)

    try:
        with watched(roots, figures.total, 1):
            began = time.perf_counter()
            outcomes = await asyncio.gather(*(student() for _ in range(count)), return_exceptions=True)
            figures.wall = time.perf_counter() - began
        settle(roots, figures.total)
        figures.crowd, figures.failures = count, sum(isinstance(outcome, BaseException) for outcome in outcomes)
    finally:
        await asyncio.gather(*(manager.shutdown_kernel(now=True) for manager in managers), return_exceptions=True)


def measure(place: Path, python: Path | None, sample: bool) -> Figures:
    """Every figure; a sample has two kernels, one chapter and no installation."""
    figures, specs = Figures(), place / "kernels"
    for number in range(0 if sample else INSTALLS + 1):
        for name, lock in LOCKS.items():
            began = time.perf_counter()
            kernels.environment(place / f"{number} {name}", ROOT / lock)
            if number:  # the first fills pip's cache
                figures.installs.setdefault(name, []).append(time.perf_counter() - began)
            _say(f"installed what is {name}: {time.perf_counter() - began:.0f} s")
    if not sample:
        for name in LOCKS:
            figures.packages[name] = len([*(place / f"0 {name}").glob("lib/*/site-packages/*.dist-info")])
    python = python or kernels.environment(place / "room", ROOT / LOCKS[SMALL])
    chapters, repeats = (CHAPTERS[:1], 1) if sample else (CHAPTERS, STARTS)
    starts = []
    for chapter in chapters:
        runs = [asyncio.run(alone(python, specs, chapter)) for _ in range(repeats)]
        starts += [start for start, _ in runs]
        figures.runs[chapter] = sorted((run for _, run in runs), key=lambda run: run.seconds)[len(runs) // 2]
        _say(f"{chapter}: {figures.runs[chapter]}")
    figures.start = statistics.median(starts)
    asyncio.run(together(python, specs, 2 if sample else CROWD, figures))
    _say(f"{figures.crowd} at once: {figures.wall:.0f} s, {figures.total}, {figures.failures} failed")
    with kernels.lab(ROOT, place / "lab") as (_, process):
        settle([process], figures.lab, 1 if sample else 10)
    _say(f"JupyterLab: {figures.lab}")
    return figures


def _say(text: str) -> None:
    print(text, flush=True)


# The page

TOP = """\
# How many students a machine holds

For instructors who run the chapters on a server of their own. `make class` measures it anew and writes this page; who
only has students read needs none of it, see [the last section](#what-reading-costs).

## How it was measured

The environment is the one for a running chapter: what `.binder/requirements.txt` lists, in a virtual environment of its
own, without JupyterLab. Every chapter was run from its first cell to its last in a new kernel, {starts}.
Time counts from the request to run until the last cell has answered; the kernel had started before. Memory is that of
the kernel and of all that it starts: *peak* is the most that was seen meanwhile (looked at twenty times a second),
*settled* what is left two seconds after the last cell, and stays for as long as the student keeps the chapter open.
Then {crowd} kernels were started in the same moment, each ran the chapter on *Anora*, and all were kept until the last
was done.

Memory is given as what would be free again without the process (USS); for many kernels together as what they take from
the machine, pages that they share counted once (PSS). A JupyterLab server was weighed by itself, with nothing open.

- Measured on {day}.
- {machine}.

## The figures

{table}
"""

HOLDS = """
## Students per machine

Whoever has a server of their own, as on a hub, takes a JupyterLab and a kernel; where the server is one for all, or
the notebook runs in another editor, it is the kernel alone. A kernel is counted as {most:,.0f} MiB, the peak of the
chapter that takes most; a JupyterLab as {lab:,.0f} MiB; and {system} MiB are kept back for the system. (In the class of
{crowd} a kernel took {share:,.0f} MiB, since kernels on one machine share pages; in containers they may not, and the
table does not count on it.)

> students = (GiB × 1024 − {system}) ÷ MiB per student, rounded down

{table}

Memory decides how many can be there, processors how long they wait. {wait}

## What is left out

The JupyterHub itself, its proxy and its database; containers, which share less with each other than processes do; what
a student's own code takes besides; a second notebook, which is a second kernel until it is shut down; and the browser,
which does its work on the student's machine. The JupyterLab was weighed just after its start, with nothing open; with
use it can grow. Plan for some more than the table says.
"""

INSTALL = """
## The smaller environment

{table}

Both were installed from pip's cache, by `pip install --require-hashes` into a new virtual environment, in turns, {runs}
times each; the median counts. The whole environment takes {times:.1f} times as long and {more:.1f} times as many
packages.
"""

READING = """
## What reading costs

A page of the book asks nothing of Python, and so nothing of the machine but that it sends files: the document, the
timeline’s script and an icon. A browser that keeps the script and the icon asks for them once, however many pages a
reader opens; that is not counted here.

{table}

{readers:,} readers who each open *{page}* once make {readers:,} × {requests} = {all_requests:,} requests, and
{readers:,} × {each:,} bytes = {total:.1f} GB. Over one day that is {rate:.1f} requests and {flow:.0f} KB a second on
average; if half of them came within one hour, {rush:.0f} requests and {rush_flow:.1f} MB a second.
"""


def page(figures: Figures, book: Path, python: str) -> str:
    """The page, as Markdown. Raises FileNotFoundError where the book is not built."""
    most = max(run.memory.peak for run in figures.runs.values())
    both = most + figures.lab.uss
    starts = "once" if len(figures.runs) == 1 else f"{STARTS} times; the run of median time is shown"
    text = TOP.format(
        starts=starts, crowd=figures.crowd, day=date.today(), machine=_machine(python), table=_measured(figures)
    )
    text += HOLDS.format(
        most=most,
        lab=figures.lab.uss,
        crowd=figures.crowd,
        share=figures.total.peak / figures.crowd,
        system=SYSTEM,
        table=markdown.table(
            ["Memory of the machine", f"JupyterLab and kernel, {both:,.0f} MiB", f"kernel alone, {most:,.0f} MiB"],
            [[f"{gib} GiB", *(f"{(gib * 1024 - SYSTEM) // each:,.0f}" for each in (both, most))] for gib in MACHINES],
        ),
        wait=_wait(figures),
    )
    if figures.installs:
        seconds = {name: statistics.median(times) for name, times in figures.installs.items()}
        text += INSTALL.format(
            table=markdown.table(
                ["Environment", "packages", "seconds to install"],
                [[name, f"{figures.packages[name]}", f"{seconds[name]:.1f}"] for name in LOCKS],
            ),
            runs=INSTALLS,
            times=seconds[LARGE] / seconds[SMALL],
            more=figures.packages[LARGE] / figures.packages[SMALL],
        )
    return text + _reading(book)


def _measured(figures: Figures) -> str:
    rows = [["a kernel starts and answers, s", f"{figures.start:.1f}", "", "", ""]]
    for chapter, run in figures.runs.items():
        cells = (f"{run.seconds:.1f}", f"{run.memory.peak:,.0f}", f"{run.memory.uss:,.0f}", f"{run.memory.pss:,.0f}")
        rows.append([f"the chapter *{chapter.title()}*", *cells])
    total = figures.total
    cells = (f"{figures.wall:.1f}", f"{total.peak:,.0f} (PSS)", f"{total.uss:,.0f}", f"{total.pss:,.0f}")
    rows.append([f"{figures.crowd} kernels at once, each with *{CHAPTERS[0].title()}*", *cells])
    rows.append(["a JupyterLab server alone", "", "", f"{figures.lab.uss:,.0f}", f"{figures.lab.pss:,.0f}"])
    failed = f"Of the {figures.crowd} kernels, {figures.failures or 'none'} failed."
    if figures.again:
        failed += (
            f" {figures.again} found its port taken when it began, which can happen to kernels that start in the same\n"
            "moment, and was started again, as a Jupyter server does by itself."
        )
    return markdown.table(["What", "seconds", "peak, MiB", "settled, MiB", "settled, PSS, MiB"], rows) + f"\n\n{failed}"


def _wait(figures: Figures) -> str:
    cores = os.cpu_count() or 1
    each = figures.wall * cores / figures.crowd
    return (
        f"On the {cores} cores\nmeasured here, {figures.crowd} students who start their kernels and run a "
        f"whole chapter in the same moment wait\n{figures.wall:.0f} seconds for the last of them, about {each:.1f} "
        "seconds of one core for each. Filtering a timeline afterwards is the work of the browser."
    )


def _reading(book: Path) -> str:
    rows, heaviest = [], ("", 0, 0)
    [script] = (book / "_static").glob("timeline-*.js")
    for chapter in CHAPTERS:
        files = [book / "chapters" / f"{chapter}.html", script, book / "_static" / "icon.svg"]
        sent = [size(path)[1] for path in files]
        rows.append([f"*{chapter.title()}*", *(f"{number:,}" for number in (len(files), *sent, sum(sent)))])
        heaviest = max(heaviest, (chapter.title(), len(files), sum(sent)), key=lambda found: found[2])
    name, requests, each = heaviest
    day, rush = 24 * 3600, 3600 * 2
    return READING.format(
        table=markdown.table(["Page", "requests", "document, bytes in gzip", "script", "icon", "together"], rows),
        readers=READERS,
        page=name,
        requests=requests,
        all_requests=READERS * requests,
        each=each,
        total=READERS * each / 1e9,
        rate=READERS * requests / day,
        flow=READERS * each / day / 1e3,
        rush=READERS * requests / rush,
        rush_flow=READERS * each / rush / 1e6,
    )


def _machine(python: str) -> str:
    memory = psutil.virtual_memory().total / 2**30
    return f"{os.cpu_count()} cores, {memory:.0f} GiB of memory, {platform.system()} on {platform.machine()}; {python}"


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.classroom", description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "chapters" / "teaching" / "capacity.md", help="the page")
    parser.add_argument("--python", type=Path, help="of an environment that is there; without it one is made")
    parser.add_argument("--sample", action="store_true", help="two kernels, one chapter, no installation: that it runs")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        figures = measure(Path(place), given.python, given.sample)
    version = f"Python {platform.python_version()}"
    given.out.write_text(page(figures, ROOT / "_build" / "html", version), "utf-8")


if __name__ == "__main__":
    main()
