"""Inputs → batches of work: a few thousand pages each, cut so that memory stays flat and no worker waits long."""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from flows.errors import ThreadmillError, name_refusal
from flows.read.bounds import TooMuch
from flows.read.decode import SAMPLE_BYTES, find_binary, is_wide
from flows.read.documents import read_document
from flows.read.files import (
    BROKEN_STREAM,
    GZIP,
    MAX_PAGE_BYTES,
    ZSTD,
    is_misnamed,
    open_stream,
    read_file,
    refuse_failed,
)
from flows.read.forms import form_of
from flows.read.inputs import Input, read_provenance
from flows.read.jsonl import iter_lines, read_record
from flows.read.pieces import BATCH_BYTES, MOST_RECORDS, RECORD_BYTES, Piece, name_spool, refuse, refused_piece
from flows.read.whereabouts import CHECK, WHEREABOUTS
from flows.records import Page, Unreadable

if TYPE_CHECKING:
    from io import BufferedReader

BATCH_FILES = 2000
MOST_COPIES = 100  # refused records with one content that a piece tells one by one
READ_BYTES = 1 << 20
NEWLINE = re.compile(b"\n")

log = logging.getLogger("threadmill")


class Container(Protocol):
    """A module that reads one form of container."""

    def plan(self, found: Input, spool: Path) -> Iterator[tuple[Piece, int]]:
        """Yield the pieces of a file with their weights in bytes; what must be unpacked goes below `spool`."""

    def read(self, piece: Piece, raw: Path) -> Iterator[Page | Unreadable]:
        """Yield each page of a piece, or why there is none. Raises OSError for what trying again may mend."""


# The modules that read the forms of many pages a file, loaded with their libraries when there is such a file.
CONTAINERS = {
    "parquet": "flows.read.parquet",
    "warc": "flows.read.crawls",
    "wet": "flows.read.crawls",
    "zip": "flows.read.archives",
    "tar": "flows.read.archives",
}


@dataclass(frozen=True, slots=True)
class Batch:
    """What one worker does in one go."""

    number: int
    raw: Path
    pieces: tuple[Piece, ...]
    layouts: str = "all"  # or "none": known engines' layouts off; or a file or folder of reviewed ones
    version: str = ""  # of the rules and the program
    held: frozenset[tuple[str, str | None]] = frozenset()  # (source of an input, site whose pages are left out of it)


def plan_batches(
    inputs: Iterable[Input], raw: Path, spool: Path, is_known: Callable[[Piece], bool] = lambda _: False
) -> Iterator[Batch]:
    """Yield batches in the order of `inputs`: ranges of JSON-lines files, files of one page together.

    A piece that `is_known` is left out. Compressed JSON lines are decompressed once, into `spool`, a piece at a time: as
    far as the caller draws batches. Raises OSError when they do not fit there.
    """
    pieces: list[Piece] = []
    number = size = 0
    for piece, weight in _pieces(inputs, spool):
        if is_known(piece):
            continue
        if pieces and (size + weight > BATCH_BYTES or len(pieces) >= BATCH_FILES):
            yield Batch(number, raw, tuple(pieces))
            number, pieces, size = number + 1, [], 0
        pieces.append(piece)
        size += weight
    if pieces:
        yield Batch(number, raw, tuple(pieces))


def is_cut_by_bytes(found: Input) -> bool:
    """Whether a file's pieces are stretches of its bytes: plain JSON lines."""
    is_plain = not _peek(found.path).startswith((GZIP, ZSTD)) and not _is_misnamed(found.path)
    return form_of(found.path.name) == "jsonl" and is_plain


def delete_spools(batch: Batch) -> None:
    """Take away the decompressed lines of a batch that is done; a batch that is tried again needs them."""
    for piece in batch.pieces:
        if piece.spool is not None:
            piece.spool.unlink(missing_ok=True)


def _pieces(inputs: Iterable[Input], spool: Path) -> Iterator[tuple[Piece, int]]:
    for found in inputs:
        form = form_of(found.path.name)
        if found.refusal is not None or form not in PLANNERS:
            yield Piece(found), min(found.size, MAX_PAGE_BYTES)
        else:
            yield from _plan_or_refuse(found, spool)


def _plan_or_refuse(found: Input, spool: Path) -> Iterator[tuple[Piece, int]]:
    if _is_misnamed(found.path):
        yield refused_piece(found, "not-compressed"), 0
        return
    try:
        yield from PLANNERS[form_of(found.path.name)](found, spool)
    except (OSError, ThreadmillError):
        raise
    except Exception as error:
        log.exception("%s: taking it apart failed", found.source)
        yield refused_piece(found, name_refusal(error)[0]), 0


def _is_misnamed(path: Path) -> bool:
    try:
        return is_misnamed(path)
    except OSError:
        return False  # whoever reads it meets the same error and says so


def _plan_container(found: Input, spool: Path) -> Iterator[tuple[Piece, int]]:
    try:
        yield from _container(found).plan(found, spool)
    except (FileNotFoundError, PermissionError) as error:
        if error.filename != str(found.path):
            raise  # of the spool: a fault of the machine
        yield refused_piece(found, _why_closed(error)), 0


def _why_closed(error: OSError) -> str:
    return "permission" if isinstance(error, PermissionError) else "vanished"


def _container(found: Input) -> Container:
    return cast("Container", import_module(CONTAINERS[form_of(found.path.name)]))


def _plan_lines(found: Input, spool: Path) -> Iterator[tuple[Piece, int]]:
    start = _peek(found.path)
    if start.startswith((GZIP, ZSTD)):
        yield from _spool(found, spool)
    elif is_document(found.path, start) and (lines := read_document(found.path)) is not None:
        yield from _spool_document(found, lines, spool)
    elif refusal := _why_no_lines(start, found.path.suffix):
        yield refused_piece(found, refusal), 0
    else:
        yield from _cut_lines(found)


def _cut_lines(found: Input) -> Iterator[tuple[Piece, int]]:
    """Yield a file of lines in stretches of its bytes, and those with more lines than a batch takes cut into several."""
    for start in range(0, max(found.size, 1), BATCH_BYTES):
        end = min(start + BATCH_BYTES, found.size)
        starts, count = find_line_starts(found.path, start, end)
        for at, following in pairwise([start, *starts, end]):
            yield Piece(found, at, following), max(following - at, RECORD_BYTES * (MOST_RECORDS if starts else count))


def find_line_starts(path: Path, start: int, end: int) -> tuple[list[int], int]:
    """Return, of a stretch of a file, where each line begins that has MOST_RECORDS before it, and how many lines there are."""
    starts: list[int] = []
    count, at = 0, start
    try:
        with path.open("rb") as file:
            file.seek(start)
            while at < end and (data := file.read(min(READ_BYTES, end - at))):
                found = data.count(b"\n")
                if count // MOST_RECORDS < (count + found) // MOST_RECORDS:
                    newlines = enumerate(NEWLINE.finditer(data), count + 1)
                    starts += [at + newline.end() for number, newline in newlines if number % MOST_RECORDS == 0]
                count, at = count + found, at + len(data)
    except OSError:
        return [], 0  # the worker meets the same error and says so
    return [line for line in starts if line < end], count


def _spool_document(found: Input, lines: list[tuple[int, bytes]], spool: Path) -> Iterator[tuple[Piece, int]]:
    base = 0
    for count, some in lines:
        piece, weight = _write_spool(found, name_spool(found, spool, base), [some], base)
        yield piece, max(weight, RECORD_BYTES * count)
        base += len(some)


def _peek(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(SAMPLE_BYTES)
    except OSError:
        return b""  # the worker meets the same error and says so


def is_document(path: Path, start: bytes | None = None) -> bool:
    """Whether a file may be one JSON document: it is named .json, and its first line is no record with others below it."""
    if path.suffix.lower() != ".json":
        return False
    text = (_peek(path) if start is None else start).lstrip(b"\xef\xbb\xbf \t\r\n").rstrip()
    first, _, rest = text.partition(b"\n")
    return text[:1] == b"[" or (text[:1] == b"{" and (first.strip() == b"{" or not rest))


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
    lines: list[bytes] = []
    base = size = 0
    refusal: str | None = "empty"
    for offset, line in _decompressed_lines(found):
        if isinstance(line, str):
            refusal = line
            break
        refusal = refusal if line is not None and line.isspace() else None
        if lines and (line is None or size >= BATCH_BYTES or len(lines) >= MOST_RECORDS):
            yield _write_spool(found, name_spool(found, spool, base), lines, base)
            lines, size = [], 0
        if line is None:
            yield refused_piece(found, "too-large", f"@{offset}"), 0
            continue
        base = base if lines else offset
        lines.append(line)
        size += len(line)
    if lines and refusal != "empty":
        yield _write_spool(found, name_spool(found, spool, base), lines, base)
    if refusal is not None:
        yield refused_piece(found, refusal), 0


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
    except TooMuch:
        yield 0, "bomb"
    except OSError:
        yield 0, "vanished"


def _write_spool(found: Input, target: Path, lines: list[bytes], base: int) -> tuple[Piece, int]:
    with target.open("wb") as file:
        file.writelines(lines)
    return Piece(found, 0, None, target, base), max(sum(map(len, lines)), RECORD_BYTES * len(lines))


def read_batch(batch: Batch) -> Iterator[Page | Unreadable]:
    """Yield each page of a batch, or why there is none. Raises OSError for what trying again may mend."""
    for piece in batch.pieces:
        yield from read_piece(piece, batch.raw)


def read_piece(piece: Piece, raw: Path) -> Iterator[Page | Unreadable]:
    """Yield each page of one piece, or why there is none. Raises OSError for what trying again may mend."""
    if piece.found.refusal is not None:
        yield refuse(piece.found, piece.found.refusal)
        return
    form = form_of(piece.found.path.name)
    try:
        yield from _count_copies(_note_pages(piece, READERS.get(form, _read_page)(piece, raw)))
    except (OSError, ThreadmillError):
        raise
    except Exception as error:  # noqa: BLE001 -- a refusal, with its traceback in the log
        yield refuse_failed(error, piece.found.source, form)


def _count_copies(pages: Iterator[Page | Unreadable]) -> Iterator[Page | Unreadable]:
    """Yield the pages of a piece; of refused records with one content, those beyond MOST_COPIES are counted in one refusal."""
    seen: Counter[tuple[str, str]] = Counter()
    beyond: dict[tuple[str, str], Unreadable] = {}
    for page in pages:
        key = (page.check, page.digest) if isinstance(page, Unreadable) and page.digest is not None else None
        if key is not None:
            seen[key] += 1
        if key is None or seen[key] <= MOST_COPIES:
            yield page
        elif isinstance(page, Unreadable):
            beyond.setdefault(key, page)
    for key, first in beyond.items():
        reason = f"{seen[key] - MOST_COPIES:,} more records from this one on have the content of one that is refused ({key[0]})"
        yield first._replace(check="copies", reason=reason)


def _note_pages(piece: Piece, pages: Iterator[Page | Unreadable]) -> Iterator[Page | Unreadable]:
    """Yield the pages of a piece, each noted before it is read; one that is not to be tried again ends them, refused."""
    number = 0
    while WHEREABOUTS.enter(piece.found.source, f"{piece.start}:{piece.base}:{number}"):
        page = next(pages, None)
        if page is None:
            WHEREABOUTS.leave()
            return
        yield page
        number += 1
    WHEREABOUTS.leave()
    yield refuse(piece.found, CHECK)


def _read_page(piece: Piece, raw: Path) -> Iterator[Page | Unreadable]:
    yield read_file(piece.found.path, piece.found.source, read_provenance(piece.found, raw))


def _read_container(piece: Piece, raw: Path) -> Iterator[Page | Unreadable]:
    try:
        yield from _container(piece.found).read(piece, raw)
    except (FileNotFoundError, PermissionError) as error:
        if piece.spool is not None:
            raise  # a fault of ours, not of the input
        yield refuse(piece.found, _why_closed(error))


def _read_lines(piece: Piece, raw: Path) -> Iterator[Page | Unreadable]:
    try:
        stream = (piece.spool or piece.found.path).open("rb", buffering=1 << 20)
    except (FileNotFoundError, PermissionError) as error:
        if piece.spool is not None:
            raise  # a fault of ours, not of the input
        yield refuse(piece.found, _why_closed(error))
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
        yield refuse(piece.found, "empty")


# By form; a form that is not here is one page a file.
PLANNERS: dict[str, Callable[[Input, Path], Iterator[tuple[Piece, int]]]] = {
    "jsonl": _plan_lines,
    **dict.fromkeys(CONTAINERS, _plan_container),
}
READERS: dict[str, Callable[[Piece, Path], Iterator[Page | Unreadable]]] = {
    "jsonl": _read_lines,
    **dict.fromkeys(CONTAINERS, _read_container),
}
