"""threadmill snapshots: the history of an output folder, and whether its files are whole."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from flows.errors import Fault, WrongUse
from flows.output import escape, say_json
from flows.places import read_place
from flows.publish.history import check_snapshot, read_history, read_hold
from flows.publish.manifest import read_manifest
from flows.publish.snapshots import latest_snapshot, list_snapshots, open_latest
from flows.terminal import open_console


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `snapshots` takes."""
    parser.add_argument(
        "processed", nargs="?", type=read_place, default=Path("processed"), metavar="PROCESSED", help="folder of the snapshots"
    )
    parser.add_argument("--verify", action="store_true", help="hold every file's rows, bytes and digest against the manifest")


def run(arguments: argparse.Namespace) -> int:
    """List the snapshots, the newest first; with --verify, say what is wrong with each (exit 3 when anything is)."""
    if not arguments.processed.is_dir():
        raise WrongUse(f"{arguments.processed}: no such folder; name the folder that threadmill clean writes")
    latest, hold = latest_snapshot(arguments.processed), read_hold(arguments.processed)
    last_at = {entry.snapshot: entry.at for entry in read_history(arguments.processed)}
    told = [_describe(path, verify=arguments.verify) for path in list_snapshots(arguments.processed)]
    for entry in told:
        entry["latest"] = latest is not None and entry["id"] == latest.name
        entry["held"] = hold is not None and entry["latest"]
        entry["latest_since"] = last_at[entry["id"]].isoformat() if entry["id"] in last_at else None
    told.sort(key=lambda entry: (entry["latest_since"] or "", entry["id"]), reverse=True)
    if arguments.json:
        say_json({"snapshots": told, "hold": hold})
    else:
        _print(told, hold)
    open_latest(arguments.processed)  # raises where it is gone
    damaged = [entry for entry in told if entry["faults"]]
    if damaged:
        raise Fault(
            f"{damaged[0]['id']}: {damaged[0]['faults'][0]}; roll back to a whole one, or clean again into a new folder"
        )
    return 0


def _describe(snapshot: Path, *, verify: bool) -> dict[str, Any]:
    faults = check_snapshot(snapshot, whole=True) if verify else []
    try:
        manifest = read_manifest(snapshot)
    except Fault as error:
        return {"id": snapshot.name, "faults": faults or [str(error)], "tables": {}, "published_at": None}
    return {
        "id": snapshot.name,
        "published_at": manifest.get("published_at"),
        "parent": manifest.get("parent"),
        "inputs": manifest.get("inputs", {}).get("count"),
        "bytes": sum(entry["bytes"] for entry in manifest["files"]),
        "files": len(manifest["files"]),
        "tables": manifest["tables"],
        "verified": verify and not faults,
        "faults": faults,
    }


def _print(told: list[dict[str, Any]], hold: dict[str, Any] | None) -> None:
    table = Table("snapshot", "published", "inputs", "questions", "answers", "bytes", "", box=None, pad_edge=False)
    for column in table.columns:
        column.no_wrap, column.overflow = True, "fold"
    for column in table.columns[2:6]:
        column.justify = "right"
    for entry in told:
        rows = entry["tables"]
        marks = [name for name in ("latest", "held", "verified") if entry.get(name)] + ["damaged"] * bool(entry["faults"])
        numbers = [entry.get("inputs"), rows.get("questions"), rows.get("answers"), entry.get("bytes")]
        shown = ["" if number is None else f"{number:,}" for number in numbers]
        table.add_row(entry["id"], (entry["published_at"] or "?")[:19], *shown, ", ".join(marks))
    console = open_console(width=max(Console().width, 120))  # an id is there to be copied: it is never cut
    console.print(table if told else "no snapshot was published here yet; run threadmill clean")
    for entry in told:
        for fault in entry["faults"]:
            console.print(escape(f"{entry['id']}: {fault}"), markup=False)
    if hold:
        console.print(
            f"held since {hold['since'][:19]} by a rollback from {hold['from']}; threadmill clean --resume ends it",
            markup=False,
        )
