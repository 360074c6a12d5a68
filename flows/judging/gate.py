"""The gate: whether a site's new batch is let in, or held back with its reasons.

What `clean --gate` is to do with a decision: publish the others, keep the last good data of a site that is held, say so, and
exit with 1. `--accept SITE` lets a known change in (see `decide_site`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from flows.judging.drift import FEWEST, FEWEST_BEFORE, Look, find_drift
from flows.judging.profiles import Profiles, SiteProfile
from flows.judging.reasons import decide_verdict, read_reasons

# Under this name the counts of a site have the copies of that scrape of which there are most in the batch. A page under two
# addresses, or put there twice, is no change of a site; one page in the place of a third of them is.
COPIES, MANY_COPIES = "copies", 0.3
ALIKE = 2  # changes of one kind that are told in full
VERDICTS = ("pass", "suspect", "fail")
MOST_FAILED, MANY_FAILED, MANY_SUSPECT = 0.5, 0.1, 0.5  # shares of a batch's scrapes that are judged without a baseline


@dataclass(slots=True)
class Decision:
    """What is decided of one site's batch."""

    site: str | None
    pages: int
    verdict: str  # pass, suspect or fail
    hold: bool  # whether the gate keeps the batch out
    reasons: list[str]  # sentences, worst first
    findings: list[Look] = field(default_factory=list)  # what changed, and what seems to have but is too little to tell
    pages_before: int | None = None  # published scrapes that it was held against; None: none
    counts: dict[str, int] = field(default_factory=dict)  # scrapes by verdict, and by reason
    accepted: bool = False

    @property
    def name(self) -> str:
        """The site, in words."""
        return self.site or "(site not known)"

    def as_json(self) -> dict[str, Any]:
        """Return the decision as plain data."""
        return {
            "site": self.site, "verdict": self.verdict, "hold": self.hold, "accepted": self.accepted, "scrapes": self.pages,
            "scrapes_before": self.pages_before, "reasons": self.reasons, "counts": dict(sorted(self.counts.items())),
            "findings": [look.as_json() for look in self.findings],
        }  # fmt: skip


def decide_site(
    batch: SiteProfile,
    before: SiteProfile | None,
    *,
    counts: Mapping[str, int] | None = None,
    sites: int = 1,
    accepted: Collection[str | None] = (),
) -> Decision:
    """Return whether a site's batch is let in, and why not: `hold` is True where at least one change is a fail.

    `before` is the profile of what is published of the site, None where that is nothing: then only the batch's own shares
    of failed and suspect scrapes (`counts`, by verdict and reason) can speak against it. `sites` is how many sites are
    decided in one run, among which the chance of a false alarm is shared.

    `accepted` holds the sites that the operator named with `--accept SITE`: a change there is known and wanted (a new
    template, a move to another language). Such a batch is never held; its findings are told all the same, and its verdict
    is at most "suspect". Because it is published, the next run is held against it: what was accepted is the new baseline.
    An accepted site is accepted for one run; scrapes that fail by themselves are refused as ever.
    """
    told = dict(counts or {})
    pages = max(batch.pages, sum(told.get(verdict, 0) for verdict in VERDICTS))
    if pages == 0:
        return Decision(batch.site, 0, "pass", hold=False, reasons=[], pages_before=before.pages if before else None)
    findings = find_drift(batch, before, sites=sites) if before is not None else []
    changed = [look for look in findings if look.state == "changed"]
    reasons = list(_tell_changes(changed, told))
    verdict = decide_verdict(look.severity for look in changed)
    if before is None or batch.pages < FEWEST or before.pages < FEWEST_BEFORE:
        reasons.append(_why_alone(batch, before))
        alone, shares = _judge_alone(told)
        verdict, reasons = max(verdict, alone, key=VERDICTS.index), [*shares, *reasons]
    else:
        verdict, reasons = _add_failed(batch, before, told, pages, verdict, reasons)
    if (copies := told.get(COPIES, 0) + 1) >= max(FEWEST, MANY_COPIES * pages):
        verdict, reasons = (
            "fail",
            [f"{copies:,} of {pages:,} scrapes are one and the same page, or have its question", *reasons],
        )
    is_accepted = batch.site in accepted and verdict == "fail"
    if is_accepted:
        verdict = "suspect"
        reasons.insert(0, "let in because the change was accepted (--accept)")
    pages_before = before.pages if before is not None else None
    return Decision(batch.site, pages, verdict, verdict == "fail", reasons, findings, pages_before, told, is_accepted)


def _tell_changes(changed: list[Look], counts: Mapping[str, int]) -> Iterator[str]:
    """Yield a sentence a change; of many of one kind, such as rules that no longer cut, the first ones and how many more."""
    kinds = Counter(look.measure.id for look in changed)
    told: Counter[str] = Counter()
    for look in changed:
        told[look.measure.id] += 1
        if told[look.measure.id] <= ALIKE:
            yield look.sentence + _what_failed(look, counts)
        elif told[look.measure.id] == kinds[look.measure.id]:
            yield f"{look.measure.id}: {kinds[look.measure.id] - ALIKE:,} more changes of this kind"


def _what_failed(look: Look, counts: Mapping[str, int]) -> str:
    """Return, for a rise of refused pages, what they are."""
    return _name_reasons(counts) if look.measure.id == "rejected" else ""


def _name_reasons(counts: Mapping[str, int]) -> str:
    kinds = read_reasons()
    told = {kind: count for kind, count in counts.items() if kind in kinds and kinds[kind].severity != "note"}
    failing = Counter(
        {kind: count for kind, count in told.items() if kinds[kind].severity == "fail" or kind == "selector-lost"}
    )
    most = [f"{kind} {count:,}" for kind, count in failing.most_common(3)]
    return f" ({', '.join(most)})" if most else ""


def _add_failed(
    batch: SiteProfile, before: SiteProfile, counts: Mapping[str, int], pages: int, verdict: str, reasons: list[str]
) -> tuple[str, list[str]]:
    """Return a verdict with what scrapes say by themselves: that most of them fail, or hold a thread and fail all the same.

    Of half a batch no test is asked: what a log-in page is, it is, however few there are.
    """
    every = counts.get("fail", 0)
    if every >= max(FEWEST, MOST_FAILED * pages) and every * before.pages >= 2 * before.rejected * pages:
        return "fail", [*reasons, f"{every:,} of {pages:,} scrapes fail by themselves{_name_reasons(counts)}"]
    failed = every - batch.rejected
    if failed < FEWEST or failed < MANY_FAILED * pages:
        return verdict, reasons
    worse = "fail" if failed >= MOST_FAILED * pages else "suspect"
    sentence = f"{failed:,} of {pages:,} scrapes hold a thread and fail{_name_reasons(counts)}"
    return max(verdict, worse, key=VERDICTS.index), [*reasons, sentence]


def _why_alone(batch: SiteProfile, before: SiteProfile | None) -> str:
    if before is None:
        return "nothing of this site is published; it is judged by itself"
    few = f"{batch.pages:,} scrapes here, {before.pages:,} before"
    return f"too few to tell whether the site changed ({few}; {FEWEST} and {FEWEST_BEFORE} are needed)"


def _judge_alone(counts: Mapping[str, int]) -> tuple[str, list[str]]:
    failed, suspect = counts.get("fail", 0), counts.get("suspect", 0)
    pages = max(failed + suspect + counts.get("pass", 0), 1)
    verdict = "fail" if failed >= MOST_FAILED * pages else "suspect" if failed >= MANY_FAILED * pages else "pass"
    if verdict == "pass" and suspect >= MANY_SUSPECT * pages:
        verdict = "suspect"
    told = [(failed, "failed"), (suspect, "suspect")]
    return verdict, [f"{count:,} of {pages:,} scrapes {what}" for count, what in told if count and verdict != "pass"]


def decide_sites(
    batch: Profiles,
    before: Profiles | None,
    found: Mapping[str | None, Mapping[str, int]],
    accepted: Collection[str | None] = (),
) -> list[Decision]:
    """Return the decision of each site of a batch, the worst first; `before` is None where there is no baseline at all."""
    decisions = [
        decide_site(profile, (before or {}).get(site), counts=found.get(site, {}), sites=len(batch), accepted=accepted)
        for site, profile in batch.items()
    ]
    return sorted(decisions, key=lambda one: (("fail", "suspect", "pass").index(one.verdict), one.name))
