"""`python -m companion.links [FILE]`: which addresses of the bibliography still answer, in Markdown.

Exits with 3 where one is gone. Most sites that answer a reader refuse a program now and then, so only 404, 410 and a
host without an address count as gone, and only when said twice; every other failure means that nothing was learned.
"""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import quote, urlsplit
from urllib.request import Request, urlopen

from . import bibliography
from .data import FOLDER
from .dates import in_words

WELL, GONE, UNKNOWN = "well", "gone", "unknown"
WAIT = 20
PAUSE = 3
"""Seconds to wait for an answer, and before a request."""


def request(address: str, purpose: str, method: str | None = None, data: bytes | None = None) -> Request:
    """A request that says who asks, and what for."""
    about = " ".join(filter(None, [f"who-is-in-the-room ({purpose})", os.environ.get("BOOK_REPOSITORY")]))
    # Only what is not ASCII is quoted: the rest of an address stands as its site wrote it.
    quoted = quote(address, safe="!#$%&'()*+,/:;=?@[]~")
    return Request(quoted, data, {"User-Agent": about}, method=method)


def silence(error: Exception) -> str:
    """Why there was no answer, in words."""
    reason = getattr(error, "reason", error)
    return "no answer in time" if isinstance(reason, TimeoutError) else type(reason).__name__


def ask(address: str, method: str, wait: float) -> tuple[str, str]:
    """What one request says: the state, and the reason where it is not well. Redirects are followed."""
    try:
        with urlopen(request(address, "weekly check of links", method), timeout=wait):
            return WELL, ""
    except HTTPError as error:
        error.close()
        return (GONE if error.code in (404, 410) else UNKNOWN), str(error.code)
    except (OSError, HTTPException, ValueError) as error:
        reason = getattr(error, "reason", error)
        # Where names cannot be resolved for now, nothing is known of the host.
        if isinstance(reason, socket.gaierror) and reason.errno != socket.EAI_AGAIN:
            return GONE, "no such host"
        return UNKNOWN, silence(error)


def check(address: str, wait: float = WAIT, pause: float = PAUSE) -> tuple[str, str]:
    """The state of an address. Some servers answer only GET, so a HEAD that fails is no verdict."""
    for _ in range(2):
        for method in ("HEAD", "GET"):
            time.sleep(pause)
            state, reason = ask(address, method, wait)
            if state == WELL or reason == "429":
                return state, reason
        if state != GONE:
            break
    return state, reason


def check_all(addresses: Iterable[str], wait: float = WAIT, pause: float = PAUSE) -> dict[str, tuple[str, str]]:
    """The state of every address. Hosts are asked side by side, each one request at a time."""
    hosts: dict[str, list[str]] = {}
    for address in dict.fromkeys(addresses):
        hosts.setdefault(urlsplit(address).netloc.lower(), []).append(address)
    with ThreadPoolExecutor(16) as pool:
        found = pool.map(lambda mine: {address: check(address, wait, pause) for address in mine}, hosts.values())
        return {address: state for states in found for address, state in states.items()}


def report(sources: dict[str, bibliography.Source], states: dict[str, tuple[str, str]]) -> str:
    """The Markdown for sources by key, with the copy in a web archive where one is known."""
    lists: dict[str, list[str]] = {GONE: [], UNKNOWN: []}
    for key, source in sources.items():
        state, reason = states[source["url"]]
        if state in lists:
            copy = f"; archived on {in_words(source['archivedate'])}: <{source['archiveurl']}>"
            lists[state].append(f"- `{key}`: <{source['url']}> ({reason}){copy if source['archiveurl'] else ''}")
    answered = len(sources) - sum(map(len, lists.values()))
    text = [f"{answered} of {len(sources)} addresses in `data/sources.bib` answered."]
    titles = {GONE: "Gone (asked twice)", UNKNOWN: "Could not be checked"}
    return "\n\n".join(text + [f"## {titles[state]}\n\n" + "\n".join(rows) for state, rows in lists.items() if rows])


def main(path: Path = FOLDER / "sources.bib", *, wait: float = WAIT, pause: float = PAUSE) -> int:
    """Check the bibliography at `path` and print the report; returns the exit status."""
    entries, faults = bibliography.read(path)
    if faults:
        print(*faults, sep="\n", file=sys.stderr)
        return 1
    states = check_all([source["url"] for source in entries.values()], wait, pause)
    print(report(entries, states))
    return 3 if any(state == GONE for state, _ in states.values()) else 0


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:2])))
