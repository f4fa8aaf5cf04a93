"""`make book`: the whole book, or the one that was there before.

Jupyter Book builds beside, in `_build/draft`, always from nothing; only a build without a fault is put in the place of
`_build/html`, with a list of its files and their checksums. So a build that is stopped leaves nothing that looks whole.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SUMS = "SHA256SUMS"
"""The list in the book, as `sha256sum --check` reads it."""


def book(root: Path = ROOT, *, fresh: bool = True) -> None:
    """Build the book that lies in the folder `root` into `_build/html`; with `fresh` false, only what has changed.

    Exits with one line that says what is wrong and what stands in `_build/html`.
    """
    out, draft = root / "_build" / "html", root / "_build" / "draft"
    command: list[str | Path] = [Path(sys.executable).with_name("jupyter-book"), "build", root, "--path-output", draft]
    try:
        if fresh and draft.exists():
            shutil.rmtree(draft)
        draft.mkdir(parents=True, exist_ok=True)
        if _failed([*command, "-W", "-n", "--keep-going"], root):
            sys.exit(f"The build found a fault; it is told above. {_left(out)}")
        put(draft / "_build" / "html", out)
    except OSError as fault:
        why = fault.strerror or fault.args[0][0][2]  # `copytree` gathers what each file met
        sys.exit(f"The book could not be written in {draft.parent}: {why}. {_left(out)}")
    except KeyboardInterrupt:
        sys.exit(f"The build was stopped. {_left(out)}")


def _failed(command: list[str | Path], root: Path) -> bool:
    """Run Jupyter Book and pass on what it finds wrong: not what goes well, which names the draft, and not the way
    through its own code, which comes after the fault."""
    with subprocess.Popen(command, cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        for line in itertools.takewhile(lambda line: not line.startswith("Traceback"), process.stderr):
            sys.stderr.write(line)
        process.communicate()
    return process.returncode != 0


def put(built: Path, out: Path) -> None:
    """Copy a built book, add the list of its checksums, and only then let it take the place of `out`."""
    new, old = out.with_name("html.new"), out.with_name("html.old")
    for rest in (new, old):
        shutil.rmtree(rest, ignore_errors=True)
    shutil.copytree(built, new, ignore=shutil.ignore_patterns(".buildinfo"))
    add_sums(new)
    if out.exists():
        os.replace(out, old)
    os.replace(new, out)
    shutil.rmtree(old, ignore_errors=True)


def add_sums(folder: Path) -> None:
    """Write the SHA-256 of every file under a folder into a list there: a line each, in the order of names."""
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    files.pop(SUMS, None)
    lines = [f"{hashlib.sha256(files[name].read_bytes()).hexdigest()}  {name}\n" for name in sorted(files)]
    (folder / SUMS).write_text("".join(lines), "utf-8")


def _left(out: Path) -> str:
    if (out / SUMS).is_file():
        return "_build/html still holds the last book that was built without one."
    return "There is no book in _build/html yet."


def main() -> None:
    """Build the book, or list the checksums of a folder, as the command line asks."""
    parser = argparse.ArgumentParser(prog="python -m companion.build", description=__doc__)
    parser.add_argument("--sums", type=Path, metavar="FOLDER", help="only list the checksums of a folder's files")
    folder = parser.parse_args().sums
    if folder:
        add_sums(folder)
        return
    book()
    print("The book stands at _build/html/index.html: open that file, or run 'make serve'.")


if __name__ == "__main__":
    main()
