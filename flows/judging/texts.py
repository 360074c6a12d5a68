"""What a text says of itself: the signs of a wrong encoding, of folded answers, of markup in prose, of what nobody wrote."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

from flows.rules import Rule, compile_pattern, passes_gate, read_rules

# Pages of a job of judging (flows/judge.py): each is judged, then measured, and what was found is not looked for again.
A_JOB = 512
PHRASES = Path(__file__).with_name("phrases.toml")
# UTF-8 read as windows-1252 or Latin-1: a lead byte's letter before one of the signs that continuation bytes become; and
# windows-1252 read as Latin-1: the control characters that no text has.
MOJIBAKE = re.compile(
    "[\x80-\x84\x86-\x9f]|[ÂÃÄÅÐÑØÙÎÏ][\x80-\xbf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]|â[\x80€][\x80-\xbf‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]|ï¿½|ðŸ"  # noqa: RUF001
)
# A question mark within a word, where a character was that the encoding did not have: "it?s", "caf?s"; not in an address.
QUESTIONED = re.compile(r"(?<![\w/.?=&%#-])[^\W\d_]{1,20}\?[a-z]{1,20}(?![\w/=&?#%])")
ASKED_WITHIN = re.compile(r"\?[a-z]")  # what every such mark is, and few others: a tenth of the time
LEADS = "ÂÃÄÅÐÑØÙÎÏâïð"
C1 = re.compile(b"\xc2[\x80-\x84\x86-\x9f]")  # as UTF-8
CONTROLS = re.compile("[\x00-\x08\x0e-\x1f\x7f\ue000-\uf8ff]")
REPLACED = "\ufffd"
MARKUP = re.compile(
    r"</?(?:p|div|span|br|li|ul|ol|blockquote|strong|em|b|i|a|td|tr|font|img)\b[^<>]{0,200}>|&(?:amp|lt|gt|quot|nbsp|#\d{2,5});",
    re.IGNORECASE,
)
MARKUP_SIGNS = ("</", "<br", "<p", "&lt;", "&amp;", "&nbsp;", "&quot;", "&#")
BROKEN_OFF = re.compile(
    r"(?:…|\.\.\.|\[…\]|\[\.\.\.\])\W*$|(?:read|show|see|view|load) (?:more|all|full \w+)\W*$"
    r"|(?:mehr|weiter)(?: lesen| anzeigen)?\W*$"
    r"|(?:lire la suite|voir plus|leer más|ver más|leggi tutto|lees meer|czytaj dalej)\W*$",
    re.IGNORECASE,
)
SENTENCE_END = re.compile(r"[.!?…:;)\]\"'”’»>*_~/\d。！？][\W_]*$|[^\w\s]$")  # noqa: RUF001 -- the marks themselves
RAW_DATA = re.compile(r"\s*(?:\{\s*\"[\w-]{1,40}\"\s*:|\[\s*\{\s*\"|<\?xml|function\s*\(|var \w+\s*=|window\.\w+)")
DIGITS = re.compile(r"\d+")
LETTERS = re.compile(r"[^\W\d_]+")
SPACES = re.compile(r"\s+")
EDGE_LINE, EDGE_WORDS = 80, 3  # characters of a line, words of an edge, that are taken as one
LINE_CHARS, MOST_LINES = 60, 12  # characters by which a line is known; lines of a body that are looked at
LABEL = re.compile(r"[^\W\d_][\w'’-]{2,20}(?: [\w'’-]{1,20}){0,2}:(?=\s|$)")
ALPHABET, CONSONANTS = b"abcdefghijklmnopqrstuvwxyz", b"bcdfghjklmnpqrstvwxyz"
FEW_LETTERS = 100
FEW_BROKEN = 3  # broken characters that a text about encodings, or a name copied from elsewhere, may hold
FORM_CHARS = 40


class Stretch(NamedTuple):
    """A stretch of a text that shows something, and the number of its kind."""

    start: int
    end: int
    number: int


@lru_cache(maxsize=A_JOB)
def find_wrong_encoding(text: str) -> Stretch | None:
    """Return the first sign of a text read in the wrong encoding, None where there are no more than a quotation's.

    >>> find_wrong_encoding("CafÃ© Ã  la crÃ¨me, dÃ©jÃ\\xa0 vu")
    Stretch(start=3, end=5, number=4)
    """
    is_asked = text.count("?") >= FEW_BROKEN and len(ASKED_WITHIN.findall(text)) >= FEW_BROKEN
    found = [match.span() for match in QUESTIONED.finditer(text)] if is_asked else []
    if not text.isascii() and _may_be_mojibake(text):
        found += [match.span() for match in MOJIBAKE.finditer(text)]
    if REPLACED in text:
        found += [match.span() for match in re.finditer(REPLACED, text)]
    if len(found) < FEW_BROKEN or len(found) * 5000 < len(text):
        return None
    return Stretch(*min(found), len(found))


def _may_be_mojibake(text: str) -> bool:
    """Whether a text holds what every sign of MOJIBAKE begins with: a tenth of the time."""
    return any(lead in text for lead in LEADS) or C1.search(text.encode("utf-8", "replace")) is not None


def find_garbage(text: str) -> Stretch | None:
    """Return the first control or private character of a text that has more of them than a slip leaves, else None."""
    found = [match.start() for match in CONTROLS.finditer(text)]
    return Stretch(found[0], found[0] + 1, len(found)) if len(found) > max(FEW_BROKEN, len(text) // 500) else None


def has_markup(text: str) -> bool:
    """Whether a text holds tags or entities that a browser would not show.

    >>> has_markup("Use it.<br/>Then rest."), has_markup("if a < b and b > c")
    (True, False)
    """
    if "<" not in text and "&" not in text:  # nearly all
        return False
    return any(sign in text for sign in MARKUP_SIGNS) and MARKUP.search(text) is not None


def breaks_off(body: str) -> bool:
    """Whether a body ends as a teaser does.

    >>> breaks_off("I would try the … Read more"), breaks_off("That is all.")
    (True, False)
    """
    return BROKEN_OFF.search(body[-30:]) is not None


def ends_as_sentence(body: str) -> bool:
    """Whether a body ends with a mark, a number or a line of its own, as most posts do.

    >>> ends_as_sentence("Thank you!"), ends_as_sentence("Use a thin lay")
    (True, False)
    """
    return SENTENCE_END.search(body[-12:]) is not None


@cache
def read_phrases() -> tuple[Rule, ...]:
    """Return the rules of phrases.toml: what pages print that are no thread, or not the whole of one."""
    return read_rules(PHRASES)


@cache
def _phrases_of(scope: str) -> tuple[tuple[Rule, re.Pattern[str]], ...]:
    """Return the rules of a scope, each with one pattern for all its gates."""
    return tuple((rule, re.compile("|".join(map(re.escape, rule.gate)))) for rule in read_phrases() if rule.scope == scope)


@lru_cache(maxsize=2 * A_JOB)
def find_phrases(text: str, scope: str) -> tuple[tuple[Rule, Stretch], ...]:
    """Return each rule of a scope ("wall", "folded", "folded-part") that claims a line of the text, with the line."""
    return tuple(_find_phrases(text, scope))


def _find_phrases(text: str, scope: str) -> Iterator[tuple[Rule, Stretch]]:
    lines = text.split("\n")
    for rule, gate in _phrases_of(scope):
        at = 0
        for line in lines:
            is_short = 0 < len(line) <= 2 * rule.max_chars and gate.search(line.lower()) is not None
            folded = SPACES.sub(" ", line).strip() if is_short else ""
            if 0 < len(folded) <= rule.max_chars and claims_line(rule, folded):
                start = at + len(line) - len(line.lstrip())
                yield rule, Stretch(start, at + len(line.rstrip()), 1)
                break
            at += len(line) + 1


def claims_line(rule: Rule, line: str) -> bool:
    """Whether a rule's pattern stands in a line, its gates considered."""
    if not passes_gate(rule, line.lower()) or not compile_pattern(rule.pattern, case=rule.case).search(line):
        return False
    return not (rule.never and compile_pattern(rule.never).search(line))


def vowels_of(text: str) -> float | None:
    """Return the share of vowels among the letters a to z of a text, None where they are few: prose is alike in it.

    >>> vowels_of("Oil it"), round(vowels_of("The hinge creaks in winter when nobody oils it. " * 3) or 0, 2)
    (None, 0.37)
    """
    lower = text.lower().encode("utf-8", "replace")
    letters, consonants = (len(lower) - len(lower.translate(None, some)) for some in (ALPHABET, CONSONANTS))
    return (letters - consonants) / letters if letters >= FEW_LETTERS else None


def lines_of(body: str) -> set[str]:
    """Return the lines of a body by their first characters, and their labels, digits masked: where advertisements stand.

    >>> sorted(lines_of("Oil it twice.\\n\\nSponsored: Acme\\n> a quotation"))
    ['Oil it twice.', 'Sponsored:', 'Sponsored: Acme']
    """
    found = set()
    for line in body.split("\n")[:MOST_LINES]:
        text = line.strip()
        if not text.startswith((">", "```")):
            found.add(mask_digits(text[:LINE_CHARS]))
            if label := LABEL.match(text):
                found.add(mask_digits(label[0]))
    return {line for line in found if LETTERS.search(line)}


@lru_cache(maxsize=8 * A_JOB)
def edges_of(body: str) -> frozenset[str]:
    """Return the first and last lines and words of a body, digits masked: where a template leaves what it adds.

    >>> sorted(edges_of("Oil it twice.\\nReport post 512"))
    ['Oil it twice.', 'Oil it twice. …', 'Report post 0', '… Report post 0']
    """
    edges = set()
    for line in (body[:240].split("\n", 1)[0], body[-240:].rsplit("\n", 1)[-1]):
        if line and len(line) <= EDGE_LINE:
            edges.add(mask_digits(line))
    words, last = body[:120].split(maxsplit=EDGE_WORDS), body[-120:].rsplit(maxsplit=EDGE_WORDS)
    if len(words) > EDGE_WORDS:
        edges.add(mask_digits(" ".join(words[:EDGE_WORDS])) + " …")
    if len(last) > EDGE_WORDS:
        edges.add("… " + mask_digits(" ".join(last[-EDGE_WORDS:])))
    # A quotation is somebody's.
    return frozenset(edge for edge in edges if LETTERS.search(edge) and not edge.startswith((">", "```")))


def mask_digits(text: str) -> str:
    """Return a line with white space folded and each number as 0."""
    folded = " ".join(text.split())
    return folded if folded.isalpha() else DIGITS.sub("0", folded)


def form_of_date(printed: str) -> str:
    """Return the shape of a printed date: digits as 0, words as a.

    >>> form_of_date("June 3, 2012"), form_of_date("2012-06-03 10:12")
    ('a 0, 0', '0-0-0 0:0')
    """
    return LETTERS.sub("a", mask_digits(printed))[:FORM_CHARS]


def words_of_date(printed: str) -> list[str]:
    """Return the words of a printed date, lower-case.

    >>> words_of_date("3. März 2012, 10 Uhr")
    ['märz', 'uhr']
    """
    return LETTERS.findall(printed.lower())
