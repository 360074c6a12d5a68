"""Which language a scrape is in: what its page or record declares, checked against its words.

It belongs to no room, as ids do not: the text must have been read, and the splitters (dates) and the rows need it. The
evidence is cheap first: the share of function words in a sample, by lists in language.toml. Only where they cannot tell, or
contradict what is declared, a detector is asked (py3langid: BSD, its model of 97 languages is in the package, one pure wheel
for every Python; lingua is as good, at 96 MB a wheel and several hundred MB of memory). It loads in 0.7 s and 100 MB, in the
workers that need it.
"""

from __future__ import annotations

import re
import tomllib
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from flows.records import Blemish, Page

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

TAG = re.compile(r"([a-z]{2,3})((?:-[a-z0-9]{2,8}){0,3})", re.IGNORECASE)
NO_LANGUAGE = {"und", "zxx", "mul", "xx", "mis", "xxx"}
# Three slices of 200 characters, away from both ends, where navigation stands: some 100 words, enough to tell relatives apart.
SLICE, SLICES = 200, (0.2, 0.5, 0.8)
MIN_HITS = 6  # function words; fewer are found by chance in a line of names
SURE_SHARE = 0.22  # of an English text's words; texts of other languages have less than .08 of the English words
HALF_SURE_SHARE = 0.12  # between prose and code: English about programs
MIN_SHARE, MIN_LEAD = 0.15, 1.3  # of the words, and over the next language: Danish and Norwegian stay open
WIDER = 5  # times that, of which a detector sees more
MIN_MARKED = 0.01  # letters beyond ASCII: every language that is not listed has more, but for a few such as Indonesian
MIN_LETTERS = 60  # a detector guesses on less
MIN_CONFIDENCE = 0.95


def decide_language(text: str, declared: str | None) -> str | None:
    """Return the language of a text as a BCP 47 tag, None when unsure.

    What is declared stands where the words agree, or say nothing; where they and the detector contradict it, they win; where
    these two disagree it is None. A region is kept as declared.

    >>> decide_language("Oil it twice a year and it will not creak, but do not use too much of it.", "en_GB")
    'en-GB'
    >>> decide_language("Das liegt an der Farbe, und wenn man sie nicht abnimmt, hilft auch das Öl nicht.", "en")
    'de'
    >>> decide_language("12 34", None) is None
    True
    """
    tag = read_tag(declared)
    sample = _sample(text)
    words = sample.lower().split()
    found = _weigh(words)
    if tag is not None:
        own = tag.split("-")[0]
        if found in (own, None):
            return tag
        detected = detect_language(text)
        return tag if detected == own else found if detected == found else None
    return found if found is not None or not _is_worth_a_look(sample, words) else detect_language(text)


def _is_worth_a_look(sample: str, words: list[str]) -> bool:
    """Whether a text without an answer may be in a language at all: not names or noise in plain Latin letters."""
    beyond = 0 if sample.isascii() else len(sample) - len(sample.encode("ascii", "ignore"))
    if beyond < MIN_MARKED * len(sample):
        return sum(map(_lists()[0].__contains__, words)) >= max(MIN_HITS, HALF_SURE_SHARE * len(words))
    return sum(not char.isascii() and char.isalpha() for char in sample) >= MIN_MARKED * len(sample)


def settle_language(page: Page) -> Page:
    """Return a page in the language that it is in; what it declared and is not in becomes a blemish."""
    language = decide_language(page.text, page.language)
    if language == page.language:
        return page
    blemishes = page.blemishes
    if page.language is not None and (language is None or language.lower() != page.language.strip().replace("_", "-").lower()):
        reason = f"the words of the page are those of another language{f' ({language})' if language else ''}"
        if read_tag(page.language) is None:
            reason = "this names no language; the words of the page decide"
        blemishes = (*blemishes, Blemish("language", "language", page.language, reason))
    return page._replace(language=language, blemishes=blemishes)


def read_tag(declared: str | None) -> str | None:
    """Return a declared language in the usual spelling, None where it names none.

    >>> read_tag("EN_us"), read_tag("pt-br"), read_tag("English"), read_tag("und")
    ('en-US', 'pt-BR', None, None)
    """
    found = TAG.fullmatch(declared.strip().replace("_", "-")) if declared and len(declared) < 40 else None
    if found is None or found[1].lower() in NO_LANGUAGE:
        return None
    parts = [part.upper() if len(part) == 2 else part.title() if len(part) == 4 else part for part in found[2].split("-")]
    return found[1].lower() + "-".join(parts)


def weigh_words(text: str) -> str | None:
    """Return the language whose function words a text has most of, None where none has a clear lead.

    >>> weigh_words("Pourquoi est-ce que la porte ne ferme pas quand il fait froid dans la maison ?")
    'fr'
    """
    return _weigh(_sample(text).lower().split())


def _weigh(words: list[str]) -> str | None:
    english, languages_of = _lists()
    hits = sum(map(english.__contains__, words))
    if hits >= MIN_HITS and hits >= SURE_SHARE * len(words):
        return "en"
    known = list(filter(None, map(languages_of.get, words)))
    if len(known) < max(MIN_HITS, MIN_SHARE * len(words)):
        return None
    counts: dict[str, int] = {}
    for languages in known:
        for language in languages:
            counts[language] = counts.get(language, 0) + 1
    best = max(counts, key=counts.__getitem__)
    most, next_most = counts.pop(best), max(counts.values(), default=0)
    is_clear = most >= MIN_HITS and most >= MIN_SHARE * len(words) and most >= MIN_LEAD * next_most
    return best if is_clear else None


def _sample(text: str, wider: int = 1) -> str:
    size, piece = len(text), SLICE * wider
    if size <= 4 * piece:
        return text
    return " ".join([text[at : at + piece] for at in (int(size * place) for place in SLICES)])


@lru_cache(maxsize=1)
def _lists() -> tuple[frozenset[str], dict[str, tuple[str, ...]]]:
    tables = tomllib.loads((Path(__file__).parent / "language.toml").read_text("utf-8"))["words"]
    lists = {language: set(words.split()) for language, words in tables.items() if language != "why"}
    every = {word for words in lists.values() for word in words}
    languages_of = {word: tuple(language for language, words in lists.items() if word in words) for word in sorted(every)}
    return frozenset(lists["en"]), languages_of


def detect_language(text: str) -> str | None:
    """Return what the detector is sure of, None where it is not, or has too little to go by.

    >>> detect_language("Зачем смазывать петли, если калитка всё равно скрипит каждое утро на ветру?")
    'ru'
    """
    sample = _sample(text, WIDER)
    if sum(map(str.isalpha, sample)) < MIN_LETTERS and not _is_ideographic(sample):
        return None
    language, confidence = _detector().classify(sample)
    return read_tag(str(language)) if confidence >= MIN_CONFIDENCE else None  # "zxx" is its word for none


def _is_ideographic(sample: str) -> bool:
    """Whether a sample is in a script of syllables, of which a few characters say much."""
    return sum("\u3040" <= char <= "\u9fff" or "\uac00" <= char <= "\ud7af" for char in sample) >= MIN_LETTERS // 4


@lru_cache(maxsize=1)
def _detector() -> LanguageIdentifier:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # noqa: PLC0415 -- 0.7 s, and few scrapes need it

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
