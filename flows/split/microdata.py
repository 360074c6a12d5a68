"""The microdata of a page (itemscope, itemprop) → the same nodes that its JSON-LD would be.

After the HTML standard's "extracting JSON from a document" (5.3), with what pages do in practice: `content` counts on any
element, and a link that is a name or an author gives its text, and its address beside it.
"""

from __future__ import annotations

from flows.records import Markup
from flows.split.json_ld import Node

MAX_PROPERTIES = 20_000  # a thread of 1,000 posts has some 15 each
MAX_VALUE = 4000  # characters of a text: as many as tell one post from another
ADDRESSED = frozenset({"a", "area", "link"})
SHOWN = frozenset({"img", "audio", "video", "source", "iframe", "embed", "track"})
ADDRESSES = frozenset({"url", "sameAs", "image", "item", "id", "mainEntityOfPage", "discussionUrl"})
PEOPLE = frozenset({"author", "creator"})


def read_items(markup: Markup, text: str) -> list[Node]:
    """Return the top items of a page in document order, as nodes of JSON-LD; answers without a question are given one.

    `text` is the page's, into which the markup points. Pages without microdata are asked nothing but for one literal.
    """
    if not markup.holds("itemscope"):
        return []
    tops: list[Node] = []
    around: list[tuple[int, Node]] = []  # the open items, each with the element that ends it
    for number in markup.select("[itemscope], [itemprop]")[:MAX_PROPERTIES]:
        while around and number >= around[-1][0]:
            around.pop()
        attributes = markup.attributes_of(number)
        names = (attributes.get("itemprop") or "").split()[:8]
        value: str | Node | None
        if "itemscope" in attributes:
            value = {"@type": (attributes.get("itemtype") or "").split()[:8]}
            if not names or not around:
                tops.append(value)
        else:
            value = _read_value(markup, text, number, attributes, names)
        if around and value is not None:
            for name in names:
                around[-1][1].setdefault(name, []).append(value)
        if isinstance(value, dict) and "itemscope" in attributes:
            around.append((markup.ends[number], value))
    return _with_question(tops)


def _read_value(
    markup: Markup, text: str, number: int, attributes: dict[str, str | None], names: list[str]
) -> str | Node | None:
    tag, content = markup.tags[number], attributes.get("content")
    if tag == "meta" or content is not None:
        return content
    if tag == "time" and attributes.get("datetime"):
        return attributes["datetime"]
    if tag in ("data", "meter"):
        return attributes.get("value")
    if tag in SHOWN:
        return attributes.get("src")
    href = attributes.get("href") if tag in ADDRESSED else None
    if href is not None and not ADDRESSES.isdisjoint(names):
        return href
    shown = _text_of(markup, text, number)
    if href is not None and not PEOPLE.isdisjoint(names):
        return {"name": shown, "url": href}
    return shown


def _text_of(markup: Markup, text: str, number: int) -> str:
    first, last = markup.first[number], markup.last[number]
    start = markup.starts[first] if first < last else 0
    shown = text[start : min(markup.stops[last - 1], start + MAX_VALUE)] if first < last else ""
    return shown.replace("<", "< ")  # it is plain already: "<name>" in it is no tag


def _with_question(tops: list[Node]) -> list[Node]:
    """Return the items, those of answers that stand in no other under a question: the page's only one, or one without words."""
    answers = [top for top in tops if _is_of(top, "/Answer")]
    if not answers:
        return tops
    questions = [top for top in tops if _is_of(top, "/Question")]
    others = [top for top in tops if not _is_of(top, "/Answer")]
    if len(questions) == 1:
        questions[0].setdefault("suggestedAnswer", []).extend(answers)
        return others
    return [*others, {"@type": ["Question"], "suggestedAnswer": list(answers)}]


def _is_of(item: Node, kind: str) -> bool:
    return any(name.endswith(kind) for name in item["@type"])
