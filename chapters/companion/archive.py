"""`python -m companion.archive [KEY …]`: captures in the Wayback Machine for sources without an archived address.

For each source it asks for the capture closest to the day on which the source was read, and prints it with the days
between; `--record` also writes it into data/sources.bib, `--save` has a new one made where none is near. What is
recorded is not asked for again, so a run that was stopped goes on where it was. Exits with 1 where a source could not
be asked about or its capture not be recorded.

Two interfaces of the Internet Archive are used as they are documented: availability
(https://archive.org/help/wayback_api.php) and, with the keys of an account, Save Page Now 2 (described where
https://web.archive.org/save says so).
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import re
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from email.message import Message
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode, urlsplit
from urllib.request import urlopen

from . import bibliography, dates, links
from .data import FOLDER

KEYS = ("IA_ACCESS_KEY_ID", "IA_SECRET_ACCESS_KEY")
"""The environment variables with the keys of an account, named as other programs for the Internet Archive name them."""

NEAR = 30
"""Days from the day of reading within which a capture is taken to show what was read."""

LONGEST = 300
"""Seconds that a run waits when the archive asks for it; it ends where the archive asks for more."""

POLLS = 60
"""How often the state of a new capture is asked for. The archive gives a capture two minutes, and more in a queue."""

IN_A_ROW = 3
"""Sources without a usable answer, one after the other, that end a run."""

FORM = "the answer has not the documented form"

ACCOUNT = {"error:user-session-limit", "error:max-daily-bandwidth", "error:max-daily-bandwidth-from-ip"}
"""What Save Page Now refuses to whoever asks, not to one page."""


class NoCapture(Exception):
    """The archive has no capture of this source, or can make none."""


class Trouble(Exception):
    """There was no usable answer for this source, or its capture could not be recorded."""


class Stop(Exception):
    """To go on asking would be useless or rude."""


@dataclass(frozen=True)
class Capture:
    """A page as it was at one moment; `stamp` is the moment in UTC, YYYYMMDDhhmmss."""

    address: str
    stamp: str

    @property
    def date(self) -> str:
        """The day in ISO 8601."""
        return f"{self.stamp[:4]}-{self.stamp[4:6]}-{self.stamp[6:8]}"


@dataclass(frozen=True)
class Wayback:
    """The Wayback Machine, asked one thing at a time.

    `keys` is "access:secret" or "". In seconds: `wait` is how long an answer may take, `pause` stands before every
    request, `breath` before asking again where the archive is busy and names no time itself.
    """

    available: str = "https://archive.org/wayback/available"
    saving: str = "https://web.archive.org/save"
    keys: str = ""
    wait: float = 30
    pause: float = 5
    breath: float = 60

    def closest(self, url: str, day: str) -> Capture:
        """The capture of an address that is closest to a date (EDTF level 0). Raises NoCapture, Trouble and Stop."""
        # The index knows no scheme, and asked with https:// the interface has been seen to miss captures that it finds
        # without (https://github.com/internetarchive/wayback/issues/296).
        page = re.sub(r"^https?://", "", url)
        address = f"{self.available}?{urlencode({'url': page, 'timestamp': day.replace('-', '')})}"
        for _ in range(2):  # an empty answer can also mean that the index was slow, so it counts only when said twice
            match self._ask(address):
                case {"archived_snapshots": {"closest": {"available": True, "status": "200"} as found}}:
                    return _capture(found.get("url"), found.get("timestamp"), url)
                case {"archived_snapshots": {}}:
                    continue
                case _:
                    raise Trouble(FORM)
        raise NoCapture("no capture is known")

    def save(self, url: str) -> Capture:
        """A capture of an address made now, which takes a minute or so. Raises NoCapture, Trouble and Stop."""
        job = self._ask(self.saving, urlencode({"url": url, "skip_first_archive": "1"}).encode())
        _refused(job)
        if not isinstance(job.get("job_id"), str):
            raise Trouble(f"no capture was begun: {job.get('message', FORM)}")
        for _ in range(POLLS):
            state = self._ask(f"{self.saving}/status/{quote(job['job_id'], safe='')}")
            _refused(state)
            if state.get("status") == "success":
                stamp = state.get("timestamp")
                return _capture(f"https://web.archive.org/web/{stamp}/{state.get('original_url')}", stamp, url)
        raise NoCapture("a capture was begun and is not ready; ask again within the hour")

    def _ask(self, address: str, data: bytes | None = None, again: bool = True) -> dict[str, Any]:
        """The JSON object that an address answers. Where the archive is busy, it is asked once more after a wait."""
        request = links.request(address, "archived addresses of sources", data=data)
        request.add_header("Accept", "application/json")
        if self.keys and address.startswith(self.saving):
            request.add_unredirected_header("Authorization", f"LOW {self.keys}")
        time.sleep(self.pause)
        try:
            with urlopen(request, timeout=self.wait) as answer:
                found = json.load(answer)
        except HTTPError as error:
            error.close()
            time.sleep(self._delay(error, again))
            return self._ask(address, data, again=False)
        except ValueError:
            raise Trouble("the answer is not JSON") from None
        except (OSError, HTTPException) as error:
            if isinstance(error, URLError) and not isinstance(error.reason, TimeoutError):
                host = urlsplit(address).netloc
                raise Stop(f"{host} cannot be reached ({error.reason}). Is there a network here?") from None
            raise Trouble(links.silence(error)) from None
        if not isinstance(found, dict):
            raise Trouble(FORM)
        return found

    def _delay(self, error: HTTPError, again: bool) -> float:
        """The seconds after which a request is worth repeating. Raises Trouble and Stop where it is not."""
        if error.code == 401 and self.keys:
            raise Stop(f"the archive does not accept the keys in {' and '.join(KEYS)}.")
        if error.code != 429 and error.code < 500:
            raise Trouble(f"the archive answered {error.code}")
        delay = _retry_after(error.headers, self.breath)
        if again and delay <= LONGEST:
            return delay
        if error.code == 429:
            raise Stop(f"the archive asks to slow down; run this again in {max(delay, LONGEST) / 60:.0f} minutes.")
        raise Trouble(f"the archive answered {error.code}")


def _retry_after(headers: Message, otherwise: float) -> float:
    """The seconds that Retry-After names, as a number or as a date."""
    value = headers.get("Retry-After", "")
    if value.isdecimal():
        return int(value)
    try:
        return max(0, parsedate_to_datetime(value).timestamp() - time.time())
    except ValueError:
        return otherwise


def _capture(address: object, stamp: object, url: str) -> Capture:
    """A capture of the address `url` that may stand in the bibliography. Raises NoCapture and Trouble."""
    if not isinstance(address, str) or not isinstance(stamp, str) or not re.fullmatch(r"\d{14}", stamp):
        raise Trouble(FORM)
    found = Capture(re.sub(r"^http:", "https:", address), stamp)
    for _, _, rule in bibliography.archive_faults(url, found.address, found.date):
        raise NoCapture(f"{found.address} is no capture of this source: it {rule}")
    return found


def _refused(answer: dict[str, Any]) -> None:
    """Raise what an answer of Save Page Now means that is an error, which comes with the status 200."""
    if answer.get("status") == "error":
        code = answer.get("status_ext", "")
        why = f"{answer.get('message', 'no reason is given')} ({code})"
        raise Stop(f"Save Page Now takes no more: {why}.") if code in ACCOUNT else NoCapture(f"none can be made: {why}")


def distance(captured: str, read: str) -> int:
    """Days from the reading (EDTF level 0) to a capture, negative where that was before; 0 within a month or year."""
    day, (first, last) = dt.date.fromisoformat(captured), dates.span(read)
    return min((day - first).days, 0) or max((day - last).days, 0)


def find(wayback: Wayback, source: bibliography.Source, near: int = NEAR, save: bool = False) -> Capture:
    """The capture to propose for a source; with `save` a new one where none is near and one of today would be.

    Raises NoCapture, Trouble and Stop.
    """
    read, today = source["urldate"], dt.datetime.now(dt.UTC).date().isoformat()
    try:
        found = wayback.closest(source["url"], read)
    except NoCapture:
        if not save:
            raise
    else:
        if not save or abs(distance(found.date, read)) <= near or abs(distance(today, read)) > near:
            return found
    return wayback.save(source["url"])


def with_capture(text: str, key: str, capture: Capture) -> str:
    """The BibTeX with two lines more, after that of the entry's `urldate` and in its form, and nothing else changed.

    Raises Trouble where that line does not stand by itself.
    """
    entry = re.search(rf"^[ \t]*@\w+\s*\{{\s*{re.escape(key)}\s*,.*?(?=^[ \t]*@|\Z)", text, re.M | re.S)
    line = entry and re.search(r"^([ \t]*)(urldate[ \t]*)=([ \t]*)\{.*\},[ \t]*(\r?\n)", entry[0], re.M | re.I)
    if not entry or not line:
        raise Trouble("not recorded: its urldate must stand on a line of its own that ends with a comma")
    indent, name, gap, end = line.groups()
    new = "".join(
        f"{indent}{field:<{len(name)}}={gap}{{{value}}},{end}"
        for field, value in (("archiveurl", capture.address), ("archivedate", capture.date))
    )
    at = entry.start() + line.end()
    return text[:at] + new + text[at:]


def record(path: Path, key: str, capture: Capture) -> None:
    """Write a capture into an entry of a BibTeX file, which stays as it is where it would not be well afterwards.

    Raises Trouble.
    """
    changed = with_capture(path.read_bytes().decode("utf-8"), key, capture).encode("utf-8")
    expected, _ = bibliography.read(path)
    expected[key] |= {"archiveurl": capture.address, "archivedate": capture.date}
    with tempfile.TemporaryDirectory() as folder:
        draft = Path(folder) / path.name
        draft.write_bytes(changed)
        entries, faults = bibliography.read(draft)
    if faults or entries != expected:
        raise Trouble(f"not recorded: {faults[0] if faults else 'other entries would change'}")
    path.write_bytes(changed)


def propose(wayback: Wayback, todo: dict[str, bibliography.Source], options: argparse.Namespace) -> int:
    """Print the table of captures for sources by key, and record those that are near where `options` say so.

    Returns how many sources could not be asked about, or their capture not be recorded. Raises Stop.
    """
    width = max(map(len, todo))
    print(f"{'source':<{width}}  captured      days       capture")
    troubled = in_a_row = recorded = 0
    for key, source in todo.items():
        row = f"{key:<{width}}"
        try:
            capture = find(wayback, source, options.within, options.save)
            in_a_row = 0
            days = distance(capture.date, source["urldate"])
            far = abs(days) > options.within
            row += f"  {capture.date}  {days:>+6}  {'far' if far else '':<3}  {capture.address}"
            if options.record and not far:
                record(options.file, key, capture)
                recorded += 1
        except NoCapture as reason:
            in_a_row = 0
            row += f"  {reason}"
        except Trouble as reason:
            in_a_row += 1
            troubled += 1
            row += f"  {reason}"
        print(row, flush=True)
        if in_a_row == IN_A_ROW:
            raise Stop(f"{IN_A_ROW} sources in a row had no usable answer. Run this again later.")
    print(f"{recorded} recorded in {options.file.name}.")
    return troubled


def main(arguments: Sequence[str] | None = None, **timing: Any) -> int:
    """Run the command; `timing` sets `wait`, `pause` and `breath` of Wayback. Returns the exit status."""
    parser = argparse.ArgumentParser("python -m companion.archive", description=(__doc__ or "").split("\n\n")[1])
    parser.add_argument("keys", metavar="KEY", nargs="*", help="sources; without, all that have no archived address")
    parser.add_argument("--record", action="store_true", help="write what is near into the bibliography")
    parser.add_argument("--save", action="store_true", help="have a capture made where none is near")
    parser.add_argument("--within", metavar="DAYS", type=int, default=NEAR, help="what is near (default: %(default)s)")
    parser.add_argument("--file", type=Path, default=FOLDER / "sources.bib", help="the bibliography")
    parser.add_argument("--server", help="asked in place of archive.org and web.archive.org, for tests")
    options = parser.parse_args(arguments)
    entries, faults = bibliography.read(options.file)
    if faults:
        print(*faults, sep="\n", file=sys.stderr)
        return 1
    for key in options.keys:
        if key not in entries:
            parser.error(f"there is no source {key!r} in {options.file.name}")
    keys = [os.environ.get(name, "") for name in KEYS]
    if options.save and not all(keys):
        parser.error(f"--save needs {' and '.join(KEYS)}; https://archive.org/account/s3.php shows an account its keys")
    wayback = Wayback(keys=":".join(keys) if options.save else "", **timing)
    if options.server:
        wayback = replace(wayback, available=f"{options.server}/wayback/available", saving=f"{options.server}/save")
    chosen = {key: entries[key] for key in options.keys or entries}
    todo = {key: source for key, source in chosen.items() if not source["archiveurl"]}
    if not todo:
        print("Nothing to do: each has an archived address.")
        return 0
    try:
        return 1 if propose(wayback, todo, options) else 0
    except Stop as stop:
        print(f"Stopped: {stop}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped. What was recorded stays.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
