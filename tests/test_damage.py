"""Published state that was damaged, lost or is not ours: what is published is whole, and nothing of others is taken away."""

from __future__ import annotations

import errno
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from flows.__main__ import main
from flows.errors import Damaged, Fault, WrongUse
from flows.publish import sharing, snapshots
from flows.publish.history import HELD, HISTORY, begin_history, check_snapshot, read_history, read_hold, retire_snapshots
from flows.publish.manifest import SNAPSHOTS, read_manifest
from flows.publish.snapshots import latest_snapshot, list_snapshots, open_processed, published_snapshot
from tests.conftest import THREAD, Clean, InlinePool, table, write_files
from tests.inline import clean_inline, snapshot_of

DEEP = "[" * 100_000
JSON_OF_OTHERS = ["null", "5", "[]", '"x"', "{", "", DEEP, "1e999", '{"a": 1}']
BEFORE = "20200101T000000Z-deadbeef"


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    return write_files(tmp_path / "raw", {"knee.txt": THREAD})


@pytest.fixture
def out(raw: Path, tmp_path: Path) -> Path:
    """An output folder with one snapshot."""
    snapshot_of(raw, tmp_path / "out")
    return tmp_path / "out"


def part_of(snapshot: Path, name: str) -> Path:
    return next((snapshot / name).glob("*.parquet"))


def damage(file: Path, how: str) -> None:
    """Change a file's bytes where it lies, as a fault of the disk does: its links are changed with it."""
    content = bytearray(file.read_bytes())
    at = len(content) // 3
    content[at : at + 200] = bytes(byte ^ 0x55 for byte in content[at : at + 200])
    new = {"flipped": bytes(content), "zeros": bytes(len(content)), "cut": bytes(content[:-9]), "empty": b""}[how]
    with file.open("r+b") as written:
        written.truncate(len(new))
        written.write(new)


def add(raw: Path, what: str) -> None:
    write_files(raw, {f"{what}.txt": THREAD.replace("knee", what)})


# -- a parent that is damaged ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["flipped", "zeros", "cut", "empty"])
def test_a_damaged_part_is_never_linked_into_a_new_snapshot(
    out: Path, raw: Path, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    first = published_snapshot(out)
    damage(part_of(first, "answers"), how)
    write_files(raw, {"none.txt": "nothing"})  # no part of the answers changes
    outcome = clean_inline(raw, out)
    assert outcome.snapshot is not None
    assert outcome.snapshot != first
    assert check_snapshot(outcome.snapshot) == []
    assert part_of(first, "answers").name == part_of(outcome.snapshot, "answers").name
    assert "answers/" in (outcome.changes or {})["damaged"]
    assert len(caplog.messages) == 1
    assert part_of(first, "comments").samefile(part_of(outcome.snapshot, "comments"))


@pytest.mark.parametrize("how", ["flipped", "zeros", "cut", "lost"])
def test_a_damaged_parent_keeps_nothing_back(out: Path, raw: Path, how: str, caplog: pytest.LogCaptureFixture) -> None:
    for file in published_snapshot(out).glob("*/*.parquet"):
        file.unlink() if how == "lost" else damage(file, how)
    add(raw, "elbow")
    clean_inline(raw, out)
    warned = len(caplog.messages)
    assert 1 <= warned <= 2  # what is withdrawn cannot be counted, nor what changed be told
    assert all("is damaged" in message for message in caplog.messages)
    assert check_snapshot(published_snapshot(out)) == []
    assert table(out, "questions").height == 2
    changes = (read_manifest(published_snapshot(out)).get("changes") or {}).copy()
    assert changes.pop("rows") == {}
    assert changes["damaged"]
    add(raw, "hip")
    clean_inline(raw, out)
    assert len(caplog.messages) == warned


def test_a_part_that_changed_on_disk_after_it_was_written_is_not_published(
    out: Path, raw: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, real = latest_snapshot(out), snapshots.confirm_parts

    def confirm(parts: list[Any], staged: Path, parent: Path | None) -> list[str]:
        damage(part_of(staged, "questions"), "flipped")
        return real(parts, staged, parent)

    monkeypatch.setattr(snapshots, "confirm_parts", confirm)
    add(raw, "elbow")
    with pytest.raises(Fault, match="other bytes than were written"):
        clean_inline(raw, out)
    assert latest_snapshot(out) == before
    assert list_snapshots(out) == [before]


@pytest.mark.parametrize("number", [errno.EXDEV, errno.EMLINK, errno.EPERM, errno.EOPNOTSUPP])
def test_where_no_link_can_be_made_a_snapshot_has_files_of_its_own(
    out: Path, raw: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    first = published_snapshot(out)
    monkeypatch.setattr(sharing.os, "link", refuse)
    add(raw, "elbow")
    second = snapshot_of(raw, out)
    assert check_snapshot(second) == []
    assert part_of(first, "comments").name == part_of(second, "comments").name
    assert not part_of(first, "comments").samefile(part_of(second, "comments"))
    assert not list(second.rglob("*.link"))


def test_a_damaged_snapshot_is_not_rolled_back_to(out: Path, raw: Path, capfd: pytest.CaptureFixture[str]) -> None:
    first = published_snapshot(out)
    add(raw, "elbow")
    second = snapshot_of(raw, out)
    damage(part_of(first, "questions"), "flipped")
    assert main(["rollback", first.name, str(out)]) == 3
    assert capfd.readouterr().err.count("\n") == 1
    assert latest_snapshot(out) == second


# -- manifests ------------------------------------------------------------------------------------------------------------

SOUND = {"table": "answers", "path": "answers/part-0.parquet", "rows": 1, "bytes": 1, "sha256": "0" * 64}
MANIFESTS: list[Any] = [
    {"tables": {}},
    {"files": []},
    {"tables": [], "files": []},
    {"tables": {}, "files": None},
    {"tables": {"answers": -1}, "files": []},
    {"tables": {"answers": 10**30}, "files": []},
    {"tables": {"answers": "1"}, "files": []},
    {"tables": {"answers": True}, "files": []},
    {"tables": {"../x": 1}, "files": []},
    *(
        {"tables": {}, "files": [{**SOUND, "path": path}]}
        for path in ("/etc/passwd", "../x/y.parquet", "answers/../../x.parquet")
    ),
    *({"tables": {}, "files": [{**SOUND, "path": path}]} for path in ("answers", "answers//x.parquet", "a\0/x.parquet", 5)),
    {"tables": {}, "files": [{**SOUND, "sha256": "0"}]},
    {"tables": {}, "files": [{**SOUND, "bytes": -1}]},
    {"tables": {}, "files": [{**SOUND, "rows": 1.5}]},
    {"tables": {}, "files": [[]]},
    {"tables": {}, "files": [], "inputs": []},
    {"tables": {}, "files": [], "inputs": {"digest": 5}},
    {"tables": {}, "files": [], "counts": {"rules": 5}},
    {"tables": {}, "files": [], "counts": {"rules": {"a": "b"}}},
    {"tables": {}, "files": [], "gate": {"baselines": []}},
    {"tables": {}, "files": [], "gate": {"baselines": {"s": 5}}},
    {"tables": {}, "files": [], "gate": 5},
    *({"tables": {}, "files": [], "guard": guard} for guard in (5, [], {"limits": {}}, {"held": [5], "limits": {}})),
    {"tables": {}, "files": [], "parent": "../../.."},
    {"tables": {}, "files": [], "published_at": "yesterday"},
    {"tables": {}, "files": [], "published_at": 5},
]


@pytest.mark.parametrize("said", [*JSON_OF_OTHERS, *map(json.dumps, MANIFESTS)], ids=lambda said: said[:60])
def test_a_manifest_of_another_shape_is_told_in_one_line(tmp_path: Path, said: str) -> None:
    write_files(tmp_path, {"manifest.json": said})
    with pytest.raises(Damaged) as told:
        read_manifest(tmp_path)
    assert "\n" not in str(told.value)
    assert len(str(told.value)) < 600
    assert len(check_snapshot(tmp_path)) == 1


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: Path(path).symlink_to("/dev/zero")])
def test_a_manifest_that_is_no_plain_file_is_not_waited_for(tmp_path: Path, make: Any) -> None:
    make(tmp_path / "manifest.json")
    with pytest.raises(Damaged, match=r"plain file|directory"):
        read_manifest(tmp_path)


@pytest.mark.parametrize("said", ["null", '{"tables": {}, "files": null}', DEEP], ids=["null", "files", "deep"])
def test_a_run_after_a_damaged_manifest_says_what_to_do(
    out: Path, raw: Path, said: str, clean: Clean, capfd: pytest.CaptureFixture[str]
) -> None:
    (out / "latest/manifest.json").write_text(said)
    add(raw, "elbow")
    done = clean(raw, out)
    assert (done.code, done.err.count("\n")) == (3, 1)
    for words in (
        ["snapshots", str(out)],
        ["rollback", published_snapshot(out).name, str(out)],
        words_of("validate", raw, out),
    ):
        code, told = main(words), capfd.readouterr().err
        assert (code, told.count("\n")) == (3, 1), told
        assert "damaged" in told


# -- what is not ours -----------------------------------------------------------------------------------------------------


def test_what_is_not_ours_is_never_taken_away(out: Path, raw: Path) -> None:
    alien = {
        ".snapshots/my-notes/diary": "x",
        ".snapshots/.staging-notes/diary": "x",
        f".snapshots/{BEFORE}/diary": "x",  # of the form of our names, without a manifest
        ".latest-notes": "x",
        "notes": "x",
    }
    write_files(out, alien)
    (out / ".snapshots" / HISTORY).write_text("")
    for what in ("elbow", "hip"):
        add(raw, what)
        snapshot_of(raw, out)
    retire_snapshots(out, keep=1, now=datetime.now(UTC) + timedelta(days=9))
    assert [name for name in alien if not (out / name).is_file()] == []
    assert list_snapshots(out)[-1] != latest_snapshot(out) or len(list_snapshots(out)) == 2


def test_a_snapshot_into_which_somebody_put_a_file_stays(out: Path, raw: Path) -> None:
    first = published_snapshot(out)
    (first / "answers/notes.txt").write_text("mine")
    add(raw, "elbow")
    snapshot_of(raw, out)
    later = datetime.now(UTC) + timedelta(days=9)
    assert retire_snapshots(out, keep=1, now=later) == []
    (first / "answers/notes.txt").unlink()
    assert retire_snapshots(out, keep=1, now=later) == [first.name]


# -- the history ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["empty", "gone", "torn", "zeros", "deep", "no zone", "others"])
def test_a_history_that_is_lost_has_nothing_taken_away_within_the_hour(out: Path, raw: Path, how: str) -> None:
    made = [published_snapshot(out).name]
    for what in ("elbow", "hip"):
        add(raw, what)
        made.append(snapshot_of(raw, out).name)
    file = out / SNAPSHOTS / HISTORY
    lines = file.read_text("utf-8").splitlines(keepends=True)
    told = {
        "empty": "", "gone": "", "torn": lines[0] + lines[1][:40] + lines[2], "zeros": "\0" * 400, "deep": DEEP + "\n",
        "no zone": json.dumps({"at": "2020-01-01", "snapshot": made[0], "why": "publish"}) + "\n",
        "others": '[1]\n{"at": 5}\n7\n',
    }  # fmt: skip
    file.write_text(told[how], "utf-8")
    if how == "gone":
        file.unlink()
    begin_history(out)
    now = datetime.now(UTC)
    assert {entry.snapshot for entry in read_history(out)} == set(made)
    assert read_history(out)[-1].snapshot == made[-1]
    assert retire_snapshots(out, keep=1, now=now + timedelta(minutes=59)) == []
    assert set(retire_snapshots(out, keep=1, now=now + timedelta(minutes=61))) == set(made[:-1])


def test_a_history_that_cannot_be_read_is_told_in_one_line(
    out: Path, raw: Path, clean: Clean, capfd: pytest.CaptureFixture[str]
) -> None:
    file = out / SNAPSHOTS / HISTORY
    file.unlink()
    file.mkdir()
    add(raw, "elbow")
    done = clean(raw, out)
    assert (done.code, done.err.count("\n")) == (3, 1)
    assert str(file) in done.err
    assert main(["snapshots", str(out)]) == 3
    assert capfd.readouterr().err.count("\n") == 1


def test_a_snapshot_whose_run_was_killed_before_the_switch_is_taken_away(
    out: Path, raw: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        """Nothing that stands behind it is done."""

    def die(*_: object) -> None:
        monkeypatch.setattr(snapshots, "_withdraw", lambda _: None)
        raise Killed

    before = published_snapshot(out)
    add(raw, "elbow")
    with monkeypatch.context() as patched:
        patched.setattr(snapshots, "switch", die)
        with pytest.raises(Killed):
            clean_inline(raw, out)
    monkeypatch.undo()
    assert len(list_snapshots(out)) == 2
    with open_processed(out):
        assert list_snapshots(out) == [out / SNAPSHOTS / before.name]
    assert latest_snapshot(out) == before


def test_a_switch_that_fails_leaves_no_snapshot_behind(out: Path, raw: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "full")

    before = list_snapshots(out)
    add(raw, "elbow")
    monkeypatch.setattr(snapshots, "switch", fail)
    with pytest.raises(Fault, match="the disk is full"):
        clean_inline(raw, out)
    assert list_snapshots(out) == before


def test_what_fails_after_the_switch_is_no_failure_of_the_run(
    out: Path, raw: Path, clean: Clean, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(out))

    add(raw, "elbow")
    with monkeypatch.context() as patched:
        patched.setattr("flows.run.note_switch", fail)
        done = clean(raw, out)
    (warned,) = caplog.messages
    assert (done.code, done.err) == (0, "")
    assert "the snapshot is published" in warned
    assert table(out, "questions").height == 2
    assert clean(raw, out).out.startswith("nothing new")
    assert read_history(out)[-1].snapshot == published_snapshot(out).name


@pytest.mark.parametrize("said", [*JSON_OF_OTHERS, '{"snapshot": 5}'], ids=lambda said: said[:20])
def test_a_hold_that_cannot_be_read_is_ended_by_resume_alone(out: Path, raw: Path, clean: Clean, said: str) -> None:
    write_files(out / SNAPSHOTS, {HELD: said})
    with pytest.raises(Fault, match="clean --resume"):
        read_hold(out)
    add(raw, "elbow")
    done = clean(raw, out)
    assert (done.code, done.err.count("\n")) == (3, 1)
    assert clean(raw, out, "--resume").code == 0
    assert table(out, "questions").height == 2
    assert read_hold(out) is None


# -- links and names ------------------------------------------------------------------------------------------------------


def test_an_output_folder_and_its_parts_may_be_links(raw: Path, tmp_path: Path) -> None:
    for name in ("disk/out", "disk/snapshots", "disk/cleaned"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "out").symlink_to("disk/out")
    (tmp_path / "out/.snapshots").symlink_to(tmp_path / "disk/snapshots")
    (tmp_path / "out/.snapshots/.cleaned").symlink_to(tmp_path / "disk/cleaned")
    snapshot_of(raw, tmp_path / "out")
    add(raw, "elbow")
    second = snapshot_of(raw, tmp_path / "out")
    assert latest_snapshot(tmp_path / "out") == second.resolve()
    assert retire_snapshots(tmp_path / "out", keep=1, now=datetime.now(UTC) + timedelta(hours=2)) != [second.name]
    assert table(tmp_path / "out", "questions").height == 2


READERS = ["path", "evaluate", "replay", "snapshots", "discover", "validate"]


def words_of(reader: str, raw: Path, out: Path) -> list[str]:
    return {
        "evaluate": ["evaluate", str(raw), str(out)],
        "replay": ["replay", str(raw), str(out), "--no-prefect"],
        "discover": ["discover", str(raw), "--against", str(out)],
        "validate": ["validate", str(raw), "--processed", str(out), "--workers", "1"],
    }.get(reader, [reader, str(out)])


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("what", ["folder", "file", "elsewhere", "gone"])
def test_a_latest_that_leads_to_no_snapshot_is_told_in_one_line(
    out: Path, raw: Path, tmp_path: Path, what: str, reader: str, capfd: pytest.CaptureFixture[str]
) -> None:
    spoil_latest(out, what, tmp_path)
    code, told = main(words_of(reader, raw, out)), capfd.readouterr().err
    assert (code, told.count("\n")) == (3, 1), told
    assert "latest" in told


def spoil_latest(out: Path, what: str, tmp_path: Path) -> None:
    link = out / "latest"
    link.unlink()
    if what == "folder":
        write_files(link, {"manifest.json": "{}"})
    elif what == "file":
        link.write_text("mine")
    else:
        (tmp_path / "elsewhere").mkdir(exist_ok=True)
        link.symlink_to(tmp_path / "elsewhere" if what == "elsewhere" else f".snapshots/{BEFORE}")


@pytest.mark.parametrize("what", ["folder", "file", "elsewhere"])
def test_what_stands_in_the_way_of_the_switch_is_told_before_any_work(
    out: Path, raw: Path, tmp_path: Path, clean: Clean, what: str
) -> None:
    spoil_latest(out, what, tmp_path)
    there = list_snapshots(out)
    add(raw, "elbow")
    done = clean(raw, out)
    assert (done.code, done.err.count("\n")) == (3, 1), done.err
    assert "latest" in done.err
    assert list_snapshots(out) == there


def test_a_latest_whose_snapshot_is_gone_is_published_over(
    out: Path, raw: Path, tmp_path: Path, clean: Clean, caplog: pytest.LogCaptureFixture
) -> None:
    spoil_latest(out, "gone", tmp_path)
    assert clean(raw, out).code == 0
    (warned,) = caplog.messages
    assert "is gone" in warned
    assert table(out, "questions").height == 1
    spoil_latest(out, "gone", tmp_path)
    gated = clean(raw, out, "--gate")
    assert (gated.code, gated.err.count("\n")) == (3, 1)
    assert "is gone" in gated.err


def test_an_output_folder_whose_name_is_not_utf_8_is_wrong_use(
    raw: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    named = tmp_path / os.fsdecode(b"out\xff")
    for words in (
        ["clean", str(raw), str(named)],
        ["clean", "--no-prefect", str(raw), str(named / "in")],
        ["path", str(named)],
    ):
        capfd.readouterr()
        assert main(words) == 2
        assert "UTF-8" in capfd.readouterr().err
    with pytest.raises(WrongUse), open_processed(named):
        pass
    assert not named.exists()


@pytest.mark.parametrize("name", ["out[2026]", "o*t?", "a b\n{c}", "site=x", "~"])
def test_any_name_that_a_file_system_takes_may_be_that_of_the_output_folder(
    raw: Path, tmp_path: Path, name: str, clean: Clean, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    out = Path(name)
    write_files(raw, {"none.txt": "Opening hours\n"})
    assert clean(raw, out).code == 0
    assert read_manifest(published_snapshot(out))["tables"]["questions"] == 1
    monkeypatch.setattr("flows.commands.clean.WorkerPool", InlinePool)
    for reader in ("replay", "validate"):
        assert main(words_of(reader, raw, out)) in (0, 1), (reader, capfd.readouterr().err)


@pytest.mark.parametrize("table_name", ["rejects", "answers"])
def test_a_reader_of_damaged_tables_says_so_in_one_line(
    out: Path, raw: Path, tmp_path: Path, table_name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    damage(part_of(published_snapshot(out), table_name), "zeros")
    gold = write_files(tmp_path / "gold", {"gold.jsonl": json.dumps({"name": "knee", "posts": []})})
    reader = {"rejects": "replay", "answers": "evaluate"}[table_name]
    code, told = main(words_of(reader, raw if reader == "replay" else gold, out)), capfd.readouterr().err
    assert (code, told.count("\n")) == (3, 1), told
    assert "is damaged" in told
