"""What contributors are told: the commands exist, the examples are accepted, the messages are the ones that come."""

from __future__ import annotations

import csv
import io
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from companion import check, coverage, load
from conftest import ROOT

TEXT = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
FORMS = sorted(path for path in (ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml") if path.name != "config.yml")
SAID = {
    name: (ROOT / name).read_text("utf-8")
    for name in (
        "CONTRIBUTING.md",
        "CODE_OF_CONDUCT.md",
        ".github/PULL_REQUEST_TEMPLATE.md",
        *(f".github/ISSUE_TEMPLATE/{path.name}" for path in FORMS),
    )
}
HOOKS = {
    hook["id"]: hook
    for repository in yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))["repos"]
    for hook in repository["hooks"]
}
FENCES = [
    (found["name"], re.sub(rf"^{found['indent']}", "", found["body"], flags=re.M))
    for found in re.finditer(r"^(?P<indent> *)```(?P<name>\w+)\n(?P<body>.*?)\n(?P=indent)```$", TEXT, re.M | re.S)
]
ROWS = {
    found[1]: found[2]
    for name, body in FENCES
    if name == "sh"
    for found in re.finditer(r"cat >> (data/\w+\.csv) <<'ROW'\n(.*?)\nROW", body, re.S)
}
ENTRY = next(body for name, body in FENCES if name == "bibtex")
MESSAGES = [line for name, body in FENCES if name == "text" for line in body.splitlines()]


def bare(message: str) -> str:
    """A message without what changes with every row that is added: its number, and which row is the last."""
    return re.sub(r"below [\w-]+, which has '[^']+'", "below the last", re.sub(r", row \d+", ", row N", message))


def keys(text: str) -> list[str]:
    return re.findall(r"^@[a-z]*\{(.*),$", text, re.M)


def slug(heading: str) -> str:
    """The anchor that GitHub gives to a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def add(folder: Path, name: str, line: str) -> None:
    path = folder / Path(name).name
    path.write_text(path.read_text("utf-8") + line + "\n", "utf-8")


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of data/ with everything that CONTRIBUTING.md tells to add."""
    folder = Path(shutil.copytree(ROOT / "data", tmp_path_factory.mktemp("contributing") / "data"))
    for name, row in ROWS.items():
        add(folder, name, row)
    add(folder, "sources.bib", "\n" + ENTRY)
    return folder


# The examples


def test_every_example_is_accepted(example: Path) -> None:
    assert set(ROWS) == {"data/events.csv", "data/people.csv", "data/corrections.csv"}
    assert check(example) == []
    unused = coverage.unused_entries(load(example))
    assert (unused["sources"], unused["people"]) == ([], [])


def test_the_columns_are_named_in_their_order() -> None:
    for table in ("events", "people", "corrections"):
        header = next(csv.reader(io.StringIO((ROOT / "data" / f"{table}.csv").read_text("utf-8"))))
        about = TEXT.partition(f"cat >> data/{table}.csv")[2].partition("\n## ")[0]
        told = next(line for line in about.splitlines() if re.search(r"cells are", line)).partition("cells are")[2]
        assert [name for name in re.findall(r"`(\w+)`", told) if name in header] == header


def test_every_field_of_the_example_source_is_explained() -> None:
    table = TEXT.partition("| field | what stands there |")[2].partition("\n\n")[0]
    fields = re.findall(r"^  (\w+) +=", ENTRY, re.M)
    assert len(fields) >= 8
    assert [name for name in fields if f"`{name}`" not in table] == []


# The messages


def test_every_message_about_the_data_is_the_one_that_comes(tmp_path: Path, example: Path) -> None:
    """All the faults at once, on one copy: the checks list them all."""
    folder = Path(shutil.copytree(example, tmp_path / "data"))
    event, person = ROWS["data/events.csv"], ROWS["data/people.csv"]
    identity, source = event.partition(",")[0], keys(ENTRY)[0]
    for row in (
        event.replace("2027-03-04", "2027-02-30"),
        event.replace("2027-03-04", "4 March 2027"),
        event.replace("2027-03-04", "2017-03-04"),
        event.replace(source, "example-unversity"),
        event.replace(source, ""),
        event.replace("profession", "incident"),
        event.replace("zoe-example,", "zoe-exampel,"),
        event.replace(identity, "hays-code-enforced-1934"),
    ):
        assert row != event
        add(folder, "events.csv", row)
    add(folder, "people.csv", person.removesuffix(","))
    found = {bare(str(fault)) for fault in check(folder)}
    bibliography = folder / "sources.bib"
    text = bibliography.read_text("utf-8")
    without = re.sub(r"^  urldate .*\n", "", ENTRY, flags=re.M).replace("{primary, copy}", "{copy}")
    assert without.count("\n") == ENTRY.count("\n") - 1
    for content in (text.replace(ENTRY, without + "\n\n" + ENTRY), ENTRY + "\n\n" + text.replace(ENTRY, "")):
        bibliography.write_text(content, "utf-8")
        found |= {bare(str(fault)) for fault in check(folder)}
    quoted = [message for message in MESSAGES if message.startswith("data/")]
    assert len(quoted) >= 10
    assert [message for message in quoted if bare(message) not in found] == []


def test_the_messages_of_the_build_and_the_tests_are_theirs() -> None:
    rest = [message for message in MESSAGES if not message.startswith("data/")]
    sources = [
        (ROOT / "chapters" / "companion" / "book.py").read_text("utf-8"),
        (ROOT / "tests" / "conftest.py").read_text("utf-8"),
    ]
    assert rest == [
        "there is no 'no-such-event' in data/events.csv",
        "Stored outputs differ from fresh ones in chapters/history.ipynb.",
    ]
    assert '"there is no %r in data/%s.csv"' in sources[0]
    assert "Stored outputs differ from fresh ones in {" in sources[1]


def test_what_a_good_run_prints_is_what_is_said() -> None:
    printed = {
        "The data are well: ": "chapters/companion/__main__.py",
        "The book stands at _build/html/index.html": "chapters/companion/build.py",
        "that nothing uses": "chapters/companion/coverage.py",
        "unchanged": "chapters/companion/refresh.py",
    }
    for words, path in printed.items():
        assert words in TEXT
        assert words in (ROOT / path).read_text("utf-8")


# The commands and the paths


@pytest.mark.parametrize("name", SAID)
def test_every_command_is_a_target(name: str) -> None:
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text("utf-8"), re.M))
    told = set(re.findall(r"`make ([\w-]+)`", SAID[name]))
    assert told <= targets, told - targets
    if name == "CONTRIBUTING.md":
        assert {"check", "refresh", "book", "test", "serve", "lab", "lock"} <= told


@pytest.mark.parametrize("name", SAID)
def test_every_path_and_every_link_arrives(name: str) -> None:
    invented = {"chapters/stage.ipynb", "chapters/stage"}
    paths = {
        path.rstrip("/.")
        for path in re.findall(
            r"(?<![\w/.])(?:data|chapters|tests|\.github)/[\w./-]*|\b[A-Z_]+\.(?:md|cff)\b", SAID[name]
        )
    } | set(re.findall(r"`((?:[\w.-]+/)*[\w.-]+\.(?:in|txt|yml|yaml|toml|cff|md))`", SAID[name]))
    missing = {path for path in paths - invented - {"myst.yml"} if not (ROOT / path).exists()}
    assert missing == set()
    for target, anchor in re.findall(r"\]\((?:\.\./blob/HEAD/)?(?!https?:)([\w./-]*)(?:#([\w-]+))?\)", SAID[name]):
        page = ROOT / (target or name)
        assert page.exists(), target
        if anchor:
            assert anchor in map(slug, re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.M)), anchor


def test_the_chapters_are_listed_where_the_guide_says() -> None:
    for path in ("chapters/companion/reference.py", "tests/conftest.py"):
        assert re.search(r"^CHAPTERS = ", (ROOT / path).read_text("utf-8"), re.M)


def test_nothing_looks_like_a_contact_that_is_none() -> None:
    for name, text in SAID.items():
        assert not re.search(r"[\w.]+@[\w-]+\.\w+", text), name


# The forms


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_a_form_is_valid(path: Path) -> None:
    """What GitHub asks of an issue form: its required keys, known types, and ids and labels that are unique."""
    form = yaml.safe_load(path.read_text("utf-8"))
    assert set(form) <= {"name", "description", "title", "body", "labels", "assignees", "projects", "type"}
    assert all(isinstance(form[key], str) and form[key].strip() for key in ("name", "description", "title"))
    allowed = {
        "markdown": {"value"},
        "input": {"label", "description", "placeholder", "value"},
        "textarea": {"label", "description", "placeholder", "value", "render"},
        "dropdown": {"label", "description", "multiple", "options", "default"},
        "checkboxes": {"label", "description", "options"},
    }
    asked = [part for part in form["body"] if part["type"] != "markdown"]
    assert asked
    for part in form["body"]:
        assert set(part) <= {"type", "id", "attributes", "validations"}
        assert set(part["attributes"]) <= allowed[part["type"]]
    for part in asked:
        assert re.fullmatch(r"[\w-]+", part["id"])
        assert part["attributes"]["label"].strip()
        assert set(part.get("validations", {})) <= {"required"}
        options = part["attributes"].get("options", ())
        words = [option["label"] if isinstance(option, dict) else option for option in options]
        assert all(isinstance(word, str) for word in words)
        assert len(set(words)) == len(words)
        assert "None" not in words
    assert len({part["id"] for part in asked}) == len(asked)
    assert len({part["attributes"]["label"] for part in asked}) == len(asked)


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_a_form_says_at_its_top_that_it_is_public(path: Path) -> None:
    first, *rest = yaml.safe_load(path.read_text("utf-8"))["body"]
    assert first["type"] == "markdown"
    assert "public" in first["attributes"]["value"]
    assert "Report a vulnerability" in first["attributes"]["value"]
    if path.stem == "named-person":
        required = [part["id"] for part in rest if part.get("validations", {}).get("required")]
        assert required == ["way"], "nobody has to say anything about themselves in public"


def test_there_is_no_blank_issue() -> None:
    config = yaml.safe_load((ROOT / ".github" / "ISSUE_TEMPLATE" / "config.yml").read_text("utf-8"))
    assert config["blank_issues_enabled"] is False
    for link in config["contact_links"]:
        assert set(link) == {"name", "url", "about"}
        assert link["url"].startswith("https://")


# The hooks


def run_hook(name: str, folder: Path, *files: str) -> subprocess.CompletedProcess[str]:
    hook = HOOKS[name]
    words = [*shlex.split(hook["entry"]), *hook.get("args", ()), *files]
    tools = f"{Path(sys.executable).parent}/"
    return subprocess.run(
        [word.replace(".venv/bin/", tools) for word in words], cwd=folder, capture_output=True, text=True, check=False
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """As much of the project as the hooks look at, to break."""
    shutil.copytree(ROOT / "data", tmp_path / "data")
    shutil.copytree(
        ROOT / "chapters" / "companion", tmp_path / "chapters" / "companion", ignore=shutil.ignore_patterns("__pyc*")
    )
    shutil.copy(ROOT / "chapters" / "template.ipynb", tmp_path / "chapters")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_hooks_come_from_here() -> None:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))
    assert [repository["repo"] for repository in config["repos"]] == ["local"]
    for hook in HOOKS.values():
        assert {"id", "name", "language", "entry"} <= set(hook)
        assert hook["language"] == "system"
        assert ".venv/bin/" in hook["entry"]


def test_the_hook_for_the_data_runs(copy: Path) -> None:
    path = copy / "data" / "events.csv"
    path.write_text(path.read_text("utf-8").replace(",history,", ",nowhere,", 1), "utf-8")
    run = run_hook("data", copy)
    assert run.returncode == 1
    assert "data/events.csv, row 2" in run.stderr


def test_the_hook_for_notebooks_runs(copy: Path) -> None:
    good, bad = "chapters/template.ipynb", "chapters/changed.ipynb"
    text = (copy / good).read_text("utf-8")
    (copy / bad).write_text(text.replace('"id": "cell-01"', '"id": "another"', 1), "utf-8")
    run = run_hook("notebooks", copy, good, bad)
    assert run.returncode == 1
    assert run.stdout.strip() == f"{bad} is not in the normal form; run make refresh"


@pytest.mark.parametrize("name", ["ruff-check", "ruff-format"])
def test_the_hooks_for_code_run(copy: Path, name: str) -> None:
    path = copy / "chapters" / "companion" / "faults.py"
    file = str(path.relative_to(copy))
    assert run_hook(name, copy, file).returncode == 0
    path.write_text("import  os\n" + path.read_text("utf-8"), "utf-8")
    assert run_hook(name, copy, file).returncode == 1


def test_the_hook_for_spelling_runs(copy: Path) -> None:
    file = "data/events.csv"
    assert run_hook("codespell", copy, file).returncode == 0
    path = copy / file
    path.write_text(path.read_text("utf-8").replace("received", "recieved", 1), "utf-8")  # codespell:ignore recieved
    run = run_hook("codespell", copy, file)
    assert run.returncode != 0
    assert "received" in run.stdout


def test_git_is_told_how_to_treat_what_is_stored() -> None:
    run = subprocess.run(
        [
            "git",
            "check-attr",
            "diff",
            "merge",
            "eol",
            "--",
            "chapters/anora.ipynb",
            "data/events.csv",
            "data/sources.bib",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert "chapters/anora.ipynb: diff: jupyternotebook" in run.stdout
    assert "chapters/anora.ipynb: merge: jupyternotebook" in run.stdout
    for path in ("data/events.csv", "data/sources.bib"):
        assert f"{path}: eol: lf" in run.stdout
