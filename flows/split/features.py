"""What a trained model sees of a line: its shape, its words' kinds, how it recurs on its page, where it stands."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from functools import lru_cache
from itertools import accumulate
from math import log1p, sqrt
from pathlib import Path
from typing import NamedTuple

from flows.records import Line
from flows.split.dates import Printed, find_date

MAX_WORDS = 40  # of a line that are looked at; the rest of a long paragraph says the same
MAX_LABEL = 12  # words; a longer line is prose, and its wording does not recur
MAX_DISTANCE = 6  # lines from an anchor that are told apart
NEAR = 2 * (MAX_DISTANCE + 2)
_DIGITS, _ORDINAL = re.compile(r"\d+"), re.compile(r"(?:#|№|nr\.? ?|no\.? ?)\d{1,5}\.?$", re.IGNORECASE)
_BULLET = re.compile(r"(?:[•◦▪‣·*–—-]|\d{1,2}[.)])\s")
_KEY_VALUE = re.compile(r"[^\W\d][\w .'-]{1,24}:\s*\S{1,24}(?: \S{1,20}){0,2}$")
_STRIP = ".,:;!?()[]\"'“”„«»*•|·"
_MENTION = re.compile(r"@([\w.-]{2,30})")
_END_MARKS, _ROLES = frozenset(".!?…"), ("artifact", "chrome", "votes", "rating", "count")


@lru_cache(maxsize=1)
def load_kinds() -> tuple[dict[str, int], tuple[str, ...]]:
    """Return the kinds of each known word as bits, and the names of the kinds; the last kind is that of function words."""
    kinds = tomllib.loads((Path(__file__).parent / "forum_words.toml").read_text("utf-8"))["kind"]
    bits: dict[str, int] = {}
    for place, kind in enumerate(kinds):
        for word in kind["words"].split():
            bits[word] = bits.get(word, 0) | 1 << place
    return bits, tuple(kind["id"] for kind in kinds)


class Seen(NamedTuple):
    """A page as the model sees it: one row a line, lines of one mask in one group, dates, and the best anchor's lines."""

    rows: list[list[float]]
    groups: list[list[int]]  # one list a kind of mask: the group of each line
    dates: list[Printed | None]
    masks: list[str]
    prose: list[int]  # words of prose on each line


def see_page(text: str, lines: list[Line]) -> Seen:
    """Return what the model sees of the lines of a page."""
    bits, kinds = load_kinds()
    small = len(kinds) - 1
    total = len(lines)
    rows: list[list[float]] = []
    dates: list[Printed | None] = []
    masks: list[str] = []
    words_of: list[list[str]] = []
    prose: list[int] = []
    shapes: list[int] = []
    for line in lines:
        shown = line.text
        date = find_date(shown)
        words = shown.split(None, MAX_WORDS)[:MAX_WORDS]
        lowered = [word.strip(_STRIP) for word in shown[:400].lower().split(None, MAX_WORDS)[:MAX_WORDS]]
        mask = shown
        if date is not None:
            mask = shown[: date.start] + "D" + shown[date.end :]
        mask = _DIGITS.sub("0", mask)[:60]
        row, said, shape = _measure(shown, line, words, [bits.get(word, 0) for word in lowered], date, small)
        rows.append(row)
        dates.append(date)
        masks.append(mask)
        words_of.append(lowered)
        prose.append(said)
        shapes.append(shape)
    groups = [_number(masks), _number(_word_masks(words_of, masks)), _number(shapes)]
    _add_recurrence(rows, masks, words_of, lines, groups)
    offsets = _add_anchors(rows, groups, dates, prose)
    groups.append(_number(zip(shapes, offsets, strict=True)))
    for at, (row, line) in enumerate(zip(rows, lines, strict=True)):
        indent = 0
        while indent < 12 and line.start + indent < line.end and text[line.start + indent] in " \t":
            indent += 1
        row += (at / total, log1p(at) / 6, log1p(total - at) / 6, log1p(total) / 6, indent / 8)
    return Seen(rows, groups, dates, masks, prose)


def _measure(
    shown: str, line: Line, words: list[str], kinds: list[int], date: Printed | None, small: int
) -> tuple[list[float], int, int]:
    """Return the features of a line by itself, its words of prose, and its shape."""
    chars, count = len(shown), len(words) or 1
    digits = sum(map(len, _DIGITS.findall(shown))) if chars <= 120 else 0
    first, last = (shown[0], shown[-1]) if shown else (" ", " ")
    seen, smalls = 0, 0
    for kind in kinds:
        if kind:
            seen |= kind
            smalls += kind >> small & 1
    titled = sum([word[0].isupper() for word in words])
    ends = last in _END_MARKS
    said = len(words) if len(words) >= 4 and (smalls * 5 >= count or (len(words) >= 8 and titled * 2 < count)) else 0
    if said and chars > 200:
        said = chars // 6
    role = _ROLES.index(line.role) if line.role in _ROLES else -1
    row: list[float] = [
        log1p(chars) / 5, log1p(count) / 3, smalls / count, titled / count, digits / (chars or 1), ends, last == ":", last in ",;",
        first.isupper(), first.islower(), first.isdigit(), bool(_BULLET.match(shown)), count == 1, count == 2, 3 <= count <= 5, count > 12,
        shown.isupper(), "?" in shown, "!" in shown, min(shown.count(","), 4) / 4, "@" in shown, "http" in shown or "www." in shown,
        chars <= 40 and bool(_KEY_VALUE.match(shown)), chars < 14 and bool(_ORDINAL.match(shown)), shown.isdigit(),
        first in "#»>|[(" , last in "»|])", not any(map(str.isalnum, shown[:40])), chars > 200, said > 0,
        *[float(seen >> place & 1) if count <= 14 else 0.0 for place in range(small)],
        *[float(role == place) for place in range(len(_ROLES))], bool(line.cuts), line.gap == 0, line.gap == 1, line.gap >= 2,
        date is not None, date is not None and date.has_clock, date is not None and date.is_relative,
        (date.end - date.start) / chars if date is not None else 0.0,
    ]  # fmt: skip
    start = 0 if first.isupper() else 1 if first.islower() else 2 if first.isdigit() else 3
    end = 0 if ends else 1 if last.isalpha() else 2 if last.isdigit() else 3
    size = min(count, 6) if count <= 12 else 7 if said else 8
    shape = (((start * 4 + end) * 9 + size) * 2 + (date is not None)) * 2 + (digits > 0)
    return row, said, shape * 4 + min(line.gap, 2)


def _number(keys: object) -> list[int]:
    numbers: dict[object, int] = {}
    return [numbers.setdefault(key, len(numbers)) for key in keys]  # type: ignore[attr-defined]


def _word_masks(words_of: list[list[str]], masks: list[str]) -> list[str]:
    """Return lines as their frequent words and the shape of the others; prose is one mask."""
    counts = Counter(word for words in words_of if len(words) <= MAX_LABEL for word in words)
    found = []
    for words, mask in zip(words_of, masks, strict=True):
        if len(words) > MAX_LABEL:
            found.append("P.")
            continue
        found.append(" ".join(["0" if word.isdigit() else word if counts[word] >= 3 else "w" for word in words]) + mask[-1:])
    return found


def _add_recurrence(
    rows: list[list[float]], masks: list[str], words_of: list[list[str]], lines: list[Line], groups: list[list[int]]
) -> None:
    """Add how often a line's masks and its very words come on the page, how far the next of its kind is, who is mentioned."""
    exact = Counter(line.text.lower() for line in lines if len(line.text) <= 60)
    known = _mentioned(words_of, lines)
    counts = [Counter(group) for group in groups]
    gaps_before, gaps_after = _gaps(groups[0])
    for at, (row, line) in enumerate(zip(rows, lines, strict=True)):
        text = line.text.lower()
        first = words_of[at][0] if words_of[at] else ""
        row += (
            *[log1p(count[group[at]] - 1) / 3 for count, group in zip(counts, groups, strict=True)],
            log1p(max(0, exact[text] - 1)) / 3 if len(text) <= 60 else 0.0,
            text.strip(_STRIP + " ") in known if len(text) <= 40 else False,
            first in known,
            min(gaps_before[at], 60) / 60,
            min(gaps_after[at], 60) / 60,
            "0" in masks[at] and counts[0][groups[0][at]] > 1,
        )


def _mentioned(words_of: list[list[str]], lines: list[Line]) -> set[str]:
    """Return what is named as a person elsewhere on the page: "@name", "name wrote:"."""
    bits, kinds = load_kinds()
    quoted = 1 << kinds.index("quoted")
    known: set[str] = set()
    for words, line in zip(words_of, lines, strict=True):
        if "@" in line.text:
            known.update(name.lower().rstrip(".-") for name in _MENTION.findall(line.text[:2000]))
        if len(words) <= 10 and line.text[-1:] in ":.…↑":
            for at, word in enumerate(words):
                if at and bits.get(word, 0) & quoted:
                    known.add(" ".join(words[:at]))
                    break
    return known


def _gaps(group: list[int]) -> tuple[list[int], list[int]]:
    """Return for each line how many lines back and on the next one of its group stands; 99 where none does."""
    before, after = [99] * len(group), [99] * len(group)
    last: dict[int, int] = {}
    for at, key in enumerate(group):
        if key in last:
            before[at] = after[last[key]] = at - last[key]
        last[key] = at
    return before, after


def _add_anchors(
    rows: list[list[float]], groups: list[list[int]], dates: list[Printed | None], prose: list[int]
) -> list[int]:
    """Add how well each line's mask parts the page's prose, and how far the line is from the mask that does it best."""
    sums = list(accumulate(prose, initial=0))
    scores: list[float] = [0.0] * len(rows)
    best, best_places = 0.0, list[int]()
    for group in groups[:2]:
        places: dict[int, list[int]] = {}
        for at, key in enumerate(group):
            places.setdefault(key, []).append(at)
        for found in places.values():
            if len(found) < 2 or prose[found[0]] > 0:
                continue
            score = _parting(found, sums)
            dated = sum(dates[at] is not None for at in found) > len(found) // 2
            weighted = score * (1.3 if dated else 1.0)
            for at in found:
                scores[at] = max(scores[at], score)
            if weighted > best:
                best, best_places = weighted, found
    offsets = _distances(best_places, len(rows))
    for at, row in enumerate(rows):
        since, until = offsets[at]
        near = [0.0] * NEAR
        near[min(since, MAX_DISTANCE + 1)] = 1.0
        near[MAX_DISTANCE + 2 + min(until, MAX_DISTANCE + 1)] = 1.0
        row.append(scores[at])
        row.append(scores[at] / best if best else 0.0)
        row += near
        row.append(log1p(min(since, 200)) / 5)
        row.append(log1p(min(until, 200)) / 5)
    return [min(since, MAX_DISTANCE + 1) if since <= until else -min(until, MAX_DISTANCE + 1) for since, until in offsets]


def _parting(found: list[int], sums: list[int]) -> float:
    """How well lines part the prose of a page, from 0 to about 2: share of gaps with prose, prose spanned, number."""
    total = sums[-1]
    if not total:
        return 0.0
    filled = sum([sums[high] > sums[low] for low, high in zip(found, found[1:], strict=False)])
    spanned = (sums[found[-1]] - sums[found[0]]) / total
    return filled / (len(found) - 1) * sqrt(spanned) * min(2.0, log1p(len(found)) / 2)


def _distances(places: list[int], total: int) -> list[tuple[int, int]]:
    """Return for each line how many lines since and until the nearest of some places; 999 where none is."""
    since, until = [999] * total, [999] * total
    last = -999
    marks = set(places)
    for at in range(total):
        last = at if at in marks else last
        since[at] = min(at - last, 999)
    last = total + 999
    for at in range(total - 1, -1, -1):
        last = at if at in marks else last
        until[at] = min(last - at, 999)
    return list(zip(since, until, strict=True))
