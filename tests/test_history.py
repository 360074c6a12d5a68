"""Snapshots as a user keeps them: listed, checked, rolled back to, held, retired; refused records tried again."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import flows.commands.clean
from flows.__main__ import main
from flows.publish.history import HISTORY, begin_history, read_history, retire_snapshots
from flows.publish.manifest import SNAPSHOTS
from flows.publish.snapshots import latest_snapshot, list_snapshots
from flows.read import batches as planning
from flows.read import pieces
from flows.read.inputs import Input, Provenance
from flows.records import Page, Unreadable
from tests.conftest import THREAD, Clean, Ended, InlinePool, table, write_files
from tests.inline import snapshot_of

OTHER = THREAD.replace("knee", "elbow")


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    return write_files(tmp_path / "raw", {"knee.txt": THREAD})


@pytest.fixture
def two(raw: Path, tmp_path: Path) -> list[Path]:
    """Two snapshots, the older first."""
    older = snapshot_of(raw, tmp_path / "processed")
    write_files(raw, {"elbow.txt": OTHER})
    return [older, snapshot_of(raw, tmp_path / "processed")]


def say(capfd: pytest.CaptureFixture[str], *words: str | Path) -> Ended:
    code = main([*map(str, words)])
    out, err = capfd.readouterr()
    return Ended(code, out, err)


Capture = pytest.CaptureFixture[str]


def test_the_snapshots_are_listed_with_the_latest_first(two: list[Path], tmp_path: Path, capfd: Capture) -> None:
    told = json.loads(say(capfd, "snapshots", tmp_path / "processed", "--json").out)["snapshots"]
    assert [entry["id"] for entry in told] == [two[1].name, two[0].name]
    assert [entry["latest"] for entry in told] == [True, False]
    assert [entry["tables"]["questions"] for entry in told] == [2, 1]
    shown = say(capfd, "snapshots", tmp_path / "processed").out
    assert two[0].name in shown
    assert "latest" in shown


def test_a_rollback_stays_until_it_is_ended(two: list[Path], raw: Path, tmp_path: Path, clean: Clean, capfd: Capture) -> None:
    processed = tmp_path / "processed"
    assert say(capfd, "rollback", two[0].name, processed).code == 0
    assert latest_snapshot(processed) == two[0].resolve()
    write_files(raw, {"hip.txt": THREAD.replace("knee", "hip")})
    held = clean(raw, processed)
    assert (held.code, latest_snapshot(processed)) == (0, two[0].resolve())
    assert "clean --resume" in held.out
    assert json.loads(clean(raw, processed, "--json").out)["held"] is True
    resumed = clean(raw, processed, "--resume")
    assert resumed.code == 0
    assert table(processed, "questions").height == 3
    assert clean(raw, processed).out.startswith("nothing new")


def test_a_rollback_takes_the_beginning_of_an_id_and_no_other(two: list[Path], tmp_path: Path, capfd: Capture) -> None:
    processed = tmp_path / "processed"
    assert say(capfd, "rollback", two[0].name[:-2], processed).code == 0
    for wanted in ("2099", two[0].name[:4], ""):
        refused = say(capfd, "rollback", wanted, processed)
        assert refused.code == 2
        assert refused.err.count("\n") == 1
    assert latest_snapshot(processed) == two[0].resolve()
    assert say(capfd, "rollback", "x", tmp_path / "nowhere").code == 2


def test_a_snapshot_that_lost_a_file_is_not_rolled_back_to(two: list[Path], tmp_path: Path, capfd: Capture) -> None:
    next((two[0] / "answers").glob("*.parquet")).unlink()
    refused = say(capfd, "rollback", two[0].name, tmp_path / "processed")
    assert refused.code == 3
    assert "is missing" in refused.err
    assert latest_snapshot(tmp_path / "processed") == two[1].resolve()


def test_a_rollback_killed_before_the_switch_holds_nothing(
    two: list[Path], raw: Path, tmp_path: Path, clean: Clean, capfd: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(processed: Path, snapshot: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("flows.publish.history.switch", die)
        assert say(capfd, "rollback", two[0].name, tmp_path / "processed").code == 130
    write_files(raw, {"hip.txt": THREAD.replace("knee", "hip")})
    assert clean(raw, tmp_path / "processed").code == 0
    assert table(tmp_path / "processed", "questions").height == 3


@pytest.mark.parametrize("damage", ["flip", "cut", "lose", "add"])
def test_damage_to_a_file_is_found(two: list[Path], tmp_path: Path, capfd: Capture, damage: str) -> None:
    whole = say(capfd, "snapshots", tmp_path / "processed", "--verify")
    assert (whole.code, whole.out.count("verified")) == (0, 2)
    file = next((two[1] / "questions").glob("*.parquet"))
    content = bytearray(file.read_bytes())
    file.unlink()  # a part may be shared with another snapshot
    if damage != "lose":
        content[len(content) // 2] ^= 1 if damage == "flip" else 0
        file.write_bytes(content[: -9 if damage == "cut" else None])
    if damage == "add":
        (file.parent / "stray.parquet").write_bytes(content)
    found = say(capfd, "snapshots", tmp_path / "processed", "--verify")
    assert found.code == 3
    assert two[1].name in found.err
    assert f"{two[0].name}: " not in found.out


def test_old_snapshots_go_and_the_newest_stay(raw: Path, tmp_path: Path) -> None:
    processed = tmp_path / "processed"
    for number in range(5):
        write_files(raw, {f"{number}.txt": THREAD.replace("knee", f"joint {number}")})
        snapshot_of(raw, processed)
    made = list_snapshots(processed)
    order = [entry.snapshot for entry in read_history(processed)]
    now = datetime.now(UTC)
    assert retire_snapshots(processed, keep=2, now=now + timedelta(minutes=59)) == []
    assert retire_snapshots(processed, keep=2, now=now - timedelta(days=400)) == []  # a clock that was set back
    assert sorted(retire_snapshots(processed, keep=2, now=now + timedelta(minutes=61))) == sorted(order[:3])
    assert {path.name for path in list_snapshots(processed)} == set(order[3:])
    assert len(made) == 5


def test_what_was_rolled_away_from_goes_in_its_turn(two: list[Path], tmp_path: Path, capfd: Capture) -> None:
    processed = tmp_path / "processed"
    say(capfd, "rollback", two[0].name, processed)
    assert retire_snapshots(processed, keep=1) == []
    assert retire_snapshots(processed, keep=1, now=datetime.now(UTC) + timedelta(hours=2)) == [two[1].name]


def test_a_history_that_lacks_its_end_is_mended(two: list[Path], tmp_path: Path) -> None:
    processed = tmp_path / "processed"
    file = processed / SNAPSHOTS / HISTORY
    whole = file.read_text("utf-8")
    file.write_text(whole[: whole.rindex("{") + 20], "utf-8")  # killed between the switch and its note
    begin_history(processed)
    assert [entry.snapshot for entry in read_history(processed)] == [path.name for path in two]
    file.unlink()  # an output folder of a version that kept none
    begin_history(processed)
    assert [entry.snapshot for entry in read_history(processed)] == [path.name for path in two]


# -- refusing data --------------------------------------------------------------------------------------------------------


def test_refused_data_can_keep_a_run_from_publishing(raw: Path, tmp_path: Path, clean: Clean) -> None:
    processed = tmp_path / "processed"
    clean(raw, processed)
    before = latest_snapshot(processed)
    write_files(raw, {"none.txt": "Opening hours\nMonday to Friday, 9 to 5\n", "empty.txt": ""})
    for options, words in ((("--on-reject", "fail"), "--on-reject"), (("--max-reject-rate", "0.5"), "66.7%")):
        refused = clean(raw, processed, *options)
        assert (refused.code, refused.err.count("\n")) == (1, 1)
        assert words in refused.err
        assert latest_snapshot(processed) == before
    assert clean(raw, processed, "--max-reject-rate", "0.7").code == 0
    assert table(processed, "scrapes").height == 3


def test_a_copy_is_no_refused_data(raw: Path, tmp_path: Path, clean: Clean) -> None:
    write_files(raw, {"copy.txt": THREAD})
    assert clean(raw, tmp_path / "processed", "--on-reject", "fail").code == 0


@pytest.mark.parametrize("rate", ["1.5", "-0.1", "nan", "many"])
def test_a_rate_that_is_no_share_is_wrong_use(raw: Path, tmp_path: Path, clean: Clean, rate: str) -> None:
    refused = clean(raw, tmp_path / "processed", f"--max-reject-rate={rate}")
    assert (refused.code, refused.err.count("\n")) == (2, 1)


def test_a_refused_scrape_carries_what_it_takes_to_try_it_again(raw: Path, tmp_path: Path, clean: Clean) -> None:
    text = "Opening hours\nMonday to Friday, 9 to 5\n"
    write_files(raw, {"none.txt": text})
    clean(raw, tmp_path / "processed")
    (refused,) = table(tmp_path / "processed", "rejects").to_dicts()
    assert (refused["source"], refused["start_offset"], refused["end_offset"]) == ("none.txt", 0, len(text))
    assert refused["raw"] == text
    assert refused["rules_version"]


def test_a_replay_says_what_came_back(
    raw: Path, tmp_path: Path, clean: Clean, capfd: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_files(raw, {"none.txt": "Opening hours\nMonday to Friday, 9 to 5\n", "shut.txt": OTHER})
    with monkeypatch.context() as patched:
        sound = planning.read_file

        def read(path: Path, source: str, known: Provenance) -> Page | Unreadable:
            is_hit = source == "shut.txt"  # by a rule that was wrong
            return pieces.refuse(Input(path, source, 0), "binary") if is_hit else sound(path, source, known)

        patched.setattr(planning, "read_file", read)
        clean(raw, tmp_path / "processed")
    assert clean(raw, tmp_path / "processed").out.startswith("nothing new")
    with monkeypatch.context() as patched:
        patched.setattr(flows.commands.clean, "WorkerPool", InlinePool)
        told = json.loads(say(capfd, "replay", raw, tmp_path / "processed", "--no-prefect", "--json").out)
    assert (told["tried"], told["inputs"], told["came_back"]) == (2, 2, {"binary": 1})
    assert [record["source"] for record in told["records"]] == ["shut.txt"]
    assert sum(told["still_refused"].values()) == 1
    assert table(tmp_path / "processed", "questions").height == 2


def test_a_replay_that_brings_nothing_back_publishes_nothing(
    raw: Path, tmp_path: Path, clean: Clean, capfd: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_files(raw, {"none.txt": "Opening hours\nMonday to Friday, 9 to 5\n"})
    clean(raw, tmp_path / "processed")
    before = latest_snapshot(tmp_path / "processed")
    monkeypatch.setattr(flows.commands.clean, "WorkerPool", InlinePool)
    ended = say(capfd, "replay", raw, tmp_path / "processed", "--no-prefect", "--check", "no-thread")
    assert (ended.code, ended.err) == (0, "")
    assert "nothing came back; nothing was published, and the latest snapshot stands" in ended.out
    assert latest_snapshot(tmp_path / "processed") == before
    assert len(list_snapshots(tmp_path / "processed")) == 1
    told = json.loads(say(capfd, "replay", raw, tmp_path / "processed", "--no-prefect", "--json").out)
    assert (told["published"], told["came_back"], told["still_refused"]) == (False, {}, {"no-thread": 1})
    write_files(raw, {"more.txt": OTHER})
    assert clean(raw, tmp_path / "processed").code == 0
    assert table(tmp_path / "processed", "questions").height == 2


def test_a_replay_of_a_check_that_refused_nothing_names_those_that_did(
    raw: Path, tmp_path: Path, clean: Clean, capfd: Capture
) -> None:
    clean(raw, tmp_path / "processed")
    ended = say(capfd, "replay", raw, tmp_path / "processed", "--no-prefect", "--check", "no-tread")
    assert (ended.code, ended.err.count("\n"), "nothing was refused at all" in ended.err) == (2, 1, True)
    write_files(raw, {"none.txt": "Opening hours\nMonday to Friday, 9 to 5\n", "empty.txt": ""})
    clean(raw, tmp_path / "processed")
    before = latest_snapshot(tmp_path / "processed")
    ended = say(capfd, "replay", raw, tmp_path / "processed", "--no-prefect", "--check", "no-tread")
    assert (ended.code, ended.err.count("\n"), "there are empty, no-thread" in ended.err) == (2, 1, True)
    assert latest_snapshot(tmp_path / "processed") == before


def test_a_replay_without_a_snapshot_is_wrong_use(raw: Path, tmp_path: Path, capfd: Capture) -> None:
    assert say(capfd, "replay", raw, tmp_path / "processed", "--no-prefect").code == 2


def test_links_of_a_folder_that_is_read_only_do_not_matter_to_readers(two: list[Path], tmp_path: Path, capfd: Capture) -> None:
    assert say(capfd, "path", tmp_path / "processed").out.strip() == os.path.realpath(two[1])
