"""Text of strangers on a terminal: shown literally, and never able to steer it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Any

from rich.cells import cell_len, get_character_cell_size
from rich.console import Console, ConsoleOptions, ConsoleRenderable, RenderableType, RenderHook
from rich.segment import Segment

from flows.output import STEERING, escape

# What is there and cannot be seen: tabs, spaces that are not " ", zero-width characters, tags.
_INVISIBLE = re.compile(
    "[\t\xa0\xad\u034f\u115f\u1160\u1680\u180b-\u180f\u2000-\u200d\u202f\u205f-\u2065\u206a-\u206f\u3000\u3164\ufe00-\ufe0f\ufeff"
    "\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
_NAMES = {
    "\t": "→   ",
    "\xa0": "⍽",
    "\xad": "⟨SHY⟩",
    "\u200b": "⟨ZWSP⟩",
    "\u200c": "⟨ZWNJ⟩",
    "\u200d": "⟨ZWJ⟩",
    "\u2060": "⟨WJ⟩",
    "\ufeff": "⟨BOM⟩",
}
TAB = "    "
COLOURS = {"pass": "green", "suspect": "yellow", "fail": "red", "note": "dim"}  # of verdicts
MAX_MARKS = 8  # combining marks that stay with their letter at a wrap; no script stacks more


def open_console(*, aside: bool = False, **settings: Any) -> Console:
    """Return what prints on standard output, or standard error: whatever is printed, it alone steers the terminal.

    A closed pipe is left to the command; rich's own consoles end the program.
    """
    console = _Console(stderr=aside, markup=False, emoji=False, highlight=False, **settings)
    console.push_render_hook(_Escaping())
    return console


class _Console(Console):
    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


class _Escaping(RenderHook):
    """Shows what would steer the terminal as escapes, in all that is printed; what rich itself steers is marked as control."""

    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        """Return what is to be printed."""
        return [_Escaped(renderable) for renderable in renderables]


class _Escaped:
    def __init__(self, inner: RenderableType) -> None:
        self._inner = inner

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        for segment in console.render(self._inner, options):
            if segment.control or segment.text == "\n":
                yield segment
            else:
                yield Segment(escape(segment.text), segment.style)


def neutralize(text: str, *, show_invisible: bool = False) -> str:
    """Return a line of text that is safe to print: what would steer the terminal is shown as a visible symbol.

    Tabs become spaces. With `show_invisible`, tabs, spaces that are not " " and zero-width characters are symbols too.

    >>> neutralize("\\x1b[31mred\\x07"), neutralize("a\\u202eb")
    ('␛[31mred␇', 'a⟨U+202E⟩b')
    >>> neutralize("a\\xa0b\\u200bc", show_invisible=True)
    'a⍽b⟨ZWSP⟩c'
    """
    if show_invisible:
        text = _INVISIBLE.sub(lambda found: _NAMES.get(found[0]) or _symbol(found[0]), text)
    else:
        text = text.replace("\t", TAB).replace("\xa0", " ")
    return text if text.isascii() and text.isprintable() else STEERING.sub(lambda found: _symbol(found[0]), text)


def _symbol(char: str) -> str:
    code = ord(char)
    if code < 0x20:
        return chr(0x2400 + code)  # Unicode's control pictures
    return "\u2421" if code == 0x7F else f"⟨U+{code:04X}⟩"


def wrap(text: str, width: int | None) -> list[str]:
    """Return a line as rows of at most `width` terminal cells, broken at spaces where that leaves no row half empty.

    Only the space at a break is left out. None: one row. Time is linear in the length of the line.

    >>> wrap("to be or not to be", 8), wrap("日本語", 4)
    (['to be or', 'not to', 'be'], ['日本', '語'])
    """
    if width is None or (len(text) <= 2 * width and cell_len(text) <= width):
        return [text]
    rows, at = [], 0
    while at < len(text):
        end = _fit(text, at, width)
        space = -1
        if end < len(text):
            space = end if text[end] == " " else text.rfind(" ", at + (end - at) // 2, end)
        rows.append(text[at : end if space == -1 else space])
        at = end if space == -1 else space + 1
    return rows


def crop(text: str, width: int | None) -> str:
    """Return a line cut to `width` cells, with an ellipsis where something is left out.

    >>> crop("to be or not", 6)
    'to be…'
    """
    if width is None or (len(text) <= 2 * width and cell_len(text) <= width):
        return text
    return text[: _fit(text, 0, max(width - 1, 1))].rstrip() + "…"


def pad(text: str, width: int) -> str:
    """Return text in exactly `width` cells, cropped or filled up with spaces."""
    text = crop(text, width)
    return text + " " * (width - cell_len(text))


def _fit(text: str, at: int, width: int) -> int:
    """Return the furthest end of a row of `width` cells that starts at `at`; beyond `at` even where one letter is too wide."""
    end = min(at + width, len(text))
    if cell_len(text[at:end]) > width:
        cells, end = 0, at
        while (cells := cells + get_character_cell_size(text[end])) <= width:
            end += 1
        end = max(end, at + 1)
    stop = min(end + MAX_MARKS, len(text))
    while end < stop and unicodedata.combining(text[end]):
        end += 1
    return end
