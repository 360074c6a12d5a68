"""A site on WordPress with bbPress: the date of a post stands in a header beside its box."""

from __future__ import annotations

from datetime import datetime

from tests.sites.engines.marks import advertise, join_with, lined, linked, listed, safe
from tests.sites.members import Member
from tests.sites.prose import Block, words_of
from tests.sites.threads import Habits, MadePost, MadeThread

HABITS = Habits("bbpress", replies=4, words=48, page_size=15, quotes=0.1)
NOFOLLOW = ' rel="nofollow"'
AD = '<div class="allot-sponsor"><small>{}</small></div>'
MENU = ("Home", "Forums", "Plot diary", "Seed swap", "About")


def print_date(at: datetime) -> str:
    return f"{at:%B} {at.day}, {at.year} at {at.hour % 12 or 12}:{at:%M} {'am' if at.hour < 12 else 'pm'}"


def print_name(member: Member) -> str:
    return member.name


def _block(block: Block) -> str:
    match block.kind:
        case "quote":
            return f"<blockquote><p><em>{safe(block.by or '')} wrote:</em></p>\n<p>{safe(block.lines[0])}</p></blockquote>"
        case "list":
            return f"<ul>\n{listed(block)}\n</ul>"
        case "code":
            return f"<pre><code>{lined(block)}</code></pre>"
    return f"<p>{linked(block, NOFOLLOW)}</p>"


def _post(post: MadePost, thread: MadeThread) -> str:
    number, author, name = post.number, post.author, safe(post.author.name)
    kind, parity = ("topic" if post.place == 1 else "reply"), ("odd" if post.place % 2 else "even")
    profile, link = f"/users/{author.slug}/", f"/forums/topic/{thread.number}/#post-{number}"
    revised = (
        f'\n<ul id="bbp-{kind}-revision-log-{number}" class="bbp-{kind}-revision-log"><li>This {kind} was modified {1 + number % 6} years ago by <a href="{profile}">{name}</a>.</li></ul>'
        if post.edited
        else ""
    )
    body = "\n".join(map(_block, post.blocks))
    parents = "" if post.place == 1 else f"bbp-parent-topic-{thread.number} bbp-reply-position-{post.place} "
    return (
        f'<div id="post-{number}" class="bbp-reply-header"><div class="bbp-meta"><span class="bbp-reply-post-date">{print_date(post.at)}</span> <a href="{link}" class="bbp-reply-permalink">#{number}</a> <span class="bbp-admin-links"></span></div></div>\n'
        f'<div class="{parity} bbp-parent-forum-{len(thread.section)} {parents}user-id-{author.number} post-{number} {kind} type-{kind} status-publish hentry">\n'
        f'<div class="bbp-reply-author"><a href="{profile}" title="View {name}&#039;s profile" class="bbp-author-link"><span class="bbp-author-avatar"><img alt="" src="/avatar/{author.number}" class="avatar avatar-80 photo"></span><span class="bbp-author-name">{name}</span></a><div class="bbp-author-role">{"Keymaster" if author.rank == "Moderator" else "Participant"}</div></div>\n'
        f'<div class="bbp-reply-content">\n{body}{revised}\n</div>\n</div>'
    )


def _notice(thread: MadeThread) -> str:
    last, voices = thread.posts[-1], len({post.author.name for post in thread.posts})
    replies = "1 reply" if thread.replies == 1 else f"{thread.replies} replies"
    return (
        f'<div class="bbp-template-notice info"><ul><li class="bbp-topic-description">This topic has {replies}, {voices} voice{"s" if voices > 1 else ""}, and was last updated '
        f'<a href="#post-{last.number}">{1 + last.number % 7} years ago</a> by <a href="/users/{last.author.slug}/" class="bbp-author-link">{safe(last.author.name)}</a>.</li></ul></div>'
    )


def render(thread: MadeThread) -> str:
    """Return one page of a thread as HTML."""
    title, name = safe(thread.title), words_of("bbpress")["name"]
    path = f"https://allotment-board.example/forums/topic/{thread.number}/" + (
        f"page/{thread.page}/" if thread.page > 1 else ""
    )
    ahead = f'<link rel="prev" href="/forums/topic/{thread.number}/">' if thread.page > 1 else ""
    size, low = len(thread.posts), (thread.page - 1) * HABITS.page_size + 1
    count = f'<div class="bbp-pagination"><div class="bbp-pagination-count">Viewing {size} posts - {low} through {low + size - 1} (of {thread.replies + 1} total)</div></div>'
    recent = "".join(
        f'<li><a class="bbp-forum-title" href="/forums/topic/{len(title) * 71}/">{safe(title)}</a></li>'
        for title in thread.related
    )
    between = advertise(thread, "between", AD)
    menu = "".join(f'<li class="menu-item"><a href="/{item.lower().replace(" ", "-")}/">{item}</a></li>' for item in MENU)
    return (
        f'<!DOCTYPE html>\n<html lang="en-GB">\n<head>\n<meta charset="UTF-8">\n<title>Topic: {title} | {name}</title>\n<meta name="generator" content="WordPress 6.5.2">\n<link rel="canonical" href="{path}">{ahead}\n</head>\n'
        f'<body class="topic bbpress no-js single single-topic postid-{thread.number}">\n<header id="masthead" class="site-header"><p class="site-title"><a href="/">{name}</a></p><nav class="main-navigation"><ul class="menu">{menu}</ul></nav></header>\n'
        f"{advertise(thread, 'top', AD)}"
        f'<div id="content" class="site-content">\n<article class="post-{thread.number} topic type-topic-page hentry"><h1 class="entry-title">{title}</h1>\n<div class="entry-content"><div id="bbpress-forums" class="bbpress-wrapper">\n'
        f'<div class="bbp-breadcrumb"><p><a href="/" class="bbp-breadcrumb-home">Home</a> &rsaquo; <a href="/forums/" class="bbp-breadcrumb-root">Forums</a> &rsaquo; <a href="/forums/forum/{len(thread.section)}/">{safe(thread.section)}</a></p></div>\n'
        f'{_notice(thread)}\n{count}\n<ul id="topic-{thread.number}-replies" class="forums bbp-replies">\n<li class="bbp-header"><div class="bbp-reply-author">Author</div><div class="bbp-reply-content">Posts</div></li>\n<li class="bbp-body">\n'
        f"{join_with([_post(post, thread) for post in thread.posts], between)}\n</li>\n"
        '<li class="bbp-footer"><div class="bbp-reply-author">Author</div><div class="bbp-reply-content">Posts</div></li>\n</ul>\n'
        f'{count}\n<div class="bbp-no-reply"><div class="bbp-template-notice"><ul><li>You must be logged in to reply to this topic.</li></ul></div></div>\n</div></div></article>\n</div>\n'
        f'<aside id="secondary" class="widget-area">{advertise(thread, "side", "<section class=widget><p>{}</p></section>")}<section class="widget widget_display_topics"><h2 class="widget-title">Recent Topics</h2><ul class="bbp-topics-widget">{recent}</ul></section></aside>\n'
        '<footer id="colophon" class="site-footer"><p>Proudly powered by WordPress. All posts belong to those who wrote them.</p></footer>\n</body>\n</html>\n'
    )
