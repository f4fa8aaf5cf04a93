"""A folder served from this machine, uncompressed, and each file's size as a web host would send it."""

from __future__ import annotations

import contextlib
import functools
import gzip
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

PACKED = {".woff2", ".woff", ".png", ".jpg"}
"""Formats that are compressed already and are sent as they are."""


class Handler(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Altair asks for "vega@6": scripts without an ending.
    extensions_map = {**http.server.SimpleHTTPRequestHandler.extensions_map, "": "text/javascript"}  # noqa: RUF012

    def log_message(self, *_):
        pass

    def handle(self):
        with contextlib.suppress(ConnectionError):  # a page that is closed while it loads
            super().handle()


@contextlib.contextmanager
def serve(folder: Path) -> Iterator[str]:
    """Serve `folder` on the loopback; gives its address."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=folder))
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
