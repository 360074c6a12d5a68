"""Layouts of known engines: each on a page of its own, beside what the general splitter makes of it; and what is refused."""

from __future__ import annotations

import json
import re
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.__main__ import main
from flows.conservation import find_loss
from flows.errors import WrongUse
from flows.pipeline import split_page
from flows.read.files import page_from
from flows.read.inputs import Provenance
from flows.records import NoThread, Page, Post, Thread
from flows.split.engines import FOLDER, iter_selectors, read_layouts
from flows.split.markup.known import find_known, is_recognised
from flows.split.markup.survey import Survey
from flows.strip.repair import repair_span
from tests.pages_by_hand import by_divs

PAGES = Path(__file__).parent / "engine_pages"
NAMES = sorted(path.stem for path in FOLDER.glob("*.toml"))


def read_page(name: str) -> Page:
    page = page_from((PAGES / f"{name}.html").read_bytes(), f"{name}.html", "html", Provenance())
    assert isinstance(page, Page)
    return page


def post_as_json(post: Post) -> dict[str, Any]:
    """Return what a post says, the fields that it does not know left out."""
    told = {
        "author": post.byline and post.byline.name,
        "date": post.posted_at_raw,
        "votes": post.votes,
        "accepted": post.is_accepted,
        "permalink": post.permalink,
        "parent": post.parent,
        "body": post.body,
    }
    return {key: value for key, value in told.items() if value is not None}


def thread_as_json(found: Thread | NoThread) -> dict[str, Any]:
    """Return the records of a page; posts from the question on, remarks with the place of the post that they stand under."""
    if isinstance(found, NoThread):
        return {"layout": found.layout, "refused": found.check}
    posts = [post_as_json(post) for post in (found.question, *found.answers)]
    remarks = [{"under": remark.under, **post_as_json(remark.post)} for remark in found.remarks]
    told = {"layout": found.layout, "title": found.title, "declared": found.declared_answer_count, "posts": posts}
    return told | ({"remarks": remarks} if remarks else {})


def compare(general: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
    """Return how the general splitter's records of a page differ from the layout's: counts, and posts unlike by field."""
    if "refused" in general:
        return {"refused": general["refused"]}
    found: dict[str, Any] = {"posts": len(general["posts"])}
    if len(general["posts"]) == len(known["posts"]):
        pairs = list(zip(general["posts"], known["posts"], strict=True))
        fields = sorted({key for mine, theirs in pairs for key in (*mine, *theirs)})
        unlike = {key: sum(mine.get(key) != theirs.get(key) for mine, theirs in pairs) for key in fields}
        found["unlike"] = {key: count for key, count in unlike.items() if count}
    if len(general.get("remarks", [])) != len(known.get("remarks", [])):
        found["remarks"] = len(general.get("remarks", []))
    return found | ({"title": general["title"]} if general["title"] != known["title"] else {})


@pytest.mark.parametrize("name", NAMES)
def test_a_layout_reads_its_page(name: str) -> None:
    page, wanted = read_page(name), json.loads((PAGES / f"{name}.json").read_text("utf-8"))
    known = thread_as_json(split_page(page))
    assert known == wanted["records"]
    assert known["layout"] == f"html:layout:{name}"
    assert compare(thread_as_json(split_page(page, "none")), known) == wanted["general"]


@pytest.mark.parametrize("name", NAMES)
def test_a_layout_knows_no_other_engines_page(name: str) -> None:
    (layout,) = (layout for layout in read_layouts() if layout.id == name)
    knows = {path.stem for path in PAGES.glob("*.html") if is_recognised(_markup(read_page(path.stem)), layout)}
    assert knows == {name}


def _markup(page: Page) -> Any:
    assert page.markup is not None
    return page.markup


def test_every_layout_has_a_page_and_every_page_a_layout() -> None:
    assert sorted(path.stem for path in PAGES.glob("*.html")) == NAMES
    assert sorted(path.stem for path in PAGES.glob("*.json")) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_without_layouts_none_decides(name: str) -> None:
    found = split_page(read_page(name), "none")
    assert "layout" not in found.layout


def test_the_option_of_a_run_reaches_its_batches(tmp_path: Path) -> None:
    for layouts, part in (("all", "layout"), ("none", "repeats")):
        processed = tmp_path / layouts
        raw = tmp_path / "raw"
        raw.mkdir(exist_ok=True)
        (raw / "a.html").write_bytes((PAGES / "xenforo2.html").read_bytes())
        assert main(["clean", "--no-prefect", "--workers", "1", "--layouts", layouts, str(raw), str(processed)]) == 0
        (scrape,) = pl.read_parquet((processed / "latest").resolve() / "scrapes/*.parquet")["layout"].to_list()
        assert scrape.split(":")[1] == part


# -- what is not sound is left to the general splitter ----------------------------------------------------------------------


def test_a_page_whose_posts_lack_what_is_promised_is_split_without_the_layout() -> None:
    source = (PAGES / "xenforo2.html").read_text("utf-8")
    without = re.sub(r'<h4 class="message-name">.*?</h4>', "", source)
    found = split_page(page_from(without.encode(), "a.html", "html", Provenance()))  # type: ignore[arg-type]
    assert "layout" not in found.layout


def test_a_page_that_numbers_two_posts_alike_is_split_without_the_layout() -> None:
    source = (PAGES / "xenforo2.html").read_text("utf-8").replace(">#3<", ">#2<")
    found = split_page(page_from(source.encode(), "a.html", "html", Provenance()))  # type: ignore[arg-type]
    assert "layout" not in found.layout


def test_of_two_posts_with_one_id_the_one_in_its_place_is_taken() -> None:
    source = (PAGES / "xenforo2.html").read_text("utf-8")
    parts = source.split('<article class="message message--post')
    best = '<article class="message message--post' + parts[4].split("</article>\n")[0].removesuffix("</div>")
    numberless = best.replace(">#4<", "><")
    page = page_from(source.replace(parts[1], parts[1] + numberless, 1).encode(), "a.html", "html", Provenance())
    assert isinstance(page, Page)
    found, wanted = split_page(page), split_page(read_page("xenforo2"))
    assert thread_as_json(found) == thread_as_json(wanted)


def test_literals_without_posts_are_no_thread() -> None:
    source = (
        '<body class="message--post message-body"><article class="message--post"><div class="message-body"></div></article>'
    )
    page = page_from(source.encode() + b"<p>Log in to read.</p>", "a.html", "html", Provenance())
    assert isinstance(page, Page)
    assert isinstance(split_page(page), NoThread)


def test_a_page_nested_deeper_than_forums_nest_is_not_asked() -> None:
    source = '<article class="message--post"><div class="message-body">' * 2400 + "word"
    page = page_from(source.encode(), "a.html", "html", Provenance())
    assert isinstance(page, Page)
    assert find_known(Survey(page, _markup(page)), read_layouts()) is None


@pytest.mark.parametrize(
    ("name", "opens"),
    [
        ("xenforo2", '<article class="message '),
        ("phpbb3-subsilver", '<table class="tablebg" width'),
        ("hackernews", '<tr class="athing comtr"'),
    ],
)
def test_time_grows_with_the_page_and_no_faster(name: str, opens: str) -> None:
    source = (PAGES / f"{name}.html").read_text("utf-8")
    *before, last = source.split(opens)

    def seconds(size: int) -> float:
        posts = (
            re.sub(r'(id|name|content)="([a-z-]*)\d+"', rf'\1="\g<2>{70000 + at}"', opens + before[-1]) for at in range(size)
        )
        text = re.sub(r">#\d+<", "><", opens.join(before) + "".join(posts) + opens + last)
        page = page_from(text.encode(), "a.html", "html", Provenance())
        assert isinstance(page, Page)
        began = time.perf_counter()
        found = split_page(page)
        assert (found.layout, isinstance(found, Thread) and len(found.answers) > size) == (f"html:layout:{name}", True)
        return time.perf_counter() - began

    seconds(100)
    small, large = min(seconds(300) for _ in range(2)), seconds(1200)
    assert large < 12 * small + 0.3


def test_a_page_of_no_engine_is_split_as_without_layouts() -> None:
    page = page_from(by_divs().encode(), "a.html", "html", Provenance())
    assert isinstance(page, Page)
    assert split_page(page) == split_page(page, "none")


@pytest.mark.parametrize("name", ["xenforo2", "discourse", "woltlab", "vbulletin5"])
def test_a_later_page_is_answers_alone(name: str) -> None:
    source = (PAGES / f"{name}.html").read_text("utf-8").replace("<title>", '<link rel="prev" href="/t/1"><title>')
    page = page_from(source.encode(), "a.html", "html", Provenance())
    assert isinstance(page, Page)
    found, whole = split_page(page), split_page(read_page(name))
    assert isinstance(found, Thread)
    assert isinstance(whole, Thread)
    assert found.layout == f"html:layout:{name}"
    assert (found.question.body, len(found.answers)) == (None, len(whole.answers) + 1)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(NAMES), st.lists(st.tuples(st.floats(0, 1), st.floats(0, 0.1), st.booleans()), min_size=1, max_size=4))
def test_nothing_is_lost_of_a_mangled_page(name: str, changes: list[tuple[float, float, bool]]) -> None:
    parts = re.split(r"(?=<)", (PAGES / f"{name}.html").read_text("utf-8"))
    for place, share, twice in changes:
        low = int(place * len(parts))
        high = low + max(1, int(share * len(parts)))
        parts[low:high] = parts[low:high] * 2 if twice else []
    page = page_from("".join(parts).encode(), "a.html", "html", Provenance())
    if isinstance(page, Page):
        found = split_page(page)
        assert not isinstance(found, NoThread) or found.check == "no-thread", found.reason
        assert find_loss(page, found, repair_span) is None


# -- layout files -----------------------------------------------------------------------------------------------------------

WHOLE = """
id = "pots"
engine = "Pots"
versions = "1"
why = "each post is a pot"
literals = ["pot"]
selector = ".pot"
[post]
element = ".pot"
body = ".in"
author = [".who", ".by"]
"""


def write_layout(folder: Path, text: str) -> Path:
    (folder / "pots.toml").write_text(text, "utf-8")
    return folder


def test_a_layout_is_read_whole(tmp_path: Path) -> None:
    (layout,) = read_layouts(write_layout(tmp_path, WHOLE))
    assert (layout.literals, layout.post.element, layout.post.author) == (("pot",), (".pot",), (".who", ".by"))
    assert (layout.promises, layout.comment, layout.file) == (("author", "date"), None, "pots.toml")


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('why = "each post is a pot"', "", "has no why"),
        ("[post]", "[posts]", "has no post"),
        ('body = ".in"', "", "has no post.body"),
        ('body = ".in"', "body = 3", "post.body has the wrong type"),
        ('body = ".in"', "body = [[]]", "post.body has the wrong type"),
        ('body = ".in"', 'body = ".in["', "post.body: '.in[' is no CSS selector"),
        ('selector = ".pot"', 'selector = "..pot"', "selector: '..pot' is no CSS selector"),
        ('literals = ["pot"]', "literals = [3]", "literals has the wrong type"),
        ("[post]", "nested = 1\n[post]", "nested has the wrong type"),
        ("[post]", "comment = 3\n[post]", "comment is not a table"),
        ("[post]", 'promises = ["votes"]\n[post]', "promises 'votes', which is none of author, date"),
        ('engine = "Pots"', 'engine = "Pots"\nmotor = "x"', "unknown key 'motor'"),
        ('body = ".in"', 'body = ".in"\nbodies = ".in"', "unknown key 'post.bodies'"),
        ('id = "pots"', 'id = "pans"', "id is 'pans', and not the name of the file"),
        ('id = "pots"', 'id = "pots', "cannot be read as TOML ("),
    ],
)
def test_a_broken_layout_is_refused_with_one_line(tmp_path: Path, old: str, new: str, fault: str) -> None:
    assert old in WHOLE
    with pytest.raises(WrongUse, match=f"(^|/){re.escape('pots.toml: ' + fault)}") as error:
        read_layouts(write_layout(tmp_path, WHOLE.replace(old, new)))
    assert "\n" not in str(error.value)


def test_a_broken_layout_ends_a_run_with_exit_code_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = write_layout(tmp_path, "id = 3")
    monkeypatch.setattr("flows.split.engines.read_layouts", lambda: read_layouts(broken))
    (tmp_path / "raw").mkdir()
    assert main(["clean", "--no-prefect", str(tmp_path / "raw"), str(tmp_path / "out")]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_the_layouts_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["layouts"]) == 0
    printed = capsys.readouterr().out
    assert all(f"{layout.id} " in printed and layout.engine in printed for layout in read_layouts())
    assert main(["layouts", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)["layouts"]
    assert [layout["id"] for layout in listed] == NAMES


def test_each_selector_is_told_with_its_key() -> None:
    (layout,) = (layout for layout in read_layouts() if layout.id == "stackexchange")
    assert ("comment.body", ".comment-copy") in iter_selectors(layout)
    assert not any("attribute" in key for key, _ in iter_selectors(replace(layout)))
