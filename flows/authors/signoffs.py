"""Names inside a body: the sign-off that closes it, and an attribution that was glued to its last sentence."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import NamedTuple

from flows.authors.attributions import read_byline
from flows.authors.credentials import credential
from flows.authors.name_lines import is_name_line
from flows.authors.people import proves_person, read_person
from flows.authors.places import is_region
from flows.authors.roles import head_kind, is_qualifier, read_role
from flows.authors.vocabulary import fold, names, read_table
from flows.records import Byline

LONGEST_SIGN_OFF = 240  # characters: two closings and an attribution of three lines
LONGEST_GLUED = 200  # characters of an attribution that stands glued to a sentence
MOST_LINES = 4  # name, role, place, and a telephone number or address
WINDOW = 300  # characters of the tail in which a glued attribution may begin: the name and LONGEST_GLUED
_ENDERS = ".!?\u2026:;)\"\u201d\u2019'\n\u3002"
_DASHED = re.compile(r"(?:^|(?<=[.!?\u2026)\n]))[ \t]*(?:--|[-\u2013\u2014~])[ \t]?(?=[^\W\d_a-z])")
_BETWEEN = re.compile(r"[ \t]*([,!.:\-\u2013\u2014~\n]*)[\s\-\u2013\u2014~]*")


class _Closing(NamedTuple):
    addresses: bool  # without a comma it speaks to the one who is named
    strong: bool  # only a name with a title or letters is the writer's


@cache
def _closings() -> dict[str, _Closing]:
    groups = read_table("signoffs")["group"]
    return {
        form.lower(): _Closing(bool(group.get("addresses")), bool(group.get("strong")))
        for group in groups
        for form in group["forms"]
    }


@cache
def _closing_pattern() -> re.Pattern[str]:
    forms = sorted(_closings(), key=len, reverse=True)
    return re.compile(r"(?<!\w)(?:(?:i|we)\s)?(?:" + "|".join(map(re.escape, forms)) + r")(?!\w)", re.IGNORECASE)


def read_sign_off(sentence_tail: str) -> tuple[int, Byline] | None:
    """The offset at which a sign-off starts in the text, and its byline; None where the text does not end in one.

    `sentence_tail` is the end of a body, its last line or its last lines; the offset counts its characters from 0. A
    sign-off is a closing phrase and a name with a title or letters, or a closing phrase, a comma and one to three words
    with capitals; or a dash and a name with a title or letters. `printed` leaves the closing phrase out.

    >>> start, byline = read_sign_off("It will settle. Regards, Dr. Okafor")
    >>> start, byline.name, byline.printed
    (16, 'Okafor', 'Dr. Okafor')
    >>> read_sign_off("Good luck!") is None
    True
    """
    text = sentence_tail.rstrip()
    if len(text) < 5 or text[-1] in "!?,;:":
        return None
    base = max(0, len(text) - LONGEST_SIGN_OFF)
    window = text[base:]
    last = window[window.rfind(" ") + 1 :]
    if last[0].islower() and "\n" not in window and not head_kind(fold(last)):  # no name and no role at the end
        return None
    for found in _closing_pattern().finditer(window):
        byline = _read_closing(window, found)
        if byline is not None:
            return base + found.start(), byline
    for found in _DASHED.finditer(window):
        byline = _read_signature(window[found.end() :], weak=False)
        if byline is not None:
            return base + found.end() - len(found.group().lstrip()), byline
    return None


def _read_closing(window: str, found: re.Match[str]) -> Byline | None:
    """The byline behind a closing phrase, None where the phrase stands inside a sentence or no name follows."""
    form = " ".join(found.group().lower().split()).removeprefix("i ").removeprefix("we ")
    closing = _closings().get(form, _Closing(addresses=False, strong=False))
    begins = _begins_sentence(window, found.start())
    if not begins and not window[found.start()].isupper():
        return None
    between = _BETWEEN.match(window, found.end())
    at = between.end() if between else found.end()
    mark = between.group(1) if between else ""
    apart = bool(mark) or "\n" in window[found.end() : at]
    wish = _WISH.match(window, found.end()) if begins and not mark else None
    if wish is not None:  # "Good luck with the little one, Dr. …": a title must stand behind it
        return _read_signature(window[wish.end() :], weak=False)
    if at == len(window) or (closing.addresses and not apart):
        return None
    inner = _closing_pattern().match(window, at)  # "Hope this helps, Best, Dr. …"
    if inner is not None and inner.end() < len(window):
        return _read_closing(window, inner)
    weak = begins and not closing.strong and bool(set(mark) & set(",-\u2013\u2014~\n")) | ("\n" in window[found.end() : at])
    return _read_signature(window[at:], weak=weak)


_WISH = re.compile(r"(?: [\w'\u2019-]{1,20}){1,8}[,!.]? ?[,\u2013\u2014-] ?(?=(?:Dr|Prof|Dra)\b)")


def _begins_sentence(window: str, start: int) -> bool:
    before = window[:start].rstrip(" \t-\u2013\u2014~")
    return not before or before[-1] in _ENDERS or before[-1] == ","


def _read_signature(text: str, *, weak: bool) -> Byline | None:
    """The byline of the lines behind a closing; `weak`: bare words with capitals count as a name."""
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    if not lines or len(lines) > MOST_LINES or len(lines[0]) > 120 or not all(_may_follow(line) for line in lines[1:]):
        return None
    stopped = lines[0].endswith(".") and credential(lines[0][lines[0].rfind(" ") + 1 :]) is None and lines[0][-3:-2] not in " ."
    if stopped:
        lines[0] = lines[0][:-1]
    person = read_person(lines[0])
    if person is None or (read_role(lines[0]) is not None and not person.titles):
        return None
    if proves_person(person) or (weak and not stopped and (person.credentials or _is_bare_name(lines[0], person.words))):
        byline = read_byline(lines)
        return None if byline.name is None or is_region(lines[0]) else byline
    return None


def _is_bare_name(line: str, words: Sequence[str]) -> bool:
    """True for one to three words with capitals and nothing beside them."""
    if "," in line or not 1 <= len(words) <= 3:
        return False
    return all(word[0].isupper() or fold(word) in names().particles for word in words)


def _may_follow(line: str) -> bool:
    """True for what stands below a name in a signature: role, place, letters, an address of the web, a telephone number."""
    if len(line) > 100 or line[-1] in "?!":
        return False
    return not line.endswith(".") or is_name_line(line) or line.endswith((".D.", "Inc."))


@lru_cache(maxsize=256)
def _name_pattern(name: str, given: str | None, family: str | None, titles: str) -> re.Pattern[str] | None:
    """Finds the name again: given and family name with up to two words between, or the whole name."""
    forms = [r"\s+".join(map(re.escape, name.split()))]
    if given and family:
        forms.append(
            re.escape(given.split()[0])
            + r"\s+(?:[^\W\d_][\w.'\u2019-]{0,20}\s+){0,2}"
            + r"\s+".join(map(re.escape, family.split()))
        )
    elif family is not None or len(name.split()) == 1:
        forms = [rf"(?:{titles})\.?\s+{re.escape(name)}"]
    return re.compile(rf"(?:(?:{titles})\.?\s+)*(?:{'|'.join(forms)})(?!\w)", re.IGNORECASE)


def find_glued_byline(body_tail: str, byline: Byline) -> int | None:
    """The offset at which a repetition of the byline starts at the end of a body, None where none does.

    `body_tail` is the last line of a body; the offset counts its characters from 0. The name must stand right behind the
    end of a sentence, with or without a space, and what follows it to the end must read as an attribution: at most 200
    characters, no sentence, no verb, nearly all capitals.

    >>> byline = read_byline(["Jane Q. Roe, DDS"])
    >>> find_glued_byline("Wish you well!Jane Q. Roe Dentist Springfield Oakdale", byline)
    14
    >>> find_glued_byline("I agree with Jane Roe DDS", byline) is None
    True
    """
    if byline.name is None:
        return None
    text = body_tail.rstrip()
    pattern = _name_pattern(byline.name, byline.given_name, byline.family_name, "dr|dra|prof|professor|doctor|mr|mrs|ms")
    base = max(0, len(text) - WINDOW)
    if byline.name.split()[-1].casefold() not in text[base:].casefold():
        return None
    for found in pattern.finditer(text, base) if pattern else ():
        if len(text) - found.start() > LONGEST_GLUED + len(found.group()) or not _is_attached(text, found.start()):
            continue
        if _is_attribution_tail(text[found.end() :]):
            return found.start()
    return None


def _is_attached(text: str, start: int) -> bool:
    """True right behind a sentence's end; a text that is only the attribution has no sentence to be glued to."""
    before = text[:start].rstrip(" \t")
    if not before or len(text[:start]) - len(before) > 2 or not text[start].isupper():
        return False
    if before[-1] in "\"\u201d)'\u2019":
        before = before[:-1]
    last = before.rpartition(" ")[2]
    return before.endswith(("!", "?", "\u2026", "\n")) or (before.endswith(".") and fold(last) not in names().titles)


def _is_attribution_tail(tail: str) -> bool:
    words = tail.replace(",", " ").replace("|", " ").split()
    if tail[-1:] in "!?" and tail:
        return False
    if tail.endswith(".") and not (words and (credential(words[-1]) or len(words[-1]) <= 4)):
        return False
    glue = read_table("signoffs")["glue"]
    verbs, connectors = frozenset(glue["verbs"]), frozenset(glue["connectors"])
    lower = [fold(word) for word in words if word[0].islower()]
    if any(word in verbs for word in lower) or (words and fold(words[0]) in verbs):
        return False
    unknown = [word for word in lower if word not in connectors and not is_qualifier(word) and not head_kind(word)]
    if unknown or re.search(r"[a-z]{3}[.!?](?:\s|$)", tail):
        return False
    named = sum(1 for word in words if not word[0].islower())
    return not words or named * 2 >= len(words)
