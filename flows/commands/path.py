"""threadmill path: where the latest snapshot is, resolved once."""

from __future__ import annotations

import argparse
from pathlib import Path

from flows.output import say_json, say_path
from flows.places import read_place
from flows.publish.snapshots import published_snapshot


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `path` takes."""
    parser.add_argument(
        "processed", nargs="?", type=read_place, default=Path("processed"), metavar="PROCESSED", help="folder of the snapshots"
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the folder of the snapshot that `latest` names."""
    snapshot = published_snapshot(arguments.processed)
    if arguments.json:
        say_json({"snapshot": str(snapshot)})
    else:
        say_path(snapshot)
    return 0
