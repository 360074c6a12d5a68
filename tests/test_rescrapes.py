"""A thread scraped again is one question with each answer once, though its pages name no post and say "2 days ago"."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.publish.runs import PAGE
from flows.rescrapes import Shown, match_posts, match_rescraped
from schemas import LINKS
from tests.growth import growth_of
from tests.inline import snapshot_of
from tests.test_incremental import write_page
from tests.test_publish import parts_of, table

URL = "https://s.example/q/1"
TITLE = "Why does my gate click?"
DAY_0 = datetime(2026, 1, 1, 12, tzinfo=UTC)


class Said(NamedTuple):
    who: str
    when: str
    body: str


QUESTION = "It clicks whenever the wind comes from the west, and I have tightened all the screws of the hinges twice by now."
SPRING = (
    "The spring of the latch loses its force after some years of daily use, so have it measured by a smith before you buy "
    "another one for it, and keep the old one until the new one has proven itself over a whole winter of storms."
)
OIL = (
    "I had the same with mine last winter: a drop of light oil on the pivot, worked in with a soft brush, and it has been "
    "silent ever since then, though I have to repeat it every spring when the dust of the road has settled in it again."
)
PLATE = (
    "Have the plate looked at first, because a latch that clicks is mostly one that does not meet it in the middle any more."
)


def html(said: list[Said]) -> str:
    posts = "".join(
        f'<article class="post"><a class="author" href="/u/{who}">{who}</a> <time>{when}</time>'
        f'<div class="content"><p>{body}</p></div></article>'
        for who, when, body in said
    )
    return f"<html><head><title>{TITLE}</title></head><body><h1>{TITLE}</h1>{posts}</body></html>"


def text(said: list[Said]) -> str:
    return "\n\n".join([TITLE, *(f"{who}\nPosted {when}\n{body}\nReply" for who, when, body in said)])


FORMS: dict[str, Callable[[list[Said]], str]] = {"html": html, "txt": text}


def write_scrape(raw: Path, form: str, day: int, answers: list[Said], asked: str = "3 days ago", **about: str) -> None:
    page = FORMS[form]([Said("Asker", asked, QUESTION), *answers])
    fetched = (DAY_0 + timedelta(days=day)).isoformat()
    write_page(raw, f"day{day:03d}.{form}", page, **{"url": URL, "fetched": fetched} | about)


def said_in(snapshot: Path) -> list[tuple[str, str]]:
    """Return (byline, first word of the body) of each answer in order; all that refers to an answer must find it."""
    answers, spans = table(snapshot, "answers"), table(snapshot, "spans")
    questions = table(snapshot, "questions")
    assert questions.height == 1
    known = {*answers["answer_id"], *questions["question_id"], *table(snapshot, "comments")["comment_id"]}
    assert set(spans["record_id"].drop_nulls()) <= known
    for link in LINKS:
        assert set(table(snapshot, link.table)[link.column].drop_nulls()) <= set(table(snapshot, link.target)[link.key])
    assert answers["position"].to_list() == list(range(1, answers.height + 1))
    return [(who, body.split()[0]) for who, body in answers.select("byline", "body").iter_rows()]


ADA_AND_BELA = [("Ada", "The"), ("Bela", "I")]
LATER = {
    "days": ("9 days ago", 7),
    "weeks": ("2 weeks ago", 14),
    "a month": ("1 month ago", 35),
    "a date": ("Dec 30, 2025", 60),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("when", "day"), LATER.values(), ids=LATER)
def test_answers_with_relative_dates_stay_as_many(tmp_path: Path, form: str, when: str, day: int) -> None:
    raw = tmp_path / "raw"
    write_scrape(raw, form, 0, [Said("Ada", "2 days ago", SPRING), Said("Bela", "2 days ago", OIL)])
    first = table(snapshot_of(raw, tmp_path / "p"), "answers")
    assert first["posted_at_raw"].to_list() == ["2 days ago"] * 2
    write_scrape(raw, form, day, [Said("Ada", when, SPRING), Said("Bela", when, OIL)], when)
    snapshot = snapshot_of(raw, tmp_path / "p")
    assert said_in(snapshot) == ADA_AND_BELA
    assert {seen.date() for seen in table(snapshot, "answers")["last_seen_at"]} == {(DAY_0 + timedelta(days=day)).date()}
    spans = table(snapshot, "spans").filter(pl.col("role") == "answer")
    assert spans.group_by("record_id").len()["len"].to_list() == [2, 2]  # what the older scrape shows leads there too


@pytest.mark.parametrize("form", FORMS)
def test_an_edited_answer_and_a_new_one_in_between_make_three(tmp_path: Path, form: str) -> None:
    raw = tmp_path / "raw"
    write_scrape(raw, form, 0, [Said("Ada", "2 days ago", SPRING), Said("Bela", "2 days ago", OIL)])
    edited = OIL.replace("soft brush", "soft cloth") + " And a second drop in autumn."
    newer = [Said("Ada", "3 weeks ago", SPRING), Said("Bela", "1 day ago", PLATE), Said("Bela", "3 weeks ago", edited)]
    write_scrape(raw, form, 20, newer, "3 weeks ago")
    snapshot = snapshot_of(raw, tmp_path / "p")
    assert said_in(snapshot) == [("Ada", "The"), ("Bela", "Have"), ("Bela", "I")]
    assert table(snapshot, "answers")["body"][2] == edited


def test_an_answer_of_other_words_by_the_same_author_stays_another(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    write_scrape(raw, "html", 0, [Said("Ada", "2 weeks ago", SPRING), Said("Bela", "2 weeks ago", OIL)], "3 weeks ago")
    write_scrape(raw, "html", 30, [Said("Ada", "1 month ago", SPRING), Said("Bela", "1 week ago", PLATE)], "1 month ago")
    assert said_in(snapshot_of(raw, tmp_path / "p")) == [("Ada", "The"), ("Bela", "I"), ("Bela", "Have")]


def test_thanks_twice_is_two_answers_also_when_scraped_again(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    for day, old, late in (
        (0, "2 days ago", "5 hours ago"),
        (1, "3 days ago", "yesterday"),
        (36, "5 weeks ago", "1 month ago"),
    ):
        answers = [
            Said("Ada", old, SPRING),
            Said("Asker", old, "Thanks!"),
            Said("Bela", old, OIL),
            Said("Asker", late, "Thanks!"),
        ]
        write_scrape(raw, "html", day, answers, old)
    assert said_in(snapshot_of(raw, tmp_path / "p")) == [
        ("Ada", "The"),
        ("Asker", "Thanks!"),
        ("Bela", "I"),
        ("Asker", "Thanks!"),
    ]


AGES = [  # of posts written three days, two days and a few hours before the first scrape
    (0, "3 days ago", "2 days ago", "5 hours ago"),
    (1, "4 days ago", "3 days ago", "yesterday"),
    (12, "2 weeks ago", "2 weeks ago", "12 days ago"),
    (40, "1 month ago", "1 month ago", "1 month ago"),
    (400, "1 year ago", "1 year ago", "1 year ago"),
    (401, "Dec 29, 2025", "Dec 30, 2025", "Jan 1, 2026"),
]


def write_ages(raw: Path, form: str) -> list[str]:
    for number, (day, asked, when, late) in enumerate(AGES):
        edited = OIL + " Twice a year." * min(number, 3)
        answers = [
            Said("Ada", when, SPRING),
            Said("Bela", when, edited),
            Said("Asker", late, "Thanks!"),
            Said("Ada", late, PLATE),
        ]
        write_scrape(raw, form, day, answers[: 3 + min(number, 1)], asked)
    return sorted({path.name.split(".meta")[0] for path in raw.iterdir()})


@pytest.mark.parametrize("form", FORMS)
def test_a_thread_scraped_at_all_ages_has_each_answer_once(tmp_path: Path, form: str) -> None:
    write_ages(tmp_path / "raw", form)
    snapshot = snapshot_of(tmp_path / "raw", tmp_path / "p")
    assert said_in(snapshot) == [("Ada", "The"), ("Bela", "I"), ("Asker", "Thanks!"), ("Ada", "Have")]


@settings(max_examples=5, deadline=None)
@given(st.randoms(use_true_random=False))
def test_any_order_of_scrapes_gives_the_bytes_of_one_run(tmp_path_factory: pytest.TempPathFactory, dice: random.Random) -> None:
    folder = tmp_path_factory.mktemp("orders")
    names = write_ages(folder / "all", "html")
    dice.shuffle(names)
    (folder / "raw").mkdir()
    for turn, name in enumerate(names):
        for file in (folder / "all").glob(f"{name}*"):
            file.rename(folder / "raw" / file.name)
        if turn % 2:
            snapshot_of(folder / "raw", folder / "p")
    assert parts_of(snapshot_of(folder / "raw", folder / "p")) == parts_of(snapshot_of(folder / "raw", folder / "anew"))


def test_threads_of_one_title_without_page_one_or_address_stay_apart(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    for number in range(3):
        said = [Said("Ada", "2 years ago", f"Number {number}: {SPRING}"), Said("Bela", "2 years ago", OIL)]
        for day in (1, 2):
            page = html([*said, Said("Cleo", "1 year ago", PLATE)][: day + 1]).replace("<title>", "<title>Page 2 - ")
            write_page(raw, f"{number}.{day}.html", page, fetched=f"2026-01-{day:02d}T00:00:00Z")
    questions = table(snapshot_of(raw, tmp_path / "p"), "questions")
    assert questions["title"].to_list() == [TITLE] * 3
    assert questions["body"].null_count() == 3
    assert questions["answer_count"].to_list() == [3] * 3


def test_posts_of_later_pages_are_others_and_stay_as_many(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    for day, when in ((0, "2 years ago"), (200, "3 years ago")):
        answers = [Said("Ada", when, SPRING), Said("Bela", when, "Thanks!"), Said("Cleo", when, OIL)]
        write_scrape(raw / "1", "html", day, answers, when)
        page = html([answers[2], answers[1], Said("Ada", when, PLATE)])
        write_page(raw / "2", f"{day}.html", page, url=f"{URL}/page-2", fetched=(DAY_0 + timedelta(days=day)).isoformat())
    one, two = [("Ada", "The"), ("Bela", "Thanks!"), ("Cleo", "I")], [("Cleo", "I"), ("Bela", "Thanks!"), ("Ada", "Have")]
    assert said_in(snapshot_of(raw, tmp_path / "p")) == [*one, *two]


def test_a_renamed_or_deleted_account_leaves_its_answer_one(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    write_scrape(raw, "html", 0, [Said("Ada", "2 years ago", SPRING), Said("Bela", "2 years ago", OIL)])
    write_scrape(raw, "html", 9, [Said("Ada", "2 years ago", SPRING), Said("Bela", "2 years ago", f"{OIL} Yes.")])
    write_scrape(raw, "html", 20, [Said("Ada", "2 years ago", SPRING), Said("[deleted]", "2 years ago", f"{OIL} Yes.")])
    assert said_in(snapshot_of(raw, tmp_path / "p")) == [("Ada", "The"), ("[deleted]", "I")]


@pytest.mark.parametrize("fetched", [("", ""), ("", "2026-01-08T00:00:00Z"), ("2026-01-08T00:00:00Z", "2025-06-01T00:00:00Z")])
def test_unknown_and_wrong_times_of_the_fetch_double_nothing(tmp_path: Path, fetched: tuple[str, str]) -> None:
    raw = tmp_path / "raw"
    for number, (when, at) in enumerate(zip(("2 days ago", "9 days ago"), fetched, strict=True)):
        write_scrape(raw, "html", number, [Said("Ada", when, SPRING), Said("Bela", when, OIL)], fetched=at)
    assert said_in(snapshot_of(raw, tmp_path / "p")) == ADA_AND_BELA


def restated(key: str, posts: list[tuple[str, str, str, str, str]]) -> list[tuple[str, str, str]]:
    """Return what becomes of posts of two scrapes: (scrape, id, author, answer that a comment is under, body)."""
    order = pl.DataFrame({"question_id": ["q", "q"], "scrape_id": ["new", "old"], PAGE: [1, 1]})
    frame = pl.DataFrame(posts, schema=["scrape_id", key, "author_id", "under", "body"], orient="row").with_row_index(
        "position"
    )
    if key == "comment_id":
        frame = frame.rename({"under": "answer_id"})
    told = frame.with_columns(question_id=pl.lit("q"), _keyed_by=pl.lit("words"), posted_at=pl.lit(DAY_0))
    return match_rescraped(told.with_columns(pl.lit(1).alias(PAGE)), key, order).rows()


def test_comments_are_matched_under_their_own_answer_alone() -> None:
    new = ("new", "a", "ada", "one", "Thanks!")
    old = [("old", "b", "ada", "one", "Thanks!"), ("old", "c", "ada", "two", "Thanks!")]
    assert restated("comment_id", [new, *old]) == [("old", "b", "a")]


def test_the_same_words_of_two_people_stay_two_where_a_scrape_shows_both() -> None:
    ada, cleo = ("old", "a", "ada", "", OIL), ("old", "c", "cleo", "", OIL)
    assert restated("answer_id", [("new", "n", "cleo", "", OIL), ada]) == [("old", "a", "n")]
    assert restated("answer_id", [("new", "c", "cleo", "", OIL), ada, cleo]) == []
    assert restated("answer_id", [("new", "n", "cleo", "", "Thanks!"), ("old", "a", "ada", "", "Thanks!")]) == []


# -- which post is which --------------------------------------------------------------------------------------------------


def shown(scrape: str, *posts: tuple[str, str, str]) -> list[Shown]:
    """Return the posts of a scrape: (id, what it was made of: "name", "words" or a day of May, body)."""
    days = {how: datetime(2026, 5, int(how), tzinfo=UTC) for _, how, _ in posts if how.isdecimal()}
    return [Shown(scrape, id_, "day" if how in days else how, days.get(how), body) for id_, how, body in posts]


def test_where_a_post_of_the_same_day_is_gone_the_next_does_not_take_its_place() -> None:
    newer = shown("new", ("first-of-day", "3", OIL))
    older = shown("old", ("first-of-day", "3", SPRING), ("second-of-day", "3", OIL))
    (gone, kept) = match_posts([*newer, *older])
    assert gone[:2] == ("old", "first-of-day")
    assert gone[2] not in ("first-of-day", "second-of-day")
    assert kept == ("old", "second-of-day", "first-of-day")


def test_a_day_off_by_one_is_the_same_post_and_another_day_of_few_words_another() -> None:
    for day, same in (("4", True), ("9", False)):
        restated = match_posts([*shown("new", ("a", day, "Thanks!")), *shown("old", ("b", "3", "Thanks!"))])
        assert restated == ([("old", "b", "a")] if same else [])


def test_two_posts_with_addresses_of_their_own_are_two() -> None:
    assert match_posts([*shown("new", ("a", "name", OIL)), *shown("old", ("b", "name", OIL))]) == []
    assert match_posts([*shown("new", ("a", "name", OIL)), *shown("old", ("b", "words", OIL))]) == [("old", "b", "a")]


def test_words_of_a_script_without_spaces_are_compared() -> None:
    body = "弹簧每天使用几年后会失去弹力所以请铁匠在购买新弹簧之前先测量一下它的力量然后把旧的保留到冬天过去"
    assert match_posts([*shown("new", ("a", "words", body + "谢谢")), *shown("old", ("b", "words", body))]) == [
        ("old", "b", "a")
    ]


HOW = ["name", "words", "3", "4", "20"]
BODIES = [SPRING, f"{SPRING} Yes.", OIL, "Thanks!", "thanks", ""]
SAID = st.tuples(st.sampled_from("abcd"), st.sampled_from(HOW), st.sampled_from(BODIES))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(SAID, max_size=5, unique_by=lambda post: post[0]), max_size=4))
def test_posts_of_one_scrape_never_become_one(scrapes: list[list[tuple[str, str, str]]]) -> None:
    posts = [post for number, said in enumerate(scrapes) for post in shown(str(number), *said)]
    restated = {(scrape, id_): stands for scrape, id_, stands in match_posts(posts)}
    standing = [(post.scrape, restated.get((post.scrape, post.id), post.id)) for post in posts]
    assert len(set(standing)) == len(standing)


def test_many_alike_posts_of_one_author_cost_no_square() -> None:
    def compare(many: int) -> float:
        """Return the processor time of two scrapes of canned replies, each with another first word in the second."""
        scrapes = [
            [(f"{n}{again}", "words", f"{again} Dear guest {n}, {OIL}") for n in range(many)] for again in ("So.", "Well.")
        ]
        posts = [post for number, said in enumerate(scrapes) for post in shown(str(number), *said)]
        start = time.process_time()
        assert len(match_posts(posts)) == many
        return time.process_time() - start

    compare(100)
    assert min(compare(1600), compare(1600)) < 20 * max(compare(200), compare(200))  # eight times; a square would be 64


def edit_often(scrapes: int) -> list[Shown]:
    """One answer that each scrape shows with other words at its end."""
    base = "Stitches over a joint stay in for ten to fourteen days; keep the cut covered until then and do not kneel on it."
    return [
        Shown(f"{n:032x}", "a" * 32, "day", None, f"{base} It was edited as number {n} and {n + 1}.") for n in range(scrapes)
    ]


def test_an_answer_that_is_edited_in_each_scrape_costs_each_the_same() -> None:
    assert growth_of(edit_often, match_posts, 1000) < 1.4
