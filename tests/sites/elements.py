"""Where the parts of a page stand in its source: posts, bodies, names, dates; found in the text, so that the rest stays as it is."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass

Change = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Parts:
    """How the source of one engine's pages shows its parts; patterns of opening tags, and of names with what is around them."""

    mark: str  # a literal that only this engine's pages hold
    post: str
    body: str
    name: str  # group 1 before, 2 the name, 3 after
    votes: str | None = None  # all that goes when the votes go
    head: str | None = None  # an element right before a post that belongs to it


# A post's number may end in an m: that is the copy for narrow screens where posts are printed twice.
PARTS = {
    "discourse": Parts(
        "crawler-post-meta",
        r"<div id='post_\d+m?'[^>]*>",
        r"<div class='post' itemprop='text'>",
        r"(<span itemprop='name'>)([^<]+)(</span>)",
        r"<meta itemprop=\"userInteractionCount\"[^>]*>|<span class='post-likes'>[^<]*</span>",
    ),
    "phpbb": Parts(
        'id="phpbb"',
        r'<div id="p\d+m?" class="post [^>]*>',
        r'<div class="content">',
        r'(<a href="[^"]*" class="username">)([^<]+)(</a>)',
    ),
    "xenforo": Parts(
        "message--post",
        r'<article class="message message--post[^>]*>',
        r'<div class="bbWrapper">',
        r'(<h4 class="message-name"><a [^>]*>)([^<]+)(</a>)',
        r'<div class="contentVote"[^>]*>.*?</div>',
    ),
    "bbpress": Parts(
        "bbp-reply-header",
        r'<div class="(?:odd|even) bbp-parent-forum[^>]*>',
        r'<div class="bbp-reply-content">(?!Posts)',
        r'(<span class="bbp-author-name">)([^<]+)(</span>)',
        head=r'<div id="post-\d+m?" class="bbp-reply-header">',
    ),
    "doctors": Parts(
        "csa-words",
        r'<section class="csa-(?:case|opinion)"[^>]*>',
        r'<div class="csa-words">',
        r'(<a class="csa-(?:asker|doctor)"[^>]*>)([^<]+)(</a>)',
        r'<span class="csa-score">[^<]*</span> (?:people )?found this (?:question )?helpful',
    ),
}


@dataclass(frozen=True, slots=True)
class Element:
    """One element of a page's source: [start, end) with its tags, [inner, until) without them."""

    start: int
    inner: int
    until: int
    end: int


def find_elements(html: str, opening: str) -> list[Element]:
    """Return the elements whose opening tag matches a pattern, in order; those inside another of them are left out."""
    found: list[Element] = []
    for match in re.finditer(opening, html):
        if not found or match.start() >= found[-1].end:
            found.append(_close(html, match))
    return found


def _close(html: str, opening: re.Match[str]) -> Element:
    tag = re.match(r"<(\w+)", opening[0])
    depth = 1
    for other in re.finditer(rf"<(/?){tag[1] if tag else 'div'}\b[^>]*>", html[opening.end() :]):
        depth += -1 if other[1] else 1
        if depth == 0:
            return Element(opening.start(), opening.end(), opening.end() + other.start(), opening.end() + other.end())
    return Element(opening.start(), opening.end(), len(html), len(html))


def name_engine(html: str) -> str:
    """Return which engine's page this is; raises LookupError for a page of none."""
    for name, parts in PARTS.items():
        if parts.mark in html:
            return name
    raise LookupError("no page of a known engine")


def find_posts(html: str) -> list[Element]:
    """Return the posts of a page, each with the head that belongs to it."""
    parts = PARTS[name_engine(html)]
    posts = find_elements(html, parts.post)
    if parts.head is None:
        return posts
    heads = find_elements(html, parts.head)
    return [Element(head.start, post.inner, post.until, post.end) for head, post in zip(heads, posts, strict=True)]


def find_bodies(html: str) -> list[Element]:
    """Return the bodies of a page's posts; signatures in like boxes are none."""
    pattern = PARTS[name_engine(html)].body
    return [bodies[0] for post in find_posts(html) if (bodies := _within(html, pattern, post))]


def _within(html: str, pattern: str, post: Element) -> list[Element]:
    low = post.start
    return [
        Element(*(low + at for at in (e.start, e.inner, e.until, e.end))) for e in find_elements(html[low : post.end], pattern)
    ]


def find_names(html: str) -> list[str]:
    """Return the names of those who wrote a page's posts, as its source has them."""
    return list(dict.fromkeys(match[2] for match in re.finditer(PARTS[name_engine(html)].name, html)))


def change_inner(html: str, elements: list[Element], change: Change) -> str:
    """Return a page with what is inside some elements changed, and nothing else."""
    for element in reversed(elements):
        html = html[: element.inner] + change(html[element.inner : element.until]) + html[element.until :]
    return html


def change_outside(html: str, elements: list[Element], change: Change) -> str:
    """Return a page with all changed but what is inside some elements."""
    edges = [0, *(edge for element in elements for edge in (element.inner, element.until)), len(html)]
    parts = [html[low:high] for low, high in itertools.pairwise(edges)]
    return "".join(part if at % 2 else change(part) for at, part in enumerate(parts))


def change_text(html: str, change: Change) -> str:
    """Return a page with its text changed; tags, styles and scripts stay as they are."""
    pattern = r"<(style|script)\b.*?</\1>|(?<=>)[^<]+(?=<)"
    return re.sub(pattern, lambda found: found[0] if found[1] else change(found[0]), html, flags=re.DOTALL)
