"""threadmill rollback: `latest` back to an older snapshot, where it stays until `clean --resume`."""

from __future__ import annotations

import argparse
from pathlib import Path

from flows.errors import WrongUse
from flows.output import say, say_json
from flows.places import read_place
from flows.publish.history import begin_history, find_snapshot, roll_back
from flows.publish.manifest import SNAPSHOTS
from flows.publish.snapshots import open_processed


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `rollback` takes."""
    parser.add_argument("snapshot", metavar="ID", help="the snapshot's id, or the beginning of it (see threadmill snapshots)")
    parser.add_argument(
        "processed", nargs="?", type=read_place, default=Path("processed"), metavar="PROCESSED", help="folder of the snapshots"
    )


def run(arguments: argparse.Namespace) -> int:
    """Go back, and say where `latest` is now."""
    processed = arguments.processed
    if not (processed / SNAPSHOTS).is_dir():
        raise WrongUse(f"{processed}: no snapshot was published there yet; run threadmill clean first")
    find_snapshot(processed, arguments.snapshot)  # a slip of the keyboard is told before anything is touched
    with open_processed(processed):
        begin_history(processed)
        snapshot = roll_back(processed, arguments.snapshot)
    if arguments.json:
        say_json({"snapshot": str(snapshot.resolve()), "held": True})
    else:
        say(f"latest is {snapshot.name} and stays there until threadmill clean --resume")
    return 0
