"""HTML → its text as a reader sees it, line by line.

Every text node of the document in order, entities decoded; `<title>`, `<noscript>` and hidden nodes too; not scripts,
styles and comments. White space is folded as CSS does, and the block structure gives the breaks: one for a block, an
empty line around the elements that browsers set off with a margin (the HTML standard's rendering section).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from operator import attrgetter
from typing import NamedTuple

from selectolax.lexbor import LexborHTMLParser, LexborNode

from flows.records import Markup

UNSEEN = frozenset({"script", "style", "template"})
BLOCKS = frozenset(
    "address article aside body button caption center dd details dialog div dt fieldset figcaption footer "  # noqa: SIM905 -- eighty quotes would hide the names
    "form head header html legend li main menu nav noscript option optgroup section select summary tbody td textarea "
    "tfoot th thead title tr".split()
)
SET_OFF = frozenset("blockquote dl figure h1 h2 h3 h4 h5 h6 hr ol p pre table ul".split())  # noqa: SIM905 -- likewise
AS_TYPED = frozenset({"pre", "textarea", "listing"})
FALLBACKS = frozenset({"iframe", "noembed", "noframes"})
WHITE = " \t\n\r\f"
SPACES = re.compile(r"[ \t\n\r\f]+")
# The longest threads that forums print on one page come to about 30,000; the rest is a page made to be large.
MAX_ELEMENTS = 150_000
# What an element does to the text: the breaks around it (0, 1, 2; LINE_BREAK one more), and how its inside is read.
LINE_BREAK, BREAKING, UNREAD, FALLBACK, TYPED = 3, 3, 4, 8, 16
MANNERS = {"br": LINE_BREAK, **dict.fromkeys(BLOCKS, 1), **dict.fromkeys(SET_OFF, 2)}
for _names, _manner in ((UNSEEN, UNREAD), (FALLBACKS, FALLBACK), (AS_TYPED, TYPED)):
    MANNERS |= {_name: MANNERS.get(_name, 0) | _manner for _name in _names}
# The breaks owed then, by those owed before. A second <br> makes an empty line, as it does for a reader; more make no more.
OWED = ((0, 1, 2), (1, 1, 2), (2, 2, 2), (1, 2, 2))


class Visible(NamedTuple):
    """The text of an HTML page, and what its head says of it; None is not said."""

    text: str
    title: str | None
    url: str | None
    language: str | None
    markup: Markup | None = None


def read_visible(html: str) -> Visible:
    """Return the visible text of an HTML document and its title, canonical URL and language.

    >>> read_visible("<title>Q</title><p>One<br>two <b>bold</b></p>").text
    'Q\\n\\nOne\\ntwo bold'
    """
    tree = LexborHTMLParser(html)
    title = tree.css_first("title")
    canonical = tree.css_first('link[rel="canonical"]')
    root = tree.css_first("html")
    walk = _Walk()
    walk.follow(tree.root)
    markup = walk.markup
    if markup is not None:
        markup = replace(markup, holds=html.__contains__, select=walk.selecting(tree))
    return Visible(
        walk.text,
        (SPACES.sub(" ", title.text()).strip() or None) if title is not None else None,
        (canonical.attributes.get("href") or None) if canonical is not None else None,
        (root.attributes.get("lang") or None) if root is not None else None,
        markup,
    )


class _Walk:
    """One pass over a tree, without recursion (pages nest thousands deep): its text, its elements, its pieces of text."""

    def __init__(self, *, nested: bool = False) -> None:
        self._nested = nested
        self._parts: list[str] = []  # pieces, and the breaks between them
        self._nodes: list[LexborNode] = []
        self._is_whole = True  # whether all elements are kept
        self._depth = 0
        self._tags: list[str] = []
        self._parents: list[int] = []
        self._ends: list[int] = []
        self._first: list[int] = []
        self._last: list[int] = []
        self._starts: list[int] = []
        self._stops: list[int] = []
        self._owners: list[int] = []

    @cached_property
    def text(self) -> str:
        """The text nodes of the document in order, with the breaks between."""
        return "".join(self._parts).rstrip(" ")

    @property
    def markup(self) -> Markup | None:
        """The elements of the document; None where there are too many."""
        if not self._is_whole:
            return None
        nodes, end, at = self._nodes, len(self.text), len(self._stops) - 1
        while at >= 0 and self._stops[at] > end:
            self._starts[at], self._stops[at] = min(self._starts[at], end), end
            at -= 1
        scripts = [nodes[number] for number, tag in enumerate(self._tags) if tag == "script"]
        json_ld = [node.first_child for node in scripts if node.attributes.get("type") == "application/ld+json"]
        return Markup(
            self._tags, self._parents, self._ends, self._first, self._last, self._starts, self._stops, self._owners,
            self._depth, lambda number: nodes[number].attributes, lambda number: nodes[number].html,
            tuple((node.text_content or "") if node is not None else "" for node in json_ld),
        )  # fmt: skip

    def selecting(self, tree: LexborHTMLParser) -> Callable[[str], list[int]]:
        """Return what gives the numbers of the elements that a CSS selector matches, in document order."""
        numbers: dict[int, int] = {}

        def select(selector: str) -> list[int]:
            if not numbers:  # most pages are asked nothing
                numbers.update(zip(map(attrgetter("mem_id"), self._nodes), range(len(self._nodes)), strict=True))
            return sorted({numbers[node.mem_id] for node in tree.css(selector) if node.mem_id in numbers})

        return select

    # Pages hold thousands of nodes: a call for each of them takes as long as all the rest of reading.
    def follow(self, root: LexborNode | None) -> None:  # noqa: PLR0912, PLR0915 -- one loop without calls
        """Read a tree."""
        tags, parents, ends, nodes, parts = self._tags, self._parents, self._ends, self._nodes, self._parts
        first, last, starts, stops, owners = self._first, self._last, self._starts, self._stops, self._owners
        around: list[tuple[LexborNode, int, int]] = []  # the open elements, with number and manner of the one around each
        number, above, inside, joins = -1, -1, 0, False  # the last element, the innermost open one, its manner; a space shows
        typed = owed = size = depth = pieces = 0  # open elements read as typed, breaks owed, characters, most open elements
        node = root
        while node is not None:
            tag = node.tag or "-"
            if tag == "-text":
                text = node.text_content or ""
                if inside & FALLBACK and "<" in text and not self._nested:
                    text = _read_fallback(text)
                if not typed:
                    if not text.strip(WHITE):
                        text = " " if text and joins and not owed else ""
                    elif "\n" in text or "  " in text or "\t" in text or "\r" in text or "\f" in text:
                        text = SPACES.sub(" ", text)
                    if owed or not joins:
                        text = text.lstrip(" ")
                if text:  # what is owed stays so, also before a node of white space alone
                    size, owed = size + self._break_line(owed) if owed else size, 0
                    parts.append(text)
                    starts.append(size)
                    size += len(text)
                    stops.append(size)
                    owners.append(above)
                    pieces += 1
                    joins = text[-1] not in " \n"
            elif tag[0] != "-":
                manner = MANNERS.get(tag, 0)
                if manner:
                    owed = OWED[manner & BREAKING][owed]
                    typed += manner & TYPED
                if number < MAX_ELEMENTS:
                    number += 1
                    tags.append(tag)
                    parents.append(above)
                    ends.append(number + 1)
                    first.append(pieces)
                    last.append(pieces)
                    nodes.append(node)
                child = None if manner & UNREAD else node.first_child
                if child is not None:
                    around.append((node, above, inside))
                    node, above, inside = child, number, manner
                    depth = max(depth, len(around))
                    continue
                typed -= manner & TYPED
            following = node.next
            while following is None and around:
                owed = OWED[inside & BREAKING][owed]
                typed -= inside & TYPED
                ends[above], last[above] = number + 1, pieces
                node, above, inside = around.pop()
                following = node.next
            node = following
        self._depth, self._is_whole = depth, number < MAX_ELEMENTS

    def _break_line(self, count: int) -> int:
        """End the line, if one has begun, without the spaces at its end; return how many characters longer the text is."""
        parts = self._parts
        if not parts:
            return 0
        bare = parts[-1].rstrip(" ")
        shorter = len(parts[-1]) - len(bare)
        if shorter:
            parts[-1] = bare
            self._stops[-1] -= shorter
        parts.append("\n" * count)
        return count - shorter


def _read_fallback(markup: str) -> str:
    """Return the text of the fallback of an `<iframe>`, markup that the parser hands on as one text."""
    inner = _Walk(nested=True)
    inner.follow(LexborHTMLParser(markup).root)
    return inner.text
