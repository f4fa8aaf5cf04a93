"""`make serve`: the book at http://127.0.0.1:8000, built again when a file changes."""

from __future__ import annotations

import functools
import http.server
import sys
import threading

import watchfiles

from . import build


def main(port: int = 8000) -> None:
    """Serve the book and build it at every change, until it is interrupted; exits where the port cannot be used."""
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=build.ROOT / "_build" / "html")
    try:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)
    except OSError as fault:
        sys.exit(f"Port {port} cannot be used: {fault.strerror}. Take another: make serve PORT={port + 1}")
    build.book()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"The book is at http://127.0.0.1:{port}; Ctrl+C ends this.", flush=True)
    watched = [build.ROOT / name for name in ("chapters", "data", "_config.yml", "_toc.yml")]
    for _ in watchfiles.watch(*watched, raise_interrupt=False):
        try:
            build.book(fresh=False)
        except SystemExit as fault:
            print(fault, file=sys.stderr)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
