"""The manifest of a snapshot: what it holds, read and checked in one place for everybody."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any, NotRequired, TypedDict

from flows.errors import Damaged
from flows.publish.digests import digest_file
from flows.publish.shapes import (
    anything,
    by_name,
    each,
    fields,
    matching,
    moment,
    number,
    optional,
    read_json,
    text,
    truth,
)

LATEST, SNAPSHOTS, MANIFEST = "latest", ".snapshots", "manifest.json"
SNAPSHOT_ID = r"\d{8}T\d{6}Z-[0-9a-f]{8}"  # as publish_snapshot makes them


class FileEntry(TypedDict):
    """One part: the table, its path below the snapshot, rows, size in bytes, SHA-256 in hex."""

    table: str
    path: str
    rows: int
    bytes: int
    sha256: str


class Manifest(TypedDict):
    """What a manifest says, as far as a program reads it; there is more in it for people."""

    tables: dict[str, int]  # rows
    files: list[FileEntry]
    parent: NotRequired[str | None]
    published_at: NotRequired[str | None]
    inputs: NotRequired[dict[str, Any]]  # count, bytes, digest, settled, and what the run had to do
    counts: NotRequired[dict[str, Any]]  # what the rows come to: numbers, and numbers by name
    gate: NotRequired[dict[str, Any]]
    guard: NotRequired[dict[str, Any]]
    options: NotRequired[dict[str, Any]]
    versions: NotRequired[dict[str, str]]
    changes: NotRequired[dict[str, Any] | None]


NAME = "[a-z][a-z_]*"  # of a table
PART = {
    "table": matching(NAME),
    "path": matching(rf"{NAME}/[\w-]+\.parquet"),  # a table's folder and a file in it, so that none leads out of the snapshot
    "rows": number,
    "bytes": number,
    "sha256": matching("[0-9a-f]{64}"),
}
COUNTED = ("verdicts", "layouts", "sites", "rules", "checks")
INPUTS = {"digest": text, "settled": truth, "count": number, "bytes": number}
WITHHELD = {"site": optional(text), "why": matching("removed|refused"), "threads": number, "published": number}
CHECK = fields(
    {"tables": by_name(number, matching(NAME)), "files": each(fields(PART))},
    {
        "parent": optional(matching(SNAPSHOT_ID)),
        "published_at": optional(moment),
        "inputs": fields({}, INPUTS),
        "counts": fields({}, dict.fromkeys(COUNTED, by_name(number))),
        "gate": fields({}, {"baselines": by_name(each(text))}),
        "guard": fields({"held": each(fields(WITHHELD)), "limits": by_name(anything)}),
        "options": by_name(anything),
        "versions": by_name(text),
        "changes": optional(by_name(anything)),
    },
)


def read_manifest(snapshot: Path) -> Manifest:
    """Return a snapshot's manifest. Raises Damaged when it cannot be read, or says what no manifest of ours does."""
    try:
        manifest: Manifest = read_json(snapshot / MANIFEST, CHECK)
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or " ".join(str(error).split())[:160]
        remedy = f"the snapshot is damaged: roll back to a whole one, or take {LATEST} away and clean again"
        raise Damaged(f"{snapshot / MANIFEST}: cannot be read ({said}); {remedy}") from error
    return manifest


def check_tables(snapshot: Path, tables: Collection[str]) -> None:
    """Raise Damaged where a file of some tables of a snapshot has other bytes than were published."""
    for entry in read_manifest(snapshot)["files"]:
        if entry["table"] in tables:
            check_file(snapshot, entry)


def check_file(snapshot: Path, entry: FileEntry) -> None:
    """Raise Damaged where a file of a snapshot has other bytes than were published."""
    try:
        digest = digest_file(snapshot / entry["path"])
    except OSError as error:
        raise Damaged(f"{entry['path']} cannot be read ({error.strerror})") from error
    if digest != entry["sha256"]:
        raise Damaged(f"{entry['path']} has other bytes than were published")
