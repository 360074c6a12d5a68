"""Options that several commands take."""

from __future__ import annotations

import argparse

MAX_WORKERS = 1024  # more cores than any machine that it runs on


def add_layouts(parser: argparse.ArgumentParser) -> None:
    """Add which layouts are tried."""
    parser.add_argument(
        "--layouts", default="all", metavar="WHICH",
        help="known engines' layouts: all, none, or a file or folder of reviewed ones that are tried before them",
    )  # fmt: skip


def add_workers(parser: argparse.ArgumentParser) -> None:
    """Add how many processes are at work."""
    parser.add_argument("--workers", type=_count, metavar="N", help="worker processes (default: as many as cores)")


def _count(text: str) -> int:
    if not text.isdecimal() or len(text) > 4 or not 1 <= int(text) <= MAX_WORKERS:
        raise argparse.ArgumentTypeError(f"{text[:20]!r} is not a number from 1 to {MAX_WORKERS}")
    return int(text)
