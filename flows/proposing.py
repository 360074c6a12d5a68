"""What was seen of a batch → proposals as files, each tried: layouts on pages, rules on what is published."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from flows.against import Hits, hold_against
from flows.discover import Found, iter_pages
from flows.discovering.proposals import Proposal, group_alike, propose_layout
from flows.discovering.recurring import LEAST_PAGES, MOST_WRITERS, Recurring
from flows.discovering.shapes import choose_gate, write_pattern
from flows.discovering.sketches import PostSeen, Sketch
from flows.discovering.writing import RULES_HEAD, name_rule, show_rule, write_layout, write_rule
from flows.publish.reading import told_as_damaged
from flows.records import Page
from flows.rules import Rule, check_rules, match_line, read_rules, split_words
from flows.split.engines import Layout, iter_selectors, read_layouts
from flows.split.markup.known import find_boxes, is_recognised
from flows.split.markup.survey import Survey
from flows.strip.artifacts import mark_lines
from flows.strip.widgets import load_line_rules
from flows.targets import Roots

LEAST_HELD_BACK = 8  # pages from which half of them are kept to try the layout on
LEAST_ALIKE = 0.95  # F1 of the posts on the pages that it knows, by those of the general splitter
MOST_RULES = 60
NEVER = "Nothing on this page was said by a template, as far as I can see."  # what no rule claims
MOST_UNLIKELY = 20  # lines that are shown and not proposed
MOST_WRONG = 1.0  # lines that look like people's own among what is published, for each in the batch: more is no rule


@dataclass(slots=True)
class Tried:
    """How a proposed layout did on pages, beside the general splitter: posts of both, the same ones, fields alike."""

    pages: int = 0
    read: int = 0  # pages that it knew, and found sound
    posts: int = 0  # of the general splitter, on those pages
    found: int = 0  # of the layout
    same: int = 0  # bodies alike
    fields: Counter[str] = field(default_factory=Counter)  # posts of `same` whose field is alike
    had: Counter[str] = field(default_factory=Counter)  # those where the general splitter has it

    @property
    def f1(self) -> float:
        """How far the posts are those of the general splitter, from 0 to 1."""
        return 2 * self.same / (self.posts + self.found) if self.posts + self.found else 0.0


@dataclass(slots=True)
class LayoutProposed:
    """A layout for one group of like pages, as a file; or why there is none."""

    pages: int
    posts: int
    name: str | None = None
    toml: str = ""
    proposal: Proposal | None = None
    tried: Tried | None = None
    on_other_pages: bool = False  # it was tried on pages that it was not made from
    reason: str = ""  # why there is none


@dataclass(slots=True)
class RuleProposed:
    """A rule for lines that recur, as its file has it, and what it would do to what is published."""

    name: str
    recurring: Recurring
    toml: str
    hits: Hits | None  # None: nothing is published that it could be held against


@dataclass(slots=True)
class Proposals:
    """All that a batch gave rise to."""

    found: Found
    layouts: list[LayoutProposed]
    rules: list[RuleProposed]
    unlikely: list[Recurring]  # lines that recur and may be people's own
    snapshot: str | None  # what the rules were held against

    @property
    def rules_toml(self) -> str:
        """The file of the proposed rules; empty without any."""
        return RULES_HEAD + "".join(rule.toml for rule in self.rules) if self.rules else ""


def propose(found: Found, targets: Roots, snapshot: Path | None, name: str | None, least: int) -> Proposals:
    """Return what is proposed for a batch, each tried; `least`: pages that a layout or a rule needs at least."""
    rules, unlikely = _propose_rules(found, snapshot, least)
    _mark_labels(found, load_rules(RULES_HEAD + "".join(rule.toml for rule in rules)) if rules else ())
    layouts = _propose_layouts(found, targets, name, least)
    return Proposals(found, layouts, rules, unlikely, snapshot.name if snapshot is not None else None)


# -- layouts ----------------------------------------------------------------------------------------------------------------


def _propose_layouts(found: Found, targets: Roots, name: str | None, least: int) -> list[LayoutProposed]:
    groups = group_alike(found.sample.sketches())
    known_parts = {text for layout in read_layouts() for _, selector in iter_selectors(layout) for text in _names_in(selector)}
    base = _slug(name or (found.sites.most_common(1)[0][0] if found.sites else "site"))
    proposed: list[LayoutProposed] = []
    for group in groups:
        posts = sum(len(sketch.seen.posts) for sketch in group)
        if len(group) < least:
            continue
        others = [sketch for other in groups if other is not group for sketch in other] + found.threadless.sketches()
        learned, held_back = (group[::2], group[1::2]) if len(group) >= LEAST_HELD_BACK else (group, group)
        proposal = propose_layout(learned, others, known_parts)
        one = LayoutProposed(len(group), posts)
        if isinstance(proposal, str):
            one.reason = proposal
        else:
            taken = sum(other.name is not None for other in proposed)
            _finish(one, proposal, base if not taken else f"{base}-{taken + 1}", targets, held_back, found)
            one.on_other_pages = held_back is not group
        proposed.append(one)
    small = [group for group in groups if len(group) < least]
    if small:
        pages, posts = sum(map(len, small)), sum(len(sketch.seen.posts) for group in small for sketch in group)
        proposed.append(LayoutProposed(pages, posts, reason=f"no {least} of them are made alike"))
    return proposed


def _names_in(selector: str) -> list[str]:
    return re.findall(r"[.#][A-Za-z_-][\w-]*", selector)


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:60] or "site"


def _finish(
    one: LayoutProposed, proposal: Proposal, name: str, targets: Roots, held_back: Sequence[Sketch], found: Found
) -> None:
    """Write a layout, read it back as the program does, and try it on pages."""
    sites = ", ".join(site for site, _ in sorted(found.sites.items())[:3]) or "unknown site"
    one.proposal, one.name = proposal, name
    versions = f"as on {one.pages:,} pages of it"
    why = f"not yet said: made from {proposal.posts:,} posts on {proposal.pages:,} pages as the general splitter reads them"
    one.toml = write_layout(proposal, name, sites, versions, why)
    one.tried = try_layout(load_layout(name, one.toml), targets, held_back, found)
    if one.tried.f1 < LEAST_ALIKE:
        one.name, one.toml = None, ""
        one.reason = f"the one that was made finds other posts than the general splitter (F1 {one.tried.f1:.2f})"


def load_layout(name: str, toml: str) -> Layout:
    """Return a layout from its text, through the program's own reader. Raises WrongUse where that refuses it."""
    with TemporaryDirectory() as folder:
        (Path(folder) / f"{name}.toml").write_text(toml, "utf-8")
        (layout,) = read_layouts(Path(folder))
    return layout


def try_layout(layout: Layout, targets: Roots, sketches: Sequence[Sketch], found: Found) -> Tried:
    """Return how a layout does on some pages that the general splitter has read, by the code that `clean` runs."""
    tried = Tried()
    wanted = {digest: sketch for digest, sketch in found.sample.digests().items() if sketch in sketches}
    for page in iter_pages(targets, frozenset(wanted)):
        sketch = wanted.pop(page.digest or "", None)
        if sketch is None or not isinstance(page, Page) or page.markup is None:
            continue
        tried.pages += 1
        boxes = find_boxes(Survey(page, page.markup), layout) if is_recognised(page.markup, layout) else None
        if boxes is None:
            continue
        tried.read += 1
        tried.posts += len(sketch.seen.posts)
        by_body = {number: post for post in sketch.seen.posts for number in post.right["near"]}
        for box in boxes.boxes:
            tried.found += 1
            post = None if box.body is None else by_body.get(box.body)
            if post is not None:
                tried.same += 1
                _compare(tried, post, {"author": box.author, "date": box.date, "votes": box.votes})
    return tried


def _compare(tried: Tried, post: PostSeen, marks: dict[str, object]) -> None:
    for name, mark in marks.items():
        right = post.right.get(name)
        if right:
            tried.had[name] += 1
            element = getattr(mark, "element", None)
            tried.fields[name] += mark is not None if element is None else element in right


# -- rules ------------------------------------------------------------------------------------------------------------------


def _propose_rules(found: Found, snapshot: Path | None, least: int) -> tuple[list[RuleProposed], list[Recurring]]:
    recurring = found.lines.find(max(least, LEAST_PAGES))
    likely = [(one, cuts) for one in recurring if one.is_likely and (cuts := _choose_cuts(one))][:MOST_RULES]
    unlikely = [one for one in recurring if not one.is_likely]
    taken, named = {rule.id for rule in load_line_rules().rules}, list[tuple[str, Recurring, list[str]]]()
    for one, cuts in likely:
        name = name_rule(one, taken)
        taken.add(name)
        named.append((name, one, cuts))
    neighbours = found.lines.neighbours(one for one, _ in likely)
    drafts = load_rules("".join(write_rule(one, name, cuts, [NEVER]) for name, one, cuts in named))
    hits = _find_hits(drafts, snapshot) if snapshot is not None else {}
    proposed: list[RuleProposed] = []
    for name, one, cuts in named:
        hit = hits.get(name)
        if hit is not None and len(hit.alone) > MOST_WRONG * one.tally.lines:
            unlikely.append(one)
            continue
        keeps = _choose_keeps(cuts[0], neighbours.get(choose_gate(one.shape) or "", []), drafts)
        proposed.append(RuleProposed(name, one, write_rule(one, name, cuts, keeps, tell_rule(one, hit)), hit))
    check_rules(load_rules("".join(rule.toml for rule in proposed)))
    return proposed, unlikely[:MOST_UNLIKELY]


def _find_hits(drafts: Sequence[Rule], snapshot: Path) -> dict[str, Hits]:
    with told_as_damaged(snapshot):
        return hold_against(drafts, snapshot)


def _choose_cuts(one: Recurring) -> list[str]:
    """Return the examples that the rule claims; what was masked may be longer than its pattern allows."""
    pattern = re.compile(write_pattern(one.shape), re.IGNORECASE)
    return [line for line, _ in one.tally.examples if pattern.fullmatch(line) and _opens(one, line)]


def _opens(one: Recurring, line: str) -> bool:
    return (choose_gate(one.shape) or "").encode() in split_words(line.lower())


def load_rules(toml: str) -> tuple[Rule, ...]:
    """Return rules from their text, through the program's own reader. Raises WrongUse where that refuses them."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "proposed.toml"
        file.write_text(toml, "utf-8")
        return read_rules(file)


def _choose_keeps(example: str, near: Sequence[str], rules: Sequence[Rule]) -> list[str]:
    """Return lines that the rule must leave and that no rule claims: real ones near it, else some that quote it."""
    quoted = [f"I never saw “{example}” said by a person.", f"What does “{example}” mean, and who wrote it there?", NEVER]
    kept = [line for line in [*near, *quoted] if _is_left(line) and all(match_line(rule, line) is None for rule in rules)]
    return kept[:2]


def _is_left(line: str) -> bool:
    return all(marked.role is None and not marked.cuts for marked in mark_lines(line))


def tell_rule(one: Recurring, hits: Hits | None) -> list[str]:
    """Return what is known of a rule, in sentences."""
    tally = one.tally
    writers = f"{len(tally.writers)}{' or more' if len(tally.writers) >= MOST_WRITERS else ''} writers"
    counted = f"{tally.lines:,} lines in {tally.posts:,} posts on {tally.pages:,} of {one.pages:,} pages"
    told = [show_rule(one), f"{counted}; mostly {one.place}; {writers}"]
    told += [f"e.g. in {source}" for _, source in tally.examples]
    if hits is None:
        told.append("held against nothing that is published")
    else:
        told.append(
            f"of what is published it would cut {hits.lines:,} lines in {hits.rows:,} rows; {len(hits.alone):,} of these lines "
            "stand in one scrape alone and may be somebody's own words"
        )
        told += [f"may be wrong to cut: {line}" for line in hits.alone[:3]]
    return told


def _mark_labels(found: Found, rules: Sequence[Rule]) -> None:
    """Let the layouts drop what the proposed rules claim, where it stands in elements of its own."""
    for sketch in found.sample.sketches() if rules else ():
        labels = sketch.seen.labels
        claimed = {text for text in set(labels.values()) if any(match_line(rule, text) is not None for rule in rules)}
        sketch.seen.trimmed |= {number for number, text in labels.items() if text in claimed}
