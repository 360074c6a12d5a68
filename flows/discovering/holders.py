"""The elements that hold one post each, and what stands right before them and belongs to them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import Literal

from flows.discovering.matching import Score, Selector, choose, cost_of, propose
from flows.discovering.parts import Chosen, select
from flows.discovering.sketches import PostSeen, Records, Sketch

Kind = Literal["posts", "remarks"]
MOST_LISTED = 3  # selectors of one field, in order of preference
LEAST_GAIN = 0.03  # of what is wanted that one more selector must find
PRECISE = 0.9
MOST_UP = 14  # elements between a body and its record
FEW_PAGES, MOST_SHORTLISTED = 10, 40
WELL_HELD = 2.0  # what records are worth that hold each post with its name and date, nearly
AS_GOOD, SOME = 0.9, 0.3  # worth of each record by its name; share of the records that must have the name
REPLIES = 0.2  # share of the posts that reply to another than the opening, from which this is to be kept
FLAT, DEEPER = 0.95, 0.1  # of the posts that records side by side must hold; what records in one another must add


def find_element(sketches: Sequence[Sketch], kind: Kind) -> tuple[Chosen, bool]:
    """Return the selectors of records, each of which holds one post whole; and whether records stand in one another."""
    flat = _cover_records(sketches, kind, nested=False)
    posts = [post for sketch in sketches for post in getattr(sketch.seen, kind)]
    replies = sum(post.parent is not None for post in posts)
    if flat.score.coverage >= FLAT and replies < REPLIES * len(posts):
        return flat, False
    nested = _cover_records(sketches, kind, nested=True)
    if replies >= REPLIES * len(posts):  # records in one another say who replies to whom
        agreed = sum(_count_agreed(sketch, nested) for sketch in sketches)
        return (nested, True) if agreed >= PRECISE * replies and nested.score.coverage >= FLAT else (flat, False)
    return (nested, True) if nested.score.coverage > flat.score.coverage + DEEPER else (flat, False)


def _count_agreed(sketch: Sketch, chosen: Chosen) -> int:
    """Return how many replies stand in the record of what they reply to."""
    records = Records(sketch, select(sketch, chosen.selectors), sketch.seen.posts, nested=True)
    return sum(_is_in_parents(records, at, post) for at, post in enumerate(records.post_of) if post is not None)


def _is_in_parents(records: Records, at: int, post: PostSeen) -> bool:
    around = records.owner(records.sketch.parents[records.elements[at]])
    above = records.post_of[around] if around >= 0 else None
    return post.parent is not None and above is not None and above.body == post.parent


def _cover_records(sketches: Sequence[Sketch], kind: Kind, *, nested: bool) -> Chosen:
    chosen = Chosen()
    left = [(sketch, list[PostSeen](getattr(sketch.seen, kind))) for sketch in sketches]
    wanted = sum(len(posts) for _, posts in left)
    while len(chosen.selectors) < MOST_LISTED:
        rest = sum(len(posts) for _, posts in left)
        if rest == 0 or rest < LEAST_GAIN * wanted:
            break
        tried = {
            selector: _weigh(left, chosen.selectors, selector, kind, nested=nested)
            for selector in _shortlist(left, chosen.selectors, kind, nested=nested)
        }
        best = _prefer(tried)
        if best is None:
            break
        worth, score = tried[best]
        if worth <= 0 or score.right < LEAST_GAIN * wanted:
            break
        chosen.add(best, score._replace(wanted=wanted))
        left = [(sketch, _left_over(sketch, posts, [*chosen.selectors], nested=nested)) for sketch, posts in left]
    return chosen


def _prefer(tried: dict[Selector, tuple[float, Score]]) -> Selector | None:
    """Return the selector that is worth most; of several makes of records one with a name, before a place that all share."""

    def rank(one: Selector) -> tuple[float, float, str]:
        return -round(tried[one][0], 2), cost_of(one, "element"), one.css

    best = min(tried, key=rank, default=None)
    if best is None or best.inner.parts or not tried[best][1].right:
        return best
    least = AS_GOOD * tried[best][0] / tried[best][1].right
    named = [
        one
        for one, (worth, score) in tried.items()
        if one.inner.parts and score.coverage >= SOME and score.precision >= PRECISE and worth / score.right >= least
    ]
    return min(named, key=rank, default=best)


def _shortlist(left: list[tuple[Sketch, list[PostSeen]]], taken: list[Selector], kind: Kind, *, nested: bool) -> list[Selector]:
    """Return the selectors of records that do best on a few of the pages; those that go by place only where others fail."""
    held = [(sketch, posts) for sketch, posts in left if posts]
    few = held[:: max(1, len(held) // FEW_PAGES)]
    levels: dict[int, list[tuple[Sketch, int]]] = {}
    for sketch, posts in few:
        for post in posts:
            for up, above in enumerate([post.body, *sketch.ancestors(post.body, MOST_UP)]):
                levels.setdefault(up, []).append((sketch, above))
    candidates = {selector for targets in levels.values() for selector in propose(targets, targets[0][0].looks)}
    named = [selector for selector in candidates if selector.outer is None]
    placed = [selector for selector in candidates if selector.outer is not None]
    found = _rank(few, taken, named, kind, nested=nested)
    if not found or -found[0][0] < WELL_HELD:
        found = sorted(found + _rank(few, taken, placed, kind, nested=nested))
    return [selector for _, _, _, selector in found[:MOST_SHORTLISTED]]


def _rank(
    few: list[tuple[Sketch, list[PostSeen]]], taken: list[Selector], selectors: list[Selector], kind: Kind, *, nested: bool
) -> list[tuple[float, float, str, Selector]]:
    ranked = []
    for selector in selectors:
        worth, score = _weigh(few, taken, selector, kind, nested=nested)
        if score.right:
            ranked.append((-round(worth, 2), cost_of(selector, "element"), selector.css, selector))
    return sorted(ranked)


def _weigh(
    left: list[tuple[Sketch, list[PostSeen]]], taken: list[Selector], selector: Selector, kind: Kind, *, nested: bool
) -> tuple[float, Score]:
    """Return what a selector of records is worth, by the posts and fields that they hold; and how it does."""
    worth, right, wrong, wanted = 0.0, 0, 0, 0
    for sketch, posts in left:
        wanted += len(posts)
        found = selector.select(sketch)
        if not found:
            continue
        posts_all: list[PostSeen] = getattr(sketch.seen, kind)
        records = Records(sketch, select(sketch, [*taken, selector]), posts_all, nested=nested)
        mine, wished = set(found), {id(post) for post in posts}
        if records.crowded:
            worth -= 3 * records.crowded
            wrong += records.crowded
        for at, post in enumerate(records.post_of):
            if records.elements[at] not in mine:
                continue
            if post is None:
                worth -= 1.0  # what repeats as posts do and is none: an advertisement in their frame
                wrong += 1
            elif id(post) in wished:
                right += 1
                worth += _worth_of(records, at, post) + (0.4 if nested and _is_in_parents(records, at, post) else 0.0)
    return worth / max(1, wanted), Score(right, wrong, wanted)


def _worth_of(records: Records, at: int, post: PostSeen) -> float:
    """Return what a record is worth: one for the post, and something for each of its fields that stand in it."""
    worth = 1.0
    for name, value in (("author", 0.6), ("date", 0.6), ("votes", 0.2)):
        if any(records.place_of(number) == at for number in post.right.get(name, ())):
            worth += value
    if any(records.place_of(number) == at for number, _ in post.told.get("permalink", ())):
        worth += 0.2
    return worth


def _left_over(sketch: Sketch, posts: list[PostSeen], selectors: list[Selector], *, nested: bool) -> list[PostSeen]:
    records = Records(sketch, select(sketch, selectors), posts, nested=nested)
    return [post for post in posts if records.owner(post.body) < 0]


def find_heads(records: list[Records]) -> Chosen:
    """Return what stands right before records and holds who or when, where the records themselves do not."""
    chosen, targets, wanted = Chosen(), list[tuple[Sketch, int]](), 0
    for held in records:
        ends = _by_end(held.sketch)
        for at, post in enumerate(held.post_of):
            if post is None or not (missing := _outside(held, at, post)):
                continue
            wanted += 1
            heads = ends.get(held.elements[at], [])
            targets += [(held.sketch, head) for head in heads if any(head <= n < held.sketch.ends[head] for n in missing)]
    total = sum(len(held.elements) for held in records)
    if not targets or wanted < 0.3 * total:
        return chosen

    def judge(selector: Selector) -> Score:
        right = wrong = 0
        for held in records:
            for number in selector.select(held.sketch):
                at = bisect_left(held.elements, held.sketch.ends[number])
                if at < len(held.elements) and held.elements[at] == held.sketch.ends[number]:
                    post = held.post_of[at]
                    missing = _outside(held, at, post) if post is not None else set()
                    holds = any(number <= n < held.sketch.ends[number] for n in missing)
                    right, wrong = right + holds, wrong + (not holds and post is not None)
        return Score(right, wrong, wanted)

    best = choose(propose(targets, targets[0][0].looks), judge, PRECISE)
    if best is not None:
        chosen.add(*best)
    return chosen


def _by_end(sketch: Sketch) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for number, end in enumerate(sketch.ends):
        found.setdefault(end, []).append(number)
    return found


def _outside(held: Records, at: int, post: PostSeen) -> set[int]:
    """Return the elements of who and when of a post, where none of them stands in its record."""
    found: set[int] = set()
    for name in ("author", "date"):
        right = post.right.get(name, frozenset())
        if right and not any(held.place_of(number) == at for number in right):
            found |= right
    return found
