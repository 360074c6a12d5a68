"""Files → pages: text dumps and HTML pages, plain or compressed."""

from __future__ import annotations

import gzip
import io
import logging
import os
import re
import zlib
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import zstandard

from flows.errors import name_refusal
from flows.read.bounds import Budget, MeteredStream
from flows.read.deadline import time_limit
from flows.read.decode import decode, find_binary
from flows.read.forms import form_of
from flows.read.parsing_costs import MAX_LINES, find_excess, has_many_lines, is_too_deep
from flows.read.whereabouts import CHECK, REASON, WHEREABOUTS
from flows.records import Page, Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from _typeshed import WriteableBuffer

    from flows.read.inputs import Provenance

log = logging.getLogger("threadmill")

# 6 MiB are 1,000 average threads of text, 65 average pages of HTML. Read whole and split, the worst of that size (nothing
# but short paragraphs) takes 530 MiB of memory; at 8 MiB it took 650, at 32 MiB 2 GiB.
MAX_PAGE_BYTES = 6 << 20
GZIP, ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
NOT_COMPRESSED = "the file is named .gz or .zst and is compressed by neither gzip nor Zstandard; name it as what it is"
BROKEN_STREAM = (gzip.BadGzipFile, zlib.error, zstandard.ZstdError, EOFError)
# An HTML page may begin with an XML declaration and with comments.
HTML_START = re.compile(
    rb"(?:\s|<\?xml[^>]{0,200}>|<!--.{0,500}?-->){0,9}<(?:!doctype html|html|head|body)\b", re.IGNORECASE | re.DOTALL
)
FORMS_OF_BINARY = {"a crawl archive (WARC)": ".warc", "a ZIP archive": ".zip", "a Parquet file": ".parquet"}
# Input bytes at a time: 2 KiB of Zstandard are 64 MiB at most (128 KiB blocks of one repeated byte take 4 bytes each).
ZSTD_STEP = 2 << 10


class ZstdStream(io.RawIOBase):
    """The decompressed bytes of a Zstandard file of one or more frames; EOFError where the last frame breaks off.

    (The library's own stream reader ends there in silence, as if the file were whole.)
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._rest, self._ready = file, b"", memoryview(b"")
        self._frame: zstandard.ZstdDecompressionObj | None = None

    def readable(self) -> bool:
        """Say that it is for reading."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill a buffer; return how many bytes, 0 at the end."""
        while not self._ready:
            self._rest = self._rest or self._file.read(ZSTD_STEP)
            if not self._rest:
                if self._frame is not None:
                    raise EOFError("the last frame breaks off")
                return 0
            self._frame = self._frame or zstandard.ZstdDecompressor().decompressobj()
            self._ready, self._rest = memoryview(self._frame.decompress(self._rest)), b""
            if self._frame.eof:
                self._rest, self._frame = self._frame.unused_data, None
        into = memoryview(buffer).cast("B")
        size = min(len(into), len(self._ready))
        into[:size], self._ready = self._ready[:size], self._ready[size:]
        return size


def is_misnamed(path: Path) -> bool:
    """Whether a file is named .gz or .zst and is compressed by neither. Raises OSError."""
    if not path.name.lower().endswith((".gz", ".zst")):
        return False
    with path.open("rb") as file:
        start = file.read(4)
    return start != b"" and not start.startswith((GZIP, ZSTD))


@contextmanager
def open_stream(path: Path) -> Iterator[BinaryIO]:
    """Open a file for reading, decompressed when its first bytes are gzip's or Zstandard's, whatever its name.

    Reading raises TooMuch where a compressed file unpacks to far more than pages do.
    """
    with path.open("rb") as file:
        start = file.peek(4)[:4]
        budget = Budget(os.fstat(file.fileno()).st_size)
        if start.startswith(GZIP):
            with gzip.open(file) as unpacked:
                yield io.BufferedReader(MeteredStream(unpacked.readinto1, budget), 1 << 20)
        elif start == ZSTD:
            yield io.BufferedReader(MeteredStream(ZstdStream(file).readinto, budget), 1 << 20)
        else:
            yield file


def digest_of(data: bytes) -> str:
    """Return the BLAKE2b-128 digest of some bytes, in lower-case hex."""
    return blake2b(data, digest_size=16).hexdigest()


def read_file(path: Path, source: str, known: Provenance) -> Page | Unreadable:
    """Return the one page of a file, or why there is none. Raises OSError for what trying again may mend."""
    form = form_of(source)
    try:
        if is_misnamed(path):
            return Unreadable(source, form, "not-compressed", NOT_COMPRESSED, bytes=path.stat().st_size)
        with open_stream(path) as stream:
            data = stream.read(MAX_PAGE_BYTES + 1)
            size = None if len(data) <= MAX_PAGE_BYTES else path.stat().st_size
    except FileNotFoundError:
        return Unreadable(source, form, "vanished", "the file was gone when it was to be read; clean again when it is back")
    except PermissionError:
        return Unreadable(source, form, "permission", "the file may not be read; give this user the right to")
    except BROKEN_STREAM as error:
        return Unreadable(source, form, "compression", f"the compressed file is broken: {error}")
    if len(data) > MAX_PAGE_BYTES:
        reason = f"the page is larger than {MAX_PAGE_BYTES >> 20} MiB, which no thread is; split the file, or give it as .jsonl"
        return Unreadable(source, form, "too-large", reason, bytes=size)
    return page_from(data, source, form, known)


def refuse_failed(error: Exception, source: str, form: str, content: bytes | None = None, row: str | None = None) -> Unreadable:
    """Return the refusal of what made its reader raise, which is logged; what stands beside it is read."""
    log.error("%s: reading it failed", source, exc_info=error)
    size, digest = (None, None) if content is None else (len(content), digest_of(content))
    return Unreadable(source, form, *name_refusal(error), bytes=size, digest=digest, row=row)


def page_from(data: bytes, source: str, form: str, known: Provenance, declared: str | None = None) -> Page | Unreadable:
    """Return the page that some bytes are, or why they are none; `declared` is the encoding that their container names."""
    try:
        with time_limit():
            return _page_from(data, source, form, known, declared)
    except Exception as error:  # noqa: BLE001 -- a refusal, with its traceback in the log
        return refuse_failed(error, source, form, data)


def _page_from(data: bytes, source: str, form: str, known: Provenance, declared: str | None) -> Page | Unreadable:
    digest = digest_of(data)
    if not WHEREABOUTS.enter(source, digest):
        return Unreadable(source, form, CHECK, REASON, bytes=len(data), digest=digest)
    if kind := find_binary(data):
        form_named = FORMS_OF_BINARY.get(kind)
        what = f"name it {form_named}" if form_named else "take it out of the raw folder"
        reason = f"the file is {kind}, not text; {what}"
        return Unreadable(source, form, "binary", reason, value=kind, bytes=len(data), digest=digest)
    if not data.strip():
        return Unreadable(source, form, "empty", "the file holds no text", bytes=len(data), digest=digest)
    form = "html" if form == "html" or _begins_as_html(data[:8192]) else form
    text, encoding, replaced = decode(data, is_html=form == "html", declared=declared)
    title, url, language, markup = known.title, known.url, known.language, None
    if form == "html":
        from flows.read.visible import read_visible  # noqa: PLC0415 -- the parser, where there is HTML

        if is_too_deep(text):
            reason = "its elements nest thousands deep, which no page does; it was made or saved wrongly"
            return Unreadable(source, form, "too-deep", reason, bytes=len(data), digest=digest)
        if excess := find_excess(text):
            reason = f"the page has {excess}, which no thread has; it was made or saved wrongly"
            return Unreadable(source, form, "too-complex", reason, bytes=len(data), digest=digest)
        seen = read_visible(text)
        text, title, language, markup = seen.text, title or seen.title, language or seen.language, seen.markup
        url = url or (seen.url if seen.url and seen.url.startswith(("http://", "https://")) else None)
    if not text.strip():
        reason = "the page holds no visible text; a page that scripts fill must be scraped after they ran"
        return Unreadable(source, form, "empty", reason, bytes=len(data), digest=digest)
    if has_many_lines(text):
        reason = f"the page has more than {MAX_LINES:,} lines, which no thread has; split the file, or give it as .jsonl"
        return Unreadable(source, form, "too-complex", reason, bytes=len(data), digest=digest)
    return Page(
        source=source, format=form, text=text, bytes=len(data), digest=digest, url=url, site=known.site, title=title,
        language=language, fetched_at=known.fetched_at, licence=known.licence, encoding=encoding, replacement_count=replaced,
        blemishes=tuple(known.blemishes), markup=markup,
    )  # fmt: skip


def _begins_as_html(start: bytes) -> bool:
    # Without byte order marks, and without the NULs of UTF-16.
    return HTML_START.match(start.lstrip(b"\xef\xbb\xbf\xfe\xff").replace(b"\0", b"")) is not None
