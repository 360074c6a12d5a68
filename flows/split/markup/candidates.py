"""Elements that look alike → groups that may be the bodies of a page's posts."""

from __future__ import annotations

import re
from dataclasses import dataclass

from flows.split.markup.survey import HEADINGS, Survey
from flows.split.markup.vocabulary import mask_names

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


def find_groups(survey: Survey) -> list[Group]:
    """Return the groups of a page, each set of members once, those with most text first."""
    by_key: dict[str, list[int]] = {}
    content, markup = survey.content_sum, survey.markup
    first, last, ends = markup.first, markup.last, markup.ends
    for number, tag in enumerate(markup.tags):
        if content[last[number]] == content[first[number]] or tag in NEVER:
            continue
        for key in keys_of(survey, number):
            members = by_key.get(key)
            if members is None:
                by_key[key] = [number]
            elif number >= ends[members[-1]]:
                members.append(number)
    groups: dict[tuple[int, ...], Group] = {}
    for key, members in by_key.items():
        found = tuple(members)
        if found not in groups:
            groups[found] = Group(key, found)
    return sorted(groups.values(), key=lambda group: (-weigh_text(survey, group), group.members))[:MAX_GROUPS]


def weigh_text(survey: Survey, group: Group) -> float:
    """Return what the text of a group is worth at most: many bodies of some words weigh more than one long text."""
    content, first, last = survey.content_sum, survey.markup.first, survey.markup.last
    return float(sum([(content[last[number]] - content[first[number]]) ** 0.75 for number in group.members]))


def find_wordless(survey: Survey, group: Group) -> list[int]:
    """Return the elements of a group's look that hold no word of their own."""
    content, markup = survey.content_sum, survey.markup
    first, last = markup.first, markup.last
    tags = {markup.tags[number] for number in group.members}
    return [
        number
        for number, tag in enumerate(markup.tags)
        if tag in tags and content[last[number]] == content[first[number]] and group.key in keys_of(survey, number)
    ]


def keys_of(survey: Survey, number: int) -> list[str]:
    """Return what an element looks like, from its name and classes to its place."""
    markup = survey.markup
    tag, attributes = markup.tags[number], markup.attributes[number]
    keys = []
    tokens: tuple[str, ...] = ()
    if names := attributes.get("class"):
        masked, tokens = mask_names(names)
        keys.append(f"{tag}.{masked}")
        keys += [f"*.{token}" for token in tokens]
    if identity := attributes.get("id"):
        masked = DIGITS.sub("#", identity[:80])
        if "#" in masked:
            keys.append(f"{tag}#{masked}")
    if prop := attributes.get("itemprop"):
        keys.append(f"*@{prop}")
    if len(tokens) <= 1:
        keys.append(f"{_look_of(survey, markup.parents[number])} > {_look_of(survey, number)}")
    return keys


def _look_of(survey: Survey, number: int) -> str:
    if number < 0:
        return ""
    markup = survey.markup
    attributes = markup.attributes[number]
    look = markup.tags[number]
    if not attributes:
        return look
    if names := attributes.get("class"):
        return f"{look}.{mask_names(names)[0]}"
    return look + "".join(
        [f"[{name}={DIGITS.sub('#', (attributes[name] or '')[:40])}]" for name in LOOKS if name in attributes]
    )
