"""Traces of posts in text that kept only its sentences → how likely a post begins at each line.

Crawl corpora of the kind of C4 keep the lines that end as sentences do: names, dates, headings and empty lines are gone. What
is left of a thread are habits of those who write ("Any ideas?", "Thanks, that worked", "kate wrote:") and sentences of the
software ("This topic contains 1 reply"). Each is evidence in nats (traces.toml); they are added up, and where the page declares
how many replies it has, the scale is shifted until as many posts are to be expected.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from math import exp
from pathlib import Path
from typing import NamedTuple

from flows.records import Cues, Line
from flows.rules import Rule, compile_pattern, match_line, passes_gate, read_rules, read_toml
from flows.split.flat.dates import find_date

FILE = Path(__file__).parent / "traces.toml"
TAIL, HEAD = 120, 240  # characters of a line that are looked at from its end, from its beginning
MAX_SENTENCES_OFF = 0.3  # of the lines may be no sentence: a name or a heading that was left
MIN_WORDS = 4  # of a sentence
MIN_QUOTED = 25  # characters that say that one line repeats another
HEAD_REACH = 8  # lines from the top that may be headings of the software
MAX_PAIRS = 1  # of question and answer by their labels; more are a list of frequent questions
_SENTENCE_END = re.compile(r"[.!?:…;][\"”’'»)\]]{0,2}$|[\"”»]$")
_WORD_EDGES = '.,;:!?()"“”'
_ASKED = re.compile(r"(?:q|question|frage|pregunta|domanda|pergunta|vraag)(?: ?\d)? ?: ", re.IGNORECASE)
_NUMBERS = {"no": 0, "one": 1}
ASKS = re.compile(  # the verbs that tell who wrote what follows; "wrote" and "said" lead in quotations as well
    "asks|asked|answered|replied|responded|commented|fragte|fragt|antwortete|antwortet|hat gefragt|hat geantwortet|demande"
    "|répond|a demandé|a répondu|preguntó|pregunta|respondió|responde|ha risposto|vroeg|antwoordde|perguntou|respondeu|zapytał"
    "|odpowiedział"
)
_JOINS = re.compile(
    r"[\W\d_]*(?:(?:on|at|am|um|le|el|il|à|as|op|om|the|this|ago|vor|in|pm|gmt|uhr)\b[\W\d_]*){0,6}", re.IGNORECASE
)


class Piece(NamedTuple):
    """A piece of a line: which line, and the characters of its text."""

    at: int
    low: int
    high: int


@dataclass(slots=True)
class Named:
    """Who wrote a post and when, as a line says it; `until` is where the post's own words begin in that line."""

    author: Piece | None = None
    date: Piece | None = None
    until: int | None = None


@dataclass(slots=True)
class Traces:
    """What a page's lines show: its own sayings, and for each line how likely a post begins there (0 where none may)."""

    chances: list[float] = field(default_factory=list)
    taken: dict[int, str] = field(default_factory=dict)  # lines that are no part of a post, and the rule that says so
    bylines: dict[int, Named] = field(default_factory=dict)
    declared: tuple[int, int] | None = None  # the line, and how many replies it declares
    starter: Named | None = None
    title: int | None = None
    is_thread: bool = False  # whether software says so


def is_bare(lines: list[Line]) -> bool:
    """Whether text kept nothing but its sentences: no empty lines, and few lines that are none."""
    said = [line for line in lines if line.role is None]
    if len(said) < 2 or any(line.gap for line in lines[1:]):
        return False
    labels = sum([not _is_sentence(line.text) for line in said])
    return labels <= MAX_SENTENCES_OFF * len(said)


def _is_sentence(text: str) -> bool:
    return text.count(" ") >= MIN_WORDS - 1 and _SENTENCE_END.search(text) is not None


@cache
def load_traces() -> tuple[dict[str, tuple[Rule, ...]], dict[str, float]]:
    """Return the rules by scope, and the weights in nats."""
    scopes: dict[str, tuple[Rule, ...]] = {}
    for rule in read_rules(FILE, ("weights",)):
        scopes[rule.scope] = (*scopes.get(rule.scope, ()), rule)
    return scopes, read_toml(FILE)["weights"]


def holds_trace(rule: Rule, text: str) -> re.Match[str] | None:
    """The match of a rule on a line, as its scope wants it; None where it is no trace.

    >>> rule = Rule("r", "thanks.$", "why", (), (), "f", scope="closes")
    >>> holds_trace(rule, "It fits. Thanks.") is not None
    True
    """
    if rule.scope in ("ends", "heads"):
        return match_line(rule, text)
    shown = text[-TAIL:] if rule.scope == "closes" else text[:HEAD]
    if not passes_gate(rule, shown.lower()) or (rule.never and compile_pattern(rule.never).search(shown)):
        return None
    pattern = compile_pattern(rule.pattern, case=rule.case)
    if rule.scope == "opens":
        return pattern.match(shown)
    if rule.scope == "closes":
        return pattern.search(shown)
    match = pattern.match(shown)
    rest = match.groupdict().get("rest") if match else None
    if match is None or (match.groupdict().get("colon") is None and match.end() < len(text)):
        return None
    needs = rule.id in ("trace-numbered", "trace-by-and-date")
    date = find_date((rest or "").lstrip(" ,.:;»|·–-"))
    return match if _only_dated(rest or "", loosely=rule.id == "trace-numbered") and (date or not needs) else None


def _only_dated(rest: str, *, loosely: bool) -> bool:
    """Whether what follows a name says at most when."""
    date = find_date(rest)
    if date is None:
        return _JOINS.fullmatch(rest) is not None
    return loosely or _JOINS.fullmatch(rest[: date.start] + " " + rest[date.end :]) is not None


# -- evidence -----------------------------------------------------------------------------------------------------------


def find_traces(lines: list[Line], cues: Cues) -> Traces:
    """Return the traces of a bare page's lines."""
    found = Traces()
    scopes, weights = load_traces()
    shown = [at for at, line in enumerate(lines) if line.role is None]
    for at, line in enumerate(lines):
        if line.role in (None, "count"):
            _read_software(found, scopes, lines, at)
    _read_bylines(found, scopes["byline"], lines)
    content = [at for at in shown if at not in found.taken and at != found.title]
    found.chances = [0.0] * len(lines)
    scores = dict(_score_gaps(found, lines, content, cues))
    prior = weights["prior"] + weights["thread-page"] * found.is_thread
    wanted = found.declared[1] if found.declared else None
    shift = _fit_shift(list(scores.values()), wanted) if wanted and wanted <= len(scores) else prior
    for at, score in scores.items():
        found.chances[at] = _chance(score + shift)
    return found


def _read_software(found: Traces, scopes: dict[str, tuple[Rule, ...]], lines: list[Line], at: int) -> None:
    """Read what the software says on a line: below a post, of the page, its title."""
    text = lines[at].text
    ends = next((rule for rule in scopes["ends"] if holds_trace(rule, text)), None)
    if ends is not None:
        found.taken[at] = ends.id
        found.is_thread = True
        return
    for rule in scopes["heads"]:
        match = holds_trace(rule, text)
        if match is None:
            continue
        groups = match.groupdict()
        if groups.get("title"):
            _read_label(found, lines, at, groups["title"], rule.id)
            return
        found.taken[at] = rule.id
        found.is_thread = True
        _read_head(found, lines, at, match)
        return
    if lines[at].role == "count":
        digits = ((lines[at].values or {}).get("count") or "").replace(",", "").replace(".", "")
        found.is_thread = True
        if digits.isdecimal() and found.declared is None:
            found.declared = (at, int(digits))


def _read_label(found: Traces, lines: list[Line], at: int, title: str, rule: str) -> None:
    """A labelled title counts where the page says the same words on a line of their own, or at its very top."""
    same = [other for other in range(min(HEAD_REACH, len(lines))) if lines[other].text.casefold() == title.casefold()]
    if same and at < HEAD_REACH:
        found.title, found.is_thread = same[0], True
        found.taken[at] = rule


def _read_head(found: Traces, lines: list[Line], at: int, match: re.Match[str]) -> None:
    groups = match.groupdict()
    count, posts = groups.get("count"), groups.get("posts") or groups.get("posts_too")
    if found.declared is None and (count or posts):
        number = _NUMBERS.get(count.lower(), -1) if count and not count.isdigit() else int(count or posts or 0) - (not count)
        found.declared = (at, max(0, number))
    if groups.get("name") and found.starter is None:
        found.starter = _name(at, match)
    if at == 1 and 1 < len(lines[0].text) <= HEAD and 0 not in found.taken and found.title is None:
        found.title = 0  # the one line above the software's heading is the topic's


def _name(at: int, match: re.Match[str], until: int | None = None) -> Named:
    named = Named(until=until)
    if "name" in match.re.groupindex and match.group("name"):
        named.author = Piece(at, *match.span("name"))
    if "rest" in match.re.groupindex and match.group("rest"):
        low = match.start("rest")
        date = find_date(match.group("rest"))
        named.date = Piece(at, low + date.start, low + date.end) if date else None
    return named


def _read_bylines(found: Traces, rules: tuple[Rule, ...], lines: list[Line]) -> None:
    """Read who wrote the next post: lines that say nothing else, and names with a verb of asking right before the words."""
    for at, line in enumerate(lines):
        if line.role is not None or at in found.taken or at == found.title:
            continue
        for rule in rules:
            match = holds_trace(rule, line.text)
            if match is None:
                continue
            until = match.end() if match.end() < len(line.text) else None
            if until is not None and not _is_own(lines, at, match):
                break
            named = _name(at, match, until)
            if until is None and named.date is None and rule.id == "trace-who-wrote" and not line.text.endswith(":"):
                break  # "John replied." alone is a sentence
            found.bylines[at] = named
            break


def _is_own(lines: list[Line], at: int, match: re.Match[str]) -> bool:
    """Whether a name and a verb before words on the same line tell who wrote them, and not whom the post quotes.

    "asked" and "answered" say so; "wrote" and "said" lead in quotations, unless a date stands with them.
    """
    verb = (match.groupdict().get("verb") or "").lower()
    dated = find_date(match.groupdict().get("rest") or "") is not None
    return (dated or ASKS.fullmatch(verb) is not None) and not _repeats(lines, at, lines[at].text[match.end() :])


def _repeats(lines: list[Line], at: int, text: str) -> bool:
    """Whether words were said on a line before."""
    if len(text) < MIN_QUOTED:
        return False
    return any(text[:60] in other.text or (len(other.text) > MIN_QUOTED and other.text in text) for other in lines[:at])


def _score_gaps(found: Traces, lines: list[Line], content: list[int], cues: Cues) -> Iterator[tuple[int, float]]:
    """Yield the lines at which a post may begin, but for the first, and the sum of what speaks for it."""
    _, weights = load_traces()
    pairs = sum([_ASKED.match(lines[at].text) is not None for at in content])
    for above, at in pairwise(content):
        if above in found.bylines and found.bylines[above].until is None:
            continue  # the words right below a byline are the post that it opens
        names = set(name_evidence(found, lines, above, at, cues))
        if pairs > MAX_PAIRS:
            names.discard("trace-answer-label")
        yield at, sum([weights[name] for name in names])


def name_evidence(found: Traces, lines: list[Line], above: int, at: int, cues: Cues) -> Iterator[str]:
    """Yield what speaks for or against a post's beginning at a line, given the line of content above it."""
    scopes, _ = load_traces()
    before, text = lines[above].text, lines[at].text
    if at in found.bylines:
        yield "byline"
        return
    between = [found.taken[k] for k in range(above + 1, at) if k in found.taken]
    yield from (name for name in between if name in ("trace-edit-note", "trace-likes"))
    if any(lines[k].role == "count" for k in range(above + 1, at)) and above != 0:
        yield "counted"
    lead = _lead(_rule(scopes, "byline", "trace-who-wrote"), text)
    if lead is not None:
        yield "quoted" if _repeats(lines, at, text[lead.end() :] or _next_text(lines, at)) else "lead-in"
    elif _repeats(lines, at, text):
        yield "repeated"  # a quotation without its lead-in: its words tell of the post that it was taken from
        return
    yield from (rule.id for rule in scopes["opens"] if holds_trace(rule, text))
    yield from (rule.id for rule in scopes["closes"] if holds_trace(rule, before))
    if cues.is_salutation(text):
        yield "salutation"
    if holds_trace(_rule(scopes, "opens", "trace-thanks"), text) and any("?" in line.text for line in lines[:above]):
        yield "thanks-after-answer"
    if cues.read_sign_off(before) is not None:
        yield "sign-off"
    if before.endswith("?"):
        yield "question"
        if holds_trace(_rule(scopes, "opens", "trace-advice"), text):
            yield "question-advice"
    if before.endswith(":"):
        yield "colon"
    if before[0].isupper() and text[0].islower():
        yield "lower-case"
    mine, yours = _voice(before)
    if mine > yours and (voice := _voice(text)) and voice[1] > voice[0]:
        yield "turn"


def _rule(scopes: dict[str, tuple[Rule, ...]], scope: str, name: str) -> Rule:
    return next(rule for rule in scopes[scope] if rule.id == name)


def _lead(rule: Rule, text: str) -> re.Match[str] | None:
    match = holds_trace(rule, text)
    return match if match is not None and match.groupdict().get("colon") else None


def _next_text(lines: list[Line], at: int) -> str:
    return lines[at + 1].text if at + 1 < len(lines) else ""


@cache
def _voices() -> tuple[frozenset[str], frozenset[str]]:
    voices = read_toml(FILE.parent / "cues.toml")["voice"]
    return frozenset(w for v in voices for w in v["first"]), frozenset(w for v in voices for w in v["second"])


def _voice(text: str) -> tuple[int, int]:
    """Return how often a line speaks of "me", and how often of "you"."""
    first, second = _voices()
    words = [word.strip(_WORD_EDGES) for word in text.replace("’", "'").lower().split()]
    return sum([word in first for word in words]), sum([word in second for word in words])


def _chance(nats: float) -> float:
    return 1 / (1 + exp(-max(-30.0, min(30.0, nats))))


def _fit_shift(scores: list[float], wanted: int) -> float:
    """Return the shift under which as many posts are to be expected as are declared, by halving."""
    low, high = -30.0, 30.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if sum([_chance(score + middle) for score in scores]) < wanted else (low, middle)
    return high
