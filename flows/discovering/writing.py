"""Proposals → TOML, in the form of the files that they are to stand beside once a person has looked them over."""

from __future__ import annotations

from collections.abc import Iterable

from flows.discovering.induction import PartsFound
from flows.discovering.proposals import Proposal

REVIEW = (
    "# Proposed by `threadmill discover`; nothing reads this file until a person has looked it over and switched it on:\n"
)
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
    lines = [f"element = {write_list(parts.element.css)}\n", f"body = {write_list(parts.body.css)}\n"]
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
