"""threadmill path: where the latest snapshot is, resolved once."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from flows.errors import WrongUse
from flows.publish.snapshots import latest_snapshot


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `path` takes."""
    parser.add_argument(
        "processed", nargs="?", type=Path, default=Path("processed"), metavar="PROCESSED", help="folder of the snapshots"
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the folder of the snapshot that `latest` names."""
    snapshot = latest_snapshot(arguments.processed)
    if snapshot is None:
        raise WrongUse(f"{arguments.processed}: no snapshot was published there yet; run threadmill clean first")
    print(json.dumps({"snapshot": str(snapshot)}) if arguments.json else snapshot)
    return 0
