"""Bodies found → who wrote each and when: the lines between bodies that the network takes for author and date."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from flows.records import Line
from flows.split.flat.dates import find_date
from flows.split.flat.features import Seen, load_kinds
from flows.split.flat.network import Guess

HEAD, FOOT = 25, 8  # lines before the first and behind the last body that may belong to them
LEAST = 0.12  # of probability: below it a line is nobody's name or date
NEARLY_ALL, FEWEST = 0.75, 4  # of bodies that must be dated before those that are not are joined; bodies of a page
MOST = 0.7  # of bodies that must be signed before those that are not go
BEFORE = 1.1  # the commoner side weighs more
MAX_NAME = 60  # characters
_LEAD_SIGNS = re.compile(r"(?:[\s•◦▪·*»>|–—-]+|\d{1,4}[.)] |#\d{1,9} (?=[•·»|–—-] )|\[[–+-]\])+")
_TAIL_SIGNS = " \t•·|,:;»>–—-✭♦✓☆★♂♀"
_WORD_END = re.compile(r"[.,:;]+$")


@dataclass(slots=True)
class Slots:
    """Where the author and the date of one post stand: line, and characters of the line's text; None: nowhere."""

    author: tuple[int, int, int] | None = None
    date: tuple[int, int, int] | None = None


def find_slots(lines: list[Line], seen: Seen, guess: Guess, bodies: list[tuple[int, int]]) -> list[Slots]:
    """Return the slots of each body."""
    authors, dates = guess.author.tolist(), guess.date.tolist()
    for at, date in enumerate(seen.dates):
        if date is None:
            dates[at] = 0.0
    _discount_titles(authors, lines, bodies)
    reader = _Names(lines, [], seen.prose)
    for at, chance in enumerate(authors):
        if chance > 0.01 and not reader.may_hold(at):
            authors[at] = 0.0
    author_lines = _choose(authors, bodies, [seen.groups[2], seen.groups[3]])
    date_lines = _choose(dates, bodies, [seen.groups[0], seen.groups[3]])
    names = _Names(lines, [at for at in author_lines if at is not None], seen.prose)
    slots = []
    for author, dated in zip(author_lines, date_lines, strict=True):
        slot = Slots()
        if author is not None and (span := names.find(author)) is not None:
            slot.author = (author, *span)
        if dated is not None and (date := seen.dates[dated]) is not None:
            slot.date = (dated, date.start, date.end)
        slots.append(slot)
    return slots


def drop_unsigned(bodies: list[tuple[int, int]], slots: list[Slots]) -> tuple[list[tuple[int, int]], list[Slots]]:
    """Return bodies and slots without those that have neither name nor date, where nearly all others have one.

    A page's own notices and lists look like that; a post that lost its byline among signed ones is rarer.
    """
    signed = [slot.author is not None or slot.date is not None for slot in slots]
    if not MOST * len(bodies) <= sum(signed) < len(bodies):
        return bodies, slots
    kept = [at for at, is_signed in enumerate(signed) if is_signed]
    return [bodies[at] for at in kept], [slots[at] for at in kept]


def join_undated(bodies: list[tuple[int, int]], slots: list[Slots]) -> tuple[list[tuple[int, int]], list[Slots]]:
    """Return bodies and slots, those without a date joined to the body above, where nearly all others are dated.

    A line of a log or of a program in the middle of a post may pass for somebody's name; a date as well is rarer.
    """
    dated = [slot.date is not None for slot in slots]
    if len(bodies) < FEWEST or not NEARLY_ALL * len(bodies) <= sum(dated) < len(bodies):
        return bodies, slots
    joined: list[tuple[int, int]] = []
    kept: list[Slots] = []
    for (low, high), slot, is_dated in zip(bodies, slots, dated, strict=True):
        if joined and not is_dated:
            joined[-1] = (joined[-1][0], high)
        else:
            joined.append((low, high))
            kept.append(slot)
    return joined, kept


def _discount_titles(chances: list[float], lines: list[Line], bodies: list[tuple[int, int]]) -> None:
    """Lower the chance of lines whose words come at nearly every post: a title that is repeated, a rank, a button."""
    if len(bodies) < 4:
        return
    counts = Counter(line.text.casefold().removeprefix("re: ") for line in lines if len(line.text) <= 120)
    for at, line in enumerate(lines):
        if 2 <= line.text.count(" ") <= 20 and counts[line.text.casefold().removeprefix("re: ")] > 0.7 * len(bodies):
            chances[at] *= 0.2


def _choose(chances: list[float], bodies: list[tuple[int, int]], kinds: list[list[int]]) -> list[int | None]:
    """Return for each body the likeliest line before it, or the likeliest behind it: the same side all over the page.

    A line is the likelier the more the lines of its kinds are chosen for the other bodies.
    """
    total = len(chances)
    befores, afters = [], []
    for number, (low, high) in enumerate(bodies):
        begin = bodies[number - 1][1] + 1 if number else max(0, low - HEAD)
        end = bodies[number + 1][0] if number + 1 < len(bodies) else min(total, high + 1 + FOOT)
        befores.append(range(low - 1, begin - 1, -1))
        afters.append(range(high + 1, end))
    before, after = (_choose_side(chances, regions, kinds) for regions in (befores, afters))
    return before[1] if BEFORE * before[0] >= after[0] else after[1]


def _choose_side(chances: list[float], regions: list[range], kinds: list[list[int]]) -> tuple[float, list[int | None]]:
    weighed = list(chances)
    for kind in kinds:
        sums: Counter[int] = Counter()
        for region in regions:
            best: dict[int, float] = {}
            for at in region:
                best[kind[at]] = max(best.get(kind[at], 0.0), chances[at])
            sums.update(best)
        for region in regions:
            for at in region:
                weighed[at] += sums[kind[at]] / len(regions)
    strength, chosen = 0.0, list[int | None]()
    for region in regions:
        likeliest = max(region, key=weighed.__getitem__, default=None)
        if likeliest is None or chances[likeliest] <= 0.01 or weighed[likeliest] < LEAST * 2:
            chosen.append(None)
            continue
        strength += weighed[likeliest]
        chosen.append(likeliest)
    return strength, chosen


class _Names:
    """Reads names off the lines that hold them: what all such lines share beside the name is not part of it."""

    def __init__(self, lines: list[Line], author_lines: list[int], prose: list[int]) -> None:
        self.lines = lines
        self.bits, kinds = load_kinds()
        self.lead = 1 << kinds.index("lead")
        self.never = self.lead | 1 << kinds.index("button") | 1 << kinds.index("edited") | 1 << kinds.index("counted")
        self.rank = 1 << kinds.index("role") | 1 << kinds.index("counted") | 1 << kinds.index("replies")
        own = set(author_lines)
        self.known = {line.text.casefold() for line in lines if len(line.text) <= MAX_NAME}
        # Other short lines: "name, date" or "thread starter: name" tell a name from the rank that follows it elsewhere.
        labels = [line.text for at, line in enumerate(lines) if at not in own and len(line.text) <= 90 and not prose[at]]
        self.labels = "\n" + "\n".join(labels).casefold() + "\n"
        texts = {
            " ".join(words[: self._before_rank(words)]) for words in (self._core(lines[at].text).split() for at in author_lines)
        }
        self.shared: Counter[tuple[str, ...]] = Counter()
        numbered = 0
        for text in texts:
            words = text.split()
            numbered += len(words) > 1 and words[-1].replace(",", "").replace(".", "").isdigit()
            for size in range(1, len(words)):
                self.shared[tuple(words[-size:])] += 1
        self.numbered = 2 * numbered >= len(texts) > 1

    def may_hold(self, at: int) -> bool:
        """Whether a line has a word that may be a name: not a button, a lead-in, a number or a date."""
        return any(self._may_name(word) for word in self._core(self.lines[at].text).split())

    def _may_name(self, word: str) -> bool:
        plain = _WORD_END.sub("", word.lower().strip('()[]#«»"'))
        return any(map(str.isalpha, plain)) and not self.bits.get(plain, 0) & self.never

    def _before_rank(self, words: list[str]) -> int:
        """Return how many words stand before a rank or a count: "ada 6 replies", "ada Moderator"."""
        for place, word in enumerate(words[1:], start=1):
            plain = word.lower().strip(",.:;()[]").rstrip("0123456789")
            if plain and self.bits.get(plain, 0) & self.rank:
                return place - 1 if place > 1 and words[place - 1].replace(",", "").isdigit() else place
        return len(words)

    def _core(self, text: str) -> str:
        low, high = self._core_span(text)
        return text[low:high]

    def _core_span(self, text: str) -> tuple[int, int]:
        """The stretch of a line that holds the name: bullets, date, lead-ins left out."""
        low = found.end() if (found := _LEAD_SIGNS.match(text)) else 0
        high = len(text)
        date = find_date(text)
        if date is not None:
            if any(self._may_name(word) for word in text[low : date.start].split()):
                high = date.start
            else:
                low = date.end
        while True:
            while low < high and text[low] in _TAIL_SIGNS:
                low += 1
            word = text[low:high].split(None, 1)
            if len(word) == 2 and self.bits.get(word[0].lower().strip(":"), 0) & self.lead and word[1][0] not in _TAIL_SIGNS:
                low += len(word[0])
                continue
            break
        while high > low:
            trimmed = text[low:high].rstrip(_TAIL_SIGNS)
            high = low + len(trimmed)
            words = trimmed.rsplit(None, 1)
            if len(words) == 2 and self.bits.get(_WORD_END.sub("", words[1].lower()), 0) & self.lead:
                high -= len(words[1])
                continue
            break
        return low, high

    def find(self, at: int) -> tuple[int, int] | None:
        """Return where the name stands in a line's text, or None."""
        text = self.lines[at].text
        low, high = self._core_span(text)
        core = text[low:high]
        words = core.split()
        if not words:
            return None
        keep = self._name_words(at, words)
        end = low
        for _ in range(keep):
            while text[end].isspace():
                end += 1
            while end < high and not text[end].isspace():
                end += 1
        trimmed = text[low:end].rstrip(_TAIL_SIGNS)
        half = len(trimmed) // 2
        if len(trimmed) > 5 and trimmed[:half] == trimmed[half:]:  # a picture's text and the name itself
            trimmed = trimmed[:half]
        if len(trimmed) > MAX_NAME or not any(map(str.isalnum, trimmed)):
            return None
        return low, low + len(trimmed)

    def _name_words(self, at: int, words: list[str]) -> int:
        """Return how many words at the beginning are the name."""
        for size in range(len(words) - 1, 0, -1):  # a name that stands alone on a line of its own
            if " ".join(words[:size]).casefold() in self.known and len(words) > 1:
                return size
        keep = self._before_rank(words)
        for size in range(keep - 1, 0, -1):
            if self.shared[tuple(words[keep - size : keep])] > 1:
                keep -= size
                break
        for place in range(2, keep):
            if words[place] == words[place - 1]:  # a rank that is printed twice
                keep = place - 1
                break
        if find_date(self.lines[at].text) is not None and keep > 1 and words[1].startswith("("):
            keep = 1  # "name (real name) date"
        if keep > 1 and keep == len(words) and self.numbered:
            keep -= 1
        for size in range(keep, 0, -1):
            if self._is_labelled(" ".join(words[:size]).casefold()):
                return size
        return keep

    def _is_labelled(self, name: str) -> bool:
        """Whether a name stands on another short line, at its beginning or its end or before a comma."""
        return len(name) > 2 and any(form in self.labels for form in (f"\n{name}\n", f"\n{name}, ", f" {name}, ", f" {name}\n"))
