"""Snapshots: the manifest, the one switch of `latest`, and how long old ones are kept."""

from __future__ import annotations

import errno
import json
import os
import re
import secrets
import shutil
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from flows.errors import Fault
from flows.publish.durable import sync_folder, write_durably

if TYPE_CHECKING:
    from flows.publish.parts import Part

LATEST, SNAPSHOTS, MANIFEST = "latest", ".snapshots", "manifest.json"
IGNORE = "*\n!.gitignore\n"
NOTE_TRIES, NOTE_SECONDS = 20, 0.05  # a busy machine may take a while between the lock and the note of who holds it
DISK = {errno.ENOSPC: "the disk is full", errno.EDQUOT: "the quota is used up", errno.EROFS: "the file system is read-only"}


@contextmanager
def open_processed(processed: Path) -> Iterator[Path]:
    """Hold the output folder for one writer and give a staging folder below it, taken away at the end.

    Raises Fault when the folder cannot be written or another run is at work.
    """
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
            staging.mkdir()
            yield staging
        finally:
            shutil.rmtree(staging, ignore_errors=True)
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


def _sweep(processed: Path) -> None:
    """Take away what runs that were killed left behind; the lock says that none of them is at work."""
    for left in (processed / SNAPSHOTS).glob(".staging-*"):
        shutil.rmtree(left, ignore_errors=True)
    for left in processed.glob(".latest-*"):
        left.unlink(missing_ok=True)


def latest_snapshot(processed: Path) -> Path | None:
    """Return the folder of the snapshot that `latest` names, resolved once; None where nothing was published yet."""
    link = processed / LATEST
    return link.resolve() if link.is_symlink() and link.exists() else None


def list_snapshots(processed: Path) -> list[Path]:
    """Return the folders of all snapshots, by id, which begins with the time of publishing."""
    folder = processed / SNAPSHOTS
    return sorted(path for path in folder.iterdir() if path.is_dir() and path.name[0] != ".") if folder.is_dir() else []


def read_manifest(snapshot: Path) -> dict[str, Any]:
    """Return a snapshot's manifest. Raises Fault when it cannot be read."""
    try:
        manifest = json.loads((snapshot / MANIFEST).read_bytes())
    except (OSError, ValueError) as error:
        what = f"cannot be read ({error}); the snapshot is damaged"
        raise Fault(f"{snapshot / MANIFEST}: {what}: take {LATEST} away and clean again") from error
    return dict(manifest)


def basis_of(snapshot: Path | None) -> str:
    """Return the digest of what a snapshot was made of; "" without one."""
    return str(read_manifest(snapshot).get("inputs", {}).get("digest", "")) if snapshot is not None else ""


def publish_snapshot(processed: Path, staged: Path, parts: list[Part], about: dict[str, Any]) -> Path:
    """Make the staged parts a snapshot and switch `latest` to it in one step; return its folder.

    Parts whose content the parent snapshot has too are shared with it through hard links.
    """
    parent = latest_snapshot(processed)
    now = datetime.now(UTC)
    manifest = {
        "parent": parent.name if parent else None,
        "published_at": now.isoformat(),
        **about,
        "tables": _rows_by_table(parts),
        "files": [part.as_json() for part in sorted(parts, key=lambda part: part.path)],
    }
    if parent is not None:
        _share(parts, staged, parent)
    write_durably(staged / MANIFEST, json.dumps(manifest, indent=1, ensure_ascii=False).encode())
    for folder in [*(staged / table for table in manifest["tables"]), staged]:
        sync_folder(folder)
    snapshot = processed / SNAPSHOTS / f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"
    staged.rename(snapshot)
    sync_folder(processed / SNAPSHOTS)
    switch(processed, snapshot)
    return snapshot


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
    sync_folder(processed)


def _share(parts: list[Part], staged: Path, parent: Path) -> None:
    for part in parts:
        old = parent / part.path
        if old.is_file() and old.stat().st_size == part.bytes:
            linked = (staged / part.path).with_suffix(".link")
            os.link(old, linked)
            linked.replace(staged / part.path)
