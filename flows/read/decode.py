"""Bytes → text: what encoding a scrape is in, and whether it is text at all."""

from __future__ import annotations

import codecs
import re
from typing import NamedTuple

# Starts of files that are no text whatever their name says (file(1)'s magic numbers); long enough that no prose has them.
MAGIC = {
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"GIF87a": "a GIF image",
    b"GIF89a": "a GIF image",
    b"%PDF-": "a PDF document",
    b"PK\x03\x04": "a ZIP archive",
    b"PK\x05\x06": "a ZIP archive",
    b"\x7fELF": "a program",
    b"SQLite format 3\x00": "an SQLite database",
    b"PAR1\x15": "a Parquet file",
    b"\xd0\xcf\x11\xe0": "an Office document",
    b"Rar!\x1a": "a RAR archive",
    b"7z\xbc\xaf": "a 7-Zip archive",
    b"BZh91AY&SY": "a bzip2 file",
    b"\xfd7zXZ\x00": "an XZ file",
    b"OggS\x00": "an Ogg file",
    b"WARC/": "a crawl archive (WARC)",
    b"ID3\x03": "an MP3 file",
    b"ID3\x04": "an MP3 file",
}
MEDIA = re.compile(rb"RIFF....(?:WAVE|AVI |WEBP)|....ftyp", re.DOTALL)
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
# In windows-1252, what Western European prose has beyond ASCII: 3 to 6 % of its characters. Other alphabets in one byte
# use bytes that stand here for other letters (ş, ř, ł, Cyrillic), or nothing but bytes beyond ASCII.
WESTERN = re.compile(
    r"[\x00-\x7f\xa0€‚„…‘’“”•–—™¡¢£§©«®°´·»¼½¾¿ÀÁÂÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÖØÙÚÛÜßàáâäåæçèéêëìíîïñòóôöøùúûüœŒ]+"  # noqa: RUF001 -- the marks themselves
)
MARK_IN_WORD = re.compile(r"[a-z][¡¢£¼½¾¿°´](?=[a-z])")
MAX_WESTERN_SHARE = 0.15
# Nobody's page is in an encoding that reads these bytes as anything but ASCII: UTF-16 and UTF-7 declared in bytes that a
# parser could read, Python's own unicode_escape. (The HTML standard, "prescan a byte stream": UTF-16 there means UTF-8.)
ASCII_PROBE = b"a\\u0041 +AGE- b"


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
    if MEDIA.match(data):
        return "a media file"
    if is_wide(data):
        return None
    sample = data[:SAMPLE_BYTES]
    controls = len(sample) - len(sample.translate(None, CONTROLS))
    return "binary data" if controls > 1 and controls > MAX_CONTROL_SHARE * len(sample) else None


def is_wide(data: bytes) -> bool:
    """Whether text is in UTF-16 or UTF-32, with a byte order mark or by its NULs."""
    return any(data.startswith(bom) for bom, _ in BOMS[1:]) or _find_utf16(data) is not None


def decode(data: bytes, *, is_html: bool = False, declared: str | None = None) -> Decoded:
    """Return `data` as text; never fails.

    A byte order mark decides, then the NULs of UTF-16, then valid UTF-8 (other encodings hardly ever are), then what is
    declared (by the container, or in the page), then BeautifulSoup's detector. Text that is UTF-8 but for a few bytes
    stays UTF-8, with U+FFFD for what is broken; windows-1252 is tried before the detector where the text is Western prose
    in it, and stands for what nothing else explains.

    >>> decode(b"caf\\xe9").text
    'café'
    """
    for bom, encoding in BOMS:
        if data.startswith(bom):
            return _with_replacements(data[len(bom) :], encoding)
    if wide := _find_utf16(data):
        return _with_replacements(data, wide)
    try:
        return Decoded(data.decode("utf-8"), "utf-8", 0)
    except UnicodeDecodeError:
        pass
    if _mostly_utf8(data):
        return _with_replacements(data, "utf-8")
    from bs4.dammit import EncodingDetector  # noqa: PLC0415 -- most scrapes are UTF-8, and BeautifulSoup takes a while to load

    if known := _resolve(declared or EncodingDetector.find_declared_encoding(data, is_html=is_html)):
        found = _with_replacements(data, known)
        if found.replacement_count * 4 <= _count_beyond_ascii(data):
            return found
    return _with_replacements(data, _detect(data))


def without_surrogates(text: str) -> Decoded:
    """Return text that JSON gave with U+FFFD for each half of a surrogate pair, which no file can hold.

    >>> without_surrogates("a\\ud800b").text
    'a\ufffdb'
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        return _with_replacements(text.encode("utf-16-le", "surrogatepass"), "utf-16-le")
    return Decoded(text, "utf-8", 0)


def _with_replacements(data: bytes, encoding: str) -> Decoded:
    text = data.decode(encoding, "replace")
    return Decoded(text, encoding, text.count("\ufffd"))


def _count_beyond_ascii(data: bytes) -> int:
    return len(data) - len(data.translate(None, bytes(range(128, 256))))


def _resolve(declared: str | None) -> str | None:
    """Return the codec that browsers use for a declared name (iso-8859-1 means windows-1252), or None for a useless one."""
    from w3lib.encoding import resolve_encoding  # noqa: PLC0415 -- as above

    name = resolve_encoding(declared) if declared else None
    try:
        if name is None or ASCII_PROBE.decode(name) != ASCII_PROBE.decode():
            return None
    except (LookupError, ValueError):
        return None
    return "windows-1252" if name == "cp1252" else name


def _detect(data: bytes) -> str:
    """Return the encoding that a sample of the data is most likely in, from its first byte beyond ASCII on."""
    at = re.search(rb"[\x80-\xff]", data)
    start = max(0, at.start() - 2000) if at else 0
    sample = data[start : start + SAMPLE_BYTES]
    if start + SAMPLE_BYTES < len(data):  # no character may be cut in two
        sample = sample[: max(sample.rfind(b"\n"), sample.rfind(b" "))] or sample
    western = sample.decode("windows-1252", "replace")
    if (
        WESTERN.fullmatch(western)
        and not MARK_IN_WORD.search(western)
        and _count_beyond_ascii(sample) <= max(3, MAX_WESTERN_SHARE * len(sample.strip()))
    ):
        return "windows-1252"
    from bs4.dammit import UnicodeDammit  # noqa: PLC0415 -- as above

    dammit = UnicodeDammit(sample)
    found = dammit.original_encoding
    return found if found and not dammit.contains_replacement_characters else "windows-1252"


def _find_utf16(data: bytes) -> str | None:
    """Return the byte order of UTF-16 without a mark: NULs in every second place alone, and no control characters."""
    sample = data[: SAMPLE_BYTES - SAMPLE_BYTES % 2]
    half = len(sample) // 2
    if half < 8 or b"\0" not in sample:
        return None
    first, second = sample[0::2].count(0), sample[1::2].count(0)
    encoding = "utf-16-le" if second > first else "utf-16-be"
    # Spaces, digits and line ends are a tenth of any script's text.
    if min(first, second) or max(first, second) < 0.05 * half:
        return None
    text = sample.decode(encoding, "replace")
    odd = sum(char < " " and not char.isspace() for char in text) + text.count("\ufffd")
    return encoding if odd <= 0.01 * half else None


def _mostly_utf8(data: bytes) -> bool:
    """Whether valid multi-byte sequences outnumber broken bytes: by chance, single-byte text hardly ever holds one."""
    text = data.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    beyond_ascii = len(text) - len(text.encode("ascii", "ignore"))
    return beyond_ascii - broken > broken
