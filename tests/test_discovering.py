"""The room that proposes: selectors that two readers of them agree on, files that load, tables that stay small."""

from __future__ import annotations

import json
import tomllib
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.discovering import recurring
from flows.discovering.holders import find_element
from flows.discovering.looks import Looks, look_of
from flows.discovering.matching import propose
from flows.discovering.proposals import group_alike, propose_layout
from flows.discovering.recurring import LineTable, PostLines
from flows.discovering.shapes import choose_gate, mask_line, names_pattern, show_shape, widen_shape, write_pattern
from flows.discovering.sketches import PageSeen, PostSeen, Sketch
from flows.discovering.writing import name_rule, write_comment, write_layout, write_rule, write_string
from flows.errors import WrongUse
from flows.read.files import page_from
from flows.read.inputs import Provenance
from flows.records import Markup, Page
from flows.rules import check_rules, compile_pattern, read_rules
from flows.sightings import tell_page
from flows.split.engines import read_layouts
from flows.split.markup.dates import iter_dates
from flows.split.markup.survey import Survey
from flows.split.markup.trimming import find_trims
from flows.split.repeats import find_posts
from tests.sites.generator import SITES, make_pages


def read(html: str) -> Page:
    page = page_from(html.encode("utf-8", "surrogatepass"), "page.html", "html", Provenance())
    assert isinstance(page, Page)
    return page


def sketch_of(html: str, looks: Looks) -> tuple[Sketch, Markup]:
    page = read(html)
    assert page.markup is not None
    survey = Survey(page, page.markup)
    found = find_posts(survey)
    seen = PageSeen(page.source, []) if found is None else tell_page(survey, found, find_trims(survey, found))
    return Sketch(page.markup, seen, looks), page.markup


@cache
def sketches_of(site: str) -> list[tuple[Sketch, Markup]]:
    looks = Looks()
    return [sketch_of(page.html, looks) for page in make_pages(site, 6, 3)]


# -- selectors --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("site", SITES)
def test_a_selector_finds_what_the_parser_of_pages_finds_by_it(site: str) -> None:
    held = sketches_of(site)
    targets = [
        (sketch, number)
        for sketch, _ in held
        for post in sketch.seen.posts
        for number in (post.body, *sketch.ancestors(post.body, 4))
    ]
    selectors = propose(targets, held[0][0].looks)
    assert len(selectors) > 20
    for selector in selectors:
        for sketch, markup in held[:2]:
            assert selector.select(sketch) == markup.select(selector.css), selector.css


@pytest.mark.parametrize("site", SITES)
def test_every_post_is_told_with_elements_that_stand_on_the_page(site: str) -> None:
    for sketch, markup in sketches_of(site):
        for post in sketch.seen.posts:
            assert post.body in post.right["body"]
            assert markup.first[post.whole] <= markup.first[post.body] <= markup.last[post.body] <= markup.last[post.whole]
            for numbers in post.right.values():
                assert all(0 < number < len(markup.tags) for number in numbers)


def test_what_numbers_a_post_is_no_part_of_a_selector() -> None:
    attributes = {"class": "post p-88123 js-post", "id": "post-88123", "data-id": "88123", "data-role": "body"}
    parts = {".post", ".js-post", "[id^=post-]", "[data-id]", "[data-role]", "[data-role=body]"}
    assert look_of("div", attributes) == ("div", parts)
    assert look_of("a", {"href": "https://a.example/members/ada.7/"})[1] == {'[href*="/members/"]'}


def reply(at: int, inside: str = "") -> str:
    return (
        f'<li class="reply" id="r-{7100 + 13 * at}"><div class="says"><a class="username" href="/user/u{at}">writer{at}</a> '
        f'<time datetime="2021-05-0{at + 1}T10:00:00Z">{at + 1} May 2021</time><div class="words"><p>Answer number {at} '
        f"says that {'kneading ' * (at + 3)} helps the dough.</p></div></div><ul>{inside}</ul></li>"
    )


def test_records_in_one_another_are_told_as_nested() -> None:
    looks, held = Looks(), []
    for page in range(3):
        tree = reply(page) + reply(page + 1, reply(page + 2, reply(page + 3))) + reply(page + 4)
        head = f"<!doctype html><title>Dough {page}?</title><body class=forum><h1>Dough {page}?</h1>"
        held.append(sketch_of(f"{head}<ul>{tree}</ul>", looks)[0])
    assert all(len(sketch.seen.posts) == 5 for sketch in held)
    element, nested = find_element(held, "posts")
    assert (element.css, nested) == ([".reply"], True)


def test_pages_of_different_make_are_told_apart() -> None:
    looks = Looks()
    mixed = [sketch_of(page.html, looks)[0] for site in ("phpbb", "xenforo") for page in make_pages(site, 4, 3)]
    assert [len(group) for group in group_alike(mixed[::2] + mixed[1::2])] == [4, 4]


def test_posts_that_nothing_holds_alone_give_no_layout() -> None:
    looks, held = Looks(), []
    for at in range(4):
        page = read(f"<body><div class=k{at}><p>One</p><p>Two</p></div>")
        assert page.markup is not None
        bodies = [number for number, tag in enumerate(page.markup.tags) if tag == "p"]
        posts = [PostSeen(body, body, {"body": frozenset({body}), "tight": frozenset({body})}) for body in bodies]
        held.append(Sketch(page.markup, PageSeen(f"{at}", posts), looks))
    reason = propose_layout(held)
    assert isinstance(reason, str)
    assert "\n" not in reason


NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_-]{0,12}", fullmatch=True)


def made_page(names: list[str], prefix: str, page: int) -> str:
    post, body, author, date = names
    mark = prefix.replace("&", "&amp;").replace('"', "&quot;")
    posts = [
        f'<div class="{post}" id="{mark}{9001 + 17 * at}"><a class="{author}" href="/u/{at}">writer {at}</a>'
        f'<time class="{date}">{at + 1} May 202{page}</time>'
        f'<div class="{body}"><p>Answer {at} of page {page}: the {"old " * (at + 2)}dough rises.</p></div></div>'
        for at in range(4)
    ]
    return f"<!doctype html><title>Dough?</title><body class=forum><h1>Dough?</h1>{''.join(posts)}"


@settings(max_examples=25)
@given(names=st.lists(NAMES, min_size=4, max_size=4, unique=True), prefix=st.from_regex(r"[a-z_'\"&-]{0,6}", fullmatch=True))
def test_a_layout_of_any_names_loads(names: list[str], prefix: str) -> None:
    looks = Looks()
    held = [sketch_of(made_page(names, prefix, page), looks)[0] for page in range(3)]
    if not all(sketch.seen.posts for sketch in held):
        return  # such names hide posts from the general splitter: "signature", "nav"
    proposal = propose_layout(held)
    assert not isinstance(proposal, str)
    toml = write_layout(proposal, "drawn", 'the "drawn"\n site', "1", "why\\not 'now'")
    with TemporaryDirectory() as folder:
        (Path(folder) / "drawn.toml").write_text(toml, "utf-8")
        (layout,) = read_layouts(Path(folder))
    assert layout.engine == 'the "drawn"\n site'


# -- rules ------------------------------------------------------------------------------------------------------------------


def test_shapes_mask_what_differs() -> None:
    names = names_pattern(["Ada", "Al", "Tom Dahl"])

    def shape(line: str) -> str:
        return show_shape(mask_line(line, names, iter_dates))

    assert shape("Last edited by Tom Dahl on 3 May 2021, 10:15; edited 12 times in total") == (
        "Last edited by ‹name› on ‹date›; edited ‹number› times in total"
    )
    assert shape("Adages and Al") == "Adages and Al"  # a name of two letters is no mark of a person
    assert show_shape(widen_shape("Sent from my Pocket Pro 7 using Forumapp")) == "Sent from my ‹name› using ‹name›"
    assert widen_shape("Ada Lovelace") is None


LINES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\ue000\ue001\ue002"), min_size=1, max_size=80).map(
    lambda text: " ".join(text.split())
)


def table_of(lines: list[str]) -> LineTable:
    held = LineTable(iter_dates, lambda _: False)
    for page in range(8):
        posts = [PostLines(f"writer {page}{at}", (f"opening {page} {at}", *lines, f"closing {page} {at}")) for at in range(2)]
        held.add_page(f"{page}.txt", posts)
    return held


@given(lines=st.lists(LINES, min_size=1, max_size=4, unique=True))
def test_rules_of_any_lines_load_and_claim_them(lines: list[str]) -> None:
    taken: set[str] = set()
    for one in table_of(lines).find():
        pattern = compile_pattern(write_pattern(one.shape))
        cuts = [line for line, _ in one.tally.examples if pattern.fullmatch(line)]
        name = name_rule(one, taken)
        assert name not in taken
        taken.add(name)
        with TemporaryDirectory() as folder:
            file = Path(folder) / "drawn.toml"
            file.write_text(write_rule(one, name, cuts or ["x"], ["What nobody said, in other words"], [one.shape]), "utf-8")
            (rule,) = read_rules(file)
        assert rule.gate == (choose_gate(one.shape),)
        if cuts and choose_gate(one.shape) in cuts[0].lower().split():
            check_rules([rule])


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_is_written_so_that_toml_reads_it_back(text: str) -> None:
    assert tomllib.loads(f"{write_comment(text)}x = {write_string(text)}\n") == {"x": text}


def test_what_recurs_is_found_and_what_stands_once_is_not() -> None:
    found = table_of(["Report this post to the moderators", "Page 3 of 9"]).find()
    assert [(show_shape(one.shape), one.tally.pages, one.tally.posts, one.is_likely) for one in found] == [
        ("Page ‹number› of ‹number›", 8, 16, True),
        ("Report this post to the moderators", 8, 16, True),
        ("closing ‹number› ‹number›", 8, 16, True),
        ("opening ‹number› ‹number›", 8, 16, True),
    ]


def test_the_table_of_lines_stays_small_and_keeps_what_recurs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recurring, "MOST_SHAPES", 400)
    held = LineTable(iter_dates, lambda _: False)
    words = [chr(97 + at // 26) + chr(97 + at % 26) for at in range(26 * 26)]
    for page in range(200):
        once = tuple(f"nobody said {words[page]} {words[at]} before" for at in range(10))
        held.add_page(f"{page}", [PostLines(f"w{page}", (*once, "Report this post to the moderators"))])
        assert len(held._narrow) <= 411
    (found,) = held.find()
    assert (found.shape, found.tally.pages) == ("Report this post to the moderators", 200)


def test_a_rule_file_with_a_broken_rule_is_refused_by_the_same_reader(tmp_path: Path) -> None:
    (one, *_) = table_of(["Report this post to the moderators"]).find()
    file = tmp_path / "broken.toml"
    file.write_text(write_rule(one, "broken", [], ["x"]), "utf-8")
    with pytest.raises(WrongUse, match="has no cuts"):
        read_rules(file)
    assert json.dumps(one.place) == '"inside"'
