"""threadmill serve: the scheduled deployments on this machine."""

from __future__ import annotations

import argparse
from pathlib import Path

from flows.errors import WrongUse
from flows.places import read_place

MAX_SECONDS = 366 * 24 * 3600.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `serve` takes."""
    parser.add_argument("--raw", type=read_place, default=Path("raw"), help="folder of the scrapes (default: raw)")
    parser.add_argument(
        "--processed", type=read_place, default=Path("processed"), help="folder of the snapshots (default: processed)"
    )
    parser.add_argument("--cron", default="0 3 * * *", help="when to clean (default: every night at three)")
    parser.add_argument("--gate", action="store_true", help="clean with the gate: a site whose new batch fails is held back")
    parser.add_argument("--audit", default="0 * * * *", metavar="CRON", help="when to judge what is new (default: every hour)")
    parser.add_argument(
        "--watch", type=_seconds, default=30.0, metavar="SECONDS",
        help="look for new files so often, and judge them at once (default: 30; 0: never)",
    )  # fmt: skip
    parser.add_argument("--every", type=_seconds, metavar="SECONDS", help="clean every so many seconds, in place of --cron")


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= MAX_SECONDS:
        raise argparse.ArgumentTypeError(f"{text[:20]!r} is not a number of seconds from 0 to a year's")
    return seconds


def run(arguments: argparse.Namespace) -> int:
    """Serve until interrupted."""
    if arguments.every == 0:
        raise WrongUse("--every 0: a schedule needs some seconds between its runs")
    from flows.deployments import Timetable, serve_schedules  # noqa: PLC0415 -- Prefect takes over a second to load

    when = Timetable(arguments.cron, arguments.every, arguments.audit, arguments.watch)
    serve_schedules(arguments.raw, arguments.processed, when, gate=arguments.gate)
    return 0
