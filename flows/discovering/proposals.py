"""A layout proposed: the selectors of a group of like pages, how they are recognised, and the file that says so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from flows.discovering.induction import find_parts
from flows.discovering.looks import is_made_up
from flows.discovering.matching import Score, Selector, choose, propose
from flows.discovering.parts import Chosen, PartsFound
from flows.discovering.sketches import Sketch

ALIKE = 0.5  # of the parts around bodies, from which two pages are of one make
AROUND = 5  # elements around a body by which pages are told alike
HELD = 0.85  # share of the posts that a layout must find, to be proposed
PROMISED = 0.85  # share of the posts with a field, from which the layout promises it; a page must keep it for four of five
MOST_LITERALS = 3
REMARKED = 0.2  # share of the pages with remarks, from which they get a table
PLAIN_NAME = 8  # letters up to which a name without a sign in it is a word that any software may use


@dataclass(slots=True)
class Proposal:
    """One layout as it would stand in a file, and what it was made of."""

    post: PartsFound
    comment: PartsFound | None
    title: Chosen
    declared: Chosen
    opening: Chosen
    selector: str
    literals: list[str]
    promises: list[str]
    pages: int
    posts: int
    sources: list[str] = field(default_factory=list)
    distinct: int = 0  # other pages of the batch that its recognition was held against
    mistaken: int = 0  # those of them that it takes for its own


def group_alike(sketches: Sequence[Sketch]) -> list[list[Sketch]]:
    """Return the pages in groups of one make each, the largest first: what stands around their bodies is named alike."""
    groups: list[tuple[frozenset[str], list[Sketch]]] = []
    for sketch in sketches:
        mine = _names_around(sketch)
        for names, held in groups:
            if len(mine & names) >= ALIKE * min(len(mine), len(names)) and (mine or not names):
                held.append(sketch)
                break
        else:
            groups.append((mine, [sketch]))
    return sorted((held for _, held in groups), key=lambda held: (-len(held), held[0].seen.source))


def _names_around(sketch: Sketch) -> frozenset[str]:
    """Return the parts of most of a page's bodies and of what stands around them."""
    counts: Counter[str] = Counter()
    for post in sketch.seen.posts:
        parts: set[str] = set()
        for number in [post.body, *sketch.ancestors(post.body, AROUND)]:
            tag, names = sketch.looks.known[sketch.look[number]]
            parts |= names or {tag}
        counts.update(parts)
    return frozenset(part for part, count in counts.items() if count >= 0.5 * len(sketch.seen.posts))


def propose_layout(
    sketches: Sequence[Sketch], others: Sequence[Sketch] = (), known_parts: Collection[str] = ()
) -> Proposal | str:
    """Return the layout of some pages of one make, or in one sentence why there is none.

    `others` are pages that it must not take for its own; `known_parts` are what known layouts go by.
    """
    posts = sum(len(sketch.seen.posts) for sketch in sketches)
    parts = find_parts(sketches, "posts")
    if parts is None:
        return "no element that can be named holds each post for itself"
    if parts.element.score.coverage < HELD or parts.body.score.coverage < HELD:
        share = min(parts.element.score.coverage, parts.body.score.coverage)
        return f"the selectors that were found hold only {share:.0%} of the posts"
    promises = [name for name in ("author", "date") if _shown(parts, name, posts) >= PROMISED]
    if not promises:
        return "neither names nor dates stand where a selector finds them in nearly every post"
    selector, literals = _recognise(sketches, parts, known_parts)
    if not literals:
        return "nothing in the source of the pages tells them from others"
    mistaken = sum(_takes(other, parts, literals) for other in others)
    return Proposal(
        parts, _find_comment(sketches), _find_on_page(sketches, "title"), _find_on_page(sketches, "declared"),
        _find_opening(sketches, parts), selector, literals, promises, len(sketches), posts,
        sorted(sketch.seen.source for sketch in sketches), len(others), mistaken,
    )  # fmt: skip


def _shown(parts: PartsFound, name: str, posts: int) -> float:
    return parts.fields[name].right / max(1, posts) if name in parts.fields else 0.0


def _find_comment(sketches: Sequence[Sketch]) -> PartsFound | None:
    remarked = [sketch for sketch in sketches if sketch.seen.remarks]
    if len(remarked) < max(2, REMARKED * len(sketches)):
        return None
    parts = find_parts(remarked, "remarks")
    if parts is None or min(parts.element.score.coverage, parts.element.score.precision, parts.body.score.coverage) < HELD:
        return None
    return parts


def _find_on_page(sketches: Sequence[Sketch], name: str) -> Chosen:
    """Return the selector whose first match on a page shows its title, or declares how many answers there are."""
    chosen = Chosen()
    wanted = [(sketch, right) for sketch in sketches if (right := getattr(sketch.seen, name))]
    if len(wanted) < 0.5 * len(sketches):
        return chosen
    targets = [(sketch, number) for sketch, right in wanted for number in sorted(right)]

    def judge(selector: Selector) -> Score:
        firsts = [(found[0] if (found := _showing(sketch, selector)) else None, right) for sketch, right in wanted]
        hit = sum(first in right for first, right in firsts if first is not None)
        return Score(hit, sum(first is not None for first, _ in firsts) - hit, len(wanted))

    best = choose(propose(targets, targets[0][0].looks), judge, 0.95, name)
    if best is not None and best[1].coverage >= 0.7:
        chosen.add(*best)
    return chosen


def _showing(sketch: Sketch, selector: Selector) -> list[int]:
    return [number for number in selector.select(sketch) if sketch.first[number] < sketch.last[number]]


def _find_opening(sketches: Sequence[Sketch], parts: PartsFound) -> Chosen:
    """Return the selector of records that are openings and nothing else, where openings have a make of their own."""
    chosen = Chosen()
    for selector in parts.element.selectors if len(parts.element.selectors) > 1 else []:
        right = wrong = 0
        for sketch in sketches:
            for number in selector.select(sketch):
                inside = [post for post in sketch.seen.posts if number <= post.body < sketch.ends[number]]
                right += any(post.is_opening for post in inside)
                wrong += any(not post.is_opening for post in inside)
        openings = sum(any(post.is_opening for post in sketch.seen.posts) for sketch in sketches)
        if not wrong and openings and right >= 0.95 * openings:
            chosen.add(selector, Score(right, 0, openings))
            break
    return chosen


# -- recognition ------------------------------------------------------------------------------------------------------------


def _recognise(sketches: Sequence[Sketch], parts: PartsFound, known_parts: Collection[str]) -> tuple[str, list[str]]:
    """Return the selector that only such pages match, and names that stand in the source of all of them."""
    selector = _write_recognition(sketches, parts)
    everywhere = _parts_of(sketches[0])
    for sketch in sketches[1:]:
        everywhere &= _parts_of(sketch)
    chosen = [parts.element, parts.body, *(parts.fields[name] for name in ("author", "date") if name in parts.fields)]
    named = {
        part
        for one in chosen
        for known in one.selectors
        for step in (known.inner, known.outer)
        if step is not None
        for part in step.parts
    }
    inside = frozenset.intersection(*(_names_around(sketch) for sketch in sketches))
    ranked = sorted(
        (part for part in everywhere if _literal(part)),
        key=lambda part: (
            is_made_up(part) or any(map(str.isdigit, part)), part not in inside and part not in named, part[0] == "[",
            _is_plain(part), part in known_parts, part not in named, -len(part), part,
        ),
    )  # fmt: skip
    literals: list[str] = []
    for part in ranked:
        name = _literal(part)
        if name and not any(name in other or other in name for other in literals):
            literals.append(name)
        if len(literals) == MOST_LITERALS:
            break
    return selector, literals


def _write_recognition(sketches: Sequence[Sketch], parts: PartsFound) -> str:
    """Return bodies in records of any make as one selector: a thread that nobody answered shows but one of them."""
    written: dict[str, None] = {}
    for element in parts.element.selectors:
        left = [sketch for sketch in sketches if element.select(sketch)]
        for body in parts.body.selectors:
            met = [sketch for sketch in left if _stand_in(sketch, element, body)]
            if met:
                is_own = any(set(element.select(sketch)) & set(body.select(sketch)) for sketch in met)
                written[element.css if is_own else f"{element.css} {body.css}"] = None
                left = [sketch for sketch in left if sketch not in met]
    return ", ".join(written)


def _stand_in(sketch: Sketch, element: Selector, body: Selector) -> bool:
    bodies = body.select(sketch)
    return any(number <= inner < sketch.ends[number] for number in element.select(sketch) for inner in bodies)


def _parts_of(sketch: Sketch) -> set[str]:
    return {part for look in sketch.by_look for part in sketch.looks.known[look][1]}


def _literal(part: str) -> str | None:
    """Return what of a part stands in the source as it is."""
    if part[0] in ".#":
        return part[1:]
    if part.startswith("[href*="):
        return part[len("[href*=") : -1].strip('"')
    return None


def _is_plain(part: str) -> bool:
    """Whether a name is a word that any software may use: "post", "content"."""
    name = part.lstrip(".#")
    return len(name) <= PLAIN_NAME and not any(sign in name for sign in "-_") and name.islower()


def _takes(other: Sketch, parts: PartsFound, literals: list[str]) -> bool:
    names = {name for part in _parts_of(other) if (name := _literal(part))}
    if not all(any(literal in name for name in names) for literal in literals):
        return False
    bodies = {number for selector in parts.body.selectors for number in selector.select(other)}
    elements = [number for selector in parts.element.selectors for number in selector.select(other)]
    return any(element <= body < other.ends[element] for element in elements for body in bodies)
