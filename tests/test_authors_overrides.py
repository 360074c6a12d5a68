"""authors.overrides.toml: read strictly, refused in one line, and found by id, name or profile."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.authors.overrides import FILE, Overrides, apply_overrides, find_overrides, find_unmatched, read_overrides
from flows.authors.resolution import resolve_authors
from flows.errors import WrongUse
from tests.made_people import frame_of
from tests.test_authors_resolution import people

ROWS = people("Jane Roe, MD / @/experts/jane-roe", "Jane Castellan, MD", "Jane Castellan, MD, FACS", "Ann Prewitt, RN")
AUTHORS = frame_of(ROWS)
SAME = """
[[same]]
authors = [{site = "www.Skin.example", name = "jane castellan"}, {site = "skin.example", profile = "http://skin.example/experts/jane-roe/"}]
why = "married in 2019"
"""
APART = """
[[not_same]]
authors = ["%s", {site = "skin.example", name = "Ann Prewitt"}]
why = "mother and daughter"
"""


def overrides_of(tmp_path: Path, text: str) -> Overrides:
    (tmp_path / FILE).write_text(text, "utf-8")
    return find_overrides(tmp_path)


def test_authors_are_found_by_site_and_name_by_profile_and_by_id(tmp_path: Path) -> None:
    told = overrides_of(tmp_path, SAME + APART % ROWS[0]["author_id"])
    rulings = apply_overrides(told, AUTHORS)
    assert rulings.same == ((tuple(sorted(row["author_id"] for row in ROWS[:3])), "married in 2019"),)
    assert rulings.apart == {tuple(sorted((ROWS[0]["author_id"], ROWS[3]["author_id"])))}
    aliases = resolve_authors(AUTHORS, told)
    assert set(aliases["author_id"]) == {ROWS[0]["author_id"]}
    assert aliases["why"].unique().to_list() == ["override: married in 2019"]


def test_without_a_file_there_are_no_overrides(tmp_path: Path) -> None:
    assert find_overrides(tmp_path) == Overrides()
    with pytest.raises(WrongUse, match="cannot be read"):
        read_overrides(tmp_path / FILE)


def test_who_is_not_there_is_named(tmp_path: Path) -> None:
    told = overrides_of(tmp_path, SAME.replace("jane castellan", "jane castelan"))
    (sentence,) = find_unmatched(told, AUTHORS)
    assert "[[same]] number 1: nobody is jane castelan" in sentence
    assert resolve_authors(AUTHORS, told).height == 1  # what evidence says stays


BROKEN = [
    ("same = [", "cannot be read as TOML"),
    ("[[sama]]\nwhy = 'x'", "unknown key 'sama'"),
    ("same = 1", "are written as [[same]]"),
    ("[[same]]\nauthors = ['%s', '%s']", "does not say why"),
    ("[[same]]\nauthors = ['%s', '%s']\nwhy = ' '", "does not say why"),
    ("[[same]]\nauthors = ['%s']\nwhy = 'x'", "fewer than two"),
    ("[[same]]\nauthors = 'all'\nwhy = 'x'", "fewer than two"),
    ("[[same]]\nauthors = ['%s', 'Jane']\nwhy = 'x'", "no author"),
    ("[[same]]\nauthors = ['%s', {name = 'Jane'}]\nwhy = 'x'", "a site and a name"),
    ("[[same]]\nauthors = ['%s', {site = 'a', nam = 'Jane'}]\nwhy = 'x'", "a site and a name"),
    ("[[same]]\nauthors = ['%s', {site = 'a', name = 7}]\nwhy = 'x'", "no author"),
    ("[[same]]\nauthors = ['%s', '%s']\nwhy = 'x'\nnote = 'y'", "nothing else"),
]


@pytest.mark.parametrize(("text", "fault"), BROKEN)
def test_a_broken_file_is_wrong_use_in_one_line(text: str, fault: str, tmp_path: Path) -> None:
    with pytest.raises(WrongUse) as error:
        overrides_of(tmp_path, text.replace("%s", "0" * 32))
    assert fault in str(error.value)
    assert FILE in str(error.value)
    assert "\n" not in str(error.value)


def test_a_file_that_is_no_text_is_wrong_use(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"\xff\xfe\x00")
    with pytest.raises(WrongUse, match="is not UTF-8"):
        find_overrides(tmp_path)


def test_overrides_that_contradict_each_other_are_wrong_use(tmp_path: Path) -> None:
    a, b, c = (row["author_id"] for row in ROWS[:3])
    chain = "".join(f"[[same]]\nauthors = ['{x}', '{y}']\nwhy = 'x'\n" for x, y in ((a, b), (b, c)))
    told = overrides_of(tmp_path, f"{chain}[[not_same]]\nauthors = ['{a}', '{c}']\nwhy = 'y'")
    with pytest.raises(WrongUse, match="the same and not the same"):
        resolve_authors(AUTHORS, told)
