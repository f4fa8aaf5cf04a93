"""The chapters to run on one's own machine: notebooks, tables, what the cells import, and their environment."""

from __future__ import annotations

import ast
import zipfile
from pathlib import Path

import yaml

from .. import schema
from . import NOTEBOOKS, archive

FOLDER = NOTEBOOKS.removesuffix(".zip")
"""The one folder that the archive unpacks into."""

README = """\
# Who Is in the Room? The chapters to run

Python 3.11 or later is needed, and the network for the first command alone. Linux and macOS:

```sh
python3 -m venv room && room/bin/python -m pip install --require-hashes -r requirements.txt
room/bin/jupyter lab chapters/anora.ipynb
```

Windows, in the Command Prompt:

```bat
py -m venv room && room\\Scripts\\python -m pip install --require-hashes -r requirements.txt
room\\Scripts\\jupyter lab chapters\\anora.ipynb
```

The first command makes a folder `room` here and touches nothing else; to be rid of all of it, delete this folder.
In JupyterLab, *Run All Cells* in the menu *Run* makes the timelines and controls work. The other chapters lie beside
the first, exercises with solutions in `chapters/teaching`, the tables in `data`. Links from chapter to page lead to
pages of the website, which are not here.

Code is under the MIT licence (LICENSE), text and data under CC BY 4.0 (LICENSE-CONTENT).
"""


def runnable(source: Path) -> list[Path]:
    """The notebooks that the book's contents name, in their order: those that a reader can run."""
    toc = yaml.safe_load((source / "_toc.yml").read_text("utf-8"))
    pages = (item["file"] for part in toc["parts"] for item in part["chapters"])
    return [path for page in pages if (path := source / f"{page}.ipynb").is_file()]


def needed(package: Path) -> list[Path]:
    """The files that `import` takes from a package, sorted: what its modules import of it, beginning with itself, and
    whatever else bears the name of one of them (timeline.css)."""
    names, waiting = set(), ["__init__"]
    while waiting:
        name = waiting.pop()
        if name in names or not (package / f"{name}.py").is_file():
            continue
        names.add(name)
        for node in ast.walk(ast.parse((package / f"{name}.py").read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.level == 1:
                waiting += [node.module] if node.module else [alias.name for alias in node.names]
    return sorted(path for path in package.iterdir() if path.is_file() and path.stem in names)


def write(source: Path, out: Path) -> None:
    """Write the chapters of the project at the folder `source` as a zip at `out`.

    Raises OSError where a file of the project is missing, and DataError where the data package is broken.
    """
    files = [
        *runnable(source),
        *needed(source / "chapters" / "companion"),
        *schema.files(source / "data"),
        *(source / name for name in ("LICENSE", "LICENSE-CONTENT")),
    ]
    contents = {path.relative_to(source).as_posix(): path.read_bytes() for path in files}
    contents["requirements.txt"] = (source / ".binder" / "lab.txt").read_bytes()
    contents["README.md"] = README.encode()
    with zipfile.ZipFile(out, "w") as packed:
        for name in sorted(contents):
            archive.add(packed, f"{FOLDER}/{name}", contents[name])
