"""A home-made site of questions to eye doctors, in a markup that no layout knows."""

from __future__ import annotations

from datetime import datetime

from tests.sites.engines.marks import advertise, join_with, linked, listed, safe
from tests.sites.members import Member
from tests.sites.prose import Block, words_of
from tests.sites.threads import Habits, MadePost, MadeThread

HABITS = Habits("doctors", replies=2.6, words=55, unanswered=0.03, quotes=0.0, doctors=True, votes=True)

SIDES = ("top", "right", "bottom", "left")
CLASSES = "top path case meta asker from day words tools score save opinion card photo doctor trade stars reviews more partner".split()  # noqa: SIM905
# A site made by hand has its style sheet and its counting script in every page.
STYLE = "\n".join(
    f".csa-{name} {{ margin: {4 + at % 5 * 4}px 0; padding-{SIDES[at % 4]}: {at % 7}px; border-{SIDES[at % 3]}: {at % 2}px solid #d{at % 10}d8e0; "
    f"font: {12 + at % 4}px/1.5 Georgia, serif; color: #2{at % 10}3038 }}\n@media (max-width: 640px) {{ .csa-{name} {{ margin: {at % 3}px; float: none }} }}"
    for at, name in enumerate(CLASSES)
)
SCRIPT = "(function (w, d) { w.seen = w.seen || []; w.seen.push([d.location.pathname, +new Date()]); })(window, document);"


def print_date(at: datetime) -> str:
    return f"{at.day} {at:%B} {at.year}"


def print_name(member: Member) -> str:
    return member.name if member.credentials is None else f"{member.name}, {member.credentials}"


def _block(block: Block) -> str:
    match block.kind:
        case "quote":
            return f"<blockquote>{safe(block.lines[0])}</blockquote>"
        case "list":
            return f"<ul>{listed(block)}</ul>"
    return f"<p>{linked(block)}</p>"


def _asked(post: MadePost, thread: MadeThread) -> str:
    body = "".join(map(_block, post.blocks))
    place = f' <span class="csa-from">from {post.author.city}</span>' if post.author.city else ""
    return (
        f'<section class="csa-case" id="case-{post.number}"><h1>{safe(thread.title)}</h1>\n'
        f'<div class="csa-meta">Asked by <a class="csa-asker" href="/people/{post.author.number}">{safe(post.author.name)}</a>{place} <span class="csa-day">{print_date(post.at)}</span></div>\n'
        f'<div class="csa-words">{body}</div>\n<div class="csa-tools"><span class="csa-score">{post.votes}</span> found this question helpful <a href="/save">Save</a> <a href="/share">Share</a></div></section>'
    )


def _answered(post: MadePost) -> str:
    doctor, name = post.author, safe(print_name(post.author))
    body = "".join(map(_block, post.blocks))
    stars = 3.5 + doctor.number % 15 / 10
    return (
        f'<section class="csa-opinion" id="opinion-{post.number}"><div class="csa-card"><a class="csa-photo" href="/doctors/{doctor.slug}"><img src="/faces/{doctor.number}.jpg" alt=""></a>'
        f'<a class="csa-doctor" href="/doctors/{doctor.slug}">{name}</a><div class="csa-trade">Ophthalmologist, {doctor.city}</div>'
        f'<div class="csa-stars">{stars:.1f} out of 5 stars <a href="/doctors/{doctor.slug}/reviews">{doctor.number % 190 + 1} reviews</a></div></div>\n'
        f'<div class="csa-meta">Answered <span class="csa-day">{print_date(post.at)}</span></div>\n<div class="csa-words">{body}</div>\n'
        f'<div class="csa-tools"><span class="csa-score">{post.votes}</span> people found this helpful <a href="/doctors/{doctor.slug}/ask">Ask this doctor</a></div></section>'
    )


def render(thread: MadeThread) -> str:
    """Return a thread as HTML."""
    title, name = safe(thread.title), words_of("doctors")["name"]
    question, *answers = thread.posts
    heading = (
        f"<h2>{len(answers)} doctor answer{'' if len(answers) == 1 else 's'}</h2>" if answers else "<h2>No answers yet</h2>"
    )
    more = "".join(
        f'<li><a href="/q/{len(title) * 19}">{safe(title)}</a> <small>{len(title) % 9} answers</small></li>'
        for title in thread.related
    )
    between = advertise(thread, "between", '<div class="csa-partner"><em>Partner offer</em> {}</div>')
    return (
        f'<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8"><title>{title} | {name}</title><link rel="canonical" href="https://clearsight-answers.example/q/{thread.number}">\n<style>\n{STYLE}\n</style>\n<script>{SCRIPT}</script></head>\n<body>\n'
        f'<header class="csa-top"><a href="/">{name}</a><nav><a href="/ask">Ask a question</a> <a href="/topics">Topics</a> <a href="/doctors">Find a doctor</a> <a href="/login">Sign in</a></nav></header>\n'
        f'{advertise(thread, "top", "<div class=csa-partner>{}</div>")}<p class="csa-path"><a href="/topics">Topics</a> › <a href="/topics/x">{safe(thread.section)}</a></p>\n<main>\n'
        f"{_asked(question, thread)}\n{heading}\n{join_with([_answered(post) for post in answers], between)}\n</main>\n"
        f'<aside class="csa-more"><h3>You might also like</h3><ul>{more}</ul>{advertise(thread, "side", "<div class=csa-partner>{}</div>")}</aside>\n'
        '<footer><p>Answers are for general information and do not replace an examination by your own doctor.</p><p><a href="/terms">Terms</a> <a href="/privacy">Privacy</a> <a href="/contact">Contact</a></p></footer>\n</body>\n</html>\n'
    )
