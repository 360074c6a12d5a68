"""threadmill discover: what it proposes for made sites, that it holds, and that nothing of it becomes active by itself."""

from __future__ import annotations

import json
import re
import tomllib
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import flows
from flows.__main__ import main
from flows.discover import is_own
from flows.pipeline import split_page
from flows.read.files import page_from
from flows.read.inputs import Provenance
from flows.records import NoThread, Page, Thread
from flows.rules import check_rules, match_line, read_rules
from flows.split.engines import FOLDER, read_layouts
from flows.split.markup.known import is_recognised
from flows.strip.artifacts import mark_lines
from tests.conftest import Clean, table, write_files
from tests.labels import is_same
from tests.sites.elements import change_inner, find_bodies
from tests.sites.generator import SITES, MadePage, make_pages

RULES = Path(flows.__file__).parent / "strip" / "rules"

LEARNED, SEED = 24, 41
APP = "Sent from my {model} using Forumapp"
MODELS = ["Talkphone X1", "Slate Nine", "Ringer", "Pocket Pro 7", "Brick", "Handy"]
NAMES = ["Anna Berg", "Carl Holm", "Ida Lund", "Tom Dahl", "Eva Roth", "Jan Moss", "Lea Brandt", "Nils Ekman"]


@cache
def pages_of(site: str) -> tuple[MadePage, ...]:
    return tuple(make_pages(site, LEARNED + 8, SEED))


def write_site(folder: Path, site: str) -> Path:
    return write_files(folder / site, {f"{page.name}.html": page.html for page in pages_of(site)[:LEARNED]})


def read(html: str) -> Page:
    page = page_from(html.encode(), "page.html", "html", Provenance())
    assert isinstance(page, Page)
    return page


def count_right(found: Thread | NoThread, made: MadePage) -> Counter[str]:
    """Return how many posts of a made page were read with their words, and how many of these with a name and a date."""
    right: Counter[str] = Counter()
    posts = [found.question, *found.answers] if isinstance(found, Thread) else []
    for wanted in made.as_label()["posts"]:
        for post in posts:
            if post.body is not None and is_same(post.body, wanted["text"]):
                right += Counter(words=1, names=int(post.byline is not None), dates=int(bool(post.posted_at_raw)))
                break
    return right


def discover(capfd: pytest.CaptureFixture[str], *arguments: str | Path) -> dict[str, Any]:
    assert main(["discover", *map(str, arguments), "--json"]) == 0
    found: dict[str, Any] = json.loads(capfd.readouterr().out)
    return found


@cache
def sentences() -> list[str]:
    """Return what was said in posts of one paragraph, each once."""
    posts = [post for page in make_pages("phpbb", 500, SEED) for post in page.thread.posts if len(post.blocks) == 1]
    said = dict.fromkeys(" ".join(post.read_text("{}").split()) for post in posts)
    return [text for text in said if 60 < len(text) < 180 and "?" not in text]


def text_thread(number: int, between: str = "", writer: str | None = None) -> str:
    """Return a thread of flat text; `between` stands inside one of its answers, by `writer` if one is named."""
    said = iter(sentences()[number * 7 :])
    blocks = [f"{next(said).rstrip('.')}, or not?", next(said), "Doctor Answers 3"]
    for at in range(3):
        held = [between] if between and at == number % 3 else []
        name = writer if held and writer is not None else NAMES[(number * 3 + at) % len(NAMES)]
        blocks += [
            "12 people found this helpful",
            next(said),
            next(said),
            *held,
            next(said),
            f"{name}, MD\nBoston Dermatologist",
        ]
    return "\n\n".join(blocks) + "\n"


def with_app(made: MadePage, number: int) -> str:
    """Return a page on which one post of three ends in what an app adds."""
    bodies = [body for at, body in enumerate(find_bodies(made.html)) if (at + number) % 3 == 0]
    return change_inner(made.html, bodies, lambda body: f"{body}<br>\n<br>\n{APP.format(model=MODELS[number % 6])}")


# -- layouts ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("site", SITES)
def test_the_layout_of_a_made_site_reads_its_other_pages_as_the_general_splitter_does(
    site: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    found = discover(capfd, write_site(tmp_path, site), "--layouts", "none", "--name", "fresh", "--write", tmp_path / "review")
    (told,) = [layout for layout in found["layouts"] if layout["name"]]
    assert told["tried"]["on_other_pages"]
    assert told["tried"]["same"] >= 0.99 * told["tried"]["posts"]
    assert told["mistaken"] == 0
    review = tmp_path / "review" / "layouts"
    assert (review / "fresh.toml").read_text("utf-8") == told["toml"]
    (layout,) = read_layouts(review)
    mine, theirs, posts = Counter[str](), Counter[str](), 0
    for made in pages_of(site)[LEARNED:]:
        page = read(made.html)
        if isinstance(split_page(page, "none"), NoThread):
            continue
        by_layout, general = split_page(page, str(review)), split_page(page, "none")
        assert isinstance(by_layout, Thread)
        assert by_layout.layout == "html:layout:fresh", made.name
        posts += len(made.thread.posts)
        mine.update(count_right(by_layout, made))
        theirs.update(count_right(general, made))
    assert mine["words"] >= max(theirs["words"], 0.95 * posts)
    assert all(mine[name] >= 0.98 * theirs[name] for name in ("names", "dates"))
    others = [read(page.html) for other in SITES if other != site for page in pages_of(other)[:3]]
    assert not any(is_recognised(page.markup, layout) for page in others if page.markup is not None)


GOLDEN = {
    "discourse": {"element": ".crawler-post", "body": "[itemprop=text]", "date": ".crawler-post-meta"},
    "phpbb": {"element": ".post", "body": ".content", "date": ".author", "drop": ".codebox > p"},
    "xenforo": {"body": ".bbWrapper", "author": ".username", "date": ".u-dt", "votes": ".contentVote"},
    "bbpress": {"body": ".bbp-reply-content", "date": ".bbp-reply-post-date"},
    "doctors": {"body": ".csa-words", "date": ".csa-day", "votes": ".csa-score"},
}


@pytest.mark.parametrize("site", SITES)
def test_the_selectors_are_those_that_a_person_would_choose(
    site: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    found = discover(capfd, write_site(tmp_path, site), "--layouts", "none")
    (told,) = [layout for layout in found["layouts"] if layout["name"]]
    assert {name: told["selectors"][name]["css"][0] for name in GOLDEN[site]} == GOLDEN[site]
    assert all(one["precision"] >= 0.9 for one in told["selectors"].values())


def test_an_opening_of_another_make_is_told_as_such(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    found = discover(capfd, write_site(tmp_path, "doctors"), "--layouts", "none")
    layout = tomllib.loads(found["layouts"][0]["toml"])
    assert (sorted(layout["post"]["element"]), layout["opening"]) == ([".csa-case", ".csa-opinion"], [".csa-case"])


def test_two_sites_in_one_batch_give_two_layouts_and_neither_takes_the_others_pages(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    write_site(tmp_path, "phpbb")
    write_site(tmp_path, "xenforo")
    found = discover(capfd, tmp_path, "--layouts", "none", "--name", "mixed")
    assert [(layout["name"], layout["others"] > 0, layout["mistaken"]) for layout in found["layouts"]] == [
        ("mixed", True, 0), ("mixed-2", True, 0),
    ]  # fmt: skip


def test_pages_that_a_known_layout_reads_need_none(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    found = discover(capfd, write_site(tmp_path, "xenforo"))
    assert (found["known"], found["layouts"]) == ({"xenforo2": LEARNED}, [])


def test_the_same_pages_in_any_order_give_the_same_report(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    folder = write_site(tmp_path, "bbpress")
    files = sorted(folder.iterdir())
    first = discover(capfd, folder, "--layouts", "none")
    assert discover(capfd, folder, "--layouts", "none") == first
    assert discover(capfd, *reversed(files), "--layouts", "none")["layouts"] == first["layouts"]
    assert discover(capfd, f"{folder}/*.html", *files[:3], "--layouts", "none") == first


# -- rules ------------------------------------------------------------------------------------------------------------------


def test_what_an_app_adds_to_posts_is_proposed_as_a_rule_that_claims_it(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    pages = {f"{made.name}.html": with_app(made, at) for at, made in enumerate(pages_of("xenforo"))}
    found = discover(capfd, write_files(tmp_path / "raw", pages), "--write", tmp_path / "review")
    (rule,) = [rule for rule in found["rules"] if "Forumapp" in rule["toml"]]
    assert rule["shape"] == "Sent from my ‹name› using ‹name›"
    assert (rule["place"], len(rule["examples"]), rule["published"]) == ("last line", 3, None)
    (read_back,) = [one for one in read_rules(tmp_path / "review/rules/proposed.toml") if one.id == rule["id"]]
    check_rules([*[known for known in read_rules(RULES) if known.scope == "line"], read_back])
    assert match_line(read_back, "Sent from my Gadget 12 Plus using Talkapp")
    assert not match_line(read_back, "It was sent from my Ringer using Forumapp, I think.")
    assert all(line.role is None for keep in read_back.keeps for line in mark_lines(keep))


def test_a_line_in_some_answer_of_each_page_is_one_rule_with_its_numbers_masked(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    raw = {f"{at:02}.txt": text_thread(at, f"Case file {at + 70} was opened here") for at in range(12)}
    (rule,) = discover(capfd, write_files(tmp_path / "raw", raw))["rules"]
    assert (rule["shape"], rule["pages"], rule["place"]) == ("Case file ‹number› was opened here", 12, "inside")


def test_a_rule_says_what_it_would_cut_of_what_is_published(
    tmp_path: Path, clean: Clean, capfd: pytest.CaptureFixture[str]
) -> None:
    line = "Discuss this answer with the others here"
    published = {f"{at:02}.txt": text_thread(at) for at in range(4)}
    published["own.txt"] = text_thread(5, line)
    assert clean(write_files(tmp_path / "old", published), tmp_path / "processed").code == 0
    raw = write_files(tmp_path / "raw", {f"{at:02}.txt": text_thread(at, line) for at in range(10, 20)})
    (rule,) = discover(capfd, raw, "--against", tmp_path / "processed")["rules"]
    bodies = [body for body in table(tmp_path / "processed", "answers")["body"] if body]
    wrong = sum(body.split("\n").count(line) for body in bodies)
    assert wrong > 0
    assert rule["published"] == {"lines": wrong, "rows": sum(line in body for body in bodies), "may_be_wrong": 1}
    assert f"may be wrong to cut: {line}" in rule["toml"]


def test_what_one_writer_always_adds_is_no_template(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    motto = "Every scar has a story and mine has two of them"
    for writer, count in (("Greta Falk", 0), (None, 1)):
        raw = {f"{at:02}.txt": text_thread(at, motto, writer) for at in range(12)}
        found = discover(capfd, write_files(tmp_path / f"{count}", raw))
        assert (found["threads"], len(found["rules"])) == (12, count)


def test_where_nothing_recurs_nothing_is_proposed(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    raw = write_files(tmp_path / "raw", {f"{at:02}.txt": text_thread(at) for at in range(12)})
    found = discover(capfd, raw)
    assert (found["threads"], found["layouts"], found["rules"]) == (12, [], [])
    assert main(["discover", str(raw)]) == 0
    assert capfd.readouterr().out.splitlines()[-1] == "nothing is proposed"


def test_threads_that_were_scraped_again_recur_in_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    raw = write_files(tmp_path / "raw", {f"{at:02}.txt": text_thread(at % 2) + f"\n{at}" for at in range(12)})
    assert discover(capfd, raw)["rules"] == []


@pytest.mark.parametrize("line", ["Thanks in advance!", "Best regards,", "Hello everyone", "Anna Berg, MD", "***", "Reply"])
def test_what_people_write_of_their_own_accord_is_no_residue(line: str) -> None:
    assert is_own(line)


def test_a_blog_without_a_thread_gives_no_layout(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    texts = [post.read_text("{}") for made in pages_of("phpbb") for post in made.thread.posts]
    blog = {
        f"{at}.html": f"<!DOCTYPE html><title>Day {at}</title><body><nav><a href='/'>Home</a></nav><article class='entry'>"
        f"<h1>Day {at}</h1><p>{'</p><p>'.join(texts[at * 4 : at * 4 + 4])}</p></article><footer>My diary</footer></body>"
        for at in range(12)
    }
    found = discover(capfd, write_files(tmp_path / "blog", blog))
    assert (found["threads"], found["without"], found["layouts"], found["rules"]) == (0, 12, [], [])


# -- the command ------------------------------------------------------------------------------------------------------------


def test_nothing_is_active_by_itself(tmp_path: Path, clean: Clean, capfd: pytest.CaptureFixture[str]) -> None:
    raw = write_site(tmp_path, "doctors")
    before = [layout.id for layout in read_layouts()]
    discover(capfd, raw, "--write", tmp_path / "review", "--name", "doctors-new")
    assert [layout.id for layout in read_layouts()] == before
    assert clean(raw, tmp_path / "out").code == 0
    assert set(table(tmp_path / "out", "scrapes")["layout"]) <= {"html:repeats", "html:none"}
    reviewed = clean(raw, tmp_path / "out", "--layouts", str(tmp_path / "review/layouts"))
    assert reviewed.code == 0
    layouts = table(tmp_path / "out", "scrapes")["layout"].to_list()
    assert layouts.count("html:layout:doctors-new") >= 0.9 * len(layouts)
    assert "nothing new" in clean(raw, tmp_path / "out", "--layouts", str(tmp_path / "review/layouts/doctors-new.toml")).out


def test_a_reviewed_layout_that_changes_is_read_anew(tmp_path: Path, clean: Clean, capfd: pytest.CaptureFixture[str]) -> None:
    raw = write_site(tmp_path, "doctors")
    for name in ("one", "two"):
        discover(capfd, raw, "--write", tmp_path / name, "--name", name)
        assert clean(raw, tmp_path / "out", "--layouts", str(tmp_path / name / "layouts")).code == 0
        assert f"html:layout:{name}" in set(table(tmp_path / "out", "scrapes")["layout"])


def test_what_is_active_at_once_is_not_written_to(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    raw = write_files(tmp_path / "raw", {"a.txt": text_thread(1)})
    for target in (FOLDER / "fresh.toml", RULES, FOLDER.parent):
        assert main(["discover", str(raw), "--write", str(target)]) == 2
        assert "active at once" in capfd.readouterr().err


def test_what_was_reviewed_is_not_written_over(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    raw = write_site(tmp_path, "phpbb")
    target = tmp_path / "review" / "board.toml"
    found = discover(capfd, raw, "--layouts", "none", "--write", target)
    assert found["written"] == [str(target), str(target.with_name("board-rules.toml"))]
    assert tomllib.loads(target.read_text("utf-8"))["id"] == "board"
    target.write_text("mine", "utf-8")
    assert main(["discover", str(raw), "--write", str(target)]) == 2
    assert re.fullmatch(r"threadmill: .*board\.toml: is there already.*\n", capfd.readouterr().err)
    assert target.read_text("utf-8") == "mine"


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (["nowhere/at-all"], "no such file or folder"),
        (["nowhere/*.html"], "no file or folder is named so"),
        (["raw", "--against", "raw"], "no snapshot was published there"),
        (["raw", "--least", "0"], "not a number from 1"),
        (["raw", "--layouts", "some"], "invalid choice"),
        ([], "required: PATH"),
    ],
)
def test_wrong_use_is_one_line_and_exit_code_2(
    arguments: list[str], fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    write_files(tmp_path / "raw", {"a.txt": text_thread(1)})
    monkeypatch.chdir(tmp_path)
    assert main(["discover", *arguments]) == 2
    error = capfd.readouterr().err
    assert (error.count("\n"), fault in error) == (1, True)


def test_a_target_that_cannot_be_written_is_a_fault(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    raw = write_site(tmp_path, "phpbb")
    (tmp_path / "file").write_text("", "utf-8")
    assert main(["discover", str(raw), "--layouts", "none", "--write", str(tmp_path / "file" / "below")]) == 3
    assert "is not written" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("which", "fault"),
    [("some", "no such file or folder"), ("empty", "holds no layout"), ("known.toml", "is that of a known layout")],
)
def test_reviewed_layouts_that_are_none_are_refused(which: str, fault: str, tmp_path: Path, clean: Clean) -> None:
    raw = write_files(tmp_path / "raw", {"a.txt": text_thread(1)})
    (tmp_path / "empty").mkdir()
    known = (FOLDER / "phpbb3.toml").read_text("utf-8")
    (tmp_path / "known.toml").write_text(known.replace('id = "phpbb3"', 'id = "known"'), "utf-8")
    if which == "known.toml":
        which = "phpbb3.toml"
        (tmp_path / "phpbb3.toml").write_text(known, "utf-8")
    assert main(["clean", "--no-prefect", str(raw), str(tmp_path / "out"), "--layouts", str(tmp_path / which)]) == 2
