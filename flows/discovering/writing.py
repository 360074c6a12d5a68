"""Proposals → TOML, in the form of the files that they are to stand beside once a person has looked them over."""

from __future__ import annotations

from collections.abc import Iterable

from flows.discovering.parts import PartsFound
from flows.discovering.proposals import Proposal
from flows.discovering.recurring import Recurring
from flows.discovering.shapes import choose_gate, show_shape, words_of, write_pattern

REVIEW = "# Proposed by `threadmill discover`; nothing reads this file until a person has looked it over and switched it on:\n"
ORDER = ("author", "date", "votes", "accepted", "permalink")


def write_string(text: str) -> str:
    """Return a string as TOML has it: as it is between single quotes where that is possible, else escaped.

    >>> write_string("a"), write_string('say "a"'), write_string("it's")
    ('"a"', '\\'say "a"\\'', '"it\\'s"')
    """
    if '"' not in text and "\\" not in text and text.isprintable():
        return f'"{text}"'
    if "'" not in text and text.isprintable():
        return f"'{text}'"
    if "'''" not in text and text[-1:] != "'" and text.isprintable():
        return f"'''{text}'''"
    return '"' + "".join(_escape(sign) for sign in text) + '"'


def _escape(sign: str) -> str:
    if sign in '"\\':
        return "\\" + sign
    if sign.isprintable():
        return sign
    return f"\\u{ord(sign):04X}" if ord(sign) < 0x10000 else f"\\U{ord(sign):08X}"


def write_list(texts: Iterable[str]) -> str:
    """Return strings as a TOML array on one line."""
    return "[" + ", ".join(map(write_string, texts)) + "]"


def write_comment(text: str) -> str:
    """Return a text as a comment of one line: nothing in it can end the comment."""
    return "# " + "".join(sign if sign.isprintable() else " " for sign in text) + "\n"


def write_layout(proposal: Proposal, name: str, engine: str, versions: str, why: str, notes: Iterable[str] = ()) -> str:
    """Return the file of a layout; `name` is its id and has to be the name of the file."""
    lines = [REVIEW, "# move it to flows/split/layouts, or name its folder to `clean --layouts`.\n"]
    lines += [write_comment(note) for note in notes]
    told = {"id": name, "engine": engine, "versions": versions, "why": why}
    lines += [f"{key} = {write_string(value)}\n" for key, value in told.items()]
    lines.append(f"literals = {write_list(proposal.literals)}\n")
    lines.append(f"selector = {write_string(proposal.selector)}\n")
    for key, chosen in (("title", proposal.title), ("declared", proposal.declared), ("opening", proposal.opening)):
        if chosen.selectors:
            lines.append(f"{key} = {write_list(chosen.css)}\n")
    if proposal.post.nested:
        lines.append("nested = true\n")
    if proposal.promises != ["author", "date"]:
        lines.append(f"promises = {write_list(proposal.promises)}\n")
    lines.append("\n[post]\n")
    lines += _write_parts(proposal.post)
    if proposal.comment is not None:
        lines.append("\n[comment]\n")
        lines += _write_parts(proposal.comment)
    return "".join(lines)


def _write_parts(parts: PartsFound) -> list[str]:
    held = f":has({', '.join(parts.body.css)})" if parts.held else ""
    lines = [f"element = {write_list(css + held for css in parts.element.css)}\n", f"body = {write_list(parts.body.css)}\n"]
    if parts.before.selectors:
        lines.append(f"before = {write_list(parts.before.css)}\n")
    for name in ORDER:
        if name in parts.fields:
            lines.append(f"{name} = {write_list(parts.fields[name].css)}\n")
        if parts.attributes.get(name):
            lines.append(f"{name}_attribute = {write_list(parts.attributes[name])}\n")
    if parts.drop.selectors:
        lines.append(f"drop = {write_list(parts.drop.css)}\n")
    return lines


def name_rule(recurring: Recurring, taken: set[str]) -> str:
    """Return an id for a rule: its first words; none of those that are taken."""
    words = [word for word in words_of(recurring.shape) if word.isascii()][:4]
    name = "-".join(["proposed", *words])[:60]
    number = 1
    while (named := name if number == 1 else f"{name}-{number}") in taken:
        number += 1
    return named


def write_rule(recurring: Recurring, name: str, cuts: Iterable[str], keeps: Iterable[str], notes: Iterable[str] = ()) -> str:
    """Return a rule as its file has it, with what is known of it as comments."""
    tally = recurring.tally
    why = (
        f"not yet said: it stands on {tally.pages:,} of {recurring.pages:,} pages, in {tally.posts:,} posts, mostly as "
        f"{PLACED[recurring.place]}; say why no author would write it"
    )
    lines = ["\n", *(write_comment(note) for note in notes), "[[rule]]\n"]
    lines.append(f'id = {write_string(name)}\nrole = "chrome"\ngate = {write_list([choose_gate(recurring.shape) or ""])}\n')
    lines.append(f"pattern = {write_string(write_pattern(recurring.shape))}\nwhy = {write_string(why)}\n")
    lines.append(f"cuts = {write_list(cuts)}\nkeeps = {write_list(keeps)}\n")
    return "".join(lines)


PLACED = {
    "all of it": "all of a post",
    "first line": "the first line of a post",
    "last line": "the last line of a post",
    "inside": "a line inside a post",
}
RULES_HEAD = REVIEW + (
    "# move its rules to a file in flows/strip/rules. Each needs a reason of its own in `why`; tests hold it to its examples.\n"
)


def show_rule(recurring: Recurring) -> str:
    """Return the shape of a rule as a person reads it."""
    return show_shape(recurring.shape)
