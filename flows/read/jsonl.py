"""JSON lines → pages: one object a line with the page's text or HTML and what is known of it."""

from __future__ import annotations

import json
from codecs import BOM_UTF8
from collections.abc import Iterator
from typing import BinaryIO

import orjson

from flows.read.fields import Raw, read_fields
from flows.read.files import MAX_PAGE_BYTES, digest_of, refuse_failed
from flows.read.inputs import Provenance
from flows.read.whereabouts import CHECK, REASON, WHEREABOUTS
from flows.records import Page, Unreadable

SKIP_BYTES = 1 << 20


def iter_lines(stream: BinaryIO, start: int, end: int | None) -> Iterator[tuple[int, bytes | None]]:
    """Yield (offset, line) for each line that begins in [start, end); None for a line beyond the size limit.

    A line that begins before `start` belongs to the range before. Memory stays at one line.
    """
    offset = start
    if start:
        stream.seek(start - 1)
        offset = start - 1
        offset += _skip_line(stream)
    while end is None or offset < end:
        line = stream.readline(MAX_PAGE_BYTES + 1)
        if not line:
            return
        size = len(line)
        if size > MAX_PAGE_BYTES and not line.endswith(b"\n"):
            size += _skip_line(stream)
            yield offset, None
        else:
            yield offset, line
        offset += size


def _skip_line(stream: BinaryIO) -> int:
    skipped = 0
    while piece := stream.readline(SKIP_BYTES):
        skipped += len(piece)
        if piece.endswith(b"\n"):
            break
    return skipped


def read_record(line: bytes | None, source: str, offset: int, known: Provenance) -> Page | Unreadable:
    """Return the page of one line, or why there is none; `offset` names a record that has no id of its own."""
    where = f"{source}#@{offset}"
    if line is None:
        reason = f"the line is longer than {MAX_PAGE_BYTES >> 20} MiB, which no thread is"
        return Unreadable(where, "jsonl", "too-large", reason)
    raw = Raw(digest_of(line), len(line), line)
    if not WHEREABOUTS.enter(where, raw.digest):
        return Unreadable(where, "jsonl", CHECK, REASON, bytes=raw.size, digest=raw.digest, row=raw.shown)
    try:
        return _read_line(line, where, source, offset, known, raw)
    except Exception as error:  # noqa: BLE001 -- a refusal, with its traceback in the log
        return refuse_failed(error, where, "jsonl", line, raw.shown)


def _read_line(line: bytes, where: str, source: str, offset: int, known: Provenance, raw: Raw) -> Page | Unreadable:
    record = _parse(line)
    if not isinstance(record, dict):
        value = line[:80].decode("utf-8", "replace").strip()
        reason = "the line is not a JSON object; the other lines of the file were read"
        return Unreadable(where, "jsonl", "json", reason, value=value, bytes=raw.size, digest=raw.digest, row=raw.shown)
    return read_fields(record, source, f"@{offset}", known, "jsonl", raw)


def _parse(line: bytes) -> object:
    line = line.removeprefix(BOM_UTF8)
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        pass
    try:  # the standard reader takes lone surrogates; broken bytes become U+FFFD
        return json.loads(line.decode("utf-8", "replace"), strict=False)
    except (ValueError, RecursionError):
        return None
