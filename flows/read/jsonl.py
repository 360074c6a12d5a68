"""JSON lines → pages: one object a line with the page's text or HTML and what is known of it."""

from __future__ import annotations

import json
from codecs import BOM_UTF8
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, BinaryIO

import orjson

from flows.read.decode import without_surrogates
from flows.read.files import MAX_PAGE_BYTES, digest_of, page_from
from flows.read.inputs import Provenance, read_time
from flows.records import Page, Unreadable

TEXT_KEYS = ("text", "content", "raw_content", "body")
HTML_KEYS = ("html", "raw_html")
URL_KEYS = ("url", "uri", "link", "canonical_url")
TIME_KEYS = ("timestamp", "fetched_at", "fetch_time", "date", "crawled_at")
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
    record = _parse(line)
    if not isinstance(record, dict):
        value = line[:80].decode("utf-8", "replace").strip()
        reason = "the line is not a JSON object; the other lines of the file were read"
        return Unreadable(
            where, "jsonl", "json", reason, value=value, bytes=len(line), digest=digest_of(line), row=_shown(line)
        )
    identity = record.get("id")
    locator = (
        without_surrogates(str(identity)).text if isinstance(identity, str | int | float) and str(identity).strip() else None
    )
    where = f"{source}#{locator}" if locator else where
    content = _first(record, TEXT_KEYS)
    html = None if content else _first(record, HTML_KEYS)
    if content is None and html is None:
        reason = f"the record has no text: none of the keys {', '.join(TEXT_KEYS + HTML_KEYS)} holds any"
        value = without_surrogates(", ".join(list(record)[:12])).text
        return Unreadable(
            where, "jsonl", "no-text", reason, value=value, bytes=len(line), digest=digest_of(line), row=_shown(line)
        )
    return _page(record, content, html, where, locator, known, line)


def _page(
    record: dict[str, Any], content: str | None, html: str | None, where: str, locator: str | None, known: Provenance,
    line: bytes,
) -> Page | Unreadable:  # fmt: skip
    said = _provenance(record, known)
    digest, size = digest_of(line), len(line)
    if html is not None:
        whole = without_surrogates(html)
        page = page_from(whole.text.encode(), where, "html", said)
        if isinstance(page, Unreadable):
            return replace(page, digest=digest, bytes=size)
        return replace(page, digest=digest, bytes=size, locator=locator, replacement_count=whole.replacement_count)
    text, _, replaced = without_surrogates(content or "")
    return Page(
        source=where, format="jsonl", text=text, bytes=size, digest=digest, locator=locator,
        url=said.url, site=said.site, title=said.title, language=said.language, fetched_at=said.fetched_at,
        encoding="utf-8", replacement_count=replaced, blemishes=tuple(said.blemishes),
    )  # fmt: skip


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


def _first(record: dict[str, Any], keys: tuple[str, ...]) -> str | None:
    for key in keys:
        value = record.get(key)
        if isinstance(value, str) and value and not value.isspace():
            return value
    return None


def _shown(line: bytes) -> str:
    return line.decode("utf-8", "replace").rstrip("\r\n")


def _provenance(record: dict[str, Any], known: Provenance) -> Provenance:
    """Return what the record says of itself, else what stands beside the file; an address and a title are one page's own."""
    said = Provenance(None, known.site, None, known.language, known.fetched_at, list(known.blemishes))
    for column, keys in (("url", URL_KEYS), ("site", ("site",)), ("title", ("title",)), ("language", ("language", "lang"))):
        value = _first(record, keys)
        if value is not None:
            setattr(said, column, without_surrogates(value.strip()).text)
    for key in TIME_KEYS:
        if record.get(key) is not None:
            said.fetched_at, blemish = read_time(record[key], f"key {key!r}")
            said.blemishes += [blemish] if blemish else []
            break
    return said
