"""Rows × schemas → (valid, refused): the narrowest refusal, and the promises that every batch is held to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson
import polars as pl

from schemas import TABLES, columns_of, is_sound, polars_schema, traits_of

INT32 = range(-(2**31), 2**31)
SEPARATOR = "\x1f"  # the unit separator; what holds one is joined in a slower way
STAGED_TYPES = {"_fetched_at": pl.Datetime("us", "UTC"), "_piece": pl.UInt32, "_position": pl.Int32}
# One of these stands in all template residue; what has none is not searched. tests/test_validate.py holds the rules to it.
RESIDUE_SIGNS = ["{", "<%", "<?", "[[", "$localize", "$i18n.t(", "$tc(", "$t("]
# Invisible characters may part the two of a pair, as in "<\u200b%".
HIDING = list("\u00ad\u034f\u061c\u180e\ufeff") + [
    chr(code) for code in (*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070))
]
SUSPICIOUS = RESIDUE_SIGNS + HIDING
MAX_VALUE, MAX_ROW = 500, 8000  # characters
PROSE = ("title", "headline", "body")
RECORDS = ("questions", "answers", "comments")
LEDGER = ("scrapes", "texts", "spans")
UNREAD = {
    "source": "unknown", "format": "unknown", "replacement_count": 0, "chars": 0, "answer_count": 0, "kept_chars": 0,
    "cut_chars": 0, "confidence": 0.0, "verdict": "rejected",
}  # fmt: skip
REASONS = {
    "str_matches": "the value does not have the form that the column promises",
    "str_length": "the text is empty",
    "greater_than_or_equal_to": "the number is smaller than it can be",
    "less_than_or_equal_to": "the number is larger than it can be",
    "in_range": "the number is out of range",
    "isin": "the value is none of those that the column knows",
    "not_nullable": "the value is missing and the record cannot do without it",
    "int32": "the number does not fit into the column",
    "type": "the value is of another kind than the column holds",
    "utf8": "the text holds half a character, which no file can",
}

Severity = Literal["cell", "record", "scrape"]
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Refusal:
    """One refused cell or record: where it stands (the row's index in its table), by which check, and why."""

    table: str
    index: int
    column: str | None  # None: the record as a whole
    check: str
    value: str | None
    reason: str
    severity: Severity


@dataclass(slots=True)
class Checked:
    """A batch under validation: frames whose every row still stands at its index, and what was refused so far."""

    frames: dict[str, pl.DataFrame] = field(default_factory=dict)
    refused: list[Refusal] = field(default_factory=list)
    lost: dict[str, set[int]] = field(default_factory=dict)  # rows that cannot stand, by table

    def refuse(self, refusals: Iterable[Refusal]) -> None:
        """Take note of refusals; a refused record is lost."""
        for refusal in refusals:
            self.refused.append(refusal)
            if refusal.severity == "record":
                self.lost[refusal.table].add(refusal.index)

    def standing_keys(self, table: str) -> list[str]:
        """Return the keys of the rows that can stand."""
        keys: list[str] = _without(self.frames[table], self.lost[table])[traits_of(table)["key"][0]].to_list()
        return keys


def validate_batch(
    tables: Mapping[str, Mapping[str, Sequence[Any]]], find_residue: Callable[[str], list[Any]]
) -> dict[str, pl.DataFrame]:
    """Return the sound frames of a batch; what was refused is in `rejects`, with the row as it was.

    A bad optional cell becomes null. A bad author leaves its posts without `author_id`. A bad answer goes alone, a bad
    question with its answers and comments; a scrape whose own row, text or ledger cannot stand is rejected whole. Columns
    that begin with "_" are staged for the merge. Each row of `tables` is in the frames or in `rejects`.
    """
    batch, before = Checked(), {}
    for table, columns in tables.items():
        batch.lost[table] = set()
        before[table], unfit = build_frame(table, columns)
        batch.frames[table], found = refuse_rows(table, before[table], unfit)
        batch.refuse([*unfit, *found])
    for table in RECORDS:
        batch.refuse(_find_residue(table, batch.frames, find_residue))
    _reject_scrapes(batch)
    _refuse_hanging(batch)
    frames = {table: _without(frame, batch.lost[table]) for table, frame in batch.frames.items()}
    refused = _reject_frame(batch.refused, before, frames["scrapes"])
    frames["rejects"] = pl.concat([frames["rejects"], refused], how="diagonal")  # a refusal here is staged with no column
    return frames


def _without(frame: pl.DataFrame, rows: set[int]) -> pl.DataFrame:
    return frame.filter(~pl.int_range(pl.len()).is_in(sorted(rows))) if rows else frame


# -- columns → frames -----------------------------------------------------------------------------------------------------


def build_frame(table: str, columns: Mapping[str, Sequence[Any]]) -> tuple[pl.DataFrame, list[Refusal]]:
    """Return the frame of a batch's rows in the schema's types; a cell that does not fit becomes null and is refused."""
    types = {**polars_schema(table), **STAGED_TYPES}
    refused: list[Refusal] = []
    series = [_build_series(table, name, cells, types.get(name, pl.String()), refused) for name, cells in columns.items()]
    return pl.DataFrame(series), refused


def _build_series(table: str, name: str, cells: Sequence[Any], dtype: Any, refused: list[Refusal]) -> pl.Series:
    try:
        return _to_series(name, cells, dtype)
    except (TypeError, ValueError, OverflowError, pl.exceptions.PolarsError):
        wrong = {at: check for at, cell in enumerate(cells) if (check := _misfit(cell, dtype)) is not None}
        severity: Severity = "cell" if name not in columns_of(table) or columns_of(table)[name]["nullable"] else "record"
        for at, check in wrong.items():
            refused.append(Refusal(table, at, name, check, _printable(cells[at]), f"{name}: {REASONS[check]}", severity))
        return _to_series(name, [None if at in wrong else cell for at, cell in enumerate(cells)], dtype)


def _to_series(name: str, cells: Sequence[Any], dtype: Any) -> pl.Series:
    return _build_lists(name, cells) if dtype == pl.List(pl.String) else pl.Series(name, cells, dtype=dtype)


def _build_lists(name: str, cells: Sequence[Any]) -> pl.Series:
    """Return a column of lists of strings; joined and split again, which is forty times as fast as one list at a time."""
    joined = [None if cell is None else SEPARATOR.join(cell) for cell in cells]
    texts = pl.Series(name, joined, dtype=pl.String)
    lists = pl.when(texts == "").then(pl.lit([], pl.List(pl.String))).otherwise(texts.str.split(SEPARATOR))
    series = pl.select(lists.alias(name)).to_series()
    if series.list.len().sum() == sum([len(cell) for cell in cells if cell]):
        return series
    return pl.Series(name, [None if cell is None else list(cell) for cell in cells], dtype=pl.List(pl.String))


def _misfit(cell: Any, dtype: Any) -> str | None:
    """Return the check that a cell fails which its column cannot take, None for one that it can."""
    if cell is None:
        return None
    try:
        _to_series("", [cell], dtype)
    except UnicodeEncodeError:
        return "utf8"
    except (TypeError, ValueError, OverflowError, pl.exceptions.PolarsError):
        return "int32" if dtype == pl.Int32 and isinstance(cell, int) and cell not in INT32 else "type"
    return None


def _printable(value: Any) -> str | None:
    """Return a refused value as text that a file can hold; None for an empty one."""
    return str(value).encode("utf-8", "replace").decode() or None


# -- the schema, row by row -----------------------------------------------------------------------------------------------


def refuse_rows(table: str, frame: pl.DataFrame, known: Sequence[Refusal] = ()) -> tuple[pl.DataFrame, list[Refusal]]:
    """Return the frame with bad optional cells as null, and one refusal for each cell that fails; no row is taken out.

    Cells in `known` were refused before. Columns whose names begin with "_" are carried along unchecked. Raises
    AssertionError where the columns themselves are not those of the table.
    """
    checked = frame.select(polars_schema(table).keys())
    cases = None if is_sound(table, checked) else _failures(table, checked)
    if cases is None:
        return frame, []
    told = {(refusal.index, refusal.column) for refusal in known}
    refused: list[Refusal] = []
    for case in cases.iter_rows(named=True):
        if case["index"] is None:
            raise AssertionError(f"{table}: {case['check']} failed for the table as a whole")  # a defect of ours
        if (case["index"], case["column"]) not in told:
            told.add((case["index"], case["column"]))
            refused.append(_read_case(table, case))
    return _with_nulls(frame, [refusal for refusal in refused if refusal.severity == "cell"]), refused


def _failures(table: str, frame: pl.DataFrame) -> pl.DataFrame | None:
    import pandera.errors  # noqa: PLC0415 -- nearly every batch is sound

    try:
        TABLES[table].validate(frame, lazy=True)
    except pandera.errors.SchemaErrors as errors:
        cases: pl.DataFrame = errors.failure_cases
        return cases
    return None


def _read_case(table: str, case: Row) -> Refusal:
    column, check = case["column"], str(case["check"]).split("(")[0]
    value = None if case["failure_case"] is None else _printable(case["failure_case"])
    reason = f"{column}: {REASONS.get(check, 'the value fails the check ' + check)}"
    severity: Severity = "cell" if columns_of(table)[column]["nullable"] else "record"
    return Refusal(table, case["index"], column, check, value, reason, severity)


def _with_nulls(frame: pl.DataFrame, cells: Sequence[Refusal]) -> pl.DataFrame:
    """Return the frame with null in the cells that were refused."""
    rows: dict[str, list[int]] = {}
    for cell in cells:
        rows.setdefault(str(cell.column), []).append(cell.index)
    return frame.with_columns(
        pl.when(pl.int_range(pl.len()).is_in(at)).then(None).otherwise(pl.col(column)).alias(column)
        for column, at in rows.items()
    )


# -- promise 3 ------------------------------------------------------------------------------------------------------------


def _find_residue(table: str, frames: Mapping[str, pl.DataFrame], find: Callable[[str], list[Any]]) -> list[Refusal]:
    """Refuse each record that holds template residue which no rule marked as the author's own."""
    frame = frames[table]
    fields = [name for name in PROSE if name in frame.columns]
    suspects = pl.any_horizontal(pl.col(name).str.contains_any(SUSPICIOUS) for name in fields)
    rows = frame.with_row_index("_at").filter(suspects)
    if rows.is_empty():
        return []
    own = _own_code(frames)
    reason = "template residue is left in the text and no rule marks it as the author's own"
    refused: list[Refusal] = []
    for row in rows.iter_rows(named=True):
        mine = own.get((row["scrape_id"], row[frame.columns[0]]), "")
        for name in fields:
            found = (row[name][residue.start : residue.end] for residue in find(row[name] or ""))
            left = next((value for value in found if _letters(value) not in mine), None)
            if left is not None:
                refused.append(Refusal(table, row["_at"], name, "template-residue", left, f"{name}: {reason}", "record"))
    return refused


def _own_code(frames: Mapping[str, pl.DataFrame]) -> dict[tuple[str, str], str]:
    """Return (scrape, record) → what its stretches of role "code" say, without white space."""
    spans = frames["spans"].filter(pl.col("role") == "code").select("scrape_id", "record_id", "start_offset", "end_offset")
    spans = spans.unique(maintain_order=True)  # a copy says the same
    texts = dict(
        frames["texts"]
        .filter(pl.col("scrape_id").is_in(spans["scrape_id"].unique().to_list()))
        .select("scrape_id", "text")
        .iter_rows()
    )
    said: dict[tuple[str, str], list[str]] = {}
    for scrape, record, start, end in spans.iter_rows():
        said.setdefault((scrape, record), []).append(_letters((texts.get(scrape) or "")[start:end]))
    return {key: "".join(pieces) for key, pieces in said.items()}


def _letters(text: str) -> str:
    return "".join(text.split())


# -- what hangs on what was refused ---------------------------------------------------------------------------------------


def _reject_scrapes(batch: Checked) -> None:
    """Reject whole each scrape whose own row, text or ledger cannot stand: its row stays, as that of an unread one.

    Raises AssertionError for a row that does not say which scrape it is of.
    """
    own = [refusal for refusal in batch.refused if refusal.table in LEDGER and _spoils_scrape(refusal)]
    if not own:
        return
    if any(refusal.column == "scrape_id" for refusal in own):
        raise AssertionError(f"{own[0].table}: a scrape_id is none")  # a defect of ours
    gone = sorted({batch.frames[refusal.table]["scrape_id"][refusal.index] for refusal in own})
    for table in ("spans", *RECORDS):
        reason = "the scrape was rejected, and the record hangs on it"
        batch.refuse(_hanging(batch, table, pl.col("scrape_id").is_in(gone), "scrape_id", reason, "record"))
    rejected = pl.col("scrape_id").is_in(gone)
    texts = batch.frames["texts"]
    batch.frames["texts"] = texts.with_columns(text=pl.when(~rejected).then(pl.col("text")))
    batch.lost["texts"] = batch.lost["scrapes"] = set()
    scrapes = _with_nulls(batch.frames["scrapes"], [refusal for refusal in own if refusal.table == "scrapes"])
    batch.frames["scrapes"] = scrapes.with_columns(
        pl.when(rejected)
        .then(pl.col(name).fill_null("unknown") if value == "unknown" else pl.lit(value))
        .otherwise(pl.col(name))
        .alias(name)
        for name, value in UNREAD.items()
    ).cast(scrapes.schema)
    reason = "a row of the scrape's own could not stand; the scrape is rejected whole"
    for at, scrape in batch.frames["scrapes"].with_row_index("_at").filter(rejected).select("_at", "scrape_id").iter_rows():
        batch.refused.append(Refusal("scrapes", at, None, "ledger", scrape, reason, "scrape"))


def _spoils_scrape(refusal: Refusal) -> bool:
    return refusal.severity == "record" or (refusal.table, refusal.column) == ("texts", "text")


def _refuse_hanging(batch: Checked) -> None:
    """Refuse what hangs on a lost question, answer or author; nothing wider."""
    hangs: tuple[tuple[str, str, tuple[str, ...], Severity], ...] = (
        ("question_id", "questions", ("answers", "comments"), "record"),
        ("answer_id", "answers", ("comments",), "record"),
        ("parent_answer_id", "answers", ("answers",), "cell"),
        ("author_id", "authors", RECORDS, "cell"),
    )
    for column, target, tables, severity in hangs:
        standing = batch.standing_keys(target) if batch.lost[target] else []
        for table in tables if batch.lost[target] else ():
            what = "the record hangs on it" if severity == "record" else "the reference is left out"
            reason = f"the {column.removesuffix('_id').replace('_', ' ')} was refused, and {what}"
            found = _hanging(batch, table, ~pl.col(column).is_in(standing), column, reason, severity)
            batch.refuse(found)
            if severity == "cell":
                batch.frames[table] = _with_nulls(batch.frames[table], found)


def _hanging(batch: Checked, table: str, dangles: pl.Expr, column: str, reason: str, severity: Severity) -> list[Refusal]:
    """Refuse the rows of a table that are still there and whose `column` dangles."""
    rows = (
        batch.frames[table]
        .with_row_index("_at")
        .filter(dangles, pl.col(column).is_not_null(), ~pl.col("_at").is_in(sorted(batch.lost[table])))
    )
    return [
        Refusal(table, at, column, "link", value, f"{column}: {reason}", severity)
        for at, value in rows.select("_at", column).iter_rows()
    ]


# -- the ledger of refusals -----------------------------------------------------------------------------------------------


def _reject_frame(refused: Sequence[Refusal], before: Mapping[str, pl.DataFrame], scrapes: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of `rejects`: each refusal with its record as it was before the batch was validated."""
    sources = dict(scrapes.select("scrape_id", "source").iter_rows())
    scrape_at = {source: scrape for scrape, source in reversed(sources.items())}
    rows = []
    for refusal in refused:
        row = before[refusal.table].row(refusal.index, named=True)
        source = row.get("source") or row.get("_source")
        scrape = row.get("scrape_id")
        if scrape not in sources:  # an author has no scrape of its own
            scrape = scrape_at.get(source, next(iter(sources), None))
        shown = orjson.dumps({name: cell for name, cell in row.items() if not name.startswith("_")}).decode()
        rows.append(
            {
                "scrape_id": scrape, "source": source or sources.get(scrape, "unknown"), "table_name": refusal.table,
                "record_id": next(iter(row.values())) or None, "column_name": refusal.column, "check_name": refusal.check,
                "value": refusal.value and refusal.value[:MAX_VALUE], "reason": refusal.reason, "severity": refusal.severity,
                "row": shown[:MAX_ROW],
            }
        )  # fmt: skip
    return pl.DataFrame(rows, schema=polars_schema("rejects"))
