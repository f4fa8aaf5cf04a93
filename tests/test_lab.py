"""A chapter in a real JupyterLab: run it, filter the timeline, and Python agrees."""

from __future__ import annotations

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


def test_a_chapter_runs_and_the_timeline_talks_to_python(lab, open_page):
    address, chapters = lab
    reader = open_page(f"{address}/lab/tree/anora.ipynb", height=1400)
    page = reader.page
    notebook = page.locator(".jp-Notebook")
    notebook.locator(".jp-Cell").first.wait_for(timeout=90_000)
    # Before anything runs, the stored list is there to read.
    expect(notebook.locator("section.timeline:not(.is-live) ol > li").first).to_contain_text("Sources:", timeout=30_000)
    kernel = page.get_by_role("button", name=re.compile(r"ipykernel\) \| Idle"))
    expect(kernel).to_be_visible(timeout=90_000)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    timeline = page.locator("section.timeline.is-live")
    expect(timeline).to_be_visible(timeout=120_000)
    expect(kernel).to_be_visible(timeout=120_000)
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

    cell = page.locator(".jp-CodeCell", has_text="timeline.visible").first
    cell.locator(".cm-content").click()
    page.keyboard.press("Shift+Enter")
    output = cell.locator(".jp-OutputArea-output").first

    def counted() -> int:
        return sum(map(int, re.findall(r"^\w+\s+(\d+)$", output.inner_text(), re.M)))

    deadline = time.monotonic() + 30
    while counted() != shown and time.monotonic() < deadline:
        page.wait_for_timeout(250)
    assert counted() == shown

    # The other way round: Python sets the view, the page follows.
    cell.locator(".cm-content").click()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.insert_text("timeline.reset()\ntimeline.kinds = ['rule']")
    page.keyboard.press("Shift+Enter")
    expect(timeline.get_by_role("searchbox")).to_have_value("")
    expect(timeline.get_by_role("checkbox", name="film", exact=True)).not_to_be_checked()
    expect(timeline.get_by_role("checkbox", name="rule", exact=True)).to_be_checked()
    assert reader.strangers == []
    assert json.loads(Path(chapters / "anora.ipynb").read_text("utf-8"))["cells"]
