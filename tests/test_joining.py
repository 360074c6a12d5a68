"""One person under several ids is one row of `authors`, and the ids that went lead there."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from flows.__main__ import main
from tests.conftest import Clean
from tests.inline import snapshot_of
from tests.test_publish import parts_of, table

SITE = "joints.example"


def write_thread(raw: Path, number: int, bylines: list[str]) -> None:
    raw.mkdir(exist_ok=True)
    said = [
        f"{line}\nThe spring of number {number} loses its force after {at + 2} years of daily use, so have it measured."
        for at, line in enumerate(bylines)
    ]
    (raw / f"{number}.txt").write_text("\n\n".join([f"Why does machine {number} click?\nIt clicks all day.", *said]), "utf-8")
    (raw / f"{number}.txt.meta.json").write_text(json.dumps({"url": f"https://{SITE}/q/{number}"}), "utf-8")


RARE = "Wilhelmina Oosterveen, MD\nUtrecht Dermatologist"
SHORT = "W. Oosterveen, MD\nUtrecht Dermatologist"
OTHERS = ["Anna Berg, MD\nBoard Certified Dermatologist", "Carl Holm, RN\nWound Care Nurse"]


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    for number in range(8):
        write_thread(tmp_path / "raw", number, [RARE if number % 2 else SHORT, OTHERS[number % 2]])
    return tmp_path / "raw"


def test_one_person_is_one_row_and_the_other_id_leads_there(raw: Path, tmp_path: Path) -> None:
    snapshot = snapshot_of(raw, tmp_path / "p")
    authors, answers, aliases = (table(snapshot, name) for name in ("authors", "answers", "author_aliases"))
    found = authors.filter(pl.col("family_name") == "Oosterveen").to_dicts()
    assert len(found) == 1, found
    assert found[0]["answer_count"] == 8
    assert len(found[0]["aliases"]) == 2
    assert aliases["author_id"].to_list() == [found[0]["author_id"]]
    assert aliases["why"][0]
    assert set(answers["author_id"].drop_nulls()) == set(authors["author_id"])
    assert not set(aliases["alias_id"]) & set(authors["author_id"])


def test_what_is_said_not_to_be_the_same_stays_apart(raw: Path, tmp_path: Path) -> None:
    joined = table(snapshot_of(raw, tmp_path / "p"), "authors").height
    names = [f'{{site = "{SITE}", name = "{name}"}}' for name in ("Wilhelmina Oosterveen", "W. Oosterveen")]
    (raw / "authors.overrides.toml").write_text(f'[[not_same]]\nauthors = [{", ".join(names)}]\nwhy = "mother and son"\n')
    snapshot = snapshot_of(raw, tmp_path / "p")
    assert table(snapshot, "authors").height == joined + 1
    assert table(snapshot, "author_aliases").is_empty()
    assert parts_of(snapshot) == parts_of(snapshot_of(raw, tmp_path / "anew"))


def test_what_is_said_to_be_the_same_is_joined(raw: Path, tmp_path: Path) -> None:
    names = [f'{{site = "{SITE}", name = "{name}"}}' for name in ("Anna Berg", "Carl Holm")]
    (raw / "authors.overrides.toml").write_text(f'[[same]]\nauthors = [{", ".join(names)}]\nwhy = "a pen name"\n')
    authors = table(snapshot_of(raw, tmp_path / "p"), "authors")
    assert authors.height == 2
    assert authors["answer_count"].to_list() == [8, 8]


def test_broken_overrides_are_wrong_use(raw: Path, tmp_path: Path, clean: Clean) -> None:
    (raw / "authors.overrides.toml").write_text("[[same]]\nauthors = 3\n")
    ended = clean(raw, tmp_path / "p")
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert "authors.overrides.toml" in ended.err
    assert main(["path", str(tmp_path / "p")]) == 2


def write_site(raw: Path, number: int, site: str, byline: str) -> None:
    write_thread(raw, number, [byline, "Anna Berg, MD\nBoard Certified Dermatologist"])
    (raw / f"{number}.txt.meta.json").write_text(json.dumps({"url": f"https://{site}/q/{number}"}), "utf-8")


def ids_of(snapshot: Path, name: str) -> list[str]:
    """Return the ids of the authors of a family name, by their sites."""
    return table(snapshot, "authors").filter(pl.col("family_name") == name).sort("site")["author_id"].to_list()


def test_overrides_reach_across_sites_that_are_resolved_apart_and_across_large_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flows.joining.DEAL_ROWS", 1)
    sites = [f"s{number}.example" for number in range(6)]
    for number, site in enumerate(sites):
        write_site(tmp_path / "raw", number, site, "Wilhelmina Oosterveen, MD\nUtrecht Dermatologist")
    before = ids_of(snapshot_of(tmp_path / "raw", tmp_path / "p"), "Oosterveen")
    assert len(before) == 6
    by_name = ", ".join(f'{{site = "{site}", name = "Wilhelmina Oosterveen"}}' for site in sites[:2])
    by_id = f'"{before[2]}", {{site = "{sites[1]}", name = "Wilhelmina Oosterveen"}}'
    told = "".join(f'[[same]]\nauthors = [{named}]\nwhy = "says her page"\n' for named in (by_name, by_id))
    (tmp_path / "raw/authors.overrides.toml").write_text(told, "utf-8")
    for largest in (60_000, 1):  # of a site of two authors, one is too many: its authors are ruled on all the same
        monkeypatch.setattr("flows.joining.MAX_OF_SITE", largest)
        snapshot = snapshot_of(tmp_path / "raw", tmp_path / f"p{largest}")
        assert sorted(ids_of(snapshot, "Oosterveen")) == sorted([min(before[:3]), *before[3:]])
        assert set(table(snapshot, "author_aliases")["why"]) == {"override: says her page"}


def test_an_override_of_nobody_is_told(raw: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    names = [f'{{site = "{SITE}", name = "{name}"}}' for name in ("Anna Berg", "Nobody Here")]
    (raw / "authors.overrides.toml").write_text(f'[[same]]\nauthors = [{", ".join(names)}]\nwhy = "a pen name"\n')
    snapshot_of(raw, tmp_path / "p")
    (message,) = [told.getMessage() for told in caplog.records if told.name == "threadmill"]
    assert "[[same]] number 1: nobody is Nobody Here" in message
