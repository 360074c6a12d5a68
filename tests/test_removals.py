"""What is published is not withdrawn because inputs vanished, or because other rules refuse it, unless somebody says so."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from flows.errors import Damaged, DataRefused, WrongUse
from flows.publish.history import check_snapshot
from flows.publish.manifest import read_manifest
from flows.publish.snapshots import latest_snapshot
from flows.removals import ALL, Limits, Losses, decide_removals
from flows.run import Options, Outcome
from schemas import TABLES
from tests.conftest import Clean, write_files
from tests.inline import clean_inline
from tests.test_publish import thread

SITES = {"a.example": 12, "b.example": 12, "c.example": 4}


def write_site(raw: Path, site: str, numbers: range, *, more: str = "") -> Path:
    base = 100 * list(SITES).index(site)
    pages = {f"{number}.txt": thread(base + number) for number in numbers}
    return write_files(raw / site, {"source.toml": f'site = "{site}"\n{more}', **pages})


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for site, number in SITES.items():
        write_site(tmp_path / "raw", site, range(number))
    assert clean(tmp_path).published
    return tmp_path


def clean(root: Path, **options: Any) -> Outcome:
    return clean_inline(root / "raw", root / "processed", **options)


def remove(root: Path, site: str, numbers: range) -> None:
    for number in numbers:
        (root / "raw" / site / f"{number}.txt").unlink()


def rows_of(snapshot: Path | None, table: str = "questions") -> pl.DataFrame:
    assert snapshot is not None
    return pl.read_parquet(snapshot / table / "*.parquet")


def threads_of(snapshot: Path | None) -> dict[str, int]:
    return dict(rows_of(snapshot).group_by("site").len().sort("site").iter_rows())


def held_of(done: Outcome) -> list[tuple[str | None, str, int, int]]:
    assert done.guard is not None
    return [(one.site, one.why, one.threads, one.published) for one in done.guard.withheld]


# -- inputs that vanish ---------------------------------------------------------------------------------------------------


def test_a_site_that_loses_more_than_half_keeps_all_and_the_others_are_published(root: Path) -> None:
    before = latest_snapshot(root / "processed")
    remove(root, "a.example", range(7))
    write_site(root / "raw", "b.example", range(12, 15))
    done = clean(root)
    assert held_of(done) == [("a.example", "removed", 7, 12)]
    assert threads_of(done.snapshot) == {"a.example": 12, "b.example": 15, "c.example": 4}
    assert check_snapshot(done.snapshot or root) == []
    mine = pl.col("site") == "a.example"
    for table in ("scrapes", "questions", "authors"):
        assert rows_of(done.snapshot, table).filter(mine).equals(rows_of(before, table).filter(mine)), table
    keep = rows_of(before, "scrapes").filter(mine).select("scrape_id")
    for table in ("texts", "spans", "answers", "rejects"):
        now, was = (rows_of(one, table).join(keep, on="scrape_id", how="semi") for one in (done.snapshot, before))
        assert now.equals(was), table


def test_half_of_a_site_may_go(root: Path) -> None:
    remove(root, "a.example", range(6))
    done = clean(root)
    assert held_of(done) == []
    assert threads_of(done.snapshot)["a.example"] == 6


def test_a_small_site_counts_in_the_whole_alone(root: Path) -> None:
    shutil.rmtree(root / "raw/c.example")
    assert threads_of(clean(root).snapshot) == {"a.example": 12, "b.example": 12}


def test_where_more_than_half_of_the_whole_goes_all_that_lose_any_are_held(root: Path) -> None:
    shutil.rmtree(root / "raw/c.example")
    remove(root, "a.example", range(6))
    remove(root, "b.example", range(6))
    done = clean(root)
    assert [site for site, *_ in held_of(done)] == ["a.example", "b.example", "c.example"]
    assert threads_of(done.snapshot) == SITES


def test_threads_of_no_known_site_are_held_with_the_whole(tmp_path: Path) -> None:
    write_files(tmp_path / "raw", {f"{number}.txt": thread(number) for number in range(3)})
    before = clean(tmp_path).snapshot
    for number in range(2):
        (tmp_path / "raw" / f"{number}.txt").unlink()
    done = clean(tmp_path)
    assert held_of(done) == [(None, "removed", 2, 3)]
    for table in TABLES:
        assert rows_of(done.snapshot, table).equals(rows_of(before, table)), table
    assert rows_of(clean(tmp_path, accept_removed=frozenset({"-"})).snapshot).height == 1


def test_what_is_held_stays_held_and_nothing_new_is_published(root: Path) -> None:
    shutil.rmtree(root / "raw/a.example")
    first = clean(root)
    again = clean(root)
    assert (again.published, again.snapshot) == (False, first.snapshot)
    assert held_of(again) == held_of(first) == [("a.example", "removed", 12, 12)]
    write_site(root / "raw", "b.example", range(12, 14))
    later = clean(root)
    assert threads_of(later.snapshot) == {"a.example": 12, "b.example": 14, "c.example": 4}
    assert held_of(later) == held_of(first)


def test_what_is_held_comes_from_the_snapshot_also_without_the_store(root: Path) -> None:
    before = latest_snapshot(root / "processed")
    shutil.rmtree(root / "raw/a.example")
    shutil.rmtree(root / "processed/.snapshots/.cleaned")
    done = clean(root)
    assert held_of(done) == [("a.example", "removed", 12, 12)]
    for table in TABLES:
        assert rows_of(done.snapshot, table).equals(rows_of(before, table)), table


def test_inputs_that_come_back_end_the_hold_with_the_bytes_of_before(root: Path) -> None:
    before = latest_snapshot(root / "processed")
    shutil.move(root / "raw/a.example", root / "aside")
    clean(root)
    shutil.move(root / "aside", root / "raw/a.example")
    done = clean(root)
    assert held_of(done) == []
    names = [
        sorted(path.relative_to(one).as_posix() for path in one.rglob("*.parquet")) for one in (before, done.snapshot) if one
    ]
    assert names[0] == names[1]


def test_to_accept_lets_a_site_go_and_no_other(root: Path) -> None:
    shutil.rmtree(root / "raw/a.example")
    shutil.rmtree(root / "raw/b.example")
    done = clean(root, accept_removed=frozenset({"a.example"}))
    assert held_of(done) == [("b.example", "removed", 12, 12)]
    assert threads_of(done.snapshot) == {"b.example": 12, "c.example": 4}
    assert threads_of(clean(root, accept_removed=frozenset({ALL})).snapshot) == {"c.example": 4}
    assert held_of(clean(root)) == []


def test_renamed_moved_and_gathered_inputs_are_not_gone(root: Path) -> None:
    raw = root / "raw"
    (raw / "a.example").rename(raw / "renamed")
    for page in (raw / "b.example").glob("*.txt"):
        page.rename(page.with_suffix(".1.txt"))
    (raw / "deeper").mkdir()
    (raw / "c.example").rename(raw / "deeper/c.example")
    done = clean(root)
    assert held_of(done) == []
    assert threads_of(done.snapshot) == SITES


def test_a_page_scraped_again_with_other_words_is_not_gone(root: Path) -> None:
    for number in range(12):
        write_files(root / "raw/a.example", {f"{number}.txt": thread(900 + number)})
    done = clean(root)
    assert held_of(done) == []
    assert threads_of(done.snapshot) == SITES


def lines(numbers: range) -> str:
    return "".join(json.dumps({"id": number, "text": thread(number), "site": "d.example"}) + "\n" for number in numbers)


@pytest.mark.parametrize(("night", "held"), [(range(100, 112), 0), (range(100, 103), 17), (range(0), 20), (range(9), 11)])
def test_a_dump_may_hold_the_next_nights_records_but_not_a_few_of_them(tmp_path: Path, night: range, held: int) -> None:
    """Twenty records go and twelve others come: eight are gone. Of a dump that was cut off, more than half are."""
    write_files(tmp_path / "raw", {"dump.jsonl": lines(range(20)), "other.txt": thread(50)})
    clean(tmp_path)
    write_files(tmp_path / "raw", {"dump.jsonl": lines(night)})
    done = clean(tmp_path)
    assert [threads for _, _, threads, _ in held_of(done)] == ([held] if held else [])
    assert rows_of(done.snapshot).filter(pl.col("site") == "d.example").height == (20 if held else len(night))


def test_a_file_that_was_emptied_is_gone(root: Path) -> None:
    for number in range(12):
        (root / f"raw/a.example/{number}.txt").write_bytes(b"")
    assert held_of(clean(root)) == [("a.example", "removed", 12, 12)]


def test_a_share_of_its_own_holds_for_a_site(tmp_path: Path) -> None:
    write_site(tmp_path / "raw", "a.example", range(12), more="max_removed = 1\n")
    write_site(tmp_path / "raw", "b.example", range(12), more="max_removed = 0.1\n")
    clean(tmp_path)
    remove(tmp_path, "a.example", range(11))
    remove(tmp_path, "b.example", range(2))
    done = clean(tmp_path)
    assert held_of(done) == [("b.example", "removed", 2, 12)]
    assert threads_of(done.snapshot) == {"a.example": 1, "b.example": 12}


def test_the_share_is_the_runs(root: Path) -> None:
    remove(root, "a.example", range(3))
    assert held_of(clean(root, max_removed=0.1)) == [("a.example", "removed", 3, 12)]
    assert threads_of(clean(root, max_removed=1.0).snapshot)["a.example"] == 9


def test_a_share_is_from_0_to_1() -> None:
    with pytest.raises(WrongUse, match="--max-removed 2"):
        Options(max_removed=2).check()


@pytest.mark.parametrize("share", ["2", '"half"', "true", "-0.1"])
def test_a_share_beside_scrapes_that_is_none_is_told(tmp_path: Path, share: str) -> None:
    write_files(tmp_path / "raw", {"source.toml": f'site = "a"\nmax_removed = {share}\n', "a.txt": thread(1)})
    with pytest.raises(WrongUse, match="max_removed"):
        clean(tmp_path)


# -- a raw folder that is empty or gone -----------------------------------------------------------------------------------


def empty(raw: Path) -> None:
    shutil.rmtree(raw)
    raw.mkdir()


@pytest.mark.parametrize("vanish", [empty, shutil.rmtree])
@pytest.mark.parametrize("options", [{}, {"gate": True}, {"accept_removed": frozenset({ALL})}, {"max_removed": 1.0}])
def test_an_empty_or_missing_raw_folder_never_empties_what_is_published(
    root: Path, vanish: Callable[[Path], None], options: dict[str, Any]
) -> None:
    before = latest_snapshot(root / "processed")
    vanish(root / "raw")
    with pytest.raises(DataRefused, match="28 threads are published and stay so"):
        clean(root, **options)
    assert latest_snapshot(root / "processed") == before


def test_a_first_run_over_an_empty_folder_publishes_nothing_and_says_so(tmp_path: Path, clean: Clean) -> None:
    (tmp_path / "raw").mkdir()
    done = clean(tmp_path / "raw", tmp_path / "p")
    assert (done.code, done.out) == (0, "there is no input in RAW; nothing was published\n")
    assert latest_snapshot(tmp_path / "p") is None


def test_a_first_run_over_a_folder_that_is_not_there_is_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match="no such file or folder"):
        clean_inline(tmp_path / "none", tmp_path / "p")


# -- a snapshot that is damaged -------------------------------------------------------------------------------------------


def damage(snapshot: Path, table: str) -> None:
    (part,) = (snapshot / table).glob("*.parquet")
    part.write_bytes(bytes(part.stat().st_size))


def test_of_a_damaged_snapshot_the_inputs_are_counted(root: Path) -> None:
    damage((root / "processed/latest").resolve(), "questions")
    shutil.rmtree(root / "raw/a.example")
    shutil.rmtree(root / "raw/b.example")
    with pytest.raises(DataRefused, match="24 of 28 inputs are gone"):
        clean(root)
    assert threads_of(clean(root, accept_removed=frozenset({ALL})).snapshot) == {"c.example": 4}


def test_a_damaged_snapshot_whose_inputs_are_there_is_made_anew(root: Path) -> None:
    damage((root / "processed/latest").resolve(), "questions")
    write_site(root / "raw", "c.example", range(5))
    assert threads_of(clean(root).snapshot) == {**SITES, "c.example": 5}


def test_nothing_damaged_is_carried_along(root: Path) -> None:
    before = latest_snapshot(root / "processed")
    assert before is not None
    damage(before, "texts")
    shutil.rmtree(root / "raw/a.example")
    with pytest.raises(Damaged, match=r"a\.example would be kept, is damaged \(texts/.* roll back"):
        clean(root)
    assert latest_snapshot(root / "processed") == before


# -- rules that refuse ----------------------------------------------------------------------------------------------------


@pytest.fixture
def refuse(monkeypatch: pytest.MonkeyPatch) -> Callable[[set[str]], None]:
    """Make rules of another version refuse some sources."""
    from flows import pipeline, run
    from flows.records import NoThread, Page, Thread

    def change(sources: set[str]) -> None:
        split = pipeline.split_page

        def strict(page: Page, layouts: str) -> Thread | NoThread:
            return NoThread("no-thread", "the new rules say so", []) if page.source in sources else split(page, layouts)

        monkeypatch.setattr(pipeline, "split_page", strict)
        monkeypatch.setattr(run, "versions", lambda: {"cleaning": "other", "rules": "other"})

    return change


def test_rules_that_refuse_more_than_a_fifth_of_a_site_do_not_withdraw_it(
    root: Path, refuse: Callable[[set[str]], None]
) -> None:
    before = latest_snapshot(root / "processed")
    refuse({f"a.example/{number}.txt" for number in range(3)})
    done = clean(root)
    assert held_of(done) == [("a.example", "refused", 3, 12)]
    assert threads_of(done.snapshot) == SITES
    assert rows_of(done.snapshot, "answers").equals(rows_of(before, "answers"))
    again = clean(root)
    assert (again.published, held_of(again)) == (False, held_of(done))
    assert threads_of(clean(root, accept_rules=True).snapshot) == {**SITES, "a.example": 9}
    assert held_of(clean(root)) == []


def test_rules_that_refuse_a_few_are_let_in_and_a_refused_thread_is_not_gone(
    root: Path, refuse: Callable[[set[str]], None]
) -> None:
    refuse({f"a.example/{number}.txt" for number in range(2)})
    done = clean(root, max_removed=0.0)
    assert held_of(done) == []
    assert threads_of(done.snapshot) == {**SITES, "a.example": 10}


# -- the decision ---------------------------------------------------------------------------------------------------------


def test_a_site_with_a_share_of_its_own_does_not_count_in_the_whole() -> None:
    losses = [Losses("feed", 900, 900, 0), Losses("b", 100, 5, 0)]
    assert decide_removals(losses, Limits(of_sites={"feed": 1.0})).held == []
    assert decide_removals(losses, Limits()).held == ["b", "feed"]


def test_what_is_accepted_does_not_count_in_the_whole() -> None:
    losses = [Losses("a", 900, 900, 0), Losses("b", 100, 5, 0)]
    assert decide_removals(losses, Limits(accept_removed=frozenset({"a"}))).held == []


# -- the command ----------------------------------------------------------------------------------------------------------


def test_the_command_says_what_is_gone_and_how_to_let_it_in(root: Path, clean: Clean) -> None:
    remove(root, "a.example", range(7))
    places = root / "raw", root / "processed"
    said = clean(*places)
    assert said.code == 1
    line = (
        "held back: 7 of the 12 published threads of a.example have no input any more; what is published of it stays "
        "(--accept-removed a.example lets it go)"
    )
    assert said.out.startswith(line)
    assert clean(*places).out.startswith(line)  # and so every night
    told = json.loads(clean(*places, "--json").out)["guard"]["held"]
    assert [(one["site"], one["threads"]) for one in told] == [("a.example", 7)]
    assert read_manifest((root / "processed/latest").resolve())["guard"]["held"] == told
    assert clean(*places, "--accept-removed", "a.example").code == 0
    assert threads_of((root / "processed/latest").resolve())["a.example"] == 5


def test_accepting_all_stands_behind_the_folders(root: Path, clean: Clean) -> None:
    shutil.rmtree(root / "raw/a.example")
    assert clean(root / "raw", root / "processed", "--accept-removed").code == 0
    wrong = clean(root / "raw", root / "processed", "--accept-removed", str(root))
    assert wrong.code == 2
    assert "a path, not a site" in wrong.err


def test_a_raw_folder_that_is_gone_ends_with_1(root: Path, clean: Clean) -> None:
    shutil.rmtree(root / "raw")
    said = clean(root / "raw", root / "processed")
    assert said.code == 1
    assert said.err.count("\n") == 1
    assert "no such file or folder" in said.err
