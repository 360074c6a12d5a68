"""What the network says of each line → the bodies of a page's posts, decoded over the whole page at once."""

from __future__ import annotations

from itertools import pairwise

from flows.split.network import Guess

OUT, FIRST, MIDDLE, LAST, SINGLE = range(5)
NEVER = -1e9


def decode_bodies(guess: Guess) -> list[tuple[int, int]]:
    """Return the first and last line of each body: the labels that fit together and are likeliest, taken over the page."""
    scores = guess.labels.tolist()
    out, inside = 0.0, NEVER  # best so far with the last line outside or at a body's end; and inside a body
    from_inside: list[bool] = []  # whether `out` at a line closes a body there
    opened: list[bool] = []  # whether `inside` at a line begins there
    closings: list[int] = []
    for score in scores:
        close, single, stay = inside + score[LAST], out + score[SINGLE], out + score[OUT]
        begin, go = out + score[FIRST], inside + score[MIDDLE]
        best = max(close, single, stay)
        closings.append(LAST if best == close else SINGLE if best == single else OUT)
        opened.append(begin >= go)
        from_inside.append(best == close)
        out, inside = best, max(begin, go)
    bodies = []
    at = len(scores) - 1
    while at >= 0:
        if closings[at] == SINGLE:
            bodies.append((at, at))
        elif closings[at] == LAST:
            end = at
            at -= 1
            while not opened[at]:
                at -= 1
            bodies.append((at, end))
        at -= 1
    return bodies[::-1]


def sureness(guess: Guess, bodies: list[tuple[int, int]]) -> list[float]:
    """Return for each body how likely its edges are."""
    labels = guess.labels
    found = []
    for low, high in bodies:
        if low == high:
            found.append(float(labels[low, SINGLE]))
        else:
            found.append(float(labels[low, FIRST] + labels[high, LAST]))
    return found


__all__ = ["decode_bodies", "pairwise", "sureness"]
