"""Mutated inputs of every form: no crash, no page over five seconds, memory bounded, and nothing lost each time."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from flows.language import settle_language
from flows.pipeline import split_page
from flows.read.files import read_file
from flows.read.inputs import Provenance
from flows.records import NoThread, Page
from tests.conftest import IS_COMPILED

ROOT = Path(__file__).parent.parent
MAX_SECONDS, MAX_MIB = 5, 600


@pytest.mark.parametrize("case", sorted((Path(__file__).parent / "fuzz/cases").iterdir()), ids=lambda case: case.stem)
def test_what_the_fuzzers_found_stays_mended(case: Path) -> None:
    page = read_file(case, case.name, Provenance())
    assert isinstance(page, Page)
    found = split_page(settle_language(page))
    assert not (isinstance(found, NoThread) and found.check in {"defect", "conservation"}), found.reason
    ends = [0, *(claim.end for claim in found.claims)]
    assert ends == [*(claim.start for claim in found.claims), len(page.text)]


@pytest.mark.parametrize("count", [pytest.param(200, id="short"), pytest.param(10_000, id="full", marks=pytest.mark.slow)])
@pytest.mark.timeout(2400)
def test_mutated_inputs_are_read_or_refused(count: int) -> None:
    words = [sys.executable, "-m", "tests.fuzz.run", str(count), "1"]
    ended = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr[-2000:]
    told = json.loads(ended.stdout)
    assert told["broken"] == [], told
    assert told["compiled"] == IS_COMPILED
    assert told["slowest_page"]["seconds"] < MAX_SECONDS, told
    assert told["peak_mib"] < MAX_MIB, told
    assert sum(told["verdicts"].values()) >= count * 0.9  # copies of one mutant are refused as such
    assert {"ok", "rejected"} <= told["verdicts"].keys()
