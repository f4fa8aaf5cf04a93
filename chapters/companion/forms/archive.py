"""The built pages as one archive that unpacks into one folder and opens from disk."""

from __future__ import annotations

import zipfile
from pathlib import Path

from . import NAME

LEFT_OUT = ("downloads/", ".doctrees/", ".buildinfo")
"""What a reader has no use for: the forms themselves, and Sphinx's own notes."""

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The time of every entry, so that the same contents make the same bytes."""


def entries(book: Path) -> dict[str, Path]:
    """The files that belong in the archive, by their name under the book's folder, in the order of names."""
    files = {path.relative_to(book).as_posix(): path for path in book.rglob("*") if path.is_file()}
    return {name: files[name] for name in sorted(files) if not name.startswith(LEFT_OUT)}


def write(book: Path, out: Path) -> None:
    """Write the book at the folder `book` as a zip at `out`."""
    with zipfile.ZipFile(out, "w") as archive:
        for name, path in entries(book).items():
            add(archive, f"{NAME}/{name}", path.read_bytes())


def add(archive: zipfile.ZipFile, name: str, data: bytes, how: int = zipfile.ZIP_DEFLATED) -> None:
    """Add a file that looks the same whenever and wherever it was packed."""
    entry = zipfile.ZipInfo(name, EPOCH)
    entry.create_system, entry.external_attr = 3, 0o644 << 16
    archive.writestr(entry, data, how, 9 if how == zipfile.ZIP_DEFLATED else None)
