"""Text of strangers on a terminal: safe to print, and wrapped without losing any."""

from __future__ import annotations

import re

import pytest
from rich.cells import cell_len

from flows.terminal import crop, neutralize, pad, wrap


@pytest.mark.parametrize(
    "text", ["日本語のテキスト" * 30, "שלום עולם " * 40, "e\u0301" * 300, "👩\u200d🔬" * 90, "x" * 999, " " * 300]
)
def test_wrapping_keeps_every_character_and_the_width(text: str) -> None:
    rows = wrap(text, 30)
    assert max(map(cell_len, rows)) <= 30
    assert "".join(rows).replace(" ", "") == text.replace(" ", "")
    assert cell_len(crop(text, 30)) <= 30
    assert not any(row.startswith("\u0301") for row in rows)


def test_a_page_on_one_line_is_wrapped() -> None:
    assert len(wrap("\u65e5\u672c " * 200_000, 30)) == 33_334


def test_what_neutralize_leaves_is_printable() -> None:
    every = "".join(map(chr, range(0x11000)))
    left = neutralize(every)
    assert not re.search("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]", left)
    assert neutralize("Zoë 日本 שלום 👍🏽 £5 ½") == "Zoë 日本 שלום 👍🏽 £5 ½"


@pytest.mark.parametrize("text", ["", "a", "日本語", "日本語日本語", "a\u0301" * 9, "x" * 99])
def test_padding_fills_the_cells_exactly(text: str) -> None:
    assert cell_len(pad(text, 7)) == 7


def test_the_widest_letter_still_gets_a_row() -> None:
    assert wrap("日本", 1) == ["日", "本"]
