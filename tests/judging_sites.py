"""Two invented forums to judge: hundreds of threads each, in a known engine's markup and in one that nobody knows, and what may
go wrong with their pages. The threads are drawn at random, from words that mean nothing together; the same seed, the same site.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
MOIS = ("janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre", "décembre")
NAMES = [
    f"{first}{second}"
    for first in ["wren", "oak", "mill", "reed", "fern", "clay", "moss", "flint"]
    for second in ["foot", "hand", "wick", "ley", "by", "ton"]
]
OPENERS = ["Maybe", "Usually", "Then", "Still", "Perhaps", "Here", "Often", "Later", "Now", "Sometimes"]
NOUNS = [
    "hinge",
    "kettle",
    "gutter",
    "hedge",
    "pump",
    "valve",
    "clock",
    "chain",
    "drawer",
    "shelf",
    "pipe",
    "lamp",
    "café",
    "naïveté",
    "window",
    "ladder",
    "saw",
    "engine",
    "fence",
    "tile",
]
VERBS = [
    "creaks",
    "drips",
    "sticks",
    "rattles",
    "leaks",
    "rusts",
    "slips",
    "warps",
    "fades",
    "stalls",
    "hums",
    "cracks",
    "bends",
]
LINKS = ["when", "because", "although", "until", "before", "while", "after", "unless", "since", "where"]
ENDS = [
    "in winter",
    "at night",
    "under load",
    "all the time",
    "on Sundays",
    "near the wall",
    "for years",
    "since I moved",
    "without oil",
    "in the rain",
]


@dataclass(frozen=True, slots=True)
class Post:
    author: str
    when: datetime
    body: tuple[str, ...]  # paragraphs


@dataclass(frozen=True, slots=True)
class Topic:
    number: int
    title: str
    posts: list[Post]


def sentence(dice: random.Random) -> str:
    opener, link, end = dice.choice(OPENERS), dice.choice(LINKS), dice.choice(ENDS)
    first, second = (f"the {dice.choice(NOUNS)} {dice.choice(VERBS)}" for _ in range(2))
    return f"{opener} {first} {link} {second} {end}{dice.choice('..?!')}"


def draw_topic(number: int, seed: int) -> Topic:
    dice = random.Random(f"{seed}-{number}")
    when = datetime(2015, 1, 1) + timedelta(days=dice.randrange(3000), minutes=dice.randrange(1440))
    posts = []
    for _ in range(1 + min(30, int(dice.expovariate(1 / 6)) + 1)):
        body = tuple(" ".join(sentence(dice) for _ in range(dice.randint(1, 5))) for _ in range(dice.choice((1, 1, 2, 3))))
        posts.append(Post(dice.choice(NAMES), when, body))
        when += timedelta(minutes=dice.randrange(20, 4000))
    title = f"The {dice.choice(NOUNS)} {dice.choice(VERBS)} {dice.choice(ENDS)}, number {number}"
    return Topic(number, title, posts)


def print_date(when: datetime) -> str:
    return f"{MONTHS[when.month - 1]} {when.day}, {when.year}, {when:%H:%M}"


def by_phpbb(topic: Topic) -> str:
    """A thread as phpBB 3 prints it."""
    posts = []
    for at, post in enumerate(topic.posts):
        number = 100 * topic.number + at
        body = "<br><br>".join(post.body)
        head = (
            f'<a href="./memberlist.php?mode=viewprofile&amp;u={NAMES.index(post.author)}" class="username">{post.author}</a>'
        )
        posts.append(
            f'<div id="p{number}" class="post has-profile bg1"><div class="inner"><dl class="postprofile" id="profile{number}"><dt>{head}</dt>'
            f'<dd class="profile-posts"><strong>Posts:</strong> {number % 90}</dd></dl><div class="postbody"><div id="post_content{number}">'
            f'<p class="author"><span class="responsive-hide">by <strong>{head}</strong> &raquo; </span>{print_date(post.when)}</p>'
            f'<div class="content">{body}</div></div></div></div></div>'
        )  # fmt: skip
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{topic.title} | Shed Talk</title></head><body id="phpbb">'
        f'<div class="nav"><a href="/">Home</a> <a href="/search">Search</a></div><h2 class="topic-title"><a href="./viewtopic.php?t='
        f'{topic.number}">{topic.title}</a></h2><div class="action-bar">{len(posts)} posts &bull; Page 1 of 1</div>{"".join(posts)}'
        '<div class="copyright">Powered by phpBB&reg; Forum Software</div></body></html>'
    )


def by_boxes(topic: Topic) -> str:
    """A thread as a forum of its own making prints it: no engine's layout knows it."""
    posts = [
        f'<div class="note-box"><div class="meta"><a class="who" href="/people/{post.author}">{post.author}</a> <span class="on">'
        f'{print_date(post.when)}</span></div><div class="words">{"".join(f"<p>{part}</p>" for part in post.body)}</div>'
        '<div class="tools"><a href="#r">Reply</a> <a href="#q">Quote</a></div></div>'
        for post in topic.posts
    ]
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{topic.title} - Bench Forum</title></head><body>'
        f'<nav><a href="/forum">Forum</a> <a href="/search">Search</a></nav><h1>{topic.title}</h1><p>{len(posts) - 1} replies</p>'
        f'<div class="thread">{"".join(posts)}</div><footer>Terms and privacy</footer></body></html>'
    )


SITES: dict[str, Callable[[Topic], str]] = {"phpbb": by_phpbb, "boxes": by_boxes}

LOGIN = (
    "<!doctype html><html><head><title>Log in</title></head><body><nav><a href='/'>Home</a></nav><form><p>You must be logged in to"
    " view this page. Please log in.</p><input name=user><input name=password><a href='/lost'>Forgot your password?</a></form>"
    "<footer>Terms</footer></body></html>"
)


def localise(page: str) -> str:
    """The dates in French, as a proxy in another country gets them."""
    for english, french in zip(MONTHS, MOIS, strict=True):
        page = re.sub(rf"{english} (\d+), (\d{{4}}), ", rf"\1 {french} \2, ", page)
    return page


def rename(*pairs: tuple[str, str]) -> Callable[[str, int], str]:
    def damage(page: str, _: int) -> str:
        for old, new in pairs:
            page = re.sub(old, new, page)
        return page

    return damage


def fold(page: str) -> str:
    """The question and one answer, and a button for the others."""
    starts = [match.start() for match in re.finditer(r'<div id="p\d+" class="post|<div class="note-box', page)]
    end = page.rindex('<div class="copyright' if "copyright" in page else "</div><footer")
    return page if len(starts) < 3 else f"{page[: starts[2]]}<button>Show more replies</button>{page[end:]}"


# What may go wrong: page and its place in the batch → page. The ids of reasons that a person would call right, of the batch or
# of its scrapes.
DAMAGES: dict[str, tuple[Callable[[str, int], str], frozenset[str]]] = {
    "author gone": (
        rename((r'<a (?:href="\./memberlist[^"]*" class="username"|class="who"[^>]*)>\w+</a>', "")),
        frozenset({"author-coverage", "question-author", "byline-length", "layout", "rejected", "answers-per-thread"}),
    ),
    "one author": (
        rename((r">(?:wren|oak|mill|reed|fern|clay|moss|flint)\w+</a>", ">Guest</a>"), (r"/people/\w+|;u=\d+", "/g")),
        frozenset({"distinct-authors", "author-coverage"}),
    ),
    "dates gone": (
        rename((r"[A-Z]\w+ \d+, \d{4}, \d\d:\d\d", "")),
        frozenset({"date-coverage", "question-date", "layout", "rejected"}),
    ),
    "dates localised": (lambda page, _: localise(page), frozenset({"date-language", "date-form"})),
    "one date": (rename((r"[A-Z]\w+ \d+, \d{4}, \d\d:\d\d", "May 3, 2024, 10:00")), frozenset({"distinct-dates"})),
    "bodies emptied": (
        rename((r'(<div class="(?:content|words)">).*?(?=</div>)', r"\1")),
        frozenset({"body-coverage", "answer-length", "rejected", "answers-empty", "layout", "has-question"}),
    ),
    "cut at 8 KB": (
        lambda page, _: page.encode()[:8192].decode("utf-8", "ignore"),
        frozenset({"cut-off", "ending", "text-length", "answers-per-thread"}),
    ),
    "half log-in pages": (lambda page, at: LOGIN if at % 2 else page, frozenset({"rejected"})),
    "encoding flipped": (lambda page, _: page.encode().decode("latin-1"), frozenset({"wrong-encoding"})),
    "answers folded": (lambda page, _: fold(page), frozenset({"answers-per-thread", "folded", "answers-folded", "disagrees"})),
    "template off": (
        rename(
            (r'(class="(?:username|who)"[^>]*>)\w+', r"\1{{ post.author }}"),
            (r"[A-Z]\w+ \d+, \d{4}, \d\d:\d\d", "{{ post.date | date }}"),
        ),
        frozenset({"template", "author-coverage", "date-coverage", "rejected", "layout", "template-switched-off"}),
    ),
    "bodies of one length": (
        lambda page, _: re.sub(
            r'(?s)(<div class="(?:content|words)">)(.*?)(?=</div>)', lambda m: m[1] + re.sub("<[^>]+>", " ", m[2])[:60], page
        ),
        frozenset({"answer-length", "longest-answer", "sentence-ends", "answers-cut"}),
    ),
    "markup escaped": (
        lambda page, _: re.sub(
            r'(?s)(<div class="(?:content|words)">)(.*?)(?=</div>)',
            lambda m: f"{m[1]}&lt;p&gt;{m[2]}&lt;/p&gt;&lt;br&gt;",
            page,
        ),
        frozenset({"markup-in-text", "rule"}),
    ),
    "widget in the posts": (
        rename((r'(<div class="(?:content|words)">)', r"\1Sponsored by Acme Tools. ")),
        frozenset({"line", "unknown-residue", "rule"}),
    ),
    "one title": (
        rename((r"The \w+ \w+ [\w ]+, number \d+", "Welcome to the forum")),
        frozenset({"title", "own-thread", "title-length"}),
    ),
    "question in each place": (
        lambda page, _: re.sub(
            r'(?s)(<div class="(?:content|words)">).*?(?=</div>)',
            rf"\1{re.escape('The same words on every post of this page, again.')}",
            page,
        ).replace("\\", ""),
        frozenset({"distinct-bodies", "posts-repeated", "line", "rejected", "answer-length"}),
    ),
    "another language": (
        lambda page, _: re.sub(
            r'(?s)(<div class="(?:content|words)">)(.*?)(?=</div>)',
            lambda m: m[1] + "Das liegt an der Farbe, und wenn man sie nicht abnimmt, hilft auch das Öl nicht. " * 3,
            page,
        ),
        frozenset({"language", "language-changed", "line", "distinct-bodies"}),
    ),
    "teasers": (
        lambda page, _: re.sub(
            r'(?s)(<div class="(?:content|words)">)(.*?)(?=</div>)',
            lambda m: m[1] + re.sub("<[^>]+>", " ", m[2])[:70] + "… read more",
            page,
        ),
        frozenset({"broken-off", "answers-teased", "answer-length", "line", "rule"}),
    ),
    "white space folded": (rename((r"<br><br>|</p><p>", " ")), frozenset({"paragraphs"})),
    "a third error pages": (
        lambda page, at: (
            "<html><head><title>503</title></head><body><h1>503 Service Unavailable</h1><p>Try later.</p></body></html>"
            if at % 3 == 0
            else page
        ),
        frozenset({"rejected"}),
    ),
}
