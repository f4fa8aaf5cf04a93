"""Texts that a person has read and approved of, a file each; a text that is no longer the same fails its test.

`APPROVE=1 pytest …` writes the new text before it fails: read the difference, and commit it if it is meant.
"""

from __future__ import annotations

import os
from pathlib import Path

FOLDER = Path(__file__).parent / "approved"


def same(name: str, text: str) -> None:
    """The text is what stands in the file of that name."""
    path = FOLDER / name
    before = path.read_text("utf-8") if path.exists() else ""
    text = text if text.endswith("\n") else f"{text}\n"
    if text != before and "APPROVE" in os.environ:
        FOLDER.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
    assert text == before, f"tests/approved/{name} differs; APPROVE=1 writes what it is now"
