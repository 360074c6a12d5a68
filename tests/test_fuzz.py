"""Mutated inputs of every form: no crash, no page over five seconds, memory bounded, and nothing lost each time."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MAX_SECONDS, MAX_MIB = 5, 600


@pytest.mark.parametrize("count", [pytest.param(200, id="short"), pytest.param(10_000, id="full", marks=pytest.mark.slow)])
@pytest.mark.timeout(2400)
def test_mutated_inputs_are_read_or_refused(count: int) -> None:
    words = [sys.executable, "-m", "tests.fuzz.run", str(count), "1"]
    ended = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr[-2000:]
    told = json.loads(ended.stdout)
    assert told["broken"] == [], told
    assert told["slowest_page"]["seconds"] < MAX_SECONDS, told
    assert told["peak_mib"] < MAX_MIB, told
    assert sum(told["verdicts"].values()) >= count * 0.9  # copies of one mutant are refused as such
    assert {"ok", "rejected"} <= told["verdicts"].keys()
