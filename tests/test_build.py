"""`make book`: the whole book or the one before, and the same bytes anywhere; `make serve` and `make release`."""

from __future__ import annotations

import errno
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from companion import build
from conftest import BOOK, ROOT

CLOCK = """
import time_machine
time_machine.travel(1935817689.0, tick=True).start()
"""
LEFT = "_build/html still holds the last book that was built without one."


def made(folder: Path) -> dict[str, bytes]:
    """The files of a built book."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def run(root: Path, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(root / "chapters")} | options.pop("env", {})
    return subprocess.run(
        [sys.executable, "-m", *arguments], cwd=root, env=environment, capture_output=True, text=True, check=False,
        **options,
    )  # fmt: skip


def copied(root: Path) -> Path:
    """What the repository holds of the book, as a clone has it."""
    names = ("chapters", "data", "_config.yml", "_toc.yml", "CITATION.cff", "CHANGELOG.md", "LICENSE-CONTENT")
    for name in (*names, ".binder", "requirements.txt", "LICENSE", "README.md"):
        source = ROOT / name
        leave = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")
        shutil.copytree(source, root / name, ignore=leave) if source.is_dir() else shutil.copy(source, root / name)
    return root


class TestTheSameBytes:
    def test_in_another_folder_year_zone_and_language(self, tmp_path: Path) -> None:
        """The clock stands in 2031, the zone is fourteen hours ahead, and Turkish has another lower case of I."""
        root = tmp_path / "zweite Werkstatt ä"
        root.mkdir()
        copied(root)
        clock = tmp_path / "clock"
        clock.mkdir()
        (clock / "sitecustomize.py").write_text(CLOCK, "utf-8")
        there = {
            "PYTHONPATH": os.pathsep.join((str(clock), str(root / "chapters"))),
            "PYTHONHASHSEED": "2031",
            "TZ": "<+14>-14",  # Pacific/Kiritimati, also where no zones are installed
            "LC_ALL": "tr_TR.UTF-8",
        }
        told = subprocess.run(
            [sys.executable, "-c", "import datetime; print(datetime.datetime.now())"],
            env=os.environ | there, capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert told.stdout.startswith("2031-05-06 21:08")
        done = run(root / "chapters", "companion.refresh", "anora.ipynb", env=there)
        assert done.stdout == "anora.ipynb: unchanged\n", done.stderr
        done = run(root, "companion.build", env=there)
        assert done.returncode == 0, done.stderr
        here, other = made(BOOK), made(root / "_build" / "html")
        assert sorted(here) == sorted(other)
        assert [name for name in here if here[name] != other[name]] == []

    def test_the_list_holds_every_file(self) -> None:
        names = {line.partition("  ")[2] for line in (BOOK / build.SUMS).read_text("utf-8").splitlines()}
        assert names == made(BOOK).keys() - {build.SUMS}
        if shutil.which("sha256sum"):
            done = subprocess.run(["sha256sum", "--check", "--quiet", build.SUMS], cwd=BOOK, check=False)
            assert done.returncode == 0


BUILD = "from pathlib import Path; from companion import build; build.book(Path())"


def book(root: Path, before: str = "") -> subprocess.CompletedProcess[str]:
    """Build the book of a folder, in a Python that has run `before`."""
    return subprocess.run(
        [sys.executable, "-c", f"{before}\n{BUILD}"],
        cwd=root,
        env=os.environ | {"PYTHONPATH": str(ROOT / "chapters")},
        capture_output=True,
        text=True,
        check=False,
    )


class TestTheWholeOrTheLast:
    @pytest.fixture(scope="class")
    def first(self, tmp_path_factory: pytest.TempPathFactory) -> Path:
        """A project of one page, and its book."""
        root = tmp_path_factory.mktemp("small")
        (root / "page.md").write_text("# One page\n\nIt says nothing.\n", "utf-8")
        (root / "_toc.yml").write_text("format: jb-book\nroot: page\n", "utf-8")
        (root / "_config.yml").write_text("only_build_toc_files: true\n", "utf-8")
        done = book(root)
        assert done.returncode == 0, done.stderr
        return root

    @pytest.fixture
    def small(self, first: Path, tmp_path: Path) -> Path:
        return shutil.copytree(first, tmp_path / "small")

    def is_well(self, small: Path, first: Path) -> None:
        """The last book is there, and the next build is well and leaves nothing about."""
        assert made(small / "_build" / "html") == made(first / "_build" / "html")
        (small / "page.md").write_text("# One page\n\nIt says more.\n", "utf-8")
        done = book(small)
        assert done.returncode == 0, done.stderr
        assert b"It says more." in made(small / "_build" / "html")["page.html"]
        assert sorted(path.name for path in (small / "_build").iterdir()) == ["draft", "html"]

    def test_a_fault(self, small: Path, first: Path) -> None:
        (small / "page.md").write_text("# One page\n\n```{nosuch}\n```\n", "utf-8")
        done = book(small)
        assert done.returncode == 1
        assert "page.md:3: WARNING: Unknown directive type: 'nosuch'" in done.stderr
        assert done.stderr.rstrip().endswith(LEFT)
        assert "Traceback" not in done.stderr
        assert made(small / "_build" / "html") == made(first / "_build" / "html")

    def test_a_build_that_is_killed(self, small: Path, first: Path) -> None:
        draft = small / "_build" / "draft" / "_build" / "html" / "page.html"
        draft.unlink()
        process = subprocess.Popen(
            [sys.executable, "-c", BUILD],
            cwd=small,
            env=os.environ | {"PYTHONPATH": str(ROOT / "chapters")},
            start_new_session=True,
        )
        while not draft.exists():
            assert process.poll() is None
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        self.is_well(small, first)

    def test_a_disk_that_is_full(self, small: Path, first: Path) -> None:
        """What a full disk answers, while the finished book is copied."""
        full = f"shutil.Error([(str(built), str(new), {os.strerror(errno.ENOSPC)!r})])"
        before = (
            f"import shutil\ndef copytree(built, new, **options): new.mkdir(); raise {full}\nshutil.copytree = copytree"
        )
        done = book(small, before)
        assert done.returncode == 1
        said = f"The book could not be written in _build: {os.strerror(errno.ENOSPC)}. {LEFT}"
        assert done.stderr.rstrip() == said
        self.is_well(small, first)

    def test_a_folder_that_cannot_be_written(self, first: Path, tmp_path: Path) -> None:
        for name in ("page.md", "_toc.yml", "_config.yml"):
            shutil.copy(first / name, tmp_path)
        (tmp_path / "_build").write_text("a file where a folder should be")
        done = book(tmp_path)
        assert done.returncode == 1
        said = f"The book could not be written in _build: {os.strerror(errno.ENOTDIR)}."
        assert done.stderr == f"{said} There is no book in _build/html yet.\n"


class TestServe:
    def test_a_port_in_use(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            done = run(ROOT, "companion.serve", str(port))
        assert done.returncode == 1
        assert done.stderr == (
            f"Port {port} cannot be used: {os.strerror(errno.EADDRINUSE)}. Take another: make serve PORT={port + 1}\n"
        )


class TestRelease:
    """`make -n` would not run the conditions, so they are run as the Makefile has them."""

    @pytest.fixture
    def lines(self) -> list[str]:
        rule = re.search(r"^release:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text("utf-8"), re.M)
        assert rule
        return [line.strip().lstrip("@").replace("$$", "$") for line in rule[1].splitlines()]

    def shell(self, command: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
        clean = {name: value for name, value in os.environ.items() if name != "BOOK_REPOSITORY"}
        return subprocess.run(
            ["bash", "-eu", "-c", command],
            cwd=folder,
            env=clean | environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def test_it_says_what_it_lacks(self, lines: list[str], tmp_path: Path) -> None:
        address, clean = lines[:2]
        refused = self.shell(address, tmp_path)
        assert refused.returncode == 1
        assert "BOOK_REPOSITORY=https://github.com/owner/name make release" in refused.stdout
        assert self.shell(address, tmp_path, BOOK_REPOSITORY="https://github.com/owner/name").returncode == 0
        subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
        assert self.shell(clean, tmp_path).returncode == 0
        (tmp_path / "page.md").write_text("changed")
        refused = self.shell(clean, tmp_path)
        assert refused.returncode == 1
        assert "not committed" in refused.stdout
        assert "page.md" in refused.stdout
