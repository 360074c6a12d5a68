"""The ten kinds of damage that are open to those who build what is to find them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from hashlib import blake2b
from random import Random

from tests.sites.elements import PARTS, change_inner, change_outside, find_bodies, find_posts, name_engine
from tests.sites.printed_dates import DATE, MACHINE, reprint_dates

KEPT_BYTES = 8192
SHOWN_REPLIES = 2
FINNISH = "tammikuuta helmikuuta maaliskuuta huhtikuuta toukokuuta kesäkuuta heinäkuuta elokuuta syyskuuta lokakuuta marraskuuta joulukuuta".split()  # noqa: SIM905
GREEK = [
    "Ιανουαρίου",
    "Φεβρουαρίου",
    "Μαρτίου",
    "Απριλίου",
    "Μαΐου",
    "Ιουνίου",
    "Ιουλίου",
    "Αυγούστου",
    "Σεπτεμβρίου",
    "Οκτωβρίου",
    "Νοεμβρίου",
    "Δεκεμβρίου",
]
GEORGIAN = "იანვარი თებერვალი მარტი აპრილი მაისი ივნისი ივლისი აგვისტო სექტემბერი ოქტომბერი ნოემბერი დეკემბერი".split()  # noqa: SIM905


def change_share(pages: list[str], dice: Random, share: float, change: Callable[[str], str]) -> list[str]:
    """Return pages of which a share, drawn at random, is changed."""
    chosen = set(dice.sample(range(len(pages)), round(share * len(pages))))
    return [change(page) if at in chosen else page for at, page in enumerate(pages)]


def site_name(html: str) -> str:
    """Return what a page's title ends in, the name of its site."""
    title = re.search(r"<title>(.*?)</title>", html)
    return re.split(r" [-|] ", title[1])[-1] if title else "this site"


# -- a redesign -------------------------------------------------------------------------------------------------------------


def rename_selectors(pages: list[str], dice: Random) -> list[str]:
    build = f"{dice.randrange(16**6):06x}"
    return [_redesign(page, build) for page in pages]


def _redesign(html: str, build: str) -> str:
    """Return a page as a build tool prints it: short names made of digests, boxes alone, no data for machines."""
    posts = PARTS[name_engine(html)]
    html = re.sub(posts.name, lambda found: _strip_link(found[1]) + found[2] + found[3], html)
    html = MACHINE.sub("", html)
    html = re.sub(r"""\s(class|id)=("[^"]*"|'[^']*')""", lambda found: f' {found[1]}="{_shorten(found[2][1:-1], build)}"', html)
    html = re.sub(r"""\s(?:itemprop|itemtype|data-[\w-]+|role)=("[^"]*"|'[^']*')|\sitemscope\b""", "", html)
    html = re.sub(r"<(/?)(?:article|section|aside|header|footer|main|li|ul|dl|dt|dd|h4|h5)\b", r"<\1div", html)
    return re.sub(r"<(/?)time\b", r"<\1span", html)


def _strip_link(before: str) -> str:
    return re.sub(r'href="[^"]*"', 'href="#"', before)


def _shorten(names: str, build: str) -> str:
    return " ".join(
        "x" + blake2b(f"{build} {re.sub(r'[0-9]+', '', name)}".encode(), digest_size=3).hexdigest() for name in names.split()
    )


# -- what is missing --------------------------------------------------------------------------------------------------------


def empty_bodies(pages: list[str], dice: Random) -> list[str]:
    return [change_inner(page, find_bodies(page), lambda _: "") for page in pages]


def truncate(pages: list[str], dice: Random) -> list[str]:
    return [page.encode()[:KEPT_BYTES].decode("utf-8", "ignore") for page in pages]


def collapse(pages: list[str], dice: Random) -> list[str]:
    return [_collapse(page) for page in pages]


def _collapse(html: str) -> str:
    posts = find_posts(html)
    hidden = posts[1 + SHOWN_REPLIES :]
    if not hidden:
        return html
    button = f'<div class="load-rest"><button type="button">Show {len(hidden)} more {"reply" if len(hidden) == 1 else "replies"}</button></div>'
    return html[: hidden[0].start] + button + html[hidden[-1].end :]


def print_twice(pages: list[str], dice: Random) -> list[str]:
    return [_print_twice(page) for page in pages]


def _print_twice(html: str) -> str:
    for post in reversed(find_posts(html)):
        copy = re.sub(r"""(\s(?:id|data-content)=["'][^"']*)(["'])""", r"\1m\2", html[post.start : post.end])
        copy = re.sub(r">#\d+<", "><", copy)  # narrow screens have no room for numbers
        html = f'{html[: post.end]}\n<div class="narrow-only">{copy}</div>{html[post.end :]}'
    return html


# -- what is another way ----------------------------------------------------------------------------------------------------


def localise_dates(pages: list[str], dice: Random) -> list[str]:
    form = dice.choice([_in_finnish, _in_greek, _in_georgian])
    return [change_outside(page, find_bodies(page), lambda part: reprint_dates(part, form)) for page in pages]


def _in_finnish(at: datetime, clock: bool) -> str:  # noqa: FBT001
    return f"{at.day}. {FINNISH[at.month - 1]} {at.year}" + (f" klo {at.hour}.{at:%M}" if clock else "")


def _in_greek(at: datetime, clock: bool) -> str:  # noqa: FBT001
    return f"{at.day} {GREEK[at.month - 1]} {at.year}" + (
        f", {at.hour % 12 or 12}:{at:%M} {'π.μ.' if at.hour < 12 else 'μ.μ.'}" if clock else ""
    )


def _in_georgian(at: datetime, clock: bool) -> str:  # noqa: FBT001
    return f"{at.day} {GEORGIAN[at.month - 1]} {at.year}" + (f", {at:%H:%M}" if clock else "")


def garble(pages: list[str], dice: Random) -> list[str]:
    return ["".join(map(_garbled, page.encode())) for page in pages]


def _garbled(byte: int) -> str:
    """Return what a byte is in Windows-1252; as browsers do, the five that have no sign in it stand for control characters."""
    return bytes([byte]).decode("cp1252") if byte not in (0x81, 0x8D, 0x8F, 0x90, 0x9D) else chr(byte)


def leave_templates(pages: list[str], dice: Random) -> list[str]:
    body, name, date, title = dice.choice([
        ("{{{ post.body }}}", "{{ post.author.name }}", "{{ post.created }}", "{{ topic.title }}"),
        ("{{ post.content|safe }}", "{{ post.user.display_name }}", "{{ post.posted_at|date:'M j, Y' }}", "{{ thread.title }}"),
        ("{{ ::vm.post.text }}", "{{ ::vm.post.who }}", "{{ vm.post.when | date }}", "{{ vm.thread.title }}"),
    ])  # fmt: skip

    def blank(html: str) -> str:
        html = change_inner(html, find_bodies(html), lambda _: body)
        html = re.sub(PARTS[name_engine(html)].name, lambda found: found[1] + name + found[3], html)
        html = re.sub(r"(<(title|h1|h2 class=\"topic-title\")[^>]*>(?:<a[^>]*>)?)[^<]+", lambda found: found[1] + title, html)
        return change_outside(html, find_bodies(html), lambda part: DATE.sub(date, MACHINE.sub("", part)))

    return [blank(page) for page in pages]


# -- other pages in place of the thread ------------------------------------------------------------------------------------


def ask_for_login(pages: list[str], dice: Random) -> list[str]:
    return change_share(pages, dice, 0.5, lambda page: _login(site_name(page), dice.randrange(16**8)))


def _login(site: str, token: int) -> str:
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head><meta charset="utf-8"><title>Log in | {site}</title></head>\n<body class="login">\n<header><a href="/">{site}</a></header>\n<main><h1>Log in</h1>'
        f'<p>You need to be logged in to view this page.</p><form method="post" action="/login"><input type="hidden" name="token" value="{token:08x}"><label>Username or e-mail <input name="user"></label>'
        '<label>Password <input type="password" name="password"></label><label><input type="checkbox" name="remember"> Stay logged in</label><button>Log in</button></form>'
        '<p><a href="/lost-password">Forgot your password?</a> Don’t have an account? <a href="/register">Register now</a></p></main>\n<footer><a href="/terms">Terms</a> <a href="/privacy">Privacy</a></footer>\n</body>\n</html>\n'
    )


def wall_off(pages: list[str], dice: Random) -> list[str]:
    return change_share(pages, dice, 0.8, lambda page: _wall(site_name(page), dice.randrange(16**16)))


def _wall(site: str, ray: int) -> str:
    return (
        '<!DOCTYPE html>\n<html lang="en-US">\n<head><title>One moment, please...</title><meta name="robots" content="noindex,nofollow"></head>\n<body class="no-js">\n<div class="main-wrapper" role="main"><div class="main-content">'
        f'<h1 class="zone-name-title">{site}</h1><h2>Checking if the connection is secure</h2><div id="challenge-stage"></div><noscript><p>Enable JavaScript and cookies to continue</p></noscript>'
        f"<p>{site} needs to review the security of your connection before proceeding. This may take a few seconds.</p></div></div>\n"
        f'<div class="footer"><p>Ray ID: <code>{ray:016x}</code></p><p>Performance &amp; security by Gatekeeper</p></div>\n</body>\n</html>\n'
    )
