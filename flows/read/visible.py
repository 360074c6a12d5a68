"""HTML → its text as a reader sees it, line by line.

Every text node of the document in order, entities decoded; `<title>`, `<noscript>` and hidden nodes too; not scripts,
styles and comments. White space is folded as CSS does, and the block structure gives the breaks: one for a block, an
empty line around the elements that browsers set off with a margin (the HTML standard's rendering section).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
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
BREAKS = {**dict.fromkeys(BLOCKS, 1), **dict.fromkeys(SET_OFF, 2)}


# The parser looks at all open elements for each new one, so that its time grows with the square of the depth: 10,000 deep takes
# a fifth of a second, 100,000 twenty. Browsers stop at 512.
MAX_DEPTH = 10_000
MANY_TAGS = 2 * MAX_DEPTH
TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9-]{0,20})")
# Elements that are never open for long: void ones, and those that the next of their kind closes.
SHALLOW = frozenset(
    "area base br col embed hr img input link meta source track wbr p li td th tr dt dd option optgroup tbody thead tfoot "  # noqa: SIM905 -- likewise
    "colgroup html head body".split()
)


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


def is_too_deep(html: str) -> bool:
    """Whether elements nest deeper than MAX_DEPTH, by their tags alone.

    >>> is_too_deep("<div>" * 20_001), is_too_deep("<div></div>" * 20_001), is_too_deep("<p>" * 20_001)
    (True, False, False)
    """
    if html.count("<") <= MANY_TAGS:
        return False
    depth = 0
    for closes, name in TAG.findall(html):
        if name.lower() not in SHALLOW:
            depth = max(depth - 1, 0) if closes else depth + 1
            if depth > MAX_DEPTH:
                return True
    return False


class _Walk:
    """One pass over a tree, without recursion (pages nest thousands deep): its text, its elements, its pieces of text."""

    def __init__(self, *, nested: bool = False) -> None:
        self._nested = nested
        self._parts: list[str] = []  # pieces, and the breaks between them
        self._size = 0  # characters in `_parts`
        self._pending = 0  # line breaks owed before the next text
        self._typed = 0  # depth of elements whose white space stands as typed
        self._nodes: list[LexborNode] | None = []  # None: more elements than are kept
        self._open: list[int] = []
        self._json_ld: list[str] = []
        self._tags: list[str] = []
        self._parents: list[int] = []
        self._ends: list[int] = []
        self._attributes: list[dict[str, str | None]] = []
        self._first: list[int] = []
        self._last: list[int] = []
        self._starts: list[int] = []
        self._stops: list[int] = []
        self._owners: list[int] = []

    @property
    def text(self) -> str:
        """The text nodes of the document in order, with the breaks between."""
        return "".join(self._parts).rstrip(" ")

    @property
    def markup(self) -> Markup | None:
        """The elements of the document; None where there are too many."""
        nodes = self._nodes
        if nodes is None:
            return None
        end, at = len(self.text), len(self._stops) - 1
        while at >= 0 and self._stops[at] > end:
            self._starts[at], self._stops[at] = min(self._starts[at], end), end
            at -= 1
        return Markup(
            self._tags, self._parents, self._ends, self._attributes, self._first, self._last, self._starts, self._stops,
            self._owners, lambda number: nodes[number].html, tuple(self._json_ld),
        )  # fmt: skip

    def selecting(self, tree: LexborHTMLParser) -> Callable[[str], list[int]]:
        """Return what gives the numbers of the elements that a CSS selector matches, in document order."""
        nodes = self._nodes or []
        numbers: dict[int, int] = {}

        def select(selector: str) -> list[int]:
            if not numbers:  # most pages are asked nothing
                numbers.update((node.mem_id, number) for number, node in enumerate(nodes))
            return sorted({numbers[node.mem_id] for node in tree.css(selector) if node.mem_id in numbers})

        return select

    def follow(self, root: LexborNode | None) -> None:
        """Read a tree."""
        node = root
        while node is not None:
            tag = node.tag or "-"
            if tag == "-text":
                self._read_text(node)
            elif tag[0] != "-":
                self._enter(node, tag)
                child = None if tag in UNSEEN else node.child
                if child is not None:
                    node = child
                    continue
                self._leave(tag)
            following = node.next
            while following is None:
                node = node.parent
                if node is None:
                    break
                if (tag := node.tag or "-")[0] != "-":
                    self._leave(tag)
                following = node.next
            node = following

    def _enter(self, node: LexborNode, tag: str) -> None:
        # A second <br> makes an empty line, as it does for a reader; more make no more than that.
        breaks = min(2, self._pending + 1) if tag == "br" else BREAKS.get(tag, 0)
        self._pending = max(breaks, self._pending)
        if tag in AS_TYPED:
            self._typed += 1
        if self._nodes is None:
            return
        number = len(self._tags)
        self._nodes.append(node)
        self._tags.append(tag)
        self._parents.append(self._open[-1] if self._open else -1)
        self._ends.append(number + 1)
        self._attributes.append(node.attributes)
        self._first.append(len(self._starts))
        self._last.append(len(self._starts))
        self._open.append(number)
        if tag == "script" and self._attributes[number].get("type") == "application/ld+json":
            self._json_ld.append((node.child.text_content or "") if node.child is not None else "")
        if number >= MAX_ELEMENTS:
            self._nodes = None

    def _leave(self, tag: str) -> None:
        self._pending = max(self._pending, BREAKS.get(tag, 0))
        if tag in AS_TYPED:
            self._typed -= 1
        if self._nodes is not None and self._open:
            number = self._open.pop()
            self._ends[number] = len(self._tags)
            self._last[number] = len(self._starts)

    def _read_text(self, node: LexborNode) -> None:
        """Add a text node. The fallback of an `<iframe>` is markup that the parser hands on as one: it is read as markup."""
        text = node.text_content or ""
        if not self._nested and "<" in text and node.parent is not None and node.parent.tag in FALLBACKS:
            inner = _Walk(nested=True)
            inner.follow(LexborHTMLParser(text).root)
            text = inner.text
        if not self._typed:
            text = self._fold(text)
        if not text:
            return  # what is owed stays so, also before a node of white space alone
        parts = self._parts
        if self._pending and parts:
            bare = parts[-1].rstrip(" ")
            shorter = len(parts[-1]) - len(bare)
            if shorter:
                parts[-1] = bare
                self._size -= shorter
                if self._stops:
                    self._stops[-1] -= shorter
            parts.append("\n" * self._pending)
            self._size += self._pending
        self._pending = 0
        parts.append(text)
        if self._nodes is not None:
            self._starts.append(self._size)
            self._stops.append(self._size + len(text))
            self._owners.append(self._open[-1] if self._open else 0)
        self._size += len(text)

    def _fold(self, text: str) -> str:
        """A text node with its white space folded as CSS does; "" where nothing of it shows."""
        core = text.strip(WHITE)
        if not core:
            hidden = not text or self._pending or not self._parts or self._parts[-1].endswith((" ", "\n"))
            return "" if hidden else " "
        if "\n" in text or "  " in text or "\t" in text or "\r" in text or "\f" in text:
            text = SPACES.sub(" ", text)
        if self._pending or not self._parts or self._parts[-1].endswith((" ", "\n")):
            return text.lstrip(" ")
        return text
