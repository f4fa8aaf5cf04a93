"""What the tests share: the built book on a local server, and a Chromium that sees nothing else."""

from __future__ import annotations

import contextlib
import csv
import fcntl
import io
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar

import pytest
import yaml
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect, sync_playwright

sys.path.insert(0, str(Path(__file__).parent))
import browser as chromium
from bench import server

expect.set_options(timeout=15_000)
ROOT = Path(__file__).resolve().parents[1]
BOOK = ROOT / "_build" / "html"
CHAPTERS = ("anora", "history", "babygirl")
ADDRESS = "https://example.org/room/"
REPOSITORY = "https://github.com/example/room"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
MOVED = {"chapters/before-the-title": "chapters/history", "old/films.html": "chapters/films"}
"""Where the book of the fixture `published` stands, what it was made from, and two pages that have moved."""
Serve = Callable[[Path], str]
Scheme = Literal["light", "dark"]
Something = TypeVar("Something")


def there(found: Something | None) -> Something:
    """What was looked for, which must have been found."""
    assert found is not None
    return found


LOCKS = there(re.search(r"^LOCKS := (.+)$", (ROOT / "Makefile").read_text("utf-8"), re.M))[1].split()


def jupyter_book(folder: Path, *options: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Build the book that lies in the folder, as `make book` does; the output is kept, and a failure is not raised."""
    command = [Path(sys.executable).with_name("jupyter-book"), "build", ".", "-W", "-n", "--keep-going", *options]
    return subprocess.run(
        command, cwd=folder, env=os.environ | environment, capture_output=True, text=True, check=False
    )


def edit(path: Path, row: int, column: str, value: str) -> None:
    """Change one cell; `row` as a spreadsheet counts it."""
    rows = list(csv.reader(io.StringIO(path.read_text("utf-8"))))
    rows[row - 1][rows[0].index(column)] = value
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    path.write_text(out.getvalue(), "utf-8")


def sampled(module: str, report: Path, *options: str | Path) -> str:
    """The report that a benchmark writes of a short sample."""
    path = os.pathsep.join((str(ROOT / "chapters"), str(ROOT / "tests")))
    done = subprocess.run(
        [sys.executable, "-m", module, "--sample", "--out", report, *options],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return report.read_text("utf-8")


@pytest.fixture(scope="session")
def serve() -> Iterator[Serve]:
    """serve(folder) -> the address at which the folder is served."""
    with contextlib.ExitStack() as servers:
        yield lambda folder: servers.enter_context(server.serve(folder))


@pytest.fixture(scope="session")
def site(serve: Serve) -> str:
    return serve(BOOK)


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The book as the publishing workflow builds it; whoever of the run's processes asks first builds it for all."""
    own = tmp_path_factory.getbasetemp()
    place = (own if worker_id == "master" else own.parent) / "published"
    place.mkdir(exist_ok=True)
    with (place / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (place / "done").exists():
            config = yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))
            config["sphinx"]["config"]["companion_redirects"] = MOVED
            config["sphinx"]["local_extensions"] = {"companion.book": str(ROOT / "chapters")}
            (place / "_config.yml").write_text(yaml.safe_dump(config), "utf-8")
            built = jupyter_book(
                ROOT,
                *("--path-output", place, "--config", place / "_config.yml"),
                BOOK_URL=ADDRESS.rstrip("/"),
                BOOK_REPOSITORY=f"{REPOSITORY}.git/",
                BOOK_REVISION=COMMIT,
            )
            assert built.returncode == 0, built.stdout + built.stderr
            (place / "done").touch()
    return place / "_build" / "html"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = chromium.find()
    if not path:
        pytest.fail(chromium.HELP)
    arguments = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]
    with sync_playwright() as playwright:
        chrome = playwright.chromium.launch(executable_path=path, args=[*arguments, *chromium.sandbox()])
        yield chrome
        chrome.close()


@dataclass
class Reader:
    """A page, and what a reader should never get: requests to others, console messages, errors."""

    page: Page
    strangers: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


class OpenPage(Protocol):
    """What the fixture `open_page` gives; the options are those of Playwright's contexts."""

    def __call__(
        self,
        address: str,
        *,
        width: int = 1280,
        height: int = 900,
        scheme: Scheme = "light",
        javascript: bool = True,
        **options: Any,
    ) -> Reader: ...


@pytest.fixture
def open_page(browser: Browser) -> Iterator[OpenPage]:
    """open_page(address, width=…, scheme=…, javascript=…) -> Reader; nothing but 127.0.0.1 and files is reached."""
    contexts: list[BrowserContext] = []

    def visit(
        address: str,
        *,
        width: int = 1280,
        height: int = 900,
        scheme: Scheme = "light",
        javascript: bool = True,
        **options: Any,
    ) -> Reader:
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, java_script_enabled=javascript, **options
        )
        contexts.append(context)
        reader = Reader(context.new_page())

        def gate(route: Route) -> None:
            url = route.request.url
            if url.startswith(("http://127.0.0.1:", "file:", "data:", "blob:")):
                route.continue_()
            else:
                reader.strangers.append(url)
                route.abort()

        context.route("**/*", gate)
        reader.page.on(
            "console",
            lambda message: reader.complaints.append(message.text) if message.type in ("error", "warning") else None,
        )
        reader.page.on("pageerror", lambda error: reader.complaints.append(str(error)))
        reader.page.goto(address, wait_until="load")
        return reader

    yield visit
    for context in contexts:
        context.close()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    stale = [report for report in terminalreporter.stats.get("failed", []) if ".ipynb" in report.nodeid]
    if stale:
        chapters = sorted({report.nodeid.partition("::")[0] for report in stale})
        terminalreporter.section("stored outputs")
        terminalreporter.line(f"Stored outputs differ from fresh ones in {', '.join(chapters)}.")
        terminalreporter.line(
            "If data or code were changed on purpose, run `make refresh`, look at the difference, "
            "and commit the chapters."
        )
