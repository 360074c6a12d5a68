"""Published threads that a run would take away: counted site by site before anything is published, and held against limits.

A thread goes with its input, which is right for one that was taken away and wrong for a disk that was not mounted; a rule
refuses a thread, which is right for one and wrong for half of a site. Nobody can tell from a single one, so many at once are
not withdrawn until somebody says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

ALL = "*"  # what accepts the removal of all sites' threads
UNKNOWN = "-"  # how a site that is not known is named where sites are
MAX_REMOVED = 0.5  # share of the published threads whose inputs may be gone
MAX_REFUSED = 0.2  # share of the published threads that other rules or another program may refuse
FEWEST = 10  # threads of a site from which on a share of them says something
REMOVED, REFUSED = "removed", "refused"
TOLD = {
    REMOVED: ("have no input any more", "--accept-removed"),
    REFUSED: ("would be refused by the rules and the code as they are now", "--accept-rules"),
}


class Losses(NamedTuple):
    """What a run would take away of one site: threads that are published, and of them those without input, and refused ones."""

    site: str | None
    published: int
    removed: int
    refused: int


@dataclass(frozen=True, slots=True)
class Limits:
    """How much may go without being asked for."""

    max_removed: float = MAX_REMOVED
    of_sites: Mapping[str, float] = field(default_factory=dict)  # what `source.toml` says for a site, in place of max_removed
    accept_removed: frozenset[str] = frozenset()  # sites whose removed threads may go; ALL, UNKNOWN
    accept_rules: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return the shares as plain data; what is accepted is so for one run alone."""
        return {"max_removed": self.max_removed, "of_sites": dict(sorted(self.of_sites.items()))}

    @property
    def accepts(self) -> bool:
        """Whether anything is let in by name."""
        return bool(self.accept_removed) or self.accept_rules


@dataclass(frozen=True, slots=True)
class Withheld:
    """One site that keeps what is published of it, and why: `threads` of its `published` ones would go."""

    site: str | None
    why: str  # REMOVED or REFUSED
    threads: int
    published: int

    @property
    def sentence(self) -> str:
        """What is the matter, and how to let it in."""
        what, option = TOLD[self.why]
        named = f" {self.site or UNKNOWN}" if self.why == REMOVED else ""
        return (
            f"{self.threads:,} of the {self.published:,} published threads of {self.site or 'no known site'} {what}; what is "
            f"published of it stays ({option}{named} lets it go)"
        )


@dataclass(slots=True)
class Guard:
    """What a run holds back so that published threads do not vanish."""

    limits: Limits
    withheld: list[Withheld] = field(default_factory=list)

    @property
    def held(self) -> list[str | None]:
        """The sites that are held back."""
        return [one.site for one in self.withheld]

    @property
    def told(self) -> str:
        """What is held back, for a digest; "" for nothing."""
        return repr((sorted(self.held, key=str), self.limits.as_json())) if self.withheld else ""

    def as_json(self) -> dict[str, Any]:
        """Return what is held as plain data: the form of the manifest and of `--json`."""
        held = [asdict(one) | {"sentence": one.sentence} for one in self.withheld]
        return {"held": held, "limits": self.limits.as_json()}


def read_guard(manifest: Mapping[str, Any], limits: Limits) -> Guard:
    """Return what the guard held back when a snapshot was published; nothing where the limits were others than `limits`."""
    told = manifest.get("guard") or {}
    if told.get("limits") != limits.as_json() or limits.accepts:
        return Guard(limits)
    names = ("site", "why", "threads", "published")
    return Guard(limits, [Withheld(*(one[name] for name in names)) for one in told["held"]])


def decide_removals(losses: list[Losses], limits: Limits) -> Guard:
    """Return which sites are held back: those that lose more than they may, and all that lose any where the whole does.

    A site of fewer than FEWEST threads counts in the whole alone; one with a limit of its own counts by itself alone.
    """
    removed = {one.site: one.removed for one in losses if one.removed and not _is_accepted(one.site, limits)}
    refused = {} if limits.accept_rules else {one.site: one.refused for one in losses if one.refused}
    found = [
        *_withhold(REMOVED, removed, losses, limits.max_removed, limits.of_sites),
        *_withhold(REFUSED, refused, losses, MAX_REFUSED, {}),
    ]
    first = {one.site: one for one in reversed(found)}
    return Guard(limits, sorted(first.values(), key=lambda one: one.site or ""))


def _is_accepted(site: str | None, limits: Limits) -> bool:
    return not limits.accept_removed.isdisjoint({ALL, site or UNKNOWN})


def _withhold(
    why: str, lost: Mapping[str | None, int], losses: list[Losses], share: float, of_sites: Mapping[str, float]
) -> Iterator[Withheld]:
    together = [one for one in losses if (one.site or UNKNOWN) not in of_sites]
    whole = sum(one.published for one in together)
    is_too_much = sum(lost.get(one.site, 0) for one in together) > share * whole
    for one in losses:
        threads, limit = lost.get(one.site, 0), of_sites.get(one.site or UNKNOWN)
        alone = share if limit is None else limit
        is_large = one.published >= FEWEST or limit is not None
        is_over = is_large and threads > alone * one.published
        if threads and (is_over or (limit is None and is_too_much)):
            yield Withheld(one.site, why, threads, one.published)
