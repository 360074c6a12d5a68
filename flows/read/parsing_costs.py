"""What makes the parser's time or memory grow with the square of a page: told by its tags alone, before it is parsed.

The parser looks at all open elements for each new one, at all attributes of a tag for each of it, at all options of a list for
each of them; and the HTML standard has it open all unclosed formatting elements anew in each block.
"""

from __future__ import annotations

import re
from collections import Counter

# 10,000 deep takes a fifth of a second, in lists over one, 100,000 twenty and more. Browsers stop at 512.
MAX_DEPTH = 5_000
# Open elements that the parser looks through, those of each tag added up: half a second. Posts by the thousand, each thirty
# deep, are a sixtieth of that.
MAX_LOOKS = 60_000_000
TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9-]{0,20})")
# Elements that are never open for long: void ones, and those that the next of their kind closes.
SHALLOW = frozenset(
    "area base br col embed hr img input link meta source track wbr p li td th tr dt dd option optgroup tbody thead tfoot "  # noqa: SIM905 -- eighty quotes would hide the names
    "colgroup html head body".split()
)
# A list of 4,000 options takes a third of a second, one of 8,000 one and a half, one of 32,000 eighty.
MAX_OPTIONS = 4_000
OPTION = re.compile(r"<opt(?:ion|group)\b", re.IGNORECASE)
# 32,000 attributes of one tag take three seconds; those of several tags add up by their squares. A tag of a smaller page, or a
# shorter tag, has no room for as many.
MAX_ATTRIBUTES, LONG_PAGE, LONG_TAG = 20_000, 60_000, 2_000
ATTRIBUTE = re.compile(r"""[^\s/>=][^\s/>=]*+(?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s>"'][^\s>]*+))?""")
START = re.compile(rf"<[a-zA-Z][^\s/>]*+(?:[\s/=]++|{ATTRIBUTE.pattern})*+")
# In memory a tag takes up to half a kilobyte, an attribute a quarter, a line of text as much: 300 MB at most of each kind.
MAX_TAGS, MAX_ALL_ATTRIBUTES, HUGE_PAGE, MAX_LINES = 400_000, 600_000, 1_000_000, 500_000
# Formatting elements of which this many are left open, and what opens them again; of equal ones three at most.
MANY_OPEN, MAX_REOPENED, MAX_EQUAL = 50, 150_000, 3
FORMATTING = frozenset("a b big code em font i nobr s small strike strong tt u".split())  # noqa: SIM905 -- likewise
FORMAT = re.compile(r"<(/?)(?:a|b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)(?=[\s/>])", re.IGNORECASE)
WHOLE_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)([^>]*)")


def find_excess(html: str) -> str | None:
    """Return, in words, what a page has too much of to be parsed; None where it may be.

    >>> find_excess("<p>" + "<option>x" * 4_001), find_excess("<option>x" * 4_000)
    ('more than 4,000 options', None)
    """
    if html.count("<") > MAX_TAGS:
        return f"more than {MAX_TAGS:,} tags"
    if len(html) > HUGE_PAGE and sum(len(ATTRIBUTE.findall(tag[0])) - 1 for tag in START.finditer(html)) > MAX_ALL_ATTRIBUTES:
        return f"more than {MAX_ALL_ATTRIBUTES:,} attributes"
    if html.count("<") > MAX_OPTIONS and len(OPTION.findall(html)) > MAX_OPTIONS:
        return f"more than {MAX_OPTIONS:,} options"
    if len(html) > LONG_PAGE and _has_many_attributes(html):
        return f"tags of more than {MAX_ATTRIBUTES:,} attributes"
    if _reopens_many(html):
        return f"formatting elements that are left open, which makes more than {MAX_REOPENED:,} of them"
    return None


def _has_many_attributes(html: str) -> bool:
    long = (found[0] for found in START.finditer(html) if found.end() - found.start() > LONG_TAG)
    return sum(len(ATTRIBUTE.findall(tag)) ** 2 for tag in long) > MAX_ATTRIBUTES**2


def _reopens_many(html: str) -> bool:
    closing = FORMAT.findall(html)
    if len(closing) - 2 * closing.count("/") <= MANY_OPEN:
        return False
    open_now: dict[str, list[str]] = {}  # by name, the attributes of those that are open
    count = reopened = 0
    for closes, tag, rest in WHOLE_TAG.findall(html):
        name = tag.lower()
        if name not in FORMATTING:
            reopened += count
            if reopened > MAX_REOPENED:
                return True
            continue
        opened = open_now.setdefault(name, [])
        count -= len(opened)
        if name in ("a", "nobr"):
            opened.clear()  # the next one closes the one before
        if closes:
            del opened[-1:]
        elif opened[-MAX_EQUAL:] != [rest] * MAX_EQUAL:
            opened.append(rest)
        count += len(opened)
    return False


def has_many_lines(text: str) -> bool:
    """Whether a text has more than MAX_LINES lines.

    >>> has_many_lines("a\\n" * 500_000), has_many_lines("a\\n" * 500_001)
    (False, True)
    """
    return text.count("\n") + text.count("\r") > MAX_LINES


def is_too_deep(html: str) -> bool:
    """Whether elements nest deeper than MAX_DEPTH, or so many so deep that MAX_LOOKS is passed, by their tags alone.

    >>> is_too_deep("<div>" * 5_001), is_too_deep("<div></div>" * 5_001), is_too_deep("<p>" * 5_001)
    (True, False, False)
    >>> is_too_deep("<div></b>" * 5_001), is_too_deep("<div>" * 1_000 + "<p>" * 60_000)
    (True, True)
    """
    if html.count("<") <= MAX_DEPTH:
        return False
    open_now: Counter[str] = Counter()
    depth = looks = 0
    for closes, tag in TAG.findall(html):
        name = tag.lower()
        if name not in SHALLOW and (not closes or open_now[name]):  # what closes nothing leaves all open
            step = -1 if closes else 1
            open_now[name] += step
            depth += step
        looks += depth
        if depth > MAX_DEPTH or looks > MAX_LOOKS:
            return True
    return False
