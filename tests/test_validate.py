"""The narrowest refusal: what goes, what stays, and that nothing goes in silence."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import Any

import pandera.errors
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.authors.resolve import author_key
from flows.batches import _columns
from flows.conservation import _find_lost_words, _is_plainly_whole, find_loss
from flows.pipeline import split_page
from flows.records import Claim, Page, Thread
from flows.rows import Rows
from flows.rules import read_rules
from flows.strip.repair import repair_span
from flows.strip.residue import RULES, find_residue
from flows.validate import RESIDUE_SIGNS, validate_batch
from schemas import TABLES, is_sound, polars_schema

BODY = "The joint is held by a spring that loses its force after some years of daily use."
TEXT = f"My toaster clicks.\n\n{BODY}\n\nAda Brandt, PhD\n{BODY} Twice.\n\nBela Quist, PhD\n"


def page_of(text: str = TEXT, source: str = "t.txt", url: str | None = "https://a.example/q/1") -> Page:
    return Page(source=source, format="txt", text=text, bytes=len(text), digest=f"{abs(hash(text)):032x}"[:32], url=url)


def staged(*pages: Page) -> dict[str, dict[str, Any]]:
    rows = Rows(_columns(), author_key)
    for page in pages or (page_of(),):
        rows.add_page(page, split_page(page))
    return {table: {name: list(cells) for name, cells in columns.items()} for table, columns in rows.tables.items()}


def spoil(tables: dict[str, dict[str, Any]], table: str, column: str, value: Any, row: int = 0) -> dict[str, pl.DataFrame]:
    tables[table][column][row] = value
    return validate_batch(tables, find_residue)


def refusals(frames: dict[str, pl.DataFrame]) -> list[tuple[str, str | None, str]]:
    return [(row["table_name"], row["column_name"], row["severity"]) for row in frames["rejects"].to_dicts()]


def test_a_sound_batch_passes_whole() -> None:
    frames = validate_batch(staged(), find_residue)
    assert {table: frame.height for table, frame in frames.items() if frame.height} == {
        "scrapes": 1, "texts": 1, "spans": frames["spans"].height, "questions": 1, "answers": 2, "authors": 2,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("questions", "url", "ftp://a.example"),
        ("answers", "headline", ""),
        ("answers", "votes", 2**40),
        ("authors", "rating", 7.0),
    ],
)
def test_a_bad_optional_cell_becomes_null_and_is_logged(table: str, column: str, value: Any) -> None:
    frames = spoil(staged(), table, column, value)
    assert frames[table][column][0] is None
    (refused,) = frames["rejects"].to_dicts()
    assert (refused["table_name"], refused["column_name"], refused["severity"]) == (table, column, "cell")
    assert (refused["value"] or "") == str(value)
    assert refused["reason"].startswith(column)
    assert refused["row"]


def test_a_bad_answer_goes_alone() -> None:
    frames = spoil(staged(), "answers", "answer_id", "not-an-id")
    assert (frames["questions"].height, frames["answers"].height, frames["authors"].height) == (1, 1, 2)
    assert refusals(frames) == [("answers", "answer_id", "record")]


def test_a_bad_author_leaves_the_answers_with_their_byline() -> None:
    frames = spoil(staged(), "authors", "author_id", "nobody")
    assert frames["answers"]["author_id"].to_list().count(None) == 1
    assert frames["answers"]["byline"].null_count() == 0
    assert sorted(refusals(frames)) == [("answers", "author_id", "cell"), ("authors", "author_id", "record")]


def test_a_bad_question_takes_its_answers_along_and_no_other() -> None:
    other = page_of(TEXT.replace("toaster", "kettle"), "u.txt", "https://a.example/q/2")
    frames = spoil(staged(page_of(), other), "questions", "confidence", 3.0)
    assert frames["questions"]["url"].to_list() == ["https://a.example/q/2"]
    assert frames["answers"].height == 2
    assert sorted(refusals(frames), key=str) == [("answers", "question_id", "record")] * 2 + [
        ("questions", "confidence", "record")
    ]


def test_residue_that_no_rule_marks_as_the_authors_own_refuses_the_record() -> None:
    frames = spoil(staged(), "answers", "body", f"{BODY} {{{{ user.name }}}}")
    assert (frames["answers"].height, refusals(frames)) == (1, [("answers", "body", "record")])
    assert frames["rejects"]["value"].to_list() == ["{{ user.name }}"]


def test_no_row_vanishes() -> None:
    tables = staged()
    before = {table: len(columns["scrape_id"]) for table, columns in tables.items() if "scrape_id" in columns}
    tables["answers"]["answer_id"][0] = None
    tables["answers"]["confidence"][1] = -1.0
    frames = validate_batch(tables, find_residue)
    refused = frames["rejects"].filter(pl.col("severity") == "record")["table_name"].to_list()
    assert frames["answers"].height + refused.count("answers") == before["answers"]


def planted(change: str) -> Thread:
    found = split_page(page_of())
    assert isinstance(found, Thread)
    claims = found.claims
    if change == "gap":
        found.claims = claims[:1] + claims[2:]
    elif change == "overlap":
        found.claims = [*claims[:-1], claims[-1]._replace(start=claims[-1].start - 3)]
    elif change == "short":
        found.claims = claims[:-1]
    elif change == "word":
        found.answers[0].body = str(found.answers[0].body).replace(" spring", "")
    elif change == "moved":
        found.answers[0].body, found.answers[1].body = found.answers[1].body, found.answers[0].body
    elif change == "unpublished":
        found.answers[0].byline = None
    elif change == "no rule":
        found.claims = [Claim(0, len(TEXT), "chrome", "")]
    return found


@pytest.mark.parametrize("change", ["gap", "overlap", "short", "word", "moved", "unpublished", "no rule"])
def test_each_kind_of_loss_is_found(change: str) -> None:
    assert find_loss(page_of(), planted("nothing"), repair_span) is None
    assert find_loss(page_of(), planted(change), repair_span) is not None


@pytest.mark.parametrize("change", ["nothing", "word", "moved", "unpublished"])
def test_the_quick_look_says_whole_only_where_the_close_one_finds_nothing(change: str) -> None:
    found = planted(change)
    lost = _find_lost_words(page_of(), found, repair_span)
    assert (lost is None) == (change == "nothing") == _is_plainly_whole(TEXT, found)


def test_words_that_wander_from_one_field_to_the_next_are_found_in_a_page_with_odd_spaces() -> None:
    text = TEXT.replace("a spring", "a\u00a0 spring")
    found = split_page(page_of(text))
    assert isinstance(found, Thread)
    assert _is_plainly_whole(text, found)
    first, second = found.answers
    assert first.body is not None
    assert first.byline is not None
    first.body += " Ada"
    first.byline = first.byline._replace(printed=first.byline.printed.removeprefix("Ada "))
    assert not _is_plainly_whole(text, found)
    assert find_loss(page_of(text), found, repair_span) is not None
    assert second.body is not None


def test_a_ledger_that_cannot_stand_rejects_its_scrape_whole_and_no_other() -> None:
    other = page_of(TEXT.replace("toaster", "kettle"), "u.txt", "https://a.example/q/2")
    frames = spoil(staged(page_of(), other), "spans", "end_offset", 0)
    rejected = frames["scrapes"].filter(pl.col("verdict") == "rejected")
    assert (frames["scrapes"].height, rejected["source"].to_list()) == (2, ["t.txt"])
    assert frames["questions"]["url"].to_list() == ["https://a.example/q/2"]
    assert frames["texts"].filter(pl.col("text").is_null())["scrape_id"].to_list() == rejected["scrape_id"].to_list()
    assert set(frames["spans"]["scrape_id"]) == set(frames["questions"]["scrape_id"])
    assert ("scrapes", None, "scrape") in refusals(frames)


@pytest.mark.parametrize(
    ("column", "value", "check"), [("votes", 2**40, "int32"), ("votes", "many", "type"), ("body", "\ud800", "utf8")]
)
def test_a_cell_that_no_column_can_hold_is_refused_and_not_a_crash(column: str, value: Any, check: str) -> None:
    frames = spoil(staged(), "answers", column, value)
    assert frames["answers"].height == 2
    assert frames["answers"][column].null_count() >= 1
    assert (check in frames["rejects"]["check_name"].to_list()) is True


def test_all_residue_holds_one_of_the_signs_by_which_it_is_looked_for() -> None:
    for rule in read_rules(RULES / "residue.toml"):
        for example in rule.cuts:
            assert not find_residue(example) or any(sign in example for sign in RESIDUE_SIGNS), example
        assert all(any(sign in opener for sign in RESIDUE_SIGNS) for opener in rule.open), rule.id


# -- the models' checks as one expression ---------------------------------------------------------------------------------

CELLS: dict[Any, list[Any]] = {
    pl.String: ["", "a", "0" * 32, "0" * 31 + "G", "0" * 32 + "\n", "https://a.example", "ok", "cell", "scrape", "answers"],
    pl.Int32: [-1, 0, 1, 2**31 - 1],
    pl.Int64: [-1, 0, 1],
    pl.Float64: [-0.1, 0.0, 1.0, 1.1, 5.0, float("nan"), float("inf")],
    pl.Boolean: [True, False],
    pl.Datetime: [datetime(2026, 3, 2, tzinfo=UTC)],
    pl.List: [[], ["MD"]],
}


def passes_model(table: str, frame: pl.DataFrame) -> bool:
    try:
        TABLES[table].validate(frame, lazy=True)
    except pandera.errors.SchemaErrors:
        return False
    return True


def sound_row(table: str) -> dict[str, Any]:
    """A row that its model takes: of each column the first cell with which a frame of it alone is sound."""
    return dict(_sound_cells(table))


@cache
def _sound_cells(table: str) -> tuple[tuple[str, Any], ...]:
    cells = {name: [None, *CELLS[kind.base_type()]] for name, kind in polars_schema(table).items()}
    return tuple((name, next(value for value in values if not fails(table, name, value))) for name, values in cells.items())


def fails(table: str, name: str, value: Any) -> bool:
    column = TABLES[table].to_schema().columns[name]
    try:
        column.validate(pl.DataFrame({name: [value]}, schema={name: polars_schema(table)[name]}), lazy=True)
    except pandera.errors.SchemaErrors:
        return True
    return False


@pytest.mark.parametrize("table", TABLES)
@given(data=st.data())
def test_the_expression_and_the_model_agree(table: str, data: st.DataObject) -> None:
    row = sound_row(table)
    assert is_sound(table, pl.DataFrame([row], schema=polars_schema(table)))
    for name in data.draw(st.lists(st.sampled_from([*row]), max_size=3, unique=True)):
        row[name] = data.draw(st.sampled_from([None, *CELLS[polars_schema(table)[name].base_type()]]), label=name)
    frame = pl.DataFrame([row, sound_row(table)], schema=polars_schema(table))
    assert is_sound(table, frame) == passes_model(table, frame)


def test_a_frame_of_other_columns_is_not_sound() -> None:
    frame = pl.DataFrame([sound_row("texts")], schema=polars_schema("texts"))
    assert not is_sound("texts", frame.select("text", "scrape_id"))
    assert not is_sound("texts", frame.with_columns(more=pl.lit(1)))
    assert not is_sound("texts", frame.with_columns(text=pl.lit(1)))
