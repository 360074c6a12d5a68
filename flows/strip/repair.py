"""Mojibake repair: text that was UTF-8 and was read as something else, put right by ftfy and nothing else of ftfy's.

No quotes are straightened, no entities decoded, no widths, line breaks or normal forms changed.
"""

from __future__ import annotations

import re
from functools import lru_cache

from ftfy import TextFixerConfig, fix_encoding
from ftfy.badness import is_bad

from flows.strip.fold import HIDDEN, fold

_CONFIG = TextFixerConfig(
    unescape_html=False,
    remove_terminal_escapes=False,
    fix_latin_ligatures=False,
    fix_character_width=False,
    uncurl_quotes=False,
    fix_line_breaks=False,
    fix_surrogates=False,
    remove_control_chars=False,
    normalization=None,
    explain=False,
)
# Every byte of a multi-byte character reads as a non-ASCII one, so mojibake has two of those in a row, but for an Ã whose
# no-break space was folded, and single control characters of Windows-1252 read as Latin-1.
_SUSPECT = re.compile("[^\x00-\x7f](?:(?<=[Ã\x80-\x9f])|[^\x00-\x7f])")
# The same, and single characters that folding has to look at: one search instead of two for most lines.
_UNUSUAL = re.compile(f"[^\x00-\x7f](?:(?<=[Ã\x80-\x9f{HIDDEN}])|[^\x00-\x7f])")
_ODD_RUN = re.compile("[^\x00-\x7f]+")
_ASCII = bytes(range(128))
_PLAIN_SIGNS = frozenset("\u00a0‘’“”–—…•")  # however they stand together, they are no mojibake
_ODD_SPACES = ("\t", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x1f")
_MOST_RUNS = 200  # different ones; more are another script, whose lines are looked at one by one


def repair(text: str) -> str:
    """The text with its mojibake repaired, line by line; the same object where there is none.

    Idea, tests and repair are ftfy's (Robyn Speer, 6.3.1); the gate before it keeps a clean page under 2 µs.

    >>> repair("an entr\\u00c3\\u00a9e &amp; more")
    'an entrée &amp; more'
    """
    if text.isascii() or _SUSPECT.search(text) is None:
        return text
    if "\n" not in text:
        return _repair_line(text)
    return "\n".join(_repair_line(line) for line in text.split("\n"))


def repair_span(text: str) -> str:
    """How a stretch of a page is published: repaired, then folded; what `mark_lines` does to every line that it keeps."""
    if text.isascii() or _UNUSUAL.search(text) is None:
        return " ".join(text.split())
    return fold(repair(fold(repair(text))))  # a space that was odd may have hidden mojibake from the first look


def smooth_text(text: str) -> str | None:
    """The text with each odd space as a space, where folding is all that `repair_span` then does to a line of it.

    As long as the text. None where it may take more: invisible characters, mojibake. Most pages are smooth, and one look at a
    page is cheaper than one at each of its lines.

    >>> smooth_text("a\\u00a0café\\tau lait"), smooth_text("a\\u200bb")
    ('a café au lait', None)
    """
    if not text.isascii():
        spaced = text.replace("\u00a0", " ")
        if not spaced.isascii() and not _is_plain(text):
            return None
        text = spaced
    for space in _ODD_SPACES:
        if space in text:
            text = text.replace(space, " ")
    return text


def _is_plain(text: str) -> bool:
    """Whether what a text has beyond ASCII reads as it stands, run by run."""
    beyond = text.encode("utf-8", "surrogatepass").translate(None, _ASCII)
    if _PLAIN_SIGNS.issuperset(beyond.decode("utf-8", "surrogatepass")):
        return True
    runs = set(_ODD_RUN.findall(text))
    return len(runs) <= _MOST_RUNS and all(map(_is_smooth, runs))


@lru_cache(maxsize=1 << 14)
def _is_smooth(run: str) -> bool:
    """Whether a run of characters beyond ASCII reads as it stands, a no-break space as a space."""
    return _UNUSUAL.search(run) is None and all(char == "\u00a0" or not char.isspace() for char in run)


def _repair_line(line: str) -> str:
    return fix_encoding(line, _CONFIG) if not line.isascii() and is_bad(line) else line
