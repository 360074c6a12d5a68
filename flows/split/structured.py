"""What a page's JSON-LD says of its thread: posts with their authors, dates, votes, and which answer was accepted.

It is evidence for fields and a second opinion, never the number of posts: most sites list only the accepted and the top
answers, some only the opening post. `crosscheck.py` holds it against the posts that were found.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from flows.split.json_ld import Node, index_ids, list_nodes, read_count, read_nodes, read_string, types_of, walk

MAX_POSTS, MAX_THREADS = 5000, 200
MAX_TEXT = 1 << 20
POSTINGS = {"DiscussionForumPosting", "SocialMediaPosting"}
SITES_OWN = {"ItemList", "BreadcrumbList", "Article", "NewsArticle", "Product", "CollectionPage"}  # what they list is elsewhere
ANSWER_KEYS = (("acceptedAnswer", True), ("suggestedAnswer", None))
REPLY_KEYS = ("comment", "reply", "replies")
LIKES = {"LikeAction", "UpvoteAction", "VoteAction", "AgreeAction"}
REPLIES = {"CommentAction", "ReplyAction"}
TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]{0,15})\b[^<>]{0,2000}>|<!--.{0,2000}?-->", re.DOTALL)
BREAKING = {"p", "br", "div", "li", "ul", "ol", "blockquote", "pre", "tr", "h1", "h2", "h3", "h4", "h5", "h6"}


@dataclass(frozen=True, slots=True)
class StructuredPost:
    """One post as JSON-LD has it; what it does not say is None."""

    text: str | None  # plain, white space folded within lines
    author: str | None = None
    author_url: str | None = None
    published: str | None = None  # as it stands, mostly ISO 8601
    votes: int | None = None
    is_accepted: bool | None = None
    url: str | None = None
    parent: int | None = None  # of a reply to a reply: its place among the answers, from 0


@dataclass(frozen=True, slots=True)
class StructuredThread:
    """One thread as JSON-LD has it. `is_faq`: a question that the site itself asks and answers."""

    kind: str
    title: str | None
    question: StructuredPost
    answers: tuple[StructuredPost, ...]
    remarks: tuple[StructuredPost, ...] = ()  # comments under a question or an answer
    declared_answer_count: int | None = None
    url: str | None = None
    is_faq: bool = False


def read_json_ld(blocks: Sequence[str]) -> list[StructuredThread]:
    """Return the threads in the JSON-LD blocks of a page, in document order; never raises.

    `blocks` are the raw contents of its `<script type="application/ld+json">` elements. Questions that a list or an article
    merely names are left out.

    >>> block = '{"@type": "QAPage", "mainEntity": {"@type": "Question", "name": "Why?", "answerCount": 2,'
    >>> block += ' "acceptedAnswer": {"@type": "Answer", "text": "&lt;p&gt;So.", "upvoteCount": "3"}}}'
    >>> (thread,) = read_json_ld([block])
    >>> thread.title, thread.declared_answer_count, thread.answers[0].text, thread.answers[0].is_accepted
    ('Why?', 2, 'So.', True)
    """
    return read_threads(read_nodes(blocks))


def read_threads(nodes: Sequence[Node]) -> list[StructuredThread]:
    """Return the threads among nodes of JSON-LD, in document order."""
    index = index_ids(nodes)
    threads: list[StructuredThread] = []
    seen: set[int] = set()
    for node, is_faq in _find_threads(nodes, index):
        if id(node) not in seen and len(threads) < MAX_THREADS:
            seen.add(id(node))
            threads.append(_read_thread(node, index, is_faq=is_faq))
    return [thread for thread in threads if thread.title or thread.question.text or thread.answers]


def _find_threads(nodes: Sequence[Node], index: dict[str, Node]) -> Iterator[tuple[Node, bool]]:
    """Yield each node that is a thread, and whether it is the site's own question."""
    passed_over: set[int] = set()
    for node in walk(nodes):
        types = types_of(node)
        if id(node) in passed_over:
            continue
        if types & SITES_OWN:
            passed_over.update(id(inner) for inner in walk([node]) if inner is not node)
        elif types & {"QAPage", "FAQPage"}:
            for entity in list_nodes(node, "mainEntity", index):
                yield entity, "FAQPage" in types
                passed_over.update(id(inner) for inner in walk([entity]))
        elif types & POSTINGS or "Question" in types:
            yield node, False
            passed_over.update(id(inner) for inner in walk([node]) if inner is not node)


def _read_thread(node: Node, index: dict[str, Node], *, is_faq: bool) -> StructuredThread:
    types = types_of(node)
    title = read_string(node, "headline", "name") if types & POSTINGS else read_string(node, "name", "headline")
    answers: list[StructuredPost] = []
    remarks: list[StructuredPost] = []
    for key, is_accepted in ANSWER_KEYS:
        for answer in list_nodes(node, key, index)[:MAX_POSTS]:
            _add_answer(answers, _read_post(answer, index, is_accepted=is_accepted))
            remarks += _read_remarks(answer, index)
    if types & POSTINGS:
        _add_replies(answers, node, index)
    else:
        remarks = [*_read_remarks(node, index), *remarks]
    if any(answer.is_accepted for answer in answers):
        answers = [replace(answer, is_accepted=bool(answer.is_accepted)) for answer in answers]
    return StructuredThread(
        kind=min(types & (POSTINGS | {"Question"}), default="Question"),
        title=to_plain(title),
        question=_read_post(node, index),
        answers=tuple(answers),
        remarks=tuple(remarks),
        declared_answer_count=_read_declared(node, index, is_posting=bool(types & POSTINGS)),
        url=read_string(node, "url", "@id"),
        is_faq=is_faq,
    )


def _add_answer(answers: list[StructuredPost], post: StructuredPost) -> None:
    """Add an answer, unless it is listed already: as the accepted one, and among the others."""
    is_same = any(
        known.text == post.text and known.author == post.author and known.url == post.url and known.published == post.published
        for known in answers[:16]
    )
    if not is_same:
        answers.append(post)


def _add_replies(answers: list[StructuredPost], node: Node, index: dict[str, Node]) -> None:
    """Add the replies to a posting, and the replies to those, in the order in which a page shows them."""
    waiting: list[tuple[Node, int | None]] = [(reply, None) for reply in reversed(_replies(node, index))]
    seen = {id(node)}
    while waiting and len(answers) < MAX_POSTS:
        reply, parent = waiting.pop()
        if id(reply) in seen:
            continue  # references may go in a circle
        seen.add(id(reply))
        answers.append(_read_post(reply, index, parent=parent))
        place = len(answers) - 1
        waiting += ((inner, place) for inner in reversed(_replies(reply, index)))


def _replies(node: Node, index: dict[str, Node]) -> list[Node]:
    return [reply for key in REPLY_KEYS for reply in list_nodes(node, key, index)[:MAX_POSTS]]


def _read_remarks(node: Node, index: dict[str, Node]) -> list[StructuredPost]:
    return [_read_post(remark, index) for remark in list_nodes(node, "comment", index)[:MAX_POSTS]]


def _read_post(
    node: Node, index: dict[str, Node], *, is_accepted: bool | None = None, parent: int | None = None
) -> StructuredPost:
    author, author_url = _read_author(node, index)
    return StructuredPost(
        text=to_plain(read_string(node, "text", "articleBody", "description")),
        author=author,
        author_url=author_url,
        published=read_string(node, "datePublished", "dateCreated", "uploadDate"),
        votes=_read_votes(node, index),
        is_accepted=is_accepted,
        url=read_string(node, "url", "@id"),
        parent=parent,
    )


def _read_author(node: Node, index: dict[str, Node]) -> tuple[str | None, str | None]:
    """Return the name and profile of the author: an object, a list of them, or the bare name."""
    for key in ("author", "creator"):
        for person in list_nodes(node, key, index):
            name, url = read_string(person, "name", "alternateName", "givenName"), read_string(person, "url", "sameAs")
            if name or url:
                return to_plain(name), url
        if name := read_string(node, key):
            return to_plain(name), None
    return None, None


def _read_votes(node: Node, index: dict[str, Node]) -> int | None:
    votes = read_count(node, "upvoteCount")
    return _read_statistic(node, index, LIKES) if votes is None else votes


def _read_statistic(node: Node, index: dict[str, Node], kinds: set[str]) -> int | None:
    for counter in list_nodes(node, "interactionStatistic", index)[:8]:
        kind = counter.get("interactionType")
        if (types_of(kind) if isinstance(kind, dict) else types_of({"@type": kind})) & kinds:
            return read_count(counter, "userInteractionCount")
    return None


def _read_declared(node: Node, index: dict[str, Node], *, is_posting: bool) -> int | None:
    """Return how many replies are declared; on a question, comments are not replies."""
    declared = read_count(node, "answerCount")
    if declared is None and is_posting:
        declared = read_count(node, "commentCount")
    return _read_statistic(node, index, REPLIES) if declared is None and is_posting else declared


def to_plain(text: str | None) -> str | None:
    """Return text without markup and entities, its lines folded; None for nothing.

    >>> to_plain("&lt;p&gt;Oil&amp;nbsp;the <b>hinge</b>.&lt;/p&gt; It creaks &lt; before.")
    'Oil the hinge.\\nIt creaks < before.'
    """
    if text is None:
        return None
    text = html.unescape(text[:MAX_TEXT])
    if "<" in text:
        text = TAG.sub(lambda tag: "\n" if (tag[2] or "").lower() in BREAKING else "", text)
    text = html.unescape(text) if "&" in text else text
    lines = (" ".join(line.split()) for line in text.splitlines())
    return "\n".join(filter(None, lines)) or None
