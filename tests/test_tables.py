"""The one reader of published tables: the present contract's columns, whatever contract a part was written by."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from flows.publish.tables import read_part, scan_table, table_files
from schemas import polars_schema

ID = "0" * 32


def write_part(snapshot: Path, table: str, name: str, /, **columns: list[object]) -> Path:
    file = snapshot / table / name
    file.parent.mkdir(parents=True, exist_ok=True)
    pl.DataFrame(columns).write_parquet(file)
    return file


def test_parts_are_read_in_order_of_their_names_where_the_path_looks_like_a_pattern(tmp_path: Path) -> None:
    snapshot = tmp_path / "a[1]*?" / "site=x"
    for name, text in (("part-2.parquet", "two"), ("part-1.parquet", "one")):
        write_part(snapshot, "texts", name, scrape_id=[ID], text=[text])
    assert [file.name for file in table_files(snapshot, "texts")] == ["part-1.parquet", "part-2.parquet"]
    assert scan_table(snapshot, "texts").collect()["text"].to_list() == ["one", "two"]


def test_a_column_that_a_part_lacks_is_null_and_typed_and_one_that_nobody_knows_is_left_out(tmp_path: Path) -> None:
    rows = read_part(write_part(tmp_path, "questions", "a.parquet", question_id=[ID], votes=[7], colour=["red"]), "questions")
    assert dict(rows.schema) == polars_schema("questions")
    assert rows.select("question_id", "votes", "title").row(0) == (ID, 7, None)


def test_a_part_without_rows_has_the_columns_all_the_same(tmp_path: Path) -> None:
    rows = read_part(write_part(tmp_path, "texts", "a.parquet", text=[]), "texts")
    assert (rows.height, dict(rows.schema)) == (0, polars_schema("texts"))


def test_a_table_that_an_older_contract_lacked_has_no_rows_and_another_one_without_a_file_is_a_fault(tmp_path: Path) -> None:
    aliases = scan_table(tmp_path, "author_aliases").collect()
    assert (aliases.height, dict(aliases.schema)) == (0, polars_schema("author_aliases"))
    with pytest.raises(FileNotFoundError, match="the table answers has no file"):
        scan_table(tmp_path, "answers")


def test_columns_that_were_renamed_have_their_present_names(tmp_path: Path) -> None:
    spans = read_part(write_part(tmp_path, "spans", "a.parquet", scrape_id=[ID], start=[0], end=[7]), "spans")
    assert spans.select("start_offset", "end_offset").row(0) == (0, 7)
    old = {"table": ["answers"], "column": ["votes"], "check": ["int32"], "start": [3], "end": [4]}
    rejects = read_part(write_part(tmp_path, "rejects", "a.parquet", **old), "rejects")
    now = ("table_name", "column_name", "check_name", "start_offset", "end_offset")
    assert rejects.select(now).row(0) == ("answers", "votes", "int32", 3, 4)


def test_the_site_of_an_answer_is_that_of_its_question_where_the_answers_do_not_say_it(tmp_path: Path) -> None:
    other = "1" * 32
    write_part(tmp_path, "questions", "a.parquet", question_id=[ID, other], site=["a.example", None])
    write_part(tmp_path, "answers", "a.parquet", answer_id=["2" * 32, "3" * 32], question_id=[other, ID])
    assert scan_table(tmp_path, "answers").select("question_id", "site", "url").collect().rows() == [
        (other, None, None), (ID, "a.example", None),
    ]  # fmt: skip
