"""A site on XenForo 2: an article a post, its date to the second on the time element."""

from __future__ import annotations

import itertools
from datetime import datetime

from tests.sites.engines.marks import advertise, join_with, lined, linked, listed, safe
from tests.sites.members import Member
from tests.sites.prose import Block, words_of
from tests.sites.threads import Habits, MadePost, MadeThread

HABITS = Habits("xenforo", replies=7, words=36, page_size=20, quotes=0.35, signed=0.4, votes=True, said="{} said:")


AD = '<div class="promo-slot"><span>{}</span></div>'


def print_date(at: datetime) -> str:
    return f"{at:%b} {at.day}, {at.year}"


def print_name(member: Member) -> str:
    return member.name


def _block(block: Block) -> str:
    match block.kind:
        case "quote":
            return (
                f'<blockquote data-quote="{safe(block.by or "")}" class="bbCodeBlock bbCodeBlock--expandable bbCodeBlock--quote js-expandWatch"><div class="bbCodeBlock-title">'
                f'<a href="/goto/post?id=1" class="bbCodeBlock-sourceJump" rel="nofollow">{safe(block.by or "")} said:</a></div>'
                f'<div class="bbCodeBlock-content"><div class="bbCodeBlock-expandContent js-expandContent">{safe(block.lines[0])}</div></div></blockquote>'
            )
        case "list":
            return f"<ul>{listed(block)}</ul>"
        case "code":
            return f'<div class="bbCodeBlock bbCodeBlock--screenLimited bbCodeBlock--code"><div class="bbCodeBlock-title">Code:</div><div class="bbCodeBlock-content" dir="ltr"><pre class="bbCodeCode" dir="ltr"><code>{lined(block)}</code></pre></div></div>'
    return linked(block, ' target="_blank" class="link link--external" rel="noopener"')


def _body(blocks: tuple[Block, ...]) -> str:
    parts = [_block(block) for block in blocks]
    gaps = ["<br>\n<br>\n" if one.kind == two.kind == "text" else "\n" for one, two in itertools.pairwise(blocks)]
    return "".join(part + gap for part, gap in zip(parts, [*gaps, ""], strict=True))


def _time(at: datetime) -> str:
    clock = f"{at.hour % 12 or 12}:{at:%M} {'AM' if at.hour < 12 else 'PM'}"
    return f'<time class="u-dt" dir="auto" datetime="{at:%Y-%m-%dT%H:%M:%S}+0000" title="{print_date(at)} at {clock}">{print_date(at)}</time>'


def _user(post: MadePost) -> str:
    author, name = post.author, safe(post.author.name)
    profile = f"/members/{author.slug}.{author.number}/"
    city = f'<dl class="pairs pairs--justified"><dt>Location</dt><dd>{author.city}</dd></dl>' if author.city else ""
    return (
        f'<section class="message-user"><div class="message-avatar"><a href="{profile}" class="avatar avatar--m" data-user-id="{author.number}"><img src="/data/avatars/{author.number}.jpg" alt="{name}"></a></div>\n'
        f'<div class="message-userDetails"><h4 class="message-name"><a href="{profile}" class="username" dir="auto" data-user-id="{author.number}">{name}</a></h4><h5 class="userTitle message-userTitle" dir="auto">{author.rank}</h5></div>\n'
        f'<div class="message-userExtras"><dl class="pairs pairs--justified"><dt>Joined</dt><dd>Jun 4, {author.joined}</dd></dl><dl class="pairs pairs--justified"><dt>Messages</dt><dd>{author.posts:,}</dd></dl>{city}</div></section>'
    )


def _post(post: MadePost, thread: MadeThread) -> str:
    number, name, jump = post.number, safe(post.author.name), f"/threads/{thread.number}/post-{post.number}"
    edited = f'<div class="message-lastEdit">Last edited: {_time(post.edited)}</div>' if post.edited else ""
    signature = (
        f'<aside class="message-signature"><div class="bbWrapper">{safe(post.signature)}</div></aside>'
        if post.signature
        else ""
    )
    votes = f'<div class="contentVote" data-content="post-{number}"><span class="contentVote-score js-voteCount">{post.votes}</span></div>'
    return (
        f'<article class="message message--post js-post js-inlineModContainer" data-author="{name}" data-content="post-{number}" id="js-post-{number}">\n'
        f'<span class="u-anchorTarget" id="post-{number}"></span>\n<div class="message-inner">\n<div class="message-cell message-cell--user">{_user(post)}</div>\n'
        f'<div class="message-cell message-cell--main"><div class="message-main js-quickEditTarget">\n'
        f'<header class="message-attribution message-attribution--split"><ul class="message-attribution-main listInline"><li class="u-concealed"><a href="{jump}" rel="nofollow">{_time(post.at)}</a></li></ul>\n'
        f'<ul class="message-attribution-opposite message-attribution-opposite--list"><li><a href="{jump}" rel="nofollow">#{post.place}</a></li></ul></header>\n'
        f'<div class="message-content js-messageContent"><div class="message-userContent lbContainer js-lbContainer"><article class="message-body js-selectToQuote"><div class="bbWrapper">{_body(post.blocks)}</div><div class="js-selectToQuoteEnd">&nbsp;</div></article></div>{edited}</div>\n'
        f'{signature}\n{votes}\n<footer class="message-footer"><div class="message-actionBar actionBar"><a href="{jump}/report" class="actionBar-action">Report</a> <a href="{jump}/reply" class="actionBar-action">Reply</a></div></footer>\n'
        "</div></div>\n</div></article>"
    )


def _side(thread: MadeThread) -> str:
    rows = "".join(
        f'<li class="block-row"><a href="/threads/{len(title) * 53}/">{safe(title)}</a></li>' for title in thread.related
    )
    ad = advertise(thread, "side", '<div class="block promo-slot"><span>{}</span></div>')
    return f'<div class="p-body-sidebar">{ad}<div class="block"><h3 class="block-minorHeader">Latest threads</h3><ul class="block-body">{rows}</ul></div></div>'


def render(thread: MadeThread) -> str:
    """Return one page of a thread as HTML."""
    title, name, first = safe(thread.title), words_of("xenforo")["name"], thread.posts[0]
    page = f" | Page {thread.page}" if thread.page > 1 else ""
    path = f"https://bilgetalk.example/threads/{thread.number}/" + (f"page-{thread.page}" if thread.page > 1 else "")
    ahead = f'<link rel="prev" href="/threads/{thread.number}/">' if thread.page > 1 else ""
    between = advertise(thread, "between", AD)
    nav = (
        f'<nav class="pageNavWrapper"><div class="pageNav"><a href="/threads/{thread.number}/page-2" class="pageNav-jump">{thread.page} of {thread.pages}</a></div></nav>'
        if thread.pages > 1
        else ""
    )
    starter = (
        f'<li>Thread starter <span class="username">{safe(first.author.name)}</span></li><li>Start date {_time(first.at)}</li>'
        if thread.page == 1
        else ""
    )
    return (
        f'<!DOCTYPE html>\n<html id="XF" lang="en-US" dir="LTR" data-app="public" data-template="thread_view" class="has-no-js template-thread_view">\n<head>\n<meta charset="utf-8">\n<title>{title}{page} | {name}</title>\n'
        f'<link rel="canonical" href="{path}">{ahead}\n</head>\n<body data-template="thread_view">\n<div class="p-pageWrapper" id="top">\n'
        f'<header class="p-header"><a href="/">{name}</a></header><nav class="p-nav"><ul class="p-nav-list"><li><a href="/forums/">Forums</a></li><li><a href="/whats-new/">What’s new</a></li><li><a href="/members/">Members</a></li><li><a href="/login/">Log in</a></li><li><a href="/register/">Register</a></li></ul></nav>\n'
        f"{advertise(thread, 'top', AD)}"
        f'<div class="p-body"><div class="p-body-inner">\n<ul class="p-breadcrumbs"><li><a href="/forums/"><span>Forums</span></a></li><li><a href="/forums/1/"><span>{safe(thread.section)}</span></a></li></ul>\n'
        f'<div class="p-body-header"><div class="p-title"><h1 class="p-title-value">{title}</h1></div><div class="p-description"><ul class="listInline listInline--bullet">{starter}</ul></div></div>\n'
        f'<div class="p-body-main p-body-main--withSidebar"><div class="p-body-content"><div class="p-body-pageContent"><div class="block block--messages"><div class="block-container lbContainer">{nav}<div class="block-body js-replyNewMessageContainer">\n'
        f"{join_with([_post(post, thread) for post in thread.posts], between)}\n</div></div></div></div></div>\n{_side(thread)}\n</div></div></div>\n"
        '<footer class="p-footer"><ul class="p-footer-linkList"><li><a href="/misc/contact">Contact us</a></li><li><a href="/help/terms/">Terms and rules</a></li><li><a href="/help/privacy-policy/">Privacy policy</a></li></ul><div class="p-footer-copyright">Community platform by XenForo</div></footer>\n</div>\n</body>\n</html>\n'
    )
