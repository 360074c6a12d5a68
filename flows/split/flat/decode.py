"""What the network says of each line → the bodies of a page's posts, decoded over the whole page at once.

A page is read as (separator, body), again and again, or as (body, separator): a body without a name or a date on its side
costs, and so does a name without a body. The reading that is likelier over the whole page is taken.
"""

from __future__ import annotations

from math import log
from typing import NamedTuple

from flows.split.flat.network import Guess

OUT, FIRST, MIDDLE, LAST, SINGLE = range(5)
NEVER = -1e9
UNSIGNED = 6.0  # what a body costs that nothing announces, in nats
UNANSWERED = 1.0  # how much a second name or date without a body between counts
FLOOR = 0.001  # chances below it are as good as none
TRUST = 1.3  # how much the chances of names and dates count beside those of the edges of bodies


class Decoded(NamedTuple):
    """The bodies, first and last line of each, and how likely the reading is, in nats."""

    bodies: list[tuple[int, int]]
    score: float


def decode_bodies(guess: Guess) -> list[tuple[int, int]]:
    """Return the first and last line of each body, in order."""
    labels: list[list[float]] = guess.labels.tolist()
    anchors = _anchors(guess)
    ahead = _decode(labels, anchors)
    backward = [[row[OUT], row[LAST], row[MIDDLE], row[FIRST], row[SINGLE]] for row in reversed(labels)]
    behind = _decode(backward, anchors[::-1])
    if behind.score > ahead.score:
        total = len(labels)
        return [(total - 1 - high, total - 1 - low) for low, high in reversed(behind.bodies)]
    return ahead.bodies


def _anchors(guess: Guess) -> list[float]:
    """Return how likely each line announces a post: of names and dates those that the page shows more clearly."""
    author, date = guess.author.tolist(), guess.date.tolist()
    clear = [sum(value for value in chances if value > 0.3) for chances in (author, date)]
    chosen = author if clear[0] >= clear[1] else date
    return [min(0.97, max(FLOOR, value)) for value in chosen]


def _decode(labels: list[list[float]], anchors: list[float]) -> Decoded:
    """Viterbi over three states: outside with no anchor since the last body, outside behind an anchor, inside a body."""
    bare, told, inside = 0.0, NEVER, NEVER
    back: list[tuple[int, int, int]] = []  # per line: where the best path into each state comes from
    for row, anchor in zip(labels, anchors, strict=True):
        out, first, middle, last, single = row
        yes, no = TRUST * log(anchor), TRUST * log(1 - anchor)
        # A body may close here and leave the page bare again; or the line stays outside.
        starts = max(bare - UNSIGNED, told)
        closes, alone, stays = inside + last, starts + single, bare + out + no
        new_bare = max(closes, alone, stays)
        from_bare = 0 if new_bare == stays else 1 if new_bare == closes else 2 if told >= bare - UNSIGNED else 3
        met, kept = bare + out + yes, told + out + UNANSWERED * no
        new_told = max(met, kept)
        begins, goes = starts + first, inside + middle
        new_inside = max(begins, goes)
        from_inside = 0 if new_inside == goes else 2 if told >= bare - UNSIGNED else 3
        back.append((from_bare, 0 if new_told == met else 1, from_inside))
        bare, told, inside = new_bare, new_told, new_inside
    return Decoded(_trace(back, 0 if bare >= told else 1), max(bare, told))


def _trace(back: list[tuple[int, int, int]], state: int) -> list[tuple[int, int]]:
    """Follow the best path from the end; states: 0 bare, 1 told, 2 inside."""
    bodies: list[tuple[int, int]] = []
    end = 0
    for at in range(len(back) - 1, -1, -1):
        step = back[at][state]
        if state == 0:
            if step == 1:
                end, state = at, 2
            elif step:
                bodies.append((at, at))
                state = 1 if step == 2 else 0
        elif state == 1:
            state = 0 if step == 0 else 1
        elif step:
            bodies.append((at, end))
            state = 1 if step == 2 else 0
    return bodies[::-1]


def sureness(guess: Guess, bodies: list[tuple[int, int]]) -> list[float]:
    """Return for each body how likely its edges are, from 0 to 1."""
    labels = guess.labels
    found = []
    for low, high in bodies:
        edges = labels[low, SINGLE] if low == high else labels[low, FIRST] + labels[high, LAST]
        found.append(float(2.718281828 ** float(edges)))
    return found
