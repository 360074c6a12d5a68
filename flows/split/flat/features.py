"""What a trained model sees of a line: its shape, its words' kinds, how it recurs on its page, where it stands."""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from itertools import accumulate, pairwise
from math import log1p, sqrt
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from flows.records import Line
from flows.rules import read_toml
from flows.split.flat.dates import Printed, find_date

MAX_WORDS = 40  # of a line that are looked at; the rest of a long paragraph says the same
MAX_LABEL = 12  # words; a longer line is prose, and its wording does not recur
MAX_DISTANCE = 6  # lines from an anchor that are told apart
FIRST_KIND = 30  # the column of the first kind of words
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
    kinds = read_toml(Path(__file__).parent / "forum_words.toml")["kind"]
    bits: dict[str, int] = {}
    for place, kind in enumerate(kinds):
        for word in kind["words"].split():
            bits[word] = bits.get(word, 0) | 1 << place
    return bits, tuple(kind["id"] for kind in kinds)


Matrix = NDArray[np.float32]


class Seen(NamedTuple):
    """A page as the model sees it: one row a line, lines of one mask in one group, the dates, what the lines say."""

    rows: Matrix
    groups: list[list[int]]  # one list a kind of mask: the group of each line
    dates: list[Printed | None]
    masks: list[str]
    prose: list[int]  # words of prose on each line


class _Measured(NamedTuple):
    """What a line shows by itself."""

    row: list[float]
    date: Printed | None
    mask: str
    words: list[str]
    prose: int
    shape: int


def see_page(text: str, lines: list[Line]) -> Seen:
    """Return what the model sees of the lines of a page."""
    known: dict[tuple[str, str | None, int], _Measured] = {}  # many lines of a page are those of its template
    found: list[_Measured] = []
    for line in lines:
        key = (line.text, line.role, min(line.gap, 2))
        measured = known.get(key) if not line.cuts else None
        if measured is None:
            measured = _measure_line(line)
            if not line.cuts:
                known[key] = measured
        found.append(measured)
    masks, words_of, prose = [m.mask for m in found], [m.words for m in found], [m.prose for m in found]
    shapes, dates = [m.shape for m in found], [m.date for m in found]
    groups = [_number(masks), _number(_word_masks(words_of, masks)), _number(shapes)]
    recurrence = _recurrence(masks, words_of, lines, groups)
    anchors, offsets = _anchors(groups, dates, prose)
    groups.append(_number(zip(shapes, offsets, strict=True)))
    own = np.array([m.row for m in found], dtype=np.float32)
    rows = np.concatenate([own, recurrence, anchors, _places(text, lines)], axis=1)
    return Seen(rows, groups, dates, masks, prose)


def _places(text: str, lines: list[Line]) -> Matrix:
    """Return where each line stands on its page, and how far it is indented."""
    total = len(lines)
    indents = []
    for line in lines:
        start = text[line.start : min(line.end, line.start + 12)]
        indents.append(len(start) - len(start.lstrip(" \t")))
    at = np.arange(total)
    columns = [at / total, np.log1p(at) / 6, np.log1p(total - at) / 6, np.full(total, log1p(total) / 6), np.array(indents) / 8]
    return np.stack(columns, axis=1).astype(np.float32)


def _measure_line(line: Line) -> _Measured:
    bits, kinds = load_kinds()
    shown = line.text
    date = find_date(shown)
    words = shown.split(None, MAX_WORDS)[:MAX_WORDS]
    lowered = [word.strip(_STRIP) for word in shown[:400].lower().split(None, MAX_WORDS)[:MAX_WORDS]]
    mask = shown if date is None else shown[: date.start] + "D" + shown[date.end :]
    mask = _DIGITS.sub("0", mask)[:60]
    row, said, shape = _measure(shown, line, words, [bits.get(word, 0) for word in lowered], date, len(kinds) - 1)
    return _Measured(row, date, mask, lowered, said, shape)


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
        log1p(chars) / 5, log1p(count) / 3, smalls / count, titled / count, digits / (chars or 1), ends, last == ":",
        last in ",;", first.isupper(), first.islower(), first.isdigit(), bool(_BULLET.match(shown)), count == 1, count == 2,
        3 <= count <= 5, count > 12, shown.isupper(), "?" in shown, "!" in shown, min(shown.count(","), 4) / 4, "@" in shown,
        "http" in shown or "www." in shown, chars <= 40 and bool(_KEY_VALUE.match(shown)),
        chars < 14 and bool(_ORDINAL.match(shown)), shown.isdigit(), first in "#»>|[(", last in "»|])",
        not any(map(str.isalnum, shown[:40])), chars > 200, said > 0,
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


def _recurrence(masks: list[str], words_of: list[list[str]], lines: list[Line], groups: list[list[int]]) -> Matrix:
    """Return how often a line's masks and its very words come on the page, how far the next of its kind is, who is named."""
    texts = [line.text.lower() if len(line.text) <= 60 else None for line in lines]
    exact = Counter(texts)
    known = _mentioned(words_of, lines)
    counts = [np.bincount(group)[group] for group in groups]
    before, after = _gaps(groups[0])
    again = np.array([0 if text is None else exact[text] - 1 for text in texts])
    named = [text is not None and len(text) <= 40 and text.strip(_STRIP + " ") in known for text in texts]
    first = [bool(words) and words[0] in known for words in words_of]
    numbered = np.array(["0" in mask for mask in masks], dtype=bool) & (counts[0] > 1)
    columns = [
        *[np.log1p(count - 1) / 3 for count in counts], np.log1p(np.maximum(again, 0)) / 3, named, first,
        np.minimum(before, 60) / 60, np.minimum(after, 60) / 60, numbered,
    ]  # fmt: skip
    return np.stack([np.asarray(column, dtype=np.float32) for column in columns], axis=1)


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


def _anchors(groups: list[list[int]], dates: list[Printed | None], prose: list[int]) -> tuple[Matrix, list[int]]:
    """Return how well each line's mask parts the page's prose, and how far the line is from the mask that does it best."""
    sums = list(accumulate(prose, initial=0))
    total = len(prose)
    scores = np.zeros(total)
    best, best_places = 0.0, list[int]()
    for group in groups[:2]:
        places: dict[int, list[int]] = {}
        for at, key in enumerate(group):
            places.setdefault(key, []).append(at)
        for found in places.values():
            if len(found) < 2 or prose[found[0]] > 0:
                continue
            score = _parting(found, sums)
            dated = sum([dates[at] is not None for at in found]) > len(found) // 2
            weighted = score * (1.3 if dated else 1.0)
            scores[found] = np.maximum(scores[found], score)
            if weighted > best:
                best, best_places = weighted, found
    since, until = _distances(best_places, total)
    near = np.zeros((total, NEAR))
    near[np.arange(total), np.minimum(since, MAX_DISTANCE + 1)] = 1.0
    near[np.arange(total), MAX_DISTANCE + 2 + np.minimum(until, MAX_DISTANCE + 1)] = 1.0
    columns = [scores, scores / best if best else np.zeros(total), *near.T]
    columns += [np.log1p(np.minimum(since, 200)) / 5, np.log1p(np.minimum(until, 200)) / 5]
    offsets = np.where(since <= until, np.minimum(since, MAX_DISTANCE + 1), -np.minimum(until, MAX_DISTANCE + 1))
    return np.stack(columns, axis=1).astype(np.float32), offsets.tolist()


def _parting(found: list[int], sums: list[int]) -> float:
    """How well lines part the prose of a page, from 0 to about 2: share of gaps with prose, prose spanned, number."""
    total = sums[-1]
    if not total:
        return 0.0
    filled = sum([sums[high] > sums[low] for low, high in pairwise(found)])
    spanned = (sums[found[-1]] - sums[found[0]]) / total
    return filled / (len(found) - 1) * sqrt(spanned) * min(2.0, log1p(len(found)) / 2)


def _distances(places: list[int], total: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return for each line how many lines since and until the nearest of some places; 999 where none is."""
    at = np.arange(total)
    if not places:
        far = np.full(total, 999)
        return far, far
    marks = np.array(places)
    last = np.searchsorted(marks, at, side="right") - 1
    since = np.where(last >= 0, np.minimum(at - marks[np.maximum(last, 0)], 999), 999)
    following = np.searchsorted(marks, at, side="left")
    until = np.where(following < len(marks), np.minimum(marks[np.minimum(following, len(marks) - 1)] - at, 999), 999)
    return since, until
