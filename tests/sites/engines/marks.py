"""What the engines' markups share: text made safe, links in it, lists, an advertisement's words."""

from __future__ import annotations

from html import escape

from tests.sites.prose import Block
from tests.sites.threads import MadeThread


def safe(text: str) -> str:
    return escape(text, quote=True).replace("&#x27;", "'")


def linked(block: Block, attributes: str = "") -> str:
    """Return the words of a text with its link in place."""
    text = safe(block.lines[0])
    if block.link is None:
        return text
    words, address = block.link
    return text.replace(words, f'<a href="{address}"{attributes}>{words}</a>', 1)


def listed(block: Block) -> str:
    return "".join(f"<li>{safe(line)}</li>" for line in block.lines)


def lined(block: Block) -> str:
    return safe("\n".join(block.lines))


def advertise(thread: MadeThread, place: str, form: str) -> str:
    """Return what is advertised in a place of a page, in the form of the site; nothing in most nights."""
    return form.format(safe(thread.ads[place])) if place in thread.ads else ""


def join_with(posts: list[str], between: str) -> str:
    """Return posts with something after the second of them, where there is a third."""
    return "\n".join([*posts[:2], between, *posts[2:]]) if between and len(posts) > 2 else "\n".join(posts)
