"""Parquet: a row a page, whatever the types, however large the row groups, and what is broken."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flows.read import bounds, parquet, pieces
from flows.read.batches import plan_batches, read_batch
from flows.read.files import MAX_PAGE_BYTES
from flows.read.inputs import find_inputs
from flows.records import Page, Unreadable
from tests.conftest import Clean, table, write_files

MAY = datetime(2024, 5, 1, tzinfo=UTC)


def packed(columns: dict[str, Any], **options: Any) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink, **options)
    return sink.getvalue()


def read_all(content: bytes, toml: str = "", name: str = "a.parquet") -> list[Page | Unreadable]:
    with TemporaryDirectory() as folder:
        raw = write_files(Path(folder) / "raw", {name: content, **({"source.toml": toml} if toml else {})})
        spool = Path(folder) / "spool"
        return [page for batch in plan_batches(find_inputs(raw), raw, spool) for page in read_batch(batch)]


def told(found: list[Page | Unreadable]) -> list[str]:
    return [page.text if isinstance(page, Page) else page.check for page in found]


def test_a_row_is_a_page_with_what_its_columns_say() -> None:
    columns = {
        "id": [7], "url": ["https://a.example/7"], "raw_content": ["Zwölf Tage."], "title": ["T"], "lang": ["de"],
        "crawled_at": pa.array([MAY], pa.timestamp("us", "UTC")), "embedding": [[0.5, 0.25]],
    }  # fmt: skip
    (page,) = read_all(packed(columns))
    assert isinstance(page, Page)
    assert (page.source, page.locator, page.format, page.text) == ("a.parquet#7", "7", "parquet", "Zwölf Tage.")
    assert (page.url, page.title, page.language, page.fetched_at) == ("https://a.example/7", "T", "de", MAY)


@pytest.mark.parametrize(
    "kind", [pa.string(), pa.large_string(), pa.binary(), pa.large_binary(), pa.dictionary(pa.int32(), pa.string())], ids=str
)
def test_text_is_read_from_any_type_that_holds_it(kind: pa.DataType) -> None:
    texts = pa.array(["Zwölf", None, " ", "b"], pa.string()).cast(kind)
    assert told(read_all(packed({"text": texts}))) == ["Zwölf", "no-text", "no-text", "b"]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (pa.array([1714521600], pa.int64()), MAY),
        (pa.array([1714521600000], pa.int64()), MAY),
        (pa.array([MAY.replace(tzinfo=None)], pa.timestamp("ms")), MAY),
        (pa.array([MAY.date()], pa.date32()), MAY),
        (pa.array(["2024-05-01T02:00:00+02:00"]), MAY),
        (pa.array([1714521600.0], pa.float64()), MAY),
        (pa.array([1714521600000000000], pa.int64()).cast(pa.timestamp("ns")), MAY),
        (pa.array([1714521600000000001], pa.int64()).cast(pa.timestamp("ns", "UTC")), MAY),  # Python counts no nanoseconds
        (pa.array([2**62], pa.int64()).cast(pa.timestamp("us")), None),  # a year that Python does not count to
    ],
    ids=str,
)
def test_the_time_is_read_from_any_type(values: pa.Array, expected: datetime | None) -> None:
    (page,) = read_all(packed({"text": ["x"], "timestamp": values}))
    assert isinstance(page, Page)
    assert page.fetched_at == expected
    assert [blemish.column for blemish in page.blemishes] == ([] if expected else ["fetched_at"])


def test_a_number_that_pandas_left_out_is_no_time_and_no_id() -> None:
    columns = {"text": ["x", "y"], "timestamp": pa.array([float("nan"), 1714521600.0]), "id": pa.array([float("nan"), 2.0])}
    first, second = read_all(packed(columns))
    assert isinstance(first, Page)
    assert isinstance(second, Page)
    assert (first.locator, first.fetched_at, first.blemishes) == (None, None, ())
    assert (second.locator, second.fetched_at, second.blemishes) == ("2.0", MAY, ())


def test_html_is_read_as_a_page_in_the_encoding_of_its_bytes() -> None:
    html = '<meta charset="windows-1251"><title>T</title><p>Жюль Д'.encode("cp1251")
    (page,) = read_all(packed({"html": [html]}))
    assert isinstance(page, Page)
    assert (page.format, page.text, page.title, page.encoding) == ("parquet", "T\n\nЖюль Д", "T", "cp1251")


def test_columns_are_named_by_the_folder() -> None:
    toml = '[columns]\ntext = "said"\nid = "n"\n'
    found = read_all(packed({"text": ["not this"], "said": ["this"], "n": ["x1"]}), toml)
    assert [(page.source, page.text) for page in found if isinstance(page, Page)] == [("a.parquet#x1", "this")]


def test_strings_that_are_no_utf8_are_read() -> None:
    broken = pa.array([b"caf\xe9 noir", b"sound"], pa.binary()).view(pa.string())
    assert told(read_all(packed({"text": broken}))) == ["café noir", "sound"]


@pytest.mark.parametrize("size", [1, 400, 3_000, 1 << 24])
@pytest.mark.parametrize("group", [1, 7, 1000])
def test_any_cutting_gives_the_same_rows_once_and_in_order(size: int, group: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "BATCH_BYTES", size)
    monkeypatch.setattr(parquet, "ROWS", 5)
    found = read_all(packed({"text": [f"page {n}" for n in range(60)]}, row_group_size=group))
    assert told(found) == [f"page {n}" for n in range(60)]
    assert [page.source for page in found] == [f"a.parquet#@{n}" for n in range(60)]


@pytest.mark.parametrize(
    ("content", "check"),
    [
        (b"", "parquet"),
        (b"PAR1", "parquet"),
        (b"hello" * 50, "parquet"),
        (packed({"text": ["x"]})[:-9], "parquet"),
        (packed({"said": ["x"]}), "no-columns"),
        (packed({"text": [["nested"]]}), "no-columns"),
        (packed({"text": pa.array([], pa.string())}), "empty"),
        (b"\x1f\x8b\x08" + b"x" * 50, "parquet-compressed"),
    ],
)
def test_what_cannot_be_read_is_refused_once(content: bytes, check: str) -> None:
    assert told(read_all(content)) == [check]


def test_a_row_beyond_the_limit_is_refused_and_its_neighbours_read() -> None:
    assert told(read_all(packed({"text": ["a", "x" * (MAX_PAGE_BYTES + 1), "b"]}))) == ["a", "too-large", "b"]


def test_a_broken_row_group_costs_its_own_rows() -> None:
    content = bytearray(packed({"text": [f"page {n} " * 50 for n in range(9)]}, row_group_size=3, compression="zstd"))
    start = pq.ParquetFile(io.BytesIO(bytes(content))).metadata.row_group(1).column(0).data_page_offset
    content[start : start + 40] = b"\xff" * 40
    found = read_all(bytes(content))
    assert sum(isinstance(page, Page) for page in found) == 6
    assert [(page.check, page.source) for page in found if isinstance(page, Unreadable)] == [("parquet", "a.parquet#@3")]


def test_a_bomb_is_refused() -> None:
    blank = pa.array([" " * (4 << 20)] * 20)
    content = packed({"text": blank}, compression="zstd", use_dictionary=False)
    assert len(content) < 1 << 20
    assert told(read_all(content)) == ["bomb"]


def test_one_value_of_many_rows_is_read_as_far_as_pages_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "MAX_UNPACKED", 1 << 20)
    shared = pa.DictionaryArray.from_arrays(pa.array([0] * 1000, pa.int32()), pa.array(["x" * (1 << 16)]))
    found = told(read_all(packed({"text": shared})))
    assert found[-1] == "bomb"
    assert len(found) < 50
    monkeypatch.setattr(parquet, "BATCH_BYTES", 1000)
    monkeypatch.setattr(parquet, "MAX_RATIO", 1000)
    monkeypatch.setattr(bounds, "MIN_UNPACKED", 1 << 20)
    assert told(read_all(packed({"text": shared})))[-1] == "bomb"


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_mutated_files_never_crash(data: st.DataObject) -> None:
    content = bytearray(packed({"text": [f"page {n}" for n in range(9)], "url": ["u"] * 9}, row_group_size=4))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
    for page in read_all(bytes(content)):
        assert page.source.startswith("a.parquet")


def test_clean_publishes_the_rows(tmp_path: Path, clean: Clean) -> None:
    raw = write_files(tmp_path / "raw", {"a.parquet": packed({"text": ["Why?", "x"], "url": ["https://a.example/1", None]})})
    assert clean(raw, tmp_path / "processed").code == 0
    scrapes = table(tmp_path / "processed", "scrapes").sort("source")
    assert scrapes.select("source", "format", "site").rows() == [
        ("a.parquet#@0", "parquet", "a.example"),
        ("a.parquet#@1", "parquet", None),
    ]


def test_the_batch_size_is_the_one_of_all_forms() -> None:
    assert parquet.BATCH_BYTES == pieces.BATCH_BYTES
