"""The history of an output folder: which snapshot was `latest` when, what holds it, going back, and what may go.

`.snapshots/.history.jsonl` has a line for each switch of `latest`; `.snapshots/.held` names the snapshot that a rollback
holds. Only the holder of the lock writes either.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

from flows.errors import Fault, WrongUse
from flows.publish.durable import sync_folder, write_durably
from flows.publish.snapshots import MANIFEST, SNAPSHOTS, latest_snapshot, list_snapshots, read_manifest, switch

HISTORY, HELD = ".history.jsonl", ".held"
KEEP_COUNT = 10
KEEP_TIME = timedelta(hours=1)  # a reader that resolved `latest` has at least this long after the switch


@dataclass(frozen=True, slots=True)
class Switch:
    """When `latest` came to name a snapshot, and why: publish, rollback, or found (a run was killed before it could say)."""

    at: datetime
    snapshot: str
    why: str


def read_history(processed: Path) -> list[Switch]:
    """Return the switches of `latest`, the oldest first; a line that was cut short is passed over."""
    try:
        lines = (processed / SNAPSHOTS / HISTORY).read_text("utf-8", "replace").splitlines()
    except FileNotFoundError:
        return []
    return list(_read_lines(lines))


def _read_lines(lines: list[str]) -> Iterator[Switch]:
    for line in lines:
        try:
            entry = json.loads(line)
            yield Switch(datetime.fromisoformat(entry["at"]), str(entry["snapshot"]), str(entry["why"]))
        except (ValueError, KeyError, TypeError):
            continue


def note_switch(processed: Path, why: str) -> None:
    """Write down which snapshot `latest` names, if it is another than the last that was written down."""
    latest, history = latest_snapshot(processed), read_history(processed)
    if latest is None or (history and history[-1].snapshot == latest.name):
        return
    line = json.dumps({"at": datetime.now(UTC).isoformat(), "snapshot": latest.name, "why": why})
    with (processed / SNAPSHOTS / HISTORY).open("a", encoding="utf-8") as file:
        file.write(f"\n{line}\n")  # on a line of its own, even behind one that was cut short


# -- going back -----------------------------------------------------------------------------------------------------------


def read_hold(processed: Path) -> dict[str, Any] | None:
    """Return what holds `latest` ("snapshot", "from", "since"), None where nothing does.

    A hold whose snapshot `latest` does not name is none: the rollback was killed before the switch, or `--resume` ended it.
    """
    try:
        hold = json.loads((processed / SNAPSHOTS / HELD).read_bytes())
    except (FileNotFoundError, ValueError):
        return None
    latest = latest_snapshot(processed)
    return dict(hold) if isinstance(hold, dict) and latest is not None and hold.get("snapshot") == latest.name else None


def release_hold(processed: Path) -> None:
    """End what a rollback holds."""
    (processed / SNAPSHOTS / HELD).unlink(missing_ok=True)


def roll_back(processed: Path, wanted: str) -> Path:
    """Make `latest` name an older snapshot and hold it there; return its folder.

    `wanted` is its id or the beginning of it. The hold is written first: killed in between, nothing was rolled back. Raises
    WrongUse when no snapshot, or more than one, goes by that name, Fault when a file of it is missing.
    """
    snapshot = find_snapshot(processed, wanted)
    if faults := check_snapshot(snapshot, whole=False):
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
    except (Fault, KeyError) as error:
        return [f"{MANIFEST} cannot be read ({error})"]
    faults = []
    for entry in entries:
        path = snapshot / entry["path"]
        if not path.is_file():
            faults.append(f"{entry['path']} is missing")
        elif path.stat().st_size != entry["bytes"]:
            faults.append(f"{entry['path']} has {path.stat().st_size:,} bytes, not {entry['bytes']:,}")
        elif whole and (fault := _check_content(path, entry)):
            faults.append(fault)
    named = {entry["path"] for entry in entries}
    strays = sorted(path.relative_to(snapshot).as_posix() for path in snapshot.glob("*/*.parquet"))
    return faults + [f"{path} is not in the manifest" for path in strays if path not in named]


def _check_content(path: Path, entry: dict[str, Any]) -> str | None:
    from flows.publish.parts import count_rows, digest_file  # noqa: PLC0415 -- loads the column engine

    if digest_file(path) != entry["sha256"]:
        return f"{entry['path']} has other bytes than were published (its SHA-256 differs)"
    if (rows := count_rows(path)) != entry["rows"]:
        return f"{entry['path']} has {rows} rows, not {entry['rows']:,}"
    return None


# -- what may go ----------------------------------------------------------------------------------------------------------


def retire_snapshots(processed: Path, keep: int = KEEP_COUNT, now: datetime | None = None) -> list[str]:
    """Take away all but the `keep` snapshots that were `latest` last; return the ids that went.

    None goes within an hour of the moment when it stopped being `latest`; a time to come (a clock was set back) keeps it too.
    What never was `latest` was left behind by a run that was killed, and goes at once.
    """
    latest = latest_snapshot(processed)
    if latest is None:
        return []
    now = now or datetime.now(UTC)
    history = read_history(processed)
    last_at = {entry.snapshot: number for number, entry in enumerate(history)}
    left_at = {entry.snapshot: after.at for entry, after in pairwise(history)}
    others = [path for path in list_snapshots(processed) if path != latest]
    others.sort(key=lambda path: last_at.get(path.name, -1), reverse=True)
    gone = []
    for place, path in enumerate(others, start=1):
        was_latest = path.name in last_at
        if not was_latest or (place >= keep and now - left_at.get(path.name, now) > KEEP_TIME):
            leaving = path.with_name(f".staging-{path.name}")  # out of the history in one step; a later run sweeps what stays
            path.rename(leaving)
            shutil.rmtree(leaving, ignore_errors=True)
            gone.append(path.name)
    if gone:
        sync_folder(processed / SNAPSHOTS)
    return gone


def begin_history(processed: Path) -> None:
    """Bring the history up to date: a run may have been killed between the switch and its note; an older one kept none."""
    if (processed / SNAPSHOTS / HISTORY).exists():
        note_switch(processed, "found")
        return
    lineage: list[str] = []
    at = latest_snapshot(processed)
    while at is not None and at.is_dir() and at.name not in lineage:
        lineage.append(at.name)
        try:
            parent = read_manifest(at).get("parent")
        except Fault:
            break  # what a damaged one came from is not known
        at = at.parent / parent if parent else None
    now = datetime.now(UTC).isoformat()
    lines = [json.dumps({"at": now, "snapshot": name, "why": "found"}) + "\n" for name in reversed(lineage)]
    if lines:
        write_durably(processed / SNAPSHOTS / HISTORY, "".join(lines).encode())
