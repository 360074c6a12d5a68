"""Crawl archives, WARC and WET → pages: responses of servers, and texts that were made of them.

A crawl of gigabytes is cut into ranges that workers read apart: of a compressed archive at any byte (each record is a gzip
member, found by its first bytes), of a plain one where a record begins. Where a record's length is wrong or its data are
broken, it is refused and reading goes on at the next record that can be found.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from fastwarc import ArchiveIterator, WarcRecord, WarcRecordType

from flows.read.bounds import Budget, TooMuch
from flows.read.decode import without_surrogates
from flows.read.files import GZIP, MAX_PAGE_BYTES, ZSTD, page_from, refuse_failed
from flows.read.forms import form_of
from flows.read.inputs import Input, Provenance, read_provenance
from flows.read.packed_crawls import HEADER, LENGTH, MAX_HEADER, STEP, packed_records
from flows.read.pieces import BATCH_BYTES, MOST_RECORDS, RECORD_BYTES, REFUSALS, Piece, name_spool, refuse, refused_piece
from flows.read.responses import MAX_HEAD, read_response
from flows.read.times import read_time
from flows.records import Page, Unreadable

# Bytes of a range by form, plain and compressed: some 700 pages of HTML, of which a tenth is text, or 16 MiB of text.
RANGES = {"warc": (64 << 20, 8 << 20), "wet": (16 << 20, 6 << 20)}
# What the records of one range may unpack to: forty times a compressed range. HTML packs to a fifth or a tenth.
MAX_UNPACKED = 256 << 20
MEMBER = b"\x1f\x8b\x08"
LOOK = 64 << 10
PAGES = {"text/html", "application/xhtml+xml", "text/plain", "application/xml", "text/xml", "application/octet-stream"}
BROKEN = (OSError, ValueError, EOFError, OverflowError, RuntimeError)
MAX_RECORD = MAX_PAGE_BYTES + MAX_HEAD + MAX_HEADER + 2 * STEP  # bytes of a page's record as stored, with what is read ahead


def plan(found: Input, spool: Path) -> Iterator[tuple[Piece, int]]:
    """Yield ranges of an archive; one whose records are not compressed one by one is unpacked first."""
    plain, packed = RANGES[form_of(found.path.name)]
    with found.path.open("rb") as file:
        start = file.read(4)
        if start == ZSTD or (start[:2] == GZIP and not _is_packed_by_record(file)):
            yield from _unpack(found, spool, plain)
        elif start[:2] == GZIP:
            for at in range(0, found.size, packed):
                yield Piece(found, at, min(at + packed, found.size)), BATCH_BYTES * min(found.size - at, packed) // packed
        else:
            at = 0
            for end, count in _find_bounds(file, found.size, plain):
                yield Piece(found, at, end), max(BATCH_BYTES * (end - at) // plain, RECORD_BYTES * count)
                at = end


def read(piece: Piece, raw: Path) -> Iterator[Page | Unreadable]:
    """Yield the page of each response and text in a range, or why there is none."""
    known = read_provenance(piece.found, raw)
    known.url = known.title = None  # one page's own, and there are many
    end = piece.end if piece.spool is None and piece.end is not None else 1 << 62
    is_bare = True
    with (piece.spool or piece.found.path).open("rb") as file:
        for page in read_records(file, piece.found.source, piece.start, end, known):
            is_bare = False
            yield page
    if is_bare and piece.spool is None and piece.start == 0 and end >= piece.found.size:
        yield refuse(piece.found, "no-pages")


def read_records(file: BinaryIO, source: str, start: int, end: int, known: Provenance) -> Iterator[Page | Unreadable]:
    """Yield what the records that begin in [start, end) hold; of one that is broken, the reason."""
    budget, form = MAX_UNPACKED, form_of(source)
    at = find_record(file, start)
    if at is None and start == 0 and file.seek(0, 2):
        yield Unreadable(source, form, "record", "the file is no crawl archive: no record begins in it")
    while at is not None and at < end:
        held: Page | Unreadable | None = None
        is_read = False
        file.seek(at)
        stream = _RecordStream(file)
        try:
            for record in ArchiveIterator(stream, WarcRecordType.any_type, parse_http=False):
                if held is not None:
                    yield held  # only now: what follows it shows whether its length was right
                    budget -= held.bytes or 0
                held, is_read = None, False
                at = record.stream_pos
                stream.begin_record()
                if at >= end:
                    return
                if budget < 0:
                    yield Unreadable(f"{source}#@{at}", form, "bomb", REFUSALS["bomb"])
                    return
                held = _read_or_refuse(record, source, at, known)
                is_read = True
        except BROKEN as error:
            if _is_fault(error):
                raise
        after = _end_of_record(file, at) if is_read else None
        if after is not None:
            yield from [held] if held is not None else ()
            at = find_record(file, after)
            if at != after and after < end and not _is_blank(file, after):
                yield Unreadable(f"{source}#@{after}", form, "record", REFUSALS["record"])
        elif stream.is_long and is_read and held is None:
            at = find_record(file, at + 1)  # a large one, of no page
        else:
            where = held.source if held is not None else f"{source}#@{at}"
            is_told = isinstance(held, Unreadable) and held.check in ("record", "too-large")
            yield held if is_told and held is not None else Unreadable(where, form, "record", REFUSALS["record"])
            at = find_record(file, at + 1)


class _RecordStream:
    """An archive, given to the library as far as the records of pages go: it would unpack any number of bytes to skip one."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._given = file, 0
        self.is_long = False

    def begin_record(self) -> None:
        """Take note that a record has begun."""
        self._given = 0

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes. Raises OSError, without a number, within a record that is longer than any page."""
        data = self._file.read(size)
        self._given += len(data)
        self.is_long = self._given > MAX_RECORD
        if self.is_long:
            raise OSError("the record is longer than a page")
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go to a place."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """Return the place."""
        return self._file.tell()

    def close(self) -> None:
        """Leave the file open: it is read on elsewhere."""


def _is_fault(error: Exception) -> bool:
    """Whether the machine failed; fastwarc raises OSError, without a number, for whatever is wrong with a record."""
    return isinstance(error, OSError) and error.errno is not None


def _read_or_refuse(record: WarcRecord, source: str, at: int, known: Provenance) -> Page | Unreadable | None:
    try:
        return _read_record(record, source, at, known)
    except BROKEN:
        raise  # the record is, and the next one is looked for behind it
    except Exception as error:  # noqa: BLE001 -- a refusal, with its traceback in the log
        return refuse_failed(error, f"{source}#@{at}", form_of(source))


def _read_record(record: WarcRecord, source: str, at: int, known: Provenance) -> Page | Unreadable | None:
    """Return the page of a record, why there is none, or None for a record that is of no page at all."""
    read_content = CONTENTS.get(int(record.record_type))
    uri = (record.headers.get("WARC-Target-URI") or "").strip().strip("<>")
    if read_content is None or not uri.lower().startswith(("http://", "https://")):
        return None  # what was asked, what was noted, a page seen before, a name that was looked up
    identity = (record.headers.get("WARC-Record-ID") or "").strip().strip("<>").removeprefix("urn:uuid:")
    locator = without_surrogates(identity).text or None
    where = f"{source}#{locator or f'@{at}'}"
    form = form_of(source)
    size = record.content_length
    if size > MAX_PAGE_BYTES + MAX_HEAD:
        return Unreadable(where, form, "too-large", REFUSALS["too-large"])
    block = record.reader.read(size)
    if len(block) < size:
        reason = f"the record breaks off: {len(block):,} of {size:,} bytes are there"
        return Unreadable(where, form, "record", reason, bytes=len(block))
    url = without_surrogates(uri).text
    fetched_at, blemish = read_time(record.headers.get("WARC-Date") or "", "WARC-Date")
    blemishes = [*known.blemishes, *([blemish] if blemish and blemish.value else [])]
    said = Provenance(url, known.site, None, known.language, fetched_at or known.fetched_at, blemishes, licence=known.licence)
    page = read_content(block, where, said)
    return page._replace(locator=locator) if isinstance(page, Page) else page


def _read_response(block: bytes, where: str, said: Provenance) -> Page | Unreadable:
    response = read_response(block, MAX_PAGE_BYTES)
    body, media_type = response.body, response.media_type
    if response.status is not None and not 200 <= response.status < 300:
        reason = f"the server answered {response.status}, without the page"
        return Unreadable(where, "warc", "http-status", reason, value=str(response.status), bytes=len(block))
    if media_type is not None and media_type not in PAGES:
        reason = "the server sent no page of text or HTML"
        return Unreadable(where, "warc", "media-type", reason, value=media_type[:80], bytes=len(block))
    if len(body) > MAX_PAGE_BYTES:
        return Unreadable(where, "warc", "too-large", REFUSALS["too-large"])
    form = "html" if media_type is not None and "html" in media_type else "txt"
    return page_from(body, where, form, said, response.charset)._replace(format="warc")


def _read_text(block: bytes, where: str, said: Provenance) -> Page | Unreadable:
    if len(block) > MAX_PAGE_BYTES:
        return Unreadable(where, "wet", "too-large", REFUSALS["too-large"])
    return page_from(block, where, "txt", said)._replace(format="wet")


CONTENTS: dict[int, Callable[[bytes, str, Provenance], Page | Unreadable]] = {
    int(WarcRecordType.response): _read_response,
    int(WarcRecordType.conversion): _read_text,
}


# -- where records begin --------------------------------------------------------------------------------------------------


def find_record(file: BinaryIO, start: int) -> int | None:
    """Return the offset of the first record that begins at `start` or after, None where there is none."""
    file.seek(0)
    is_packed = file.read(2) == GZIP
    mark, begins = (MEMBER, _is_member) if is_packed else (b"WARC/", _is_header)
    at = start
    while True:
        file.seek(at)
        data = file.read(STEP + LOOK)
        candidate = data.find(mark)
        while 0 <= candidate < STEP:
            # A record begins the file or a line; what begins in the look-ahead is the next step's.
            is_line = is_packed or (candidate == 0 and at == 0) or _byte_before(file, at + candidate) == b"\n"
            if is_line and begins(data, candidate):
                return at + candidate
            candidate = data.find(mark, candidate + 1)
        if len(data) < STEP + LOOK:
            return None
        at += STEP


def _byte_before(file: BinaryIO, offset: int) -> bytes:
    if offset == 0:
        return b"\n"
    file.seek(offset - 1)
    return file.read(1)


def _is_member(data: bytes, at: int) -> bool:
    try:
        return zlib.decompressobj(31).decompress(data[at : at + 4096], 16).startswith(b"WARC/")
    except zlib.error:
        return False


def _is_header(data: bytes, at: int) -> bool:
    found = HEADER.match(data, at, at + MAX_HEADER)
    return found is not None and b"warc-type" in found[0].lower()


def _find_bounds(file: BinaryIO, size: int, apart: int) -> Iterator[tuple[int, int]]:
    """Yield where a range of records ends, and how many it has; the last one ends the file.

    Records are counted going from header to header by their lengths.
    """
    at = last = count = 0
    while at < size:
        file.seek(at)
        head = file.read(LOOK)
        header = HEADER.match(head, len(head) - len(head.lstrip(b"\r\n")), MAX_HEADER)
        length = LENGTH.search(header[0]) if header else None
        if header is None or length is None:
            following = find_record(file, at + 1)
            if following is None:
                break
            at = following
            continue
        if at - last >= apart or count >= MOST_RECORDS:
            yield at, count
            last, count = at, 0
        count += 1
        at += header.end() + int(length[1]) + 4
    yield max(size, 1), count


def _end_of_record(file: BinaryIO, at: int) -> int | None:
    """Return the offset behind a record and its empty lines; None where its length is not what it says."""
    file.seek(at)
    if file.read(2) == GZIP:
        member = _unpack_member(file, at)
        if member is None:
            return None
        data, end = member
    else:
        file.seek(at)
        data, end = file.read(MAX_PAGE_BYTES + 2 * MAX_HEAD), None
    header = HEADER.match(data, 0, MAX_HEADER)
    length = LENGTH.search(header[0]) if header else None
    if header is None or length is None:
        return None
    behind = header.end() + int(length[1])
    if end is None and behind > len(data) - 4:  # a large one: look behind it
        file.seek(at + behind)
        rest = file.read(4)
        is_there = at + behind <= file.seek(0, 2)
    else:
        rest, is_there = data[behind : behind + 4], behind <= len(data)
    if end is not None and len(data) > behind + 4:
        return None  # more than one record in a member
    is_whole = is_there and rest in (b"\r\n\r\n", b"\n\n", b"\r\n", b"")
    return (end if end is not None else at + behind + len(rest)) if is_whole else None


def _unpack_member(file: BinaryIO, at: int) -> tuple[bytes, int] | None:
    """Return what a gzip member holds, as far as a page goes, and the offset behind it; None where it is broken."""
    file.seek(at)
    unpacker, data, limit, budget = zlib.decompressobj(31), b"", MAX_PAGE_BYTES + 2 * MAX_HEAD, Budget(0)
    try:
        while not unpacker.eof:
            packed = unpacker.unconsumed_tail or file.read(LOOK)
            if not packed:
                return None
            piece = unpacker.decompress(packed, STEP)
            data += piece if len(data) < limit else b""
            budget.spend(len(piece))
    except (zlib.error, TooMuch):
        return None
    return data, file.tell() - len(unpacker.unused_data)


def _is_blank(file: BinaryIO, at: int) -> bool:
    """Whether the file ends here, but for the zeros and line ends that some writers leave."""
    file.seek(at)
    return not file.read(STEP).strip(b"\0\r\n")


# -- archives that are compressed as a whole --------------------------------------------------------------------------------


def _is_packed_by_record(file: BinaryIO) -> bool:
    """Whether a gzip member ends where a record does: the first one holds one record, or another begins with one."""
    return _end_of_record(file, 0) is not None or find_record(file, 1) is not None


def _unpack(found: Input, spool: Path, apart: int) -> Iterator[tuple[Piece, int]]:
    """Yield the records of an archive that is compressed as a whole, unpacked into files of some size each."""
    part, is_done, refusal = 0, False, None
    records = packed_records(found)
    while not is_done:
        path, size, count, is_done = name_spool(found, spool, part), 0, 0, True
        with path.open("wb") as target:
            for record in records:
                if isinstance(record, str):
                    refusal = record
                else:
                    size, count = size + target.write(record), count + 1
                if size >= apart or count >= MOST_RECORDS:
                    is_done = False
                    break
        if size:
            yield Piece(found, 0, None, path), max(BATCH_BYTES * size // apart, RECORD_BYTES * count)
            part += 1
        else:
            path.unlink()
    if refusal is not None or part == 0:
        yield refused_piece(found, refusal or "no-pages"), 0
