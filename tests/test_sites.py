"""The made sites by which drift is measured: the same each time, varied as nights are, read well; and what harms them."""

from __future__ import annotations

import html as entities
import re
from functools import cache
from pathlib import Path
from statistics import mean

import polars as pl
import pytest

from flows.evaluation import evaluate_snapshot
from tests.inline import snapshot_of
from tests.sites.damages import DAMAGES, KINDS, NONE, Damage
from tests.sites.elements import find_bodies, find_names, find_posts, name_engine
from tests.sites.generator import ENGINES, SITES, MadePage, make_pages, read_night, write_batch, write_labels
from tests.sites.printed_dates import DATE

SEED = 11
DAMAGE = {damage.id: damage for damage in DAMAGES}
REPLACED = {"half-login": 0.5, "bot-wall": 0.8, "consent": 0.6, "other-site": 0.4}  # share of the pages that are others now


@cache
def night_of(site: str, count: int = 12, seed: int = SEED) -> tuple[MadePage, ...]:
    return tuple(make_pages(site, count, seed))


def sources(site: str, count: int = 12, seed: int = SEED) -> list[str]:
    return [page.html for page in night_of(site, count, seed)]


def text_of(source: str) -> str:
    """Return the words of a page's source, without its tags, styles and scripts."""
    source = re.sub(r"(?s)<(style|script)\b.*?</\1>", "", source)
    inline = re.sub(r"</?(?:a|b|em|small|span|strong)\b[^>]*>", "", source)
    return " ".join(entities.unescape(re.sub(r"<[^>]+>", " ", inline)).split())


def bodies_of(source: str) -> list[str]:
    return [source[body.inner : body.until] for body in find_bodies(source)]


# -- the sites --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("site", SITES)
def test_a_seed_names_one_night(site: str) -> None:
    pages = make_pages(site, 6, SEED)
    assert [page.html for page in pages] == sources(site, 6)
    assert sources(site, 3) == sources(site, 6)[:3]
    assert not set(sources(site, 6)) & set(sources(site, 6, SEED + 1))


@pytest.mark.parametrize("site", SITES)
def test_no_two_threads_are_alike(site: str) -> None:
    pages = make_pages(site, 80, SEED)
    threads = [page.thread for page in pages]
    bodies = [post.read_text("{}") for thread in threads for post in thread.posts if len(post.blocks) > 1]
    assert len({page.html for page in pages}) == len({thread.number for thread in threads}) == 80
    assert len({thread.title for thread in threads}) > 70
    assert len(set(bodies)) > 0.99 * len(bodies)


@pytest.mark.parametrize("site", SITES)
def test_threads_are_spread_as_threads_are(site: str) -> None:
    threads = [page.thread for page in make_pages(site, 300, SEED)]
    replies = [thread.replies for thread in threads]
    writers = [post.author.name for thread in threads for post in thread.posts]
    years = {thread.posts[0].at.year for thread in threads}
    assert min(replies) == 0
    assert sorted(replies)[150] < mean(replies)  # a long tail
    assert 20 < max(replies) <= 60
    assert writers.count(max(set(writers), key=writers.count)) > 4 * len(writers) / len(set(writers))
    assert len(years) >= 4
    assert all(post.at <= read_night(site, SEED) for thread in threads for post in thread.posts)


def test_nights_of_a_site_differ() -> None:
    nights = [make_pages("phpbb", 60, seed) for seed in range(4)]
    assert len({read_night("phpbb", seed) for seed in range(4)}) == 4
    sizes = [mean(page.thread.replies for page in night) for night in nights]
    assert max(sizes) > 1.05 * min(sizes)
    writers = [{post.author.name for page in night for post in page.thread.posts} for night in nights]
    assert all(one & other and one - other for one in writers for other in writers if one is not other)
    assert {bool(page.thread.ads) for night in nights for page in night} == {True, False}


@pytest.fixture(scope="module")
def nights() -> dict[str, list[MadePage]]:
    return {site: make_pages(site, 10, SEED) for site in SITES}


@pytest.mark.parametrize("site", SITES)
def test_pages_are_split_as_they_were_made(site: str, nights: dict[str, list[MadePage]], tmp_path: Path) -> None:
    pages = nights[site]
    write_batch(tmp_path / "raw", [page.name for page in pages], [page.html for page in pages])
    write_labels(tmp_path / "gold.jsonl", pages)
    snapshot = snapshot_of(tmp_path / "raw", tmp_path / "out")
    scores = evaluate_snapshot(snapshot, tmp_path / "gold.jsonl")
    assert scores.missing == []
    assert scores.exact == scores.pages
    assert {name: field.f1 is not None and field.f1 > 0.98 for name, field in scores.fields.items()} == dict.fromkeys(
        scores.fields, True
    )
    layouts = set(pl.read_parquet(snapshot / "scrapes/*.parquet")["layout"])
    assert layouts == ({"html:repeats"} if site == "doctors" else {f"html:layout:{LAYOUTS[site]}"})


LAYOUTS = {"discourse": "discourse", "phpbb": "phpbb3", "xenforo": "xenforo2", "bbpress": "bbpress"}


# -- where the parts of a page stand ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("site", SITES)
def test_the_parts_of_a_page_are_found_in_its_source(site: str) -> None:
    for page in night_of(site):
        posts = page.thread.posts
        assert name_engine(page.html) == site
        assert len(find_posts(page.html)) == len(find_bodies(page.html)) == len(posts)
        names = {ENGINES[site].print_name(post.author) for post in posts}
        assert {entities.unescape(name) for name in find_names(page.html)} == names
        said = [text_of(body) for body in bodies_of(page.html)]
        assert all(" ".join(post.blocks[-1].lines[0].split()) in text for post, text in zip(posts, said, strict=True))


# -- damage -----------------------------------------------------------------------------------------------------------------


def test_twenty_damages_ten_of_them_open() -> None:
    assert len(DAMAGE) == len(DAMAGES) == 20
    assert sum(damage.open for damage in DAMAGES) == 10
    assert all(damage.what and damage.kinds and damage.kinds <= set(KINDS) for damage in DAMAGES)


@pytest.mark.parametrize("site", SITES)
def test_without_damage_pages_stay_as_they_are(site: str) -> None:
    pages = sources(site)
    assert NONE(pages, SEED) == pages


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.id)
@pytest.mark.parametrize("site", SITES)
def test_a_damage_is_the_same_each_time_and_harms_where_it_says(site: str, damage: Damage) -> None:
    pages = sources(site)
    harmed = damage(pages, SEED)
    assert pages == sources(site)
    assert harmed == damage(pages, SEED)
    assert len(harmed) == len(pages)
    changed = sum(before != after for before, after in zip(pages, harmed, strict=True))
    if site not in damage.sites:
        assert changed == 0
    elif damage.id in REPLACED:
        assert changed == round(REPLACED[damage.id] * len(pages))
    else:
        assert changed >= 0.4 * len(pages)


@pytest.mark.parametrize("site", SITES)
@pytest.mark.parametrize("name", ["dates-localised", "dates-relative", "anonymous", "votes-gone"])
def test_what_is_printed_beside_bodies_leaves_bodies_alone(name: str, site: str) -> None:
    pages = sources(site)
    harmed = DAMAGE[name](pages, SEED)
    assert [bodies_of(page) for page in harmed] == [bodies_of(page) for page in pages]
    assert [len(find_posts(page)) for page in harmed] == [len(find_posts(page)) for page in pages]


@pytest.mark.parametrize("site", SITES)
@pytest.mark.parametrize("name", ["bodies-emptied", "ads-in-bodies"])
def test_what_happens_in_bodies_leaves_the_rest_alone(name: str, site: str) -> None:
    for before, after in zip(sources(site), DAMAGE[name](sources(site), SEED), strict=True):
        assert without_bodies(before) == without_bodies(after)


def without_bodies(page: str) -> str:
    for body in reversed(find_bodies(page)):
        page = page[: body.inner] + page[body.until :]
    return page


@pytest.mark.parametrize("site", SITES)
def test_dates_printed_another_way_are_dates_no_more(site: str) -> None:
    for name in ("dates-localised", "dates-relative"):
        for before, after in zip(sources(site), DAMAGE[name](sources(site), SEED), strict=True):
            assert DATE.search(without_bodies(before))
            assert not DATE.search(without_bodies(after))
            assert "datetime=" not in after


@pytest.mark.parametrize("site", SITES)
def test_bodies_are_empty_and_templates_unfilled(site: str) -> None:
    assert {body for page in DAMAGE["bodies-emptied"](sources(site), SEED) for body in bodies_of(page)} == {""}
    for page in DAMAGE["template-off"](sources(site), SEED):
        assert {body[:2] for body in bodies_of(page)} == {"{{"}
        assert {name[:2] for name in find_names(page)} == {"{{"}


@pytest.mark.parametrize("site", SITES)
def test_what_is_left_of_threads_is_what_was_there(site: str) -> None:
    for name, kept in (("collapsed", slice(0, 3)), ("question-dropped", slice(1, None))):
        for page, harmed in zip(night_of(site), DAMAGE[name](sources(site), SEED), strict=True):
            before = bodies_of(page.html)
            is_whole = name == "question-dropped" and page.thread.page > 1
            assert bodies_of(harmed) == (before if is_whole else before[kept])
    for before, after in zip(sources(site), DAMAGE["truncated"](sources(site), SEED), strict=True):
        assert before.startswith(after)
        assert 8188 <= len(after.encode()) <= 8192 or after == before


@pytest.mark.parametrize("site", sorted(DAMAGE["posts-twice"].sites))
def test_each_post_is_printed_twice(site: str) -> None:
    for before, after in zip(sources(site), DAMAGE["posts-twice"](sources(site), SEED), strict=True):
        assert bodies_of(after) == [body for body in bodies_of(before) for _ in range(2)]


@pytest.mark.parametrize("site", SITES)
def test_the_wrong_encoding_can_be_undone(site: str) -> None:
    harmed = DAMAGE["mojibake"](sources(site), SEED)
    assert sum("â€" in page for page in harmed) > 0.7 * len(harmed)
    for before, after in zip(sources(site), harmed, strict=True):
        back = b"".join(sign.encode("latin-1") if sign in "\x81\x8d\x8f\x90\x9d" else sign.encode("cp1252") for sign in after)
        assert back.decode() == before


@pytest.mark.parametrize("site", SITES)
def test_a_redesign_and_a_page_for_phones_keep_what_was_said(site: str) -> None:
    for name, posts in (("selectors-renamed", None), ("amp", 3)):
        for before, after in zip(sources(site), DAMAGE[name](sources(site), SEED), strict=True):
            assert all(text_of(body) in text_of(after) for body in bodies_of(before)[:posts])
    for before, after in zip(sources(site), DAMAGE["selectors-renamed"](sources(site), SEED), strict=True):
        assert text_of(after).replace(" ", "") == text_of(before).replace(" ", "")
        assert not set(re.findall(r'class="([^"]+)"', before)) & set(re.findall(r'class="([^"]+)"', after))


@pytest.mark.parametrize("site", SITES)
def test_a_translation_keeps_names_dates_and_markup(site: str) -> None:
    for before, after in zip(sources(site), DAMAGE["translated"](sources(site), SEED), strict=True):
        assert find_names(after) == find_names(before)
        assert re.findall(r"<[a-z/][^>]*>", after)[3:] == re.findall(r"<[a-z/][^>]*>", before)[3:]
        words = text_of(after).split()
        assert sum(word in ("el", "la", "y", "de", "que", "no", "en", "un") for word in words) > 0.05 * len(words)


@pytest.mark.parametrize("site", SITES)
def test_other_pages_are_other_pages(site: str) -> None:
    assert len(set(DAMAGE["same-page"](sources(site), SEED))) == 1
    mixed = [name_engine(page) for page in DAMAGE["other-site"](sources(site), SEED)]
    assert len(set(mixed)) == 2
    for name in ("half-login", "bot-wall", "consent"):
        walls = [page for page in DAMAGE[name](sources(site), SEED) if page not in sources(site)]
        assert len(set(walls)) == len(walls)  # as such pages carry a token each
        assert not any(body in wall for wall in walls for page in sources(site) for body in bodies_of(page))


@pytest.mark.parametrize("site", SITES)
def test_nine_names_of_ten_are_gone_with_their_profiles(site: str) -> None:
    pages = sources(site)
    named = sum(len(find_posts(page)) for page in pages)
    harmed = DAMAGE["anonymous"](pages, SEED)
    posts = [page[post.start : post.end] for page in harmed for post in find_posts(page)]
    nobody = sum(">Anonymous<" in post or ">[deleted]<" in post for post in posts)
    assert 0.8 * named < nobody < named


@pytest.mark.parametrize("site", sorted(DAMAGE["votes-gone"].sites))
def test_votes_go_and_nothing_else(site: str) -> None:
    for before, after in zip(sources(site), DAMAGE["votes-gone"](sources(site), SEED), strict=True):
        assert len(after) < len(before)
        rest = iter(text_of(before).split())
        assert all(word in rest for word in text_of(after).split())
