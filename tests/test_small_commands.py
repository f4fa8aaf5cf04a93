"""The commands that build, serve and print the book, with stand-ins for the programs that they start."""

from __future__ import annotations

import io
import re
import runpy
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pikepdf
import playwright.sync_api
import pytest
from companion import build, serve
from companion.forms import archive, edition, epub, pdf

LEFT = "_build/html still holds the last book that was built without one."


class TestBuild:
    @pytest.fixture
    def jupyter_book(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> SimpleNamespace:
        """A Jupyter Book that needs no time: what it was asked, what it says, and how it ends."""
        kept = SimpleNamespace(asked=[], says="", code=0, error=None)

        class Process:
            def __init__(self, command: list[str], **options: Any) -> None:
                kept.asked.append(([str(part) for part in command], options))
                if kept.error:
                    raise kept.error
                out = Path(command[4]) / "_build" / "html"
                out.mkdir(parents=True, exist_ok=True)
                (out / "index.html").write_text("book ü", "utf-8")
                (out / ".buildinfo").write_text("x", "utf-8")
                (out / "deep").mkdir(exist_ok=True)
                (out / "deep" / "a.txt").write_bytes(b"a")
                self.stderr, self.returncode = io.StringIO(kept.says), kept.code

            def __enter__(self) -> Process:
                return self

            def __exit__(self, *error: object) -> None:
                pass

            def communicate(self) -> None:
                self.stderr.read()

        monkeypatch.setattr(subprocess, "Popen", Process)
        return kept

    def test_a_book_takes_the_place_of_the_last(
        self, jupyter_book: SimpleNamespace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        out, draft = tmp_path / "_build" / "html", tmp_path / "_build" / "draft"
        for rest in (out, out.with_name("html.new"), out.with_name("html.old"), draft):
            rest.mkdir(parents=True)
            (rest / "left.txt").touch()
        jupyter_book.says = "a warning\nTraceback (most recent call last):\n  more\n"
        build.book(tmp_path)
        assert sorted(path.name for path in (tmp_path / "_build").iterdir()) == ["draft", "html"]
        assert sorted(path.name for path in out.iterdir()) == ["SHA256SUMS", "deep", "index.html"]
        assert (out / "SHA256SUMS").read_text("utf-8") == (
            "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb  deep/a.txt\n"
            "98ace75139e226214937a86c52979b793b370ad005d2d60fce7982f1b96b26ac  index.html\n"
        )
        command, options = jupyter_book.asked[0]
        assert command[0] == str(Path(sys.executable).with_name("jupyter-book"))
        assert command[1:] == ["build", str(tmp_path), "--path-output", str(draft), "-W", "-n", "--keep-going"]
        assert options == {"cwd": tmp_path, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
        assert capsys.readouterr().err == "a warning\n"
        assert not (draft / "left.txt").exists()
        (draft / "kept.txt").touch()
        build.book(tmp_path, fresh=False)
        assert (draft / "kept.txt").exists()
        build.book(tmp_path)
        assert not (draft / "kept.txt").exists()

    @pytest.mark.parametrize(
        ("error", "said"),
        [
            (None, "The build found a fault; it is told above. "),
            (OSError(28, "No space left on device"), "The book could not be written in {}: No space left on device. "),
            (shutil.Error([("a", "b", "no room")]), "The book could not be written in {}: no room. "),
            (KeyboardInterrupt(), "The build was stopped. "),
        ],
    )
    def test_what_went_wrong_is_said(
        self, jupyter_book: SimpleNamespace, tmp_path: Path, error: BaseException | None, said: str
    ) -> None:
        jupyter_book.error, jupyter_book.code = error, 1
        for left in ("There is no book in _build/html yet.", LEFT):
            with pytest.raises(SystemExit) as ended:
                build.book(tmp_path)
            assert ended.value.code == said.format(tmp_path / "_build") + left
            (tmp_path / "_build" / "html").mkdir(exist_ok=True)
            (tmp_path / "_build" / "html" / "SHA256SUMS").touch()

    def test_the_command(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        asked: list[object] = []
        monkeypatch.setattr(build, "book", lambda: asked.append("book"))
        monkeypatch.setattr(sys, "argv", ["build"])
        build.main()
        assert asked == ["book"]
        said = "The book stands at _build/html/index.html: open that file, or run 'make serve'.\n"
        assert capsys.readouterr().out == said
        (tmp_path / "a").write_bytes(b"a")
        for _ in range(2):
            monkeypatch.setattr(sys, "argv", ["build", "--sums", str(tmp_path)])
            build.main()
        assert asked == ["book"]
        assert (tmp_path / "SHA256SUMS").read_text("utf-8").endswith("48bb  a\n")
        assert (tmp_path / "SHA256SUMS").read_text("utf-8").count("\n") == 1
        monkeypatch.setattr(sys, "argv", ["build", "--help"])
        with pytest.raises(SystemExit):
            build.main()
        told = capsys.readouterr().out
        assert told.startswith("usage: python -m companion.build [-h] [--sums FOLDER]")
        assert "only list the checksums of a folder's files" in told
        assert "the whole book, or the one that was there before" in told


class TestServe:
    @pytest.fixture
    def served(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> SimpleNamespace:
        kept = SimpleNamespace(builds=[], watched=(), options={}, address=None, handler=None, threads=[])

        class Server:
            def __init__(self, address: tuple[str, int], handler: Any) -> None:
                kept.address, kept.handler = address, handler

            def serve_forever(self) -> None:
                pass

        def watch(*paths: Path, **options: Any) -> Iterator[str]:
            kept.watched, kept.options = paths, options
            yield from "ab"

        def book(**options: Any) -> None:
            kept.builds.append(options)
            if len(kept.builds) == 2:
                sys.exit("a fault")

        class Thread:
            def __init__(self, **options: Any) -> None:
                kept.threads.append((options["target"].__name__, options["daemon"]))

            def start(self) -> None:
                kept.threads.append("started")

        monkeypatch.setattr("companion.serve.http.server.ThreadingHTTPServer", Server)
        monkeypatch.setattr("companion.serve.threading.Thread", Thread)
        monkeypatch.setattr("companion.serve.watchfiles.watch", watch)
        monkeypatch.setattr(build, "book", book)
        monkeypatch.setattr(build, "ROOT", tmp_path)
        return kept

    def test_the_book_is_built_at_every_change(
        self, served: SimpleNamespace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        serve.main()
        assert served.address == ("127.0.0.1", 8000)
        assert served.handler.keywords == {"directory": tmp_path / "_build" / "html"}
        assert served.builds == [{}, {"fresh": False}, {"fresh": False}]
        assert served.watched == tuple(tmp_path / name for name in ("chapters", "data", "_config.yml", "_toc.yml"))
        assert served.options == {"raise_interrupt": False}
        assert served.threads == [("serve_forever", True), "started"]
        said = capsys.readouterr()
        assert said.out == "The book is at http://127.0.0.1:8000; Ctrl+C ends this.\n"
        assert said.err == "a fault\n"

    def test_a_port_in_use_is_told(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def taken(address: object, handler: object) -> None:
            raise OSError(98, "Address already in use")

        monkeypatch.setattr("companion.serve.http.server.ThreadingHTTPServer", taken)
        with pytest.raises(SystemExit) as ended:
            serve.main(9)
        assert ended.value.code == "Port 9 cannot be used: Address already in use. Take another: make serve PORT=10"


class TestForms:
    @pytest.fixture
    def run(self, monkeypatch: pytest.MonkeyPatch) -> Any:
        asked: list[object] = []

        def read(book: Path, source: Path) -> str:
            asked.append((str(book), str(source)))
            if book.name == "bad":
                raise ValueError("a page has no text")
            return "whole"

        def write(name: str) -> Any:
            def made(what: object, path: Path, *more: object) -> None:
                asked.append((name, str(what), *more))
                path.write_bytes(b"x" * 1_260_000)

            return made

        monkeypatch.setattr(edition, "read", read)
        for name, module in (("epub", epub), ("archive", archive), ("pdf", pdf)):
            monkeypatch.setattr(module, "write", write(name))

        def command(*arguments: str) -> list[object]:
            asked.clear()
            monkeypatch.setattr(sys, "argv", ["forms", *arguments])
            monkeypatch.delitem(sys.modules, "companion.forms.__main__", raising=False)
            runpy.run_module("companion.forms.__main__")
            return asked

        return command

    def test_they_are_made_where_they_are_asked_for(
        self, run: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        out = tmp_path / "deep" / "out"
        root = str(Path(edition.__file__).resolve().parents[3])
        assert run("book", str(out)) == [("book", root), ("epub", "whole"), ("archive", "book")]
        names = ["who-is-in-the-room-html.zip", "who-is-in-the-room.epub"]
        assert sorted(path.name for path in out.iterdir()) == names
        assert capsys.readouterr().out == (
            f"{out}/who-is-in-the-room.epub: 1.3 MB in 0 s\n{out}/who-is-in-the-room-html.zip: 1.3 MB in 0 s\n"
        )
        assert run("book", str(out), "--source", "there", "--chromium", "chrome") == [
            *(("book", "there"), ("epub", "whole"), ("archive", "book")),
            ("pdf", "whole", "chrome"),
        ]
        assert sorted(path.name for path in out.iterdir()) == [*names, "who-is-in-the-room.pdf"]

    def test_a_book_that_cannot_be_read_is_told(
        self, run: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with pytest.raises(SystemExit) as ended:
            run("bad", str(tmp_path))
        assert ended.value.code == "The forms were not made: a page has no text"
        assert list(tmp_path.iterdir()) == []
        with pytest.raises(SystemExit):
            run("--help")
        told = " ".join(capsys.readouterr().out.split())
        assert told.startswith("usage: python -m companion.forms [-h] [--source SOURCE] [--chromium CHROMIUM] book out")
        for words in (
            *("the EPUB, the archive of the pages, and", "the built book: the folder with index.html"),
            *("the folder for the forms; made if it is not there", "the folder with _toc.yml and CITATION.cff"),
            "the Chromium that prints the PDF; without one there is no PDF",
        ):
            assert f" {words}" in told

    @pytest.fixture
    def whole(self, tmp_path: Path) -> edition.Edition:
        (tmp_path / "_toc.yml").write_text("root: a\nparts:\n- {caption: Part one, chapters: [{file: b}]}\n", "utf-8")
        cff = "title: A? B\nauthors: [{name: us}]\nversion: '1'\ndate-released: 2026-11-22\nlicense: CC-BY-4.0\n"
        (tmp_path / "CITATION.cff").write_text(cff, "utf-8")
        for name in "ab":
            text = f"<article><h1>Page {name}</h1><h2>Two words</h2><h6>Deep</h6></article>"
            (tmp_path / f"{name}.html").write_text(text, "utf-8")
        return edition.read(tmp_path, tmp_path)

    def printed(self) -> bytes:
        """A PDF with bookmarks as Chromium writes them: without the space at the end of a line."""
        out = io.BytesIO()
        with pikepdf.new() as made:
            made.add_blank_page()
            with made.open_outline() as outline:
                outline.root += [pikepdf.OutlineItem(title, 0) for title in ("Partone", "Pagea", "Other")]
                outline.root[0].children.append(pikepdf.OutlineItem("Twowords", 0))
            made.docinfo["/Creator"] = "Chromium"
            made.save(out)
        return out.getvalue()

    def test_the_pdf_is_mended_and_dated(
        self, whole: edition.Edition, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        log: list[object] = []

        class Page:
            def set_default_timeout(self, milliseconds: int) -> None:
                log.append(milliseconds)

            def goto(self, address: str) -> None:
                log.append(Path(address.removeprefix("file://")).read_text("utf-8"))

            def pdf(self, **options: Any) -> bytes:
                log.append(options)
                return TestForms().printed()

        class Browser:
            def new_page(self, **options: Any) -> Page:
                log.append(options)
                return Page()

            def close(self) -> None:
                log.append("closed")

        @contextmanager
        def sync_playwright() -> Iterator[Any]:
            def launch(**options: Any) -> Browser:
                log.append(options)
                return Browser()

            yield SimpleNamespace(chromium=SimpleNamespace(launch=launch))

        monkeypatch.setattr(playwright.sync_api, "sync_playwright", sync_playwright)
        for user, arguments in ((0, ["--no-sandbox"]), (1000, [])):
            log.clear()
            monkeypatch.setattr("os.geteuid", lambda user=user: user)
            pdf.write(whole, tmp_path / f"{user}.pdf", "chrome")
            assert log == [
                {"executable_path": "chrome", "args": arguments},
                {"java_script_enabled": False, "offline": True},
                300_000,
                pdf.document(whole),
                {"tagged": True, "outline": True, "prefer_css_page_size": True, "print_background": True},
                "closed",
            ]
        assert (tmp_path / "0.pdf").read_bytes() == (tmp_path / "1000.pdf").read_bytes()
        with pikepdf.open(tmp_path / "0.pdf") as made:
            with made.open_outline() as outline:
                titles = [item.title for item in outline.root]
                assert [item.title for item in outline.root[0].children] == ["Two words"]
            assert titles == ["Part one", "Page a", "Other"]
            assert {name: str(value) for name, value in made.docinfo.items() if name != "/Producer"} == {
                "/Author": "us",
                "/CreationDate": "D:20261122000000Z",
                "/ModDate": "D:20261122000000Z",
            }
        assert b"/ObjStm" in (tmp_path / "0.pdf").read_bytes()
        assert re.search(rb"/ID ?\[", (tmp_path / "0.pdf").read_bytes())
