"""What a batch reads: a file, a part of one, or what was unpacked of one; and why an input is refused unread."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from flows.read.files import MAX_PAGE_BYTES, NOT_COMPRESSED, digest_of
from flows.read.forms import form_of
from flows.read.inputs import Input
from flows.read.whereabouts import CHECK, REASON
from flows.records import Unreadable

# 16 MiB of JSON lines are some 2,600 threads of 6 KB; with their rows a worker then peaks near 300 MB.
BATCH_BYTES = 16 << 20
# A record counts for this many bytes at least: of the smallest, a batch holds some 20,000.
MOST_RECORDS = 20_000
RECORD_BYTES = BATCH_BYTES // MOST_RECORDS
REFUSALS = {
    "symlink-outside": "the symlink leads out of the raw folder; put the file itself there",
    "symlink-to-folder": "the symlink leads to a folder; put the folder itself there",
    "symlink-broken": "the symlink leads nowhere, or round in circles; put the file itself there",
    "folder-closed": "the folder could not be listed; give this user the right to, and clean again",
    "name-too-long": "the path is longer than the system can open; move it up, or shorten the names of its folders",
    "not-a-file": "this is a pipe, socket or device, not a file",
    "too-large": f"the record is larger than {MAX_PAGE_BYTES >> 20} MiB, which no thread is",
    "compression": "the compressed file is broken or breaks off; what came before the break was read",
    "defect": "a defect of threadmill, please report it: the file could not be taken apart; the log says where",
    "memory": "the memory ran out over the file; the next run tries it again",
    "not-compressed": NOT_COMPRESSED,
    "vanished": "the file could not be read to its end; clean again when it is back",
    "permission": "the file may not be read; give this user the right to",
    "binary": "the file is binary data, not lines of JSON; take it out of the raw folder",
    "encoding": "the lines are in UTF-16; JSON lines are UTF-8, so save the file as that",
    "json-document": "the file is one JSON document, broken, over 16 MiB or without a list of records; write it as JSON lines",
    "empty": "the file holds no text",
    "bomb": "what the file holds unpacks to far more than pages do; the rest of it was not read",
    "archive": "the archive is broken or breaks off; what came before the break was read",
    "unsafe-name": "the name leads out of the archive, or is none; pack the file again under a plain name",
    "nested": "the file in the archive is an archive or compressed itself; unpack it",
    "records-in-archive": "the file in the archive holds records, not a page; put it into the raw folder by itself",
    "sidecar-in-archive": "what stands beside a page in an archive is not read; say it in a source.toml beside the archive",
    "not-a-page": "the entry of the archive is a link or a device, not a page",
    "method": "the file in the archive is packed by a method that is not read; pack it with deflate",
    "encrypted": "the file in the archive is encrypted; pack it without a password",
    "parquet": "the file is no Parquet file, or a broken one; write it again",
    "parquet-compressed": "a Parquet file is compressed inside and cannot be read through another compression; unpack it",
    "no-columns": "the file has no column of text or HTML that is known; name it in source.toml, such as [columns] text = …",
    "no-pages": "the crawl archive holds no response and no text of a page",
    CHECK: REASON,
    "record": "the record is broken, or its length is wrong; the other records were read",
}


@dataclass(frozen=True, slots=True)
class Piece:
    """A file, or a part of one, that a batch reads."""

    found: Input
    start: int = 0  # of lines and crawl records: those that begin in [start, end)
    end: int | None = None  # None: to the end of the file
    spool: Path | None = None  # what was unpacked, to read in the file's place
    base: int = 0  # what a spool begins with: the offset of its first byte, the number of its first row
    groups: tuple[int, int] | None = None  # row groups of a Parquet file, [first, last)


def refuse(found: Input, check: str) -> Unreadable:
    """Return the refusal of an input that is not read."""
    return Unreadable(found.source, form_of(found.path.name), check, REFUSALS[check])


def refused_piece(found: Input, check: str, record: str | None = None) -> Piece:
    """Return the piece that stands for a refused file, or for one refused record of it."""
    source = found.source if record is None else f"{found.source}#{record}"
    return Piece(replace(found, source=source, refusal=check))


def name_spool(found: Input, spool: Path, part: int) -> Path:
    """Return the path of one part of what is unpacked of a file; its folder is there then."""
    spool.mkdir(parents=True, exist_ok=True)
    name = found.path.name.encode("ascii", "replace").decode().replace("?", "_")[-80:]
    return spool / f"{digest_of(found.source.encode())}-{name}-{part}"
