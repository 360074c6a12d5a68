"""What a file may unpack to, over its whole length, whatever sizes it declares; and how many records one batch takes."""

from __future__ import annotations

import gzip
import io
import struct
import subprocess
import sys
import tarfile
import zlib
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from flows.read import archives, batches, bounds, parquet, pieces
from flows.read.batches import plan_batches, read_batch
from flows.read.documents import read_document
from flows.read.inputs import find_inputs
from flows.records import Page, Unreadable
from tests.conftest import write_files
from tests.test_read_crawls import warc

MIB = 1 << 20
BLANK = "<html><p>" + "x" * MIB


def read_all(tmp_path: Path, name: str, content: bytes) -> tuple[list[Page | Unreadable], int]:
    """Return what a file gives, and how many batches that took."""
    raw = write_files(tmp_path / "raw", {name: content})
    planned = plan_batches(find_inputs(raw), raw, tmp_path / "spool")
    read = [list(read_batch(batch)) for batch in planned]
    return [page for pages in read for page in pages], len(read)


def overlapping_zip(count: int) -> bytes:
    """Return an archive whose entries are all one stretch of it (Fifield, A better zip bomb, 2019)."""
    packer, content = zlib.compressobj(9, zlib.DEFLATED, -15), b"A" * MIB
    packed, check = packer.compress(content) + packer.flush(), zlib.crc32(content)
    sizes = struct.pack("<III", check, len(packed), MIB)
    local = b"PK\x03\x04" + struct.pack("<HHHHH", 20, 0, 8, 0, 33) + sizes + struct.pack("<HH", 5, 0) + b"a.txt" + packed
    central = b"PK\x01\x02" + struct.pack("<HHHHHH", 20, 20, 0, 8, 0, 33) + sizes
    central += struct.pack("<HHHHHII", 5, 0, 0, 0, 0, 0, 0) + b"a.txt"
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, count, count, count * len(central), len(local), 0)
    return local + central * count + end


def packed_tar(count: int) -> bytes:
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w:gz") as archive:
        for number in range(count):
            entry = tarfile.TarInfo(f"{number}.txt")
            entry.size = MIB
            archive.addfile(entry, io.BytesIO(b"A" * MIB))
    return sink.getvalue()


def blank_rows(count: int) -> bytes:
    sink = io.BytesIO()
    text = pa.array(["x" * MIB] * count)
    pq.write_table(pa.table({"text": text}), sink, row_group_size=1, compression="zstd", use_dictionary=False)
    return sink.getvalue()


LINE = b'{"text": "' + b"x" * (MIB - 13) + b'"}\n'
BOMBS = {
    "entries that overlap": ("a.zip", overlapping_zip),
    "entries of a packed tar": ("a.tar.gz", packed_tar),
    "packed lines": ("a.jsonl.gz", lambda count: gzip.compress(LINE * count)),
    "one packed line": ("a.jsonl.zst", lambda count: zstandard.ZstdCompressor().compress(b"x" * MIB * count)),
    "records packed as one": (
        "a.warc.gz", lambda count: gzip.compress(b"".join(warc(n, BLANK.encode()) for n in range(count))),
    ),
    "row groups of one letter": ("a.parquet", blank_rows),
}  # fmt: skip


@pytest.mark.parametrize("bomb", BOMBS)
def test_what_a_file_unpacks_to_is_bounded_over_its_whole_length(
    bomb: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounds, "MIN_UNPACKED", 6 * MIB)
    monkeypatch.setattr(bounds, "MAX_RATIO", 1)
    for module in (archives, batches, parquet):
        monkeypatch.setattr(module, "BATCH_BYTES", 2 * MIB)
    name, make = BOMBS[bomb]
    found, _ = read_all(tmp_path, name, make(20))
    assert len(found) <= 9
    last = found[-1]
    assert isinstance(last, Unreadable)
    assert last.check == "bomb"
    assert sum(isinstance(page, Unreadable) and page.check == "bomb" for page in found) == 1


@pytest.mark.parametrize("size", [10**18, 1 << 40, 2000])
@pytest.mark.parametrize("name", ["big.txt", "big.jsonl"])
def test_a_size_that_a_tar_declares_is_not_believed(size: int, name: str, tmp_path: Path) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = size
    content = entry.tobuf(tarfile.GNU_FORMAT) + b"x" * 512 + b"\0" * 1024
    found, _ = read_all(tmp_path, "a.tar", content)
    assert all(isinstance(page, Unreadable) for page in found)


def test_a_length_that_a_crawl_record_declares_is_not_believed(tmp_path: Path) -> None:
    record = warc(1).replace(b"Content-Length: ", b"Content-Length: 99999999", 1)
    for name, content in (("a.warc", record), ("b.warc.gz", gzip.compress(record)), ("c.warc.gz", gzip.compress(record * 2))):
        found, _ = read_all(tmp_path / name, name, content)
        assert {page.check for page in found if isinstance(page, Unreadable)} <= {"record", "too-large"}
        assert found


TINY = {
    "a.jsonl": lambda count: b"{}\n" * count,
    "a.jsonl.gz": lambda count: gzip.compress(b"{}\n" * count),
    "a.json": lambda count: b"[" + b",".join([b'{"text": "Why?"}'] * count) + b"]",
    "a.warc": lambda count: b"".join(warc(n, b"") for n in range(count)),
    "a.warc.zst": lambda count: zstandard.ZstdCompressor().compress(b"".join(warc(n, b"") for n in range(count))),
}


@pytest.mark.parametrize("name", TINY)
def test_a_batch_takes_so_many_records_however_small_they_are(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from flows.read import crawls, documents

    most = 100
    for module in (batches, crawls, documents):
        monkeypatch.setattr(module, "MOST_RECORDS", most)
    for module in (batches, crawls):
        monkeypatch.setattr(module, "RECORD_BYTES", pieces.BATCH_BYTES // most)
    monkeypatch.setattr(batches, "MOST_COPIES", 1000)
    raw = write_files(tmp_path / "raw", {f"{copy}/{name}": TINY[name](249) for copy in range(3)})
    planned = plan_batches(find_inputs(raw), raw, tmp_path / "spool")
    counts = [len(list(read_batch(batch))) for batch in planned]
    assert sum(counts) == 3 * 249
    assert max(counts) <= most + 1
    assert len(counts) <= 9


def test_a_stretch_of_lines_is_cut_where_lines_begin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "MOST_RECORDS", 7)
    for size in (1, 10, 64, 1 << 20):
        monkeypatch.setattr(batches, "BATCH_BYTES", size)
        lines = [b'{"id": "%d", "text": "Why?"}\n' % number for number in range(40)]
        found, _ = read_all(tmp_path / str(size), "a.jsonl", b"".join(lines).removesuffix(b"\n"))
        assert [page.source for page in found] == [f"a.jsonl#{number}" for number in range(40)]


def test_refused_records_of_one_content_are_counted_beyond_some(tmp_path: Path) -> None:
    content = b"{}\n" * 5000 + b'{"text": "Why?"}\n' + b"{}\n" * 5000 + b"[]\n"
    found, _ = read_all(tmp_path, "a.jsonl", content)
    refused = [page for page in found if isinstance(page, Unreadable)]
    assert [page.check for page in refused] == ["no-text"] * 100 + ["json", "copies"]
    assert refused[-1].reason.startswith("9,900 more records from this one on")
    assert refused[-1].source == "a.jsonl#@300"
    assert len(found) == len(refused) + 1


DOCUMENTS = {
    b' [ {"text": "a"} , 7,{}]\n': 3,
    b"[{},]": None,
    b"[{}": None,
    b"[{} {}]": None,
    b"[{}] x": None,
    b"[]": None,
    b"[1, 2]": None,
    b'{"threads": [{"text": "a"}, {"text": "b"}]}': 2,
    b'{"threads": [' + b"1," * 1_000_001 + b"1]}": None,
}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document[:20])
def test_a_document_gives_each_item_of_its_list_or_nothing_at_all(document: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(document)
    read = read_document(tmp_path / "a.json")
    assert (None if read is None else sum(count for count, _ in read)) == DOCUMENTS[document]


@pytest.mark.slow
def test_a_document_of_millions_of_records_is_taken_apart_in_flat_memory(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b"[" + b",".join([b"{}"] * 5_000_000) + b"]")
    code = (
        "import resource, sys; from pathlib import Path; import flows.batches; from flows.read.documents import read_document;"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10; before = peak();"
        "read_document(Path(sys.argv[1])); print(peak() - before)"
    )
    done = subprocess.run([sys.executable, "-c", code, tmp_path / "a.json"], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 300
