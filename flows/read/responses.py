"""A server's response as a crawl stored it → its status, its type, and the bytes of the page.

Read by hand: crawls of old and odd servers end header lines in a bare line feed, declare encodings that the crawler has
undone already, and break off. What a header promises is tried, and the body stands as it is where that fails.
"""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Callable
from typing import NamedTuple

MAX_HEAD = 64 << 10  # bytes of header lines; servers stop at 8 to 16 KiB
STATUS = re.compile(rb"HTTP/[0-9.]{1,5}[ \t]+([0-9]{3})(?![0-9])")
HEAD_END = re.compile(rb"\r?\n\r?\n")
CHUNK_SIZE = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,8})[^\r\n]{0,200}\r?\n")
CHARSET = re.compile(r"charset\s*=\s*[\"']?([A-Za-z0-9._:-]{1,40})", re.IGNORECASE)


class Response(NamedTuple):
    """A response; what it does not say is None."""

    status: int | None
    media_type: str | None  # lower-case, without parameters
    charset: str | None
    body: bytes


def read_response(block: bytes, limit: int) -> Response:
    """Return a stored response with its body decoded, to at most `limit` + 1 bytes; never raises.

    >>> read_response(b"HTTP/1.1 200 OK\\nContent-Type: text/html; charset=utf-8\\n\\n<p>x", 100)
    Response(status=200, media_type='text/html', charset='utf-8', body=b'<p>x')
    """
    status = STATUS.match(block)
    end = HEAD_END.search(block, 0, MAX_HEAD) if status else None
    if status is None or end is None:
        return Response(int(status[1]) if status else None, None, None, b"" if status else block[: limit + 1])
    headers = _read_headers(block[: end.start()])
    content_type = headers.get("content-type", "")
    charset = CHARSET.search(content_type)
    media_type = content_type.split(";", 1)[0].strip().lower()
    body = block[end.end() :]
    if "chunked" in headers.get("transfer-encoding", "").lower():
        body = join_chunks(body)
    for encoding in headers.get("content-encoding", "").lower().replace(",", " ").split():
        body = unpack_body(body, encoding, limit)
    return Response(int(status[1]), media_type or None, charset[1] if charset else None, body[: limit + 1])


def _read_headers(head: bytes) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in head.split(b"\n")[1:]:
        name, colon, value = line.partition(b":")
        if colon:
            headers.setdefault(name.decode("latin-1").strip().lower(), value.decode("latin-1").strip())
    return headers


def join_chunks(body: bytes) -> bytes:
    """Return a body without its chunk sizes; as it is where it holds none, what came whole where it breaks off.

    >>> join_chunks(b"3\\r\\nabc\\r\\n0\\r\\n\\r\\n"), join_chunks(b"<p>abc")
    (b'abc', b'<p>abc')
    """
    chunks: list[bytes] = []
    at = 0
    while found := CHUNK_SIZE.match(body, at):
        size = int(found[1], 16)
        if size == 0:
            return b"".join(chunks)
        at = found.end() + size
        chunks.append(body[found.end() : at])
        at += 2 if body[at : at + 2] == b"\r\n" else 1
    return b"".join(chunks) if chunks and at >= len(body) else body


def unpack_body(body: bytes, encoding: str, limit: int) -> bytes:
    """Return a body decompressed, to at most `limit` + 1 bytes; as it is where it is not compressed like that."""
    for unpack in UNPACKERS.get(encoding, ()):
        try:
            if unpacked := unpack(body, limit + 1):
                return unpacked
        except (zlib.error, OSError, EOFError, ValueError):
            continue
    return body


def _inflate(window: int) -> Callable[[bytes, int], bytes]:
    return lambda body, size: zlib.decompressobj(window).decompress(body, size)


def _unpack_brotli(body: bytes, size: int) -> bytes:
    from fastwarc.stream_io import BrotliReader  # noqa: PLC0415 -- the library loads only where there is such a body

    return bytes(BrotliReader(io.BytesIO(body)).read(size))


UNPACKERS: dict[str, tuple[Callable[[bytes, int], bytes], ...]] = {
    "gzip": (_inflate(31),),
    "x-gzip": (_inflate(31),),
    "deflate": (_inflate(15), _inflate(-15)),  # the standard says zlib's form, servers send the bare one too
    "br": (_unpack_brotli,),
}
