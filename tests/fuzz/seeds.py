"""What the fuzzers begin with: pages of text, the engines' pages, and a container of each form made of them."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import zipfile
from pathlib import Path

import polars as pl
import zstandard

TESTS = Path(__file__).parent.parent
PAGES = (TESTS / "flat_pages", TESTS / "engine_pages", TESTS / "seed_layouts")
SUFFIXES = (".txt", ".html", ".gz")


def read_seeds() -> dict[str, bytes]:
    """Return name → content of a file of each form that is read."""
    pages = {
        path.name: path.read_bytes()
        for folder in PAGES
        for path in sorted(folder.rglob("*"))
        if path.suffix in SUFFIXES and not path.name.startswith(".")
    }
    return pages | _containers([content for name, content in pages.items() if name.endswith((".txt", ".html"))][:6])


def _containers(pages: list[bytes]) -> dict[str, bytes]:
    texts = [page.decode("utf-8", "replace") for page in pages]
    records = [{"id": str(at), "url": f"https://s.example/t/{at}", "text": text} for at, text in enumerate(texts)]
    lines = "".join(json.dumps(record) + "\n" for record in records).encode()
    columns, packed, bundle = io.BytesIO(), io.BytesIO(), io.BytesIO()
    pl.DataFrame(records).write_parquet(columns)
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for at, page in enumerate(pages):
            archive.writestr(f"{at}.html", page)
    with tarfile.open(fileobj=bundle, mode="w:gz") as archive:
        for at, page in enumerate(pages):
            entry = tarfile.TarInfo(f"{at}.html")
            entry.size = len(page)
            archive.addfile(entry, io.BytesIO(page))
    return {
        "lines.jsonl": lines,
        "lines.jsonl.gz": gzip.compress(lines, mtime=0),
        "lines.jsonl.zst": zstandard.compress(lines),
        "columns.parquet": columns.getvalue(),
        "pages.zip": packed.getvalue(),
        "pages.tgz": bundle.getvalue(),
        "pages.warc": b"".join(_record(at, page) for at, page in enumerate(pages)),
        "pages.warc.gz": b"".join(gzip.compress(_record(at, page), mtime=0) for at, page in enumerate(pages)),
    }


def _record(at: int, page: bytes) -> bytes:
    body = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + page
    head = (
        f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:{at:032x}>\r\nWARC-Target-URI: https://s.example/t/{at}"
        f"\r\nContent-Type: application/http; msgtype=response\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body + b"\r\n\r\n"
