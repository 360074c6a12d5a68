"""A run works on what is new and changed, and its rows are those of a run that starts from nothing."""

from __future__ import annotations

import json
import os
import random
import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows import pipeline, run, store, versions
from flows.index import size_of
from flows.publish import runs
from flows.read import batches as planning
from flows.read import pieces, stamps
from schemas import TABLES
from tests.inline import clean_inline, snapshot_of
from tests.test_publish import BODY, NAMES, parts_of, table, thread

OLD = 1_700_000_000  # a time long past, in seconds since 1970: nobody is writing any more


def write_page(raw: Path, name: str, text: str, *, fetched: str | None = None, url: str | None = None, at: int = OLD) -> None:
    raw.mkdir(parents=True, exist_ok=True)
    (raw / name).write_text(text, "utf-8")
    os.utime(raw / name, (at, at))
    about = {key: value for key, value in (("url", url), ("fetched_at", fetched)) if value}
    if about:
        (raw / f"{name}.meta.json").write_text(json.dumps(about), "utf-8")


def worked(raw: Path, processed: Path, **options: Any) -> tuple[dict[str, int], Path]:
    """Clean; return what was worked on, without what is none, and the snapshot."""
    outcome = clean_inline(raw, processed, **options)
    assert outcome.snapshot is not None
    work = outcome.work.as_json() if outcome.work else {}
    return {name: number for name, number in work.items() if number}, outcome.snapshot


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    for number in range(6):
        write_page(tmp_path / "raw", f"{number}.txt", thread(number))
    return tmp_path / "raw"


@pytest.fixture
def cleaned(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The sources of the pages that are split."""
    seen: list[str] = []
    split = pipeline.split_page

    def note(page: Any, layouts: str) -> Any:
        seen.append(page.source)
        return split(page, layouts)

    monkeypatch.setattr(pipeline, "split_page", note)
    return seen


def test_only_what_is_new_or_changed_is_cleaned(raw: Path, tmp_path: Path, cleaned: list[str]) -> None:
    assert worked(raw, tmp_path / "p")[0] == {"new": 6}
    cleaned.clear()
    write_page(raw, "3.txt", thread(33))
    write_page(raw, "9.txt", thread(9))
    (raw / "5.txt").unlink()
    work, snapshot = worked(raw, tmp_path / "p")
    assert work == {"new": 1, "changed": 1, "removed": 1, "unchanged": 4}
    assert cleaned == ["3.txt", "9.txt"]
    assert sorted(table(snapshot, "scrapes")["source"]) == ["0.txt", "1.txt", "2.txt", "3.txt", "4.txt", "9.txt"]
    assert parts_of(snapshot) == parts_of(snapshot_of(raw, tmp_path / "anew"))


def test_nothing_new_reads_no_file_again(raw: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = snapshot_of(raw, tmp_path / "p")
    monkeypatch.setattr(stamps, "_digest_file", lambda found: pytest.fail(f"{found.source} was read"))
    outcome = clean_inline(raw, tmp_path / "p")
    assert (outcome.published, outcome.snapshot) == (False, first)


def test_another_time_alone_is_no_change(raw: Path, tmp_path: Path) -> None:
    first = snapshot_of(raw, tmp_path / "p")
    os.utime(raw / "1.txt", (OLD - 500, OLD - 500))
    assert clean_inline(raw, tmp_path / "p").snapshot == first


def test_a_change_that_leaves_size_and_time_of_a_fresh_file_is_seen(raw: Path, tmp_path: Path) -> None:
    (raw / "1.txt").write_text(thread(1), "utf-8")  # just now: the file system's clock may not tell two writes apart
    snapshot_of(raw, tmp_path / "p")
    found = (raw / "1.txt").stat()
    (raw / "1.txt").write_text(thread(1).replace("daily", "yearl"), "utf-8")
    os.utime(raw / "1.txt", ns=(found.st_atime_ns, found.st_mtime_ns))
    assert worked(raw, tmp_path / "p")[0] == {"changed": 1, "unchanged": 5}


def test_what_stands_beside_a_file_is_part_of_it(raw: Path, tmp_path: Path) -> None:
    snapshot_of(raw, tmp_path / "p")
    (raw / "2.txt.meta.json").write_text('{"url": "https://s.example/q/2"}', "utf-8")
    work, snapshot = worked(raw, tmp_path / "p")
    assert work == {"changed": 1, "unchanged": 5}
    (raw / "source.toml").write_text('site = "s.example"\n', "utf-8")
    work, snapshot = worked(raw, tmp_path / "p")
    assert work == {"changed": 6}
    assert set(table(snapshot, "scrapes")["site"]) == {"s.example"}


def test_other_rules_clean_everything_again_and_say_so(raw: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    snapshot_of(raw, tmp_path / "p")
    other = {**versions.versions(), "rules": "1", "cleaning": "1"}
    monkeypatch.setattr(run, "versions", lambda: other)
    assert worked(raw, tmp_path / "p")[0] == {"outdated": 6}
    monkeypatch.setattr(run, "versions", lambda: {**other, "rules": "2"})  # of merging: no page's rows hang on it
    assert worked(raw, tmp_path / "p")[0] == {"unchanged": 6}


def test_a_lost_or_damaged_run_is_cleaned_again(raw: Path, tmp_path: Path) -> None:
    first = parts_of(snapshot_of(raw, tmp_path / "p"))
    kept = tmp_path / "p/.snapshots/.cleaned"
    (folder,) = [path for path in kept.iterdir() if path.is_dir()]
    (folder / "spans.arrow").write_bytes(b"cut short")
    write_page(raw, "9.txt", thread(9))
    assert worked(raw, tmp_path / "p")[0] == {"new": 1, "outdated": 6}
    (raw / "9.txt").unlink()
    shutil.rmtree(kept)
    assert parts_of(worked(raw, tmp_path / "p")[1]) == first


def test_of_a_file_of_lines_that_grew_only_the_end_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cleaned: list[str]
) -> None:
    for module in (planning, stamps, pieces):
        monkeypatch.setattr(module, "BATCH_BYTES", 2000)
    lines = [json.dumps({"id": str(n), "url": f"https://s.example/q/{n}", "text": thread(n)}) + "\n" for n in range(40)]
    (tmp_path / "raw").mkdir()
    file = tmp_path / "raw/threads.jsonl"
    file.write_text("".join(lines[:30]), "utf-8")
    snapshot_of(tmp_path / "raw", tmp_path / "p")
    cleaned.clear()
    file.write_text("".join(lines), "utf-8")
    snapshot = worked(tmp_path / "raw", tmp_path / "p")[1]
    assert 10 <= len(cleaned) <= 20
    cleaned.clear()
    assert parts_of(snapshot) == parts_of(snapshot_of(tmp_path / "raw", tmp_path / "anew"))
    assert len(cleaned) == 40


def test_many_small_runs_are_joined(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "SMALL_RUNS", 3)
    for number in range(9):
        write_page(tmp_path / "raw", f"{number}.txt", thread(number))
        if number == 6:
            (tmp_path / "raw/2.txt").unlink()
        snapshot = snapshot_of(tmp_path / "raw", tmp_path / "p")
        folders = [path for path in (tmp_path / "p/.snapshots/.cleaned").iterdir() if path.is_dir()]
        assert len(folders) <= 3
    assert parts_of(snapshot) == parts_of(snapshot_of(tmp_path / "raw", tmp_path / "anew"))


def test_small_runs_are_joined_as_far_as_a_worker_can_hold_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "BATCH_FILES", 1)
    for number in range(9):
        write_page(tmp_path / "raw", f"{number}.txt", thread(number))
    cleaned_folder = tmp_path / "p/.snapshots/.cleaned"
    snapshot_of(tmp_path / "raw", tmp_path / "p")
    largest = max(size_of(path) for path in cleaned_folder.iterdir() if path.is_dir())
    monkeypatch.setattr(store, "SMALL_RUNS", 3)
    monkeypatch.setattr(store, "JOINED_BYTES", 3 * largest)
    write_page(tmp_path / "raw", "9.txt", thread(9))
    snapshot = snapshot_of(tmp_path / "raw", tmp_path / "p")
    sizes = [size_of(path) for path in cleaned_folder.iterdir() if path.is_dir()]
    assert 3 <= len(sizes) <= 5
    assert max(sizes) <= 3 * largest
    assert parts_of(snapshot) == parts_of(snapshot_of(tmp_path / "raw", tmp_path / "anew"))


def test_an_input_that_could_not_be_read_is_tried_again(raw: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hidden = planning.read_file

    def vanish(path: Path, source: str, known: Any) -> Any:
        return pieces.refuse(planning.Input(path, source, 0), "vanished") if source == "1.txt" else hidden(path, source, known)

    monkeypatch.setattr(planning, "read_file", vanish)
    assert table(snapshot_of(raw, tmp_path / "p"), "rejects")["check_name"].to_list() == ["vanished"]
    monkeypatch.setattr(planning, "read_file", hidden)
    work, snapshot = worked(raw, tmp_path / "p")
    assert work == {"unchanged": 5, "outdated": 1}
    assert table(snapshot, "rejects").is_empty()


def test_a_file_changed_while_it_is_read_is_read_again(raw: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settle = pipeline.settle_language

    def write(page: Any) -> Any:
        if page.source == "4.txt":
            (raw / "4.txt").write_text(thread(44, answers=5), "utf-8")
        return settle(page)

    monkeypatch.setattr(pipeline, "settle_language", write)
    snapshot_of(raw, tmp_path / "p")
    monkeypatch.setattr(pipeline, "settle_language", settle)
    assert parts_of(worked(raw, tmp_path / "p")[1]) == parts_of(snapshot_of(raw, tmp_path / "anew"))


# -- what an input said is withdrawn with it ------------------------------------------------------------------------------

URL = "https://s.example/q/1"
ASKED = "Why does machine 1 click?"
FEW = thread(1, answers=2)
MORE = FEW + "\n\nA spring of another make lasts longer in a machine that is warm all day.\n\nEve Roth, PhD"


def test_a_removed_scrape_takes_what_only_it_said_and_the_older_one_stands_again(tmp_path: Path) -> None:
    raw, processed = tmp_path / "raw", tmp_path / "p"
    write_page(raw, "old.txt", FEW, url=URL, fetched="2026-01-01T00:00:00Z")
    before = snapshot_of(raw, processed)
    write_page(raw, "new.txt", MORE, url=URL, fetched="2026-02-01T00:00:00Z")
    both = snapshot_of(raw, processed)
    assert table(both, "answers").height == 3
    (raw / "new.txt").unlink()
    (raw / "new.txt.meta.json").unlink()
    after = snapshot_of(raw, processed)
    assert parts_of(after) == parts_of(before)
    assert table(both, "answers").height == 3  # the older snapshot still shows it


def test_an_answer_that_only_an_older_scrape_has_stays_in_its_place_and_says_when_it_was_seen(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    said = [f"{BODY.format(1, at)}\n\n{name}" for at, name in enumerate(NAMES)]
    write_page(raw, "old.txt", "\n\n".join([ASKED, *said]), url=URL, fetched="2026-01-01T00:00:00Z")
    write_page(raw, "new.txt", "\n\n".join([ASKED, said[0], *said[2:]]), url=URL, fetched="2026-02-01T00:00:00Z")
    answers = table(snapshot_of(raw, tmp_path / "p"), "answers")
    assert answers["byline"].to_list() == NAMES
    assert [seen.month for seen in answers["last_seen_at"]] == [2, 1, 2, 2]


WORDS = (
    "lever",
    "lathe",
    "oil",
    "spindle",
    "chuck",
    "belt",
    "motor",
    "gear",
    "cutter",
    "shaft",
    "wedge",
    "screw",
    "dial",
    "bed",
)


def words_of(number: int) -> str:
    dice = random.Random(number)  # noqa: S311 -- the same words every time
    return " ".join(dice.choice(WORDS) for _ in range(dice.randint(12, 40)))


def page_of(first: int, last: int) -> str:
    posts = "".join(
        f'<article class="post" id="post-{70000 + 13 * n}"><a class="author" href="/u/{n % 5}">member{n % 5}</a> <time '
        f'datetime="2025-03-{n:02d}T10:00:00Z">March {n}, 2025</time><div class="content">'
        f"<p>#{n} {words_of(n)}.</p></div></article>"
        for n in range(first, last + 1)
    )
    return f"<html><head><title>How to oil a lathe</title></head><body><h1>How to oil a lathe</h1>{posts}</body></html>"


def test_the_pages_of_a_thread_are_one_question_with_its_answers_in_order(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    for number, (first, last) in enumerate([(1, 8), (9, 16), (17, 24)], start=1):
        url = URL + (f"/page-{number}" if number > 1 else "")
        write_page(raw, f"p{number}.html", page_of(first, last), url=url, fetched=f"2026-02-0{4 - number}T00:00:00Z")
    snapshot = snapshot_of(raw, tmp_path / "p")
    (question,) = table(snapshot, "questions").to_dicts()
    numbers = [int(body.split()[0][1:]) for body in table(snapshot, "answers")["body"]]
    assert question["body"].startswith("#1 ")
    assert numbers == list(range(2, 25))
    assert question["answer_count"] == 23
    # The second page is scraped again with a post gone: the others keep their places, and so does the one that is gone.
    page = page_of(9, 16).replace(page_of(12, 12).split("</h1>")[1].split("</body>")[0], "")
    write_page(raw, "again.html", page, url=URL + "/page-2", fetched="2026-03-01T00:00:00Z")
    answers = table(snapshot_of(raw, tmp_path / "p"), "answers")
    assert [int(body.split()[0][1:]) for body in answers["body"]] == numbers
    assert answers.filter(pl.col("body").str.contains("#12 "))["last_seen_at"][0].month == 2


# -- the rows hang on the inputs alone ------------------------------------------------------------------------------------


@settings(max_examples=12)
@given(st.randoms(use_true_random=False))
def test_any_order_of_runs_gives_the_bytes_of_one_run(tmp_path_factory: pytest.TempPathFactory, dice: random.Random) -> None:
    folder = tmp_path_factory.mktemp("orders")
    files = {f"{n}.txt": (thread(n % 7, answers=1 + n % 4), f"https://s.example/q/{n % 5}") for n in range(12)}
    files |= {f"copy{n}.txt": files[f"{n}.txt"] for n in range(3)}
    names = list(files)
    dice.shuffle(names)
    wanted = names[:10]
    while names:
        for _ in range(dice.randint(1, 5)):
            if names:
                name = names.pop()
                text, url = files[name]
                write_page(folder / "raw", name, text, url=url if dice.random() < 0.7 else None)
        snapshot_of(folder / "raw", folder / "p")
    for name in set(files) - set(wanted):
        (folder / "raw" / name).unlink()
        (folder / "raw" / f"{name}.meta.json").unlink(missing_ok=True)
    assert parts_of(snapshot_of(folder / "raw", folder / "p")) == parts_of(snapshot_of(folder / "raw", folder / "anew"))


def test_parts_that_do_not_change_are_shared_and_every_table_is_there(raw: Path, tmp_path: Path) -> None:
    first = snapshot_of(raw, tmp_path / "p")
    write_page(raw, "9.txt", thread(9))
    then = snapshot_of(raw, tmp_path / "p")
    assert {path.parent.name for path in then.rglob("*.parquet")} == set(TABLES)
    shared = {path.parent.name for path in then.rglob("*.parquet") if path.stat().st_nlink > 1}
    assert shared >= {"comments", "author_aliases"}
    assert table(first, "scrapes").height == 6


def test_ranges_of_digests_leave_out_what_is_gone(raw: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "RANGE_BYTES", 500)
    snapshot_of(raw, tmp_path / "p")
    (raw / "0.txt").unlink()
    write_page(raw, "1.txt", thread(11))
    assert parts_of(snapshot_of(raw, tmp_path / "p")) == parts_of(snapshot_of(raw, tmp_path / "anew"))


# -- what changed ---------------------------------------------------------------------------------------------------------


def test_a_snapshot_says_what_it_changed(raw: Path, tmp_path: Path) -> None:
    snapshot_of(raw, tmp_path / "p")
    write_page(raw, "0.txt", thread(0, answers=4))  # the same question, an answer more
    write_page(raw, "8.txt", thread(8, answers=2))
    (raw / "5.txt").unlink()
    outcome = clean_inline(raw, tmp_path / "p")
    assert outcome.changes is not None
    rows = outcome.changes["rows"]
    assert rows["answers"] == {"added": 3, "changed": 3, "gone": 3}  # of question 0 the scrape is another
    assert rows["questions"] == {"added": 1, "changed": 1, "gone": 1}
    assert rows["scrapes"] == {"added": 2, "changed": 0, "gone": 2}
    assert outcome.changes["rules"].keys() <= outcome.counts.rules.keys()  # type: ignore[union-attr]


def test_the_first_snapshot_changes_nothing(raw: Path, tmp_path: Path) -> None:
    assert clean_inline(raw, tmp_path / "p").changes is None
