"""What comes from elsewhere: each lock holds what its input asks for, pinned and hashed, nothing is installed that no
lock names, and nothing in the built book is another project's file.
"""

from __future__ import annotations

import itertools
import json
import os
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from companion import pages
from conftest import BOOK, LOCKS, ROOT
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

PEERS = ROOT / "tests" / "bench"
KINDS = ("dependencies", "devDependencies", "optionalDependencies", "peerDependencies")


# The locks of Python packages


@dataclass
class Pin:
    """One version in a lock: its hashes, and who asks for it: packages, and files as `-r` or `-c` and their path."""

    requirement: Requirement
    hashes: set[str] = field(default_factory=set)
    via: set[str] = field(default_factory=set)

    @property
    def name(self) -> str:
        return canonicalize_name(self.requirement.name)

    @property
    def version(self) -> str:
        [specifier] = self.requirement.specifier
        return specifier.version


def pins_of(lock: Path) -> list[Pin]:
    """What a lock holds; raises ValueError, with the line, where it holds anything else."""
    pins: list[Pin] = []
    for number, line in enumerate(lock.read_text("utf-8").splitlines(), 1):
        words = line.removesuffix("\\").strip()
        if words and not line.startswith((" ", "#")):
            requirement = _requirement(words, f"{lock}, line {number}")
            if [specifier.operator for specifier in requirement.specifier] != ["=="]:
                raise ValueError(f"{lock}, line {number}: {words!r} is not pinned by ==")
            pins.append(Pin(requirement))
        elif found := re.fullmatch(r"--hash=(sha256:[0-9a-f]{64})", words):
            pins[-1].hashes.add(found[1])
        elif pins and (found := re.fullmatch(r"#(?: via|  )(?: (.+))?", words)):
            pins[-1].via |= {found[1]} - {None}
        elif words:
            raise ValueError(f"{lock}, line {number}: {words!r} is no pin, no hash and no source of one")
    return pins


def _requirement(words: str, place: str) -> Requirement:
    try:
        return Requirement(words)
    except InvalidRequirement as error:
        raise ValueError(f"{place}: {words!r} is not a requirement: {error}") from None


def asked(source: Path, mark: str = "-r") -> dict[tuple[str, Path], dict[str, list[Requirement]]]:
    """What an input asks for and, as `-c`, what limits it: by mark and file, the requirements of each package."""
    here: dict[str, list[Requirement]] = {}
    found = {(mark, source): here}
    for line in source.read_text("utf-8").splitlines():
        words = re.sub(r"(^|\s)#.*|\\$|--hash=.*", "", line).strip()
        if other := re.fullmatch(r"(-[rc]) (.+)", words):
            path = Path(os.path.normpath(source.parent / other[2]))
            found |= asked(path, "-c" if "-c" in (mark, other[1]) else "-r")
        elif words:
            requirement = _requirement(words, str(source))
            here.setdefault(canonicalize_name(requirement.name), []).append(requirement)
    return found


def disagreements(source: Path, lock: Path, root: Path) -> list[str]:
    """Where a lock is not what its input would give, and where it is no lock; `root` is what its notes start from."""
    pins, files = pins_of(lock), asked(source)
    names = {pin.name for pin in pins}
    found = [f"{pin.name} has no hash" for pin in pins if not pin.hashes]
    found += [f"nothing asks for {pin.name}" for pin in pins if all(via.startswith("-c ") for via in pin.via)]
    told = {(pin.name, *_file(via, root)) for pin in pins for via in pin.via if via.startswith("-")}
    for (mark, path), requirements in files.items():
        file = os.path.relpath(path, root)
        # A lock that limits may have one version of a package for some systems or Pythons, and another for the rest.
        every = all if mark == "-r" else any
        for name, required in requirements.items():
            if mark == "-r" and name not in names:
                found.append(f"{file} asks for {name}, which has no pin")
            if name in names and (name, mark, path) not in told:
                found.append(f"{name} does not say that {file} asks for it")
            for version in (pin.version for pin in pins if pin.name == name):
                if not every(one.specifier.contains(version, prereleases=True) for one in required):
                    found.append(f"{file} asks for {', '.join(map(str, required))}, and the pin is {version}")
    for name, mark, path in sorted(told):
        if name not in files.get((mark, path), {}):
            found.append(f"{name} says that {os.path.relpath(path, root)} asks for it, which does not name it")
    for pin in pins:
        left = {via for via in pin.via if not via.startswith("-")} - names
        found += [f"{pin.name} says that {via} asks for it, which has no pin" for via in sorted(left)]
    return found


def _file(via: str, root: Path) -> tuple[str, Path]:
    mark, _, path = via.partition(" ")
    return mark, Path(os.path.normpath(root / path))


class TestLocks:
    def test_every_input_has_its_lock(self) -> None:
        inputs = {path for folder in (".", "tests", ".binder") for path in (ROOT / folder).glob("*.in")}
        assert {path.with_suffix(".txt") for path in inputs} == {ROOT / lock for lock in LOCKS}

    @pytest.mark.parametrize("lock", LOCKS)
    def test_it_is_what_its_input_asks_for(self, lock: str) -> None:
        path = ROOT / lock
        found = disagreements(path.with_suffix(".in"), path, ROOT)
        assert not found, f"{lock} and its input disagree; run `make lock`: {'; '.join(found)}"

    @pytest.mark.parametrize(("one", "other"), list(itertools.combinations(LOCKS, 2)))
    def test_two_have_the_same_versions_of_what_both_hold(self, one: str, other: str) -> None:
        first, second = (_contents(pins_of(ROOT / lock)) for lock in (one, other))
        shared = first.keys() & second.keys()
        assert {name: first[name] for name in shared} == {name: second[name] for name in shared}

    @pytest.mark.parametrize("lock", LOCKS)
    def test_jupyter_book_stays_below_2(self, lock: str) -> None:
        versions = [Version(pin.version) for pin in pins_of(ROOT / lock) if pin.name == "jupyter-book"]
        assert all(version < Version("2") for version in versions)
        assert versions or lock not in ("requirements.txt", "tests/requirements.txt")

    def test_no_input_lets_jupyter_book_2_in(self) -> None:
        [[requirement]] = [names["jupyter-book"] for names in asked(ROOT / "requirements.in").values()]
        assert not requirement.specifier.contains("2.0.0")
        assert requirement.specifier.contains("1.0.4")


def _contents(pins: list[Pin]) -> dict[str, dict[str, set[str]]]:
    """By package: each of its versions, with its hashes."""
    found: dict[str, dict[str, set[str]]] = {}
    for pin in pins:
        found.setdefault(pin.name, {})[pin.version] = pin.hashes
    return found


class TestABrokenLock:
    """A pair of files as small as can be, in which each kind of break is found."""

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        digest = f" \\\n    --hash=sha256:{'0' * 64}\n"
        texts = {
            "limits.txt": f"beta==1.5{digest}    # via -r more.in\n",
            "more.in": "beta  # more\n",
            "small.in": "# Why.\n-r more.in\n-c limits.txt\nalpha<2  # a reason\n",
            "small.txt": f"alpha==1.9{digest}    # via -r small.in\n"
            f"beta==1.5{digest}    # via\n    #   -c limits.txt\n    #   -r more.in\n    #   alpha\n"
            f"gamma==3.0 ; sys_platform == 'darwin'{digest}    # via beta\n",
        }
        for name, text in texts.items():
            (tmp_path / name).write_text(text, "utf-8")
        return tmp_path

    def found(self, folder: Path) -> list[str]:
        return disagreements(folder / "small.in", folder / "small.txt", folder)

    def test_nothing_is_found_where_all_is_well(self, folder: Path) -> None:
        assert self.found(folder) == []

    @pytest.mark.parametrize(
        ("name", "old", "new", "told"),
        [
            ("small.in", "alpha<2", "alpha<2\ndelta", "small.in asks for delta, which has no pin"),
            ("more.in", "beta", "beta\nDelta_2>1", "more.in asks for delta-2, which has no pin"),
            ("small.in", "alpha<2", "gamma", "gamma does not say that small.in asks for it"),
            ("small.in", "alpha<2", "", "alpha says that small.in asks for it, which does not name it"),
            ("small.in", "-r more.in", "", "beta says that more.in asks for it, which does not name it"),
            ("small.in", "alpha<2", "alpha<1.9", "small.in asks for alpha<1.9, and the pin is 1.9"),
            ("small.in", "alpha<2", "alpha\nalpha<1", "small.in asks for alpha, alpha<1, and the pin is 1.9"),
            ("more.in", "beta", "beta>=2", "more.in asks for beta>=2, and the pin is 1.5"),
            ("limits.txt", "1.5", "1.6", "limits.txt asks for beta==1.6, and the pin is 1.5"),
            ("small.txt", f"    --hash=sha256:{'0' * 64}\n    # via beta", "    # via beta", "gamma has no hash"),
            ("small.txt", "    # via beta\n", "", "nothing asks for gamma"),
            ("small.txt", "    # via beta\n", "    # via zeta\n", "gamma says that zeta asks for it, which has no pin"),
            ("small.txt", "    #   -c limits.txt\n", "", "beta does not say that limits.txt asks for it"),
            (
                "small.txt",
                "    # via -r small.in\n",
                "    # via beta\n",
                "alpha does not say that small.in asks for it",
            ),
        ],
    )
    def test_a_break_is_found(self, folder: Path, name: str, old: str, new: str, told: str) -> None:
        text = (folder / name).read_text("utf-8")
        assert text.count(old) == 1
        (folder / name).write_text(text.replace(old, new), "utf-8")
        assert told in self.found(folder)

    @pytest.mark.parametrize(
        ("line", "told"),
        [
            ("-e .", "line 13: '-e .' is not a requirement"),
            ("delta", "line 13: 'delta' is not pinned by =="),
            ("delta>=1", "line 13: 'delta>=1' is not pinned by =="),
            ("delta @ https://example.org/delta.whl", "is not pinned by =="),
            (f"    --hash=md5:{'0' * 32}", "is no pin, no hash and no source of one"),
        ],
    )
    def test_what_is_no_pin_is_found(self, folder: Path, line: str, told: str) -> None:
        with open(folder / "small.txt", "a", encoding="utf-8") as lock:
            lock.write(f"{line}\n")
        with pytest.raises(ValueError, match=re.escape(told)):
            self.found(folder)


# The lock of packages from npm


def npm_disagreements(package: dict[str, Any], lock: dict[str, Any]) -> list[str]:
    """Where a package-lock.json is not what its package.json would give, and where it is no lock."""
    root = lock["packages"][""]
    found = [
        f"{kind}: package.json has {package.get(kind, {})}, the lock {root.get(kind, {})}"
        for kind in KINDS
        if package.get(kind, {}) != root.get(kind, {})
    ]
    for name, version in {**package.get("dependencies", {}), **package.get("devDependencies", {})}.items():
        held = lock["packages"].get(f"node_modules/{name}", {}).get("version")
        found += [] if held == version else [f"package.json pins {name} to {version}, the lock has {held}"]
    for path, held in lock["packages"].items():
        if path and not re.fullmatch(r"sha512-[\w+/]{86}==", held.get("integrity", "")):
            found.append(f"{path} has no integrity")
        # Where the lock names no address, npm asks the registry that it is set to; the bytes are held by `integrity`.
        if not held.get("resolved", "https://registry.npmjs.org/").startswith("https://registry.npmjs.org/"):
            found.append(f"{path} is not from the registry")
    return found


class TestPackagesFromNpm:
    @pytest.fixture
    def pair(self) -> tuple[dict[str, Any], dict[str, Any]]:
        package, lock = (
            json.loads((PEERS / name).read_text("utf-8")) for name in ("package.json", "package-lock.json")
        )
        return package, lock

    def test_the_lock_is_what_its_input_asks_for(self, pair: tuple[dict[str, Any], dict[str, Any]]) -> None:
        found = npm_disagreements(*pair)
        assert not found, f"tests/bench/package-lock.json and package.json disagree: {'; '.join(found)}"
        assert len(pair[1]["packages"]) > 100

    @pytest.mark.parametrize(
        ("change", "told"),
        [
            (
                lambda package, lock: package["dependencies"].update(delta="1.0.0"),
                "pins delta to 1.0.0, the lock has None",
            ),
            (lambda package, lock: package["dependencies"].pop("vega"), "dependencies: package.json has"),
            (lambda package, lock: package["dependencies"].update(vega="6.0.0"), "pins vega to 6.0.0"),
            (lambda package, lock: lock["node_modules/vega"].pop("integrity"), "node_modules/vega has no integrity"),
            (
                lambda package, lock: lock["node_modules/vega"].update(integrity="sha1-0"),
                "node_modules/vega has no integr",
            ),
            (
                lambda package, lock: lock["node_modules/vega"].update(resolved="git+ssh://example.org/vega.git"),
                "node_modules/vega is not from the registry",
            ),
        ],
        ids=["added", "removed", "another version", "no integrity", "a weak one", "from elsewhere"],
    )
    def test_a_break_is_found(
        self,
        pair: tuple[dict[str, Any], dict[str, Any]],
        change: Callable[[dict[str, Any], dict[str, Any]], object],
        told: str,
    ) -> None:
        package, lock = pair
        change(package, lock["packages"])
        assert told in "; ".join(npm_disagreements(package, lock))


# What is installed

INSTALL = re.compile(
    r"^.*\b(?:pip3? (?:.* )?install|npm (?:.* )?(?:ci|i|install|exec)|uv (?:tool|run|sync|pip (?:install|sync))"
    r"|npx|pipx|uvx|curl|wget|conda|additional_dependencies)\b.*$",
    re.M,
)
LOCKED = re.compile(
    rf"pip .*\binstall .*--require-hashes --requirement (?:{'|'.join(map(re.escape, LOCKS))})(?!\S*\w)"
    r"|npm ci --ignore-scripts\b"
)


def commands() -> dict[str, str]:
    """By file, what runs: the Makefile's with its variables filled in, the workflows', the containers', the hooks'."""
    targets = re.findall(r"^((?!\.PHONY)[\w./-]+):", (ROOT / "Makefile").read_text("utf-8"), re.M)
    make = ["make", "--dry-run", "--always-make", "--no-print-directory", *targets]
    found = {"Makefile": subprocess.run(make, cwd=ROOT, capture_output=True, text=True, check=True).stdout}
    others = (".ci/run", ".devcontainer/devcontainer.json", ".binder/postBuild", ".pre-commit-config.yaml")
    for path in [*(ROOT / ".github" / "workflows").glob("*.yml"), *(ROOT / name for name in others)]:
        found[str(path.relative_to(ROOT))] = path.read_text("utf-8")
    return found


def unlocked(text: str) -> list[str]:
    """The lines that install something which no lock names with its hash."""
    return [line.strip() for line in INSTALL.findall(text) if not LOCKED.search(line)]


class TestWhatIsInstalled:
    def test_all_of_it_is_locked(self) -> None:
        texts = commands()
        assert {file: lines for file, text in texts.items() if (lines := unlocked(text))} == {}
        for file in ("Makefile", ".github/workflows/audit.yml", ".devcontainer/devcontainer.json"):
            assert INSTALL.search(texts[file]), file

    @pytest.mark.parametrize(
        "line",
        [
            "python -m pip install --quiet uv",
            "pip install --requirement requirements.txt",
            ".venv/bin/python -m pip install --require-hashes --requirement other.txt",
            "npm install vega",
            "npx lighthouse",
            "uvx ruff",
            "curl --remote-name https://example.org/tool",
            'additional_dependencies: ["codespell==2.4.3"]',
        ],
    )
    def test_what_is_not_is_found(self, line: str) -> None:
        assert unlocked(f"set -eu\n  {line}\nmake book\n") == [line]


# What readers get


class TestTheBook:
    """Not a style, a picture or a font in it is another project's file; that no script is, its policy sees to, which
    names the scripts in `companion/static` and the timeline (test_pages.py)."""

    def test_its_files_are_made_of_ours(self) -> None:
        theme = pages.THEME
        pictures = [theme / "icon.svg", *(theme / "cards").glob("*.png")]
        ours = {f"_static/{path.relative_to(theme)}": path.read_bytes() for path in pictures}
        # Each of these names holds the hash of its file.
        found = {str(path.relative_to(BOOK)): path for path in (BOOK / "_static").rglob("*") if path.is_file()}
        timeline, index = (
            next(name for name in found if re.fullmatch(rf"_static/{stem}-[0-9a-f]{{10}}\.js", name))
            for stem in ("timeline", "search-index")
        )
        assert found.keys() - {timeline, index} == ours.keys()
        assert found[timeline].read_text("utf-8") == pages.classic_timeline()
        assert {name: found[name].read_bytes() for name in ours} == ours
        assert found[index].read_text("utf-8").startswith("whoIndex({")

    def test_its_styles_are_ours(self) -> None:
        sheets = [path.read_text("utf-8") for path in [*pages.THEME.glob("*.css"), pages.HERE / "timeline.css"]]
        assert not re.search(r"@import|@font-face|url\((?!#|\"?data:)", "".join(sheets))
        html = [path.read_text("utf-8") for path in BOOK.rglob("*.html")]
        styles = {style for text in html for style in re.findall(r"<style[^>]*>(.*?)</style>", text, re.DOTALL)}
        assert styles
        for style in styles:
            for sheet in sheets:
                style = style.replace(sheet, "")
            assert not style.strip()

    def test_nothing_that_a_browser_runs_or_shows_stands_elsewhere(self) -> None:
        kinds = {path.suffix for path in BOOK.rglob("*") if path.is_file() and "_static" not in path.parts}
        assert kinds <= {
            "",
            ".html",
            ".ipynb",
            ".md",
            ".csv",
            ".bib",
            ".epub",
            ".pdf",
            ".json",
            ".zip",
            ".inv",
            ".yaml",
            ".xml",
            ".txt",
        }
