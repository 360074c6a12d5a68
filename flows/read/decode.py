"""Bytes → text: what encoding a scrape is in, and whether it is text at all."""

from __future__ import annotations

import codecs
from typing import NamedTuple

from bs4.dammit import EncodingDetector, UnicodeDammit

# Starts of files that are no text whatever their name says (file(1)'s magic numbers).
MAGIC = {
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"GIF8": "a GIF image",
    b"%PDF-": "a PDF document",
    b"PK\x03\x04": "a ZIP archive",
    b"\x7fELF": "a program",
    b"SQLite format 3": "an SQLite database",
    b"PAR1": "a Parquet file",
    b"\xd0\xcf\x11\xe0": "an Office document",
    b"Rar!": "a RAR archive",
    b"7z\xbc\xaf": "a 7-Zip archive",
    b"OggS": "an Ogg file",
    b"RIFF": "a media file",
}
BOMS = [
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
]
CONTROLS = bytes(set(range(32)) - {7, 8, 9, 10, 11, 12, 13, 27, 28, 29, 30, 31})
SAMPLE_BYTES = 1 << 16
MAX_CONTROL_SHARE = 0.02  # prose has none; a stray NUL in a small file stays below this, machine data is far above


class Decoded(NamedTuple):
    """A scrape as text, the encoding it was read in, and how many characters could not be decoded."""

    text: str
    encoding: str
    replacement_count: int


def find_binary(data: bytes) -> str | None:
    """Return what `data` is when it is not text ("a PNG image"), else None."""
    for start, name in MAGIC.items():
        if data.startswith(start):
            return name
    if any(data.startswith(bom) for bom, _ in BOMS[1:]) or _looks_utf16(data[:SAMPLE_BYTES]):
        return None
    sample = data[:SAMPLE_BYTES]
    controls = len(sample) - len(sample.translate(None, CONTROLS))
    return "binary data" if controls > 1 and controls > MAX_CONTROL_SHARE * len(sample) else None


def decode(data: bytes, *, is_html: bool = False, declared: str | None = None) -> Decoded:
    """Return `data` as text; never fails.

    A byte order mark decides, then valid UTF-8 (other encodings hardly ever are), then what is declared (by the
    container, or in the page), then BeautifulSoup's detector. Text that is UTF-8 but for a few bytes stays UTF-8, with
    U+FFFD for what is broken; windows-1252 stands for what nothing else explains.

    >>> decode(b"caf\\xe9").text
    'café'
    """
    for bom, encoding in BOMS:
        if data.startswith(bom):
            return _with_replacements(data[len(bom) :], encoding)
    try:
        return Decoded(data.decode("utf-8"), "utf-8", 0)
    except UnicodeDecodeError:
        pass
    if wide := _looks_utf16(data[:SAMPLE_BYTES]):
        return _with_replacements(data, wide)
    if _mostly_utf8(data):
        return _with_replacements(data, "utf-8")
    known = declared or EncodingDetector.find_declared_encoding(data, is_html=is_html)
    dammit = UnicodeDammit(data, [known] if known else [], is_html=is_html)
    if dammit.unicode_markup is None or dammit.original_encoding is None:
        return _with_replacements(data, "windows-1252")
    text = str(dammit.unicode_markup)
    return Decoded(text, dammit.original_encoding, text.count("\ufffd") if dammit.contains_replacement_characters else 0)


def _with_replacements(data: bytes, encoding: str) -> Decoded:
    text = data.decode(encoding, "replace")
    # utf-16 with "replace" may leave a lone surrogate's place to U+FFFD, never a surrogate in the text.
    return Decoded(text, encoding, text.count("\ufffd"))


def _looks_utf16(sample: bytes) -> str | None:
    """Return the byte order when every second byte of a sample is NUL, as in UTF-16 of Latin script."""
    half = len(sample) // 2
    if half < 8:
        return None
    low, high = sample[1::2].count(0), sample[0::2].count(0)
    if low > 0.7 * half and high < 0.05 * half:
        return "utf-16-le"
    return "utf-16-be" if high > 0.7 * half and low < 0.05 * half else None


def _mostly_utf8(data: bytes) -> bool:
    """Whether valid multi-byte sequences outnumber broken bytes: by chance, single-byte text hardly ever holds one."""
    text = data.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    beyond_ascii = len(text) - len(text.encode("ascii", "ignore"))
    return beyond_ascii - broken > broken
