"""Who is who: the ids of scrapes, threads, posts and people. None depends on a path, a position or a clock."""

from __future__ import annotations

import re
import tomllib
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple
from unicodedata import normalize
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

from w3lib.url import canonicalize_url

MAX_URL = 4000  # characters; browsers and servers stop at 2,000 to 8,000
ADDRESS_SIGN = re.compile(r"[/?#]")  # no id of a post has any of these; each address, whole or seen from its page, has one


# An address with nothing to take off or to bring into order; a test holds it against the long way.
PLAIN_URL = re.compile(r"https?://[a-z0-9-]+(?:\.[a-z0-9-]+)+(?:/[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)+")

NO_WORD = re.compile(r"[\W_]+")
# Scripts that put no space between words: Thai, Lao, Burmese, Khmer, kana, Han.
UNSPACED = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
WORD = re.compile(rf"[{UNSPACED}]|[^\W_{UNSPACED}]+")
NO_WORD_ASCII = bytes(code for code in range(128) if not chr(code).isalnum())
ASCII_LOWER = bytes(range(256)).lower()

PostKey = tuple[str | None, str, str | None]


def digest(*parts: str | None) -> str:
    """Return a 128-bit BLAKE2b digest of some strings as 32 hex digits; None and "" differ.

    >>> digest("a", None) == digest("a", ""), len(digest("a"))
    (False, 32)
    """
    joined = "\x1f".join("\x00" if part is None else part for part in parts)
    return blake2b(joined.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


class Ignored(NamedTuple):
    """What identity.toml says an address may carry."""

    prefixes: tuple[str, ...]
    keys: frozenset[str]
    beside: frozenset[str]
    threads: frozenset[str]
    numbered: re.Pattern[str]  # a path that tells one thread from another
    paths: re.Pattern[str]
    rewrites: dict[str, tuple[tuple[re.Pattern[str], str], ...]]  # by what is rewritten: "path", "query"
    in_path: re.Pattern[str]  # what any of these would change in a path
    gate: re.Pattern[str]  # literals, one of which is in such a path: a third of the time
    pages: re.Pattern[str]  # the number of the page, or of its first post, in an address


@lru_cache(maxsize=1)
def _ignored() -> Ignored:
    data = tomllib.loads((Path(__file__).parent / "identity.toml").read_text("utf-8"))
    paths = "(?:" + "|".join(data["paging"]["paths"]) + r")(?=/?$|\.)"
    rewrites = {
        of: tuple((re.compile(rule["pattern"], re.IGNORECASE), rule["to"]) for rule in data["rewrite"] if rule["of"] == of)
        for of in ("path", "query")
    }
    gates = [gate for rule in [data["paging"], *data["rewrite"]] for gate in rule.get("gates", ())]
    return Ignored(
        tuple(data["tracking"]["prefixes"]),
        frozenset(data["tracking"]["keys"] + data["paging"]["keys"]),
        frozenset(data["beside"]["keys"]),
        frozenset(data["beside"]["threads"]),
        re.compile(data["beside"]["paths"]),
        re.compile(paths),
        rewrites,
        re.compile("|".join([paths, *(f"(?i:{pattern.pattern})" for pattern, _ in rewrites["path"])])),
        re.compile("|".join(map(re.escape, gates)), re.IGNORECASE),
        re.compile("|".join(data["order"]["patterns"]), re.IGNORECASE),
    )


def canonical_url(url: str) -> str | None:
    """Return a thread's address without page, anchor, session and tracking; None where it is no web address.

    >>> canonical_url("https://Example.org/q/7/page-2?utm_source=x&id=3#post-9")
    'https://example.org/q/7?id=3'
    >>> canonical_url("http://example.org/viewtopic.php?t=1&start=20&p=99") == canonical_url("http://example.org/viewtopic.php?t=1")
    True
    """
    if len(url) > MAX_URL or not url.lower().startswith(("http://", "https://")):
        return None
    ignored = _ignored()
    if PLAIN_URL.fullmatch(url) and not (ignored.gate.search(url, 8) and ignored.in_path.search(url)):
        return url  # four of five addresses, at a tenth of the time
    try:
        parts = urlsplit(url)
        if not parts.hostname:
            return None
        path = _canonical_path(parts.path) or "/"
        return str(canonicalize_url(parts._replace(path=path, query=_canonical_query(parts.query, path), fragment="").geturl()))
    except ValueError:
        return None


def _canonical_path(path: str) -> str:
    ignored = _ignored()
    for _ in range(4):  # a page may stand behind a post, and a post behind a page
        before = path
        path = ignored.paths.sub("", path).rstrip("/")
        for pattern, to in ignored.rewrites["path"]:
            path = pattern.sub(to, path)
        if path == before:
            break
    return path


def _canonical_query(query: str, path: str) -> str:
    ignored = _ignored()
    kept: list[tuple[str, str]] = []
    for key, value in parse_qsl(query, keep_blank_values=True):
        low = key.lower()
        if low in ignored.keys or low.startswith(ignored.prefixes):
            continue
        if value == "" and "/" in key:  # an address within the query: index.php?threads/title.12/page-2
            kept.append((_canonical_path(key), ""))
            continue
        pair = f"{key}={value}"
        for pattern, to in ignored.rewrites["query"]:
            pair = pattern.sub(to, pair)
        key, _, value = pair.partition("=")  # noqa: PLW2901 -- the pair as rewritten
        if pair:
            kept.append((key, value))
    if ignored.numbered.search(path) or any(key.lower() in ignored.threads and value for key, value in kept):
        kept = [(key, value) for key, value in kept if key.lower() not in ignored.beside]
    return urlencode(kept)


def page_number(url: str) -> int:
    """Return which page of its thread an address names, from 1: its number or that of its first post; they only order pages.

    >>> [page_number(f"https://example.org/t/7{rest}") for rest in ("", "/page-3", "?start=20", "?page=x")]
    [1, 3, 20, 1]
    """
    found = _ignored().pages.search(url[:MAX_URL], 8)
    return max(1, int(next(filter(None, found.groups())))) if found else 1


def site_of(url: str) -> str | None:
    """Return the host of an address, lower-case, without "www."; None where it has none."""
    if PLAIN_URL.fullmatch(url):
        return url.split("/", 3)[2].removeprefix("www.")
    try:
        host = urlsplit(url).hostname
    except ValueError:
        return None
    return host.removeprefix("www.") if host else None


def permalink_url(permalink: str | None, page_url: str | None) -> str | None:
    """Return the address that a post's permalink is, seen from its page; None for an id alone, or where the page has none.

    >>> permalink_url("?p=9#post-9", "https://example.org/t/7"), permalink_url("post-9", "https://example.org/t/7")
    ('https://example.org/t/7?p=9#post-9', None)
    """
    said = permalink.strip() if permalink is not None else ""
    if not ADDRESS_SIGN.search(said) or len(said) > MAX_URL or len(said.split()) > 1:
        return None
    try:
        address = urljoin(page_url or "", said)
        return address if address.startswith(("http://", "https://")) and urlsplit(address).hostname else None
    except ValueError:
        return None


def scrape_id(content: str, locator: str | None, url: str | None) -> str:
    """Return the id of a scrape: its content's digest and its record's own id, else its address."""
    return digest("scrape", content, locator or url)


def fold_words(text: str | None) -> str | None:
    """Return the letters and digits of a text, run together; of a text without any its characters; None for None.

    >>> fold_words("It  clicks, all day!") == fold_words("it clicks all day"), fold_words("+ !"), fold_words("Caf\u00e9?")
    (True, '+!', 'caf\u00e9')
    """
    if text is None:
        return None
    if text.isascii():  # nearly always, and at a tenth of the time
        words = text.encode("ascii").translate(ASCII_LOWER, NO_WORD_ASCII).decode("ascii")
    else:
        words = NO_WORD.sub("", normalize("NFKC", text).casefold())
    return words or "".join(text.split())


def split_words(text: str) -> list[str]:
    """Return the words of a text, in small letters; of scripts without spaces each character.

    >>> split_words("It CLICKS, 2 times: \u4f60\u597d")
    ['it', 'clicks', '2', 'times', '\u4f60', '\u597d']
    """
    return WORD.findall(normalize("NFKC", text).casefold())


def question_id(url: str | None, title: str | None, body: str | None, site: str | None = None, first: str | None = None) -> str:
    """Return the id of a thread: by its canonical URL without scheme and "www.", else by its title and opening post.

    Without an opening post, by its title, its site and the words of the page's `first` post: threads of one title are many.
    """
    if url is not None:
        return digest("thread", url.split("://", 1)[1].removeprefix("www."))
    if body is None:
        return digest("thread-page", " ".join(title.casefold().split()) if title else None, site, fold_words(first))
    return digest("thread-text", *(" ".join(text.casefold().split()) if text else None for text in (title, body)))


def author_id(site: str | None, thread: str, profile_url: str | None, key: str | None, traits: str | None) -> str:
    """Return the id of a person: by profile, else name and credentials, on the site; else within the thread only.

    `key` is the normalised name with credentials, None for a person without a name; `traits` tells such people apart.
    """
    if site is not None and profile_url is not None:
        return digest("author", site, profile_url)
    if site is not None and key is not None:
        return digest("author", site, "name", key)
    return digest("author-in-thread", thread, key, traits if key is None else None)


def post_key(who: str | None, day: str | None, text: str | None) -> PostKey:
    """Return by what a post without an address is known: who wrote it, and on which day, else in which words.

    `who` is the author's id, else the byline as printed: two guests are two people. `day` is a day in UTC, None where the page
    does not say one: "2 years ago" is another day in each scrape.
    """
    return (who, "words", fold_words(text)) if day is None else (who, "day", day)


def post_id(kind: str, thread: str, permalink: str | None, key: PostKey, ordinal: int, page: int) -> str:
    """Return the id of an answer or a comment: by permalink on that thread, else by its key and the ordinal among equals.

    Equals are told apart on their own page alone, so that the number of a later page belongs to the ordinal: the same
    author's "Thanks!" on the next page is another post.
    """
    if permalink is not None:
        return digest(kind, thread, permalink)
    return digest(kind, thread, *key, str(ordinal) if page == 1 else f"{page}.{ordinal}")
