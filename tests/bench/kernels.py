"""Chapters in an environment of their own: a virtual one made from a lock, kernels of its Python, a JupyterLab."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import nbformat
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient

PATIENCE = 900
"""Seconds after which a kernel, or a cell, is given up: a machine that starts thirty at once is slow."""


def environment(folder: Path, lock: Path) -> Path:
    """The Python of a new virtual environment at `folder` that holds what `lock` lists, each by its hash.

    Raises RuntimeError with what pip said.
    """
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    python = folder / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "--disable-pip-version-check", "--quiet"]
    done = subprocess.run(
        [*pip, "install", "--require-hashes", "--requirement", lock], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    return python


def kernel(python: Path, specs: Path, env: dict[str, str] | None = None) -> AsyncKernelManager:
    """A kernel of `python`, not yet started, with `env` in its environment; its description is written to `specs`."""
    spec = {
        # The environment's own description says "python", for which a manager takes the Python that it runs on.
        "argv": [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}", "--log-level=ERROR"],
        "display_name": "Python 3",
        "language": "python",
        "env": env or {},
    }
    (specs / "room").mkdir(parents=True, exist_ok=True)
    (specs / "room" / "kernel.json").write_text(json.dumps(spec), "utf-8")
    finder = KernelSpecManager(kernel_dirs=[str(specs)], ensure_native_kernel=False)
    return AsyncKernelManager(kernel_name="room", kernel_spec_manager=finder)


async def run(path: Path, manager: AsyncKernelManager) -> nbformat.NotebookNode:
    """Run a notebook from top to bottom; its kernel lives on. Raises CellExecutionError where a cell fails."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        km=manager,
        timeout=PATIENCE,
        startup_timeout=PATIENCE,
        coalesce_streams=True,
        store_widget_state=False,
        resources={"metadata": {"path": str(path.parent)}},
    )
    try:
        return await client.async_execute()
    finally:
        if client.kc:
            client.kc.stop_channels()


@contextlib.contextmanager
def lab(folder: Path, home: Path, *options: str) -> Iterator[tuple[str, int]]:
    """A JupyterLab over `folder` that keeps its own files in `home`: its address, and the id of its process.

    Raises RuntimeError with its log where it does not start.
    """
    home.mkdir(parents=True, exist_ok=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    own = {f"JUPYTER_{name}_DIR": str(home / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")}
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1"]
    command += [f"--port={address.rpartition(':')[2]}", "--port-retries=0", "--IdentityProvider.token="]
    command += [f"--LabApp.{name}_dir={home / name}" for name in ("workspaces", "user_settings")]
    with (home / "log").open("w") as log:
        server = subprocess.Popen(
            [*command, *options],
            cwd=folder,
            env={**os.environ, **own, "IPYTHONDIR": str(home / "ipython")},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        for _ in range(240):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{address}/api", timeout=1).close()
                break
            if server.poll() is not None:
                break
            time.sleep(0.25)
        else:
            server.kill()
        if server.poll() is not None:
            raise RuntimeError((home / "log").read_text("utf-8"))
        yield address, server.pid
    finally:
        server.terminate()
        server.wait(timeout=20)
