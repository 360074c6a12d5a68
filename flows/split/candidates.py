"""Elements that look alike → groups that may be the bodies of a page's posts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from flows.split.survey import HEADINGS, Survey

DIGITS = re.compile(r"\d+")
# Elements inside a line, and those that hold no post by their meaning.
NEVER = HEADINGS | frozenset({
    "html", "head", "title", "body", "a", "b", "i", "em", "strong", "u", "s", "br", "hr", "img", "small", "font",
    "sup", "sub", "code", "time", "input", "button", "select", "option", "textarea", "label", "form", "script",
    "style", "link", "meta", "svg", "path", "tbody", "thead", "nav", "footer", "header", "iframe", "noscript",
    "abbr", "dt", "th", "picture", "source", "video", "audio", "use", "template",
})  # fmt: skip
LOOKS = ("align", "valign", "width", "bgcolor", "colspan", "style")  # what tells cells apart on pages without classes
MAX_GROUPS = 400  # evaluated at most: groups of little text come last


@dataclass(frozen=True, slots=True)
class Group:
    """Elements that look alike, in document order, none inside another; `key` says in what."""

    key: str
    members: tuple[int, ...]
    empty: tuple[int, ...] = ()  # those of the same look without a word of their own


def find_groups(survey: Survey) -> list[Group]:
    """Return the groups of a page, each set of members once, those with most text first."""
    by_key: dict[str, list[int]] = {}
    bare: dict[str, list[int]] = {}
    content, markup = survey.content_sum, survey.markup
    first, last, ends = markup.first, markup.last, markup.ends
    for number, tag in enumerate(markup.tags):
        if tag in NEVER:
            continue
        has_words = content[last[number]] > content[first[number]]
        for key in keys_of(survey, number):
            if has_words:
                members = by_key.setdefault(key, [])
                if not members or number >= ends[members[-1]]:
                    members.append(number)
            else:
                bare.setdefault(key, []).append(number)
    groups: dict[tuple[int, ...], Group] = {}
    for key, members in by_key.items():
        found = tuple(members)
        if found not in groups:
            groups[found] = Group(key, found, tuple(bare.get(key, ())))

    def weight(group: Group) -> float:
        return float(sum([(content[last[number]] - content[first[number]]) ** 0.75 for number in group.members]))

    return sorted(groups.values(), key=lambda group: (-weight(group), group.members))[:MAX_GROUPS]


def keys_of(survey: Survey, number: int) -> Iterator[str]:
    """Yield what an element looks like, from its name and classes to its place."""
    markup = survey.markup
    tag, attributes = markup.tags[number], markup.attributes[number]
    names = attributes.get("class") or ""
    if names:
        masked = DIGITS.sub("#", names[:200])
        yield f"{tag}.{masked}"
        tokens = masked.split()
        if len(tokens) > 1:
            for token in tokens[:12]:
                yield f"*.{token}"
        else:
            yield f"*.{tokens[0]}" if tokens else tag
    if identity := attributes.get("id"):
        masked = DIGITS.sub("#", identity[:80])
        if "#" in masked:
            yield f"{tag}#{masked}"
    if prop := attributes.get("itemprop"):
        yield f"*@{prop}"
    if not names or len(names.split()) == 1:
        yield f"{_look_of(survey, markup.parents[number])} > {_look_of(survey, number)}"


def _look_of(survey: Survey, number: int) -> str:
    if number < 0:
        return ""
    markup = survey.markup
    attributes = markup.attributes[number]
    look = markup.tags[number]
    if not attributes:
        return look
    if names := attributes.get("class"):
        return f"{look}.{DIGITS.sub('#', names[:80])}"
    return look + "".join(
        [f"[{name}={DIGITS.sub('#', (attributes[name] or '')[:40])}]" for name in LOOKS if name in attributes]
    )
