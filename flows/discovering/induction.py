"""What splitters found on many pages → the selectors of posts: records, bodies, fields; each with how well it holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from flows.discovering.holders import LEAST_GAIN, MOST_LISTED, PRECISE, Kind, find_element, find_heads
from flows.discovering.matching import Judge, Score, Selector, Targets, choose, propose
from flows.discovering.parts import Chosen, PartsFound, select
from flows.discovering.sketches import FIELDS, PostSeen, Records, Sketch

LEAST_HELD = {"author": 0.7, "date": 0.7, "votes": 0.5}  # share of the posts that show a field, so that it is worth a selector
TIGHT = 0.95  # of the bodies that are found when anything may stand in them that is cut
LEAST_ACCEPTED = 2  # pages
LEAST_TRIMMED = 3  # pages


def find_parts(sketches: Sequence[Sketch], kind: Kind) -> PartsFound | None:
    """Return the selectors of the posts (or remarks) of some pages; None where no element holds each of them for itself."""
    element, nested = find_element(sketches, kind)
    if not element.selectors:
        return None
    posts = {id(sketch): getattr(sketch.seen, kind) for sketch in sketches}
    records = [Records(sketch, select(sketch, element.selectors), posts[id(sketch)], nested=nested) for sketch in sketches]
    parts = PartsFound(element, _find_bodies(records), nested=nested)
    if not parts.body.selectors:
        return None
    parts.held = _are_held(records, parts.body.selectors)
    parts.before = find_heads(records)
    for held in records:
        held.add_heads(select(held.sketch, parts.before.selectors))
    for name in FIELDS:
        _find_field(records, name, parts)
    _find_permalink(records, parts)
    _find_accepted(records, parts)
    if kind == "posts":
        parts.drop = _find_drops(records)
    return parts


# -- what stands in records -------------------------------------------------------------------------------------------------


def _cover(chosen: Chosen, targets: Targets, judge: Judge, least: float, *, most: int = MOST_LISTED, name: str = "") -> None:
    """Add the best selector of some targets, if there is one; more of them are asked for with what it does not find."""
    if targets and len(chosen.selectors) < most:
        best = choose(propose(targets, targets[0][0].looks), judge, least, name)
        if best is not None:
            chosen.add(*best)


def _are_held(records: list[Records], bodies: list[Selector]) -> bool:
    """Whether a body tells a record that is a post from one that is none; it must do so wherever the record stands."""
    idle = filled = 0
    for held in records:
        owners = {held.owner(number) for number in select(held.sketch, bodies)}
        alone = [at for at, post in enumerate(held.post_of) if post is None]
        idle, filled = idle + len(alone), filled + sum(at in owners for at in alone)
    return idle > 0 and filled <= (1 - PRECISE) * idle and all(selector.outer is None for selector in bodies)


def _find_bodies(records: list[Records]) -> Chosen:
    """Return the selectors of bodies, if possible of what holds nothing besides that would have to be cut on every page."""
    found = []
    for name in ("tight", "body"):
        right = [
            {at: post.right[name] for at, post in enumerate(held.post_of) if post is not None and post.right.get(name)}
            for held in records
        ]
        found.append(_find_firsts(records, right, lambda held, number: held.owner(number), PRECISE, "body"))
    tight, wide = found
    return tight if tight.right >= TIGHT * wide.right and tight.score.precision >= PRECISE else wide


def _find_field(records: list[Records], name: str, parts: PartsFound) -> None:
    """Find the selectors of a field, and for dates the attributes that say them to the second."""
    right = [
        {at: mine for at, post in enumerate(held.post_of) if post is not None and (mine := _in_record(held, at, post, name))}
        for held in records
    ]
    wanted, total = sum(map(len, right)), sum(1 for held in records for post in held.post_of if post is not None)
    if not wanted or wanted < LEAST_HELD[name] * total:
        return
    chosen = _find_firsts(records, right, lambda held, number: held.place_of(number), PRECISE, name)
    if not chosen.selectors:
        return
    parts.fields[name] = chosen
    if name == "date":
        parts.attributes["date"] = _find_attributes(records, chosen.selectors)


def _in_record(held: Records, at: int, post: PostSeen, name: str) -> frozenset[int]:
    return frozenset(number for number in post.right.get(name, ()) if held.place_of(number) == at)


def _find_firsts(
    records: list[Records],
    right: list[dict[int, frozenset[int]]],
    place: Callable[[Records, int], int],
    least: float,
    name: str,
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
        _cover(chosen, targets, judge, least, name=name)
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
    if _are_copies(records):
        parts.attributes["permalink"] = ["id"]
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
    chosen = _find_firsts(records, right, lambda held, number: held.place_of(number), 0.98, "permalink")
    if chosen.score.coverage >= 0.9:
        parts.fields["permalink"], parts.attributes["permalink"] = chosen, [name]


def _are_copies(records: list[Records]) -> bool:
    """Whether records that are no posts have the ids of posts, as advertisements in their frames and second prints do."""
    idle = copies = 0
    for held in records:
        ids = [held.sketch.ids[number] for number in held.elements]
        mine = [id_ for id_, post in zip(ids, held.post_of, strict=True) if post is not None]
        if len(set(mine)) < len(mine) or 0 in mine:
            return False
        others = [id_ for id_, post in zip(ids, held.post_of, strict=True) if post is None]
        idle, copies = idle + len(others), copies + sum(id_ in mine for id_ in others)
    return copies >= 0.5 * idle > 0  # the ids of posts are their own in any case


def _find_accepted(records: list[Records], parts: PartsFound) -> None:
    """Find what only the accepted answers hold, or are."""
    marked = [(held, at) for held in records for at, post in enumerate(held.post_of) if post is not None and post.is_accepted]
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
