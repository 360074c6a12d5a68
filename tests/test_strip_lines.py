"""Lines: offsets, folding, and what holds for any text."""

# ruff: noqa: RUF001 (letters of other scripts are what is tested)

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.records import Line
from flows.strip.artifacts import mark_lines, split_lines
from flows.strip.fold import fold
from flows.strip.repair import _PLAIN_SIGNS, repair_span, smooth_text
from flows.strip.residue import find_residue

PIECES = [
    *("{{", "}}", "{%", "%}", "<%", "%>", "${", "}", "#{", "[[", "]]", "{#", "#}", "'", '"', "`", "```", "=", ";", ":"),
    *("\n", "\r\n", "\r", "\n\n", " ", "    ", "\t", "\u00a0", "\u200b", "\u200d", "\u0085", "\u2028", "\x0c"),
    *("a.b", "name", "Hi ", ", ", "7 Answers", "+3", "undefined", "Jinja template", "people found this helpful", "x"),
    *("é", "Ã©", "â€™", "★★★★★", "😀", "\ud800"),
]
PAGES = st.lists(st.sampled_from(PIECES), max_size=40).map("".join) | st.text(max_size=200)


@pytest.mark.parametrize(
    ("text", "bounds"),
    [
        ("", []),
        ("a", [(0, 1)]),
        ("a\n", [(0, 1)]),
        ("\n", [(0, 0)]),
        ("a\n\nb", [(0, 1), (2, 2), (3, 4)]),
        ("a\r\nb\rc\n", [(0, 1), (3, 4), (5, 6)]),
        ("a\x0bb\x85c\u2028d", [(0, 7)]),
    ],
)
def test_lines_end_where_they_end(text: str, bounds: list[tuple[int, int]]) -> None:
    assert list(zip(*split_lines(text), strict=True)) == bounds
    assert [(line.start, line.end) for line in mark_lines(text)] == [(start, end) for start, end in bounds if start < end]


@pytest.mark.parametrize(
    ("raw", "folded"),
    [
        (" a \u00a0 b\t", "a b"),
        ("co\u00adop\u200b\ufeff", "coop"),
        ("\u200eleft\u200f", "left"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("क्\u200dष", "क्\u200dष"),
        ("👩\u200d⚕️", "👩\u200d⚕️"),
        ("a\u200db", "ab"),
        ("\u200b \u00a0", ""),
    ],
)
def test_folding_keeps_what_is_read(raw: str, folded: str) -> None:
    assert fold(raw) == folded
    assert [line.text for line in mark_lines(raw)] == ([folded] if folded else [])


def test_a_line_of_invisible_characters_is_blank() -> None:
    assert [(line.text, line.gap) for line in mark_lines("\u200b\n  \n\u00a0\nend\n \nafter")] == [("end", 3), ("after", 1)]


@given(PAGES)
@settings(max_examples=400, deadline=None, derandomize=True)
def test_a_smooth_page_reads_the_same_line_by_line(text: str) -> None:
    smooth = smooth_text(text)
    if smooth is not None:
        starts, ends = split_lines(text)
        for start, end in zip(starts, ends, strict=True):
            assert " ".join(smooth[start:end].split()) == repair_span(text[start:end])


def test_no_row_of_plain_signs_is_taken_for_mojibake() -> None:
    for signs in itertools.product([*_PLAIN_SIGNS, "a", " "], repeat=4):
        assert fold("".join(signs)) == repair_span("".join(signs))


@given(PAGES)
@settings(max_examples=400, deadline=None, derandomize=True)
def test_between_the_lines_stand_only_blank_ones(text: str) -> None:
    lines = mark_lines(text)
    at = 0
    for line in lines:
        between = text[at : line.start]
        assert repair_span(between) == ""
        assert len(split_lines(between)[0]) - (at > 0) == line.gap
        assert line.start < line.end
        assert "\n" not in text[line.start : line.end]
        assert "\r" not in text[line.start : line.end]
        at = line.end
    assert repair_span(text[at:]) == ""


@given(PAGES)
@settings(max_examples=400, deadline=None, derandomize=True)
def test_cuts_lie_in_their_line_in_order(text: str) -> None:
    for line in mark_lines(text):
        edges = [line.start, *(edge for cut in line.cuts for edge in (cut.start, cut.end)), line.end]
        assert edges == sorted(edges)
        assert all(cut.start < cut.end for cut in line.cuts)
        assert line.role is None or not line.cuts
        assert (line.text == "") == (line.role == "artifact")
        assert line.role is None or line.rule


@given(PAGES)
@settings(max_examples=400, deadline=None, derandomize=True)
def test_nothing_is_lost_or_moved(text: str) -> None:
    for line in mark_lines(text):
        if line.role is None:
            edges = [line.start, *(e for cut in line.cuts if cut.role == "artifact" for e in (cut.start, cut.end)), line.end]
            kept = [text[low:high] for low, high in zip(edges[::2], edges[1::2], strict=True)]
            assert re.sub(r"\s", "", line.text) == re.sub(r"\s", "", "".join(map(repair_span, kept)))


@given(PAGES)
@settings(max_examples=400, deadline=None, derandomize=True)
def test_no_residue_stays_that_is_not_marked_as_code(text: str) -> None:
    for line in mark_lines(text):
        if line.role is None and find_residue(line.text):
            assert any(cut.role == "code" for cut in line.cuts)


@given(PAGES)
@settings(max_examples=300, deadline=None, derandomize=True)
def test_cleaning_what_is_clean_changes_nothing(text: str) -> None:
    once = mark_lines(text)
    twice = mark_lines("".join("\n" * line.gap + keep(text, line) + "\n" for line in once))
    for first, second in zip([line for line in once if line.role is None], twice, strict=True):
        if not any(cut.role == "code" for cut in first.cuts):  # what a neighbour said of code may have gone with a cut
            assert (second.text, second.cuts) == (first.text, ())


def keep(text: str, line: Line) -> str:
    """The line as a reader would keep it; one with code as it stands, for its indent is evidence."""
    if line.role is not None:
        return ""
    return text[line.start : line.end] if any(cut.role == "code" for cut in line.cuts) else line.text


HOSTILE = [
    *(
        "{{",
        "{{ x ",
        "<%",
        "<% ",
        "[[",
        "{{ ' ",
        '{{ " }',
        "${ ",
        "{",
        "{{x}} ",
        "{{\n",
        "{{ x\n",
        "[[ a ]] ",
        "{{{ }} ",
        "${ '",
    ),
    *("word ", "word\n", "\n", "```\n", "`", "{{ }", "7 Answers\n", "{# ", "\u00a0", "\u200b", "é ", "Ã© ", "{count, plural, "),
    *("$t('", "a: {{ b }}\n", "{{ a }} b c\n", "[code]", "%{", "}}", "é{{\u200b "),
]


@pytest.mark.parametrize("unit", HOSTILE, ids=repr)
def test_twice_the_text_takes_no_more_than_a_few_times_as_long(unit: str) -> None:
    def spent(chars: int) -> float:
        text = unit * (chars // len(unit))
        return min(measure(lambda: mark_lines(text)) for _ in range(2))

    small, large = spent(10_000), spent(40_000)
    assert large < 12 * small + 0.05  # four times the text; quadratic would be 16 times


def test_large_pages_are_read_in_time() -> None:
    assert measure(lambda: mark_lines("word " * 2_000_000)) < 5
    assert measure(lambda: mark_lines("{{" * 1_000_000)) < 5
    assert measure(lambda: mark_lines("a line of text\n" * 100_000)) < 5


def measure(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def test_what_a_line_is_does_not_depend_on_the_pages_before() -> None:
    shown = "\u25b2\u25bc"
    broken = shown.encode().decode("windows-1252")
    for page in (f"Caf\u00c3\u00a9 au lait.\n\n{broken}", shown, f"Caf\u00c3\u00a9 au lait.\n\n{broken}"):
        assert mark_lines(page)[-1].role == "votes"
