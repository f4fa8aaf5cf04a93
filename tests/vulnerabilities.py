"""What pip-audit and npm audit know of the packages in the locks, as Markdown; the workflow `audit` runs it.

`python tests/vulnerabilities.py LOCK …` needs the network and pip-audit (tests/tools.txt), and no package of the book.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PEERS = Path("tests/bench/package-lock.json")


def asked(*command: str | Path) -> dict[str, Any]:
    """The JSON object that a tool prints. Its status says nothing: it is 1 where something is found, and on a fault."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        found = json.loads(done.stdout)
    except ValueError:
        found = None
    if not isinstance(found, dict) or "error" in found:
        sys.exit(f"{command[0]} could not say: {(done.stderr or done.stdout).strip()[-2000:]}")
    return found


def in_python(lock: str) -> Iterator[str]:
    """A line for every package of a lock of pip."""
    options = ("--strict", "--disable-pip", "--require-hashes", "--format", "json")
    for package in asked("pip-audit", *options, "--requirement", lock)["dependencies"]:
        known = [
            f"{one['id']} (mended in {', '.join(one['fix_versions'])})" if one["fix_versions"] else str(one["id"])
            for one in package.get("vulns", ())
        ]
        if known:
            yield f"- `{lock}`: {package['name']} {package['version']}: {'; '.join(known)}"


def in_node() -> Iterator[str]:
    """A line for every package of the lock of npm."""
    told = asked("npm", "--prefix", PEERS.parent, "audit", "--package-lock-only", "--json")
    for package in told["vulnerabilities"].values():
        pages = "".join(f"; {one['url']}" for one in package["via"] if isinstance(one, dict))
        yield f"- `{PEERS}`: {package['name']} {package['range']}, {package['severity']}{pages}"


def main(locks: list[str]) -> int:
    """Print the report; returns 3 where something is known, else 0. Exits with a sentence where a tool cannot say."""
    lines = [*(line for lock in locks for line in in_python(lock)), *in_node()]
    if lines:
        print("Packages in the locks with known vulnerabilities, by pip-audit and npm audit:", "", *lines, sep="\n")
    else:
        print("No package in the locks has a known vulnerability.")
    return 3 if lines else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
