"""`python -m companion [FOLDER]`: check the tables alone, say what they cover; exits with 1 where they break a rule."""

from __future__ import annotations

import sys
from pathlib import Path

from . import coverage
from .data import FOLDER, check, load
from .faults import DataError


def main(folder: Path = FOLDER) -> int:
    """Check the tables in a folder and print what they cover, or their faults; returns the exit status."""
    faults = check(folder)
    if faults:
        print(DataError(faults), file=sys.stderr)
        return 1
    tables = load(folder)
    print("The data are well: " + ", ".join(f"{name} {len(table)}" for name, table in tables.items()) + ".")
    print(coverage.report(tables))
    return 0


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:2])))
