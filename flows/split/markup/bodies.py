"""The box of a post → its body as plain text: paragraphs, lists, quotes, code.

BeautifulSoup reads the markup of the box's quotes, lists and tables; the words are the page's own pieces of text, in order.
Where the two do not see the same words (a parser has mended something), and where there is but lines and code, the elements of
the fast tree give the structure: nothing is lost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from bs4 import BeautifulSoup
from bs4.element import Comment, NavigableString, PreformattedString, Tag

from flows.records import Markup
from flows.split.markup.vocabulary import names_quote

MAX_BOX = 400_000  # characters of markup that BeautifulSoup is given; more than any post of a forum has
MAX_QUOTES = 20  # quotations in quotations that are told apart; each of them marks every line
MAX_NESTED = 300  # elements deep: beyond that its own walk may fail
UNSEEN = frozenset({"script", "style", "template"})
STRUCTURED = frozenset({"blockquote", "ul", "ol", "li", "table", "tbody", "tr", "td", "th"})  # the rest of a box is lines alone
NAMED = frozenset({"div", "aside", "table", "section"})  # that may be a quotation by their class


class Context(NamedTuple):
    """What stands around a text: how many quotes, which item of a list, which block of code, which cell of which row."""

    quotes: int = 0
    item: int = 0  # a number of its own for each item; 0: none
    marker: str = ""
    typed: int = 0
    row: int = 0
    cell: int = 0


class Count:
    """Numbers for items, rows and blocks as they are met."""

    def __init__(self) -> None:
        self.last = 0
        self.ordered: dict[int, int] = {}

    def next(self) -> int:
        """Return the next number."""
        self.last += 1
        return self.last


def enter(around: Context, tag: str, names: str, listed: tuple[str, int], count: Count) -> Context:
    """Return the context inside an element; `listed` is the tag and an identity of the element around it."""
    if tag == "blockquote" or (names and tag in NAMED and names_quote(names)):
        return around._replace(quotes=min(around.quotes + 1, MAX_QUOTES))
    if tag == "li":
        above, identity = listed
        number = count.ordered[identity] = count.ordered.get(identity, 0) + 1
        return around._replace(item=count.next(), marker=f"{number}. " if above == "ol" else "- ")
    if tag == "pre":
        return around._replace(typed=count.next())
    if tag == "tr":
        return around._replace(row=count.next(), cell=0)
    if tag in ("td", "th"):
        return around._replace(cell=count.next())
    return around


def read_contexts(markup: Markup, text: str, body: int) -> list[Context]:
    """Return the context of each piece of a body: BeautifulSoup reads quotes, lists and tables, if it sees the same words."""
    count, first, shown = Count(), markup.first[body], list[Context]()
    contexts = {body: Context()}
    pieces: list[Context | None] = [None] * (markup.last[body] - first)
    number, end = body + 1, markup.ends[body]
    while number < end:
        tag, parent = markup.tags[number], markup.parents[number]
        if tag in STRUCTURED and (found := _read_structure(markup, text, number, contexts[parent], count)) is not None:
            pieces[markup.first[number] - first : markup.last[number] - first] = found
            number = markup.ends[number]
            continue
        names = (markup.attributes_of(number).get("class") or "") if tag in NAMED else ""
        contexts[number] = enter(contexts[parent], tag, names, (markup.tags[parent], -parent), count)
        number += 1
    last = Context()
    for at, known in enumerate(pieces):
        if text[markup.starts[first + at] : markup.stops[first + at]].strip():  # a blank one goes with what precedes it
            last = contexts[markup.owners[first + at]] if known is None else known
        shown.append(last)
    return shown


def _read_structure(markup: Markup, text: str, element: int, around: Context, count: Count) -> list[Context] | None:
    """Return the context of each piece of a quote, a list or a table; None where BeautifulSoup sees other words."""
    if markup.first[element] == markup.last[element]:
        return []
    html = markup.read_box(element) if _is_readable(markup, element) else None
    if html is None or len(html) > MAX_BOX:
        return None
    parent = markup.parents[element]
    return _align(markup, text, element, list(_read_soup(html, around, (markup.tags[parent], -parent), count)))


def _is_readable(markup: Markup, element: int) -> bool:
    """Whether nothing in an element nests deeper than BeautifulSoup walks."""
    if markup.depth <= MAX_NESTED:
        return True
    depth = {element: 0}
    for number in range(element + 1, markup.ends[element]):
        depth[number] = depth[markup.parents[number]] + 1
        if depth[number] > MAX_NESTED:
            return False
    return True


def _read_soup(html: str, around: Context, listed: tuple[str, int], count: Count) -> Iterator[tuple[str, Context]]:
    """Yield each text of an element that shows something, with its context; `around` and `listed` are those of the element."""
    # Without lists of classes and line numbers, which nobody asks for, it reads a fifth faster.
    soup = BeautifulSoup(html, "html.parser", multi_valued_attributes=None, store_line_numbers=False)
    stack: list[tuple[Iterator[object], Context, str, int]] = [(iter(soup.children), around, *listed)]
    while stack:
        children, around, name, identity = stack[-1]
        child = next(children, None)
        if child is None:
            stack.pop()
        elif isinstance(child, Tag):
            if child.name not in UNSEEN:
                names = str(child.attrs.get("class") or "")
                inside = enter(around, child.name, names, (name, identity), count)
                stack.append((iter(child.children), inside, child.name, count.next()))
        elif isinstance(child, NavigableString) and not isinstance(child, Comment | PreformattedString):
            yield str(child), around


def _align(markup: Markup, text: str, element: int, found: list[tuple[str, Context]]) -> list[Context] | None:
    """Return the contexts of the pieces of an element from those of BeautifulSoup's texts; None where the words differ."""
    shown = [(words, around) for words, around in found if words.strip()]
    contexts: list[Context] = []
    at = 0
    for piece in range(markup.first[element], markup.last[element]):
        words = text[markup.starts[piece] : markup.stops[piece]]
        if not words.strip():
            contexts.append(Context())
            continue
        if at == len(shown) or words.split() != shown[at][0].split():
            return None
        contexts.append(shown[at][1])
        at += 1
    return contexts if at == len(shown) else None


class Rendered(NamedTuple):
    """A body as plain text, and the stretches of it that rendering put in."""

    text: str | None
    marks: tuple[tuple[int, int], ...]


class Line:
    """One line of a body while it is put together."""

    def __init__(self, blank: bool, context: Context, mark: str) -> None:  # noqa: FBT001 -- two kinds of line
        self.blank, self.context, self.mark = blank, context, mark
        self.parts: list[str] = []


def render(text: str, stretches: list[tuple[int, int, Context]], repair: Callable[[str], str], whole: int) -> Rendered:
    """Return the plain text of a body's stretches of the page's text, in order; `whole` quotes hold all of it."""
    lines: list[Line] = []
    before = None
    items: set[int] = set()
    for start, end, context in stretches:
        breaks = 2 if before is None else _breaks(text, before[1], start)
        fresh = context.item > 0 and context.item not in items and not text[start:end].isspace()
        if fresh:
            items.add(context.item)
        _add(lines, text[start:end], context, before[2] if before else None, breaks, fresh)
        before = (start, end, context)
    return _assemble(lines, repair, whole)


def _breaks(text: str, end: int, start: int) -> int:
    """Return how the text between two stretches parts them: 0 not at all, 1 a line, 2 a paragraph."""
    between = text[end:start]
    if "\n" not in between:
        return 0
    return 2 if "\n\n" in between else 1


def _add(lines: list[Line], words: str, context: Context, last: Context | None, breaks: int, fresh: bool) -> None:  # noqa: FBT001 -- whether its item is new
    """Add a stretch: to the last line, or as lines of its own."""
    if last is not None and (context.item != last.item or context.typed != last.typed or context.quotes != last.quotes):
        breaks = max(breaks, 1)
    if not words.strip() and not context.typed:
        if lines and not breaks:
            lines[-1].parts.append(" ")
        return
    if (
        last is not None
        and context.row == last.row
        and context.cell != last.cell
        and context.row
        and lines
        and not context.typed
    ):
        lines[-1].parts.append("\0| ")  # the cells of a row stay on a line
        breaks = 0
    for at, line in enumerate(words.split("\n")):
        if at or breaks or not lines:
            blank = not at and breaks == 2
            lines.append(Line(blank, context, context.marker if fresh and not at else ""))
        lines[-1].parts.append(line)


def _without_blank(lines: list[Line]) -> list[Line]:
    """Return the lines that show something; of those as typed also the empty ones within, not at the edges."""
    shown = [line for line in lines if line.context.typed or "".join(line.parts).replace("\0| ", "").strip()]
    kept: list[Line] = []
    held: list[Line] = []  # empty lines as typed: kept if the same block goes on
    for line in shown:
        if line.context.typed and not "".join(line.parts).strip():
            if kept and kept[-1].context.typed == line.context.typed:
                held.append(line)
            continue
        if held and held[0].context.typed == line.context.typed:
            kept += held
        held = []
        kept.append(line)
    return kept


def _assemble(lines: list[Line], repair: Callable[[str], str], whole: int) -> Rendered:
    out: list[str] = []
    marks: list[tuple[int, int]] = []
    size, typed, last_quoted = 0, 0, ""
    last: Context | None = None

    def put(words: str, *, mark: bool = False) -> None:
        nonlocal size
        if words:
            if mark:
                marks.append((size, size + len(words)))
            out.append(words)
            size += len(words)

    shown = _without_blank(lines)
    for at, line in enumerate(shown):
        context = line.context
        quoted = "> " * max(0, context.quotes - whole)
        if context.typed != typed and typed:
            put("\n" + last_quoted + "```", mark=True)
        if out:
            listed = context.item and last is not None and last.item and line.mark
            apart = (line.blank and not listed and not (typed and context.typed == typed)) or (
                last is not None and (last.quotes != context.quotes or last.typed != context.typed)
            )
            if apart and context.quotes > whole and last is not None and last.quotes == context.quotes:
                put("\n")
                put(quoted.rstrip(), mark=True)  # the empty line of a quotation is one of its lines
                put("\n")
            else:
                put("\n\n" if apart else "\n")
        if context.typed and context.typed != typed:
            put(quoted + "```\n", mark=True)
        put(quoted + line.mark, mark=True)
        if context.typed:
            put("".join(line.parts).rstrip())
        else:
            cells = "".join(line.parts).split("\0| ")
            filled = [cell for cell in map(repair, cells) if cell]
            for number, cell in enumerate(filled):
                put(" | " if number else "", mark=True)
                put(cell)
        typed, last, last_quoted = context.typed, context, quoted
        if at == len(shown) - 1 and typed:
            put("\n" + quoted + "```", mark=True)
    body = "".join(out)
    return Rendered(body or None, tuple(marks)) if body.strip() else Rendered(None, ())
