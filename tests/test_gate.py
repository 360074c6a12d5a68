"""The gate: a site whose new batch fails keeps what is published of it, and the others are published."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from flows.__main__ import main
from flows.errors import DataRefused, WrongUse
from flows.executor import InlineExecutor
from flows.holding import judge_waiting
from flows.publish.history import check_snapshot
from flows.publish.manifest import read_manifest
from flows.run import Options, Outcome
from tests.conftest import command, end_of, write_files
from tests.inline import clean_inline
from tests.judging_sites import DAMAGES, SITES, draw_topic

BEFORE, BATCH = 30, 12
HARM = "half log-in pages"
SEEDS = {site: at for at, site in enumerate(SITES)}  # a thread that two sites have is one question


def pages_of(site: str, numbers: range, harm: str | None = None) -> dict[str, str]:
    change = DAMAGES[harm][0] if harm else (lambda page, _: page)
    return {f"{number}.html": change(SITES[site](draw_topic(number, SEEDS[site])), number) for number in numbers}


def write_night(raw: Path, site: str, night: str, numbers: range, harm: str | None = None) -> Path:
    return write_files(raw / site / night, {"source.toml": f'site = "{site}.example"\n', **pages_of(site, numbers, harm)})


def clean(root: Path, *, gate: bool = True, **options: Any) -> Outcome:
    return clean_inline(root / "raw", root / "processed", gate=gate, **options)


def rows_of(snapshot: Path | None, table: str = "scrapes") -> pl.DataFrame:
    assert snapshot is not None
    return pl.read_parquet(snapshot / f"{table}/*.parquet")


def sources_of(snapshot: Path | None, site: str) -> set[str]:
    return set(rows_of(snapshot).filter(pl.col("site") == f"{site}.example")["source"])


def parts_of(snapshot: Path | None) -> set[str]:
    assert snapshot is not None
    return {path.relative_to(snapshot).as_posix() for path in snapshot.rglob("*.parquet")}


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("published")
    for site in SITES:
        write_night(root / "raw", site, "1", range(BEFORE))
    assert clean(root).published
    return root


@pytest.fixture
def root(published: Path, tmp_path: Path) -> Path:
    return shutil.copytree(published, tmp_path / "root", symlinks=True)


def test_a_failing_site_keeps_its_rows_and_the_others_are_published(root: Path) -> None:
    before = (root / "processed/latest").resolve()
    write_night(root / "raw", "phpbb", "2", range(100, 100 + BATCH), HARM)
    write_night(root / "raw", "boxes", "2", range(100, 100 + BATCH))
    done = clean(root)
    assert done.published
    assert done.gate is not None
    assert done.gate.held == ["phpbb.example"]
    assert sources_of(done.snapshot, "phpbb") == sources_of(before, "phpbb")
    assert len(sources_of(done.snapshot, "boxes")) == BEFORE + BATCH
    (held,) = read_manifest(done.snapshot or root)["gate"]["held"]
    assert (held["site"], held["scrapes"], held["inputs"]) == ("phpbb.example", BATCH, BATCH)
    assert any("6 of 12 scrapes fail by themselves (log-in 6)" in reason for reason in held["reasons"])


def test_what_is_held_is_judged_again_and_let_in_once_it_is_sound(root: Path) -> None:
    write_night(root / "raw", "phpbb", "2", range(100, 100 + BATCH), HARM)
    first = clean(root)
    again = clean(root)
    assert (again.published, again.snapshot) == (False, first.snapshot)
    assert again.gate is not None
    assert again.gate.held == ["phpbb.example"]
    write_night(root / "raw", "phpbb", "2", range(100, 100 + BATCH))
    mended = clean(root)
    assert mended.gate is not None
    assert mended.gate.held == []
    assert len(sources_of(mended.snapshot, "phpbb")) == BEFORE + BATCH
    assert clean(root).gate is None  # nothing new


def test_without_the_gate_all_is_let_in_as_if_there_had_been_none(root: Path, tmp_path: Path) -> None:
    write_night(root / "raw", "phpbb", "2", range(100, 100 + BATCH), HARM)
    clean(root)
    done = clean(root, gate=False)
    assert len(sources_of(done.snapshot, "phpbb")) == BEFORE + BATCH // 2 + 1  # the log-in page is one scrape
    assert parts_of(done.snapshot) == parts_of(clean_inline(root / "raw", tmp_path / "afresh").snapshot)


def test_pages_that_were_written_over_by_failing_ones_stay_as_they_were(root: Path) -> None:
    before = (root / "processed/latest").resolve()
    write_night(root / "raw", "phpbb", "1", range(BEFORE), HARM)
    write_night(root / "raw", "boxes", "2", range(100, 100 + BATCH))
    done = clean(root)
    assert done.gate is not None
    assert done.gate.held == ["phpbb.example"]
    mine = pl.col("site") == "phpbb.example"
    for table in ("scrapes", "questions", "authors"):
        assert rows_of(done.snapshot, table).filter(mine).equals(rows_of(before, table).filter(mine))


def test_a_night_that_takes_the_place_of_the_last_one_does_not_withdraw_it(root: Path) -> None:
    before = (root / "processed/latest").resolve()
    shutil.rmtree(root / "raw/phpbb/1")
    write_night(root / "raw", "phpbb", "2", range(100, 100 + BATCH), HARM)
    done = clean(root)
    assert sources_of(done.snapshot, "phpbb") == sources_of(before, "phpbb")
    assert clean(root).snapshot == done.snapshot
    write_night(root / "raw", "boxes", "2", range(100, 100 + BATCH))
    later = clean(root)
    assert later.published
    assert sources_of(later.snapshot, "phpbb") == sources_of(before, "phpbb")
    write_night(root / "raw", "phpbb", "2", range(100, 100 + BATCH))
    later = clean(root, max_removed=1)
    assert sources_of(later.snapshot, "phpbb") == {f"phpbb/2/{number}.html" for number in range(100, 100 + BATCH)}


def lines_of(site: str, numbers: range, harm: str | None = None) -> str:
    pages = pages_of(site, numbers, harm).values()
    records = ({"id": at, "html": page, "site": f"{site}.example"} for at, page in zip(numbers, pages, strict=True))
    return "".join(json.dumps(record) + "\n" for record in records)


def test_of_a_file_of_many_sites_the_failing_one_is_left_out(tmp_path: Path) -> None:
    def write(numbers: range, harm: str | None = None) -> None:
        text = lines_of("phpbb", numbers, harm) + lines_of("boxes", numbers)
        write_files(tmp_path / "raw", {"dump.jsonl": text})

    write(range(BEFORE))
    before = clean(tmp_path).snapshot
    write(range(100, 100 + BATCH), HARM)  # in the place of what was there
    done = clean(tmp_path, max_removed=1)
    assert sources_of(done.snapshot, "phpbb") == sources_of(before, "phpbb")
    assert sources_of(done.snapshot, "boxes") == {f"dump.jsonl#{number}" for number in range(100, 100 + BATCH)}
    assert clean(tmp_path, max_removed=1).snapshot == done.snapshot
    write_files(tmp_path / "raw", {"more.jsonl": lines_of("boxes", range(200, 200 + BATCH))})
    later = clean(tmp_path, max_removed=1)
    assert sources_of(later.snapshot, "phpbb") == sources_of(before, "phpbb")
    assert len(sources_of(later.snapshot, "boxes")) == 2 * BATCH
    write(range(100, 100 + BATCH))
    mended = clean(tmp_path, max_removed=1)
    assert sources_of(mended.snapshot, "phpbb") == {f"dump.jsonl#{number}" for number in range(100, 100 + BATCH)}
    assert len(sources_of(mended.snapshot, "boxes")) == 2 * BATCH


def test_an_accepted_change_is_what_later_nights_are_held_against(root: Path) -> None:
    harm = "dates localised"
    for night, numbers in (("2", range(100, 112)), ("3", range(200, 212)), ("4", range(300, 312))):
        write_night(root / "raw", "boxes", night, numbers, harm)
        held = clean(root).gate if night == "2" else None
        if held is not None:
            assert held.held == ["boxes.example"]
        done = clean(root, accept=frozenset({"boxes.example"}) if night == "2" else frozenset())
        assert done.published
        assert done.gate is not None
        assert done.gate.held == []
        assert [one["site"] for one in done.gate.as_json()["accepted"]] == (["boxes.example"] if night == "2" else [])
    write_night(root / "raw", "boxes", "5", range(400, 412))  # as it was before: that is the change now
    assert (clean(root).gate or pytest.fail("nothing was judged")).held == ["boxes.example"]


def test_a_first_run_holds_what_fails_by_itself(tmp_path: Path) -> None:
    write_night(tmp_path / "raw", "phpbb", "1", range(BATCH), "bodies emptied")
    for page in (tmp_path / "raw/phpbb/1").glob("*.html"):
        page.write_text(f"<html><body><h1>403 Forbidden</h1><p>{page.stem}</p></body></html>")
    done = clean(tmp_path)
    assert (done.published, done.snapshot) == (False, None)
    assert done.gate is not None
    assert done.gate.held == ["phpbb.example"]


def test_a_held_site_stays_as_it_is_published_also_when_what_was_cleaned_is_no_longer_kept(root: Path) -> None:
    before = (root / "processed/latest").resolve()
    write_night(root / "raw", "phpbb", "1", range(BEFORE), HARM)
    write_night(root / "raw", "boxes", "2", range(100, 100 + BATCH))
    shutil.rmtree(root / "processed/.snapshots/.cleaned")
    done = clean(root)
    assert done.gate is not None
    assert done.gate.held == ["phpbb.example"]
    assert sources_of(done.snapshot, "phpbb") == sources_of(before, "phpbb")
    assert len(sources_of(done.snapshot, "boxes")) == BEFORE + BATCH


def test_what_a_refused_run_let_in_is_judged_all_the_same(root: Path) -> None:
    before = (root / "processed/latest").resolve()
    write_night(root / "raw", "phpbb", "2", range(100, 100 + BATCH), HARM)
    with pytest.raises(DataRefused):
        clean(root, gate=False, on_reject="fail")
    done = clean(root)
    assert done.gate is not None
    assert done.gate.held == ["phpbb.example"]
    assert sources_of(done.snapshot, "phpbb") == sources_of(before, "phpbb")


def test_the_order_of_nights_with_and_without_harm_leaves_the_same_bytes(root: Path, tmp_path: Path) -> None:
    dice = random.Random(3)  # noqa: S311 -- for variety
    for night in range(2, 6):
        for site in SITES:
            if dice.random() < 0.7:
                harm = HARM if dice.random() < 0.5 else None
                write_night(root / "raw", site, str(night), range(100 * night, 100 * night + 8), harm)
        clean(root)
    for site in SITES:
        for folder in sorted((root / "raw" / site).iterdir()):
            if folder.name != "1":
                write_night(root / "raw", site, folder.name, range(100 * int(folder.name), 100 * int(folder.name) + 8))
    done = clean(root)
    assert done.gate is not None
    assert done.gate.held == []
    assert parts_of(done.snapshot) == parts_of(clean_inline(root / "raw", tmp_path / "afresh").snapshot)


def test_what_a_killed_run_had_just_published_does_not_wait_to_be_judged(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def die(*_: object) -> None:
        raise KeyboardInterrupt

    write_night(root / "raw", "boxes", "2", range(100, 100 + BATCH))
    monkeypatch.setattr("flows.run.note_switch", die)  # the last step before the store is settled
    with pytest.raises(KeyboardInterrupt):
        clean(root)
    assert len(sources_of((root / "processed/latest").resolve(), "boxes")) == BEFORE + BATCH
    assert judge_waiting(root / "raw", root / "processed", InlineExecutor()).inputs == 0
    write_night(root / "raw", "boxes", "3", range(200, 202))
    assert judge_waiting(root / "raw", root / "processed", InlineExecutor()).inputs == 2


def test_to_accept_goes_with_the_gate() -> None:
    with pytest.raises(WrongUse, match="goes with --gate"):
        Options(accept=frozenset({"a.example"})).check()


def test_the_command_says_what_is_held_and_ends_with_1(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_night(root / "raw", "phpbb", "2", range(100, 100 + BATCH), HARM)
    arguments = ["clean", "--no-prefect", "--workers", "1", "--gate", str(root / "raw"), str(root / "processed")]
    assert main(arguments) == 1
    said = capsys.readouterr()
    assert "held back: 12 new scrapes of phpbb.example; what is published of it stays" in said.out
    assert main([*arguments, "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["gate"]["held"][0]["site"] == "phpbb.example"
    assert main([*arguments, "--accept", "phpbb.example", "--accept", "nobody.example"]) == 0
    assert "--accept nobody.example: there is nothing new of this site" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_gated_run_that_is_killed_at_any_instant_holds_the_same_when_it_is_run_again(published: Path, tmp_path: Path) -> None:
    def begin(root: Path) -> Path:
        shutil.copytree(published, root, symlinks=True)
        write_night(root / "raw", "phpbb", "1", range(BEFORE), HARM)  # written over what is published
        write_night(root / "raw", "boxes", "2", range(100, 100 + BATCH))
        return root

    def run(root: Path) -> subprocess.Popen[str]:
        return command("clean", "--no-prefect", "--gate", "--workers", "2", root / "raw", root / "processed")

    calm = begin(tmp_path / "calm")
    assert end_of(run(calm)).code == 1
    expected = parts_of((calm / "processed/latest").resolve())
    before, dice = (published / "processed/latest").resolve().name, random.Random(3)  # noqa: S311
    for number in range(8):
        root = begin(tmp_path / f"killed{number}")
        process = run(root)
        time.sleep(dice.uniform(0.5, 5))
        process.kill()
        end_of(process)
        stands = (root / "processed/latest").resolve()
        assert check_snapshot(stands) == []
        assert stands.name == before or parts_of(stands) == expected
        assert end_of(run(root)).code == 1
        assert parts_of((root / "processed/latest").resolve()) == expected
