"""What may happen to a night's pages: twenty kinds of damage, and none; each says what happened and what a right finding may name.

Ten of them are open to those who build what is to find them; the others stay unseen until it is measured. Each is a function
of a batch of pages, HTML as stored, and a seed. Some harm every page and some a share of them, as it is said.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from tests.sites import damages_open, damages_unseen
from tests.sites.elements import name_engine

# The kinds of reason that a finding may name; a damage names those of them that are right.
KINDS = (
    "no-thread", "fewer-answers", "empty-bodies", "truncated", "residue", "authors-gone", "dates-gone", "encoding", "duplicates", "bot-wall",
    "language", "confidence", "layout", "rules", "lengths", "rejects", "votes-gone", "titles-gone", "quotes", "merged-posts", "chrome-in-bodies",
)  # fmt: skip
ALL = frozenset({"discourse", "phpbb", "xenforo", "bbpress", "doctors"})
# A general splitter leaves out a post with the words of another: where no layout knows the page, nothing comes of it.
WITH_LAYOUT = ALL - {"doctors"}
WITH_VOTES = frozenset({"discourse", "xenforo", "doctors"})


@dataclass(frozen=True, slots=True)
class Damage:
    """One kind of damage."""

    id: str
    what: str  # what happened, in plain words
    kinds: frozenset[str]  # any of them is a right reason
    open: bool
    change: Callable[[list[str], Random], list[str]]
    sites: frozenset[str] = ALL  # where there is what it harms; pages of other sites it leaves as they are

    def __call__(self, pages: list[str], seed: int) -> list[str]:
        """Return the pages after the damage, as many and in the same order."""
        if pages and name_engine(pages[0]) not in self.sites:
            return list(pages)
        return self.change(list(pages), Random(f"{self.id} {seed}"))


def _damage(
    name: str, what: str, kinds: str, change: Callable[[list[str], Random], list[str]], sites: frozenset[str] = ALL
) -> Damage:
    return Damage(name, what, frozenset(kinds.split()), change.__module__ == damages_open.__name__, change, sites)


NONE = Damage("none", "nothing happened", frozenset(), open=True, change=lambda pages, _: pages)
DAMAGES = (
    _damage("selectors-renamed", "a redesign renamed every class and id, and put other elements in place of articles and times",
            "layout authors-gone dates-gone votes-gone fewer-answers no-thread rejects titles-gone", damages_open.rename_selectors),
    _damage("bodies-emptied", "bodies are filled in by a script that the scraper does not run; their boxes are there and empty",
            "empty-bodies no-thread rejects lengths fewer-answers", damages_open.empty_bodies),
    _damage("dates-localised", "the site answers in the language of the proxy's country: dates are in its words, and nothing else says them",
            "dates-gone", damages_open.localise_dates),
    _damage("truncated", "each page is cut off after 8 KB", "truncated fewer-answers", damages_open.truncate),
    _damage("half-login", "the session ended: every other page, at random, is the log-in page", "no-thread bot-wall rejects", damages_open.ask_for_login),
    _damage("mojibake", "UTF-8 was read as Windows-1252 and stored as UTF-8", "encoding", damages_open.garble),
    _damage("collapsed", "only the first two replies are printed, the others are behind a button", "fewer-answers", damages_open.collapse),
    _damage("template-off", "the template engine is switched off: names, dates, titles and bodies are expressions in braces",
            "residue empty-bodies no-thread", damages_open.leave_templates),
    _damage("bot-wall", "four pages of five are a check for robots, with status 200", "bot-wall no-thread rejects", damages_open.wall_off),
    _damage("posts-twice", "each post is printed twice, for wide and for narrow screens", "duplicates", damages_open.print_twice, WITH_LAYOUT),
    _damage("dates-relative", "dates became relative, and the scrape does not say when it was fetched", "dates-gone", damages_unseen.make_dates_relative),
    _damage("consent", "three pages of five are a question for consent in place of the thread", "bot-wall no-thread rejects", damages_unseen.ask_for_consent),
    _damage("other-site", "two pages of five are from another site, on another engine", "layout", damages_unseen.mix_in_another_site),
    _damage("same-page", "a broken cache: every page is one and the same", "duplicates", damages_unseen.repeat_one_page),
    _damage("anonymous", "names became “Anonymous” or “[deleted]” in nine posts of ten, their profiles are gone", "authors-gone", damages_unseen.take_names),
    _damage("votes-gone", "the votes are loaded later, and are not in the page any more", "votes-gone", damages_unseen.take_votes, WITH_VOTES),
    _damage("amp", "the page for phones was served: another markup, with the first two replies alone", "layout fewer-answers", damages_unseen.serve_for_phones),
    _damage("translated", "the pages were translated by a machine on their way", "language", damages_unseen.translate),
    _damage("ads-in-bodies", "advertisements are put into two bodies of three", "chrome-in-bodies residue", damages_unseen.advertise_in_bodies),
    _damage("question-dropped", "the opening post is missing, first pages begin with the replies", "fewer-answers empty-bodies lengths no-thread", damages_unseen.drop_question),
)  # fmt: skip
