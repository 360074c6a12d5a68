"""A JSON document → its records as JSON lines: a list of objects, or an object that holds one."""

from __future__ import annotations

import json
from pathlib import Path

import orjson

from flows.read.fields import KEYS
from flows.read.pieces import BATCH_BYTES

MAX_DEPTH = 3  # objects around the list: {"data": {"threads": {"items": […]}}}
OWN = frozenset(KEYS["text"] + KEYS["html"])


def read_document(path: Path) -> list[bytes] | None:
    """Return the records of a JSON document, a line each; None where it is larger than a batch, broken, or holds no records.

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
    try:
        document = json.loads(data.decode("utf-8-sig", "replace"), strict=False)
    except (ValueError, RecursionError):
        return None
    listed = isinstance(document, list) and any(isinstance(item, dict) for item in document)
    records = document if listed else _find_records(document, MAX_DEPTH)
    return [_write_line(record) for record in records] if records else None


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
