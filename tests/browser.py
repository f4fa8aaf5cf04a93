"""Find a Chromium for the tests; run as a program, get one if there is none."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
HELP = """No Chromium was found, and none could be fetched. Any one of these helps; then run `make test` again:
  - Debian or Ubuntu:  sudo apt-get install chromium
  - macOS or others:   .venv/bin/playwright install chromium
  - a Chromium or Chrome that is somewhere else:  CHROMIUM=/path/to/it make test"""


def find() -> str | None:
    """The path of a Chromium: the one that CHROMIUM names, an installed one, or Playwright's own."""
    named = os.environ.get("CHROMIUM")
    if named:
        return named
    installed = next(filter(None, map(shutil.which, NAMES)), None)
    if installed:
        return installed
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def get() -> str | None:
    """As `find`, after trying Playwright's download and, as root on Debian, the package."""
    commands = [[sys.executable, "-m", "playwright", "install", "chromium"]]
    if shutil.which("apt-get") and os.geteuid() == 0:
        commands += [["apt-get", "update", "--quiet"], ["apt-get", "install", "--quiet", "--yes", "chromium"]]
    for command in commands:
        if find():
            break
        print("No Chromium found; trying:", " ".join(command), flush=True)
        subprocess.run(command, check=False, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})
    return find()


def sandbox() -> list[str]:
    """Chromium's argument for root, who cannot have its sandbox."""
    return ["--no-sandbox"] if os.name == "posix" and os.geteuid() == 0 else []


if __name__ == "__main__":
    path = get()
    print(f"Chromium for the tests: {path}" if path else HELP)
    sys.exit(not path)
