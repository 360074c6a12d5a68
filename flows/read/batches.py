"""Inputs → batches of work: a few thousand pages each, cut so that memory stays flat and no worker waits long."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from flows.read.files import BROKEN_STREAM, GZIP, MAX_PAGE_BYTES, ZSTD, form_of, open_stream, read_file
from flows.read.inputs import Input, read_provenance
from flows.read.jsonl import iter_lines, read_record
from flows.records import Page, Unreadable

# 16 MiB of JSON lines are some 2,600 threads of 6 KB; with their rows a worker then peaks near 300 MB.
BATCH_BYTES = 16 << 20
BATCH_FILES = 2000
REFUSALS = {
    "symlink-outside": "the symlink leads out of the raw folder; put the file itself there",
    "symlink-to-folder": "the symlink leads to a folder; put the folder itself there",
    "not-a-file": "this is a pipe, socket or device, not a file",
    "too-large": f"the line is longer than {MAX_PAGE_BYTES >> 20} MiB, which no thread is",
    "compression": "the compressed file is broken or breaks off; the lines before the break were read",
    "vanished": "the file could not be read to its end; clean again when it is back",
}


@dataclass(frozen=True, slots=True)
class Piece:
    """A file, or a range of the lines of one, that a batch reads."""

    found: Input
    start: int = 0
    end: int | None = None  # None: to the end of the file
    spool: Path | None = None  # decompressed lines to read in the file's place, and to delete afterwards
    base: int = 0  # offset of the spool's first byte in the decompressed stream


@dataclass(frozen=True, slots=True)
class Batch:
    """What one worker does in one go."""

    number: int
    raw: Path
    pieces: tuple[Piece, ...]


def plan_batches(inputs: list[Input], raw: Path, spool: Path) -> Iterator[Batch]:
    """Yield batches in the order of `inputs`: ranges of JSON-lines files, files of one page together.

    Compressed JSON lines are decompressed once, into `spool`, a piece at a time: as far as the caller draws batches.
    """
    number, pieces, size = 0, [], 0
    for piece, weight in _pieces(inputs, spool):
        if pieces and (size + weight > BATCH_BYTES or len(pieces) >= BATCH_FILES):
            yield Batch(number, raw, tuple(pieces))
            number, pieces, size = number + 1, [], 0
        pieces.append(piece)
        size += weight
    if pieces:
        yield Batch(number, raw, tuple(pieces))


def _pieces(inputs: list[Input], spool: Path) -> Iterator[tuple[Piece, int]]:
    for found in inputs:
        if found.refusal is not None or form_of(found.source) != "jsonl":
            yield Piece(found), min(found.size, MAX_PAGE_BYTES)
        elif _is_compressed(found.path):
            yield from _spool(found, spool)
        else:
            for start in range(0, max(found.size, 1), BATCH_BYTES):
                end = min(start + BATCH_BYTES, found.size)
                yield Piece(found, start, end), end - start


def _is_compressed(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(4).startswith((GZIP, ZSTD))
    except OSError:
        return False  # the worker meets the same error and says so


def _spool(found: Input, spool: Path) -> Iterator[tuple[Piece, int]]:
    """Yield pieces of a compressed file's lines, each in a file of its own; a broken stream gives what came before it."""
    spool.mkdir(parents=True, exist_ok=True)
    name = found.source.replace("/", "_")[-100:]
    lines: list[bytes] = []
    base = size = 0

    def write() -> tuple[Piece, int]:
        target = spool / f"{name}-{base}"
        target.write_bytes(b"".join(lines))
        return Piece(found, 0, None, target, base), size

    try:
        with open_stream(found.path) as stream:
            for offset, line in iter_lines(stream, 0, None):
                if lines and (line is None or size >= BATCH_BYTES):
                    yield write()
                    lines, size = [], 0
                if line is None:
                    yield Piece(replace(found, source=f"{found.source}#@{offset}", refusal="too-large")), 0
                    continue
                base = base if lines else offset
                lines.append(line)
                size += len(line)
    except BROKEN_STREAM:
        yield Piece(replace(found, refusal="compression")), 0
    except OSError:
        yield Piece(replace(found, refusal="vanished")), 0
    if lines:
        yield write()


def read_batch(batch: Batch) -> Iterator[Page | Unreadable]:
    """Yield each page of a batch, or why there is none. Raises OSError for what trying again may mend."""
    for piece in batch.pieces:
        if piece.found.refusal is not None:
            form, check = form_of(piece.found.source), piece.found.refusal
            yield Unreadable(piece.found.source, form, check, REFUSALS[check])
        elif form_of(piece.found.source) == "jsonl":
            yield from _read_lines(piece, batch.raw)
        else:
            yield read_file(piece.found.path, piece.found.source, read_provenance(piece.found, batch.raw))


def _read_lines(piece: Piece, raw: Path) -> Iterator[Page | Unreadable]:
    known = read_provenance(piece.found, raw)
    source = piece.found.source
    path = piece.spool or piece.found.path
    try:
        stream = path.open("rb", buffering=1 << 20)
    except FileNotFoundError:
        yield Unreadable(source, "jsonl", "vanished", "the file was gone when it was to be read; clean again when it is back")
        return
    except PermissionError:
        yield Unreadable(source, "jsonl", "permission", "the file may not be read; give this user the right to")
        return
    empty = piece.start == 0 and os.fstat(stream.fileno()).st_size == 0
    with stream:
        for offset, line in iter_lines(stream, piece.start, piece.end):
            if line is None or not line.isspace():
                yield read_record(line, source, piece.base + offset, known)
    if empty:
        yield Unreadable(source, "jsonl", "empty", "the file holds no text", bytes=0)
