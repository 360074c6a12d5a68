"""threadmill serve: the scheduled deployments on this machine."""

from __future__ import annotations

import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `serve` takes."""
    parser.add_argument("--raw", default="raw", help="folder of the scrapes (default: raw)")
    parser.add_argument("--processed", default="processed", help="folder of the snapshots (default: processed)")
    parser.add_argument("--cron", default="0 3 * * *", help="when to clean (default: every night at three)")
    parser.add_argument("--every", type=float, metavar="SECONDS", help="clean every so many seconds, in place of --cron")


def run(arguments: argparse.Namespace) -> int:
    """Serve until interrupted."""
    from flows.deployments import serve_schedules  # noqa: PLC0415 -- Prefect takes over a second to load

    serve_schedules(arguments.raw, arguments.processed, arguments.cron, arguments.every)
    return 0
