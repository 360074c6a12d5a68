"""How well harm is found: damage to made nights, nights left as they are, and real pages of one engine; see tests/harmed.py."""

from __future__ import annotations

import csv
import tomllib
from pathlib import Path
from typing import Any

import pytest

from flows.baseline import Baseline
from tests.harmed import NEW, QUIET, harm, measure_files, publish, quiet, split_at_random
from tests.sites.damages import DAMAGES
from tests.sites.generator import SITES

ROOT = Path(__file__).parent.parent
SHARED = ROOT.parent / "shared"
FLOOR: dict[str, Any] = tomllib.loads((ROOT / "tests/floors.toml").read_text("utf-8"))["harm"]
OPEN = [damage for damage in DAMAGES if damage.open]
FEW = ("bbpress", "doctors")  # one with a layout, one without


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Baseline:
    return publish(tmp_path_factory.mktemp("few"), FEW, nights=2)


@pytest.fixture(scope="module")
def all_sites(tmp_path_factory: pytest.TempPathFactory) -> Baseline:
    return publish(tmp_path_factory.mktemp("all"))


@pytest.mark.parametrize("at", range(len(OPEN)), ids=[damage.id for damage in OPEN])
def test_open_damage_is_told_with_the_right_reason(at: int, few: Baseline, tmp_path: Path) -> None:
    site = FEW[at % 2] if FEW[at % 2] in OPEN[at].sites else FEW[0]
    caught = harm(tmp_path, site, OPEN[at], NEW, few)
    assert caught.verdict == "fail", caught
    assert caught.at is not None, caught


@pytest.mark.parametrize("site", FEW)
def test_nights_left_as_they_are_pass(site: str, few: Baseline, tmp_path: Path) -> None:
    assert [one.told for one in quiet(tmp_path, site, range(QUIET, QUIET + 2), few) if one.verdict != "pass"] == []


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("half", ["open", "unseen"])
def test_damage_is_told_with_the_right_reason_on_every_site(half: str, all_sites: Baseline, tmp_path: Path) -> None:
    told = {
        damage.id: [harm(tmp_path, site, damage, NEW, all_sites).at for site in SITES if site in damage.sites]
        for damage in DAMAGES
        if damage.open == (half == "open")
    }
    assert sum(None not in found for found in told.values()) >= FLOOR[half], told


@pytest.mark.slow
@pytest.mark.timeout(2400)
def test_one_quiet_night_in_a_hundred_at_most_is_an_alarm(all_sites: Baseline, tmp_path: Path) -> None:
    nights = range(QUIET, QUIET + 60)
    alarms = [one for site in SITES for one in quiet(tmp_path, site, nights, all_sites) if one.verdict != "pass"]
    assert len(alarms) <= FLOOR["false_alarms"] * len(nights) * len(SITES), alarms


@pytest.mark.skipif(not SHARED.is_dir(), reason="the collected pages are not at hand")
def test_real_pages_of_one_engine_are_no_alarm(tmp_path: Path) -> None:
    with (SHARED / "corpus/pages/pages.tsv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file, delimiter="\t") if row["verdict"] == "thread"]
    files = [SHARED / "corpus/pages/html" / row["name"] for row in rows if row["engine"].startswith("xenforo")]
    pages = measure_files(tmp_path / "pages", files)
    alarms = [decision.reasons for decision in split_at_random(pages, 200) if decision.verdict != "pass"]
    assert len(alarms) <= FLOOR["false_alarms"] * 200, alarms
