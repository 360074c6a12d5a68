"""A JSON document → its records as JSON lines: a list of objects, or an object that holds one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import orjson

from flows.read.fields import KEYS
from flows.read.pieces import BATCH_BYTES, MOST_RECORDS

MAX_DEPTH = 3  # objects around the list: {"data": {"threads": {"items": […]}}}
# Values of an object that is read whole, told by its marks: in memory each is a hundred bytes or so.
MOST_VALUES = 1_000_000
WHITE = re.compile("[ \\t\\n\\r]*")
OWN = frozenset(KEYS["text"] + KEYS["html"])


def read_document(path: Path) -> list[tuple[int, bytes]] | None:
    """Return the records of a JSON document as lines, so many as a batch takes at a time, each time with their number.

    None where it is larger than a batch, of too many values, broken, or holds no records.

    An object with a text of its own is one record; of another, the longest list of objects in it are the records. What is no
    object in that list stays a line of its own, to be refused by itself.
    """
    try:
        with path.open("rb") as file:
            data = file.read(BATCH_BYTES + 1)
    except OSError:
        return None  # the worker meets the same error and says so
    if len(data) > BATCH_BYTES:
        return None
    text = data.decode("utf-8-sig", "replace")
    try:
        if WHITE.sub("", text[:1024], count=1)[:1] == "[":
            holds: set[type] = set()
            lines = _write_lines(_read_items(text, holds))
            return lines if dict in holds else None
        if sum(map(text.count, ",[{")) > MOST_VALUES:
            return None
        return _write_lines(_find_records(json.loads(text, strict=False), MAX_DEPTH)) or None
    except (ValueError, RecursionError):
        return None


def _read_items(text: str, holds: set[type]) -> Iterator[object]:
    """Yield the items of a JSON list, one in memory at a time, and add of which types they are. Raises ValueError."""
    read = json.JSONDecoder(strict=False).raw_decode
    at = _skip(text, _skip(text, 0) + 1)
    while text[at : at + 1] != "]" or holds:
        item, end = read(text, at)
        holds.add(type(item))
        yield item
        at = _skip(text, end)
        if text[at : at + 1] == "]":
            break
        if text[at : at + 1] != ",":
            raise ValueError("an item of the list has no end")
        at = _skip(text, at + 1)
    if _skip(text, at + 1) < len(text):
        raise ValueError("something stands behind the list")


def _skip(text: str, at: int) -> int:
    found = WHITE.match(text, at)
    return found.end() if found is not None else at


def _write_lines(records: Iterable[object]) -> list[tuple[int, bytes]]:
    lines = map(_write_line, records)
    return [(len(some), b"".join(some)) for some in iter(lambda: list(islice(lines, MOST_RECORDS)), [])]


def _find_records(value: object, depth: int) -> list[object]:
    if isinstance(value, list):
        return value if any(_has_text(item) for item in value) else []
    if not isinstance(value, dict) or depth < 0:
        return []
    if _has_text(value):
        return [value]
    return max((_find_records(inner, depth - 1) for inner in value.values()), key=len, default=[])


def _has_text(value: object) -> bool:
    return isinstance(value, dict) and any(isinstance(value.get(key), str) for key in OWN)


def _write_line(record: object) -> bytes:
    try:
        return orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE)
    except TypeError:  # half of a surrogate pair, a whole number beyond 64 bits, or nested too deep
        return json.dumps(record).encode() + b"\n"
