"""New files below the raw root, told once they are written whole; by looking now and then, which every file system allows."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from flows.errors import ThreadmillError
from flows.read.inputs import find_inputs

Marks = dict[str, tuple[int, int]]  # source → size in bytes, and when it was changed


def watch_raw(raw: Path, every: float, tell: Callable[[list[str]], None], ended: threading.Event) -> None:
    """Tell the sources of new and changed files, looking every so many seconds until `ended`; those there at first are none."""
    known = look(raw)
    before = known
    while not ended.wait(every):
        now = look(raw)
        if landed := find_landed(known, before, now):
            tell(landed)
        known = {source: mark for source, mark in known.items() if source in now} | {source: now[source] for source in landed}
        before = now


def find_landed(known: Marks, before: Marks, now: Marks) -> list[str]:
    """Return the sources that are not as they were `known`, and the same at two looks: nobody writes to them any more.

    >>> find_landed({"a": (1, 1)}, {"a": (1, 1), "b": (2, 2), "c": (3, 3)}, {"a": (1, 1), "b": (2, 2), "c": (4, 4)})
    ['b']
    """
    return sorted(source for source, mark in now.items() if known.get(source) != mark and before.get(source) == mark)


def look(raw: Path) -> Marks:
    """Return the files below `raw` as they are; none where it cannot be read, which the next run says better."""
    try:
        return {found.source: (found.size, found.changed) for found in find_inputs(raw)}
    except ThreadmillError:
        return {}
