"""What an input looked like when it was read: its size and time as a first sieve, then a digest of its content."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO

from flows.read.batches import is_cut_by_bytes
from flows.read.inputs import Input, read_provenance
from flows.read.pieces import BATCH_BYTES

READ_BYTES = 1 << 20
# A file changed this short a time ago may change again without a trace in its time: file systems count in steps of up to
# two seconds. (The "racy" entries of Git's index, Documentation/technical/racy-git.)
UNSURE_NS = 2_000_000_000
UNREADABLE = "-"  # the digest of what cannot be read; it differs from any other


@dataclass(frozen=True, slots=True)
class Stamp:
    """What tells whether an input is the one that was read before.

    `size` in bytes and `changed` in nanoseconds since 1970 (-1: too fresh to trust) are the first sieve. `content` is the
    digest of the bytes, `beside` that of what its sidecar and its folder say of it. Of a file of plain JSON lines, `ranges`
    has a digest for each stretch of BATCH_BYTES.
    """

    size: int
    changed: int
    content: str
    beside: str
    ranges: tuple[str, ...] = ()

    def is_like(self, other: Stamp) -> bool:
        """Whether the content, and what is said of it, is the same."""
        return (self.content, self.beside) == (other.content, other.beside)


def stamp_input(found: Input, raw: Path, before: Stamp | None = None) -> Stamp:
    """Return the stamp of an input; its bytes are read only where size and time are not those of `before`."""
    if found.refusal is not None:
        return Stamp(0, -1, UNREADABLE + found.refusal, "")
    known = read_provenance(found, raw)
    # The licence came later: apart, so that what stands beside a file without one is what it was.
    beside = _digest(f"{known!r}{known.licence or ''}".encode("utf-8", "surrogatepass"))
    if before is not None and (found.size, found.changed) == (before.size, before.changed):
        return Stamp(before.size, before.changed, before.content, beside, before.ranges)
    is_fresh = found.changed > time.time_ns() - UNSURE_NS  # a time to come is none to trust either
    content, ranges = _digest_file(found)
    return Stamp(found.size, -1 if is_fresh else found.changed, content, beside, ranges)


def range_key(stamp: Stamp, start: int) -> str | None:
    """Return what tells whether a stretch of a file of lines holds the lines that it held, None where it is not known.

    A line that begins in a stretch ends in the next one at most, and whether one begins at its very start is said by the
    byte before: so its neighbours count too.
    """
    at = start // BATCH_BYTES
    if at >= len(stamp.ranges):
        return None
    return "-".join(
        [str(start), stamp.beside, *stamp.ranges[max(at - 1, 0) : at + 2], "end" if at + 2 >= len(stamp.ranges) else ""]
    )


def _digest(data: bytes) -> str:
    return blake2b(data, digest_size=16).hexdigest()


def _digest_file(found: Input) -> tuple[str, tuple[str, ...]]:
    if not found.path.is_file():
        return UNREADABLE, ()  # opening a pipe would wait for its writer
    try:
        whole = blake2b(digest_size=16)
        ranges = []
        for stretch in _stretches(found.path):
            part = blake2b(digest_size=16)
            for piece in stretch:
                part.update(piece)
            ranges.append(part.hexdigest())
            whole.update(part.digest())
    except OSError:
        return UNREADABLE, ()  # not there or not readable: the reader says so
    return whole.hexdigest(), tuple(ranges) if is_cut_by_bytes(found) and len(ranges) > 1 else ()


def _stretches(path: Path) -> Iterator[Iterator[bytes]]:
    with path.open("rb") as file:
        while first := file.read(min(READ_BYTES, BATCH_BYTES)):
            yield _stretch(first, file)


def _stretch(first: bytes, file: BinaryIO) -> Iterator[bytes]:
    yield first
    left = BATCH_BYTES - len(first)
    while left > 0 and (piece := file.read(min(READ_BYTES, left))):
        left -= len(piece)
        yield piece
