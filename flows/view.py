"""An inspected scrape on a terminal: a header, its text by stretches with a gutter, its posts, what was cut."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import islice

from rich.console import Console, ConsoleOptions
from rich.segment import Segment
from rich.style import Style

from flows.inspection import Inspection
from flows.records import Byline, Claim, Post
from flows.strip.artifacts import split_lines
from flows.terminal import crop, neutralize, pad, wrap

# Role → style. Only the sixteen colours that every terminal has, in the shades that its user chose.
# An answer's body alternates between two, so that neighbours are told apart.
STYLES = {
    "title": "bold underline",
    "question": "default",
    "headline": "bold",
    "answer": "green",
    "comment": "italic",
    "byline": "cyan",
    "date": "bright_cyan",
    "votes": "yellow",
    "rating": "yellow",
    "count": "bright_yellow",
    "quote": "italic",
    "code": "magenta",
    "artifact": "dim red strike",
    "chrome": "dim",
    "blank": "dim",
}
EVERY_OTHER = {"answer": "bright_blue"}
VERDICTS = {"ok": "bold green", "suspect": "bold yellow", "rejected": "bold red"}
DIM, BOLD, WARNING = "dim", "bold", "yellow"
LINE, GOES_ON, BLANKS, LEFT_OUT = "│", "┆", "⏎", "⋮"
CUT = "✗"
PAGE_ROWS = 2000  # rows that are printed at once, so that memory stays flat
MIN_TEXT = 40  # columns that the text keeps before the name of a rule is shortened
MAX_VALUE = 2000  # characters of a refused value
BRIEF_WIDTH = 160  # columns of a brief line where nothing is wrapped

Row = list[tuple[str, str]]  # pieces of text, each with its style; already safe to print


@dataclass(frozen=True, slots=True)
class View:
    """How a scrape is shown."""

    width: int | None = None  # columns to wrap at; None: lines stay whole
    brief: bool = False
    show_invisible: bool = False
    offsets: bool = False


class _Rows:
    """Rows as rich prints them: literally, without its markup."""

    def __init__(self, rows: list[Row]) -> None:
        self._rows = rows

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        for row in self._rows:
            for text, style in row:
                yield Segment(text, _style(style))
            yield Segment.line()


@lru_cache(maxsize=64)
def _style(name: str) -> Style | None:
    return Style.parse(name) if name else None


def print_inspection(inspection: Inspection, console: Console, view: View) -> None:
    """Print a scrape: what it is, its text in order, its posts, and what was cut by which rule."""
    rows = iter(show_inspection(inspection, view))
    while batch := list(islice(rows, PAGE_ROWS)):
        console.print(_Rows(batch), soft_wrap=True)


def show_inspection(inspection: Inspection, view: View) -> Iterator[Row]:
    """Yield what `print_inspection` prints, row by row."""
    yield from _header(inspection, view)
    if inspection.claims:
        yield from _heading("text")
        yield from _Stretches(inspection, view).rows()
        yield from _heading("legend")
        yield from _legend(inspection)
    if inspection.posts:
        yield from _heading("posts")
        for number, post in enumerate(inspection.posts):
            yield from _post(number, post, inspection, view)
    if cut := inspection.cut_rules():
        yield from _heading("cut, by rule")
        width = max(len(neutralize(rule.rule)) for rule in cut)
        for rule in cut:
            share = f"{rule.chars / len(inspection.text):7.1%}"
            stretches = f"{rule.stretches:,} stretch" + ("" if rule.stretches == 1 else "es")
            name = pad(neutralize(rule.rule), width)
            yield [
                (f"  {name}  ", ""),
                (f"{rule.role:10}", style_of(rule.role)),
                (f"{rule.chars:>12,} characters {share}  {stretches}", ""),
            ]


def style_of(role: str, post: int | None = None) -> str:
    """Return the style of a role's text; an unknown role's is plain."""
    return EVERY_OTHER[role] if role in EVERY_OTHER and post is not None and post % 2 == 0 else STYLES.get(role, "")


def _heading(title: str) -> Iterator[Row]:
    yield []
    yield [(f"── {title} ".ljust(60, "─"), DIM)]


def _field(label: str, value: str, view: View, style: str = "", indent: int = 0) -> Iterator[Row]:
    """Yield a labelled value, wrapped; the value may be a stranger's."""
    left = " " * indent + f"{label:11}"
    lines = [
        row for line in value.split("\n") for row in wrap(neutralize(line), view.width and max(view.width - len(left), 20))
    ]
    for number, row in enumerate(lines):
        yield [(left if number == 0 else " " * len(left), DIM), (row, style)]


def _header(inspection: Inspection, view: View) -> Iterator[Row]:
    scrape = inspection.scrape
    yield from _field("source", scrape["source"], view, BOLD)
    size = [scrape["format"], f"{scrape['bytes']:,} bytes" if scrape["bytes"] is not None else ""]
    size.append(f"{scrape['chars']:,} characters" if inspection.text else "")
    yield from _field("form", " · ".join(filter(None, size)), view)
    lost = scrape["replacement_count"]
    encoding = scrape["encoding"] and scrape["encoding"] + (f" · {lost:,} characters could not be decoded" if lost else "")
    known = {"encoding": encoding, "fetched_at": scrape["fetched_at"] and scrape["fetched_at"].isoformat()}
    unknown = []
    for label in ("encoding", "url", "site", "title", "language", "fetched_at", "layout"):
        value = known.get(label, scrape[label])
        if value is not None:
            yield from _field(label, value, view)
        else:
            unknown.append(label)
    if scrape["licence"] is not None:
        yield from _field("licence", scrape["licence"], view)
    if inspection.text:
        yield from _field("not known", ", ".join(unknown), view, DIM)
    yield from _judgement(inspection, view)


def _judgement(inspection: Inspection, view: View) -> Iterator[Row]:
    scrape = inspection.scrape
    if inspection.posts:
        found, declared = scrape["answer_count"], scrape["declared_answer_count"]
        said = "none declared" if declared is None else f"{declared:,} declared"
        yield from _field("answers", f"{found:,} found · {said}", view, "" if declared in (None, found) else WARNING)
        yield from _field("confidence", f"{scrape['confidence']:.2f}", view)
    if inspection.text:
        kept, cut, chars = scrape["kept_chars"], scrape["cut_chars"], len(inspection.text)
        shares = f"{kept:,} characters kept ({kept / chars:.1%}) · {cut:,} cut ({cut / chars:.1%})"
        yield from _field("share", shares, view)
    yield from _field("verdict", scrape["verdict"], view, VERDICTS.get(scrape["verdict"], BOLD))
    for doubt in inspection.doubts():
        yield from _field("", doubt, view, WARNING)
    for refusal in inspection.refusals:
        if refusal["severity"] != "scrape":
            yield from _field("set aside", f"{refusal['column_name']}: {refusal['reason']}", view, WARNING)
        for label in ("value", "row"):
            if refusal[label]:
                yield from _field(label, refusal[label][:MAX_VALUE], view, DIM)


class _Stretches:
    """The text of a scrape, stretch by stretch, beside a gutter that says post, role and rule."""

    def __init__(self, inspection: Inspection, view: View) -> None:
        self.text, self.claims, self.view = inspection.text, inspection.claims, view
        self.post = max(1, len(str(len(inspection.posts) - 1)))
        self.role = max(len(neutralize(claim.role)) for claim in self.claims)
        self.offset = len(f"{len(self.text):,}") + 1 if view.offsets else 0
        longest = max(len(neutralize(rule)) for rule in {claim.rule for claim in self.claims})
        besides = self.offset + self.post + self.role + 7  # blanks between the columns, and the bar
        self.rule = longest if view.width is None else min(longest, max(6, view.width - besides - MIN_TEXT))
        self.gutter = besides + self.rule
        self.text_width = None if view.width is None else max(10, view.width - self.gutter)

    def rows(self) -> Iterator[Row]:
        for claim in self.claims:
            label = self._label(claim)
            style = style_of(claim.role, claim.post)
            for bar, text, dimmed in self._lines(claim):
                yield [
                    *label,
                    (f"{bar} ", style.replace("strike", "").replace("underline", "")),
                    (text, DIM if dimmed else style),
                ]
                label = self._no_label

    @cached_property
    def _no_label(self) -> Row:
        return [(" " * (self.gutter - 2), "")]

    def _label(self, claim: Claim) -> Row:
        offset = f"{claim.start:,}".rjust(self.offset - 1) + " " if self.offset else ""
        post = name_post(claim.post) if claim.role != "blank" else ""
        return [
            (offset, DIM),
            (f" {post:>{self.post}} ", BOLD),
            (
                pad(neutralize(claim.role), self.role) + " ",
                style_of(claim.role, claim.post).replace("strike", "").replace("underline", ""),
            ),
            (pad(neutralize(claim.rule), self.rule) + "  ", DIM),
        ]

    def _lines(self, claim: Claim) -> Iterable[tuple[str, str, bool]]:
        """Yield (bar, text, whether the text is a remark of ours) for each row of a stretch."""
        goes_on = claim.start > 0 and self.text[claim.start - 1] not in "\r\n"
        text = self.text[claim.start : claim.end]
        starts, ends = split_lines(text)
        lines = [text[start:end] for start, end in zip(starts, ends, strict=True)]
        shown = [line for line in lines if not self._is_blank(line)]
        bar = GOES_ON if goes_on else LINE
        if not shown:
            yield bar, _count_blanks(len(lines)), True
        elif self.view.brief:
            width = self.text_width or BRIEF_WIDTH
            yield bar, crop(self._safe(shown[0]), width), False
            if len(shown) > 2:
                yield LINE, f"{LEFT_OUT} {len(shown) - 2:,} more lines" if len(shown) > 3 else f"{LEFT_OUT} 1 more line", True
            if len(shown) > 1:
                yield LINE, crop(self._safe(shown[-1]), width), False
        else:
            yield from self._whole(lines, bar)

    def _whole(self, lines: list[str], bar: str) -> Iterator[tuple[str, str, bool]]:
        blanks = 0
        for line in lines:
            if self._is_blank(line):
                blanks += 1
                continue
            if blanks:
                yield bar, _count_blanks(blanks), True
                bar, blanks = LINE, 0
            for row in wrap(self._safe(line), self.text_width):
                yield bar, row, False
                bar = GOES_ON
            bar = LINE
        if blanks > 1:
            yield bar, _count_blanks(blanks), True

    def _safe(self, line: str) -> str:
        return neutralize(line, show_invisible=self.view.show_invisible)

    def _is_blank(self, line: str) -> bool:
        return not line or (not self.view.show_invisible and line.isspace() and neutralize(line).isspace())


def _count_blanks(count: int) -> str:
    return f"{BLANKS} {count:,}" if count > 1 else ""


def name_post(post: int | None) -> str:
    """Return how the gutter names a post: Q, 1, 2 …; what is in no record is marked as cut."""
    return CUT if post is None else "Q" if post == 0 else str(post)


def _legend(inspection: Inspection) -> Iterator[Row]:
    used = {claim.role for claim in inspection.claims}
    known = [role for role in STYLES if role in used]
    row: Row = [("  ", "")]
    for role in [*known, *sorted(used - set(known))]:
        row += [(neutralize(role), style_of(role)), ("  ", "")]
        if role in EVERY_OTHER:
            row[-1:] = [(" or ", DIM), (neutralize(role), EVERY_OTHER[role]), ("  ", "")]
    yield row
    comments = ", then the comments" if inspection.under else ""
    yield [(f"  Q the question, 1 2 … the answers{comments}, {CUT} cut: in no record", DIM)]
    yield [(f"  {LINE} a line begins, {GOES_ON} it goes on, {BLANKS} n: n blank lines", DIM)]
    yield [("  ␛ and ⟨…⟩ stand for what a terminal would obey or hide", DIM)]


def _post(number: int, post: Post, inspection: Inspection, view: View) -> Iterator[Row]:
    length = len(post.body or "")
    facts = [f"confidence {post.confidence:.2f}", f"{length:,} characters" if length else "no body"]
    facts += [f"votes {post.votes:,}"] if post.votes is not None else []
    facts += [f"posted {post.posted_at_raw}"] if post.posted_at_raw else []
    under = inspection.under_of(number)
    facts += [f"a comment under {name_post(under)}"] if under is not None else []
    left = f"  {name_post(number):>3} "
    yield [(left, BOLD), (neutralize(" · ".join(facts)), "")]
    title = None if number else inspection.title
    for label, value in (("title", title), ("headline", post.headline)):
        if value:
            yield from _field(label, value, view, STYLES[label], indent=len(left))
    yield from _field("author", describe_author(post.byline), view, STYLES["byline"] if post.byline else DIM, indent=len(left))
    if post.byline and post.byline.printed:
        yield from _field("as printed", post.byline.printed, view, DIM, indent=len(left))


def describe_author(byline: Byline | None) -> str:
    """Return an attribution as it was read, field by field.

    >>> describe_author(Byline("Ann Lee, MD", name="Ann Lee", credentials=("MD",), rating=4.5, review_count=1200))
    'name Ann Lee · credentials MD · rating 4.5 (1,200 reviews)'
    """
    if byline is None:
        return "not known"
    rating = None if byline.rating is None else f"{byline.rating:g}"
    if byline.review_count is not None:
        rating = f"{rating or 'none'} ({byline.review_count:,} reviews)"
    fields = {
        "name": byline.name,
        "suffix": byline.suffix,
        "credentials": ", ".join(byline.credentials) or None,
        "role": byline.role,
        "place": byline.location,
        "rating": rating,
        "profile": byline.profile_url,
    }
    said = [f"{label} {value}" for label, value in fields.items() if value is not None]
    return " · ".join(said + ["in memoriam"] * byline.in_memoriam) or "nothing read"
