"""The environment of a running chapter: what Binder makes of it, that it is enough, and the archive that brings it."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import pytest
from bench import kernels
from companion.forms import NOTEBOOKS, notebooks
from companion.refresh import normal
from conftest import CHAPTERS, ROOT, OpenPage, sampled
from docker.utils.build import exclude_paths
from nbclient.exceptions import CellExecutionError
from playwright.sync_api import expect
from repo2docker.app import Repo2Docker
from repo2docker.buildpacks import PythonBuildPack

BINDER = ROOT / ".binder"
RUNNABLE = [path.relative_to(ROOT).as_posix() for path in notebooks.runnable(ROOT)]
PINNED = re.compile(r"^([a-z0-9-]+)==([^ ]+)(.*)((?:\\\n +--hash=sha256:[0-9a-f]{64} *)+)$", re.M)
GUARD = """\
import sys

def refuse(event, given):
    if event == "socket.connect" and isinstance(given[1], tuple):
        host = given[1][0]
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        host = given[0]
    else:
        return
    if host not in (None, "", "localhost", "127.0.0.1", "::1"):
        raise PermissionError(f"the network is cut off: {host}")

sys.addaudithook(refuse)
"""
"""A sitecustomize that nothing in Python can take back; what is not Python is held by a proxy that is not there."""


def pins(lock: Path) -> dict[str, set[str]]:
    """The versions in a lock, by package."""
    versions: dict[str, set[str]] = {}
    for name, version, *_ in PINNED.findall(lock.read_text("utf-8")):
        versions.setdefault(name, set()).add(version)
    return versions


# The locks


@pytest.mark.parametrize("name", ["requirements.txt", "lab.txt"])
def test_every_package_of_a_lock_is_pinned_and_hashed(name: str) -> None:
    text = (BINDER / name).read_text("utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
    assert len(PINNED.findall(text)) == len(lines) > 20
    assert not [package for package in pins(BINDER / name) if "sphinx" in package or package.startswith("myst")]


def test_the_environment_is_small_and_the_archive_s_is_the_same_with_a_jupyterlab() -> None:
    small, lab, book = pins(BINDER / "requirements.txt"), pins(BINDER / "lab.txt"), pins(ROOT / "requirements.txt")
    assert len(small) < 60
    assert "jupyterlab" in lab
    assert small.items() <= lab.items()
    assert small.items() <= book.items()


# Binder


@pytest.fixture
def pack(monkeypatch: pytest.MonkeyPatch) -> PythonBuildPack:
    """What repo2docker builds the project with: the first of its kinds that says it can."""
    monkeypatch.chdir(ROOT)
    app = Repo2Docker()
    found = next(pack for pack in (kind(app.base_image) for kind in app.buildpacks) if pack.detect())
    found.platform = "linux/amd64"
    return found


def test_repo2docker_takes_the_python_build_pack_and_a_python_that_it_has(pack: PythonBuildPack) -> None:
    assert type(pack) is PythonBuildPack
    assert pack.binder_dir == ".binder"
    assert pack.python_version == "3.11"
    # Raises ValueError for a Python without a base environment; this one holds JupyterLab too.
    assert "conda/environment.py-3.11-linux-64.lock" in pack.get_build_script_files()
    assert not pack.separate_kernel_env


def test_repo2docker_installs_the_hashed_lock_before_it_copies_the_project(pack: PythonBuildPack) -> None:
    lock = ".binder/requirements.txt"
    # A local reference in the lock, such as "-c", would have it wait for the copy, and build anew at every commit.
    assert pack.get_preassemble_script_files() == {lock: lock}
    command = f'${{KERNEL_PYTHON_PREFIX}}/bin/pip install --no-cache-dir -r "{lock}"'
    assert pack.get_preassemble_scripts() == [("${NB_USER}", command)]
    assert pack.get_assemble_scripts() == []
    image = pack.render()
    assert image.index(command) < image.index("COPY --chown=1000:1000 src/ ") < image.index("RUN ./.binder/postBuild")


def test_the_image_holds_what_a_chapter_needs_and_little_else(pack: PythonBuildPack) -> None:
    ignored = [line for line in (BINDER / ".dockerignore").read_text("utf-8").split("\n") if line and line[0] != "#"]
    kept = exclude_paths(".", ignored)
    needed = notebooks.needed(ROOT / "chapters" / "companion")
    needed += [*notebooks.runnable(ROOT), *(ROOT / "data").iterdir(), BINDER / "requirements.txt"]
    needed += [BINDER / "runtime.txt", *(ROOT / script for script in pack.get_post_build_scripts())]
    assert {path.relative_to(ROOT).as_posix() for path in needed} <= kept
    assert {path.partition("/")[0] for path in kept} == {
        ".binder", "chapters", "data", "LICENSE", "LICENSE-CONTENT", "README.md",
    }  # fmt: skip


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment that holds the lock, and nothing else."""
    return kernels.environment(tmp_path_factory.mktemp("environment") / "room", BINDER / "requirements.txt")


@pytest.fixture(scope="module")
def settings(python: Path) -> Path:
    """The folder of JupyterLab's settings that postBuild fills."""
    path = os.pathsep.join((str(python.parent), os.environ["PATH"]))
    subprocess.run([BINDER / "postBuild"], env={**os.environ, "PATH": path}, check=True)
    return python.parents[1] / "share" / "jupyter" / "lab" / "settings"


def test_what_post_build_sets_is_a_setting_of_jupyterlab(settings: Path) -> None:
    schemas = Path(sys.prefix) / "share" / "jupyter" / "lab" / "schemas"
    for plugin, values in json.loads((settings / "overrides.json").read_text("utf-8")).items():
        schema = json.loads((schemas / f"{plugin.replace(':', '/')}.json").read_text("utf-8"))
        for name, value in values.items():
            options = [option["const"] for option in schema["properties"][name].get("oneOf", ())]
            assert value in options if options else type(value) is type(schema["properties"][name]["default"])


def test_a_launch_link_opens_the_chapter_alone(settings: Path, open_page: OpenPage, tmp_path: Path) -> None:
    with kernels.lab(ROOT, tmp_path, f"--LabApp.app_settings_dir={settings}") as (address, _):
        reader = open_page(f"{address}/doc/tree/chapters/anora.ipynb")
        page = reader.page
        page.locator(".jp-Notebook .jp-Cell").first.wait_for(timeout=60_000)
        expect(page.get_by_text("| Idle")).to_be_visible(timeout=60_000)
        assert page.locator(".jp-FileBrowser").filter(visible=True).count() == 0
        assert page.locator("#jp-main-dock-panel .lm-TabBar-tab").filter(visible=True).count() == 0
        page.wait_for_timeout(2000)  # the question about news comes a little later
        assert page.locator(".Toastify__toast").count() == 0
        assert reader.strangers == []


# The chapters, in this environment alone


@pytest.fixture(scope="module")
def cut_off(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a kernel that reaches nothing but this machine."""
    folder = tmp_path_factory.mktemp("guard")
    (folder / "sitecustomize.py").write_text(GUARD, "utf-8")
    proxies = {f"{kind}_proxy": "http://127.0.0.1:9" for kind in ("http", "https", "all")}
    return {**proxies, **{name.upper(): url for name, url in proxies.items()}, "PYTHONPATH": str(folder)}


async def ran(path: Path, python: Path, env: dict[str, str], turn: asyncio.Semaphore) -> nbformat.NotebookNode:
    async with turn:
        manager = kernels.kernel(python, Path(env["PYTHONPATH"]) / "kernels", env)
        try:
            return await kernels.run(path, manager)
        finally:
            await manager.shutdown_kernel(now=True)


def all_ran(paths: list[Path], python: Path, env: dict[str, str]) -> list[nbformat.NotebookNode | BaseException]:
    """Each notebook as it comes out of a kernel of its own, two at a time; or the error."""

    async def both() -> list[nbformat.NotebookNode | BaseException]:
        turn = asyncio.Semaphore(2)
        return await asyncio.gather(*(ran(path, python, env, turn) for path in paths), return_exceptions=True)

    # A thread of its own: where a browser is open, this one has a loop that runs.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(both())).result()


def compare(fresh: nbformat.NotebookNode | BaseException, stored: Path) -> None:
    """A run notebook shows what is stored, and no cell writes to the error stream."""
    if isinstance(fresh, BaseException):
        raise fresh
    outputs = [output for cell in fresh.cells for output in cell.get("outputs", ())]
    assert [output.text for output in outputs if output.get("name") == "stderr"] == []
    before = nbformat.read(stored, as_version=4)
    for one, two in zip(normal(fresh).cells, normal(before).cells, strict=True):
        assert one == two


def contents(folder: Path) -> dict[str, bytes]:
    """Every file by its name, without Python's own."""
    files = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def copied(place: Path) -> Path:
    """A copy of the chapters, and of the data to read only, in a folder with a difficult name."""
    project = place / "Ein Raum für alle, été 2024"
    ignore = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")
    for name in ("chapters", "data"):
        shutil.copytree(ROOT / name, project / name, ignore=ignore)
    for path in (project / "data", *(project / "data").iterdir()):
        path.chmod(path.stat().st_mode & ~0o222)
    return project


@pytest.fixture(scope="module")
def fresh(
    python: Path, cut_off: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, nbformat.NotebookNode | BaseException]:
    """Every notebook as run from such a copy, in which nothing changes."""
    project = copied(tmp_path_factory.mktemp("copy"))
    before = contents(project)
    results = dict(zip(RUNNABLE, all_ran([project / name for name in RUNNABLE], python, cut_off), strict=True))
    assert contents(project) == before
    return results


def test_all_that_students_open_is_run() -> None:
    exercises = sorted(path.name for path in (ROOT / "chapters" / "teaching").glob("*-exercises.ipynb"))
    chapters = {f"chapters/{name}.ipynb" for name in (*CHAPTERS, "question", "article")}
    assert {*RUNNABLE} >= chapters | {f"chapters/teaching/{name}" for name in exercises}
    assert len(exercises) == 3


@pytest.mark.parametrize("name", RUNNABLE)
def test_a_chapter_alone_makes_the_stored_outputs(
    fresh: dict[str, nbformat.NotebookNode | BaseException], name: str
) -> None:
    compare(fresh[name], ROOT / name)


@pytest.mark.parametrize(
    "code",
    [
        "import socket\nsocket.create_connection(('192.0.2.1', 80), timeout=1)",
        "import urllib.request\nurllib.request.build_opener(urllib.request.ProxyHandler({})).open('http://example.org')",
    ],
    ids=["socket", "urllib"],
)
def test_a_cell_that_asks_the_network_would_fail(
    python: Path, cut_off: dict[str, str], tmp_path: Path, code: str
) -> None:
    path = tmp_path / "asks.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)]), path)
    (outcome,) = all_ran([path], python, cut_off)
    assert isinstance(outcome, CellExecutionError)
    assert "the network is cut off" in str(outcome)


# The archive of the notebooks


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("packed") / NOTEBOOKS
    notebooks.write(ROOT, path)
    return path


def test_the_archive_holds_one_folder_with_all_that_is_needed_and_always_the_same_bytes(
    packed: Path, tmp_path: Path
) -> None:
    notebooks.write(ROOT, tmp_path / "again.zip")
    assert packed.read_bytes() == (tmp_path / "again.zip").read_bytes()
    assert packed.stat().st_size < 2e6
    with zipfile.ZipFile(packed) as archive:
        names = {name.removeprefix(f"{notebooks.FOLDER}/") for name in archive.namelist()}
        told = archive.read(f"{notebooks.FOLDER}/README.md").decode()
        assert archive.read(f"{notebooks.FOLDER}/requirements.txt") == (BINDER / "lab.txt").read_bytes()
    assert {"LICENSE", "LICENSE-CONTENT", "README.md", "requirements.txt", *RUNNABLE} <= names
    assert {name.partition("/")[0] for name in names if "/" in name} == {"chapters", "data"}
    # Nothing that builds the book, and no template.
    assert not [name for name in names if re.search(r"template|/(book|pages|head|site|forms|theme)\b", name)]
    commands = re.findall(r"^```\w+\n(.*?)\n(.*?)\n```$", told, re.M)
    assert len(commands) == told.count("```") // 2 == 2
    for install, start in commands:
        assert "--require-hashes -r requirements.txt" in install
        assert start.split()[-1].replace("\\", "/") in names


def test_a_chapter_runs_from_the_archive(packed: Path, python: Path, cut_off: dict[str, str], tmp_path: Path) -> None:
    with zipfile.ZipFile(packed) as archive:
        archive.extractall(tmp_path / "elsewhere, für später")
    folder = tmp_path / "elsewhere, für später" / notebooks.FOLDER
    before = contents(folder)
    (outcome,) = all_ran([folder / "chapters" / "anora.ipynb"], python, cut_off)
    compare(outcome, ROOT / "chapters" / "anora.ipynb")
    assert contents(folder) == before


# What a class takes


def test_a_short_sample_of_the_measurement_writes_the_page(python: Path, tmp_path: Path) -> None:
    text = sampled("bench.classroom", tmp_path / "capacity.md", "--python", python)
    assert "Of the 2 kernels, none failed." in text
    assert re.search(r"^\| the chapter \*Anora\* \| \d+\.\d \| \d\d+ \| \d\d+ \| \d\d+ \|$", text, re.M)
    holds = {int(gib): int(least) for gib, least in re.findall(r"^\| (\d+) GiB \| (\d+) \|", text, re.M)}
    assert sorted(holds) == [1, 2, 4, 8, 16, 32]
    assert holds[32] > 32 * holds[1] > 0
    assert "100,000 × 3 = 300,000 requests" in text


# VS Code and Codespaces


def test_the_dev_container_installs_the_lock_and_asks_nobody() -> None:
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text("utf-8"))
    assert {"name", "image", "postCreateCommand", "customizations"} <= container.keys()
    version = (BINDER / "runtime.txt").read_text("utf-8").strip().removeprefix("python-")
    assert container["image"] == f"mcr.microsoft.com/devcontainers/python:{version}"
    command = container["postCreateCommand"].split()
    assert command[1:4] == ["-m", "pip", "install"]
    assert "--require-hashes" in command
    assert ROOT / command[command.index("--requirement") + 1] == BINDER / "requirements.txt"
    assert "ipykernel" in pins(BINDER / "requirements.txt")
    # Without this, a chapter can be opened before there is anything to run it with.
    assert container["waitFor"] == "postCreateCommand"
    code = container["customizations"]["vscode"]
    assert {*code["extensions"]} == {"ms-toolsai.jupyter", "ms-python.python"}
    assert code["settings"]["telemetry.telemetryLevel"] == "off"
    assert code["settings"]["jupyter.widgetScriptSources"] == []
