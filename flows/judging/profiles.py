"""Profiles: what a batch or a snapshot says of one site, small enough to keep, and to add up over workers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from heapq import nsmallest

from flows.judging.measuring import Measured

# Pages of a site that are kept to compare. A change of a share by .1 stands against chance over 300 looks from some 400 on;
# more make a profile larger, and no finding surer that is worth stopping a batch for.
SAMPLE = 600


@dataclass(slots=True)
class SiteProfile:
    """One site: counts over all pages, and a sample of them.

    The sample are the pages whose ids come first. Ids are digests of what a page holds, so that it is a draw at random, the
    same in whatever order the pages came (a bottom-k sample: Cohen and Kaplan 2007).
    """

    site: str | None
    pages: int = 0
    rejected: int = 0
    layouts: Counter[str] = field(default_factory=Counter)  # of its threads
    sample: list[Measured] = field(default_factory=list)

    def plus(self, other: SiteProfile) -> SiteProfile:
        """Return the profile of both."""
        sample = _draw([*self.sample, *other.sample])
        counts = (self.pages + other.pages, self.rejected + other.rejected, self.layouts + other.layouts)
        return SiteProfile(self.site, *counts, sample)

    def of_layout(self, layout: str) -> SiteProfile:
        """Return the profile of the threads that one layout decided."""
        threads = self.layouts[layout]
        return SiteProfile(
            self.site, threads, 0, Counter({layout: threads}), [page for page in self.sample if page.layout == layout]
        )

    @property
    def name(self) -> str:
        """The site, in words."""
        return self.site or "(site not known)"


Profiles = dict[str | None, SiteProfile]


def profile_pages(pages: Iterable[Measured]) -> Profiles:
    """Return the profile of each site that some pages are of."""
    by_site: dict[str | None, list[Measured]] = {}
    for page in pages:
        by_site.setdefault(page.site, []).append(page)
    return {
        site: SiteProfile(
            site,
            len(held),
            sum(page.rejected for page in held),
            Counter(page.layout for page in held if page.layout),
            _draw(held),
        )
        for site, held in by_site.items()
    }


def add_profiles(one: Profiles, other: Profiles) -> Profiles:
    """Return the profiles of both, site by site."""
    added = dict(one)
    for site, profile in other.items():
        added[site] = added[site].plus(profile) if site in added else profile
    return added


def _draw(pages: list[Measured]) -> list[Measured]:
    """Return the pages whose ids come first; the same scrape twice is one page."""
    return nsmallest(SAMPLE, {page.id: page for page in pages}.values(), key=lambda page: page.id)
