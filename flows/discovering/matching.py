"""Selectors induced from examples: what the wanted elements of many pages have in common, and others have not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import combinations
from typing import NamedTuple, TypeVar

from flows.discovering.looks import Looks, is_made_up
from flows.discovering.sketches import Sketch

MOST_LOOKED_AT = 400  # wanted elements from which candidates are drawn
MOST_CANDIDATES = 160
MOST_OUTER = 40  # elements around one that are tried for its place
MOST_PARTS = 8  # parts of an element that are combined, the commonest first
LEAST_SHARE = 0.05  # of the wanted elements that a candidate's part stands on
HINTED = 0.3  # of the cost of a part that a name with a word for what is looked for saves
# Words that software names things by, in whichever language it shows them; they decide between selectors that do equally well.
HINTS = {
    "element": ("post", "message", "comment", "reply", "answer", "response", "item"),
    "body": ("body", "content", "text", "message"),
    "author": ("author", "user", "name", "member", "poster", "creator"),
    "date": ("date", "time", "posted", "published"),
    "votes": ("vote", "score", "like", "points"),
    "title": ("title", "subject", "h1"),
}
MOST_AROUND = 4  # elements around one whose parts may tell where it stands


T = TypeVar("T")


class Step(NamedTuple):
    """One element of a selector: its name ("": any) and parts."""

    tag: str
    parts: tuple[str, ...]

    @property
    def css(self) -> str:
        """The step as it is written."""
        return self.tag + "".join(self.parts)


class Selector(NamedTuple):
    """An element, and perhaps one around it: anywhere around, or right around."""

    inner: Step
    outer: Step | None = None
    child: bool = False

    @property
    def css(self) -> str:
        """The selector as it is written."""
        return self.inner.css if self.outer is None else f"{self.outer.css} {'> ' if self.child else ''}{self.inner.css}"

    @property
    def cost(self) -> float:
        """How much there is in it that may change with the next design, from 1."""
        steps = [self.inner] if self.outer is None else [self.inner, self.outer]
        parts = [part for step in steps for part in step.parts]
        told = sum(3.0 if is_made_up(part) else 1.0 if part[0] == "." or "itemprop" in part else 1.4 for part in parts)
        return told + 0.3 * sum(bool(step.tag) for step in steps) + self._loose + 0.001 * len(self.css)

    @property
    def _loose(self) -> float:
        """What it costs that a selector goes by place, and more where nothing is named there."""
        return (0.4 if self.outer is not None else 0.0) + (0.0 if self.inner.parts else 0.8 if not self.child else 0.4)

    def select(self, sketch: Sketch) -> list[int]:
        """Return the elements of a page that it matches, in document order."""
        looks = sketch.looks
        found = sketch.with_looks(looks.matching(*self.inner))
        if self.outer is None:
            return found
        around = looks.matching(*self.outer)
        return [number for number in found if _has_around(sketch, number, around, child=self.child)]


def _has_around(sketch: Sketch, number: int, looks: frozenset[int], *, child: bool) -> bool:
    number = sketch.parents[number]
    while number >= 0:
        if sketch.look[number] in looks:
            return True
        if child:
            return False
        number = sketch.parents[number]
    return False


class Score(NamedTuple):
    """How a selector does: wanted elements that it finds, what it finds instead or besides, and how many are wanted."""

    right: int
    wrong: int
    wanted: int

    @property
    def precision(self) -> float:
        """The share of what is found that is right; 0: nothing is found."""
        return self.right / (self.right + self.wrong) if self.right else 0.0

    @property
    def coverage(self) -> float:
        """The share of what is wanted that is found."""
        return self.right / self.wanted if self.wanted else 0.0


Judge = Callable[[Selector], Score]
Targets = Sequence[tuple[Sketch, int]]


def propose(targets: Targets, looks: Looks) -> list[Selector]:
    """Return candidates for some wanted elements: their parts alone, in pairs, with a name, below what stands around them."""
    step = max(1, len(targets) // MOST_LOOKED_AT)
    drawn = targets[::step]
    least = LEAST_SHARE * len(drawn)
    steps: Counter[Step] = Counter()
    for sketch, number in drawn:
        steps.update(_steps_of(looks, sketch.look[number]))
    inner = [step for step, count in _most(steps) if count >= least][: MOST_CANDIDATES // 2]
    found = [Selector(step) for step in inner if step.parts]
    around: Counter[tuple[Step, bool]] = Counter()
    for sketch, number in drawn:
        around.update(_around(looks, sketch, number))
    outer = [(step, child) for (step, child), count in _most(around) if count >= max(least, 2)][:MOST_OUTER]
    bare = [step for step in inner if len(step.parts) <= 1][:8]
    found += [Selector(step, out, child) for step in bare for out, child in outer]
    return list(dict.fromkeys(found))[: 2 * MOST_CANDIDATES]


def _steps_of(looks: Looks, look: int) -> list[Step]:
    tag, parts = looks.known[look]
    known, places = _in_order(parts)
    steps = [Step("", (part,)) for part in known]
    steps += [Step(tag, (part,)) for part in known]
    steps += [Step("", pair) for pair in combinations(known[:5], 2)]
    steps += [Step("", (part, place)) for part in known[:4] for place in places]
    steps.append(Step(tag, ()))
    return [step for step in steps if _is_written(step)]


def _in_order(parts: Iterable[str]) -> tuple[list[str], list[str]]:
    """Return parts in the order in which they are tried, and those that tell a place alone."""
    known = sorted(parts, key=lambda part: (is_made_up(part), part))
    return [part for part in known if part[0] != ":"][:MOST_PARTS], [part for part in known if part[0] == ":"]


def _is_written(step: Step) -> bool:
    return not step.parts or step.tag != "" or step.parts[0][0] in ".#["


def _around(looks: Looks, sketch: Sketch, number: int) -> set[tuple[Step, bool]]:
    found: set[tuple[Step, bool]] = set()
    for at, above in enumerate(sketch.ancestors(number, MOST_AROUND)):
        tag, parts = looks.known[sketch.look[above]]
        known, places = _in_order(parts)
        told = [Step("", (part,)) for part in known] or ([Step(tag, ())] if at == 0 else [])
        told += [Step("", (part, place)) for part in known[:3] for place in places]
        found.update((step, False) for step in told if step.parts)
        if at == 0:
            found.update((step, True) for step in told)
    return found


def _most(counts: Counter[T]) -> list[tuple[T, int]]:
    return sorted(counts.items(), key=lambda entry: (-entry[1], repr(entry[0])))


def cost_of(selector: Selector, name: str) -> float:
    """Return the cost of a selector for a field, less where its parts have a word for it."""
    told = selector.inner.css.lower()
    return selector.cost - (HINTED if any(hint in told for hint in HINTS.get(name, ())) else 0.0)


def choose(candidates: Iterable[Selector], judge: Judge, least: float, name: str = "") -> tuple[Selector, Score] | None:
    """Return the candidate that finds most and little else, the plainest among equals; None: none is precise enough."""
    best: tuple[float, float, str] | None = None
    chosen: tuple[Selector, Score] | None = None
    for selector in candidates:
        score = judge(selector)
        if not score.right or score.precision < least:
            continue
        worth = (score.right - 2 * score.wrong) / max(1, score.wanted)
        rank = (-round(worth, 2), cost_of(selector, name), selector.css)
        if best is None or rank < best:
            best, chosen = rank, (selector, score)
    return chosen
