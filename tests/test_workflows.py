"""The workflows on GitHub: what they may do, that they run what the README says, and their scripts with stand-ins."""

from __future__ import annotations

import http.server
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from companion import build, links
from conftest import LOCKS, ROOT, there

FOLDER = ROOT / ".github" / "workflows"
# BaseLoader keeps `on` and `true` as they are written.
FLOWS = {path.stem: yaml.load(path.read_text("utf-8"), yaml.BaseLoader) for path in sorted(FOLDER.glob("*.yml"))}
TEXTS = {path.stem: path.read_text("utf-8") for path in sorted(FOLDER.glob("*.yml"))}
JOBS = [(flow, job) for flow, text in FLOWS.items() for job in text["jobs"]]


def steps(flow: str, job: str) -> list[dict[str, Any]]:
    return list(FLOWS[flow]["jobs"][job].get("steps", []))


def script(flow: str, job: str, part: str) -> str:
    """The one script of a job that holds `part`."""
    [found] = [step["run"] for step in steps(flow, job) if part in step.get("run", "")]
    return str(found)


class TestFiles:
    def test_zizmor_finds_nothing(self) -> None:
        command = [str(Path(sys.executable).with_name("zizmor")), "--offline", "--persona", "regular", "--no-progress"]
        ran = subprocess.run(
            [*command, "--strict-collection", ".github"], cwd=ROOT, capture_output=True, text=True, timeout=120
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr

    def test_every_action_is_pinned(self) -> None:
        pins: dict[str, tuple[str | Any, ...]] = {}
        for name, text in TEXTS.items():
            for used in re.findall(r"\buses: (.+)", text):
                if used.startswith("$/"):
                    assert (ROOT / used[2:]).is_file(), used
                    continue
                found = re.fullmatch(r"(actions/[\w-]+)@([0-9a-f]{40}) # (v\d+\.\d+\.\d+)", used)
                assert found, f"{name}: {used}"
                assert pins.setdefault(found[1], found.groups()[1:]) == found.groups()[1:], f"{name}: {used}"
        assert pins

    @pytest.mark.parametrize("flow", FLOWS)
    def test_nothing_may_write_by_default(self, flow: str) -> None:
        assert FLOWS[flow]["permissions"] in ({}, "", {"contents": "read"})
        assert "pull_request_target" not in TEXTS[flow]
        assert "workflow_run" not in TEXTS[flow]
        assert "secrets." not in TEXTS[flow]

    def test_what_may_write(self) -> None:
        granted = {
            job: {
                name
                for name, value in (FLOWS[job[0]]["jobs"][job[1]].get("permissions") or {}).items()
                if value == "write"
            }
            for job in JOBS
        }
        assert {job: names for job, names in granted.items() if names} == {
            ("audit", "issue"): {"issues"},
            ("issue", "issue"): {"issues"},
            ("links", "issue"): {"issues"},
            ("publish", "deploy"): {"pages", "id-token"},
            ("publish", "release"): {"contents"},
        }

    @pytest.mark.parametrize(("flow", "job"), JOBS)
    def test_jobs_end_and_leave_no_credentials(self, flow: str, job: str) -> None:
        assert "timeout-minutes" in FLOWS[flow]["jobs"][job] or "uses" in FLOWS[flow]["jobs"][job]
        for step in steps(flow, job):
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] == "false"

    @pytest.mark.parametrize("flow", FLOWS)
    def test_nothing_is_pasted_into_a_script(self, flow: str) -> None:
        for job in FLOWS[flow]["jobs"]:
            assert not [step["run"] for step in steps(flow, job) if "${{" in step.get("run", "")]


class TestWhatTheyRun:
    def test_the_tests_are_those_of_the_readme(self) -> None:
        readme = (ROOT / "README.md").read_text("utf-8")
        flow = FLOWS["test"]
        assert flow["jobs"]["test"]["steps"][-1] == {"run": ".ci/run"}
        assert (ROOT / ".ci" / "run").read_text("utf-8").splitlines()[-1] == "make test"
        assert "make test   # everything that CI checks" in readme
        assert set(flow["on"]) == {"pull_request", "push"}
        matrix = [(one["os"], one["python"]) for one in flow["jobs"]["test"]["strategy"]["matrix"]["include"]]
        oldest = there(re.search(r"Python (3\.\d+) or later", readme))[1]
        assert ("ubuntu-latest", oldest) in matrix
        assert {system for system, _ in matrix} == {"ubuntu-latest", "macos-latest"}
        assert len({python for _, python in matrix}) == 2

    def test_a_pull_request_gets_the_book(self) -> None:
        [*_, build, upload] = steps("preview", "book")
        assert build == {"run": "make book"}
        assert upload["with"]["path"] == "_build/html"
        assert FLOWS["preview"]["on"] == {"pull_request": ""}

    def test_the_published_book_knows_where_it_is(self) -> None:
        made = steps("publish", "build")
        [tested] = [index for index, step in enumerate(made) if step.get("run") == "make test"]
        [built] = [index for index, step in enumerate(made) if "make release" in step.get("run", "")]
        assert tested < built
        assert "env" not in made[tested]
        assert made[built]["env"] == {
            "BOOK_URL": "${{ steps.pages.outputs.base_url }}/",
            "BOOK_REPOSITORY": "${{ github.server_url }}/${{ github.repository }}",
        }
        [pages] = [step for step in made if step.get("id") == "pages"]
        assert pages["uses"].startswith("actions/configure-pages@")
        assert FLOWS["publish"]["jobs"]["deploy"]["environment"]["name"] == "github-pages"
        assert all(FLOWS["publish"]["jobs"][job]["needs"] == "build" for job in ("deploy", "release"))

    def test_every_lock_is_audited(self) -> None:
        assert LOCKS
        text = script("audit", "check", "tests/vulnerabilities.py").replace("\\\n", "")
        assert there(re.search(r"vulnerabilities\.py (.+) > report\.md", text))[1].split() == LOCKS

    def test_every_lock_is_renewed(self) -> None:
        told = yaml.safe_load((ROOT / ".github" / "dependabot.yml").read_text("utf-8"))
        by = {update["package-ecosystem"]: update for update in told["updates"]}
        assert set(by) == {"pip", "npm", "github-actions"}
        assert set(by["pip"]["directories"]) == {f"/{Path(lock).parent}".removesuffix("/.") or "/" for lock in LOCKS}
        assert (ROOT / by["npm"]["directory"][1:] / "package-lock.json").is_file()
        assert by["pip"]["ignore"] == [{"dependency-name": "jupyter-book", "versions": [">=2"]}]
        assert "jupyter-book<2 " in (ROOT / "requirements.in").read_text("utf-8")
        for update in told["updates"]:
            assert update["schedule"] == {"interval": "weekly"}
            assert update["groups"]


@dataclass
class Ran:
    """A script that has run: how it ended, what it said, the programs that it called, and what it gives later steps."""

    returncode: int
    stdout: str
    stderr: str
    calls: str
    output: str


class Shell:
    """shell(script, stand-ins, …) -> Ran: as a runner does it, in the folder `work`, with stand-ins for programs."""

    def __init__(self, place: Path) -> None:
        self.place, self.programs, self.work = place, place / "programs", place / "work"
        self.programs.mkdir()
        self.work.mkdir()

    def __call__(self, text: str, programs_by_name: dict[str, str], **environment: str) -> Ran:
        for name, body in programs_by_name.items():
            path = self.programs / name
            path.write_text(f'#!/bin/bash\necho "{name} $*" >> "$CALLS"\n{body}\n', "utf-8")
            path.chmod(0o755)
        for name in ("CALLS", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"):
            (self.place / name).write_text("")
            environment[name] = str(self.place / name)
        environment["PATH"] = f"{self.programs}:{os.environ['PATH']}"
        done = subprocess.run(
            ["bash", "-e", "-c", text], cwd=self.work, env=environment, capture_output=True, text=True
        )
        calls, output = ((self.place / name).read_text("utf-8") for name in ("CALLS", "GITHUB_OUTPUT"))
        return Ran(done.returncode, done.stdout, done.stderr, calls, output)


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


class TestIssue:
    """The script that keeps one issue up to date."""

    def keep(self, shell: Shell, *, found: bool, number: str = "", text: str = "- one\n") -> list[str]:
        """What it calls after it has looked for an open one."""
        (shell.work / "report.md").write_text(text, "utf-8")
        gh = f'if [ "$1 $2" = "issue list" ]; then echo "{number}"; fi'
        ran = shell(
            script("issue", "issue", "gh issue"), {"gh": gh}, LABEL="links", TITLE="A title", FOUND=str(found).lower()
        )
        assert ran.returncode == 0, ran.stderr
        listed, *calls = ran.calls.splitlines()
        assert listed.startswith("gh issue list --label links --app github-actions --state open")
        return calls

    def test_it_opens_one(self, shell: Shell) -> None:
        label, create = self.keep(shell, found=True)
        assert label.startswith("gh label create links --force")
        assert create == "gh issue create --title A title --label links --body-file body.md"

    def test_it_updates_the_open_one(self, shell: Shell) -> None:
        assert self.keep(shell, found=True, number="7") == ["gh issue edit 7 --body-file body.md"]

    def test_it_closes_the_open_one(self, shell: Shell) -> None:
        assert self.keep(shell, found=False, number="7") == ["gh issue close 7 --comment Nothing is left to report."]

    def test_it_stays_silent(self, shell: Shell) -> None:
        assert self.keep(shell, found=False) == []

    def test_a_long_report_is_cut(self, shell: Shell) -> None:
        self.keep(shell, found=True, text="x" * 70_000)
        assert (shell.work / "body.md").stat().st_size == 60_000


NOTHING = """echo '{"dependencies": []}'"""
"""What pip-audit prints where it finds nothing."""


class TestCheckers:
    @pytest.mark.parametrize(("status", "output"), [(0, "found=false\n"), (3, "found=true\n"), (1, None), (2, None)])
    def test_links(self, shell: Shell, status: int, output: str | None) -> None:
        python = shell.work / ".venv" / "bin" / "python"
        python.parent.mkdir(parents=True)
        python.write_text(f'#!/bin/bash\necho "report of $*"\nexit {status}\n', "utf-8")
        python.chmod(0o755)
        ran = shell(script("links", "check", "companion.links"), {})
        assert (ran.returncode, ran.output or None) == (status if output is None else 0, output)
        assert (shell.work / "report.md").read_text("utf-8") == "report of -m companion.links\n"

    def audit(self, shell: Shell, pip: str, npm: str) -> Ran:
        """With stand-ins for the two tools."""
        (shell.work / "tests").mkdir(exist_ok=True)
        shutil.copy(ROOT / "tests" / "vulnerabilities.py", shell.work / "tests")
        python = f'exec {shlex.quote(sys.executable)} "$@"'
        return shell(
            script("audit", "check", "tests/vulnerabilities.py"), {"pip-audit": pip, "npm": npm, "python": python}
        )

    def test_audit(self, shell: Shell) -> None:
        clean = '{"dependencies": [{"name": "six", "version": "1.16.0", "vulns": []}], "fixes": []}'
        bad = (
            '{"dependencies": [{"name": "left", "skip_reason": "it is not known"}, '
            '{"name": "jinja2", "version": "3.1.2", "vulns": ['
            '{"id": "PYSEC-1", "fix_versions": ["3.1.3", "3.2"]}, {"id": "GHSA-2", "fix_versions": []}]}]}'
        )
        well = f"echo '{clean}'"
        ill = f"case \"$*\" in *lab.txt*) echo '{bad}'; exit 1;; *) {well};; esac"
        quiet = """echo '{"vulnerabilities": {}}'"""
        loud = (
            """echo '{"vulnerabilities": {"vega": {"name": "vega", "severity": "high", "range": "<6", "via": """
            """["d3", {"url": "https://example.org/1"}]}}}'; exit 1"""
        )

        ran = self.audit(shell, well, quiet)
        assert (ran.returncode, ran.output) == (0, "found=false\n"), ran.stderr
        called = [line for line in ran.calls.splitlines() if line.startswith("pip-audit")]
        assert [there(re.search(r"--requirement (\S+)", line))[1] for line in called] == LOCKS
        assert "No package" in (shell.work / "report.md").read_text("utf-8")

        ran = self.audit(shell, ill, loud)
        assert (ran.returncode, ran.output) == (0, "found=true\n"), ran.stderr
        assert (shell.work / "report.md").read_text("utf-8").splitlines()[2:] == [
            "- `.binder/lab.txt`: jinja2 3.1.2: PYSEC-1 (mended in 3.1.3, 3.2); GHSA-2",
            "- `tests/bench/package-lock.json`: vega <6, high; https://example.org/1",
        ]

    @pytest.mark.parametrize(
        ("pip", "npm", "told"),
        [
            ("echo no network >&2; exit 1", "", "pip-audit could not say: no network"),
            (
                """echo '{"dependencies": []}'""",
                """echo '{"error": {"code": "E405"}}'; exit 1""",
                "npm could not say: ",
            ),
            ("""echo '{"dependencies": []}'""", "exit 1", "npm could not say: "),
        ],
    )
    def test_an_audit_that_cannot_ask_fails(self, shell: Shell, pip: str, npm: str, told: str) -> None:
        ran = self.audit(shell, pip, npm)
        assert ran.returncode == 1
        assert ran.stderr.startswith(told)
        assert not ran.output


class TestRelease:
    def test_the_notes_are_the_edition_s(self, shell: Shell) -> None:
        text = script("publish", "build", "CHANGELOG.md")
        (shell.work / "CHANGELOG.md").write_text((ROOT / "CHANGELOG.md").read_text("utf-8"), "utf-8")
        assert shell(text, {}, GITHUB_REF_NAME="v0.1.0").returncode == 0
        notes = (shell.work / "release" / "notes.md").read_text("utf-8").strip()
        assert notes.startswith("The first edition")
        assert "## " not in notes
        ran = shell(text, {}, GITHUB_REF_NAME="v0.1")
        assert ran.returncode == 1
        assert "nothing under '## 0.1, …'" in ran.stdout

    @pytest.mark.parametrize("there", [False, True])
    def test_files_are_checked_and_attached(self, shell: Shell, there: bool) -> None:
        folder = shell.work / "_build" / "release"
        folder.mkdir(parents=True)
        for name in ("who-is-in-the-room.epub", "who-is-in-the-room-notebooks.zip"):
            (folder / name).write_text(name)
        build.add_sums(folder)
        (shell.work / "release" / "files").mkdir(parents=True)
        assert shell(script("publish", "build", "SHA256SUMS"), {}).returncode == 0
        text = script("publish", "release", "gh release")
        ran = shell(text, {"gh": "" if there else '[ "$2" != view ]'}, GITHUB_REF_NAME="v0.1.0")
        assert ran.returncode == 0, ran.stderr
        files = {"SHA256SUMS", "who-is-in-the-room-notebooks.zip", "who-is-in-the-room.epub"}
        made = ran.calls.splitlines()[1]
        assert {f"release/files/{name}" for name in files} <= set(made.split())
        assert made.startswith(f"gh release {'upload' if there else 'create'} v0.1.0 release/files/")
        assert ("--verify-tag" in made) is not there

        (shell.work / "release/files/who-is-in-the-room.epub").write_text("changed on the way")
        ran = shell(text, {"gh": ""}, GITHUB_REF_NAME="v0.1.0")
        assert ran.returncode != 0
        assert not ran.calls


class Host(http.server.ThreadingHTTPServer):
    """A host with every kind of answer, and what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Site)
        self.address = f"http://127.0.0.1:{self.server_address[1]}"
        self.guard, self.over = threading.Lock(), threading.Event()
        self.asked: Counter[tuple[str, str]] = Counter()
        self.agents: set[str] = set()
        self.now = self.most = 0


class Site(http.server.BaseHTTPRequestHandler):
    server: Host

    def do_HEAD(self) -> None:
        self.answer()

    def do_GET(self) -> None:
        self.answer()

    def answer(self) -> None:
        state = self.server
        with state.guard:
            state.asked[self.command, self.path] += 1
            state.agents.add(self.headers["User-Agent"])
            state.now += 1
            state.most = max(state.most, state.now)
        code = {"/gone": 404, "/removed": 410, "/forbidden": 403, "/broken": 500, "/busy": 429}.get(self.path, 200)
        if self.path == "/moved":
            code = 301
        elif self.path == "/get" and self.command == "HEAD":
            code = 405
        elif self.path == "/back" and state.asked["GET", "/back"] + state.asked["HEAD", "/back"] < 3:
            code = 404
        elif self.path == "/slow":
            state.over.wait(30)
        with state.guard:
            state.now -= 1
        try:
            self.send_response(code)
            if code == 301:
                self.send_header("Location", "/well")
            self.send_header("Content-Length", "0")
            self.end_headers()
        except OSError:
            pass

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    monkeypatch.setenv("no_proxy", "*")
    with Host() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.over.set()
        server.shutdown()


def nowhere() -> str:
    """An address where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}/"


class TestLinks:
    ANSWERS = (
        ("/well", links.WELL, ""),
        ("/moved", links.WELL, ""),
        ("/get", links.WELL, ""),
        ("/back", links.WELL, ""),
        ("/gone", links.GONE, "404"),
        ("/removed", links.GONE, "410"),
        ("/forbidden", links.UNKNOWN, "403"),
        ("/broken", links.UNKNOWN, "500"),
        ("/busy", links.UNKNOWN, "429"),
        ("/slow", links.UNKNOWN, "no answer in time"),
    )

    def test_every_kind_of_answer(self, site: Host, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("BOOK_REPOSITORY", "https://github.com/example/room")
        states = links.check_all([site.address + path for path, *_ in self.ANSWERS], wait=1.5, pause=0)
        assert states == {site.address + path: (state, reason) for path, state, reason in self.ANSWERS}
        assert site.agents == {"who-is-in-the-room (weekly check of links) https://github.com/example/room"}
        assert site.asked["HEAD", "/gone"] == site.asked["GET", "/gone"] == 2
        assert site.asked["GET", "/forbidden"] == 1
        assert site.asked["GET", "/well"] == 1, "only where /moved led"
        assert not site.asked["GET", "/busy"], "who is told to slow down does not ask again"

    def test_a_host_gets_one_request_at_a_time(self, site: Host) -> None:
        links.check_all([f"{site.address}/well?{number}" for number in range(30)], wait=15, pause=0)
        assert site.most == 1
        assert len(site.asked) == 30

    def test_nobody_listens(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("no_proxy", "*")
        assert links.check(nowhere(), wait=15, pause=0) == (links.UNKNOWN, "ConnectionRefusedError")

    @pytest.mark.parametrize(
        ("number", "expected"),
        [(socket.EAI_NONAME, (links.GONE, "no such host")), (socket.EAI_AGAIN, (links.UNKNOWN, "gaierror"))],
    )
    def test_no_such_host(self, monkeypatch: pytest.MonkeyPatch, number: int, expected: tuple[str, str]) -> None:
        asked = []

        def resolve(*args: object, **options: Any) -> None:
            asked.append(args[0])
            raise socket.gaierror(number, "told so")

        monkeypatch.setenv("no_proxy", "*")
        monkeypatch.setattr(socket, "getaddrinfo", resolve)
        assert links.check("https://nowhere.invalid/page", wait=15, pause=0) == expected
        assert len(asked) == (4 if expected[0] == links.GONE else 2)

    def test_an_address_that_is_none(self) -> None:
        assert links.check("http://[broken/", wait=15, pause=0)[0] == links.UNKNOWN

    def write(self, folder: Path, addresses: dict[str, str]) -> Path:
        entry = (
            "@online{{{key},\n title = {{T}},\n organization = {{O}},\n url = {{{url}}},\n"
            " urldate = {{2026-11-22}},\n keywords = {{primary}}\n}}\n"
        )
        path = folder / "sources.bib"
        path.write_text("".join(entry.format(key=key, url=url) for key, url in addresses.items()), "utf-8")
        return path

    def test_the_report(self, site: Host, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        kinds = {"one": "/well", "two": "/gone", "zero": "/forbidden"}
        path = self.write(tmp_path, {key: site.address + page for key, page in kinds.items()})
        assert links.main(path, wait=15, pause=0) == 3
        assert capsys.readouterr().out == (
            "1 of 3 addresses in `data/sources.bib` answered.\n\n"
            f"## Gone (asked twice)\n\n- `two`: <{site.address}/gone> (404)\n\n"
            f"## Could not be checked\n\n- `zero`: <{site.address}/forbidden> (403)\n"
        )
        path = self.write(tmp_path, {"one": f"{site.address}/well", "zero": f"{site.address}/forbidden"})
        assert links.main(path, wait=15, pause=0) == 0
        assert "Gone" not in capsys.readouterr().out

    def test_a_bad_bibliography_is_refused(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert links.main(self.write(tmp_path, {"one": "ftp://example.org"})) == 1
        assert "http or https" in capsys.readouterr().err
