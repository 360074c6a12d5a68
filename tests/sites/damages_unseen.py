"""The ten kinds of damage that stay unseen until what is to find them is measured."""

from __future__ import annotations

import re
import tomllib
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from random import Random

from tests.sites.damages_open import change_share, site_name
from tests.sites.elements import (
    PARTS,
    Element,
    change_inner,
    change_outside,
    change_text,
    find_bodies,
    find_names,
    find_posts,
    name_engine,
)
from tests.sites.generator import SITES, make_pages
from tests.sites.printed_dates import DATE, reprint_dates

UNITS = ((365, "year"), (30, "month"), (7, "week"), (1, "day"))
NOBODY = ("Anonymous", "[deleted]")
OFFERS = (
    "Compare car insurance in your area and save up to 40% today. See offers",
    "Doctors stunned: one simple habit before bed changes everything. Learn more",
    "Hearing aids of the new generation are being tested in your town. Apply now",
    "This game is so realistic that it is worth installing just to see. Play free",
)


# -- dates, names, votes ----------------------------------------------------------------------------------------------------


def make_dates_relative(pages: list[str], dice: Random) -> list[str]:
    return [change_outside(page, find_bodies(page), lambda part: reprint_dates(part, _ago)) for page in pages]


def _ago(at: datetime, clock: bool) -> str:  # noqa: FBT001
    days = max(1, (datetime(2026, 6, 1, tzinfo=UTC) - at).days)
    length, unit = next((length, unit) for length, unit in UNITS if days >= length)
    count = days // length
    return f"{count} {unit}{'' if count == 1 else 's'} ago"


def take_names(pages: list[str], dice: Random) -> list[str]:
    return [_take_names(page, dice) for page in pages]


def _take_names(html: str, dice: Random) -> str:
    """Return a page without the names of its posts' authors and the links to them; bodies, with their quotes, stay as they are."""
    bodies = find_bodies(html)
    for post, body in zip(reversed(find_posts(html)), reversed(bodies), strict=True):
        if dice.random() < 0.9:
            low, high = html[post.start : body.inner], html[body.until : post.end]
            names, nobody = find_names_in(low), dice.choice(NOBODY)
            html = (
                html[: post.start]
                + _unname(low, names, nobody)
                + html[body.inner : body.until]
                + _unname(high, names, nobody)
                + html[post.end :]
            )
    return html


def find_names_in(part: str) -> list[str]:
    return [match[2] for parts in PARTS.values() for match in re.finditer(parts.name, part)]


def _unname(part: str, names: list[str], nobody: str) -> str:
    for name in names:
        part = re.sub(rf"<a\b[^>]*>((?:<span[^>]*>)*){re.escape(name)}<", rf"<a>\1{nobody}<", part)
        part = part.replace(f">{name}<", f">{nobody}<").replace(f'"{name}"', f'"{nobody}"')
    return part


def take_votes(pages: list[str], dice: Random) -> list[str]:
    return [_take_votes(page) for page in pages]


def _take_votes(html: str) -> str:
    pattern = PARTS[name_engine(html)].votes
    return html if pattern is None else re.sub(pattern, "", html)


# -- other pages ------------------------------------------------------------------------------------------------------------


def ask_for_consent(pages: list[str], dice: Random) -> list[str]:
    return change_share(pages, dice, 0.6, lambda page: _consent(site_name(page), dice.randrange(10**9)))


def _consent(site: str, number: int) -> str:
    return (
        f'<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8"><title>{site}</title></head>\n<body>\n<div id="cmp-{number}" class="cmp-full"><h1>We value your privacy</h1>'
        f"<p>{site} and our 842 partners store and/or access information on a device, such as unique IDs in cookies, to process personal data. You may accept or manage your choices, including your right to object "
        "where legitimate interest is used, or at any time in the privacy policy page.</p><h2>We and our partners process data to provide:</h2><ul><li>Precise geolocation data and identification through device scanning</li>"
        "<li>Personalised advertising and content, advertising and content measurement, audience research</li><li>Storing and accessing information on a device</li></ul>"
        '<div class="cmp-buttons"><button>Manage options</button><button>Reject all</button><button>Accept all</button></div><p><a href="/privacy">Privacy policy</a> <a href="/partners">List of partners</a></p></div>\n</body>\n</html>\n'
    )


def mix_in_another_site(pages: list[str], dice: Random) -> list[str]:
    others = [site for site in SITES if site != name_engine(pages[0])]
    strangers = iter(make_pages(dice.choice(others), len(pages), dice.randrange(1000, 10**6)))
    return change_share(pages, dice, 0.4, lambda _: next(strangers).html)


def repeat_one_page(pages: list[str], dice: Random) -> list[str]:
    return [dice.choice(pages)] * len(pages)


def serve_for_phones(pages: list[str], dice: Random) -> list[str]:
    return [_for_phone(page) for page in pages]


def _for_phone(html: str) -> str:
    """Return a page as an accelerated page for phones shows it: who, when and what of the first posts, in plain boxes."""
    posts, bodies = find_posts(html), find_bodies(html)
    title = re.search(r"<title>(.*?)</title>", html)
    address = re.search(r'<link rel="canonical" href="([^"]*)"', html)
    shown = [_phone_post(html, post, body) for post, body in zip(posts[:3], bodies[:3], strict=True)]
    rest = (
        f'<a class="i-more" href="{address[1] if address else "/"}">Continue reading on the full site</a>'
        if len(posts) > 3
        else ""
    )
    heading = re.split(r" [-|] ", title[1])[0] if title else ""
    return (
        f'<!doctype html>\n<html amp lang="en">\n<head><meta charset="utf-8"><title>{title[1] if title else ""}</title><link rel="canonical" href="{address[1] if address else "/"}">'
        '<meta name="viewport" content="width=device-width"><script async src="https://cdn.example/v0.js"></script></head>\n<body>\n'
        f'<amp-sidebar id="side" layout="nodisplay"><a href="/">Home</a> <a href="/search">Search</a></amp-sidebar><h1>{heading}</h1>\n{chr(10).join(shown)}\n{rest}\n<amp-ad width="300" height="250"></amp-ad>\n</body>\n</html>\n'
    )


def _phone_post(html: str, post: Element, body: Element) -> str:
    around = html[post.start : body.inner]
    names = find_names_in(around)
    dates = [found[0] for found in DATE.finditer(re.sub(r"(?s)Joined.*?\d{4}", "", around))]
    when = dates[-1] if dates else ""
    return f'<div class="i-unit"><div class="i-line"><b>{names[0] if names else ""}</b> · <small>{when}</small></div>\n<div class="i-text">{html[body.inner : body.until]}</div></div>'


# -- what bodies say --------------------------------------------------------------------------------------------------------


@cache
def read_translation() -> dict[str, str]:
    """Return Spanish words by English ones, lower case."""
    return tomllib.loads((Path(__file__).parent / "translation.toml").read_text("utf-8"))["words"]  # type: ignore[no-any-return]


def translate(pages: list[str], dice: Random) -> list[str]:
    return [_translate(page) for page in pages]


def _translate(html: str) -> str:
    """Return a page word by word in Spanish; names, dates and what no dictionary has stay as they are."""
    html = re.sub(r'<html([^>]*) lang="[^"]*"', r'<html\1 lang="es"', html, count=1)
    names = set(find_names(html))
    return change_text(html, lambda text: text if text.strip() in names or DATE.search(text) else _translate_words(text))


def _translate_words(text: str) -> str:
    return re.sub(r"[A-Za-z][A-Za-z’'-]*", _translate_word, text)


def _translate_word(found: re.Match[str]) -> str:
    word = read_translation().get(found[0].lower().replace("'", "’"))
    if word is None:
        return found[0]
    return word[:1].upper() + word[1:] if found[0][0].isupper() else word


def advertise_in_bodies(pages: list[str], dice: Random) -> list[str]:
    offers = dice.sample(OFFERS, 3)

    def put_in(body: str) -> str:
        if dice.random() > 2 / 3:
            return body
        offer = f'<div class="infeed"><span>Advertisement</span> {dice.choice(offers)}</div>'
        ends = [found.end() for found in re.finditer(r"</p>|<br>\n<br>\n", body)]
        at = dice.choice(ends) if ends else len(body)
        return body[:at] + offer + body[at:]

    return [change_inner(page, find_bodies(page), put_in) for page in pages]


def drop_question(pages: list[str], dice: Random) -> list[str]:
    return [_drop_question(page) for page in pages]


def _drop_question(html: str) -> str:
    """Return a first page without its opening post; a heading in it stays."""
    if 'rel="prev"' in html:
        return html
    first = find_posts(html)[0]
    heading = re.search(r"<h1>.*?</h1>", html[first.start : first.end])
    return html[: first.start] + (heading[0] if heading else "") + html[first.end :]
