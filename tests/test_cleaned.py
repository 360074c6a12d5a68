"""The cache of what was cleaned: what is damaged in it is cleaned again by the same run, and what is not ours stays."""

from __future__ import annotations

import errno
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from flows.index import Index, read_index
from flows.publish.snapshots import published_snapshot
from flows.read.inputs import find_inputs
from flows.run import Outcome
from flows.store import CLEANED, INDEX, find_waiting
from tests.conftest import THREAD, table, write_files
from tests.inline import clean_inline, snapshot_of
from tests.test_damage import DEEP, JSON_OF_OTHERS, add, damage


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    return write_files(tmp_path / "raw", {"knee.txt": THREAD})


@pytest.fixture
def out(raw: Path, tmp_path: Path) -> Path:
    """An output folder with one snapshot."""
    snapshot_of(raw, tmp_path / "out")
    return tmp_path / "out"


def cleaned(out: Path) -> Path:
    return out / ".snapshots" / CLEANED


def bytes_of(snapshot: Path) -> list[str]:
    """Return the names of the parts, which tell their content."""
    return sorted(path.relative_to(snapshot).as_posix() for path in snapshot.rglob("*.parquet"))


def assert_mended(outcome: Outcome, raw: Path, out: Path) -> None:
    """Hold that a run published what a run into a new folder does, and that the next one finds nothing to do again."""
    assert outcome.snapshot is not None
    assert outcome.work is not None
    assert outcome.work.outdated + outcome.work.new == 2
    assert bytes_of(outcome.snapshot) == bytes_of(snapshot_of(raw, out.with_name("anew")))
    add(raw, "hip")
    after = clean_inline(raw, out).work
    assert after is not None
    assert (after.new, after.unchanged, after.outdated) == (1, 2, 0)


@pytest.mark.parametrize("how", ["flipped", "zeros", "cut", "empty"])
def test_damaged_batches_are_cleaned_again_by_the_same_run(
    out: Path, raw: Path, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    damage(next(cleaned(out).glob("*/answers.arrow")), how)
    add(raw, "elbow")
    assert_mended(clean_inline(raw, out), raw, out)
    assert len(caplog.messages) <= 1  # another size is told from the index alone


def test_a_batch_that_cannot_be_read_is_cleaned_again(out: Path, raw: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run, real = next(cleaned(out).glob("*/texts.arrow")), Path.open

    def fail(path: Path, *arguments: Any, **options: Any) -> Any:
        if path == run:
            raise OSError(errno.EIO, os.strerror(errno.EIO), str(path))
        return real(path, *arguments, **options)

    add(raw, "elbow")
    with monkeypatch.context() as patched:
        patched.setattr(Path, "open", fail)
        outcome = clean_inline(raw, out)
    assert_mended(outcome, raw, out)


RUN, STAMP = "0123456789abcdef", [1, 2, "c", "b", []]
SOUND: dict[str, Any] = {"format": 2, "version": "x", "basis": "", "runs": {}, "inputs": {}}
INDEXES = [
    {**SOUND, "format": 1},
    {**SOUND, "format": "2"},
    {**SOUND, "version": 5},
    {**SOUND, "basis": None},
    *({**SOUND, "runs": runs} for runs in ([], 5, {RUN: 5}, {RUN: [1]}, {RUN: [-1, 0]}, {"../..": [1, 2]}, {RUN: ["1", "2"]})),
    *({**SOUND, "inputs": inputs} for inputs in ([], 5, {"a": []}, {"a": 5}, {"a": [STAMP, [], True]})),
    *({**SOUND, "inputs": {"a": [STAMP, pieces, True, []]}} for pieces in (5, [5], [[]], [["..", 0, 1, 1, None]])),
    *({**SOUND, "inputs": {"a": [STAMP, [[RUN, at, 1, 1, None]], True, []]}} for at in (-1, 1.5, True, "0", 1 << 40)),
    *({**SOUND, "inputs": {"a": [stamp, [], True, []]}} for stamp in (5, [], ["1", 2, "c", "b", []], [1, 2, "c", "b", [5]])),
    {**SOUND, "inputs": {"a": [STAMP, [], 1, []]}},
    {**SOUND, "inputs": {"a": [STAMP, [], True, [5]]}},
    {"inputs": {}},
]


@pytest.mark.parametrize("said", [*JSON_OF_OTHERS, *map(json.dumps, INDEXES)], ids=lambda said: said[:70])
def test_a_damaged_index_counts_for_none(tmp_path: Path, raw: Path, said: str) -> None:
    write_files(tmp_path / "out", {f"{CLEANED}/{INDEX}": said})
    assert read_index(tmp_path / "out" / CLEANED / INDEX, "x") == Index()
    assert len(find_waiting(tmp_path / "out", find_inputs(raw), raw, "")) == 1


@pytest.mark.parametrize("said", ["null", json.dumps({**SOUND, "runs": []}), DEEP], ids=["null", "runs", "deep"])
def test_after_a_damaged_index_all_is_cleaned_again(out: Path, raw: Path, said: str) -> None:
    (cleaned(out) / INDEX).write_text(said)
    add(raw, "elbow")
    assert_mended(clean_inline(raw, out), raw, out)


def test_a_cache_that_is_gone_costs_time_alone(out: Path, raw: Path) -> None:
    shutil.rmtree(cleaned(out))
    add(raw, "elbow")
    assert_mended(clean_inline(raw, out), raw, out)


def test_what_else_lies_where_the_cache_is_stays(out: Path, raw: Path, tmp_path: Path) -> None:
    home = write_files(tmp_path / "home", {"precious.txt": "x", "dir/diary": "x", f"{RUN}/diary": "x", "index.bak": "x"})
    (home / ("f" * 16)).symlink_to(home / "dir")
    there = sorted(path.relative_to(home) for path in home.rglob("*"))
    shutil.rmtree(cleaned(out))
    cleaned(out).symlink_to(home)
    for what in ("elbow", "hip"):
        add(raw, what)
        clean_inline(raw, out)
    assert [path for path in there if not (home / path).exists()] == []
    assert table(out, "questions").height == 3
    assert clean_inline(raw, out).snapshot == published_snapshot(out)


def test_the_cache_may_be_on_another_disk(out: Path, raw: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.rename

    def rename(old: Any, new: Any, **options: Any) -> None:
        if CLEANED in Path(new).parts:
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), str(old))
        real(old, new, **options)

    add(raw, "elbow")
    monkeypatch.setattr(os, "rename", rename)
    clean_inline(raw, out)
    assert table(out, "questions").height == 2
