"""What splitters found on many pages → the selectors of posts: records, bodies, fields; each with how well it holds."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from flows.discovering.selectors import Judge, Score, Selector, Targets, choose, propose
from flows.discovering.sketches import FIELDS, PostSeen, Records, Sketch

Kind = Literal["posts", "remarks"]
MOST_LISTED = 3  # selectors of one field, in order of preference
LEAST_GAIN = 0.03  # of what is wanted that one more selector must find
PRECISE = 0.9
RECORD_PRECISE = 0.8  # records without a body are no posts, and harm nothing
MOST_UP = 14  # elements between a body and its record
FEW_PAGES, MOST_SHORTLISTED = 10, 40
WELL_HELD = 2.0  # what records are worth that hold each post with its name and date, nearly
LEAST_HELD = {"author": 0.7, "date": 0.7, "votes": 0.5}  # share of the posts that show a field, so that it is worth a selector
LEAST_ACCEPTED = 2
LEAST_TRIMMED = 3  # pages


@dataclass(slots=True)
class Chosen:
    """The selectors of one field in order of preference, and how they do together."""

    selectors: list[Selector] = field(default_factory=list)
    right: int = 0
    wrong: int = 0
    wanted: int = 0

    def add(self, selector: Selector, score: Score) -> None:
        """Take one more selector."""
        self.selectors.append(selector)
        self.right += score.right
        self.wrong += score.wrong
        self.wanted = max(self.wanted, score.wanted)

    @property
    def css(self) -> list[str]:
        """The selectors as they are written."""
        return [selector.css for selector in self.selectors]

    @property
    def score(self) -> Score:
        """How they do together."""
        return Score(self.right, self.wrong, self.wanted)


@dataclass(slots=True)
class PartsFound:
    """The selectors of one kind of post."""

    element: Chosen
    body: Chosen
    before: Chosen = field(default_factory=Chosen)
    fields: dict[str, Chosen] = field(default_factory=dict)
    attributes: dict[str, list[str]] = field(default_factory=dict)  # by field: the attributes that say it
    drop: Chosen = field(default_factory=Chosen)
    nested: bool = False


def find_parts(sketches: Sequence[Sketch], kind: Kind) -> PartsFound | None:
    """Return the selectors of the posts (or remarks) of some pages; None where no element holds each of them for itself."""
    element, nested = _find_element(sketches, kind)
    if not element.selectors:
        return None
    posts = {id(sketch): getattr(sketch.seen, kind) for sketch in sketches}
    records = [Records(sketch, select(sketch, element.selectors), posts[id(sketch)], nested=nested) for sketch in sketches]
    parts = PartsFound(element, _find_bodies(records), nested=nested)
    if not parts.body.selectors:
        return None
    parts.before = _find_heads(records)
    for held in records:
        held.add_heads(select(held.sketch, parts.before.selectors))
    for name in FIELDS:
        _find_field(records, name, parts)
    _find_permalink(records, parts)
    _find_accepted(records, parts)
    if kind == "posts":
        parts.drop = _find_drops(records)
    return parts


def select(sketch: Sketch, selectors: Iterable[Selector]) -> list[int]:
    """Return the elements of a page that any of some selectors match, in document order."""
    return sorted({number for selector in selectors for number in selector.select(sketch)})


# -- records ----------------------------------------------------------------------------------------------------------------


def _find_element(sketches: Sequence[Sketch], kind: Kind) -> tuple[Chosen, bool]:
    """Return the selectors of records, each of which holds one post whole; and whether records stand in one another."""
    flat = _cover_records(sketches, kind, nested=False)
    if flat.score.coverage >= 0.95:
        return flat, False
    nested = _cover_records(sketches, kind, nested=True)
    return (nested, True) if nested.score.coverage > flat.score.coverage + 0.1 else (flat, False)


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
        best = min(tried, key=lambda one: (-round(tried[one][0], 2), one.cost, one.css), default=None)
        if best is None:
            break
        worth, score = tried[best]
        if worth <= 0 or score.right < LEAST_GAIN * wanted:
            break
        chosen.add(best, score._replace(wanted=wanted))
        left = [(sketch, _left_over(sketch, posts, [*chosen.selectors], nested=nested)) for sketch, posts in left]
    return chosen


def _shortlist(
    left: list[tuple[Sketch, list[PostSeen]]], taken: list[Selector], kind: Kind, *, nested: bool
) -> list[Selector]:
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
            ranked.append((-round(worth, 2), selector.cost, selector.css, selector))
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
                worth -= 0.3
                wrong += 1
            elif id(post) in wished:
                right += 1
                worth += _worth_of(records, at, post)
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


def _find_heads(records: list[Records]) -> Chosen:
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

    _cover(chosen, targets, judge, PRECISE, most=1)
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


# -- what stands in records -------------------------------------------------------------------------------------------------


def _cover(chosen: Chosen, targets: Targets, judge: Judge, least: float, *, most: int = MOST_LISTED) -> None:
    """Add the best selector of some targets, if there is one; more of them are asked for with what it does not find."""
    if targets and len(chosen.selectors) < most:
        best = choose(propose(targets, targets[0][0].looks), judge, least)
        if best is not None:
            chosen.add(*best)


def _find_bodies(records: list[Records]) -> Chosen:
    right: list[dict[int, frozenset[int]]] = []
    for held in records:
        sketch = held.sketch
        right.append(
            {at: frozenset(sketch.same_pieces(post.body)) for at, post in enumerate(held.post_of) if post is not None}
        )
    return _find_firsts(records, right, lambda held, number: held.owner(number), PRECISE)


def _find_field(records: list[Records], name: str, parts: PartsFound) -> None:
    """Find the selectors of a field, and for dates the attributes that say them to the second."""
    right = [
        {at: mine for at, post in enumerate(held.post_of) if post is not None and (mine := _in_record(held, at, post, name))}
        for held in records
    ]
    wanted, total = sum(map(len, right)), sum(1 for held in records for post in held.post_of if post is not None)
    if not wanted or wanted < (LEAST_HELD[name] if name != "votes" else LEAST_HELD["votes"]) * total:
        return
    chosen = _find_firsts(records, right, lambda held, number: held.place_of(number), PRECISE)
    if not chosen.selectors:
        return
    parts.fields[name] = chosen
    if name == "date":
        parts.attributes["date"] = _find_attributes(records, chosen.selectors)


def _in_record(held: Records, at: int, post: PostSeen, name: str) -> frozenset[int]:
    return frozenset(number for number in post.right.get(name, ()) if held.place_of(number) == at)


def _find_firsts(
    records: list[Records], right: list[dict[int, frozenset[int]]], place: Callable[[Records, int], int], least: float
) -> Chosen:
    """Return the selectors whose first match in each record is right; later ones for what the earlier do not find."""
    chosen = Chosen()
    left = [dict(mine) for mine in right]
    wanted = sum(map(len, right))

    def judge(selector: Selector) -> Score:
        hit = miss = 0
        for held, mine in zip(records, left, strict=True):
            firsts: dict[int, int] = {}
            for number in selector.select(held.sketch):
                at = place(held, number)
                if at >= 0:
                    firsts.setdefault(at, number)
            for at, number in firsts.items():
                if at in mine:
                    hit, miss = hit + (number in mine[at]), miss + (number not in mine[at])
        return Score(hit, miss, wanted)

    while len(chosen.selectors) < MOST_LISTED:
        targets = [(held.sketch, n) for held, mine in zip(records, left, strict=True) for at in mine for n in sorted(mine[at])]
        before = len(chosen.selectors)
        _cover(chosen, targets, judge, least)
        if len(chosen.selectors) == before or chosen.selectors[-1] in chosen.selectors[:-1]:
            break
        last = chosen.selectors[-1]
        for held, mine in zip(records, left, strict=True):
            for number in last.select(held.sketch):
                mine.pop(place(held, number), None)
        if sum(map(len, left)) < LEAST_GAIN * wanted:
            break
    return chosen


def _find_attributes(records: list[Records], selectors: list[Selector]) -> list[str]:
    """Return the attributes that say the dates that some selectors find, the commonest first."""
    counts: Counter[str] = Counter()
    found = 0
    for held in records:
        numbers = set(select(held.sketch, selectors))
        for post in filter(None, held.post_of):
            told = [(number, name) for number, name in post.told.get("date", ()) if number in numbers]
            found += bool(numbers & post.right.get("date", frozenset()))
            counts.update({name for _, name in told})
    return [name for name, count in sorted(counts.items(), key=lambda e: (-e[1], e[0])) if count >= 0.5 * max(1, found)]


def _find_permalink(records: list[Records], parts: PartsFound) -> None:
    """Find the attribute that holds the ids of posts: of the record itself, else of an element in it."""
    told = [post.told.get("permalink", frozenset()) for held in records for post in held.post_of if post is not None]
    wanted = sum(map(bool, told))
    if not wanted or wanted < 0.7 * len(told):
        return
    own: Counter[str] = Counter()
    for held in records:
        for at, post in enumerate(held.post_of):
            if post is not None:
                own.update({name for number, name in post.told.get("permalink", ()) if number == held.elements[at]})
    if own and own.most_common(1)[0][1] >= 0.9 * wanted:
        parts.attributes["permalink"] = [min(own, key=lambda name: (-own[name], name))]
        return
    names: Counter[str] = Counter(name for pairs in told for name in {name for _, name in pairs})
    name = min(names, key=lambda one: (-names[one], one))
    right = [
        {
            at: mine
            for at, post in enumerate(held.post_of)
            if post is not None
            and (mine := frozenset(n for n, a in post.told.get("permalink", ()) if a == name and held.owner(n) == at))
        }
        for held in records
    ]
    chosen = _find_firsts(records, right, lambda held, number: held.place_of(number), 0.98)
    if chosen.score.coverage >= 0.9:
        parts.fields["permalink"], parts.attributes["permalink"] = chosen, [name]


def _find_accepted(records: list[Records], parts: PartsFound) -> None:
    """Find what only the accepted answers hold, or are."""
    marked = [
        (held, at) for held in records for at, post in enumerate(held.post_of) if post is not None and post.is_accepted
    ]
    pages = {id(held) for held, _ in marked}
    if len(pages) < LEAST_ACCEPTED:
        return
    targets = []
    for held, at in marked:
        number, post = held.elements[at], held.post_of[at]
        stop = post.body if post is not None and post.body > number else held.sketch.ends[number]
        targets += [(held.sketch, inner) for inner in range(number, min(stop, number + 60))]
    wanted = {(id(held), at) for held, at in marked}

    def judge(selector: Selector) -> Score:
        found = {(id(held), at) for held in records for n in selector.select(held.sketch) if (at := held.place_of(n)) >= 0}
        return Score(len(found & wanted), len(found - wanted), len(wanted))

    chosen = Chosen()
    _cover(chosen, targets, judge, 0.98, most=1)
    if chosen.score.coverage >= 0.9:
        parts.fields["accepted"] = chosen


def _find_drops(records: list[Records]) -> Chosen:
    """Find what stands in bodies and is cut from all of them: buttons, labels, headers."""
    chosen = Chosen()
    left = {(at, number) for at, held in enumerate(records) for number in held.sketch.seen.trimmed if held.in_a_body(number)}
    pages = {at for at, _ in left}

    def judge(selector: Selector) -> Score:
        found = {(at, n) for at, held in enumerate(records) for n in selector.select(held.sketch) if held.in_a_body(n)}
        inside = {(at, n) for at, n in found if records[at].sketch.first[n] < records[at].sketch.last[n]}
        return Score(len(inside & left), len(inside - left), len(left))

    while len(pages) >= LEAST_TRIMMED and len(chosen.selectors) < MOST_LISTED:
        targets = [(records[at].sketch, number) for at, number in sorted(left)]
        before = len(chosen.selectors)
        _cover(chosen, targets, judge, 0.98)
        if len(chosen.selectors) == before:
            break
        last = chosen.selectors[-1]
        left -= {(at, n) for at, held in enumerate(records) for n in last.select(held.sketch)}
        pages = {at for at, _ in left}
    return chosen
