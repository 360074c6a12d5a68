"""Bytes → text: encodings found, what is left alone, what is no text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.read.decode import decode, find_binary, without_surrogates
from flows.read.files import page_from
from flows.read.inputs import Provenance
from flows.records import Page, Unreadable

ENGLISH = "It’s sore – the doctor’s café note said “rest”, and I’m not sure. "
GERMAN = "Die Schwellung ging über Nacht zurück, die Größe ist für mich schön. "
FRENCH = "J’ai mal à l’épaule depuis cet été, et ça ne passe pas très bien. "
SPANISH = "¿Cuánto dura la hinchazón después de la cirugía? El niño está bien. "
POLISH = "Czyść ranę dwa razy dziennie, może się jeszcze długo goić, proszę. "
RUSSIAN = "Сколько дней держится отёк после операции на колене? Спасибо. "
JAPANESE = "手術の後の腫れはどのくらい続きますか。よろしくお願いします。"


@pytest.mark.parametrize(
    ("data", "text", "encoding"),
    [
        pytest.param(GERMAN.encode(), GERMAN, "utf-8", id="UTF-8"),
        pytest.param(b"\xef\xbb\xbf" + GERMAN.encode(), GERMAN, "utf-8", id="UTF-8 with a mark"),
        pytest.param(GERMAN.encode("utf-16"), GERMAN, "utf-16-le", id="UTF-16 with a mark"),
        pytest.param(b"\xfe\xff" + GERMAN.encode("utf-16-be"), GERMAN, "utf-16-be", id="UTF-16 big end first with a mark"),
        pytest.param(b"\xff\xfe\0\0" + GERMAN.encode("utf-32-le"), GERMAN, "utf-32-le", id="UTF-32 with a mark"),
        pytest.param(
            b"Plain English, no mark.".decode().encode("utf-16-le"), "Plain English, no mark.", "utf-16-le", id="UTF-16 bare"
        ),
        pytest.param(GERMAN.encode("utf-16-be"), GERMAN, "utf-16-be", id="UTF-16 bare, big end first"),
        pytest.param(RUSSIAN.encode("utf-16-le"), RUSSIAN, "utf-16-le", id="UTF-16 bare, Cyrillic"),
        pytest.param(ENGLISH.encode("cp1252"), ENGLISH, "windows-1252", id="windows-1252, English"),
        pytest.param("It’s ok".encode("cp1252"), "It’s ok", "windows-1252", id="windows-1252, one byte of it"),
        pytest.param("€20, not £15.".encode("cp1252"), "€20, not £15.", "windows-1252", id="windows-1252, prices"),
        pytest.param((GERMAN * 9).encode("cp1252"), GERMAN * 9, "windows-1252", id="windows-1252, German"),
        pytest.param((FRENCH * 9).encode("cp1252"), FRENCH * 9, "windows-1252", id="windows-1252, French"),
        pytest.param(SPANISH.encode("cp1252"), SPANISH, "windows-1252", id="windows-1252, Spanish"),
        pytest.param((POLISH * 5).encode("cp1250"), POLISH * 5, "windows-1250", id="windows-1250, Polish"),
        pytest.param((RUSSIAN * 5).encode("cp1251"), RUSSIAN * 5, "windows-1251", id="windows-1251, Russian"),
        pytest.param(
            b"A" * 70_000 + b" caf\xe9 au lait", "A" * 70_000 + " café au lait", "windows-1252", id="first accent far below"
        ),
    ],
)
def test_an_encoding_nobody_declared_is_found(data: bytes, text: str, encoding: str) -> None:
    assert decode(data) == (text, encoding, 0)


@pytest.mark.parametrize(
    ("head", "encoding", "text"),
    [
        ("<meta charset=windows-1251>", "cp1251", RUSSIAN),
        ("<meta http-equiv=Content-Type content='text/html; charset=windows-1251'>", "cp1251", RUSSIAN),
        (
            "<form accept-charset=utf-8><input name=charset value='charset=koi8-r'></form><meta charset=windows-1251>",
            "cp1251",
            RUSSIAN,
        ),
        ("<?xml version='1.0' encoding='iso-8859-2'?><html>", "iso-8859-2", POLISH),
        ("<meta charset=iso-8859-1>", "cp1252", ENGLISH),  # browsers read latin-1 as windows-1252, and so do the pages
        ("<meta charset=latin1>", "cp1252", GERMAN),
        ("<meta charset=utf-8>", "cp1252", GERMAN),  # what is declared is wrong: the bytes say so
        ("<meta charset=utf-16>", "cp1252", ENGLISH),  # a parser that can read this is not reading UTF-16
        ("<meta charset=unicode_escape>", "cp1252", ENGLISH),
        ("<meta charset=hex>", "cp1252", GERMAN),
        ("<meta charset=no-such-thing>", "cp1252", GERMAN),
        ("<meta charset=shift_jis>", "cp932", JAPANESE),
        ("<meta charset=gb2312>", "gbk", "伤口需要多久才能愈合？谢谢医生。"),  # noqa: RUF001 -- Chinese
    ],
)
def test_a_declared_encoding_is_believed_where_it_can_be_true(head: str, encoding: str, text: str) -> None:
    found = decode((head + text).encode(encoding), is_html=True)
    assert found.text == head + text
    assert found.replacement_count == 0


def test_utf8_with_a_few_broken_bytes_stays_utf8_and_counts_them() -> None:
    data = (GERMAN * 3).encode() + b"\xff and \xfe broken"
    assert decode(data) == (GERMAN * 3 + "\ufffd and \ufffd broken", "utf-8", 2)


def test_a_byte_that_the_declared_encoding_lacks_costs_one_character_alone() -> None:
    data = f"<meta charset=windows-1252>{GERMAN * 4}".encode("cp1252") + b"\x81"
    found = decode(data, is_html=True)
    assert (found.encoding, found.replacement_count) == ("windows-1252", 1)
    assert GERMAN in found.text


@pytest.mark.parametrize(
    "text", ["a\r\nb\rc\n", "a\u00a0b\u200bc\u00add", "tab\tform\fvertical\v", "e\u0301", "\u2028x", "a\0b"]
)
def test_text_is_read_as_it_is(text: str) -> None:
    page = page_from(text.encode(), "x.txt", "txt", Provenance())
    assert isinstance(page, Page)
    assert page.text == text


@given(st.binary(max_size=400))
def test_no_bytes_fail_and_each_replacement_is_counted(data: bytes) -> None:
    found = decode(data)
    assert found.text.encode().decode() == found.text
    if found.encoding != "utf-8":
        assert found.replacement_count == found.text.count("\ufffd")


@given(st.text(min_size=1), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
def test_text_in_a_marked_or_universal_encoding_comes_back(text: str, encoding: str) -> None:
    data = text.encode(encoding)
    if encoding == "utf-8" and (text[0] == "\ufeff" or "\0" in text):
        return  # a mark is no text; NULs may look like UTF-16
    if encoding == "utf-16" and text[0] == "\0":
        return  # the mark of UTF-16 and a NUL are the mark of UTF-32
    assert decode(data).text == text


@pytest.mark.parametrize(
    ("start", "kind"),
    [
        (b"\x89PNG\r\n\x1a\n", "a PNG image"),
        (b"%PDF-1.7\n", "a PDF document"),
        (b"PK\x03\x04\x14", "a ZIP archive"),
        (b"GIF89a\x01", "a GIF image"),
        (b"RIFF\x24\x08\0\0WAVEfmt ", "a media file"),
        (b"\0\0\0\x18ftypmp42", "a media file"),
        (b"PAR1\x15\x04", "a Parquet file"),
        (bytes(range(256)) * 4, "binary data"),
        (b"\x00\x01\x02" * 50, "binary data"),
    ],
)
def test_what_is_no_text_is_refused_and_named(start: bytes, kind: str) -> None:
    refused = page_from(start, "x.txt", "txt", Provenance())
    assert isinstance(refused, Unreadable)
    assert (refused.check, refused.value) == ("binary", kind)


@pytest.mark.parametrize(
    "prose",
    [
        "RIFFS for a beginner?",
        "Rar! says my dog.",
        "GIF8 is no format.",
        "PAR1 is a golf term.",
        "OggSound",
        "BZhang wrote",
        "ID3 tags?",
    ],
)
def test_prose_that_begins_like_a_binary_file_is_text(prose: str) -> None:
    assert find_binary(prose.encode()) is None


def test_half_a_surrogate_pair_becomes_one_replacement_and_a_whole_pair_a_character() -> None:
    assert without_surrogates("a\ud83db\ud83d\ude00")[::2] == ("a\ufffdb😀", 1)
