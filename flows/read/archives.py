"""Archives of pages, zip and tar → pages. Nothing is unpacked under a name that an archive chose.

The planner streams through an archive once, puts what is a page into plain tar files of a batch's size under names of our
own, and says of everything else why it is no page; workers read those files.
"""

from __future__ import annotations

import errno
import io
import re
import struct
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import IO, BinaryIO, NamedTuple, Self, cast

from flows.read.bounds import Budget, TooMuch
from flows.read.decode import without_surrogates
from flows.read.files import BROKEN_STREAM, GZIP, MAX_PAGE_BYTES, ZSTD, open_stream, page_from
from flows.read.forms import form_of
from flows.read.inputs import FOLDER_FILE, SIDECAR_SUFFIX, Input, read_provenance
from flows.read.pieces import BATCH_BYTES, RECORD_BYTES, Piece, name_spool, refused_piece
from flows.records import Page, Unreadable

MAX_DIRECTORY = 64 << 20  # bytes of a zip's list of entries, some 700,000; the library holds all of it in memory
MAX_NAME = 1000  # characters
MAX_EMPTY = 4  # reads behind the end; the library makes two
MAX_TAR_HEADER = 1 << 20  # bytes of a tar entry's long name or extended header, which the library reads whole
TAR_HEADERS = (
    tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK,
)  # fmt: skip
UNSAFE = re.compile(r"[\x00-\x1f\x7f]|^[A-Za-z]:|^/|(?:^|/)\.\.(?:/|$)")
END_OF_ZIP, SIZE_64 = struct.Struct("<4s4H2LH"), struct.Struct("<40xQ")
NESTED = (GZIP, ZSTD, b"PK\x03\x04", b"BZh91AY&SY", b"\xfd7zXZ\0", b"7z\xbc\xaf", b"Rar!")
BROKEN = (
    *BROKEN_STREAM, OSError, zipfile.BadZipFile,
    zipfile.LargeZipFile, tarfile.TarError, struct.error, ValueError, IndexError, KeyError,
    OverflowError, NotImplementedError, RuntimeError, UnicodeError, AttributeError, AssertionError,
)  # fmt: skip


class Entry(NamedTuple):
    """A file in an archive: its bytes, or the name of the check by which it is refused."""

    name: str
    content: bytes | str


class EndingStream:
    """A stream that raises EOFError when it is read on and on behind its end: sizes in a tar's headers may lead anywhere."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream, self._empty = stream, 0

    def read(self, size: int) -> bytes:
        """Return the next bytes, at most `size`."""
        data = self._stream.read(size)
        self._empty += not data
        if self._empty > MAX_EMPTY:
            raise EOFError("an entry is longer than the archive")
        return data


class BoundedTarInfo(tarfile.TarInfo):
    """A tar entry; headers that the library would read whole, however large, or that list holes, are refused."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        """Return the entry of a header block."""
        entry = super().frombuf(buf, encoding, errors)
        if (entry.type in TAR_HEADERS and entry.size > MAX_TAR_HEADER) or entry.type == tarfile.GNUTYPE_SPARSE:
            raise tarfile.HeaderError("a header of this size, or a list of holes")
        return entry

    def _proc_gnusparse_10(self, *_: object) -> None:  # the library's name: it reads a list of holes without a bound
        raise tarfile.HeaderError("a list of holes")


def plan(found: Input, spool: Path) -> Iterator[tuple[Piece, int]]:
    """Yield the pages of an archive in files of about a batch's size, and what is refused of it."""
    entries = _told(READERS[form_of(found.path.name)](found.path))
    refused: list[Piece] = []
    part = count = 0
    is_done = False
    while not is_done:
        path, size, is_done = name_spool(found, spool, part), 0, True
        with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as target:
            for name, content in entries:
                count += 1
                if isinstance(content, str):
                    refused.append(refused_piece(found, content, name or None))
                else:
                    entry = tarfile.TarInfo("page")
                    entry.size, entry.pax_headers = len(content), {"comment": name}
                    target.addfile(entry, io.BytesIO(content))
                    size += max(len(content), RECORD_BYTES)
                if size + RECORD_BYTES * len(refused) >= BATCH_BYTES:
                    is_done = False
                    break
        if size:
            yield Piece(found, spool=path), size
            part += 1
        else:
            path.unlink()
        yield from ((piece, 0) for piece in refused)
        refused.clear()
    if count == 0:
        yield refused_piece(found, "empty"), 0


def read(piece: Piece, raw: Path) -> Iterator[Page | Unreadable]:
    """Yield the page of each file of a piece, or why there is none."""
    if piece.spool is None:
        return
    with tarfile.open(piece.spool, "r:") as pages:
        for entry in pages:
            name, file = entry.pax_headers["comment"], pages.extractfile(entry)
            data = file.read() if file is not None else b""
            # As if the page stood in the archive's place: its stem fills the folder's URL pattern.
            place = piece.found.path.with_name(name.rsplit("/", 1)[-1][:200])
            known = read_provenance(replace(piece.found, path=place, source=name), raw)
            yield page_from(data, f"{piece.found.source}#{name}", form_of(name), known)


def _told(entries: Iterator[Entry]) -> Iterator[Entry]:
    """Yield entries; hand on what ends an archive before its end as a refusal."""
    try:
        yield from entries
    except TooMuch:
        yield Entry("", "bomb")
    except BROKEN as error:
        _raise_fault(error)
        yield Entry("", "archive")


def _raise_fault(error: Exception) -> None:
    """Raise what is the machine's fault on; an archive that names a place before its own start gives EINVAL."""
    if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
        raise error


def why_not(name: str, size: int, start: bytes = b"") -> str | None:
    """Return the check by which an entry is refused before it is read, "" for what is passed over, None for a page.

    >>> why_not("a/b.html", 9), why_not("../b.html", 9), why_not("a/.DS_Store", 9), why_not("b.html.gz", 9)
    (None, 'unsafe-name', '', 'nested')
    """
    parts = name.split("/")
    if UNSAFE.search(name) or not parts[-1] or len(name) > MAX_NAME:
        return "unsafe-name"
    if any(part.startswith(".") for part in parts if part != ".") or parts[0] == "__MACOSX" or parts[-1] == FOLDER_FILE:
        return ""
    if name.endswith(SIDECAR_SUFFIX):
        return "sidecar-in-archive"
    if name.lower().endswith((".gz", ".zst")) or start.startswith(NESTED) or form_of(name) in ("zip", "tar"):
        return "nested"
    if form_of(name) not in ("html", "txt"):
        return "records-in-archive"
    return "too-large" if size > MAX_PAGE_BYTES else None


def _entry(name: str, size: int, file: IO[bytes] | None, budget: Budget | None = None) -> Iterator[Entry]:
    """Yield what one file in an archive is; nothing for what is passed over."""
    name = without_surrogates(name.replace("\\", "/")).text.removeprefix("./")
    check = why_not(name, size)
    if check is None and file is not None:
        data = file.read(MAX_PAGE_BYTES + 1)
        if budget is not None:
            budget.spend(len(data))
        check = why_not(name, len(data), data[:16])
        if check is None:
            yield Entry(name, data)
    elif check is None:
        check = "not-a-page"
    if check:
        shown = name[:MAX_NAME].encode("unicode_escape").decode() if check == "unsafe-name" else name
        yield Entry(shown or "?", check)


def _read_zip(path: Path) -> Iterator[Entry]:
    with path.open("rb") as raw:
        if _directory_size(raw) > MAX_DIRECTORY:
            raise TooMuch
        budget = Budget(raw.seek(0, 2))
        with zipfile.ZipFile(raw) as archive:
            for info in archive.infolist():
                if info.is_dir():
                    continue
                is_locked = bool(info.flag_bits & 1)
                if is_locked or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                    check = "encrypted" if is_locked else "method"
                    yield Entry(without_surrogates(info.filename[:MAX_NAME]).text or "?", check)
                    continue
                try:
                    # The declared size may be a lie: reading stops one byte behind a page's largest.
                    with archive.open(info) as file:
                        yield from list(_entry(info.filename, info.file_size, file, budget))
                except BROKEN as error:
                    _raise_fault(error)
                    yield Entry(without_surrogates(info.filename[:MAX_NAME]).text or "?", "archive")


def _directory_size(raw: BinaryIO) -> int:
    """Return the size that a zip's end says its list of entries has; at most the file's own; 0 where no end is found."""
    size = raw.seek(0, 2)
    raw.seek(max(0, size - (1 << 16) - END_OF_ZIP.size))
    tail = raw.read()
    raw.seek(0)
    at = tail.rfind(b"PK\5\6")
    if at < 0 or len(tail) - at < END_OF_ZIP.size:
        return 0
    large = tail.rfind(b"PK\6\6", 0, at)
    if large >= 0 and at - large >= SIZE_64.size:
        return min(int(SIZE_64.unpack_from(tail, large)[0]), size)
    return min(int(END_OF_ZIP.unpack_from(tail, at)[5]), size)


def _read_tar(path: Path) -> Iterator[Entry]:
    with open_stream(path) as stream:
        ending = EndingStream(stream)
        with tarfile.open(fileobj=cast("BinaryIO", ending), mode="r|", tarinfo=BoundedTarInfo) as archive:
            while (info := archive.next()) is not None:
                if not info.isdir():
                    # A file that is too large is refused by its size, what is no file by having none.
                    is_file = info.isreg() and not info.issparse()
                    file = archive.extractfile(info) if is_file and info.size <= MAX_PAGE_BYTES else None
                    yield from _entry(info.name, info.size if is_file else 0, file)
                archive.members.clear()  # type: ignore[attr-defined] # or it keeps every entry that it has seen


READERS = {"zip": _read_zip, "tar": _read_tar}
