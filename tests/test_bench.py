"""The benchmark runs: one size, two contenders. What it measures is for `make bench`."""

from __future__ import annotations

import os
import subprocess
import sys

from conftest import ROOT


def test_a_short_sample_of_the_benchmark_runs(tmp_path):
    report = tmp_path / "report.md"
    path = os.pathsep.join((str(ROOT / "chapters"), str(ROOT / "tests")))
    done = subprocess.run(
        [sys.executable, "-m", "bench", "--sample", "--out", report],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    text = report.read_text("utf-8")
    assert "| filter to paint, median, ms |" in text
    assert "| events read without JavaScript | 100 | 0 |" in text
