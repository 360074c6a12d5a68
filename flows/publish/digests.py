"""Digests of files: what tells a file that is as it was written from one that a fault of the disk changed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

READ_BYTES = 1 << 20
MOST_AT_ONCE = 4  # files: a disk gives no more to more readers
Item = TypeVar("Item")
Result = TypeVar("Result")


def digest_file(path: Path) -> str:
    """Return the SHA-256 of a file in hex."""
    digest = sha256()
    with path.open("rb") as file:
        while piece := file.read(READ_BYTES):
            digest.update(piece)
    return digest.hexdigest()


def at_once(work: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """Return what some work gives for each item, in their order; a digest leaves Python's lock, so that cores share them."""
    with ThreadPoolExecutor(min(MOST_AT_ONCE, os.cpu_count() or 1), thread_name_prefix="threadmill-digests") as threads:
        return list(threads.map(work, items))
