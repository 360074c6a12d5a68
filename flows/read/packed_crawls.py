"""A crawl archive that is compressed as a whole → its records as they stand, those of pages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO, cast

from flows.read.bounds import TooMuch
from flows.read.files import BROKEN_STREAM, MAX_PAGE_BYTES, open_stream
from flows.read.inputs import Input
from flows.read.responses import MAX_HEAD

if TYPE_CHECKING:
    import io

HEADER = re.compile(rb"WARC/[0-9]\.[0-9]{1,2}\r?\n(?:[^\r\n]{1,8192}\r?\n){1,200}?\r?\n")
KIND = re.compile(rb"^WARC-Type:[ \t]*(?:response|conversion)[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
LENGTH = re.compile(rb"^Content-Length:[ \t]*([0-9]{1,15})[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
MAX_HEADER = 32 << 10  # bytes of a record's own header, as fastwarc has it
STEP = 1 << 20


class _Stream:
    """Decompressed bytes to look at before they are read; where the file breaks off, what came before is still read."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream, self._data, self._is_at_end = stream, b"", False
        self.refusal: str | None = None  # why it does not go on

    def peek(self, size: int) -> bytes:
        """Return what comes next, fewer bytes only at the end."""
        while len(self._data) < size and not self._is_at_end:
            try:
                piece = cast("io.BufferedIOBase", self._stream).read1(STEP)
            except BROKEN_STREAM:
                piece, self.refusal = b"", "compression"
            except TooMuch:
                piece, self.refusal = b"", "bomb"
            self._data += piece
            self._is_at_end = not piece
        return self._data[:size]

    def read(self, size: int) -> bytes:
        """Return what comes next and go on behind it."""
        data = self.peek(size)
        self._data = self._data[len(data) :]
        return data


def packed_records(found: Input) -> Iterator[bytes | str]:
    """Yield the records of a compressed stream as they stand, those of pages; the check that ends it as the last."""
    with open_stream(found.path) as file:
        stream = _Stream(file)
        while head := stream.peek(MAX_HEADER):
            begin = len(head) - len(head.lstrip(b"\r\n\0"))
            header = HEADER.match(head, begin)
            length = LENGTH.search(header[0]) if header else None
            if header is None or length is None:
                if begin < len(head) and stream.refusal is None:
                    yield "record"
                    return
                stream.read(len(head))
                continue
            size = header.end() + int(length[1])
            data = _take_record(stream, size, header.end())
            if KIND.search(header[0]):
                yield data
        if stream.refusal is not None:
            yield stream.refusal


def _take_record(stream: _Stream, size: int, header: int) -> bytes:
    """Return a record and go on behind it; of one that is larger than a page, its header, by which it is refused."""
    is_large = size > MAX_PAGE_BYTES + 2 * MAX_HEAD
    data = stream.read(header if is_large else size)
    left = size - len(data)
    while left > 0 and (skipped := stream.read(min(left, STEP))):
        left -= len(skipped)
    return data if left > 0 or is_large else data + b"\r\n\r\n"
