"""Pages and BibTeX that mean harm: nothing of them runs while the book is built or where it is read, no file of the
machine gets into the book, and the build names every fault with its page and cell.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path
from subprocess import CompletedProcess

import nbformat
import pytest
import yaml
from companion import check, guard
from conftest import ROOT, OpenPage, jupyter_book
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output, new_raw_cell
from playwright.sync_api import Page, expect

STRANGER = "https://stranger.example/"
SECRET = "Nobody outside this machine should read this."
OUTSIDE = "../../secret.txt"
"""Where the secret lies, seen from the chapters of a book."""
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
"""A picture (PNG) of one pixel."""

HTML = {
    "<script>document.documentElement.dataset.hurt = 1</script>": "the element <script> must not",
    f'<script src="{STRANGER}x.js"></script>': "the element <script> must not",
    '<img src="x" onerror="document.documentElement.dataset.hurt = 2">': "the attribute onerror of <img>",
    '<svg onload="document.documentElement.dataset.hurt = 3"></svg>': "the attribute onload of <svg>",
    f'<iframe src="{STRANGER}"></iframe>': "the element <iframe>",
    '<iframe srcdoc="<script>top.document.documentElement.dataset.hurt = 4</script>"></iframe>': "srcdoc of <iframe>",
    f'<object data="{STRANGER}"></object>': "the element <object>",
    f'<base href="{STRANGER}">': "the element <base>",
    f'<link rel="stylesheet" href="{STRANGER}x.css">': "the element <link>",
    f'<style>@import "{STRANGER}x.css"</style>': "the element <style>",
    f'<p style="background: url({STRANGER}x.png)">x</p>': "the attribute style of <p>",
    f'<img src="{STRANGER}x.png">': f"the address '{STRANGER}x.png' must not be loaded",
    '<img src="//stranger.example/x.png">': "must not be loaded",
    f'<img srcset="{STRANGER}x.png">': "the attribute srcset of <img>",
    '<a href="javascript:document.documentElement.dataset.hurt = 5">x</a>': "must be of the web",
    '<a href="java\tscript:document.documentElement.dataset.hurt = 6">x</a>': "must be of the web",
    '<a href="data:text/html,<script>alert(7)</script>">x</a>': "must be of the web",
    '<svg><a xlink:href="javascript:document.documentElement.dataset.hurt = 8"><text>x</text></a></svg>': "of the web",
    f'<form action="{STRANGER}"><button>x</button></form>': "the element <form>",
}
"""Markup that means harm, and what the build says of it."""

MARKDOWN = {
    f'<meta http-equiv="refresh" content="0; url={STRANGER}">': "the element <meta>",
    f"![x]({STRANGER}x.png)": "must not be loaded",
    f"![x]({OUTSIDE})": f"the file '{OUTSIDE}' must not be shown: it is none of the book’s",
    f"[x]({OUTSIDE})": "it is none of the book’s",
    f"{{download}}`x <{OUTSIDE}>`": "it is none of the book’s",
    "{download}`x <../../../../../../../../../../../../etc/passwd>`": "it is none of the book’s",
    "{download}`x <../.git/config>`": "it is none of the book’s",
    "{download}`x <page.html>`": "a browser may run what is in it",
    "```{image} data:image/svg+xml;base64,PHN2Zz48L3N2Zz4=\n```": "must not be loaded",
    f"```{{figure}} {OUTSIDE}\nx\n```": "it is none of the book’s",
    f"```{{literalinclude}} {OUTSIDE}\n```": "must not be shown: it is none of the book’s",
    f"```{{include}} {OUTSIDE}\n```": "the directive {include} must not be used",
    "```{raw} html\n<script>document.documentElement.dataset.hurt = 9</script>\n```": "the directive {raw}",
    f"```{{raw}} html\n:file: {OUTSIDE}\n```": "the directive {raw} must not be used",
    f"```{{csv-table}}\n:file: {OUTSIDE}\n```": "the directive {csv-table} must not be used",
    f"```{{eval-rst}}\n.. include:: {OUTSIDE}\n```": "the directive {include} must not be used",
    f"```{{eval-rst}}\n.. literalinclude:: {OUTSIDE}\n```": "it is none of the book’s",
    "```{eval-rst}\n.. raw:: html\n\n   <script>document.documentElement.dataset.hurt = 10</script>\n```": "{raw} must",
    "```{eval-rst}\n.. role:: html(raw)\n   :format: html\n\n:html:`<b>`\n```": "the directive {role} must not be used",
    "```{eval-rst}\n`x <javascript:document.documentElement.dataset.hurt=11>`_\n```": "must be of the web",
    "```{eval-rst}\nx_\n\n.. _x: javascript:document.documentElement.dataset.hurt=13\n```": "must be of the web",
    "```{admonition} x\n<script>document.documentElement.dataset.hurt = 12</script>\n```": "the element <script>",
}
"""The same in Markdown; paths are those of a page in the folder of the chapters."""


def project(folder: Path, pages: list[str]) -> Path:
    """A book with a cover and these pages, which are still to be written, and a secret beside it."""
    book = folder / "book"
    waste = shutil.ignore_patterns("__pycache__")
    for name in (".binder", "chapters/companion", "data"):
        shutil.copytree(ROOT / name, book / name, ignore=waste)
    for name in ("_config.yml", "CHANGELOG.md", "CITATION.cff", "LICENSE", "LICENSE-CONTENT"):
        shutil.copy(ROOT / name, book)
    (folder / "secret.txt").write_text(SECRET, "utf-8")
    (book / "chapters" / "cover.md").write_text(
        "# The cover\n\nThis is a book with pages that mean harm, built so that it comes to nothing.\n", "utf-8"
    )
    parts = [{"caption": "Pages", "chapters": [{"file": f"chapters/{name}"} for name in pages]}]
    contents = {"format": "jb-book", "root": "chapters/cover", "parts": parts}
    (book / "_toc.yml").write_text(yaml.safe_dump(contents), "utf-8")
    return book


def leaves(path: Path) -> str:
    """Code that leaves a mark where it runs."""
    return f"open({str(path)!r}, 'w').write('x')"


def said(built: CompletedProcess[str]) -> str:
    return re.sub(r"\x1b\[[\d;]*m", "", built.stdout + built.stderr)


# Pages whose text means harm


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A book with a page that tries everything, and what its build said."""
    folder = tmp_path_factory.mktemp("hostile")
    book = project(folder, ["hostile", "harmless"])
    (book / "chapters" / "page.html").write_text("<script>1</script>", "utf-8")
    (book / ".git").mkdir()
    (book / ".git" / "config").write_text(SECRET, "utf-8")
    cells = [
        new_markdown_cell(f"# A page\n\nIt tries all that a page could do to its readers.\n\n{text}") for text in HTML
    ]
    cells += map(new_markdown_cell, MARKDOWN)
    outputs = [new_output("display_data", {"text/html": html}) for html in HTML]
    cells.append(new_code_cell(leaves(folder / "ran"), execution_count=1, outputs=outputs))
    kernel = {"name": "evil", "display_name": "../evil", "language": "sh"}
    nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": kernel}), book / "chapters" / "hostile.ipynb")
    text = "# Another page\n\nIt shows a picture and a file of the book, and does no harm to anybody.\n\n"
    text += "![One pixel](pixel.png)\n\n```{literalinclude} values.yaml\n```\n\n{download}`Take it <values.yaml>`\n"
    text += f'\n<a href="{STRANGER}">A link</a> <img alt="x" src="data:image/png;base64,{PIXEL}">\n'
    picture = new_output("display_data", {"image/png": PIXEL, "text/plain": "a picture"})
    cells = [new_markdown_cell(text), new_code_cell("1", execution_count=1, outputs=[picture])]
    language = {"language_info": {"name": "python", "pygments_lexer": "python"}}
    nbformat.write(new_notebook(cells=cells, metadata=language), book / "chapters" / "harmless.ipynb")
    (book / "chapters" / "values.yaml").write_text("one: 1\n", "utf-8")
    shutil.copy(ROOT / "chapters" / "companion" / "theme" / "cards" / "cover.png", book / "chapters" / "pixel.png")
    built = jupyter_book(book)
    assert built.returncode != 0
    assert not (folder / "ran").exists(), "a cell was executed"
    return book / "_build" / "html", said(built)


@pytest.mark.parametrize(("number", "rule"), enumerate([*HTML.values(), *MARKDOWN.values()], 1))
def test_what_means_harm_is_named_with_its_cell(hostile: tuple[Path, str], number: int, rule: str) -> None:
    told = re.findall(rf"hostile\.ipynb:{number}\d{{4}}: \w+: (cell {number}: .*)", hostile[1])
    assert any(rule in line for line in told), told


def test_so_is_a_stored_output(hostile: tuple[Path, str]) -> None:
    number = len(HTML) + len(MARKDOWN) + 1
    told = "\n".join(re.findall(rf"cell {number}: .*", hostile[1]))
    assert [rule for rule in HTML.values() if rule not in told] == []


def test_what_does_no_harm_is_shown(hostile: tuple[Path, str]) -> None:
    book, text = hostile
    assert "harmless.ipynb" not in text.replace("chapters/harmless", "")
    page = (book / "chapters" / "harmless.html").read_text("utf-8")
    assert page.count("<img ") == 3
    assert f'href="{STRANGER}"' in page
    assert "one" in page
    assert list(book.glob("_downloads/*/values.yaml"))


def test_no_file_of_the_machine_is_in_the_book(hostile: tuple[Path, str]) -> None:
    for path in filter(Path.is_file, hostile[0].rglob("*")):
        raw = path.read_bytes()
        assert SECRET.encode() not in raw, path
        assert b"root:x:0:" not in raw, path
    assert not [path for path in hostile[0].rglob("*") if path.name in ("secret.txt", "passwd", "page.html", "config")]


def test_a_reader_of_that_page_is_not_harmed(hostile: tuple[Path, str], open_page: OpenPage) -> None:
    reader = open_page((hostile[0] / "chapters" / "hostile.html").as_uri())
    expect(reader.page.locator("h1").first).to_contain_text("A page")
    harmed(reader.page)
    assert reader.strangers == reader.complaints == []


def test_the_policy_of_a_page_stops_it_as_well(site: str, open_page: OpenPage) -> None:
    """What no build would let through, put into a built page: its policy alone is between it and the reader."""
    reader = open_page("about:blank")
    address = f"{site}/chapters/anora.html"
    page = reader.page.request.get(address).text()
    harm = "".join(f"<div>{html}</div>" for html in HTML)
    body = page.replace("<article>", f"<article>{harm}", 1)
    assert body != page
    reader.page.route(address, lambda route: route.fulfill(body=body, content_type="text/html; charset=utf-8"))
    reader.page.goto(address, wait_until="load")
    harmed(reader.page)
    assert reader.strangers == []
    assert len(reader.complaints) >= 8, "the browser says what it stopped"


def harmed(page: Page) -> None:
    """Follow every link that could run something, and see that nothing ran."""
    page.evaluate(
        """() => {
            const elsewhere = (link) => /^(https?|file):/.test(link.href);
            const links = [...document.querySelectorAll("article a")].filter((link) => !elsewhere(link));
            for (const link of links) link.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true }));
        }"""
    )
    page.wait_for_timeout(300)
    assert page.evaluate("document.documentElement.dataset.hurt") is None


# Pages whose settings mean harm


def notebook(path: Path, *cells: nbformat.NotebookNode, **metadata: object) -> None:
    nbformat.write(new_notebook(cells=[new_markdown_cell("# A page"), *cells], metadata=metadata), path)


def test_a_page_cannot_have_itself_executed(tmp_path: Path) -> None:
    pages = ["forced", "inline", "text", "templates", "outputs", "state", "linked", "broken", "markup"]
    book = project(tmp_path, pages)
    chapters, ran = book / "chapters", tmp_path / "ran"
    code = new_code_cell(leaves(ran))
    python = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook(chapters / "forced.ipynb", code, kernelspec=python, mystnb={"execution_mode": "force"})
    notebook(chapters / "inline.ipynb", code, kernelspec=python, mystnb={"execution_mode": "inline"}, myst={})
    (chapters / "text.md").write_text(
        "---\nfile_format: mystnb\nkernelspec: {name: python3}\nmystnb: {execution_mode: force}\n---\n# A page\n\n"
        f"```{{code-cell}}\n{leaves(ran)}\n```\n",
        "utf-8",
    )
    # MyST fills in substitutions with Jinja, outside of any sandbox.
    template = "{{ env.app.__class__.__init__.__globals__['__builtins__']." + leaves(ran) + " }}"
    (chapters / "templates.md").write_text(
        f"---\nmyst: {{enable_extensions: [substitution], substitutions: {{a: b}}}}\n---\n# A page\n\n{template}\n",
        "utf-8",
    )
    types = ("application/javascript", "image/svg+xml", "text/markdown", "application/vnd.jupyter.widget-state+json")
    outputs = [new_output("display_data", {name: "x"}) for name in types]
    raw = new_raw_cell("<script>1</script>", metadata={"format": "text/html"})
    notebook(chapters / "outputs.ipynb", new_code_cell("1", outputs=outputs), raw, kernelspec=python)
    attached = new_markdown_cell("![x](attachment:x.svg)", attachments={"x.svg": {"image/svg+xml": "x"}})
    told = new_code_cell("1", metadata={"mystnb": {"execution_mode": "force"}})
    notebook(chapters / "state.ipynb", attached, told, widgets={"application/vnd.jupyter.widget-state+json": {}})
    (chapters / "linked.md").symlink_to(tmp_path / "secret.txt")
    (chapters / "broken.ipynb").write_text('{"cells": "none"}', "utf-8")
    (chapters / "markup.md").write_text("# A page\n\nIt is well.\n", "utf-8")
    built = jupyter_book(book)
    assert built.returncode != 0
    assert not ran.exists(), "code of a page was executed"
    assert not (book / "_build" / "html" / "chapters").exists()
    allowed = "must not be the type of an output; it may be image/jpeg, image/png, text/html, text/plain"
    lines = [
        "chapters/forced.ipynb: 'mystnb' must not stand in the metadata of a notebook; `make refresh` takes it out",
        "chapters/inline.ipynb: 'myst' must not stand in the metadata of a notebook; `make refresh` takes it out",
        "chapters/inline.ipynb: 'mystnb' must not stand in the metadata of a notebook; `make refresh` takes it out",
        "chapters/text.md, row 1: must not begin with ---: a page has no settings of its own",
        "chapters/templates.md, row 1: must not begin with ---: a page has no settings of its own",
        *(f"chapters/outputs.ipynb, cell 2: {name!r} {allowed}" for name in types),
        "chapters/outputs.ipynb, cell 3: 'raw' must not be the type of a cell: nobody checks what it holds",
        "chapters/state.ipynb: 'widgets' must not stand in the metadata of a notebook; `make refresh` takes it out",
        "chapters/state.ipynb, cell 2: 'x.svg' must not be attached to a cell: a picture is a file of the book",
        "chapters/state.ipynb, cell 3: 'mystnb' must not stand in the metadata of a cell; `make refresh` takes it out",
        "chapters/linked.md: must be a file, not a link",
    ]
    assert [line for line in lines if line not in said(built).splitlines()] == []
    assert "chapters/broken.ipynb: must be a notebook: " in said(built)
    assert "markup" not in said(built)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", "[" * 100_000, '{"cells": [3]}', '{"nbformat": 3}', "\0", "é\udce9"]
)
def test_a_notebook_that_is_none_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "chapters" / "x.ipynb"
    path.parent.mkdir()
    path.write_text(text, "utf-8", errors="surrogateescape")
    (fault,) = guard.source_faults(path, tmp_path)
    assert str(fault).startswith("chapters/x.ipynb: must be a notebook: ")
    assert str(fault).isprintable()


def test_the_chapters_pass() -> None:
    pages = [path for kind in ("md", "ipynb") for path in (ROOT / "chapters").rglob(f"*.{kind}")]
    pages = [path for path in pages if ".ipynb_checkpoints" not in path.parts]
    assert len(pages) > 20
    assert [str(fault) for path in pages for fault in guard.source_faults(path, ROOT)] == []


# Tables and BibTeX that mean harm


def test_hostile_bibtex_stops_the_build_before_anything_reads_it(tmp_path: Path) -> None:
    book = project(tmp_path, ["page"])
    (book / "chapters" / "page.md").write_text("# A page\n\nIt is well.\n", "utf-8")
    path = book / "data" / "sources.bib"
    entries = [
        r'@preamble{"\input{/etc/passwd} \immediate\write18{touch written}"}',
        *(
            f"@online{{zzz-{number}, title = {{{title}}}, organization = {{x}}, url = {{{url}}}, urldate = {{2026}}}}"
            for number, (title, url) in enumerate(
                [
                    (r"\input{/etc/passwd}", "https://example.org/"),
                    (r"\write18{touch written}", "https://example.org/"),
                    (r"{\catcode`\@=11}", "https://example.org/"),
                    ("x", "javascript:alert(1)"),
                    ("<script>alert(1)</script>", "https://example.org/"),
                ]
            )
        ),
        # Sphinx's own citations would be at these for hours.
        '@online{zzz-brackets, title = "' + "{}" * 500_000 + '"}',
        '@string{a0 = "xx"}\n' + "\n".join(f"@string{{a{n + 1} = a{n} # a{n}}}" for n in range(40)),
    ]
    path.write_text(path.read_text("utf-8") + "\n\n" + "\n\n".join(entries) + "\n", "utf-8")
    (book / "data" / "leftover.html").write_text("<script>1</script>", "utf-8")
    built = jupyter_book(book)
    assert built.returncode != 0
    lines = [str(fault) for fault in check(book / "data")]
    assert len(lines) >= 6
    assert [line for line in lines if line not in said(built)] == []
    for rule in (
        "nothing else is read",
        r"command \input",
        r"command \write",
        r"command \catcode",
        "http or https",
        "tags",
    ):
        assert any(rule in line for line in lines), rule
    assert not (book / "_build" / "html" / "chapters").exists()
    assert "root:x:0:" not in said(built)
    assert not list(book.rglob("written"))


def test_only_files_of_the_data_package_are_published(hostile: tuple[Path, str]) -> None:
    package = json.loads((ROOT / "data" / "datapackage.json").read_text("utf-8"))
    listed = {"datapackage.json", "LICENSE-CONTENT", *(resource["path"] for resource in package["resources"])}
    assert {path for path in os.listdir(hostile[0] / "data") if not path.endswith(".zip")} == listed
