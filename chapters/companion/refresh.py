"""`python -m companion.refresh`: run the chapters, write their stored outputs in the one normal form, and print what a
reader now sees otherwise.

With `--check` it runs nothing, and names the notebooks that are not in that form.
"""

from __future__ import annotations

import html
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

CHAPTERS = Path(__file__).resolve().parents[1]
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
UNSEEN = re.compile(r"<(style|script)\b.*?</\1>", re.DOTALL)
CELL = re.compile(r"</t[dh]>\s*|</p>\s*(?=<p class=.event-title)")
BLOCK = re.compile(
    r"</?(?:[uo]l|li|p(?! class=.event-title)|div|section|h[1-6]|d[ltd]|table|tr|caption|figcaption|summary|details"
    r"|text|pre|br)\b[^>]*>"
)


def normal(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The one form in which a chapter is stored: no widget state, no traces of the run, cells named by their place."""
    notebook.metadata = nbformat.from_dict({"kernelspec": KERNEL, "language_info": {"name": "python"}})
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    for number, cell in enumerate(notebook.cells, 1):
        cell.id = f"cell-{number:02}"
        tags = cell.metadata.get("tags")
        cell.metadata = nbformat.from_dict({"tags": tags} if tags else {})
        if tags and "hide-cell" in tags:  # JupyterLab folds by these, and not by the tag
            cell.metadata["jupyter"] = nbformat.from_dict({"outputs_hidden": True, "source_hidden": True})
        for output in cell.get("outputs", ()):
            if "data" in output:
                output.data.pop(WIDGET_VIEW, None)
                output.metadata = nbformat.from_dict({})
    return notebook


def refresh(path: Path) -> bool:
    """Run one chapter and store it; True where the file changed. Raises CellExecutionError where a cell fails."""
    before = path.read_text("utf-8")
    notebook = nbformat.reads(before, as_version=4)
    NotebookClient(
        notebook, timeout=120, resources={"metadata": {"path": str(path.parent)}}, store_widget_state=False
    ).execute()
    after = text_of(notebook)
    if after != before:
        new = path.with_suffix(".new")  # a chapter is never half written
        new.write_text(after, "utf-8")
        new.replace(path)
    return after != before


def changes(before: nbformat.NotebookNode, after: nbformat.NotebookNode) -> Iterator[str]:
    """What a reader sees otherwise in the outputs of two runs of a notebook: each line that is gone (-) or new (+)."""
    for number, cells in enumerate(zip(before.cells, after.cells, strict=True), 1):
        old, new = (Counter(_lines(cell)) for cell in cells)
        yield from (
            f"  cell {number}: {sign} {line}" for sign, lines in (("-", old - new), ("+", new - old)) for line in lines
        )


def _lines(cell: nbformat.NotebookNode) -> Iterator[str]:
    """The text in the outputs of a cell: a line for each paragraph, item, heading and row of a table; when an event was
    and its title share one."""
    for output in cell.get("outputs", ()):
        data = output.get("data", {})
        text = data.get("text/html") or html.escape(data.get("text/plain", output.get("text", "")))
        text = BLOCK.sub("\n", CELL.sub(" | ", UNSEEN.sub("", text)))
        for line in html.unescape(re.sub(r"<[^>]*>", "", text)).split("\n"):
            if words := " ".join(line.split()).strip(" |"):
                yield words


def text_of(notebook: nbformat.NotebookNode) -> str:
    """A notebook in the normal form, as its file holds it."""
    text: str = nbformat.writes(normal(notebook), indent=1)
    return text + "\n"


def main(arguments: list[str]) -> int:
    """Refresh the notebooks at the paths, or all of them, or check them; returns the exit status."""
    paths = [argument for argument in arguments if argument != "--check"]
    if "--check" in arguments:
        texts = {name: Path(name).read_text("utf-8") for name in paths}
        others = [name for name, text in texts.items() if text_of(nbformat.reads(text, as_version=4)) != text]
        for name in others:
            print(f"{name} is not in the normal form; run make refresh")
        return 1 if others else 0
    for path in map(Path, paths) if paths else sorted(CHAPTERS.glob("**/*.ipynb")):
        if ".ipynb_checkpoints" in path.parts:
            continue
        try:
            before = nbformat.read(path, as_version=4)
            if refresh(path):
                print(f"{path.name}: written", *changes(before, nbformat.read(path, as_version=4)), sep="\n")
            else:
                print(f"{path.name}: unchanged")
        except CellExecutionError as error:
            print(f"{path.name}: a cell failed, and the file was left as it was.\n{error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
