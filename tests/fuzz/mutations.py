"""What may happen to a file on its way: bits flipped, ends cut off, files spliced, random bytes under any name."""

from __future__ import annotations

import random
from collections.abc import Callable

EXTENSIONS = (
    ".txt", ".html", ".xhtml", ".jsonl", ".json", ".parquet", ".warc", ".wet", ".zip", ".tar", ".tgz",
    ".txt.gz", ".html.zst", ".jsonl.gz", ".jsonl.zst", ".warc.gz", "",
)  # fmt: skip
# What parsers trip over: open brackets and quotes of every kind, halves of characters, entities, comments, deep nesting.
NASTY = (
    b"\x00", b"\xff\xfe", b"\xed\xa0\x80", b"&#0;", b"&#x110000;", b"<!--", b"]]>", b"<![CDATA[", b"</article>", b"<template>",
    b"{{" * 50, b"<div>" * 300, b"<b><p>" * 60, b"{%", b"${", b"<%", b"[[", b'"', b"\\", b"\r", "\u2028".encode(),
    "\u202e".encode(), b"> " * 200, b"```\n", b"=" * 4000, b"a" * 5000, b" " * 5000, b"\n" * 3000, b"1.\n" * 500,
    b"<blockquote>" * 40, b"<noscript>", b"<plaintext>", b"<svg><title>", b"<math><mtext>", b"<table><tr>", b"<script>",
)  # fmt: skip
Mutation = Callable[[bytes, bytes, random.Random], bytes]


def flip_bits(content: bytes, other: bytes, dice: random.Random) -> bytes:
    """Flip up to 30 bits."""
    changed = bytearray(content)
    for _ in range(dice.randint(1, 30)):
        if changed:
            changed[dice.randrange(len(changed))] ^= 1 << dice.randrange(8)
    return bytes(changed)


def cut_off(content: bytes, other: bytes, dice: random.Random) -> bytes:
    """Keep a stretch of the file alone."""
    start = 0 if dice.random() < 0.7 else dice.randint(0, len(content))
    return content[start : dice.randint(start, len(content))]


def splice(content: bytes, other: bytes, dice: random.Random) -> bytes:
    """Go on in another file."""
    return content[: dice.randint(0, len(content))] + other[dice.randint(0, len(other)) :]


def repeat(content: bytes, other: bytes, dice: random.Random) -> bytes:
    """Say a stretch of the file many times over."""
    start = dice.randint(0, len(content))
    stretch = content[start : start + dice.randint(1, 400)]
    return content[:start] + stretch * dice.randint(2, 60) + content[start:]


def put_in(content: bytes, other: bytes, dice: random.Random) -> bytes:
    """Put what parsers trip over into up to five places."""
    for _ in range(dice.randint(1, 5)):
        at = dice.randint(0, len(content))
        content = content[:at] + dice.choice(NASTY) + content[at:]
    return content


def shuffle_lines(content: bytes, other: bytes, dice: random.Random) -> bytes:
    """Bring the lines into another order."""
    lines = content.split(b"\n")
    dice.shuffle(lines)
    return b"\n".join(lines)


def make_noise(content: bytes, other: bytes, dice: random.Random) -> bytes:
    """Random bytes, or random bytes behind the file's own first ones."""
    return content[: dice.choice((0, 4, 12, 200))] + dice.randbytes(dice.randint(0, 3000))


MUTATIONS: tuple[Mutation, ...] = (flip_bits, cut_off, splice, repeat, put_in, shuffle_lines, make_noise)


def mutate(seeds: dict[str, bytes], dice: random.Random) -> tuple[str, bytes]:
    """Return the name and content of one broken file; one of six goes by the name of another form."""
    name = dice.choice(sorted(seeds))
    content, other = seeds[name], seeds[dice.choice(sorted(seeds))]
    for _ in range(dice.randint(1, 3)):
        content = dice.choice(MUTATIONS)(content, other, dice)
    if dice.random() < 1 / 6:
        name = name.split(".")[0] + dice.choice(EXTENSIONS)
    return name, content
