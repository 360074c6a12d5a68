"""Posts that were found on a page, held against what its JSON-LD says: gaps filled, and a second opinion.

A structured post is the same post when it has its words: most of the runs of three words at its beginning. Only what is
missing is filled; how many posts there are is never touched.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace

from flows.records import Byline, Post, Thread
from flows.split.structured import StructuredPost, StructuredThread

WORD = re.compile(r"\w+")
HEAD_CHARS, HEAD_WORDS = 2000, 60  # of a post: as far as two renderings of it are compared
RUN = 3  # words; a run of three is seldom shared by two posts that do not quote each other
MIN_SHARE = 0.5  # of the runs of the shorter one; a rendering drops links, quotes, smileys
MAX_SHARED = 20  # posts that hold a run, beyond which it tells nothing
MAX_DATE = 80  # characters
NOTHING, FAQ, AGREES, PARTLY, DISAGREES = "nothing", "faq", "agrees", "partly", "disagrees"


@dataclass(frozen=True, slots=True)
class CrossCheck:
    """What the JSON-LD of a page says to the posts that were found on it.

    `verdict`: "nothing" (it speaks of no post of this page), "faq" (its questions are the site's own), "agrees" (each of its
    answers was found, and the declared count is that of the page, with or without the opening post), "partly" (each was
    found, and more; or more are declared than this page shows), "disagrees" (answers of its were not found).
    """

    verdict: str
    matched: int = 0  # posts that both have
    missing: int = 0  # answers that JSON-LD has and the page was not found to have
    declared_answer_count: int | None = None
    filled: tuple[tuple[str, int], ...] = ()  # (field, how many posts it was filled of)


def fill_from_structured(
    thread: Thread, structured: Sequence[StructuredThread], read_author: Callable[[str], Byline] | None = None
) -> CrossCheck:
    """Fill what the posts of a thread lack from the JSON-LD of its page; return what it says to the posts that were found.

    Fills byline, profile, printed date, votes and the accepted mark where they are None, in place; never a body, and never
    the number of posts. `read_author` reads a name into a byline (the room of authors knows how); without it the name is
    taken as it stands. A byline that was filled has no printed form: its words are not in the page's text.

    >>> from flows.split.structured import read_json_ld
    >>> text = "Oil the hinge and it will stop."
    >>> thread = Thread("Why?", Post("Why does it creak?"), [Post(text)], [])
    >>> block = '{"@type": "Question", "name": "Why?", "acceptedAnswer": {"text": "%s", "author": "Ann"}}' % text
    >>> fill_from_structured(thread, read_json_ld([block])).verdict, thread.answers[0].byline.name
    ('agrees', 'Ann')
    """
    asked = [known for known in structured if not known.is_faq]
    if not asked:
        return CrossCheck(FAQ if structured else NOTHING)
    posts = [thread.question, *thread.answers]
    finder = PostFinder(posts)
    matches = sorted(((known, finder.match(known)) for known in map(merge_opening, asked)), key=lambda match: -len(match[1]))
    known, pairs = matches[0]
    if not pairs:
        return CrossCheck(NOTHING)
    filled: Counter[str] = Counter()
    for other, found in matches:  # on some pages each post is a thread of its own
        said = [other.question, *other.answers]
        for place, number in found.items():
            for field, fill in FILLS.items():
                filled[field] += fill(posts[place], said[number], read_author)
    taken = set(pairs.values())
    missing = sum(answer.text is not None and number not in taken for number, answer in enumerate(known.answers, 1))
    counts = tuple((field, count) for field, count in filled.items() if count)
    return CrossCheck(_judge(thread, known, missing), len(pairs), missing, known.declared_answer_count, counts)


# How much surer the second opinion makes a split, by its verdict.
WEIGHTS = {AGREES: 0.05, DISAGREES: -0.15}


def hear_structured(
    thread: Thread, structured: Sequence[StructuredThread], read_author: Callable[[str], Byline] | None = None
) -> CrossCheck:
    """Fill what the posts of a thread lack from the JSON-LD of its page, and let what it says weigh in their confidence."""
    check = fill_from_structured(thread, structured, read_author)
    weight = WEIGHTS.get(check.verdict, 0.0)
    thread.confidence = _shift(thread.confidence, weight)
    for post in (thread.question, *thread.answers):
        post.confidence = _shift(post.confidence, weight)
    return check


def _shift(confidence: float, weight: float) -> float:
    return round(min(max(confidence + weight, 0.05), max(confidence, 0.99)), 3) if weight else confidence


def merge_opening(known: StructuredThread) -> StructuredThread:
    """Return a thread without its opening post among the replies, where some engines list it again, with its author."""
    question = known.question
    if not known.answers or question.text is None or known.answers[0].text != question.text:
        return known
    again = known.answers[0]
    merged = StructuredPost(*(getattr(question, f.name) or getattr(again, f.name) for f in fields(StructuredPost)))
    return replace(known, question=merged, answers=known.answers[1:])


def _judge(thread: Thread, known: StructuredThread, missing: int) -> str:
    if missing > 0:
        return DISAGREES
    found, declared = len(thread.answers), known.declared_answer_count
    if declared is not None:
        return AGREES if declared in (found, found + 1) else PARTLY
    return AGREES if len(known.answers) in (found, found + 1) else PARTLY


# -- which post is which --------------------------------------------------------------------------------------------------


class PostFinder:
    """Finds the posts of a page by their words."""

    def __init__(self, posts: Sequence[Post]) -> None:
        self._runs = [_runs_of(post.body) for post in posts]
        self._by_run: dict[tuple[str, ...], list[int]] = defaultdict(list)
        for place, runs in enumerate(self._runs):
            for run in runs:
                self._by_run[run].append(place)

    def match(self, known: StructuredThread) -> dict[int, int]:
        """Return by found post the structured one, 0 the question, 1 … the answers; one to one, the surest first."""
        candidates: list[tuple[float, int, int]] = []
        for number, post in enumerate([known.question, *known.answers]):
            candidates += [(-share, place, number) for place, share in self._likeness(post.text)]
        pairs: dict[int, int] = {}
        taken: set[int] = set()
        for _, place, number in sorted(candidates):
            if place not in pairs and number not in taken:
                pairs[place] = number
                taken.add(number)
        return pairs

    def _likeness(self, text: str | None) -> list[tuple[int, float]]:
        """Return the posts that may be the one with this text, and how much of it they share."""
        runs = _runs_of(text)
        shared: Counter[int] = Counter()
        for run in runs:
            places = self._by_run.get(run, ())
            if len(places) <= MAX_SHARED:
                shared.update(places)
        likely = [(place, count / min(len(runs), len(self._runs[place]))) for place, count in shared.items()]
        likely = [(place, share) for place, share in likely if share >= MIN_SHARE]
        if len(runs) > 1 or len(likely) < 2:
            return likely
        # The same words in several posts ("Thank you!") say nothing about which of them it is, unless one has no others.
        same = [(place, share) for place, share in likely if self._runs[place] == runs]
        return same if len(same) == 1 else []


def _runs_of(text: str | None) -> frozenset[tuple[str, ...]]:
    """Return the runs of three words at the beginning of a text; of a shorter text, all its words as one."""
    words = WORD.findall(text[:HEAD_CHARS].casefold())[:HEAD_WORDS] if text else []
    if len(words) < RUN:
        return frozenset([tuple(words)] if words else [])
    return frozenset(zip(words, words[1:], words[2:], strict=False))


# -- what is filled -------------------------------------------------------------------------------------------------------

ReadAuthor = Callable[[str], Byline] | None


def _fill_author(post: Post, said: StructuredPost, read_author: ReadAuthor) -> bool:
    """Fill who wrote it, or the profile of who is known to have; a name that differs from the printed one is left alone."""
    who = post.byline
    url = said.author_url if said.author_url and said.author_url.startswith(("http://", "https://", "/")) else None
    if who is None or (who.name is None and who.role is None and not who.printed):
        if said.author is None or len(said.author) > 200:
            return False
        read = read_author(said.author) if read_author is not None else Byline(printed="", name=said.author)
        post.byline = read._replace(printed="", alias=said.author, profile_url=read.profile_url or url)
        return True
    if who.profile_url is None and url is not None and said.author and _is_same_name(said.author, who):
        post.byline = who._replace(profile_url=url)
        return True
    return False


def _is_same_name(name: str, who: Byline) -> bool:
    words = WORD.findall(name.casefold())
    return any(words == WORD.findall(known.casefold()) for known in (who.name, who.printed, who.alias) if known)


def _fill_date(post: Post, said: StructuredPost, _: ReadAuthor) -> bool:
    if said.published is None or len(said.published) > MAX_DATE or post.published is not None:
        return False
    post.published = said.published
    post.posted_at_raw = post.posted_at_raw or said.published
    return True


def _fill_votes(post: Post, said: StructuredPost, _: ReadAuthor) -> bool:
    if post.votes is not None or said.votes is None:
        return False
    post.votes = said.votes
    return True


def _fill_accepted(post: Post, said: StructuredPost, _: ReadAuthor) -> bool:
    if post.is_accepted is not None or said.is_accepted is None:
        return False
    post.is_accepted = said.is_accepted
    return True


FILLS: dict[str, Callable[[Post, StructuredPost, ReadAuthor], bool]] = {
    "author": _fill_author,
    "date": _fill_date,
    "votes": _fill_votes,
    "accepted": _fill_accepted,
}
