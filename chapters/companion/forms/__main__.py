"""`make forms`: the EPUB, the archive of the pages, and, where a Chromium is named, the PDF."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

from sphinx.errors import ConfigError

from . import NAME, archive, edition, epub, pdf

ROOT = Path(__file__).resolve().parents[3]


def main() -> None:
    """Make the forms that the command line asks for; exits with a sentence where the book cannot be read."""
    parser = argparse.ArgumentParser(prog="python -m companion.forms", description=__doc__)
    parser.add_argument("book", type=Path, help="the built book: the folder with index.html")
    parser.add_argument("out", type=Path, help="the folder for the forms; made if it is not there")
    parser.add_argument("--source", type=Path, default=ROOT, help="the folder with _toc.yml and CITATION.cff")
    parser.add_argument("--chromium", help="the Chromium that prints the PDF; without one there is no PDF")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    try:
        whole = edition.read(options.book, options.source)
    except (OSError, ValueError, ConfigError) as fault:
        sys.exit(f"The forms were not made: {fault}")
    base = options.out / NAME
    _made(Path(f"{base}.epub"), lambda path: epub.write(whole, path))
    _made(Path(f"{base}-html.zip"), lambda path: archive.write(options.book, path))
    if options.chromium:
        _made(Path(f"{base}.pdf"), lambda path: pdf.write(whole, path, options.chromium))


def _made(path: Path, write: Callable[[Path], None]) -> None:
    start = time.perf_counter()
    write(path)
    print(f"{path}: {path.stat().st_size / 1e6:.1f} MB in {time.perf_counter() - start:.0f} s", flush=True)


main()
