"""Rows × schemas → (valid, refused): the narrowest refusal, and the promises that every run is held to."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandera.errors
import polars as pl

from schemas import TABLES, columns_of, polars_schema

INT32 = 2**31 - 1
SEPARATOR = "\x1f"  # the unit separator; names and credentials hold no control characters
RESIDUE_OPENERS = ["{{", "{%", "{#", "<%", "${", "#{", "[[", "{=", "<?", "$localize", "| translate", "[object "]
MAX_VALUE, MAX_ROW = 500, 8000
RECORD_TABLES = ("questions", "answers", "comments", "authors")
REASONS = {
    "str_matches": "the value does not have the form that the column promises",
    "str_length": "the text is empty",
    "greater_than_or_equal_to": "the number is smaller than it can be",
    "less_than_or_equal_to": "the number is larger than it can be",
    "in_range": "the number is out of range",
    "isin": "the value is none of those that the column knows",
    "not_nullable": "the value is missing and the record cannot do without it",
    "int32": "the number does not fit into the column",
}


@dataclass(slots=True)
class Refusal:
    """Rows of one table that fail: by row index, and the rule."""

    table: str
    index: int
    column: str | None
    check: str
    value: str | None
    reason: str
    severity: str


# -- columns → frames -----------------------------------------------------------------------------------------------------


def build_frame(table: str, columns: Mapping[str, Sequence[Any]]) -> tuple[pl.DataFrame, list[Refusal]]:
    """Return the frame of a batch's rows in the schema's types; a number that does not fit becomes null and is refused."""
    types = polars_schema(table)
    refused: list[Refusal] = []
    series = []
    for name, cells in columns.items():
        dtype = types.get(name) or (pl.Datetime("us", "UTC") if name == "_fetched_at" else _staged_type(name))
        if dtype == pl.Int32:
            cells = _fitting(table, name, cells, refused)  # noqa: PLW2901
        series.append(_build_lists(name, cells) if dtype == pl.List(pl.String) else pl.Series(name, cells, dtype=dtype))
    return pl.DataFrame(series), refused


def _build_lists(name: str, cells: Sequence[Any]) -> pl.Series:
    """Return a column of lists of strings; joined and split again, which is ten times as fast as one list at a time."""
    joined = pl.Series(name, [None if cell is None else SEPARATOR.join(cell) for cell in cells], dtype=pl.String)
    lists = pl.when(joined == "").then(pl.lit([], pl.List(pl.String))).otherwise(joined.str.split(SEPARATOR))
    return pl.select(lists.alias(name)).to_series()


def _staged_type(name: str) -> pl.DataType:
    return pl.Int32() if name == "_position" else pl.String()


def _fitting(table: str, name: str, cells: Sequence[Any], refused: list[Refusal]) -> Sequence[Any]:
    wide = [at for at, cell in enumerate(cells) if cell is not None and not -INT32 <= cell <= INT32]
    if not wide:
        return cells
    cells = list(cells)
    for at in wide:
        refused.append(Refusal(table, at, name, "int32", str(cells[at]), f"{name}: {REASONS['int32']}", "cell"))
        cells[at] = None
    return cells


# -- the schema, row by row -----------------------------------------------------------------------------------------------


def refuse_rows(table: str, frame: pl.DataFrame) -> tuple[pl.DataFrame, list[Refusal], set[int]]:
    """Return the frame with bad optional cells as null, every refusal, and the indices of rows that cannot stand.

    Columns whose names begin with "_" are carried along unchecked.
    """
    checked = frame.select(polars_schema(table).keys())
    cases = _failures(table, checked)
    if cases is None:
        return frame, [], set()
    optional = {name for name, column in columns_of(table).items() if column["nullable"]}
    refused: list[Refusal] = []
    lost: set[int] = set()
    for case in cases.iter_rows(named=True):
        index, column, check = case["index"], case["column"], str(case["check"]).split("(")[0]
        if index is None:
            raise AssertionError(f"{table}: {case['check']} failed for the table as a whole")  # a defect of ours
        cell = column in optional
        lost |= set() if cell else {index}
        value = case["failure_case"]
        reason = f"{column}: {REASONS.get(check, 'the value fails the check ' + check)}"
        refused.append(
            Refusal(table, index, column, check, None if value is None else str(value), reason, "cell" if cell else "record")
        )
    for column in {refusal.column for refusal in refused if refusal.severity == "cell" and refusal.column}:
        rows = [refusal.index for refusal in refused if refusal.column == column]
        frame = frame.with_columns(
            pl.when(pl.int_range(pl.len()).is_in(rows)).then(None).otherwise(pl.col(column)).alias(column)
        )
    return frame, refused, lost


def _failures(table: str, frame: pl.DataFrame) -> pl.DataFrame | None:
    try:
        TABLES[table].validate(frame, lazy=True)
    except pandera.errors.SchemaErrors as errors:
        cases: pl.DataFrame = errors.failure_cases
        return cases
    return None


# -- a batch ----------------------------------------------------------------------------------------------------------------


def validate_batch(
    tables: Mapping[str, Mapping[str, Sequence[Any]]], find_residue: Callable[[str], list[Any]]
) -> dict[str, pl.DataFrame]:
    """Return the sound frames of a batch; what was refused is in `rejects`, with the row as it was.

    A bad optional cell becomes null. A bad author leaves its posts without `author_id`. A bad answer goes alone, a bad
    question with its answers and comments. Columns that begin with "_" are staged for the merge.
    """
    frames: dict[str, pl.DataFrame] = {}
    refused: list[tuple[Refusal, dict[str, Any]]] = []
    lost: dict[str, set[int]] = {}
    for table, columns in tables.items():
        before, unfit = build_frame(table, columns)
        frames[table], found, lost[table] = refuse_rows(table, before)
        found = unfit + found + _find_residue(table, before, frames, find_residue, lost[table])
        refused += [(refusal, before.row(refusal.index, named=True)) for refusal in found]
    _cascade(frames, lost, refused)
    sources = dict(zip(tables["scrapes"]["scrape_id"], tables["scrapes"]["source"], strict=True))
    frames["rejects"] = pl.concat([frames["rejects"], _reject_frame(refused, sources)])
    return frames


def _find_residue(
    table: str, frame: pl.DataFrame, frames: dict[str, pl.DataFrame], find_residue: Callable[[str], list[Any]], lost: set[int]
) -> list[Refusal]:
    """Refuse records that hold template residue which no rule marked as the author's own (promise 3)."""
    refused: list[Refusal] = []
    fields = [field for field in ("title", "headline", "body") if field in frame.columns]
    if table not in ("questions", "answers", "comments"):
        return refused
    suspects = pl.any_horizontal(pl.col(field).str.contains_any(RESIDUE_OPENERS) for field in fields)
    rows = frame.with_row_index("_at").filter(suspects)
    if rows.is_empty():
        return refused
    own = set(frames["spans"].filter(pl.col("role") == "code")["record_id"])
    key = frame.columns[0]
    for row in rows.iter_rows(named=True):
        for field in fields:
            residue = find_residue(row[field]) if row[field] else []
            if residue and row[key] not in own:
                value = row[field][residue[0].start : residue[0].end]
                reason = f"{field}: template residue is left in the text and no rule marks it as the author's own"
                refused.append(Refusal(table, row["_at"], field, "template-residue", value, reason, "record"))
                lost.add(row["_at"])
    return refused


def _cascade(frames: dict[str, pl.DataFrame], lost: dict[str, set[int]], refused: list[tuple[Refusal, dict[str, Any]]]) -> None:
    """Take out the rows that cannot stand, and what hangs on them; nothing else."""
    gone = {table: _take_out(frames, table, rows) for table, rows in lost.items() if rows}
    if "questions" in gone:
        for table in ("answers", "comments"):
            hanging = frames[table].with_row_index("_at").filter(pl.col("question_id").is_in(gone["questions"]))
            for row in hanging.drop("_at").iter_rows(named=True):
                reason = "question_id: the question was refused, and the record hangs on it"
                refused.append((Refusal(table, -1, "question_id", "link", row["question_id"], reason, "record"), row))
            _take_out(frames, table, set(hanging["_at"].to_list()))
    if "authors" in gone:
        known = frames["authors"]["author_id"].implode()
        for table in ("questions", "answers", "comments"):
            frames[table] = frames[table].with_columns(
                pl.when(pl.col("author_id").is_in(known)).then(pl.col("author_id")).alias("author_id")
            )


def _take_out(frames: dict[str, pl.DataFrame], table: str, rows: set[int]) -> list[str]:
    frame = frames[table].with_row_index("_at")
    keys = frame.filter(pl.col("_at").is_in(list(rows)))[frames[table].columns[0]].to_list()
    frames[table] = frame.filter(~pl.col("_at").is_in(list(rows))).drop("_at")
    return keys


def _reject_frame(refused: list[tuple[Refusal, dict[str, Any]]], sources: dict[str, str]) -> pl.DataFrame:
    rows = []
    for refusal, row in refused:
        scrape = row.get("scrape_id")
        source = row.get("source") or row.get("_source") or sources.get(scrape or "", "unknown")
        if scrape is None:  # authors carry no scrape of their own
            scrape = next((known for known, where in sources.items() if where == source), next(iter(sources)))
        key = next(iter(row))
        rows.append(
            {
                "scrape_id": scrape, "source": source, "table": refusal.table, "record_id": row[key] or None,
                "column": refusal.column, "check": refusal.check,
                "value": refusal.value[:MAX_VALUE] if refusal.value else None,
                "reason": refusal.reason, "severity": refusal.severity,
                "row": json.dumps(row, ensure_ascii=False, default=str)[:MAX_ROW],
            }
        )  # fmt: skip
    return pl.DataFrame(rows, schema=polars_schema("rejects"))
