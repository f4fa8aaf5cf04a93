"""What reads data/ is attacked: whatever is in the files, they load with every row, or every fault is named.

`make test` tries a few mutants of each kind, `make fuzz` ten thousand in all. A failure names its mutant by kind and
number, and `mutant(kind, number, folder)` makes it again.
"""

from __future__ import annotations

import csv
import io
import os
import re
import resource
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest
from companion import DataError, Fault, load
from companion.data import Tables
from conftest import ROOT
from mutations import BIDIRECTIONAL, CONTROLS, MUTATIONS, UNSEEN

csv.field_size_limit(100_000_000)
MUTANTS = int(os.environ.get("MUTANTS", "150"))
SECONDS = 5
"""The processor time that one mutant may take."""
BYTES = 1_000_000_000
"""The memory that the process may take, its libraries and all."""
DECEIT = re.compile(rf"[{re.escape((BIDIRECTIONAL + UNSEEN + CONTROLS).replace(chr(10), ''))}]|</?\w")
"""What is not seen as what it is."""
FORMULA = re.compile(r"^(?:[=+@＝＋－＠]|-(?!\d))", re.M)
"""What a spreadsheet runs."""


def mutant(kind: str, number: int, folder: Path) -> None:
    """Make the folder a copy of data/ that is spoiled in one way."""
    shutil.copytree(ROOT / "data", folder)
    MUTATIONS[kind](Random(f"{kind} {number}"), folder)


class TooSlow(BaseException):
    """Not an Exception, so that nothing takes it for a fault of the data."""


@contextmanager
def hurry(seconds: float) -> Iterator[None]:
    def stop(*_: object) -> None:
        raise TooSlow

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def attack(folder: Path) -> str:
    """What is wrong with how the folder is read; "" where it loads with every row or every fault is named."""
    start = time.process_time()
    try:
        with hurry(2 * SECONDS):
            try:
                found = lost(folder, load(folder))
            except DataError as error:
                found = unnamed(folder, error)
    except TooSlow:
        return "it takes too long"
    except Exception as error:  # a bare traceback is what is looked for
        return f"{type(error).__name__}: {str(error)[:200]}"
    if (spent := time.process_time() - start) > SECONDS:
        return f"it takes {spent:.1f} s"
    if (taken := resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024) > BYTES:
        return f"it takes {taken:,} bytes"
    return found


def lost(folder: Path, tables: Tables) -> str:
    """What the files hold and the tables do not, or what no table should hold."""
    for path in sorted(folder.glob("*.csv")):
        header, *records = csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline=""))
        frame = tables.get(path.stem)
        if frame is None:
            return f"{path.name} is left out"
        rows = [["" if cell != cell else ";".join(cell) if isinstance(cell, tuple) else str(cell) for cell in row]
                for row in frame[header].to_numpy().tolist()]  # fmt: skip
        if rows != records:
            return f"{path.name} has {len(records)} rows, and not all came as they are"
        cells = "\n".join(map("\n".join, records))
        if harm := DECEIT.search(cells) or FORMULA.search(cells):
            return f"{path.name} holds {harm[0]!r}"
    if harm := DECEIT.search("\n".join(tables["sources"].drop(columns="copy").to_numpy().ravel())):
        return f"sources.bib holds {harm[0]!r}"
    keys = re.findall(r"^\s*@\s*\w+\s*[{(]\s*([^\s,]*)", (folder / "sources.bib").read_text("utf-8-sig"), re.M)
    if keys != list(tables.sources["id"]):
        return f"sources.bib has {len(keys)} entries, and {len(tables.sources)} came"
    return ""


def unnamed(folder: Path, error: DataError) -> str:
    """The first fault that does not say where it is and which rule is broken."""
    files: dict[str, list[list[str]]] = {}
    for fault in error.faults:
        said = str(fault)
        name = fault.file.removeprefix(f"{folder.name}/")
        if "/" in name or not fault.rule or not said.startswith(fault.file):
            return f"not named: {said[:200]}"
        if not said.isprintable() or len(said) > 2_000:
            return f"not one plain line: {said[:200]!r}"
        if name.endswith(".csv") and fault.row is not None and fault.row > 1:
            if name not in files:
                text = (folder / name).read_bytes().decode("utf-8-sig", "surrogateescape")
                files[name] = list(csv.reader(io.StringIO(text, newline="")))
            if wrong := misplaced(fault, files[name]):
                return f"{wrong}: {said[:200]}"
    return "" if error.faults else "no fault is named"


def misplaced(fault: Fault, records: list[list[str]]) -> str:
    """What is wrong with where a fault of a table is said to be."""
    if not fault.column or not fault.row:
        return ""
    record = records[fault.row - 1]
    if fault.rule.startswith("the row has"):
        return ""
    if fault.column not in records[0]:
        return "no such column"
    cell = record[records[0].index(fault.column)]
    shown = cell.encode("utf-8", "surrogateescape").decode("latin-1") if "UTF-8" in fault.rule else cell
    return "" if fault.value in shown and fault.id in ("", record[0]) else "another value"


@pytest.mark.parametrize("kind", MUTATIONS)
def test_a_mutant_loads_whole_or_names_its_faults(kind: str, tmp_path: Path) -> None:
    for number in range(-(-MUTANTS // len(MUTATIONS))):
        folder = tmp_path / str(number) / "data"
        mutant(kind, number, folder)
        assert attack(folder) == "", f"mutant({kind!r}, {number}, folder)"
        shutil.rmtree(folder.parent)
