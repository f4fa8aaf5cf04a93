"""A folder served from this machine, as it is or as a static host sends it, and each file's size as such a host would
send it."""

from __future__ import annotations

import contextlib
import functools
import gzip
import http.server
import io
import os
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

PACKED = {".woff2", ".woff", ".png", ".jpg", ".epub", ".pdf", ".zip"}
"""Formats that are compressed already and are sent as they are."""
LASTING = re.compile(r"[-.][0-9a-f]{8,}\.\w+$|[?&](?:digest|v)=[0-9a-f]{8,}")
"""Addresses that change with what stands there, as `book-62a886a8ab.css` or `theme.css?digest=8878045c`."""


class Handler(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    extensions_map = {  # noqa: RUF012
        **http.server.SimpleHTTPRequestHandler.extensions_map,
        "": "text/javascript",  # Altair asks for "vega@6": scripts without an ending
        ".mjs": "text/javascript",
        ".webmanifest": "application/manifest+json",
    }

    def log_message(self, *_: object) -> None:
        pass

    def handle(self) -> None:
        with contextlib.suppress(ConnectionError):  # a page that is closed while it loads
            super().handle()


class Host(Handler):
    """As a static host does it: texts in gzip, and how long each file may be kept."""

    def send_head(self) -> io.BytesIO | BinaryIO | None:
        path = Path(self.translate_path(self.path))
        if path.is_dir() and not urlsplit(self.path).path.endswith("/"):
            return super().send_head()
        path = path / "index.html" if path.is_dir() else path
        packs = path.is_file() and path.suffix not in PACKED and "gzip" in self.headers.get("Accept-Encoding", "")
        if not packs:
            return super().send_head()
        body = _packed(path, path.stat().st_mtime_ns)
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(str(path)))
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        return io.BytesIO(body)

    def guess_type(self, path: str | os.PathLike[str]) -> str:
        kind = super().guess_type(path)
        return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind

    def end_headers(self) -> None:
        lasting = LASTING.search(self.path)
        self.send_header("Cache-Control", "max-age=31536000, immutable" if lasting else "max-age=600")
        super().end_headers()


@contextlib.contextmanager
def serve(folder: Path, handler: type[Handler] = Handler) -> Iterator[str]:
    """Serve `folder` on the loopback, uncompressed or by `Host`; gives its address."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(handler, directory=folder))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


@functools.cache
def size(path: Path) -> tuple[int, int]:
    """Bytes of a file as it is, and as sent: gzip -6, or as it is where the format is compressed already.

    What is asked for and not there has none.
    """
    data = path.read_bytes() if path.is_file() else b""
    if not data:
        return 0, 0
    return len(data), len(data) if path.suffix in PACKED else len(gzip.compress(data, 6))


@functools.cache
def _packed(path: Path, _changed: int) -> bytes:
    return gzip.compress(path.read_bytes(), 6)
