"""Folding: how a stretch of a page reads, with its whitespace and invisible characters evened out."""

from __future__ import annotations

import re

# Format characters that show nothing. The joiners (U+200C, U+200D) spell words in Arabic, Persian and Indic scripts and
# join emoji, so they stay between two such characters (Unicode Standard, chapter 23.2).
_ALWAYS = "\u00ad\u034f\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff"
HIDDEN = _ALWAYS + "\u200c\u200d"
_JOINED = "[\u0600-\u08ff\u0900-\u109f\u1780-\u18af\ufb50-\ufdff\ufe0f\ufe70-\ufefe\u2190-\u2bff\U0001f000-\U0001faff]"
INVISIBLE = re.compile(f"[{_ALWAYS}]|(?<!{_JOINED})[\u200c\u200d]|[\u200c\u200d](?!{_JOINED})")
_MAYBE_INVISIBLE = re.compile(f"[{HIDDEN}]")  # a bare class is searched ten times faster


def fold(text: str) -> str:
    """The text on one line: every run of whitespace one space, none at the ends, invisible characters removed.

    >>> fold(" two\\u00a0 words\\u200b ")
    'two words'
    """
    if may_hold_invisible(text):
        text = INVISIBLE.sub("", text)
    return " ".join(text.split())


def may_hold_invisible(text: str) -> bool:
    """Whether a character that shows nothing, or a joiner that may stay, stands in the text."""
    return not text.isascii() and _MAYBE_INVISIBLE.search(text) is not None
