"""What an element may be told by: parts of CSS selectors that are likely to hold on other pages of its site.

A part is written as in a selector: ".post-body", "[itemprop=author]", "[id^=post-]". Numbers, and what is made of them, are no
part of one: they name a post, not what posts are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

IDENT = re.compile(r"-?[A-Za-z_][A-Za-z0-9_-]{0,59}")
LONG_NUMBER = re.compile(r"\d{3}")
# Names that builds make up anew ("css-1x2y3z", "sc-bdVaJa", "Post_body__3fGh2"): stable for some weeks, no more.
MADE_UP = re.compile(r"(?:css|sc|jss|svelte|emotion)-\w+|\w*?[a-zA-Z]\d+[a-zA-Z]+\d\w*|\w+__[\w-]*\d[\w-]*")
NUMBERED = re.compile(r"([A-Za-z_][A-Za-z_:-]{0,39})\d")
SEGMENT = re.compile(r"/[A-Za-z_]{1,24}(?=/)")
SCRIPT = re.compile(r"[A-Za-z_]{1,24}\.(?:php|aspx?|cgi)\?")
PREFIX = re.compile(r"\[(id|name)\^=\"?([^\"\]]*)\"?\]")
NAMED = ("itemprop", "role", "rel", "align", "valign", "width", "bgcolor", "colspan")  # a look by what they say
MOST_PARTS = 14
FIRST, LAST = ":first-child", ":last-child"  # parts that tell by place which of several of one name is meant

Look = tuple[str, frozenset[str]]  # the element's name and its parts


def look_of(tag: str, attributes: dict[str, str | None]) -> Look:
    """Return what an element may be told by.

    >>> sorted(look_of("div", {"class": "post x-88123", "id": "post-88123"})[1])
    ['.post', '[id^=post-]']
    """
    if not attributes:
        return tag, frozenset()
    parts = [f".{name}" for name in (attributes.get("class") or "").split() if is_stable(name)]
    for name, value in attributes.items():
        if name != "class":
            parts += _parts_of(name, value or "")
    return tag, frozenset(parts[:MOST_PARTS])


def is_stable(name: str) -> bool:
    """Whether a class may be the same on another page."""
    return IDENT.fullmatch(name) is not None and LONG_NUMBER.search(name) is None


def is_made_up(part: str) -> bool:
    """Whether a part is a name that a build makes up, which the next one changes."""
    return part[0] == "." and MADE_UP.fullmatch(part[1:]) is not None


def _parts_of(name: str, value: str) -> list[str]:
    if name in ("id", "name"):
        if (found := NUMBERED.match(value)) is not None:
            return [f"[{name}^={quote(found[1])}]"]
        return [f"#{value}" if name == "id" else f"[name={value}]"] if _is_word(value) else []
    if name in NAMED:
        return [f"[{name}={quote(value)}]"] if 0 < len(value) <= 30 and '"' not in value and "\\" not in value else []
    if name == "href":
        told = [f"{segment}/" for segment in SEGMENT.findall(value[:200])[:4]] + SCRIPT.findall(value[:200])[:1]
        return [f"[href*={quote(part)}]" for part in dict.fromkeys(told)]
    if name == "datetime" or (name.startswith("data-") and IDENT.fullmatch(name) and LONG_NUMBER.search(name) is None):
        return [f"[{name}]"] + ([f"[{name}={value}]"] if _is_word(value) and len(value) <= 30 else [])
    return []


def _is_word(value: str) -> bool:
    return IDENT.fullmatch(value) is not None and not any(map(str.isdigit, value))


def quote(value: str) -> str:
    """Return a value as it stands in an attribute's selector."""
    return value if IDENT.fullmatch(value) else f'"{value}"'


def has_prefix(part: str, parts: Iterable[str]) -> bool:
    """Whether one of some parts is a number or a name that begins as another part says.

    >>> has_prefix("[id^=p]", ["#page-body"]), has_prefix("[id^=p]", ["[id^=post-]"]), has_prefix("[id^=p]", [".post"])
    (True, True, False)
    """
    found = PREFIX.fullmatch(part)
    if found is None:
        return False
    name, prefix = found.groups()
    opens = (f"[{name}^={prefix}", f'[{name}^="{prefix}', f"#{prefix}" if name == "id" else f"[name={prefix}")
    return any(other.startswith(opens) for other in parts)


class Looks:
    """The looks of all pages, each with a number, so that a page is kept as numbers."""

    def __init__(self) -> None:
        self.known: list[Look] = []
        self._numbers: dict[Look, int] = {}
        self._matching: dict[tuple[str, frozenset[str]], tuple[int, frozenset[int]]] = {}

    def number(self, look: Look) -> int:
        """Return the number of a look."""
        found = self._numbers.get(look)
        if found is None:
            found = self._numbers[look] = len(self.known)
            self.known.append(look)
        return found

    def matching(self, tag: str, parts: Iterable[str]) -> frozenset[int]:
        """Return the looks that have a name ("": any) and some parts."""
        key = (tag, frozenset(parts))
        upto, found = self._matching.get(key, (0, frozenset[int]()))
        if upto < len(self.known):
            fresh = [
                at
                for at, look in enumerate(self.known[upto:], upto)
                if (not tag or look[0] == tag) and all(part in look[1] or has_prefix(part, look[1]) for part in key[1])
            ]
            found = found.union(fresh)
            self._matching[key] = len(self.known), found
        return found
