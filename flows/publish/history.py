"""The history of an output folder: which snapshot was `latest` when, what holds it, going back, and what may go.

`.snapshots/.history.jsonl` has a line for each switch of `latest`; `.snapshots/.held` names the snapshot that a rollback
holds. Only the holder of the lock writes either, whole and synced. What the history does not tell of is taken for a snapshot
that was `latest` until now, so that a history that is lost or torn has nothing taken away too soon.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import orjson

from flows.errors import Fault, WrongUse
from flows.publish.digests import at_once, digest_file
from flows.publish.durable import sync_folder, write_durably
from flows.publish.manifest import LATEST, MANIFEST, SNAPSHOT_ID, SNAPSHOTS, FileEntry, read_manifest
from flows.publish.shapes import Check, fields, matching, moment, optional, read_json, read_plain, text
from flows.publish.snapshots import is_dangling, latest_snapshot, list_snapshots, remove_snapshot, switch

HISTORY, HELD = ".history.jsonl", ".held"
KEEP_COUNT = 10
KEEP_TIME = timedelta(hours=1)  # a reader that resolved `latest` has at least this long after the switch
MOST_SWITCHES = 1000  # that the history tells of
OF_SWITCH: Check = fields({"at": moment, "snapshot": matching(SNAPSHOT_ID), "why": text})
OF_HOLD: Check = fields({"snapshot": matching(SNAPSHOT_ID), "from": optional(matching(SNAPSHOT_ID)), "since": moment})
log = logging.getLogger("threadmill")


@dataclass(frozen=True, slots=True)
class Switch:
    """When `latest` came to name a snapshot, and why: publish, rollback, or found (a run was killed before it could say)."""

    at: datetime
    snapshot: str
    why: str


def read_history(processed: Path) -> list[Switch]:
    """Return the switches of `latest`, the oldest first; a line that is damaged is passed over.

    Raises Fault when the file cannot be read.
    """
    file = processed / SNAPSHOTS / HISTORY
    try:
        lines = read_plain(file).splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        what = f"cannot be read ({error.strerror})"
        raise Fault(f"{file}: {what}; take it away: what it told of is found anew from the snapshots") from error
    return list(_read_lines(lines))


def _read_lines(lines: list[bytes]) -> Iterator[Switch]:
    for line in lines:
        try:
            entry = orjson.loads(line)
            OF_SWITCH(entry)
        except ValueError:
            continue
        yield Switch(datetime.fromisoformat(entry["at"]), entry["snapshot"], entry["why"])


def note_switch(processed: Path, why: str) -> None:
    """Write down which snapshot `latest` names, if it is another than the last that was written down."""
    latest, history = latest_snapshot(processed), read_history(processed)
    if latest is not None and not (history and history[-1].snapshot == latest.name):
        _write_history(processed, [*history, Switch(datetime.now(UTC), latest.name, why)])


def _write_history(processed: Path, history: list[Switch]) -> None:
    told = ({"at": entry.at.isoformat(), "snapshot": entry.snapshot, "why": entry.why} for entry in history[-MOST_SWITCHES:])
    write_durably(processed / SNAPSHOTS / HISTORY, "".join(json.dumps(entry) + "\n" for entry in told).encode())


def begin_history(processed: Path) -> None:
    """Bring the history up to date: a run may have been killed between the switch and its note, or the file be lost or torn.

    A snapshot of ours that it does not tell of may have been `latest` until a moment ago: it is noted as found now.
    """
    if is_dangling(processed):
        log.warning("%s: names a snapshot that is gone; it is taken for none", processed / LATEST)
    latest, history = latest_snapshot(processed), read_history(processed)
    known = {entry.snapshot for entry in history} | ({latest.name} if latest is not None else set())
    now = datetime.now(UTC)
    lost = [Switch(now, path.name, "found") for path in list_snapshots(processed) if path.name not in known and _is_ours(path)]
    if lost:
        _write_history(processed, history + lost)
    note_switch(processed, "found")


def _is_ours(snapshot: Path) -> bool:
    try:
        read_manifest(snapshot)
    except Fault:
        return False
    return True


# -- going back -----------------------------------------------------------------------------------------------------------


def read_hold(processed: Path) -> dict[str, Any] | None:
    """Return what holds `latest` ("snapshot", "from", "since"), None where nothing does.

    A hold whose snapshot `latest` does not name is none: the rollback was killed before the switch, or `--resume` ended it.
    Raises Fault for one that cannot be read: whether a rollback holds is then not known.
    """
    file = processed / SNAPSHOTS / HELD
    try:
        hold = read_json(file, OF_HOLD)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        what = getattr(error, "strerror", None) or error
        remedy = "a rollback may hold latest; threadmill clean --resume ends that, and so does taking this file away"
        raise Fault(f"{file}: cannot be read ({what}); {remedy}") from error
    latest = latest_snapshot(processed)
    return dict(hold) if latest is not None and hold["snapshot"] == latest.name else None


def release_hold(processed: Path) -> None:
    """End what a rollback holds."""
    (processed / SNAPSHOTS / HELD).unlink(missing_ok=True)


def roll_back(processed: Path, wanted: str) -> Path:
    """Make `latest` name an older snapshot and hold it there; return its folder.

    `wanted` is its id or the beginning of it. The hold is written first: killed in between, nothing was rolled back. Raises
    WrongUse when no snapshot, or more than one, goes by that name, Fault when a file of it is missing or damaged.
    """
    snapshot = find_snapshot(processed, wanted)
    if faults := check_snapshot(snapshot):
        raise Fault(f"{snapshot.name}: {faults[0]}; it cannot be rolled back to, and the last snapshot stands")
    before = latest_snapshot(processed)
    hold = {"snapshot": snapshot.name, "from": before.name if before else None, "since": datetime.now(UTC).isoformat()}
    write_durably(processed / SNAPSHOTS / HELD, json.dumps(hold).encode())
    switch(processed, snapshot)
    note_switch(processed, "rollback")
    return snapshot


def find_snapshot(processed: Path, wanted: str) -> Path:
    """Return the snapshot whose id is, or begins with, `wanted`. Raises WrongUse for none or several."""
    there = list_snapshots(processed)
    found = [path for path in there if path.name == wanted] or [
        path for path in there if wanted and path.name.startswith(wanted)
    ]
    if len(found) == 1:
        return found[0]
    known = ", ".join(path.name for path in there[-5:]) or "none"
    what = "more than one snapshot begins so" if found else "no such snapshot"
    raise WrongUse(f"{wanted}: {what} in {processed}; the last are {known} (see threadmill snapshots)")


# -- is it whole? ---------------------------------------------------------------------------------------------------------


def check_snapshot(snapshot: Path, *, whole: bool = True) -> list[str]:
    """Return what is wrong with a snapshot's files, a sentence each: missing, of another size; if `whole`, of other bytes.

    If `whole`, each file's SHA-256 and its number of rows are held against the manifest too.
    """
    try:
        entries = read_manifest(snapshot)["files"]
    except Fault as error:
        return [str(error).removeprefix(f"{snapshot}/")]
    found = at_once(partial(_check_file, snapshot, whole=whole), entries)
    named = {entry["path"] for entry in entries}
    strays = sorted(path.relative_to(snapshot).as_posix() for path in snapshot.glob("*/*.parquet"))
    return [fault for fault in found if fault] + [f"{path} is not in the manifest" for path in strays if path not in named]


def _check_file(snapshot: Path, entry: FileEntry, *, whole: bool) -> str | None:
    path = snapshot / entry["path"]
    try:
        if not path.is_file():
            return f"{entry['path']} is missing"
        if (size := path.stat().st_size) != entry["bytes"]:
            return f"{entry['path']} has {size:,} bytes, not {entry['bytes']:,}"
        return _check_content(path, entry) if whole else None
    except OSError as error:
        return f"{entry['path']} cannot be read ({error.strerror})"


def _check_content(path: Path, entry: FileEntry) -> str | None:
    from flows.publish.parts import count_rows  # noqa: PLC0415 -- loads the column engine

    if digest_file(path) != entry["sha256"]:
        return f"{entry['path']} has other bytes than were published (its SHA-256 differs)"
    if (rows := count_rows(path)) != entry["rows"]:
        return f"{entry['path']} has {rows} rows, not {entry['rows']:,}"
    return None


# -- what may go ----------------------------------------------------------------------------------------------------------


def retire_snapshots(processed: Path, keep: int = KEEP_COUNT, now: datetime | None = None) -> list[str]:
    """Take away all but the `keep` snapshots that were `latest` last; return the ids that went.

    None goes within an hour of the moment when it stopped being `latest`; a time to come (a clock was set back) keeps it too.
    What the history does not tell of stays, and so does a snapshot into which somebody has put a file.
    """
    latest = latest_snapshot(processed)
    if latest is None:
        return []
    now = now or datetime.now(UTC)
    history = read_history(processed)
    last_at = {entry.snapshot: number for number, entry in enumerate(history)}
    left_at = {entry.snapshot: after.at for entry, after in pairwise(history)}
    others = [path for path in list_snapshots(processed) if path.name != latest.name and path.name in last_at]
    others.sort(key=lambda path: last_at[path.name], reverse=True)
    old = [path for path in others[keep - 1 :] if now - left_at.get(path.name, now) > KEEP_TIME and not _has_others_files(path)]
    for path in old:
        remove_snapshot(path)
    if old:
        sync_folder(processed / SNAPSHOTS)
    return [path.name for path in old]


def _has_others_files(snapshot: Path) -> bool:
    """Return whether a snapshot holds anything but its manifest and the parts of its tables."""
    for path in snapshot.rglob("*"):
        depth = len(path.relative_to(snapshot).parts)
        is_part = depth == 2 and path.suffix == ".parquet" and not path.is_dir()
        is_table = depth == 1 and path.is_dir() and not path.is_symlink()
        if not (is_part or is_table or (depth == 1 and path.name == MANIFEST)):
            return True
    return snapshot.is_symlink()
