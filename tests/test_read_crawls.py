"""Crawl archives: what is a page and what is not, any cutting, and what is broken beside what is whole."""

from __future__ import annotations

import gzip
import random
import zlib
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flows.read import bounds, crawls
from flows.read.batches import plan_batches, read_batch
from flows.read.files import MAX_PAGE_BYTES
from flows.read.inputs import find_inputs
from flows.records import Page, Unreadable
from tests.conftest import Clean, table, write_files

CORPUS = Path(__file__).parent.parent.parent / "shared" / "corpus" / "warc"
HTTP = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
HTML = b"<html lang=en><title>Hinge</title><p>Why does it <b>creak</b>?"


def warc(
    number: int, body: bytes = HTML, *, http: bytes = HTTP, kind: str = "response", length: int | None = None,
    uri: str = "https://a.example/t/{}", date: str = "2024-05-01T10:00:00Z", record_id: str | None = "<urn:uuid:0000-{}>",
) -> bytes:  # fmt: skip
    block = http + body
    identity = f"WARC-Record-ID: {record_id.format(number)}\r\n" if record_id else ""
    head = f"WARC/1.0\r\nWARC-Type: {kind}\r\n{identity}WARC-Date: {date}\r\nWARC-Target-URI: {uri.format(number)}\r\n"
    size = len(block) if length is None else length
    return f"{head}Content-Length: {size}\r\n\r\n".encode() + block + b"\r\n\r\n"


def read_all(content: bytes, name: str = "a.warc") -> list[Page | Unreadable]:
    with TemporaryDirectory() as folder:
        raw = write_files(Path(folder) / "raw", {name: content})
        return [page for batch in plan_batches(find_inputs(raw), raw, Path(folder) / "spool") for page in read_batch(batch)]


def told(found: list[Page | Unreadable]) -> list[str]:
    return [f"{page.source.split('#')[-1]} {'page' if isinstance(page, Page) else page.check}" for page in found]


PACKINGS = {
    "a.warc": b"".join,
    "a.warc.gz": lambda records: b"".join(gzip.compress(record, mtime=0) for record in records),
    "whole.warc.gz": lambda records: gzip.compress(b"".join(records), mtime=0),
    "a.warc.zst": lambda records: zstandard.ZstdCompressor().compress(b"".join(records)),
}


@pytest.mark.parametrize("name", PACKINGS)
def test_a_response_is_a_page_with_what_its_record_says(name: str) -> None:
    records = [
        warc(0, b"", http=b"software: x\r\n", kind="warcinfo"),
        warc(1, b"", kind="request"),
        warc(2),
        warc(3, b"", kind="metadata"),
    ]
    (page,) = read_all(PACKINGS[name](records), name)
    assert isinstance(page, Page)
    assert (page.source, page.locator, page.url) == (f"{name}#0000-2", "0000-2", "https://a.example/t/2")
    assert (page.format, page.title, page.language, page.encoding) == ("warc", "Hinge", "en", "utf-8")
    assert page.fetched_at == datetime(2024, 5, 1, 10, tzinfo=UTC)
    assert page.text == "Hinge\n\nWhy does it creak?"
    assert page.bytes == len(HTML)


def test_a_conversion_is_text_in_a_wet_file_and_anywhere_else() -> None:
    record = warc(1, "Zwölf Tage.\nSagt sie.".encode(), http=b"", kind="conversion")
    for name in ("a.wet", "a.warc.wet.gz", "a.warc"):
        (page,) = read_all(gzip.compress(record) if name.endswith("gz") else record, name)
        assert isinstance(page, Page)
        assert (page.format, page.text, page.encoding) == ("wet", "Zwölf Tage.\nSagt sie.", "utf-8")


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (warc(1, http=b"HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\n\r\n"), "http-status"),
        (warc(1, http=b"HTTP/1.1 301 Moved\r\nLocation: /\r\n\r\n", body=b""), "http-status"),
        (warc(1, http=b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n\r\n"), "media-type"),
        (warc(1, body=b"\x89PNG\r\n", http=b"HTTP/1.1 200 OK\r\n\r\n"), "binary"),
        (warc(1, body=b""), "empty"),
        (warc(1, body=b"<script>x</script>"), "empty"),
        (warc(1, http=b"HTTP/1.1 200\nContent-Type: text/html\n\n"), "page"),  # bare line feeds, no reason phrase
        (warc(1, http=b""), "page"),  # a response without its header lines
        (warc(1, date="soon"), "page"),
        (warc(1, uri="<https://a.example/{}>"), "page"),
    ],
)
def test_what_a_server_sent_is_read_or_refused(record: bytes, expected: str) -> None:
    assert told(read_all(record + warc(2))) == [f"0000-1 {expected}", "0000-2 page"]


@pytest.mark.parametrize("kind", ["request", "metadata", "revisit", "warcinfo", "resource"])
def test_what_is_no_page_is_counted_nowhere(kind: str) -> None:
    assert told(read_all(warc(1, kind=kind) + warc(2))) == ["0000-2 page"]
    assert told(read_all(warc(1, kind=kind))) == ["a.warc no-pages"]


def test_a_record_without_an_id_is_named_by_its_place() -> None:
    found = read_all(warc(1) + warc(2, record_id=None, date=""))
    assert told(found) == ["0000-1 page", f"@{len(warc(1))} page"]
    assert isinstance(found[1], Page)
    assert (found[1].locator, found[1].fetched_at, found[1].blemishes) == (None, None, ())


@pytest.mark.parametrize(
    ("content_type", "body", "encoding"),
    [
        ("text/html; charset=windows-1251", "<p>Почему скрипит дверь".encode("cp1251"), "cp1251"),
        ("text/html", '<meta charset="windows-1251"><p>Почему скрипит дверь'.encode("cp1251"), "cp1251"),
        ("text/html", "<p>Où est la clé\xa0?".encode("cp1252"), "windows-1252"),
        ("text/html; charset=latin-1", "<p>Où est la clé".encode(), "utf-8"),  # valid UTF-8 is never by chance
    ],
)
def test_the_encoding_is_the_headers_else_the_pages_own_else_a_guess(content_type: str, body: bytes, encoding: str) -> None:
    (page,) = read_all(warc(1, body, http=f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\n\r\n".encode()))
    assert isinstance(page, Page)
    assert (page.encoding, page.replacement_count) == (encoding, 0)


def chunked(body: bytes) -> bytes:
    return (
        b"".join(b"%x\r\n%s\r\n" % (len(body[at : at + 7]), body[at : at + 7]) for at in range(0, len(body), 7)) + b"0\r\n\r\n"
    )


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ("Content-Encoding: gzip", gzip.compress(HTML)),
        ("Content-Encoding: deflate", zlib.compress(HTML)),
        ("Content-Encoding: deflate", zlib.compress(HTML)[2:-4]),
        ("Content-Encoding: gzip", HTML),  # undone by the crawler already
        ("Content-Encoding: br", HTML),
        ("Content-Encoding: aws-chunked, identity", HTML),
        ("Transfer-Encoding: chunked", chunked(HTML)),
        ("Transfer-Encoding: chunked", HTML),
        ("Transfer-Encoding: chunked", chunked(HTML)[:-5]),
        ("Transfer-Encoding: chunked\r\nContent-Encoding: gzip", chunked(gzip.compress(HTML))),
    ],
)
def test_what_headers_promise_of_the_body_is_tried(headers: str, body: bytes) -> None:
    http = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n{headers}\r\n\r\n".encode()
    (page, neighbour) = read_all(warc(1, body, http=http) + warc(2))
    assert isinstance(page, Page)
    assert page.text == "Hinge\n\nWhy does it creak?"
    assert isinstance(neighbour, Page)


@pytest.mark.parametrize("name", ["whole.warc.gz", "a.warc.zst"])
def test_a_large_record_is_refused_in_a_stream_too(name: str) -> None:
    large = warc(2, b"x" * (MAX_PAGE_BYTES + 1_000_000))
    found = told(read_all(PACKINGS[name]([warc(1), large, warc(3)]), name))
    assert found == ["0000-1 page", "0000-2 too-large", "0000-3 page"]


@pytest.mark.parametrize("name", ["a.warc", "a.warc.gz"])
@pytest.mark.parametrize(
    ("bad", "expected"),
    [
        (warc(2, length=40), "0000-2 record"),  # shorter than it is
        (warc(2, length=len(HTTP + HTML) + 9), "0000-2 record"),  # it reaches into the next one
        (warc(2, length=10**9), "0000-2 too-large"),
        (warc(2, b"x" * (MAX_PAGE_BYTES + 1)), "0000-2 too-large"),
        (warc(2, b"y" * (MAX_PAGE_BYTES + 1000), http=b"", kind="conversion"), "0000-2 too-large"),
    ],
)
def test_a_record_of_a_wrong_length_is_refused_and_its_neighbours_read(name: str, bad: bytes, expected: str) -> None:
    found = told(read_all(PACKINGS[name]([warc(1), bad, warc(3), warc(4)]), name))
    assert found[:2] == ["0000-1 page", expected]
    assert found[-2:] == ["0000-3 page", "0000-4 page"] or "10**9" in expected or found[-1:] == ["0000-4 page"]


def test_garbage_between_and_after_records_costs_no_record() -> None:
    found = read_all(warc(1) + b"\0" * 300 + b"noise\r\n" + warc(2) + b"\0" * 500)
    assert [line for line in told(found) if line.endswith("page")] == ["0000-1 page", "0000-2 page"]
    packed = gzip.compress(warc(1)) + b"\x1f\x8b\x08noise" * 20 + gzip.compress(warc(2)) + b"\0" * 100
    assert [line for line in told(read_all(packed, "a.warc.gz")) if line.endswith("page")] == ["0000-1 page", "0000-2 page"]


def test_a_broken_member_costs_its_own_record() -> None:
    members = [bytearray(gzip.compress(warc(n), mtime=0)) for n in range(4)]
    members[1][60] ^= 0xFF
    found = told(read_all(b"".join(members), "a.warc.gz"))
    assert [line for line in found if line.endswith("page")] == ["0000-0 page", "0000-2 page", "0000-3 page"]
    assert len(found) > 3


@pytest.mark.parametrize("name", PACKINGS)
def test_an_archive_that_breaks_off_gives_what_came_before(name: str) -> None:
    bodies = [HTML + random.Random(n).randbytes(300).hex().encode() for n in range(5)]  # noqa: S311 -- hard to compress
    whole = PACKINGS[name]([warc(n, body) for n, body in enumerate(bodies)])
    found = told(read_all(whole[:-150], name))
    assert found[0] == "0000-0 page" or name.endswith("zst")  # a block of Zstandard is there whole or not at all
    assert not found[-1].endswith("page")


@pytest.mark.parametrize(
    "content", [b"", b"\0" * 1000, b"hello " * 300, gzip.compress(b"hello"), b"WARC/1.0\r\n", b"WARC/1.0\r\n" * 9]
)
def test_what_is_no_archive_is_refused(content: bytes) -> None:
    (refused,) = read_all(content)
    assert isinstance(refused, Unreadable)


def test_bombs_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    body = gzip.compress(b"y" * (40 << 20))
    http = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\n\r\n"
    assert told(read_all(warc(1, body, http=http) + warc(2))) == ["0000-1 too-large", "0000-2 page"]
    header = gzip.compress(b"WARC/1.0\r\nWARC-Type: response\r\nX: " + b"a" * (40 << 20))
    assert told(read_all(header + gzip.compress(warc(2)), "a.warc.gz"))[-1] == "0000-2 page"
    monkeypatch.setattr(crawls, "MAX_UNPACKED", 4 << 20)
    found = told(read_all(b"".join(gzip.compress(warc(n, HTML + b" " * (1 << 20))) for n in range(9)), "a.warc.gz"))
    assert [line.split()[1] for line in found] == ["page"] * 4 + ["bomb"]
    monkeypatch.setattr(crawls, "RANGES", {"warc": (1 << 20, 100)})
    monkeypatch.setattr(bounds, "MIN_UNPACKED", 4 << 20)
    found = told(read_all(gzip.compress(b"".join(warc(n, HTML + b" " * (1 << 20)) for n in range(9))), "a.warc.gz"))
    assert found[-1] == "a.warc.gz bomb"


BODIES = st.lists(
    st.sampled_from([HTML, b"", b"x" * 50, b"\r\n\r\nWARC/1.0\r\n", b"WARC/1.0 is a form", b"\x1f\x8b\x08"]), max_size=9
)


@settings(max_examples=60, deadline=None)
@given(bodies=BODIES, size=st.integers(20, 900), name=st.sampled_from(list(PACKINGS)))
def test_any_cutting_and_packing_gives_the_same_records_once_and_in_order(bodies: list[bytes], size: int, name: str) -> None:
    records = [warc(n, b"<p>" + body, kind="response" if n % 3 else "request") for n, body in enumerate(bodies)]
    whole = read_all(b"".join(records), "a.warc")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(crawls, "RANGES", {"warc": (size, size)})
        patched.setattr(crawls, "MAX_PAGE_BYTES", 1 << 16)
        cut = read_all(PACKINGS[name](records), name)
    if [page.check for page in whole if isinstance(page, Unreadable)] == ["no-pages"]:
        return
    assert told(cut) == told(whole)
    assert [page.digest for page in cut] == [page.digest for page in whole]


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_mutated_archives_never_crash(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(list(PACKINGS)))
    content = bytearray(PACKINGS[name]([warc(n, kind="conversion" if n == 2 else "response") for n in range(4)]))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(content) - 1))
        what = data.draw(st.sampled_from(["flip", "cut", "double", "insert"]))
        if what == "flip":
            content[at] = data.draw(st.integers(0, 255))
        elif what == "cut":
            del content[at : at + data.draw(st.integers(1, 40))]
            content = content or bytearray(b"x")
        elif what == "double":
            content[at:at] = content[at : at + 60]
        else:
            content[at:at] = data.draw(
                st.sampled_from([b"\xff\xfe", b"\r\n\r\n", b"WARC/1.0\r\n", b"Content-Length: -1\r\n", b"\0" * 9])
            )
    for page in read_all(bytes(content), name):
        assert page.source.startswith(name)
        page.source.encode()


def test_clean_publishes_the_pages_of_an_archive(tmp_path: Path, clean: Clean) -> None:
    raw = write_files(
        tmp_path / "raw", {"crawl/a.warc.gz": PACKINGS["a.warc.gz"]([warc(1), warc(2, http=b"HTTP/1.1 500 X\r\n\r\n")])}
    )
    assert clean(raw, tmp_path / "processed").code == 0
    scrapes = table(tmp_path / "processed", "scrapes").sort("source")
    assert scrapes["source"].to_list() == ["crawl/a.warc.gz#0000-1", "crawl/a.warc.gz#0000-2"]
    assert scrapes["format"].to_list() == ["warc", "warc"]
    assert scrapes["site"].to_list() == ["a.example", None]


@pytest.mark.skipif(not CORPUS.exists(), reason="../shared/corpus is not there")
def test_real_archives_are_read_or_refused(tmp_path: Path) -> None:
    found = [page for batch in plan_batches(find_inputs(CORPUS), CORPUS, tmp_path) for page in read_batch(batch)]
    pages = [page for page in found if isinstance(page, Page)]
    assert len(pages) > 80
    assert {page.format for page in pages} == {"warc", "wet"}
    assert [page.check for page in found if isinstance(page, Unreadable)] == ["record", "compression", "no-pages"]
    assert all(page.url and page.replacement_count < 20 for page in pages)
