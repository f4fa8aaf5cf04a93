"""A chapter in a real JupyterLab: run it, filter the timeline, and Python agrees."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from conftest import ROOT
from playwright.sync_api import expect


@pytest.fixture
def lab(tmp_path):
    """The address of a JupyterLab over a copy of the chapters and the data."""
    project = tmp_path / "a book, für alle"
    ignore = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")
    for name in ("chapters", "data"):
        shutil.copytree(ROOT / name, project / name, ignore=ignore)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    home = tmp_path / "home"
    settings = {  # every cell stays in the page, and no news is asked for
        "notebook-extension/tracker": {"windowingMode": "none"},
        "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    }
    for name, values in settings.items():
        file = home / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values), "utf-8")
    environment = {
        **os.environ,
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "IPYTHONDIR": str(home / "ipython"),
    }
    log = tmp_path / "lab.log"
    with log.open("w") as out:
        server = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "jupyterlab",
                "--no-browser",
                "--allow-root",
                f"--port={port}",
                "--port-retries=0",
                "--ip=127.0.0.1",
                "--IdentityProvider.token=",
                "--LabApp.extension_manager=readonly",
                "--LabApp.news_url=None",
                "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
                f"--LabApp.workspaces_dir={home / 'workspaces'}",
                f"--LabApp.user_settings_dir={home / 'settings'}",
            ],
            cwd=project / "chapters",
            env=environment,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(120):
            try:
                urllib.request.urlopen(f"{address}/api", timeout=1).close()
                break
            except OSError:
                if server.poll() is not None:
                    pytest.fail("JupyterLab did not start:\n" + log.read_text())
                time.sleep(0.5)
        else:
            pytest.fail("JupyterLab did not answer within a minute:\n" + log.read_text())
        yield address, project / "chapters"
    finally:
        server.terminate()
        server.wait(timeout=20)


def menu(page, name: str, item: str) -> None:
    page.get_by_role("menuitem", name=name, exact=True).click()
    page.get_by_role("menuitem", name=re.compile(rf"^{item}(…|\.\.\.)?(\s|$)")).filter(visible=True).first.click()


def run_all(page) -> None:
    """Run all cells; asked again where the request came before the kernel, which then swallows it."""
    timeline = page.locator("section.timeline.is-live").first
    for _ in range(6):
        menu(page, "Run", "Run All Cells")
        with contextlib.suppress(AssertionError):
            expect(timeline).to_be_visible(timeout=20_000)
            return
    pytest.fail("the timeline did not come alive")


def write(page, cell, code: str) -> None:
    """Replace a cell's code and run it."""
    cell.locator(".cm-content").click()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.insert_text(code)
    page.keyboard.press("ControlOrMeta+Enter")


@pytest.mark.parametrize("application", ["lab/tree", "notebooks"])
def test_a_chapter_runs_and_the_timeline_talks_to_python(lab, open_page, application):
    address, chapters = lab
    reader = open_page(f"{address}/{application}/anora.ipynb", height=1400)
    page = reader.page
    notebook = page.locator(".jp-Notebook")
    notebook.locator(".jp-Cell").first.wait_for(timeout=90_000)
    # Before anything runs, the stored list is there to read.
    stored = notebook.locator("section.timeline:not(.is-live) .timeline-events li")
    expect(stored.first).to_contain_text("Sources:", timeout=30_000)
    run_all(page)
    timeline = page.locator("section.timeline.is-live")
    expect(page.locator(".jp-CodeCell .jp-InputPrompt").last).to_have_text(re.compile(r"\[\d+\]:"), timeout=60_000)
    assert page.locator(".jp-OutputArea-output[data-mime-type*='error']").count() == 0

    dialog = page.locator("dialog.jp-Dialog")
    assert dialog.count() == 0, dialog.inner_text()
    status = timeline.get_by_role("status")
    count = int(re.match(r"Showing (\d+) of", status.inner_text())[1])
    expect(status).to_have_text(f"Showing {count} of {count} events")
    assert timeline.get_by_role("button", name="Copy link to this view").count() == 0
    timeline.get_by_role("searchbox", name="Search events").fill("Anderson")
    expect(status).not_to_have_text(f"Showing {count} of {count} events")
    shown = int(re.match(rf"Showing (\d+) of {count} events", status.inner_text())[1])
    assert 0 < shown < count

    cells = page.locator(".jp-CodeCell")
    cell = cells.nth(cells.evaluate_all("all => all.findIndex(cell => cell.textContent.includes('timeline.visible'))"))
    cell.locator(".cm-content").click()
    page.keyboard.press("ControlOrMeta+Enter")
    output = cell.locator(".jp-OutputArea-output").first

    def counted() -> int:
        return sum(map(int, re.findall(r"^\w+\s+(\d+)$", output.inner_text(), re.M)))

    deadline = time.monotonic() + 30
    while counted() != shown and time.monotonic() < deadline:
        page.wait_for_timeout(250)
    assert counted() == shown

    # What the page selects, Python sees; what Python sets, the page follows.
    timeline.get_by_role("button", name="Next event").click()
    write(page, cell, "print(f'<{timeline.selected}>')")
    marked = timeline.locator(".timeline-events li[aria-current]")
    name = marked.evaluate("item => item.querySelector('.event-title').textContent")
    expect(output).to_have_text(re.compile(r"<[a-z0-9-]+>"))
    selected = re.search(r"<(.+)>", output.inner_text())[1]
    write(page, cell, "print(f'<{events.loc[timeline.selected, \"title\"]}>')")
    expect(output).to_have_text(f"<{name}>")
    write(page, cell, "timeline.reset()\ntimeline.kinds = ['rule']")
    expect(timeline.get_by_role("searchbox")).to_have_value("")
    expect(timeline.get_by_role("checkbox", name="film", exact=True)).not_to_be_checked()
    expect(timeline.get_by_role("checkbox", name="rule", exact=True)).to_be_checked()
    assert selected in chapters.joinpath("../data/events.csv").read_text("utf-8")

    # Core controls, and a second timeline beside the first, move with it.
    write(
        page,
        cell,
        "import ipywidgets\nother = companion.Timeline(chapter, title='Other', name='other')\n"
        "words = ipywidgets.Text(description='Words')\n"
        "ipywidgets.link((words, 'value'), (timeline, 'query'))\n"
        "ipywidgets.link((words, 'value'), (other, 'query'))\nipywidgets.VBox([words, other])",
    )
    expect(timeline).to_have_count(2, timeout=30_000)
    page.get_by_role("textbox", name="Words").fill("contract")
    for one in (timeline.nth(0), timeline.nth(1)):
        expect(one.get_by_role("searchbox")).to_have_value("contract")
        expect(one.get_by_role("status")).not_to_have_text(f"Showing {count} of {count} events")

    # Run again, a cell shows one timeline and not two; a kernel that is gone leaves the list.
    write(page, cell, "other")
    expect(cell.locator("section.timeline.is-live")).to_have_count(1)
    write(page, cell, "other")
    page.wait_for_timeout(1000)
    expect(cell.locator("section.timeline.is-live")).to_have_count(1)
    menu(page, "Kernel", "Restart Kernel")
    page.locator(".jp-Dialog").get_by_role("button", name="Confirm Kernel Restart").click()
    page.wait_for_timeout(2000)
    expect(page.locator("section.timeline .timeline-events li").first).to_contain_text("Sources:")
    assert reader.strangers == []
    assert json.loads(Path(chapters / "anora.ipynb").read_text("utf-8"))["cells"]
