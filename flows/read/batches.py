"""Inputs → batches of work: a few thousand pages each, cut so that memory stays flat and no worker waits long."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

from flows.read.decode import SAMPLE_BYTES, find_binary, is_wide
from flows.read.files import BROKEN_STREAM, GZIP, MAX_PAGE_BYTES, ZSTD, digest_of, form_of, open_stream, read_file
from flows.read.inputs import Input, read_provenance
from flows.read.jsonl import iter_lines, read_record
from flows.records import Page, Unreadable

if TYPE_CHECKING:
    from io import BufferedReader

# 16 MiB of JSON lines are some 2,600 threads of 6 KB; with their rows a worker then peaks near 300 MB.
BATCH_BYTES = 16 << 20
BATCH_FILES = 2000
REFUSALS = {
    "symlink-outside": "the symlink leads out of the raw folder; put the file itself there",
    "symlink-to-folder": "the symlink leads to a folder; put the folder itself there",
    "symlink-broken": "the symlink leads nowhere, or round in circles; put the file itself there",
    "folder-closed": "the folder could not be listed; give this user the right to, and clean again",
    "not-a-file": "this is a pipe, socket or device, not a file",
    "too-large": f"the line is longer than {MAX_PAGE_BYTES >> 20} MiB, which no thread is",
    "compression": "the compressed file is broken or breaks off; the lines before the break were read",
    "vanished": "the file could not be read to its end; clean again when it is back",
    "permission": "the file may not be read; give this user the right to",
    "binary": "the file is binary data, not lines of JSON; take it out of the raw folder",
    "encoding": "the lines are in UTF-16; JSON lines are UTF-8, so save the file as that",
    "json-document": "the file is one JSON document; write it as JSON lines, one object a line",
    "empty": "the file holds no text",
}


@dataclass(frozen=True, slots=True)
class Piece:
    """A file, or a range of the lines of one, that a batch reads."""

    found: Input
    start: int = 0
    end: int | None = None  # None: to the end of the file
    spool: Path | None = None  # decompressed lines to read in the file's place
    base: int = 0  # offset of the spool's first byte in the decompressed stream


@dataclass(frozen=True, slots=True)
class Batch:
    """What one worker does in one go."""

    number: int
    raw: Path
    pieces: tuple[Piece, ...]
    layouts: str = "all"  # or "none": known engines' layouts off


def plan_batches(inputs: list[Input], raw: Path, spool: Path) -> Iterator[Batch]:
    """Yield batches in the order of `inputs`: ranges of JSON-lines files, files of one page together.

    Compressed JSON lines are decompressed once, into `spool`, a piece at a time: as far as the caller draws batches.
    Raises OSError when they do not fit there.
    """
    pieces: list[Piece] = []
    number = size = 0
    for piece, weight in _pieces(inputs, spool):
        if pieces and (size + weight > BATCH_BYTES or len(pieces) >= BATCH_FILES):
            yield Batch(number, raw, tuple(pieces))
            number, pieces, size = number + 1, [], 0
        pieces.append(piece)
        size += weight
    if pieces:
        yield Batch(number, raw, tuple(pieces))


def delete_spools(batch: Batch) -> None:
    """Take away the decompressed lines of a batch that is done; a batch that is tried again needs them."""
    for piece in batch.pieces:
        if piece.spool is not None:
            piece.spool.unlink(missing_ok=True)


def _pieces(inputs: list[Input], spool: Path) -> Iterator[tuple[Piece, int]]:
    for found in inputs:
        if found.refusal is not None or form_of(found.path.name) != "jsonl":
            yield Piece(found), min(found.size, MAX_PAGE_BYTES)
            continue
        start = _peek(found.path)
        if start.startswith((GZIP, ZSTD)):
            yield from _spool(found, spool)
        elif refusal := _why_no_lines(start, found.path.suffix):
            yield Piece(replace(found, refusal=refusal)), 0
        else:
            for at in range(0, max(found.size, 1), BATCH_BYTES):
                end = min(at + BATCH_BYTES, found.size)
                yield Piece(found, at, end), end - at


def _peek(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(SAMPLE_BYTES)
    except OSError:
        return b""  # the worker meets the same error and says so


def _why_no_lines(start: bytes, suffix: str = "") -> str | None:
    """Return why a file holds no lines of JSON at all; only one named .json is looked at for being a single document."""
    if find_binary(start):
        return "binary"
    first = start.lstrip(b"\xef\xbb\xbf \t\r\n").split(b"\n", 1)[0].strip()
    if is_wide(start):
        return "encoding"
    return "json-document" if suffix == ".json" and (first[:1] == b"[" or first == b"{") else None


def _spool(found: Input, spool: Path) -> Iterator[tuple[Piece, int]]:
    """Yield pieces of a compressed file's lines, each in a file of its own; a broken stream gives what came before it."""
    spool.mkdir(parents=True, exist_ok=True)
    name = found.path.name.encode("ascii", "replace").decode().replace("?", "_")[-80:]
    name = f"{digest_of(found.source.encode())}-{name}"
    lines: list[bytes] = []
    base = size = 0
    refusal: str | None = "empty"
    for offset, line in _decompressed_lines(found):
        if isinstance(line, str):
            refusal = line
            break
        refusal = refusal if line is not None and line.isspace() else None
        if lines and (line is None or size >= BATCH_BYTES):
            yield _write_spool(found, spool / f"{name}-{base}", lines, base)
            lines, size = [], 0
        if line is None:
            yield Piece(replace(found, source=f"{found.source}#@{offset}", refusal="too-large")), 0
            continue
        base = base if lines else offset
        lines.append(line)
        size += len(line)
    if lines and refusal != "empty":
        yield _write_spool(found, spool / f"{name}-{base}", lines, base)
    if refusal is not None:
        yield Piece(replace(found, refusal=refusal)), 0


def _decompressed_lines(found: Input) -> Iterator[tuple[int, bytes | str | None]]:
    """Yield (offset, line) as `iter_lines` does; where the file cannot be read on, the name of the refusal as the last."""
    try:
        with open_stream(found.path) as stream:
            if refusal := _why_no_lines(cast("BufferedReader", stream).peek(SAMPLE_BYTES)[:SAMPLE_BYTES]):
                yield 0, refusal
                return
            yield from iter_lines(stream, 0, None)
    except BROKEN_STREAM:
        yield 0, "compression"
    except OSError:
        yield 0, "vanished"


def _write_spool(found: Input, target: Path, lines: list[bytes], base: int) -> tuple[Piece, int]:
    with target.open("wb") as file:
        file.writelines(lines)
    return Piece(found, 0, None, target, base), sum(map(len, lines))


def read_batch(batch: Batch) -> Iterator[Page | Unreadable]:
    """Yield each page of a batch, or why there is none. Raises OSError for what trying again may mend."""
    for piece in batch.pieces:
        if piece.found.refusal is not None:
            yield _refuse(piece.found, piece.found.refusal)
        elif form_of(piece.found.path.name) == "jsonl":
            yield from _read_lines(piece, batch.raw)
        else:
            yield read_file(piece.found.path, piece.found.source, read_provenance(piece.found, batch.raw))


def _refuse(found: Input, check: str) -> Unreadable:
    return Unreadable(found.source, form_of(found.path.name), check, REFUSALS[check])


def _read_lines(piece: Piece, raw: Path) -> Iterator[Page | Unreadable]:
    try:
        stream = (piece.spool or piece.found.path).open("rb", buffering=1 << 20)
    except (FileNotFoundError, PermissionError) as error:
        if piece.spool is not None:
            raise  # a fault of ours, not of the input
        yield _refuse(piece.found, "permission" if isinstance(error, PermissionError) else "vanished")
        return
    known = read_provenance(piece.found, raw)
    is_blank = True
    with stream:
        for offset, line in iter_lines(stream, piece.start, piece.end):
            if line is None or not line.isspace():
                is_blank = False
                yield read_record(line, piece.found.source, piece.base + offset, known)
    is_whole = piece.spool is None and piece.start == 0 and piece.end == piece.found.size
    if is_blank and is_whole:
        yield _refuse(piece.found, "empty")
