"""HTML → its text as a reader sees it, line by line.

Every text node of the document in order, entities decoded; `<title>`, `<noscript>` and hidden nodes too; not scripts,
styles and comments. White space is folded as CSS does, and the block structure gives the breaks: one for a block, an
empty line around the elements that browsers set off with a margin (the HTML standard's rendering section).
"""

from __future__ import annotations

import re
from typing import NamedTuple

from selectolax.lexbor import LexborHTMLParser, LexborNode

UNSEEN = frozenset({"script", "style", "template"})
BLOCKS = frozenset(
    "address article aside body button caption center dd details dialog div dt fieldset figcaption footer "  # noqa: SIM905 -- eighty quotes would hide the names
    "form head header html legend li main menu nav noscript option optgroup section select summary tbody td textarea "
    "tfoot th thead title tr".split()
)
SET_OFF = frozenset("blockquote dl figure h1 h2 h3 h4 h5 h6 hr ol p pre table ul".split())  # noqa: SIM905 -- likewise
AS_TYPED = frozenset({"pre", "textarea", "listing"})
FALLBACKS = frozenset({"iframe", "noembed", "noframes"})
SPACES = re.compile(r"[ \t\n\r\f]+")


class Visible(NamedTuple):
    """The text of an HTML page, and what its head says of it; None is not said."""

    text: str
    title: str | None
    url: str | None
    language: str | None


def read_visible(html: str) -> Visible:
    """Return the visible text of an HTML document and its title, canonical URL and language.

    >>> read_visible("<title>Q</title><p>One<br>two <b>bold</b></p>").text
    'Q\\n\\nOne\\ntwo bold'
    """
    tree = LexborHTMLParser(html)
    title = tree.css_first("title")
    canonical = tree.css_first('link[rel="canonical"]')
    root = tree.css_first("html")
    return Visible(
        _text(tree.root),
        (SPACES.sub(" ", title.text()).strip() or None) if title is not None else None,
        (canonical.attributes.get("href") or None) if canonical is not None else None,
        (root.attributes.get("lang") or None) if root is not None else None,
    )


def _text(root: LexborNode | None, *, nested: bool = True) -> str:
    """Walk the tree without recursion (pages nest thousands deep) and join its text nodes with the breaks between.

    The fallback of an `<iframe>` is markup that the parser hands on as one text: with `nested`, it is read as markup.
    """
    pieces: list[str] = []
    pending = 0  # line breaks owed before the next text
    typed = 0  # depth of elements whose white space stands as typed
    node, entering = root, True
    while node is not None:
        tag = node.tag
        if entering:
            if tag == "-text":
                text = node.text_content or ""
                if nested and node.parent is not None and node.parent.tag in FALLBACKS and "<" in text:
                    text = _text(LexborHTMLParser(text).root, nested=False)
                pending = _add(pieces, text, pending, as_typed=typed > 0)
            else:
                # A second <br> makes an empty line, as it does for a reader; more make no more than that.
                pending = min(2, pending + 1) if tag == "br" else max(pending, _breaks(tag))
                typed += tag in AS_TYPED
                if tag not in UNSEEN and node.child is not None:
                    node = node.child
                    continue
        if tag in AS_TYPED and not tag.startswith("-"):
            typed -= 1
        pending = max(pending, _breaks(tag))
        if node.next is not None:
            node, entering = node.next, True
        else:
            node, entering = node.parent, False
    return "".join(pieces).rstrip(" ")


def _breaks(tag: str | None) -> int:
    return 2 if tag in SET_OFF else 1 if tag in BLOCKS else 0


def _add(pieces: list[str], text: str, pending: int, *, as_typed: bool) -> int:
    """Append a text node; return the breaks that are still owed (those before a node of white space alone)."""
    if not as_typed:
        text = SPACES.sub(" ", text)
        if text == " " and (pending or not pieces):
            return pending
        if pending or not pieces or pieces[-1].endswith((" ", "\n")):
            text = text.lstrip(" ")
    if not text:
        return pending
    if pending and pieces:
        pieces[-1] = pieces[-1].rstrip(" ")
        pieces.append("\n" * pending)
    pieces.append(text)
    return 0
