"""The chapters in a real JupyterLab and a real Notebook: run, filtered by keyboard, run again, saved."""

from __future__ import annotations

import json
import re
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import nbformat
import pytest
from bench import kernels
from companion import DataError, load
from companion.refresh import normal
from conftest import CHAPTERS, ROOT, OpenPage, Reader, there
from playwright.sync_api import Locator, Page, expect


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """(address, folder) of a JupyterLab; what lies in the folder is under `tree/` and `notebooks/`."""
    place = tmp_path_factory.mktemp("lab")
    settings = {  # every cell stays in the page, and no news is asked for
        "notebook-extension/tracker": {"windowingMode": "none"},
        "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    }
    for name, values in settings.items():
        file = place / "home" / "user_settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values), "utf-8")
    quiet = ("extension_manager=readonly", "news_url=None", "check_for_updates_class=jupyterlab.NeverCheckForUpdate")
    root = place / "root"
    root.mkdir()
    with kernels.lab(root, place / "home", *(f"--LabApp.{option}" for option in quiet)) as (address, _):
        yield address, root


class Project(NamedTuple):
    """A copy of the chapters and the data, whose chapters are at `path` on the server at `address`."""

    address: str
    path: str
    folder: Path


@pytest.fixture
def project(server: tuple[str, Path], tmp_path: Path) -> Project:
    address, root = server
    name = f"a book, für alle {tmp_path.name}"
    ignore = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")
    for part in ("chapters", "data"):
        shutil.copytree(ROOT / part, root / name / part, ignore=ignore)
    return Project(address, quote(f"{name}/chapters"), root / name)


def opened(open_page: OpenPage, project: Project, application: str, chapter: str) -> Reader:
    """A chapter in the application, with its cells there, a kernel that waits, and nothing run."""
    # A workspace of its own: Lab opens again what stood open in the last one.
    where = f"lab/workspaces/{uuid.uuid4().hex}/tree" if application == "lab" else "notebooks"
    reader = open_page(f"{project.address}/{where}/{project.path}/{chapter}.ipynb", height=1400)
    reader.page.locator(".jp-Notebook .jp-Cell").first.wait_for(timeout=90_000)
    # Before anything runs, the stored list is there to read.
    stored = reader.page.locator(".jp-Notebook section.timeline:not(.is-live) .timeline-events li")
    expect(stored.first).to_contain_text("Sources:", timeout=30_000)
    # A request that comes before the kernel is swallowed. Until it has come, the indicator says that it is idle.
    expect(reader.page.locator(".jp-Toolbar-kernelName")).not_to_have_text("No Kernel", timeout=90_000)
    expect(reader.page.locator(".jp-Notebook-ExecutionIndicator[data-status='idle']")).to_be_visible(timeout=90_000)
    return reader


def menu(page: Page, name: str, item: str) -> None:
    page.get_by_role("menuitem", name=name, exact=True).click()
    page.get_by_role("menuitem", name=re.compile(rf"^{item}(…|\.\.\.)?(\s|$)")).filter(visible=True).first.click()


def run_all(page: Page) -> None:
    menu(page, "Run", "Run All Cells")
    expect(page.locator("section.timeline.is-live").first).to_be_visible(timeout=90_000)


def run(page: Page, cell: Locator) -> None:
    cell.locator(".cm-content").click()
    page.keyboard.press("ControlOrMeta+Enter")


def write(page: Page, cell: Locator, code: str) -> None:
    """Replace a cell's code and run it."""
    cell.locator(".cm-content").click()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.insert_text(code)
    page.keyboard.press("ControlOrMeta+Enter")


def talk(page: Page, cell: Locator, timeline: Locator) -> None:
    """What the page selects, Python sees; what Python sets, the page follows; core controls and two timelines too."""
    output, status = cell.locator(".jp-OutputArea-output").first, timeline.get_by_role("status")
    count = there(re.search(r"of (\d+) events", status.inner_text()))[1]
    assert timeline.get_by_role("button", name="Copy link to this view").count() == 0
    timeline.get_by_role("button", name="Next event").click()
    marked = timeline.locator(".timeline-events li[aria-current] .event-title")
    name = marked.evaluate("title => title.textContent")
    write(page, cell, "print(f\"<{events.loc[timeline.selected, 'title']}>\")")
    expect(output).to_have_text(f"<{name}>")
    write(page, cell, "timeline.reset()\ntimeline.kinds = ['rule']")
    expect(timeline.get_by_role("searchbox")).to_have_value("")
    expect(timeline.get_by_role("checkbox", name="film", exact=True)).not_to_be_checked()
    expect(timeline.get_by_role("checkbox", name="rule", exact=True)).to_be_checked()

    write(
        page,
        cell,
        "import ipywidgets\nother = companion.Timeline(chapter, title='Other', name='other')\n"
        "words = ipywidgets.Text(description='Words')\n"
        "ipywidgets.link((words, 'value'), (timeline, 'query'))\n"
        "ipywidgets.link((words, 'value'), (other, 'query'))\nipywidgets.VBox([words, other])",
    )
    second = cell.locator("section.timeline.is-live")
    expect(second).to_have_count(1, timeout=30_000)
    page.get_by_role("textbox", name="Words").fill("contract")
    for one in (timeline, second):
        expect(one.get_by_role("searchbox")).to_have_value("contract")
        expect(one.get_by_role("status")).not_to_have_text(f"Showing {count} of {count} events")

    # Run again, a cell shows one timeline and not two.
    for _ in range(2):
        write(page, cell, "other")
        page.wait_for_timeout(500)
        expect(second).to_have_count(1)


def all_run(page: Page) -> None:
    """Every cell has been run, to the last, and none of them failed."""
    prompts = page.locator(".jp-CodeCell:not(:has(.cm-content:empty)) .jp-InputArea .jp-InputPrompt")
    expect(prompts.last).to_have_text(re.compile(r"\[\d+\]:"), timeout=90_000)
    expect(page.locator(".jp-CodeCell .jp-InputPrompt", has_text="*")).to_have_count(0, timeout=90_000)
    assert page.locator(".jp-OutputArea-output[data-mime-type*='error']").all_inner_texts() == []
    assert page.locator(".jp-OutputArea-output[data-mime-type*='stderr']").all_inner_texts() == []


def use_live_cell(page: Page, chapter: str, shown: int) -> None:
    """What a page cannot do: choose, ask another question of the filtered list, edit a table; and make mistakes."""
    alert = page.get_by_role("alert").filter(has_text="Nothing was drawn.")
    match chapter:
        case "anora":
            page.get_by_role("combobox", name="Other").select_option("Halina Reijn")
            expect(page.get_by_text("Statements collected from Sean Baker and Halina Reijn")).to_be_visible()
        case "history":
            expect(page.get_by_text(re.compile(rf"^\d+ of the {shown} events shown lie before"))).to_be_visible()
            day = page.get_by_role("textbox", name="Before")
            day.fill("last year")
            expect(alert).to_contain_text("'last year'")
            day.fill("2020")
            expect(page.get_by_text(re.compile(rf"^\d+ of the {shown} events shown lie before 2020"))).to_be_visible()
            expect(alert).to_have_count(0)
        case "babygirl":
            box = page.get_by_role("textbox", name="Answers")
            before = box.input_value()
            box.fill(before.replace("not documented", "", 1))
            box.blur()
            expect(alert).to_contain_text("column value: '' must not be empty")
            box.fill(before.replace("not documented,,", "Told at last,reported,", 1))
            box.blur()
            expect(alert).to_contain_text("column sources: '' must not be empty where confidence is reported")
            box.fill(before.replace("not documented,,", "Told at last,reported,thr-london-qa", 1))
            box.blur()
            expect(page.get_by_text(re.compile(r"^Anora has 8 of 11 answers on record")).first).to_be_visible()


def filtered(page: Page, timeline: Locator) -> tuple[str, int]:
    """What the list says before, and how many events it shows once a word is typed into its search."""
    status = timeline.get_by_role("status")
    total = status.inner_text()
    timeline.get_by_role("searchbox", name="Search events").focus()
    page.keyboard.type("actor")
    expect(status).not_to_have_text(total)
    return total, int(there(re.match(r"Showing (\d+) of", status.inner_text()))[1])


@pytest.mark.parametrize("chapter", CHAPTERS[1:])
def test_a_chapter_is_run_and_filtered(project: Project, open_page: OpenPage, chapter: str) -> None:
    reader = opened(open_page, project, "lab", chapter)
    run_all(reader.page)
    all_run(reader.page)
    _, shown = filtered(reader.page, reader.page.locator("section.timeline.is-live").first)
    use_live_cell(reader.page, chapter, shown)
    assert reader.strangers == []


@pytest.mark.parametrize("application", ["lab", "notebooks"])
def test_a_chapter_is_run_filtered_run_again_and_saved(project: Project, open_page: OpenPage, application: str) -> None:
    file = project.folder / "chapters" / f"{CHAPTERS[0]}.ipynb"
    stored = nbformat.read(file, as_version=4)
    reader = opened(open_page, project, application, CHAPTERS[0])
    page = reader.page
    run_all(page)
    all_run(page)

    # The filter, by keyboard; a student's own cell at the end says the same number.
    timeline = page.locator("section.timeline.is-live").first
    total, shown = filtered(page, timeline)
    use_live_cell(page, CHAPTERS[0], shown)
    page.locator(".jp-Notebook .jp-Cell").last.click()
    page.keyboard.press("Escape")
    page.keyboard.press("b")
    cell = page.locator(".jp-Notebook .jp-Cell").last
    write(page, cell, "len(timeline.visible)")
    expect(cell.locator(".jp-OutputArea-output")).to_have_text(str(shown))
    talk(page, cell, timeline)
    write(page, cell, "len(timeline.visible)")

    # From the start again, and saved: what the project stores, and the student's cell.
    menu(page, "Kernel", "Restart Kernel and Run All Cells")
    page.locator(".jp-Dialog").get_by_role("button", name="Confirm Kernel Restart").click()
    expect(page.locator("section.timeline .timeline-events li").first).to_contain_text("Sources:")
    visible = there(re.match(r"Showing (\d+)", total))[1]
    expect(cell.locator(".jp-OutputArea-output")).to_have_text(visible, timeout=90_000)
    all_run(page)
    page.keyboard.press("Escape")
    with page.expect_response(lambda answer: answer.request.method == "PUT" and "/api/contents/" in answer.url):
        page.keyboard.press("ControlOrMeta+s")
    saved = normal(nbformat.read(file, as_version=4))
    assert saved.cells.pop().source == "len(timeline.visible)"
    assert nbformat.writes(saved) == nbformat.writes(stored)
    assert reader.strangers == []


def test_a_broken_table_is_told_in_the_cell(project: Project, open_page: OpenPage) -> None:
    table = project.folder / "data" / "events.csv"
    text = table.read_text("utf-8")
    reader = opened(open_page, project, "lab", "anora")
    page = reader.page
    table.write_text(
        text.replace(",2024-05-25,", ",2024-05-32,", 1).replace("variety-ic-report", "hearsay", 1), "utf-8"
    )
    with pytest.raises(DataError) as told:
        load(table.parent)
    cell = page.locator(".jp-CodeCell").first
    error = cell.locator(".jp-OutputArea-output", has_text="faults in the data")
    run(page, cell)
    expect(error).to_be_visible(timeout=90_000)
    assert error.inner_text().split() == str(told.value).split()
    assert len(told.value.faults) >= 2
