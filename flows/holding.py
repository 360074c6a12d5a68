"""The gate of a run: what is new is judged site by site before it is cleaned; a site that fails keeps what is published of it.

What the gate holds back is left where it lies, below RAW, and is judged again by the next run. So the rows of a snapshot
depend, besides the inputs, on what was published before: of a site that is held, the rows that were cleaned last stay.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from heapq import nsmallest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flows.judge import Summary, judge_inputs
from flows.judging.verdicts import Judged
from flows.output import escape_markdown
from flows.publish.manifest import SNAPSHOTS, read_manifest
from flows.publish.snapshots import basis_of, latest_snapshot
from flows.read.inputs import find_inputs
from flows.removals import UNKNOWN
from flows.store import find_waiting

if TYPE_CHECKING:
    from flows.executor import Executor
    from flows.judging.gate import Decision
    from flows.judging.profiles import Profiles
    from flows.store import Store, Work

MOST_FAILED = 200  # scrapes that an artifact names
REASONS = 20  # of a site, in the manifest


@dataclass(slots=True)
class Gate:
    """What the gate decided in a run."""

    baseline: str | None  # the snapshot that new scrapes were held against
    decisions: list[Decision] = field(default_factory=list)
    inputs: dict[str | None, int] = field(default_factory=dict)  # by site: inputs whose pages were left out
    baselines: dict[str | None, list[str]] = field(default_factory=dict)  # see flows/baseline.py: read_chosen
    left_out: frozenset[tuple[str, str | None]] = frozenset()  # (input, site): pages left out of an input that is cleaned
    unseen: list[str | None] = field(default_factory=list)  # accepted sites of which there is nothing new

    @property
    def held(self) -> list[str | None]:
        """The sites that are held back."""
        return [decision.site for decision in self.decisions if decision.hold]

    @property
    def told(self) -> str:
        """What is held back, for a digest."""
        return repr((sorted(self.held, key=str), sorted(self.left_out, key=str))) if self.held else ""

    def as_json(self) -> dict[str, Any]:
        """Return the decisions as plain data: what a run says of its gate."""
        told = [self._tell(decision) for decision in self.decisions]
        return {
            "baseline": self.baseline,
            "held": [one for one, decision in zip(told, self.decisions, strict=True) if decision.hold],
            "accepted": [one for one, decision in zip(told, self.decisions, strict=True) if decision.accepted],
            "suspect": [one for one in told if one["verdict"] == "suspect" and not one["accepted"]],
            "passed": sum(decision.verdict == "pass" for decision in self.decisions),
            "unseen": [site or UNKNOWN for site in self.unseen],
        }

    def _tell(self, decision: Decision) -> dict[str, Any]:
        return {
            "site": decision.site, "verdict": decision.verdict, "accepted": decision.accepted, "scrapes": decision.pages,
            "inputs": self.inputs.get(decision.site, 0), "reasons": decision.reasons[:REASONS],
        }  # fmt: skip

    def as_manifest(self) -> dict[str, Any]:
        """Return what a snapshot's manifest keeps: the decisions, and what accepted sites are held against from now on."""
        return {**self.as_json(), "baselines": {site or "": ids for site, ids in sorted(self.baselines.items(), key=str)}}


class _Sites:
    """A listener that takes note of the sites of each input: of all its pages, and of those that are not published yet."""

    def __init__(self, sources: Collection[str]) -> None:
        self._sources = sources
        self.all: dict[str, set[str | None]] = {}
        self.fresh: dict[str, set[str | None]] = {}

    def judged(self, page: Judged) -> None:
        """Take the verdict of one scrape."""
        source = page.source
        while source not in self._sources and "#" in source:  # the page of a container: path#record
            source = source.rpartition("#")[0]
        self.all.setdefault(source, set()).add(page.site)
        if not page.is_published:
            self.fresh.setdefault(source, set()).add(page.site)


def judge_new(
    store: Store, work: Work, raw: Path, executor: Executor, before: Path | None, layouts: str, accepted: Collection[str]
) -> Gate:
    """Judge what is new, and take out of the work what fails: inputs all of whose pages are held, else some of their pages."""
    from flows.baseline import open_snapshot  # noqa: PLC0415 -- loads the column engine; the workers are at work by now

    baseline = open_snapshot(before) if before is not None else None
    sites = _Sites({found.source for found in work.fresh})
    let_in = {None if site == UNKNOWN else site for site in accepted}
    summary = judge_inputs(
        [(raw, work.fresh)], executor, sites, baseline, layouts=layouts, accepted=let_in, is_known=store.knows
    )
    gate = Gate(baseline.name if baseline else None, summary.sites)
    held, whole = set(gate.held), set()
    for source, found in sites.fresh.items():
        if not (left := found & held):
            continue
        gate.inputs.update({site: gate.inputs.get(site, 0) + 1 for site in left})
        if sites.all[source] <= held:
            store.put_back(source)
            whole.add(source)
        else:
            store.leave_out(source, left)
            gate.left_out |= {(source, site) for site in left}
    work.hold(whole)
    gate.unseen = sorted(let_in - {decision.site for decision in summary.sites}, key=str)
    gate.baselines = _choose(baseline.chosen if baseline else {}, gate.decisions, summary.profiles)
    return gate


def _choose(chosen: dict[str | None, list[str]], decisions: list[Decision], profiles: Profiles) -> dict[str | None, list[str]]:
    """Return which scrapes an accepted site is held against from now on: those that were accepted, and what came after them.

    They are the first of a sample that is drawn by id, as profiles are.
    """
    from flows.judging.profiles import SAMPLE  # noqa: PLC0415 -- loaded by now

    told = dict(chosen)
    for decision in decisions:
        if decision.accepted or (decision.site in chosen and not decision.hold):
            before = [] if decision.accepted else chosen[decision.site]
            new = [page.id for page in profiles[decision.site].sample]
            told[decision.site] = nsmallest(SAMPLE, {*before, *new})
    return told


def carry_on(before: Path | None) -> dict[str, Any]:
    """Return what the manifest of a run without a gate keeps of those before: what accepted sites are held against."""
    baselines = read_manifest(before).get("gate", {}).get("baselines") if before is not None else None
    return {"baselines": baselines} if baselines else {}


@dataclass(slots=True)
class Waiting:
    """What lies below the raw root and is not published, judged."""

    summary: Summary
    inputs: int = 0
    failed: list[dict[str, str]] = field(default_factory=list)  # scrapes that fail, the first of them

    def judged(self, page: Judged) -> None:
        """Take the verdict of one scrape."""
        if page.verdict == "fail" and len(self.failed) < MOST_FAILED:
            reason = next(reason for reason in page.reasons if reason.severity == "fail")
            self.failed.append({"source": page.source, "reason": reason.id, "sentence": reason.sentence})

    def as_json(self) -> dict[str, Any]:
        """Return the verdicts as plain data, without the single scrapes."""
        return {"inputs": self.inputs, **self.summary.as_json()}

    def as_markdown(self) -> str:
        """Return the verdicts in Markdown."""
        counted = ", ".join(f"{count:,} {verdict}" for verdict, count in sorted(self.summary.verdicts.items()))
        lines = [f"{self.inputs:,} inputs wait: {counted or 'no scrape'}.", ""]
        for site in self.summary.sites:
            lines.append(f"- **{site.verdict}** {escape_markdown(site.name)}: {site.pages:,} new scrapes")
            lines += [f"    - {escape_markdown(reason)}" for reason in site.reasons[:REASONS]]
        return "\n".join(lines)


def judge_waiting(raw: Path, processed: Path, executor: Executor, layouts: str = "all") -> Waiting:
    """Judge what lies below `raw` and was not let in as it is, against the latest snapshot; nothing is written."""
    from flows.baseline import open_baseline  # noqa: PLC0415 -- loads the column engine

    inputs = find_waiting(processed / SNAPSHOTS, find_inputs(raw), raw, basis_of(latest_snapshot(processed)))
    waiting = Waiting(Summary(), len(inputs))
    waiting.summary = judge_inputs([(raw, inputs)], executor, waiting, open_baseline(None, processed), layouts=layouts)
    return waiting
