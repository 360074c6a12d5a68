"""threadmill discover: what the pages of an unknown site have in common, as layouts and rules for a person to review."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flows.discover import Found, iter_pages, survey_pages
from flows.discovering.writing import show_rule
from flows.errors import Fault, WrongUse
from flows.output import say, say_json
from flows.places import read_place
from flows.proposing import LayoutProposed, Proposals, RuleProposed, propose
from flows.publish.snapshots import open_latest
from flows.targets import find_targets
from flows.terminal import neutralize

RAW, PROCESSED = Path("raw"), Path("processed")
ACTIVE = Path(__file__).resolve().parent.parent  # what stands below it is read by every run
MOST_LEAST = 10_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `discover` takes."""
    parser.add_argument("paths", nargs="+", metavar="PATH", help="pages of a site: files, folders, containers, globs")
    parser.add_argument(
        "--against", type=read_place, metavar="PROCESSED", help="snapshots that rules are held against (default: processed)"
    )
    parser.add_argument("--write", type=read_place, metavar="WHERE", help="write TOML for review: NAME.toml, or a folder")
    parser.add_argument("--name", metavar="NAME", help="what a layout is to be called (default: the site)")
    parser.add_argument("--least", type=_least, default=3, metavar="N", help="pages that a proposal needs (default: 3)")
    parser.add_argument(
        "--layouts", choices=("all", "none"), default="all", help="all: pages that a known layout reads need none (default)"
    )


def _least(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text[:6]) <= MOST_LEAST or len(text) > 5:
        raise argparse.ArgumentTypeError(f"{text[:20]!r} is not a number from 1 to {MOST_LEAST:,}")
    return int(text)


def run(arguments: argparse.Namespace) -> int:
    """Print what is proposed, and write it where that is asked for; nothing of it becomes active."""
    targets = find_targets(arguments.paths, RAW)
    snapshot = _find_snapshot(arguments.against)
    name = arguments.name or (arguments.write.stem if _is_file(arguments.write) else None)
    if arguments.write is not None:
        _check_target(arguments.write)
    found = survey_pages(iter_pages(targets), arguments.layouts)
    proposals = propose(found, targets, snapshot, name, arguments.least)
    written = write_proposals(proposals, arguments.write) if arguments.write is not None else []
    if arguments.json:
        say_json(as_json(proposals, written))
        return 0
    for line in report(proposals, written, whole=arguments.write is None):
        say(neutralize(line))
    return 0


def _find_snapshot(named: Path | None) -> Path | None:
    snapshot = open_latest(named or PROCESSED)
    if named is not None and snapshot is None:
        raise WrongUse(f"--against {named}: no snapshot was published there; name the folder that threadmill clean writes")
    return snapshot


def _is_file(target: Path | None) -> bool:
    return target is not None and target.suffix == ".toml"


def _check_target(target: Path) -> None:
    """Raise WrongUse where what is written would be active at once, or would stand over what is there."""
    if target.resolve().is_relative_to(ACTIVE):
        raise WrongUse(f"--write {target}: what stands there is active at once; write elsewhere, review it, then move it there")
    if _is_file(target) and target.exists():
        raise WrongUse(f"--write {target}: is there already, perhaps reviewed; take it away or name another file")


def write_proposals(proposals: Proposals, target: Path) -> list[Path]:
    """Write the proposed layouts and rules; return the files. Raises WrongUse for one that is there, Fault for the disk."""
    files = dict(_files(proposals, target))
    for path in files:
        if path.exists():
            raise WrongUse(f"{path}: is there already, perhaps reviewed; take it away or write elsewhere")
    try:
        for path, text in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
    except OSError as error:
        raise Fault(f"{error.filename or target}: {error.strerror}; what was proposed is not written") from error
    return list(files)


def _files(proposals: Proposals, target: Path) -> Iterator[tuple[Path, str]]:
    layouts = [layout for layout in proposals.layouts if layout.name is not None]
    for layout in layouts:
        yield (target.parent if _is_file(target) else target / "layouts") / f"{layout.name}.toml", layout.toml
    if proposals.rules:
        name = f"{target.stem}-rules.toml" if _is_file(target) else "rules/proposed.toml"
        yield (target.parent if _is_file(target) else target) / name, proposals.rules_toml


# -- the report -------------------------------------------------------------------------------------------------------------


def report(proposals: Proposals, written: list[Path], *, whole: bool) -> Iterator[str]:
    """Yield the lines of the report; with `whole`, the files themselves as well."""
    yield from _tell_batch(proposals.found)
    for layout in proposals.layouts:
        yield ""
        yield from _tell_layout(layout, whole=whole)
    yield ""
    yield from _tell_rules(proposals, whole=whole)
    yield ""
    for path in written:
        yield f"written for review: {path}"
    if not any(layout.name for layout in proposals.layouts) and not proposals.rules:
        yield "nothing is proposed"
    elif not written:
        yield "nothing was written; --write WHERE writes it for review"


def _tell_batch(found: Found) -> Iterator[str]:
    yield f"{found.pages:,} pages read, {found.threads:,} with a thread, {found.without:,} without"
    if found.unreadable:
        yield "not readable: " + ", ".join(f"{count:,} {check}" for check, count in sorted(found.unreadable.items()))
    for layout, count in sorted(found.known.items()):
        yield f"{count:,} pages are read by the layout {layout} already"
    if found.texts:
        yield f"{found.texts:,} threads of flat text: they have no elements, so rules alone can come of them"
    if found.unsure:
        yield f"{found.unsure:,} threads of which the general splitter is too unsure to learn from"
    if found.lines.again:
        yield f"{found.lines.again:,} pages of threads that were there before: their lines are counted once"


def _tell_layout(layout: LayoutProposed, *, whole: bool) -> Iterator[str]:
    where = f"{layout.pages:,} pages with {layout.posts:,} posts"
    if layout.name is None or layout.proposal is None or layout.tried is None:
        yield f"no layout for {where}: {layout.reason}"
        return
    proposal, tried = layout.proposal, layout.tried
    yield f"layout {layout.name}: from {where}"
    kind = (
        "other pages than it was made from" if layout.on_other_pages else "the pages that it was made from (too few for others)"
    )
    yield f"  tried on {tried.pages:,} {kind}: {tried.read:,} known and sound"
    same = f"{tried.same:,} of {tried.posts:,}, {tried.found:,} found (F1 {tried.f1:.3f})"
    yield f"  posts as the general splitter has them: {same}"
    for name in ("author", "date", "votes"):
        if tried.had[name]:
            yield f"  {name} alike: {tried.fields[name]:,} of {tried.had[name]:,}"
    if proposal.distinct:
        yield f"  of {proposal.distinct:,} other pages of the batch it takes for its own: {proposal.mistaken:,}"
    for name, chosen in _selectors(layout):
        score = chosen.score
        yield f"  {name:10} {', '.join(chosen.css)}   precision {score.precision:.2f}, coverage {score.coverage:.2f}"
    if whole:
        yield from ("  | " + line for line in layout.toml.splitlines())


def _selectors(layout: LayoutProposed) -> list[tuple[str, Any]]:
    proposal = layout.proposal
    if proposal is None:
        return []
    parts = proposal.post
    named = [("element", parts.element), ("body", parts.body), ("before", parts.before), *sorted(parts.fields.items())]
    named += [("drop", parts.drop), ("title", proposal.title), ("declared", proposal.declared)]
    return [(name, chosen) for name, chosen in named if chosen.selectors]


def _tell_rules(proposals: Proposals, *, whole: bool) -> Iterator[str]:
    against = f"snapshot {proposals.snapshot}" if proposals.snapshot else "nothing: no snapshot is there"
    yield f"rules for lines that recur in bodies: {len(proposals.rules):,}; held against {against}"
    for rule in proposals.rules:
        yield from _tell_rule(rule, whole=whole)
    if proposals.rules and proposals.found.threads > proposals.found.texts:
        yield "  rules of lines cut from flat text; from the bodies of HTML pages a layout cuts, by its `drop`"
    if proposals.unlikely:
        yield f"they recur as well, and may be people's own words; no rule is proposed: {len(proposals.unlikely):,}"
        for one in proposals.unlikely:
            yield f"  {show_rule(one)}   ({one.tally.pages:,} pages, {one.tally.posts:,} posts, {one.place})"


def _tell_rule(rule: RuleProposed, *, whole: bool) -> Iterator[str]:
    tally = rule.recurring.tally
    yield f"  {rule.name}: {show_rule(rule.recurring)}"
    yield f"    {tally.lines:,} lines in {tally.posts:,} posts on {tally.pages:,} pages, mostly {rule.recurring.place}"
    for line, source in tally.examples:
        yield f"    e.g. {line}   ({source})"
    if rule.hits is not None:
        alone = rule.hits.alone
        yield f"    in what is published: {rule.hits.lines:,} lines in {rule.hits.rows:,} rows; may be wrong: {len(alone):,}"
        for line in alone[:3]:
            yield f"    may be wrong: {line}"
    if whole:
        yield from ("    | " + line for line in rule.toml.splitlines() if line and not line.startswith("#"))


def as_json(proposals: Proposals, written: list[Path]) -> dict[str, Any]:
    """Return all of it as plain data."""
    found = proposals.found
    return {
        "pages": found.pages,
        "threads": found.threads,
        "without": found.without,
        "texts": found.texts,
        "unsure": found.unsure,
        "unreadable": dict(sorted(found.unreadable.items())),
        "known": dict(sorted(found.known.items())),
        "against": proposals.snapshot,
        "layouts": [_layout_as_json(layout) for layout in proposals.layouts],
        "rules": [_rule_as_json(rule) for rule in proposals.rules],
        "not_proposed": [
            {"shape": show_rule(one), "pages": one.tally.pages, "posts": one.tally.posts} for one in proposals.unlikely
        ],
        "written": [str(path) for path in written],
    }


def _layout_as_json(layout: LayoutProposed) -> dict[str, Any]:
    told: dict[str, Any] = {"pages": layout.pages, "posts": layout.posts, "name": layout.name, "toml": layout.toml or None}
    if layout.proposal is None or layout.tried is None:
        return told | {"reason": layout.reason}
    tried = layout.tried
    figures = {"pages": tried.pages, "read": tried.read, "posts": tried.posts, "found": tried.found, "same": tried.same}
    told["tried"] = {
        **figures,
        "f1": round(tried.f1, 4),
        "on_other_pages": layout.on_other_pages,
        "alike": dict(sorted(tried.fields.items())),
    }
    told["selectors"] = {
        name: {"css": chosen.css, "precision": round(chosen.score.precision, 4), "coverage": round(chosen.score.coverage, 4)}
        for name, chosen in _selectors(layout)
    }
    return told | {"others": layout.proposal.distinct, "mistaken": layout.proposal.mistaken}


def _rule_as_json(rule: RuleProposed) -> dict[str, Any]:
    tally, hits = rule.recurring.tally, rule.hits
    return {
        "id": rule.name,
        "shape": show_rule(rule.recurring),
        "lines": tally.lines,
        "posts": tally.posts,
        "pages": tally.pages,
        "place": rule.recurring.place,
        "examples": [{"line": line, "source": source} for line, source in tally.examples],
        "published": None if hits is None else {"lines": hits.lines, "rows": hits.rows, "may_be_wrong": len(hits.alone)},
        "toml": rule.toml,
    }
