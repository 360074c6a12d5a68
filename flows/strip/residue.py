"""Template residue: finding stretches that a template engine should have filled in, in linear time.

A scanner in the manner of a lexer: literals find an opener, then at most REACH characters are read for its closer, with
quotes and nested braces respected. No opener can swallow more than that, and an unclosed one takes only itself and what
is plainly an expression after it. The families (what opens, what closes, what stands inside) are data:
`rules/residue.toml`. Whether a stretch is a page's leftover or its author's own code is decided in `own_code.py`.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

from flows.records import Cut
from flows.rules import Rule, compile_pattern, read_rules
from flows.strip.fold import INVISIBLE, may_hold_invisible

RULES = Path(__file__).with_name("rules")
REACH = 400  # characters from an opener to its closer; the longest interpolation in 86 real pages had 187
REACH_LINES = 6
_LONG_RUN = 4  # braces: {{{{raw}}}} is the longest run that an engine knows; longer ones are not counted one by one

_new = tuple.__new__
_NEWLINE = re.compile(r"\r\n|[\n\r]")
_EMPTY_LINE = re.compile(r"(?:\r\n|\r(?!\n)|(?<!\r)\n)[ \t\u00a0]*[\n\r]")
# What is plainly code after an unclosed opener: a path, call or filter of identifiers. A lone word may be prose.
_EXPRESSION = re.compile(r"[=\-~#/&!@^]?\s*[A-Za-z_$][\w$]*(?:(?:\.|\?\.|::|[ \t]?\|[ \t]?|\()[\w$'\"]+\)?){0,8}")
# A call with all its arguments, or a string behind filters: code to its last bracket, prose never looks like that.
_CALL = re.compile(
    r"[=\-~#/&!@^]?\s*[A-Za-z_$][\w$.]{0,60}\((?:[^()'\"]|'[^']*'|\"[^\"]*\"|\([^()'\"]*\))*\)(?:\s?[;|.][\w$.]{1,40}){0,3}"
)
_FILTERED = re.compile(r"\s*(?:'[^']{1,80}'|\"[^\"]{1,80}\")(?:\s?\|\s?[A-Za-z_$][\w$]{0,40}){1,4}")
_WORD_AND_END = re.compile(r"[=\-~#/&!@^]?\s*[\w$]{1,40}\s*(?=$|[{<$#]\{|[{<]%|\[\[)")
_CODE_MARK = re.compile(r"[._|($=#/]|[a-z][A-Z]")
_PROSE = re.compile(r"(?:[^\W\d_]{2,20}[,;]? ){5}[^\W\d_]{2,20}")  # six words in a row: no engine's expression
_STRING = r"(?<![A-Za-z])'(?:[^'\\\n\r]|\\.)*'|\"(?:[^\"\\\n\r]|\\.)*\"|`(?:[^`\\\n\r]|\\.)*`"


class Families(NamedTuple):
    """The residue rules, ready to scan with."""

    by_opener: dict[str, tuple[Rule, ...]]
    openers: tuple[str, ...]
    signs: str  # the first characters of the openers


@cache
def load_families() -> Families:
    """The families of `rules/residue.toml`, longest opener first."""
    by_opener: dict[str, tuple[Rule, ...]] = {}
    for rule in read_rules(RULES / "residue.toml"):
        for opener in rule.open:
            by_opener[opener] = (*by_opener.get(opener, ()), rule)
    openers = tuple(sorted(by_opener, key=lambda opener: (-len(opener), opener)))
    return Families(by_opener, openers, "".join(sorted({opener[0] for opener in openers})))


def find_residue(text: str) -> list[Cut]:
    """Every residue-shaped stretch of a text, in order and disjoint, whoever wrote it; role "artifact", its family's rule.

    Offsets are characters of `text`. A stretch may span lines. Invisible characters hide nothing.

    >>> [text[c.start:c.end] for text in ["Hi {{ user.name }}!"] for c in find_residue(text)]
    ['{{ user.name }}']
    """
    if not may_hold_invisible(text):
        return scan_residue(text)
    visible, offsets = _remove_invisible(text)
    return [Cut(offsets[c.start], offsets[c.end - 1] + 1, c.role, c.rule) for c in scan_residue(visible)]


def _remove_invisible(text: str) -> tuple[str, list[int]]:
    """The visible text, and where each of its characters stands in the text itself."""
    hidden = {at for match in INVISIBLE.finditer(text) for at in range(*match.span())}
    offsets = [at for at in range(len(text)) if at not in hidden]
    return "".join(text[at] for at in offsets), offsets


def scan_residue(text: str) -> list[Cut]:
    """As `find_residue`, for a text known to hold no invisible characters."""
    signs = "".join([sign for sign in load_families().signs if sign in text])
    if not signs:
        return []
    found: list[Cut] = []
    search = _finder(signs).search
    lone = signs if len(signs) == 1 else ""  # one sign is found faster than a pattern
    match = search(text, text.find(lone))
    while match is not None:
        cut = _read_stretch(text, match)
        if cut is not None:
            found.append(cut)
        at = match.end() if cut is None else max(cut.end, match.start() + 1)
        if lone and (at := text.find(lone, at)) < 0:
            break
        match = search(text, at)
    return found


@lru_cache(maxsize=256)
def _finder(signs: str) -> re.Pattern[str]:
    """Finds the openers that begin with one of the signs; single characters are ten times faster to rule out than pairs."""
    openers = [opener for opener in load_families().openers if opener[0] in signs]
    return re.compile("|".join(r"\{\{+" if opener == "{{" else re.escape(opener) for opener in openers))


def _read_stretch(text: str, match: re.Match[str]) -> Cut | None:
    """The residue that begins at an opener; None when what follows has not the shape of any of its families."""
    start, opener = match.start(), match.group()
    if opener.startswith("{{") and len(opener) - 2 > _LONG_RUN:
        return _read_long_run(text, start, match.end())
    families = load_families().by_opener["{{" if opener.startswith("{{") else opener]
    first = families[0]
    end = _close_stretch(first.id, opener, text[start : _find_line_end(text, start)])
    if end is not None:  # nearly always: what opens on a line closes on it
        return _new(Cut, (start, start + end, "artifact", first.id))
    closable = [rule for rule in families if text.find(rule.close, match.end(), start + REACH) >= 0]
    line = text[start : _find_line_end(text, start)] if closable or families[0].unclosed else ""
    for rule in closable:
        end = _close_stretch(rule.id, opener, line)
        if end is None and len(line) < REACH:
            end = _close_over_lines(rule, opener, text[start : start + REACH])
        if end is not None:
            return Cut(start, start + end, "artifact", rule.id)
    for rule in families:
        end = _measure_unclosed(opener, line) if rule.unclosed else None
        if end is not None:
            return Cut(start, start + end, "artifact", rule.id)
    return None


def _find_line_end(text: str, start: int) -> int:
    """Where the line ends, or REACH characters on."""
    reach = min(start + REACH, len(text))
    end = text.find("\n", start, reach)
    end = end if end >= 0 else reach
    back = text.find("\r", start, end)
    return back if back >= 0 else end


def _cut_at(pattern: re.Pattern[str], text: str) -> str:
    match = pattern.search(text)
    return text if match is None else text[: match.start()]


def _read_long_run(text: str, start: int, end: int) -> Cut:
    """A run of more braces than any engine knows: to the run that closes it, on its line and in reach; else only itself."""
    rest = text[end : _find_line_end(text, end)]
    close = rest.find("}}")
    if close >= 0:
        end += close
        while end < len(text) and text[end] == "}":
            end += 1
    return Cut(start, end, "artifact", "residue-double-brace")


def _close_over_lines(rule: Rule, opener: str, text: str) -> int | None:
    """Where a stretch over several lines ends: balanced, within reach, over no empty line, and not over prose."""
    block = _cut_at(_EMPTY_LINE, text)
    lines = _NEWLINE.split(block)
    if len(lines) < 2 or rule.close not in block:
        return None
    end = _close_stretch(rule.id, opener, block)
    if end is None or len(_NEWLINE.split(block[:end])) > REACH_LINES:
        return None
    inner = block[len(opener) : end]
    if rule.quoted and (_PROSE.search(inner) or _opens_again(rule, inner)):
        return None
    return end


@lru_cache(maxsize=4096)
def _close_stretch(rule_id: str, opener: str, segment: str) -> int | None:
    """Where the stretch that opens the segment ends; cached, for a page repeats its templates."""
    rule = _rules_by_id()[rule_id]
    if rule.close not in segment:
        return None
    ends = _find_ends(rule, opener, segment)
    shape = compile_pattern(rule.pattern, case=True)
    for end in ends:
        if shape.fullmatch(segment[len(opener) : end - len(rule.close)]):
            return end
    return None


@cache
def _rules_by_id() -> dict[str, Rule]:
    return {rule.id: rule for rule in read_rules(RULES / "residue.toml")}


def _find_ends(rule: Rule, opener: str, segment: str) -> list[int]:
    """Where the stretch may end, best first: balanced and outside quotes, then the first closer outside quotes, then any."""
    ends: list[int] = []
    depth = opener.count("{") if rule.nested else 0
    for match in _tokens(rule.close, quoted=rule.quoted, nested=rule.nested).finditer(segment, len(opener)):
        sign = match.group()
        if sign == "{":
            depth += 1
        elif sign == "}" or (sign == rule.close and rule.nested):
            depth -= len(sign)
            balanced_at = match.end() + min(depth, 0)
            if depth <= 0 and segment[balanced_at - len(rule.close) : balanced_at] == rule.close:
                return _prefer_balanced(balanced_at, ends, rule, segment)
            if segment.startswith(rule.close, match.start()):
                ends.append(match.start() + len(rule.close))
        elif sign == rule.close:
            return [match.end()]
    return ends[:1] or [segment.index(rule.close) + len(rule.close)]


def _prefer_balanced(balanced: int, ends: list[int], rule: Rule, segment: str) -> list[int]:
    """The balanced end, unless an earlier closer parts it from prose or from another opener."""
    if ends and (_PROSE.search(segment[ends[0] : balanced]) or _opens_again(rule, segment[ends[0] : balanced])):
        return [ends[0], balanced]
    return [balanced, *ends[:1]]


def _opens_again(rule: Rule, inner: str) -> bool:
    return any(len(opener) > 1 and opener in inner for opener in rule.open)


@cache
def _tokens(close: str, *, quoted: bool, nested: bool) -> re.Pattern[str]:
    strings = _STRING + "|" if quoted else ""
    return re.compile(f"{strings}{re.escape(close)}" + (r"|[{}]" if nested else ""))


def _measure_unclosed(opener: str, line: str) -> int | None:
    """How much an opener without a closer takes: itself and what is plainly an expression; None where it is "less than %"."""
    rest = line[len(opener) :]
    lead = len(rest) - len(rest.lstrip())
    if opener == "<%" and rest.removeprefix(" ")[:1].isdigit():
        return None
    word = _WORD_AND_END.match(rest, lead)
    if word is not None:
        return len(opener) + len(rest[: word.end()].rstrip())
    whole = _CALL.match(rest, lead) or _FILTERED.match(rest, lead)
    if whole is not None:
        return len(opener) + whole.end()
    path = _EXPRESSION.match(rest, lead)
    if path is not None and _CODE_MARK.search(path.group()):
        return len(opener) + path.end()
    return len(opener)


def split_by_line(cuts: list[Cut], starts: list[int], ends: list[int]) -> dict[int, list[Cut]]:
    """The cuts parted at line ends, by the number of their line from 0; line terminators belong to no line."""
    by_line: dict[int, list[Cut]] = {}
    for cut in cuts:
        here = bisect_right(starts, cut.start) - 1
        if cut.end <= ends[here]:
            by_line.setdefault(here, []).append(cut)
            continue
        while here < len(starts) and starts[here] < cut.end:
            start, end = max(cut.start, starts[here]), min(cut.end, ends[here])
            if start < end:
                by_line.setdefault(here, []).append(cut._replace(start=start, end=end))
            here += 1
    return by_line
