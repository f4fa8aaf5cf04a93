"""`make mutants`: which share of the mutants the tests have noticed, module by module, and those that they have not.

python tests/mutation_score.py FOLDER [LEAST]: reads what mutmut left in a folder; exits with 1 below the least share.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

from mutmut.stats import status_by_exit_code

NOTICED = {"killed", "timeout", "segfault", "suspicious"}


def read(folder: Path) -> dict[str, dict[str, str]]:
    """What became of every mutant, by module and name."""
    found = {}
    for path in sorted((folder / "mutants" / "src").rglob("*.meta")):
        module = path.relative_to(folder / "mutants" / "src").with_suffix("").with_suffix("").as_posix()
        codes = json.loads(path.read_text("utf-8"))["exit_code_by_key"]
        # What an earlier run left may be of a module that is gone.
        if codes and (folder / "src" / f"{module}.py").exists():
            found[module] = {name: status_by_exit_code[code] for name, code in codes.items()}
    return found


def main(folder: Path, least: float = 0.85) -> int:
    """Print the table and the names; returns the exit status."""
    counts = {module: Counter(states.values()) for module, states in read(folder).items()}
    counts["all"] = sum(counts.values(), Counter())
    print(f"{'module':32} {'mutants':>7} {'noticed':>7} {'share':>6}  others")
    for module, count in counts.items():
        noticed = sum(count[state] for state in NOTICED)
        others = ", ".join(f"{number} {state}" for state, number in count.items() if state != "killed")
        print(f"{module:32} {count.total():7} {noticed:7} {noticed / count.total():6.1%}  {others}")
    print("\n`mutmut show NAME` in that folder shows what was changed in")
    for states in read(folder).values():
        print(*(f"{name} ({state})" for name, state in states.items() if state not in NOTICED), sep="\n")
    return 1 if noticed / count.total() < least else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), *map(float, sys.argv[2:3])))
