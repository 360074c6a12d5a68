"""A page costs what its length says, or is refused with the reason: no markup makes its time grow with the square of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from flows.authors.resolve import author_key
from flows.pipeline import take_page
from flows.read import deadline, parsing_costs
from flows.read.files import page_from
from flows.read.inputs import Provenance
from flows.records import Page, Unreadable
from flows.rows import STAGED, Rows
from schemas import polars_schema
from tests.conftest import THREAD, table, write_files
from tests.growth import growth_of
from tests.inline import clean_inline

LINEAR = 1.5  # the power that a test lets pass: well below the square, and above the noise of a machine


def as_page(body: str) -> str:
    return f"<!doctype html><html><body><h1>Why does it hum?</h1>{body}</body></html>"


def post(number: int, body: str) -> str:
    return f"<div class=p><a href=/u/{number}>user{number}</a> <time>2024-01-01</time><p>{body}</p></div>"


EXCESSES: dict[str, Callable[[int], str]] = {
    "attributes": lambda n: as_page("<div " + " ".join(f"a{i}" for i in range(5 * n)) + ">x</div>"),
    "quoted attributes": lambda n: as_page("<div " + "".join(f"a{i}='>'" for i in range(5 * n)) + ">x</div>"),
    "options": lambda n: as_page("<select>" + "<option selected>x" * n + "</select>"),
    "groups of options": lambda n: as_page("<select>" + "<optgroup><option>x" * n + "</select>"),
    "open fonts": lambda n: as_page("".join(f"<p><font color={i}>x" for i in range(n))),
    "open links in cells": lambda n: as_page("".join(f"<td><b id={i}>x</td>" for i in range(n))),
    "depth": lambda n: as_page("<div>" * 3 * n),
    "depth with ends of what is not open": lambda n: as_page("<div></b>" * 3 * n),
    "lists in lists": lambda n: as_page("<dl><dt>a<dd>b" * n),
    "paragraphs deep down": lambda n: as_page("<span>" * (n // 4) + "<p>x" * 4 * n),
}


@pytest.mark.parametrize("kind", EXCESSES)
def test_a_page_whose_parsing_would_grow_with_its_square_is_refused_unparsed(kind: str) -> None:
    refused = page_from(EXCESSES[kind](9000).encode(), "a.html", "html", Provenance())
    assert isinstance(refused, Unreadable)
    assert refused.check in ("too-complex", "too-deep")
    assert isinstance(page_from(EXCESSES[kind](100).encode(), "a.html", "html", Provenance()), Page)


@pytest.mark.parametrize(
    "body",
    [
        "<p>" + "it's <b>bold</b> and don't <i>lean</i>" * 4000,
        "<script>" + "for(i=0;i<n;i++){a[i]=b / c}\n" * 4000 + "</script>",
        "".join(f"<p><font color=red>line {n}" for n in range(3000)),
        "".join(f"<select><option>{n}<option>b</select>" for n in range(2000)),
        "<p title='" + "word " * 60_000 + "'>x",
    ],
    ids=["apostrophes", "script", "equal fonts left open", "many lists", "a long value"],
)
def test_large_pages_of_the_usual_kind_are_parsed(body: str) -> None:
    assert parsing_costs.find_excess(as_page(body)) is None


ASKED = "Why does it hum?\n\nIt hums all day, since the spring.\n\n"
ANSWERED = ASKED + "Answer by Ann Lee:\nIt hums as its motor turns all day long.\n\n"
GROWING: dict[str, Callable[[int], str]] = {
    "equal tiny posts": lambda n: as_page("".join(post(i, f"x{i}") for i in range(n))),
    "posts": lambda n: as_page("".join(post(i, f"The motor hums on floor {i} of the house, all day.") for i in range(n))),
    "posts of one body": lambda n: as_page("".join(post(i, "The motor hums on a floor, all day long.") for i in range(n))),
    "cells": lambda n: as_page("<table><tr>" + "<td>cell" * 4 * n + "</table>"),
    "lines": lambda n: "one line of the text that is equal\n" * 4 * n,
    "cells of tables in tables": lambda n: as_page("<table><tr>x<td>y" * n),
    "frames": lambda n: as_page("<iframe><b>x</b></iframe>" * n),
    "one long line": lambda n: ANSWERED + "words of a line without an end " * 100 * n,
    "blank lines": lambda n: ANSWERED + "\n \n" * 20 * n,
    "marks of answers": lambda n: ASKED + "".join(f"Answer by Ann{i}:\nIt hums {i}.\n" for i in range(2 * n)),
    "dates": lambda n: ASKED + "".join(f"{i} days ago\nIt hums.\n\n" for i in range(n)),
    "quotes in quotes": lambda n: ANSWERED + "".join(">" * (i % 200) + f" it hums {i}\n" for i in range(2 * n)),
    "residues": lambda n: ANSWERED + "so {{ x }} it hums {{ on. " * 4 * n,
    "mojibake": lambda n: ANSWERED + "Itâ€™s a cafÃ© in MÃ¼nchen.\n" * 2 * n,
    "addresses": lambda n: ANSWERED + "".join(f"see https://a.example/{i}?x={i}\n" for i in range(2 * n)),
    "bylines": lambda n: "".join(f"Anna Berg{i}, MD\nWords of an answer are here.\n\n" for i in range(n)),
}  # fmt: skip


def split(text: str) -> None:
    form = "html" if text.startswith("<") else "txt"
    page = page_from(text.encode(), f"a.{form}", form, Provenance())
    take_page(Rows({name: tuple(polars_schema(name)) for name in STAGED}, author_key), page)


@pytest.mark.slow
@pytest.mark.parametrize("kind", GROWING)
def test_the_time_of_a_page_grows_as_its_length_does(kind: str) -> None:
    split(GROWING[kind](10))
    assert growth_of(GROWING[kind], split, 500) < LINEAR


HUGE: dict[str, Callable[[], str]] = {
    "tags": lambda: as_page("<p>x" * 400_001),
    "attributes": lambda: as_page("<p a b c d e f g>" * 100_000),
    "lines": lambda: "Why?\n" + "a\n" * 500_000,
}


@pytest.mark.parametrize("kind", HUGE)
def test_a_page_whose_parts_would_fill_the_memory_is_refused(kind: str) -> None:
    form = "txt" if kind == "lines" else "html"
    refused = page_from(HUGE[kind]().encode(), f"a.{form}", form, Provenance())
    assert isinstance(refused, Unreadable)
    assert (refused.check, kind in refused.reason) == ("too-complex", True)


DEEPEST = {"blocks": "<div>x", "lists": "<ul><li>x", "items": "<div itemscope itemprop=a>x", "tables": "<table><tr>x<td>y"}


@pytest.mark.parametrize("kind", DEEPEST)
def test_the_deepest_page_that_is_parsed_takes_no_two_seconds(kind: str) -> None:
    began = time.process_time()
    assert isinstance(page_from(as_page(DEEPEST[kind] * 4_900).encode(), "a.html", "html", Provenance()), Page)
    assert time.process_time() - began < 2


def test_a_page_that_takes_too_long_is_refused_and_the_others_are_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import flows.pipeline as path

    monkeypatch.setattr(deadline, "MOST_SECONDS", 0.2)
    real = path.mark_lines

    def look(text: str) -> list[object]:
        while "endless" in text:
            pass
        return real(text)  # type: ignore[return-value]

    monkeypatch.setattr(path, "mark_lines", look)
    raw = write_files(tmp_path / "raw", {"a.txt": THREAD.replace("knee", "endless knee"), "b.txt": THREAD})
    clean_inline(raw, tmp_path / "out")
    assert table(tmp_path / "out", "rejects").select("source", "check_name").rows() == [("a.txt", "too-slow")]
    assert table(tmp_path / "out", "questions").height == 1


def test_a_reader_that_takes_too_long_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadline, "MOST_SECONDS", 0.1)

    def read_for_ever(*_: object, **_options: object) -> None:
        while True:
            pass

    monkeypatch.setattr("flows.read.files.decode", read_for_ever)
    refused = page_from(b"Why?", "a.txt", "txt", Provenance())
    assert isinstance(refused, Unreadable)
    assert refused.check == "too-slow"
