"""Made threads: who wrote what and when, before any engine prints it; each is drawn from its own seed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from random import Random

from tests.sites.members import Member, draw_member, read_members
from tests.sites.prose import Block, Writer, log_normal, words_of

MOST_REPLIES = 60
GUEST = Member(0, "Guest")  # who wrote before membership was asked for


@dataclass(frozen=True, slots=True)
class Habits:
    """What holds for a site at all times."""

    site: str
    replies: float  # of a usual thread; the median of those with any
    words: float  # of a usual reply
    unanswered: float = 0.07  # share of the threads
    page_size: int = 1000  # posts a page
    quotes: float = 0.2  # share of the replies that quote
    signed: float = 0.0  # share of the members with a signature
    said: str = "{} wrote:"  # how a quote is attributed
    doctors: bool = False  # whether those who answer are doctors
    votes: bool = False
    accepts: bool = False


@dataclass(frozen=True, slots=True)
class Night:
    """What holds for one night of scraping a site: the day, what is talked about, how busy it is, what is advertised."""

    seed: str
    today: datetime
    activity: float
    wordy: float
    focus: frozenset[str]
    sections: tuple[float, ...]
    newcomers: tuple[Member, ...]
    campaigns: tuple[str, ...]  # none in some nights


@dataclass(frozen=True, slots=True)
class MadePost:
    """One post; `number` is its id on the site, `place` counts from 1 in its thread."""

    number: int
    place: int
    author: Member
    at: datetime
    blocks: tuple[Block, ...]
    votes: int = 0
    accepted: bool = False
    edited: datetime | None = None
    signature: str | None = None

    def read_text(self, said: str) -> str:
        """Return the words of its body, in order."""
        return "\n\n".join(block.as_text(said) for block in self.blocks)


@dataclass(frozen=True, slots=True)
class MadeThread:
    """One page of one thread."""

    number: int
    title: str
    section: str
    posts: tuple[MadePost, ...]  # those of this page
    replies: int  # of the whole thread, as the site declares them
    page: int
    pages: int
    views: int
    related: tuple[str, ...]
    ads: dict[str, str] = field(default_factory=dict)  # what is advertised by place: top, side, between


def draw_night(habits: Habits, seed: int) -> Night:
    """Return one night of a site; each seed is another."""
    name = f"{habits.site} night {seed}"
    dice = Random(name)
    words = words_of(habits.site)
    writer = Writer(habits.site, dice)
    return Night(
        name,
        datetime(2022, 1, 1, 3, tzinfo=UTC) + timedelta(days=dice.randrange(1500)),
        log_normal(dice, 1, 0.12),
        log_normal(dice, 1, 0.06),
        frozenset(word for kind in ("thing", "part", "stuff") for word in dice.sample(words[kind], 3)),
        tuple(log_normal(dice, 1, 0.6) for _ in words["sections"]),
        read_members(habits.site, name, 25),
        tuple(writer.say("sponsor") for _ in range(dice.choice([0, 1, 2, 3, 5]))),
    )


def draw_thread(habits: Habits, night: Night, place: int) -> MadeThread:
    """Return the thread in one place of a night's batch; it depends on nothing but the night and the place."""
    dice = Random(f"{night.seed} thread {place}")
    writer = Writer(habits.site, dice, night.focus, night.wordy)
    posts = draw_posts(habits, night, dice, writer)
    pages = (len(posts) - 1) // habits.page_size + 1
    page = dice.randint(2, pages) if pages > 1 and dice.random() < 0.25 else 1
    size = habits.page_size
    places = ("top", "side", "between")
    ads = {where: dice.choice(night.campaigns) for where in places if night.campaigns and dice.random() < 0.5}
    sections = words_of(habits.site)["sections"]
    return MadeThread(
        dice.randrange(10**5, 10**7), writer.title(), dice.choices(sections, night.sections)[0],
        tuple(posts[(page - 1) * size : page * size]), len(posts) - 1, page, pages, int(log_normal(dice, 400, 1.5)),
        tuple(writer.title() for _ in range(dice.randint(3, 7))), ads,
    )  # fmt: skip


def draw_posts(habits: Habits, night: Night, dice: Random, writer: Writer) -> list[MadePost]:
    count = (
        0
        if dice.random() < habits.unanswered
        else min(MOST_REPLIES, max(1, round(log_normal(dice, habits.replies * night.activity, 0.95))))
    )
    first = draw_member(dice, _pool(habits, night, dice, asks=True))
    moment = night.today - timedelta(hours=min(log_normal(dice, 9000, 1.4), 100_000))
    number = dice.randrange(10**5, 10**7)
    posts = [
        MadePost(number, 1, first, moment, tuple(writer.question()), votes=_votes(habits, dice), signature=_sign(habits, first))
    ]
    kinds = ["answer"] if habits.doctors else ["answer", "answer", "reply"]
    for place in range(2, count + 2):
        moment = min(moment + timedelta(minutes=log_normal(dice, 150, 1.8)), night.today)
        number += dice.randint(1, 40)
        is_asker = not habits.doctors and place > 2 and dice.random() < 0.2
        author = (
            first
            if is_asker
            else GUEST
            if not habits.doctors and dice.random() < 0.015
            else draw_member(dice, _pool(habits, night, dice, asks=False))
        )
        before = dice.choice(posts[-3:])
        quoted = (before.author.name, list(before.blocks)) if dice.random() < habits.quotes else None
        blocks = writer.reply(quoted, ["reply", "detail"] if is_asker else kinds, habits.words)
        edited = moment + timedelta(minutes=dice.randint(2, 600)) if dice.random() < 0.08 else None
        posts.append(
            MadePost(
                number,
                place,
                author,
                moment,
                tuple(blocks),
                _votes(habits, dice),
                edited=edited,
                signature=_sign(habits, author),
            )
        )
    if habits.accepts and count and dice.random() < 0.35:
        at = dice.randint(1, min(count, 5))
        posts[at] = replace(posts[at], accepted=True)
    return posts


def _pool(habits: Habits, night: Night, dice: Random, *, asks: bool) -> tuple[Member, ...]:
    """Return whom a post is by: one of the doctors, of the old members or of those who came lately."""
    if habits.doctors and not asks:
        return read_members(habits.site, "doctors", 120, doctors=True)
    return night.newcomers if dice.random() < 0.25 else read_members(habits.site, "members", 400)


def _votes(habits: Habits, dice: Random) -> int:
    return int(log_normal(dice, 1.5, 1.2)) if habits.votes else 0


@cache
def _sign(habits: Habits, member: Member) -> str | None:
    dice = Random(f"signature {habits.site} {member.name}")
    return Writer(habits.site, dice).say("motto") if dice.random() < habits.signed else None
