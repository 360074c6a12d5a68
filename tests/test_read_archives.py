"""Archives of pages: what is a page, what is refused and why, and archives that mean harm."""

from __future__ import annotations

import gzip
import io
import json
import struct
import tarfile
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flows.__main__ import main
from flows.read import archives, bounds
from flows.read.batches import plan_batches, read_batch
from flows.read.files import MAX_PAGE_BYTES
from flows.read.inputs import find_inputs
from flows.records import Page, Unreadable
from tests.conftest import Clean, table, write_files

Files = list[tuple[str, bytes]]


def zipped(files: Files, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", method) as archive:
        for name, content in files:
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return sink.getvalue()


def tarred(files: Files) -> bytes:
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w") as archive:
        for name, content in files:
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return sink.getvalue()


PACKINGS: dict[str, Callable[[Files], bytes]] = {
    "a.zip": zipped,
    "stored.zip": lambda files: zipped(files, zipfile.ZIP_STORED),
    "a.tar": tarred,
    "a.tar.gz": lambda files: gzip.compress(tarred(files), mtime=0),
    "a.tgz": lambda files: gzip.compress(tarred(files), mtime=0),
    "a.tar.zst": lambda files: zstandard.ZstdCompressor().compress(tarred(files)),
}
HTML_TEXT = "Hinge\n\nWhy does it creak?"
HTML = b"<html lang=en><title>Hinge</title><p>Why does it <b>creak</b>?"


def read_all(content: bytes, name: str, toml: str = "") -> list[Page | Unreadable]:
    with TemporaryDirectory() as folder:
        raw = write_files(Path(folder) / "raw", {name: content, **({"source.toml": toml} if toml else {})})
        return [page for batch in plan_batches(find_inputs(raw), raw, Path(folder) / "spool") for page in read_batch(batch)]


def told(found: list[Page | Unreadable]) -> dict[str, str]:
    return {page.source.partition("#")[2]: page.text if isinstance(page, Page) else page.check for page in found}


@pytest.mark.parametrize("name", PACKINGS)
def test_each_file_is_a_page_as_if_it_stood_in_the_archives_place(name: str) -> None:
    files = [("forum/7.html", HTML), ("./b/notes.txt", "Zwölf Tage.".encode())]
    toml = 'site = "a.example"\nurl = "https://a.example/t/{stem}"\nfetched_at = 2024-05-01\n'
    page, notes = read_all(PACKINGS[name](files), name, toml)
    assert isinstance(page, Page)
    assert isinstance(notes, Page)
    assert (page.source, page.format, page.title, page.language) == (f"{name}#forum/7.html", "html", "Hinge", "en")
    assert (page.url, page.site, page.fetched_at) == ("https://a.example/t/7", "a.example", datetime(2024, 5, 1, tzinfo=UTC))
    assert (notes.source, notes.format, notes.text) == (f"{name}#b/notes.txt", "txt", "Zwölf Tage.")


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_what_is_no_page_is_refused_with_its_reason_or_passed_over(pack: Callable[[Files], bytes]) -> None:
    files = [
        ("../up.html", HTML), ("/root.html", HTML), ("a/../../up.html", HTML), ("C:/x.html", HTML), ("..\\up.html", HTML),
        ("a\nb.html", HTML), ("in.zip", zipped([("x.html", HTML)])), ("page.html.gz", gzip.compress(HTML)),
        ("hidden-archive.html", zipped([("x.html", HTML)])), ("lines.jsonl", b'{"text":"a"}'), ("rows.parquet", b"PAR1"),
        ("7.html.meta.json", b"{}"), ("large.txt", b"x" * (MAX_PAGE_BYTES + 1)), ("image.txt", b"\x89PNG\r\n"),
        ("empty.html", b""),
        (".hidden", HTML), ("__MACOSX/7.html", HTML), ("a/.git/x", HTML), ("source.toml", b""), ("7.html", HTML),
    ]  # fmt: skip
    name = "a.zip" if pack is zipped else "a.tar"
    assert told(read_all(pack(files), name)) == {
        "../up.html": "unsafe-name",
        "/root.html": "unsafe-name",
        "a/../../up.html": "unsafe-name",
        "C:/x.html": "unsafe-name",
        "../up.html": "unsafe-name",  # noqa: F601 -- the one with a backslash
        "a\\nb.html": "unsafe-name",
        "in.zip": "nested",
        "page.html.gz": "nested",
        "hidden-archive.html": "nested",
        "lines.jsonl": "records-in-archive",
        "rows.parquet": "records-in-archive",
        "7.html.meta.json": "sidecar-in-archive",
        "large.txt": "too-large",
        "image.txt": "binary",
        "empty.html": "empty",
        "7.html": HTML_TEXT,
    }


def test_links_and_devices_are_refused() -> None:
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w") as archive:
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE):
            entry = tarfile.TarInfo(f"kind-{kind.decode()}")
            entry.type, entry.linkname = kind, "/etc/passwd"
            archive.addfile(entry)
        entry = tarfile.TarInfo("7.html")
        entry.size = len(HTML)
        archive.addfile(entry, io.BytesIO(HTML))
    assert told(read_all(sink.getvalue(), "a.tar")) == {
        **{f"kind-{kind}": "not-a-page" for kind in "2136"},
        "7.html": HTML_TEXT,
    }


def test_an_encrypted_file_and_an_odd_method_cost_themselves_alone() -> None:
    content = bytearray(zipped([("a.html", HTML), ("b.html", HTML), ("c.html", HTML)]))
    entries = [at for at in range(len(content)) if content[at : at + 4] == b"PK\1\2"]
    content[entries[0] + 8] |= 1
    struct.pack_into("<H", content, entries[1] + 10, zipfile.ZIP_LZMA)
    assert told(read_all(bytes(content), "a.zip")) == {
        "a.html": "encrypted",
        "b.html": "method",
        "c.html": HTML_TEXT,
    }


def test_a_broken_file_in_a_zip_costs_itself_alone() -> None:
    content = bytearray(zipped([("a.html", HTML), ("b.html", HTML * 9), ("c.html", HTML)]))
    content[content.index(b"b.html") + 8] ^= 0xFF
    assert told(read_all(bytes(content), "a.zip")) == {"a.html": HTML_TEXT, "b.html": "archive", "c.html": HTML_TEXT}


@pytest.mark.parametrize("name", ["a.tar", "a.tar.gz", "a.tar.zst"])
def test_a_tar_that_breaks_off_gives_what_came_before(name: str) -> None:
    files = [(f"{n}.txt", bytes(range(32, 127)) * 40 + str(n * 7919).encode() * 50) for n in range(40)]
    content = PACKINGS[name](files)
    found = read_all(content[: len(content) * 2 // 3], name)
    assert isinstance(found[-1], Unreadable)
    assert isinstance(found[0], Page) or name != "a.tar"


@pytest.mark.parametrize("content", [b"", b"hello" * 300, b"PK\3\4" + b"x" * 99, b"\0" * 10240, b"\x1f\x8b\x08" + b"\0" * 20])
@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tar.gz"])
def test_what_is_no_archive_is_refused_once(content: bytes, name: str) -> None:
    (refused,) = read_all(content, name)
    assert isinstance(refused, Unreadable)


def test_bombs_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "MIN_UNPACKED", 16 << 20)
    monkeypatch.setattr(bounds, "MAX_RATIO", 10)
    blanks = [(f"{n}.txt", b"x" * (5 << 20)) for n in range(6)]
    for name in ("a.zip", "a.tar.gz"):
        found = told(read_all(PACKINGS[name](blanks), name))
        assert found[""] == "bomb"
        assert len(found) == 4
    one = [("a.txt", HTML), ("large.txt", b"x" * (40 << 20))]
    assert list(told(read_all(PACKINGS["a.tar.gz"](one), "a.tar.gz")).values())[-1] == "bomb"
    assert told(read_all(zipped(one), "a.zip"))["large.txt"] == "too-large"


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_SPARSE])
def test_a_header_that_is_a_bomb_is_not_read(kind: bytes) -> None:
    entry = tarfile.TarInfo("x")
    entry.type, entry.size = kind, 100 << 20
    content = tarred([("a.txt", HTML)])[:1024] + entry.tobuf() + b"x" * 2048
    assert told(read_all(content, "a.tar")) == {"a.txt": HTML_TEXT, "": "archive"}


def test_a_list_of_entries_that_is_too_long_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_DIRECTORY", 1000)
    assert told(read_all(zipped([(f"{n}.txt", b"x") for n in range(60)]), "a.zip")) == {"": "bomb"}


@settings(max_examples=40, deadline=None)
@given(count=st.integers(0, 9), size=st.integers(1, 400), name=st.sampled_from(list(PACKINGS)))
def test_any_cutting_and_packing_gives_the_same_pages_once_and_in_order(count: int, size: int, name: str) -> None:
    files = [(f"{n}.txt", b"page %d " % n * n) for n in range(count)]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(archives, "BATCH_BYTES", size)
        found = read_all(PACKINGS[name](files), name)
    assert [page.source for page in found] == ([f"{name}#{n}.txt" for n in range(count)] or [name])


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_mutated_archives_never_crash(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(list(PACKINGS)))
    content = bytearray(PACKINGS[name]([(f"{n}.html", HTML) for n in range(4)]))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at : at + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=4))
        content = content or bytearray(b"x")
    for page in read_all(bytes(content), name):
        assert page.source.startswith(name)
        page.source.encode()


def test_clean_publishes_the_pages_of_an_archive(tmp_path: Path, clean: Clean) -> None:
    raw = write_files(tmp_path / "raw", {"a.zip": zipped([("7.html", HTML), ("../x", b"x")])})
    assert clean(raw, tmp_path / "processed").code == 0
    scrapes = table(tmp_path / "processed", "scrapes").sort("source")
    assert scrapes.select("source", "format", "title").rows() == [
        ("a.zip#../x", "zip", None),
        ("a.zip#7.html", "html", "Hinge"),
    ]


def test_inspect_shows_a_page_in_an_archive(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    raw = write_files(
        tmp_path / "raw", {"a.zip": zipped([("7.html", HTML), ("8.html", HTML)]), "one.zip": zipped([("7.html", HTML)])}
    )
    assert main(["inspect", "--json", f"{raw}/a.zip#8.html", "--raw", str(raw)]) == 0
    assert json.loads(capsys.readouterr().out)["scrape"]["source"] == "a.zip#8.html"
    assert main(["inspect", "--json", f"{raw}/one.zip", "--raw", str(raw)]) == 0
    assert json.loads(capsys.readouterr().out)["scrape"]["source"] == "one.zip#7.html"
    assert main(["inspect", "--json", f"{raw}/a.zip", "--raw", str(raw)]) == 2
    assert "holds 2 records; name one, such as" in capsys.readouterr().err
    assert main(["inspect", "--json", f"{raw}/a.zip#9.html", "--raw", str(raw)]) == 2
