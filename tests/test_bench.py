"""The benchmark runs: one size, two contenders. What it measures is for `make bench`."""

from __future__ import annotations

from pathlib import Path

from conftest import sampled


def test_a_short_sample_of_the_benchmark_runs(tmp_path: Path) -> None:
    text = sampled("bench", tmp_path / "report.md")
    assert "| filter to paint, median, ms |" in text
    assert "| events read without JavaScript | 20 | 0 |" in text
