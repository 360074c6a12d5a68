"""Credentials: the letters behind a name, read into the form that the data file gives them."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from flows.authors.vocabulary import letters, names, squeeze

LONGEST_PART = 48  # characters between two commas that may still be letters: "M.B., B.S., F.R.C.S. (Plast.)"
MOST_TOKENS = 3  # "Ph. D." is two, "M. B. B. S." is read as one after squeezing


class Letters(NamedTuple):
    """What stood between two commas behind a name."""

    credentials: tuple[str, ...]
    suffix: str | None
    dotted: bool  # printed with dots: no state and no word


@lru_cache(maxsize=1 << 14)
def credential(token: str, *, folded: bool = False) -> str | None:
    """The normal form of one printed credential, None where it is not known; `folded`: any case, if it is no word.

    >>> credential("M.D."), credential("Ph. D."), credential("Md", folded=True), credential("Do")
    ('MD', 'PhD', 'MD', None)
    """
    known = letters()
    squeezed = squeeze(token)
    found = known.exact.get(squeezed)
    if found is None and "." in token and len(squeezed) <= 5:
        found = known.exact.get(squeezed.upper()) if squeezed[:1].isupper() else None
    if found is None and folded:
        found = known.folded.get(squeezed.casefold())
    return found


def is_unknown_letters(token: str) -> bool:
    """True for a token that has the shape of letters but is not known: two to eight capitals, perhaps with a hyphen.

    >>> is_unknown_letters("FXYZ"), is_unknown_letters("F.X.Y.Z."), is_unknown_letters("Fxyz")
    (True, True, False)
    """
    squeezed = squeeze(token).replace("-", "").replace("/", "")
    return 2 <= len(squeezed) <= 8 and squeezed.isascii() and squeezed.isalpha() and squeezed.isupper()


def is_unknown_degree(token: str) -> bool:
    """True for a token with the shape of a degree in a subject, which counts only beside letters that are known.

    >>> is_unknown_degree("MXyz"), is_unknown_degree("McExample"), is_unknown_degree("Example")
    (True, False, False)
    """
    if (
        not 3 <= len(token) <= 10
        or not token.isascii()
        or not token.isalpha()
        or token.startswith(("Mc", "Mac", "De", "Di", "La", "Le"))
    ):
        return False
    return token[0].isupper() and sum(map(str.isupper, token)) >= 2 and not token.isupper()


def _take(tokens: list[str], at: int) -> tuple[str | None, int]:
    """The credential that begins at a token, and how many tokens it takes."""
    for size in range(min(MOST_TOKENS + 1, len(tokens) - at), 0, -1):
        joined = " ".join(tokens[at : at + size])
        if size > 1 and not ("." in joined or joined.endswith(")")):
            continue
        if size > 1 and all(credential(token) for token in tokens[at : at + size]):
            continue
        found = credential(joined, folded=size == 1)
        if found is not None:
            return found, size
    return None, 1


def _split(part: str) -> list[str]:
    tokens: list[str] = []
    for token in part.split():
        if token in {"&", "and", "/", "-"}:
            continue
        if "/" in token and credential(token) is None:
            tokens.extend(piece for piece in token.split("/") if piece)
        else:
            tokens.append(token)
    return tokens


@lru_cache(maxsize=1 << 15)
def read_letters(part: str) -> Letters | None:
    """The credentials and the generation in a part between commas; None where anything else stands in it.

    >>> read_letters("IV"), read_letters("MD/PhD").credentials, read_letters("MD last year") is None
    (Letters(credentials=(), suffix='IV', dotted=False), ('MD', 'PhD'), True)
    """
    if not 1 < len(part) <= LONGEST_PART and part != "V":
        return None
    tokens = _split(part)
    found: list[str] = []
    suffix = None
    at = 0
    while at < len(tokens):
        token = tokens[at]
        generation = names().generations.get(token.rstrip("."))
        name, size = (None, 1) if generation else _take(tokens, at)
        if generation is not None and suffix is None:
            suffix = generation
        elif name is not None:
            found.append(name)
        elif not (squeeze(token).casefold() in letters().corporate and (found or len(tokens) == 1)):
            return _with_subject(tokens, at, found, suffix, part)
        at += size
    return Letters(tuple(dict.fromkeys(found)), suffix, "." in part[:-1])


def _with_subject(tokens: list[str], at: int, found: list[str], suffix: str | None, part: str) -> Letters | None:
    """Letters with their faculty or college in brackets, "FRCS (Plast)", or unknown letters beside known ones."""
    if found and at == len(tokens) - 1:
        token = tokens[at]
        if token[0] == "(" and token[-1] == ")":
            return Letters(tuple(dict.fromkeys(found)), suffix, "." in part)
        if is_unknown_letters(token) or is_unknown_degree(token):
            return Letters(tuple(dict.fromkeys([*found, squeeze(token)])), suffix, "." in part)
    return None
