"""Snapshots: how one is published, the one switch of `latest`, and what a run that was killed left behind."""

from __future__ import annotations

import errno
import json
import logging
import os
import re
import secrets
import shutil
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from flows.errors import Fault, WrongUse
from flows.publish.durable import sync_folder, write_durably
from flows.publish.manifest import LATEST, MANIFEST, SNAPSHOT_ID, SNAPSHOTS, read_manifest
from flows.publish.sharing import confirm_parts

if TYPE_CHECKING:
    from flows.publish.parts import Part

PUBLISHING = ".publishing"  # names the snapshot that a run is about to switch to
IGNORE = "*\n!.gitignore\n"
log = logging.getLogger("threadmill")
NOTE_TRIES, NOTE_SECONDS = 20, 0.05  # a busy machine may take a while between the lock and the note of who holds it
DISK = {errno.ENOSPC: "the disk is full", errno.EDQUOT: "the quota is used up", errno.EROFS: "the file system is read-only"}


@contextmanager
def open_processed(processed: Path) -> Iterator[Path]:
    """Hold the output folder for one writer and give a staging folder below it, taken away at the end.

    Raises Fault when the folder cannot be written or another run is at work, WrongUse when its name cannot be used.
    """
    check_place(processed)
    try:
        (processed / SNAPSHOTS).mkdir(parents=True, exist_ok=True)
        if not (processed / ".gitignore").exists():
            (processed / ".gitignore").write_text(IGNORE)
        lock = FileLock(processed / SNAPSHOTS / ".lock")
        holder = processed / SNAPSHOTS / ".lock-holder"
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            raise Fault(f"{processed}: another run is at work ({_name_holder(holder)}); wait for it to end") from error
        staging = processed / SNAPSHOTS / f".staging-{secrets.token_hex(4)}"
        try:
            holder.write_text(f"process {os.getpid()} since {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC\n")
            _sweep(processed)
            latest_snapshot(processed)  # what stands in the way of the switch is said before any work
            staging.mkdir()
            yield staging
        finally:
            shutil.rmtree(staging, ignore_errors=True)
            with suppress(OSError, Fault):
                _withdraw(processed)
            lock.release()
    except OSError as error:
        raise as_fault(error, processed) from error


def _name_holder(holder: Path) -> str:
    """Return who holds the lock, as it has noted; the note comes right after the lock, so it is waited for."""
    for _ in range(NOTE_TRIES):
        if holder.exists() and (who := holder.read_text().strip()):
            return who
        time.sleep(NOTE_SECONDS)
    return "another process"


def as_fault(error: OSError, where: Path) -> Fault:
    """Return an error of the file system as one line: what failed and what to do."""
    told = re.search(r"\(os error (\d+)\)", str(error))  # so says Polars, which leaves errno empty
    number = error.errno or (int(told[1]) if told else 0)
    what = DISK.get(number, error.strerror or " ".join(str(error).split()) or type(error).__name__)
    return Fault(f"{error.filename or where}: {what}; nothing was published, the last snapshot stands")


def check_place(processed: Path) -> None:
    """Raise WrongUse for an output folder whose name cannot be used: the readers of Parquet take names in UTF-8 alone."""
    try:
        os.fsencode(processed.resolve()).decode("utf-8")
    except UnicodeDecodeError:
        raise WrongUse(f"{str(processed)!a}: the output folder's path is not in UTF-8; name another folder") from None
    except (ValueError, OSError, RuntimeError) as error:  # a null byte, links that lead in a circle
        raise WrongUse(f"{str(processed)!a}: not a path that can be used ({error})") from error


OURS_STAGED = re.compile(rf"\.staging-([0-9a-f]{{8}}|{SNAPSHOT_ID})")
OURS_LINKED = re.compile(r"\.latest-[0-9a-f]{8}")


def _sweep(processed: Path) -> None:
    """Take away what runs that were killed left behind, and nothing else; the lock says that none of them is at work."""
    for left in (processed / SNAPSHOTS).iterdir():
        if OURS_STAGED.fullmatch(left.name) and not left.is_symlink():
            shutil.rmtree(left, ignore_errors=True)
    for left in processed.iterdir():
        if OURS_LINKED.fullmatch(left.name) and left.is_symlink():
            left.unlink(missing_ok=True)
    _withdraw(processed)


def _withdraw(processed: Path) -> None:
    """Take away a snapshot that a run wrote and did not live to switch to: so it never was `latest`, and nobody reads it."""
    note = processed / SNAPSHOTS / PUBLISHING
    if not note.is_file():
        return
    name, latest = note.read_text("utf-8", "replace"), latest_snapshot(processed)
    left = processed / SNAPSHOTS / name if re.fullmatch(SNAPSHOT_ID, name) else None
    if left is not None and latest is not None and latest.name != name:
        remove_snapshot(left)
    note.unlink()


def remove_snapshot(snapshot: Path) -> None:
    """Take a snapshot out of the history in one step, then its files; a later run sweeps what stays of them."""
    if snapshot.is_symlink() or not snapshot.is_dir():
        return
    leaving = snapshot.with_name(f".staging-{snapshot.name}")
    snapshot.rename(leaving)
    shutil.rmtree(leaving, ignore_errors=True)


def latest_snapshot(processed: Path) -> Path | None:
    """Return the folder of the snapshot that `latest` names, resolved once; None where it names none that is there.

    Raises Fault where `latest` is no link to a snapshot of this folder.
    """
    link = processed / LATEST
    if not link.is_symlink():
        if os.path.lexists(link):
            raise Fault(f"{link}: is not the link that threadmill clean keeps there; move it away and run again")
        return None
    if not link.exists():
        return None
    snapshot = link.resolve()
    if snapshot.parent != (processed / SNAPSHOTS).resolve() or not snapshot.is_dir():
        raise Fault(f"{link}: leads to {snapshot}, which is no snapshot of this folder; take the link away and run again")
    return snapshot


def is_dangling(processed: Path) -> bool:
    """Return whether `latest` names a snapshot that is gone."""
    link = processed / LATEST
    return link.is_symlink() and not link.exists()


def open_latest(processed: Path) -> Path | None:
    """Return the latest snapshot, None where nothing was published yet. Raises Fault where it is gone."""
    return published_snapshot(processed) if is_dangling(processed) else latest_snapshot(processed)


def published_snapshot(processed: Path) -> Path:
    """Return the latest snapshot, for who reads it. Raises WrongUse where none was published, Fault where it is gone."""
    check_place(processed)
    if (snapshot := latest_snapshot(processed)) is not None:
        return snapshot
    if is_dangling(processed):
        raise Fault(f"{processed / LATEST}: names a snapshot that is gone; roll back to one that is there, or clean again")
    raise WrongUse(f"{processed}: no snapshot was published there yet; run threadmill clean first")


def list_snapshots(processed: Path) -> list[Path]:
    """Return the folders of all snapshots, by id, which begins with the time of publishing; other folders are not ours."""
    folder = processed / SNAPSHOTS
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if re.fullmatch(SNAPSHOT_ID, path.name) and path.is_dir())


def basis_of(snapshot: Path | None) -> str:
    """Return the digest of what a snapshot was made of; "" without one."""
    return str(read_manifest(snapshot).get("inputs", {}).get("digest", "")) if snapshot is not None else ""


def publish_snapshot(processed: Path, staged: Path, parts: list[Part], about: dict[str, Any]) -> Path:
    """Make the staged parts a snapshot and switch `latest` to it in one step; return its folder.

    Parts whose content the parent snapshot has too are shared with it through hard links; every part is read once more before
    the switch. Raises Fault for one that is not what was staged.
    """
    parent = latest_snapshot(processed)
    if damaged := confirm_parts(parts, staged, parent):
        _tell_damage(parent, f"{damaged[0]} has other bytes than were published", about.get("changes"))
    now = datetime.now(UTC)
    manifest = {
        "parent": parent.name if parent else None,
        "published_at": now.isoformat(),
        **about,
        "tables": _rows_by_table(parts),
        "files": [part.as_json() for part in sorted(parts, key=lambda part: part.path)],
    }
    write_durably(staged / MANIFEST, json.dumps(manifest, indent=1, ensure_ascii=False).encode())
    for folder in [*(staged / table for table in manifest["tables"]), staged]:
        sync_folder(folder)
    snapshot = processed / SNAPSHOTS / f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"
    write_durably(processed / SNAPSHOTS / PUBLISHING, snapshot.name.encode())
    staged.rename(snapshot)
    sync_folder(processed / SNAPSHOTS)
    switch(processed, snapshot)
    return snapshot


def _tell_damage(parent: Path | None, what: str, changes: dict[str, Any] | None) -> None:
    """Warn that the parent is damaged, and say so in the changes since, unless they say it already."""
    if changes is None or "damaged" not in changes:
        log.warning("%s: is damaged (%s); the new snapshot shares nothing of that with it", parent, what)
    if changes is not None:
        changes.setdefault("damaged", what)


def _rows_by_table(parts: list[Part]) -> dict[str, int]:
    rows: Counter[str] = Counter()
    for part in parts:
        rows[part.table] += part.rows
    return dict(sorted(rows.items()))


def switch(processed: Path, snapshot: Path) -> None:
    """Point `latest` at a snapshot: a new link under another name, renamed over the old one."""
    link = processed / f".latest-{secrets.token_hex(4)}"
    link.symlink_to(Path(SNAPSHOTS) / snapshot.name)
    link.replace(processed / LATEST)
    with suppress(OSError):  # it is switched, and who reads it now reads on; after a crash either name is of a whole one
        sync_folder(processed)
