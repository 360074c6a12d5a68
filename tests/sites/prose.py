"""Prose for made threads: sentences drawn from frames and the words of a site, lengths spread as people's are."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from pathlib import Path
from random import Random
from typing import Any

START = re.compile(r"(?:^|(?<=[.?!] ))[a-zà-ÿ]")
SLOT = re.compile(r"\{(a )?([a-z]+)(2?)\}")
VERBS = {"do": 0, "did": 1, "doing": 2}  # which form of "clean/cleaned/cleaning" a slot asks for
LINKS = ("manual", "drawing", "photographs", "update", "answer")  # what people put a link under


@dataclass(frozen=True, slots=True)
class Block:
    """One part of a body: a text with perhaps a link in it, a list, a quote or code."""

    kind: str  # text, list, quote, code
    lines: tuple[str, ...]
    by: str | None = None  # whose words a quote holds
    link: tuple[str, str] | None = None  # words of a text, and where they lead

    def as_text(self, said: str) -> str:
        """Return the words in the order in which a reader meets them; `said` is how the engine attributes a quote."""
        return "\n".join([said.format(self.by), *self.lines] if self.by else self.lines)


@cache
def read_words() -> dict[str, dict[str, Any]]:
    return tomllib.loads((Path(__file__).parent / "words.toml").read_text("utf-8"))


@cache
def words_of(site: str) -> dict[str, list[str]]:
    """Return the lists that the slots of a site's frames draw from."""
    return {**read_words()["shared"], **read_words()[site]}


def log_normal(dice: Random, median: float, spread: float) -> float:
    """Return a size as sizes of texts and threads are spread: many small ones, few huge."""
    return float(median * dice.lognormvariate(0, spread))


class Writer:
    """Writes as the members of one site do in one season: some things are on everybody's mind, the others are not."""

    def __init__(self, site: str, dice: Random, focus: frozenset[str] = frozenset(), wordy: float = 1.0) -> None:
        self.site, self.dice, self.focus, self.wordy = site, dice, focus, wordy
        self.weights: dict[str, list[int]] = {}

    def say(self, kind: str) -> str:
        """Return one sentence of a kind of frames."""
        return self.fill(self.dice.choice(read_words()["frames"][kind]))

    def fill(self, frame: str) -> str:
        """Return a frame with words in its slots, the first letters of its sentences capitals."""
        said: dict[str, str] = {}  # within one sentence the part is one and the same part
        text = SLOT.sub(lambda slot: self._word(slot, said), frame)
        return START.sub(lambda first: first[0].upper(), text)

    def _word(self, slot: re.Match[str], said: dict[str, str]) -> str:
        article, kind, other = slot.groups()
        if kind in ("n", "degrees"):
            return str(self.dice.randint(2, 95))
        if kind in VERBS:
            return self._draw("verb").split("/")[VERBS[kind]]
        key = kind + other
        if key not in said or kind not in ("thing", "part", "stuff"):
            said[key] = self._draw(kind, said.get(kind))
        word = said[key]
        return f"{'an' if word[0] in 'aeiouAEIOU' else 'a'} {word}" if article else word

    def _draw(self, kind: str, unlike: str | None = None) -> str:
        if kind not in self.weights:
            self.weights[kind] = list(accumulate(6 if word in self.focus else 1 for word in words_of(self.site)[kind]))
        word = unlike
        while word == unlike:
            word = self.dice.choices(words_of(self.site)[kind], cum_weights=self.weights[kind])[0]
        return str(word)

    def title(self) -> str:
        text = self.say("title")
        return text.lower() if self.dice.random() < 0.1 else text

    def paragraphs(self, kinds: list[str], median: float, spread: float = 0.7) -> list[Block]:
        """Return paragraphs of sentences of these kinds, of about so many words in all."""
        left = max(4.0, log_normal(self.dice, median * self.wordy, spread))
        blocks: list[Block] = []
        while left > 0 and len(blocks) < 40:
            sentences = []
            for _ in range(self.dice.randint(1, 5)):
                sentences.append(self.say(self.dice.choice(kinds)))
                left -= sentences[-1].count(" ") + 1
                if left <= 0:
                    break
            blocks.append(self._with_link(" ".join(sentences)))
        return blocks

    def _with_link(self, text: str) -> Block:
        word = next((word for word in LINKS if re.search(rf"\b{word}\b", text)), None)
        if word is None or self.dice.random() < 0.4:
            return Block("text", (text,))
        return Block("text", (text,), link=(word, f"https://files.example/{self.dice.randrange(10**6)}"))

    def question(self) -> list[Block]:
        """Return the body of an opening post."""
        dice = self.dice
        blocks = [Block("text", (dice.choice(words_of(self.site)["hello"]),))] if dice.random() < 0.4 else []
        blocks.append(Block("text", (f"{self.say('opening')} {self.say('detail')}",)))
        blocks += self.paragraphs(["detail", "detail", "opening"], 45)
        blocks += self._extras(0.12)
        blocks.append(Block("text", (" ".join(self.say("ask") for _ in range(dice.choice([1, 1, 2, 3]))),)))
        if dice.random() < 0.5:
            blocks.append(Block("text", (dice.choice(words_of(self.site)["bye"]),)))
        return blocks

    def reply(self, quoted: tuple[str, list[Block]] | None, kinds: list[str], median: float) -> list[Block]:
        """Return the body of a reply, with a quote of what it answers where that is given: whose words, and which."""
        blocks = []
        if quoted is not None:
            texts = [block for block in quoted[1] if block.kind == "text"]
            sentences = re.split(r"(?<=[.?!]) ", self.dice.choice(texts).lines[0]) if texts else []
            if sentences:
                begin = self.dice.randrange(len(sentences))
                blocks.append(Block("quote", (" ".join(sentences[begin : begin + 2]),), quoted[0]))
        if self.dice.random() < 0.12:
            return [*blocks, Block("text", (self.say("short"),))]
        return [*blocks, *self.paragraphs(kinds, median, 0.8), *self._extras(0.07)]

    def _extras(self, share: float) -> list[Block]:
        """Return now and then a list or some code."""
        dice, blocks = self.dice, list[Block]()
        if dice.random() < share:
            blocks.append(Block("list", tuple(self.say("steps") for _ in range(dice.randint(2, 6)))))
        codes = words_of(self.site)["code"]
        if codes and dice.random() < share:
            blocks.append(Block("code", tuple(self.fill(dice.choice(codes)).split("\n"))))
        return blocks
