"""Parquet → pages: the same fields as JSON lines have, a row a page.

Row groups are what workers share; a group of more rows than a batch should hold is cut into files of its own first. Only the
columns that are known are read, a few rows at a time.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from flows.read.bounds import Budget, TooMuch
from flows.read.fields import KEYS, Raw, keys_of, read_fields
from flows.read.files import GZIP, MAX_PAGE_BYTES, ZSTD, digest_of, refuse_failed
from flows.read.inputs import Input, Provenance, read_provenance
from flows.read.pieces import BATCH_BYTES, RECORD_BYTES, REFUSALS, Piece, name_spool, refuse, refused_piece
from flows.records import Page, Unreadable

ROWS = 16  # at a time; a page of HTML is 100 KB, the largest that is read 6 MiB
# A row group that unpacks to this many times the file, and to this much at least, holds one thing over and over: a bomb.
MAX_RATIO, MIN_BOMB = 200, 64 << 20
ROW_BYTES = 16  # that a row counts for at least: a file of a kilobyte may hold a thousand million rows of nothing
# What the rows of one piece may come to: sixteen times its size. One value that many rows share is stored once.
MAX_UNPACKED = 256 << 20
BROKEN = (pa.ArrowException, OSError, ValueError, KeyError, OverflowError, MemoryError)


def plan(found: Input, spool: Path) -> Iterator[tuple[Piece, int]]:
    """Yield runs of row groups of about a batch's size; a group that is larger is cut."""
    with found.path.open("rb") as raw:
        start = raw.read(4)
    if start[:2] == GZIP or start == ZSTD:
        yield refused_piece(found, "parquet-compressed"), 0
        return
    try:
        file = _open(found.path)
        weights = [_weigh(file, group, found.size) for group in range(file.metadata.num_row_groups)]
    except BROKEN as error:
        _raise_fault(error)
        yield refused_piece(found, "parquet"), 0
        return
    yield from _plan_groups(found, file, weights, spool) if file.metadata.num_rows else [(refused_piece(found, "empty"), 0)]


def _plan_groups(found: Input, file: pq.ParquetFile, weights: list[int | None], spool: Path) -> Iterator[tuple[Piece, int]]:
    first = row = base = held = 0  # the groups that are held for one piece, its first row, and their weight
    told, cut = Budget(2 * found.size), Budget(2 * found.size)  # of what all groups say, and of what those hold that are cut
    for group, weight in enumerate(weights):
        if weight is None or weight > 2 * BATCH_BYTES or held >= BATCH_BYTES:
            yield from _run(found, first, group, base, held)
            first, base, held = group, row, 0
        if weight is None or not _affords(told, file.metadata.row_group(group).total_byte_size):
            yield from _run(found, first, group, base, held)
            yield refused_piece(found, "bomb", f"@{row}"), 0
            return
        row += file.metadata.row_group(group).num_rows
        if weight > 2 * BATCH_BYTES:
            yield from _cut(found, file, group, base, spool, cut)
            first, base = group + 1, row
        else:
            held += weight
    yield from _run(found, first, len(weights), base, held)


def _affords(budget: Budget, size: int) -> bool:
    try:
        budget.spend(size)
    except TooMuch:
        return False
    return True


def _run(found: Input, first: int, last: int, row: int, weight: int) -> Iterator[tuple[Piece, int]]:
    if first < last:
        yield Piece(found, base=row, groups=(first, last)), weight


def _open(path: Path) -> pq.ParquetFile:
    return pq.ParquetFile(path, memory_map=False, pre_buffer=False, buffer_size=1 << 20)


def _weigh(file: pq.ParquetFile, group: int, size: int) -> int | None:
    """Return the bytes that a row group unpacks to, as it says; None for a bomb.

    The metadata of its columns would say more, but pyarrow ends the process where those are broken.
    """
    about = file.metadata.row_group(group)
    unpacked = max(int(about.total_byte_size), ROW_BYTES * int(about.num_rows))
    if min(about.total_byte_size, about.num_rows) < 0 or (unpacked > MIN_BOMB and unpacked > MAX_RATIO * size):
        return None
    # Some writers say nothing of bytes.
    return max(unpacked, size // int(file.metadata.num_row_groups), RECORD_BYTES * int(about.num_rows))


def _cut(found: Input, file: pq.ParquetFile, group: int, row: int, spool: Path, budget: Budget) -> Iterator[tuple[Piece, int]]:
    """Yield a row group in files of about a batch's size each, read as a stream; what is broken in it ends it."""
    rows: list[pa.RecordBatch] = []
    size, base = 0, row
    batches = file.iter_batches(ROWS, row_groups=[group], use_threads=False)
    refusal: str | None = None
    while True:
        try:
            batch = next(batches, None)
        except BROKEN as error:
            _raise_fault(error)
            batch, refusal = None, "parquet"
        if batch is not None:
            rows.append(batch)
            size += max(batch.nbytes, RECORD_BYTES * batch.num_rows)
            if not _affords(budget, max(batch.nbytes, ROW_BYTES * batch.num_rows)):
                batch, refusal = None, "bomb"
        if rows and (batch is None or size >= BATCH_BYTES):
            path = name_spool(found, spool, base)
            pq.write_table(pa.Table.from_batches(rows), path, compression="NONE", use_dictionary=False)
            yield Piece(found, spool=path, base=base, groups=(0, 1)), size
            base += sum(part.num_rows for part in rows)
            rows, size = [], 0
        if batch is None:
            break
    if refusal is not None:
        yield refused_piece(found, refusal, f"@{base}"), 0


def read(piece: Piece, raw: Path) -> Iterator[Page | Unreadable]:
    """Yield the page of each row of some row groups, or why there is none; a broken group costs its own rows."""
    known = read_provenance(piece.found, raw)
    source = piece.found.source
    try:
        file = _open(piece.spool or piece.found.path)
        columns = find_columns(file.schema_arrow, known)
        groups = range(*(piece.groups or (0, file.metadata.num_row_groups)))
        counts = [file.metadata.row_group(group).num_rows for group in groups]
    except BROKEN as error:
        _raise_fault(error)
        yield refuse(piece.found, "parquet")
        return
    if not set(columns) & {*keys_of("text", known), *keys_of("html", known)}:
        reason = f"{REFUSALS['no-columns']}; its columns are {', '.join(map(str, file.schema_arrow.names[:20]))}"
        if piece.base == 0:  # told once, not for each piece
            yield Unreadable(source, "parquet", "no-columns", reason[:500])
        return
    base, budget = piece.base, MAX_UNPACKED
    for group, count in zip(groups, counts, strict=True):
        row = base
        try:
            for batch in file.iter_batches(ROWS, row_groups=[group], columns=columns, use_threads=False):
                for record in to_records(batch):
                    page = _read_or_refuse(record, source, row, known)
                    yield page
                    row, budget = row + 1, budget - max(page.bytes or 0, ROW_BYTES)
                if budget < 0:
                    yield Unreadable(f"{source}#@{row}", "parquet", "bomb", REFUSALS["bomb"])
                    return
        except BROKEN as error:
            _raise_fault(error)
            yield Unreadable(f"{source}#@{row}", "parquet", "parquet", "the row group is broken; the others were read")
        base += count


def find_columns(schema: pa.Schema, known: Provenance) -> list[str]:
    """Return the columns of a file that hold a known field, of a type that it can be read from."""
    wanted = {name for role in KEYS for name in keys_of(role, known)}
    return [
        field.name for field in schema if field.name in wanted and schema.names.count(field.name) == 1 and _is_value(field.type)
    ]


def _is_value(kind: pa.DataType) -> bool:
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return not (pa.types.is_nested(kind) or pa.types.is_null(kind))


def to_records(batch: pa.RecordBatch) -> Iterator[dict[str, Any]]:
    """Yield the rows of a batch; strings as bytes, since a file may hold what is no UTF-8."""
    values = [_to_values(column) for column in batch.columns]
    names = batch.schema.names
    for row in zip(*values, strict=True):
        yield dict(zip(names, row, strict=True))


def _to_values(column: pa.Array) -> list[Any]:
    array = column.dictionary_decode() if pa.types.is_dictionary(column.type) else column
    if pa.types.is_large_string(array.type):
        array = array.view(pa.large_binary())
    elif pa.types.is_string(array.type):
        array = array.view(pa.binary())
    elif pa.types.is_timestamp(array.type) and array.type.unit == "ns":  # as pandas writes them; Python counts microseconds
        array = array.cast(pa.timestamp("us", array.type.tz), safe=False)
    try:
        values: list[Any] = array.to_pylist()
    except (ValueError, OverflowError, pa.ArrowException):  # a date beyond what Python counts
        values = [_to_value(array, row) for row in range(len(array))]
    return values


def _to_value(array: pa.Array, row: int) -> Any:
    try:
        return array[row].as_py()
    except (ValueError, OverflowError, pa.ArrowException):
        return f"{array[row].cast(pa.int64()).as_py()} ({array.type})" if pa.types.is_temporal(array.type) else None


def _read_or_refuse(record: dict[str, Any], source: str, row: int, known: Provenance) -> Page | Unreadable:
    try:
        return _read_row(record, source, row, known)
    except Exception as error:  # noqa: BLE001 -- a refusal, with its traceback in the log
        return refuse_failed(error, f"{source}#@{row}", "parquet")


def _read_row(record: dict[str, Any], source: str, row: int, known: Provenance) -> Page | Unreadable:
    content = next(
        (
            value
            for role in ("text", "html")
            for key in keys_of(role, known)
            if isinstance(value := record.get(key), str | bytes) and value
        ),
        b"",
    )
    data = content.encode("utf-8", "replace") if isinstance(content, str) else content
    if len(data) > MAX_PAGE_BYTES:
        return Unreadable(f"{source}#@{row}", "parquet", "too-large", REFUSALS["too-large"], bytes=len(data))
    return read_fields(record, source, f"@{row}", known, "parquet", Raw(digest_of(data), len(data)))


def _raise_fault(error: BaseException) -> None:
    """Raise what is the machine's fault on; pyarrow raises OSError without a number for what is wrong in a file."""
    if isinstance(error, OSError) and error.errno is not None:
        raise error
