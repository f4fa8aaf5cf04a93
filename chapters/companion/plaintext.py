"""Plain text as the data may hold it: read from a file of its own, and nothing in it that a reader does not see."""

from __future__ import annotations

import codecs
import re
import unicodedata
from pathlib import Path

from .faults import DataError, Fault

LARGEST = 4_000_000
"""Bytes that a file may have, about ten times what the largest has."""
LONGEST = 2_000
"""Characters that a cell or a field may have."""

_MARKS = {
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
# Unicode's Default_Ignorable_Code_Point (DerivedCoreProperties.txt), and the separators, the private use, the blank
# Braille cell, the annotation and replacement characters, and what is no character.
_UNSEEN = re.compile(
    "[\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164"
    "\ue000-\uf8ff\ufdd0-\ufdef\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffd-\uffff"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U0010ffff]"
)
_TAG = re.compile(r"<[A-Za-z/!?]")


def read(path: Path) -> str:
    """The text of a file, its lines ended by line feeds, its bytes that are not UTF-8 as lone surrogates (PEP 383).

    Raises DataError where there is no such file, it cannot be read, is too large or in another encoding.
    """
    label = f"{path.parent.name}/{path.name}"
    try:
        if path.is_symlink() or (path.exists() and not path.is_file()):
            raise DataError([Fault(label, rule="must be a file, not a link or a folder")])
        if (size := path.stat().st_size) > LARGEST:
            raise DataError([Fault(label, rule=f"has {size:,} bytes; it may have at most {LARGEST:,}")])
        raw = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise DataError([Fault(label, rule="the file is missing")]) from None
    except OSError as error:
        raise DataError([Fault(label, rule=f"cannot be read: {error.strerror}")]) from None
    for mark, encoding in _MARKS.items():
        if raw.startswith(mark):
            raise DataError([Fault(label, rule=f"must be UTF-8 text; this is {encoding}")])
    text = raw.decode("utf-8-sig", errors="surrogateescape")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def broken_rule(text: str) -> str:
    """The rule that a piece of text breaks; "" where it is plain and whole."""
    if re.search(r"[\ud800-\udfff]", text):
        return "must be UTF-8 text"
    if control := _CONTROL.search(text):
        return f"must not hold line breaks or other control characters: here U+{ord(control[0]):04X}"
    if unseen := _UNSEEN.search(text):
        name = unicodedata.name(unseen[0], "")
        return f"must not hold a character that nobody sees: here U+{ord(unseen[0]):04X} {name}".rstrip()
    if not unicodedata.is_normalized("NFC", text):
        return "must have its letters and accents composed (Unicode NFC)"
    if _TAG.search(text):
        return "must be plain text, without HTML tags"
    return ""


def as_bytes(text: str) -> str:
    """Text that is not UTF-8, byte by byte, to be shown."""
    return text.encode("utf-8", "surrogateescape").decode("latin-1")
