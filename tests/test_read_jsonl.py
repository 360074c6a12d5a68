"""JSON lines and compressed files: each record once, in order, however the file is cut or packed."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.read import batches, files, jsonl
from flows.read.batches import plan_batches, read_batch
from flows.read.fields import KEYS
from flows.read.inputs import Provenance, find_inputs
from flows.read.jsonl import read_record
from flows.records import Page, Unreadable
from tests.conftest import write_files

Read = list[Page | Unreadable]


def read_all(raw: Path, spool: Path) -> Read:
    planned = list(plan_batches(find_inputs(raw), raw, spool))
    assert [batch.number for batch in planned] == list(range(len(planned)))
    return [page for batch in planned for page in read_batch(batch)]


def read_one(content: bytes, name: str = "a.jsonl") -> Read:
    with TemporaryDirectory() as folder:
        return read_all(write_files(Path(folder) / "raw", {name: content}), Path(folder) / "spool")


def record(**values: Any) -> Page | Unreadable:
    return read_record(json.dumps(values).encode() + b"\n", "a.jsonl", 0, Provenance())


def page(**values: Any) -> Page:
    found = record(**values)
    assert isinstance(found, Page)
    return found


def gzip_members(data: bytes) -> bytes:
    half = len(data) // 2
    return gzip.compress(data[:half], mtime=0) + gzip.compress(data[half:], mtime=0)


def zstd_frames(data: bytes) -> bytes:
    half, pack = len(data) // 2, zstandard.ZstdCompressor().compress
    return pack(data[:half]) + pack(data[half:])


PACKINGS: dict[str, Callable[[bytes], bytes]] = {
    "a.jsonl": bytes,
    "a.jsonl.gz": gzip_members,
    "a.jsonl.zst": zstd_frames,
    "misnamed.jsonl": gzip_members,
    "misnamed.jsonl.gz": zstd_frames,
    "a.ndjson": zstd_frames,
}


@pytest.mark.parametrize("name", PACKINGS)
@pytest.mark.parametrize(
    ("content", "texts"),
    [
        (b'{"text":"a"}\n{"text":"b"}\n', ["a", "b"]),
        (b'{"text":"a"}\n{"text":"b"}', ["a", "b"]),
        (b'{"text":"a"}\r\n{"text":"b"}\r\n', ["a", "b"]),
        (b'\n\n{"text":"a"}\n \t \n{"text":"b"}\n\n', ["a", "b"]),
        (b'\xef\xbb\xbf{"text":"a"}\n{"text":"b"}\n', ["a", "b"]),
        (b'{"text":"a"}\n{"text": broken\n{"text":"b"}\n', ["a", "json", "b"]),
        (b'{"text":"a"}\n[1]\n"x"\n7\n{"text":"b"}', ["a", "json", "json", "json", "b"]),
        (b'{"text":"a"}\n{"url":"https://example.org"}\n{"text":" "}\n', ["a", "no-text", "no-text"]),
        (b'{"text":"a\xff"}\n', ["a\ufffd"]),
        (b'{"text":"a\\ud800b","title":"\\udfff"}\n', ["a\ufffdb"]),
        (b'{"text":"a","score":NaN}\n', ["a"]),
        (b'{"text":"a\nb"}\n', ["json", "json"]),
        (b"", ["empty"]),
        (b"\n \r\n\n", ["empty"]),
        (b"[" * 50_000 + b"\n", ["json"]),
        ("{}".encode("utf-16") * 20, ["encoding"]),
        (bytes(range(256)) * 40, ["binary"]),
    ],
)
def test_each_line_gives_a_page_or_a_reason(name: str, content: bytes, texts: list[str]) -> None:
    found = read_one(PACKINGS[name](content), name)
    assert [page.text if isinstance(page, Page) else page.check for page in found] == texts
    assert {page.format for page in found} == {"jsonl"}


LINES = st.lists(
    st.sampled_from(
        [b"", b" ", b"{", b'{"text":"x"}', b'{"id":7,"text":"longer \xc3\xa9 text"}', b'{"html":"<p>h</p>"}', b"\r"]
    )
)


@settings(max_examples=120, deadline=None)
@given(lines=LINES, ending=st.sampled_from([b"", b"\n"]), size=st.integers(1, 90), name=st.sampled_from(list(PACKINGS)))
def test_any_cutting_and_packing_gives_the_same_records_once_and_in_order(
    lines: list[bytes], ending: bytes, size: int, name: str
) -> None:
    content = b"\n".join(lines) + ending
    whole = read_one(content)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(batches, "BATCH_BYTES", size)
        cut = read_one(PACKINGS[name](content), name)
    if {page.check for page in whole if isinstance(page, Unreadable)} == {"empty"}:
        return  # blank lines alone: told once, or not at all where no range can know
    assert [told(page) for page in cut] == [told(page) for page in whole]


def told(page: Page | Unreadable) -> tuple[Any, ...]:
    content = page.text if isinstance(page, Page) else page.check
    return page.source.split("#")[1], page.digest, page.bytes, content


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz", "a.jsonl.zst"])
def test_a_line_beyond_the_limit_is_refused_and_its_neighbours_read(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (batches, files, jsonl):
        monkeypatch.setattr(module, "MAX_PAGE_BYTES", 50)
    long = json.dumps({"text": "x" * 80}).encode()
    found = read_one(PACKINGS[name](b'{"text":"a"}\n' + long + b'\n{"text":"b"}\n' + long), name)
    assert [page.text if isinstance(page, Page) else page.check for page in found] == ["a", "too-large", "b", "too-large"]
    assert [page.source.split("#")[1] for page in found] == ["@0", "@13", "@106", "@119"]


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.ZstdCompressor().compress], ids=["gzip", "zstd"])
@pytest.mark.parametrize("name", ["a.jsonl", "a.txt", "a.html"])
def test_a_compressed_file_that_breaks_off_is_refused(pack: Callable[[bytes], bytes], name: str) -> None:
    content = "".join(json.dumps({"text": f"line {number * 7919}"}) + "\n" for number in range(9000)).encode()
    found = read_one(pack(content)[:-20], name)
    refused = [page for page in found if isinstance(page, Unreadable)]
    assert [page.check for page in refused] == ["compression"]
    assert len(found) > 1000 or not name.endswith(".jsonl"), "the lines before the break are read"


def test_what_a_record_says_of_itself_is_read_from_any_of_the_usual_keys() -> None:
    read = page(
        raw_content="text", uri="https://example.org/7", site="example.org", title="T", lang="de", crawled_at=1714521600
    )
    assert (read.text, read.url, read.site, read.title, read.language) == (
        "text",
        "https://example.org/7",
        "example.org",
        "T",
        "de",
    )
    assert read.fetched_at == datetime(2024, 5, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("identity", "locator"),
    [(7, "7"), ("x/1", "x/1"), (2**70, str(2.0**70)), (0, "0"), ("", None), (None, None), ([1], None), ("\ud800", "\ufffd")],
)
def test_an_id_of_any_kind_names_the_record(identity: object, locator: str | None) -> None:
    read = page(id=identity, text="x")
    assert (read.locator, read.source) == (locator, f"a.jsonl#{locator or '@0'}")


def test_a_record_of_html_is_read_as_a_page_and_text_goes_before_html() -> None:
    html = page(id=1, html="<title>T</title><p>a\ud800b</p>")
    assert (html.format, html.text, html.title, html.locator, html.replacement_count) == ("html", "T\n\na\ufffdb", "T", "1", 1)
    assert page(text="t", html="<p>h").text == "t"


def test_a_record_of_html_without_text_is_refused_under_its_own_name() -> None:
    refused = record(id=5, html="<script>x</script>")
    assert isinstance(refused, Unreadable)
    assert (refused.check, refused.source) == ("empty", "a.jsonl#5")


def test_a_bad_time_costs_the_time_alone() -> None:
    read = page(text="x", timestamp="yesterday \udfff")
    assert read.fetched_at is None
    assert [(blemish.column, blemish.check, blemish.value) for blemish in read.blemishes] == [
        ("fetched_at", "time", "yesterday \ufffd")
    ]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from([10**400, -(10**19), 1714557600]) | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
FIELDS = sorted({name for names in KEYS.values() for name in names})


@given(st.dictionaries(st.sampled_from(FIELDS), JSON), st.sampled_from(["", "x", "<p>x</p>"]))
def test_a_field_of_any_type_gives_a_page_or_a_refusal(fields: dict[str, Any], text: str) -> None:
    read = record(**fields, **({} if {"text", "html"} & fields.keys() else {"text": text}))
    assert isinstance(read, Page | Unreadable)
    assert read.source.startswith("a.jsonl#")
    if isinstance(read, Page):
        assert all(value is None or isinstance(value, str) for value in (read.url, read.site, read.title, read.language))
        assert read.fetched_at is None or read.fetched_at.tzinfo is UTC
    else:
        assert read.check in {"no-text", "empty"}


@pytest.mark.parametrize("key", KEYS["timestamp"])
@pytest.mark.parametrize("told", [1714521600, 1714521600.0, "1714521600", 1714521600000, 1714521600000000, 1714521600 * 10**9])
def test_a_count_since_1970_in_any_unit_is_read_as_the_time_of_the_fetch(key: str, told: object) -> None:
    read = page(text="x", **{key: told})
    assert (read.fetched_at, read.blemishes) == (datetime(2024, 5, 1, tzinfo=UTC), ())


def test_an_address_that_stands_beside_the_file_is_not_given_to_each_of_its_records(tmp_path: Path) -> None:
    toml = 'site = "example.org"\nurl = "https://example.org/{stem}"\n'
    raw = write_files(tmp_path / "raw", {"source.toml": toml, "a.jsonl": b'{"text":"a"}\n{"text":"b"}\n'})
    assert [(p.url, p.site) for p in read_all(raw, tmp_path) if isinstance(p, Page)] == [(None, "example.org")] * 2


@pytest.mark.parametrize(
    "start",
    [
        "<!DOCTYPE html>",
        "\n\n<HTML lang=en>",
        "<?xml version='1.0'?>\n<!doctype html>",
        "<!-- saved -->\n<html>",
        "<body class=x>",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_html_is_known_by_its_start_whatever_the_file_is_called(start: str, encoding: str) -> None:
    (read,) = read_one(f"{start}<p>a <b>b</b></p>".encode(encoding), "a.txt")
    assert isinstance(read, Page)
    assert (read.format, read.text) == ("html", "a b")


def test_text_that_talks_of_html_stays_text() -> None:
    (read,) = read_one(b"<header> or <html>? I never know.", "a.txt")
    assert read.format == "txt"


@pytest.mark.parametrize("name", ["a.txt", "a.txt.gz", "a.txt.zst"])
@pytest.mark.parametrize("pack", [bytes, gzip_members, zstd_frames])
def test_a_page_reads_the_same_however_it_is_packed(name: str, pack: Callable[[bytes], bytes]) -> None:
    text = "Zwölf Tage,\r\nsagt sie. " * 500
    (read,) = read_one(pack(text.encode()), name)
    if pack is bytes and name != "a.txt":
        assert isinstance(read, Unreadable)  # a name that promises packing, and does not keep it, may have lost its beginning
        assert read.check == "not-compressed"
        return
    assert isinstance(read, Page)
    assert (read.text, read.bytes) == (text, len(text.encode()))


@pytest.mark.parametrize(
    "text",
    [
        '[{"text": "a"}, {"text": "b"}]',
        '\ufeff[\n {"text": "a"},\n {"text": "b"}\n]',
        '{"meta": {"tags": [{"name": "x"}]}, "threads": [{"text": "a"}, {"text": "b"}]}',
        '{\n "data": {"items": [{"html": "<p>a"}, {"text": "b"}]}\n}\n',
    ],
)
def test_the_records_of_a_json_document_are_read_as_lines_are(text: str) -> None:
    assert [page.text for page in read_one(text.encode(), "a.json") if isinstance(page, Page)] == ["a", "b"]


def test_an_object_by_itself_is_one_record_and_its_neighbours_in_a_list_are_unharmed() -> None:
    (page,) = read_one(b'{\n "id": "q7",\n "text": "a",\n "comments": [{"text": "b"}]\n}\n', "a.json")
    assert isinstance(page, Page)
    assert (page.text, page.source) == ("a", "a.json#q7")
    first, refused, last = read_one(b'[{"text": "a"}, 7, {"text": "\\ud800b"}]', "a.json")
    assert isinstance(first, Page)
    assert isinstance(refused, Unreadable)
    assert isinstance(last, Page)
    assert (first.text, refused.check, last.text) == ("a", "json", "\ufffdb")


def test_lines_in_a_file_named_json_are_lines() -> None:
    assert [page.source for page in read_one(b'{"text": "a"}\n{"text": "b"}\n', "a.json")] == ["a.json#@0", "a.json#@14"]


@pytest.mark.parametrize("text", ['[{"text": "a"', '{\n  "text": \n}\n', "\ufeff [\n1]", "[" * 100_000])
def test_a_json_document_without_records_is_refused_once_and_not_line_by_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.json").write_text(text, "utf-8")
    (batch,) = plan_batches(find_inputs(tmp_path), tmp_path, tmp_path / "spool")
    (refused,) = read_batch(batch)
    assert isinstance(refused, Unreadable)
    assert refused.check == "json-document"


def test_the_keys_may_be_mapped_by_the_folder(tmp_path: Path) -> None:
    toml = '[columns]\ntext = "said"\nurl = "page"\nid = "number"\n'
    line = b'{"said":"a","text":"not this","page":"https://example.org/1","number":4}\n'
    raw = write_files(tmp_path / "raw", {"source.toml": toml, "a.jsonl": line})
    (read,) = read_all(raw, tmp_path)
    assert isinstance(read, Page)
    assert (read.text, read.url, read.locator) == ("a", "https://example.org/1", "4")
