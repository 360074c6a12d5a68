"""A site on phpBB 3 in the style that it comes with: the author's line holds name and date in one text."""

from __future__ import annotations

import itertools
from datetime import datetime

from tests.sites.engines.marks import advertise, join_with, lined, linked, listed, safe
from tests.sites.members import Member
from tests.sites.prose import Block, words_of
from tests.sites.threads import Habits, MadePost, MadeThread

HABITS = Habits("phpbb", replies=6, words=42, page_size=15, quotes=0.3, signed=0.35)


AD = '<div class="partner-box">{}</div>'


def print_date(at: datetime) -> str:
    return f"{at:%a %b %d, %Y} {at.hour % 12 or 12}:{at:%M} {'am' if at.hour < 12 else 'pm'}"


def print_name(member: Member) -> str:
    return member.name


def _block(block: Block) -> str:
    match block.kind:
        case "quote":
            return f"<blockquote><div><cite>{safe(block.by or '')} wrote:</cite>{safe(block.lines[0])}</div></blockquote>"
        case "list":
            return f"<ul>{listed(block)}</ul>"
        case "code":
            return f'<div class="codebox"><p>Code: <a href="#" onclick="selectCode(this); return false;">Select all</a></p><pre><code>{lined(block)}</code></pre></div>'
    return linked(block, ' class="postlink"')


def _body(blocks: tuple[Block, ...]) -> str:
    """Return the blocks of a body with the two breaks that phpBB has for a new paragraph."""
    parts = [_block(block) for block in blocks]
    broken = ["<br>\n<br>\n" if one.kind == two.kind == "text" else "\n" for one, two in itertools.pairwise(blocks)]
    return "".join(part + gap for part, gap in zip(parts, [*broken, ""], strict=True))


def _post(post: MadePost, thread: MadeThread) -> str:
    number, author, name = post.number, post.author, safe(post.author.name)
    profile = f"./memberlist.php?mode=viewprofile&amp;u={author.number}"
    city = f'<dd class="profile-custom-field"><strong>Location:</strong> {author.city}</dd>' if author.city else ""
    edited = (
        f'<div class="notice">Last edited by <a href="{profile}" class="username">{name}</a> on {print_date(post.edited)}, edited 1 time in total.</div>'
        if post.edited
        else ""
    )
    signature = f'<div id="sig{number}" class="signature">{safe(post.signature)}</div>' if post.signature else ""
    first = 'class="first"' if post.place == 1 else ""
    prefix = "" if post.place == 1 else "Re: "
    return (
        f'<div id="p{number}" class="post has-profile bg{1 + post.place % 2}">\n<div class="inner">\n<dl class="postprofile" id="profile{number}">\n'
        f'<dt class="has-profile-rank"><div class="avatar-container"></div><a href="{profile}" class="username">{name}</a></dt>\n'
        f'<dd class="profile-rank">{author.rank}</dd><dd class="profile-posts"><strong>Posts:</strong> <a href="./search.php?author_id={author.number}">{author.posts}</a></dd>'
        f'<dd class="profile-joined"><strong>Joined:</strong> Sat Mar 06, {author.joined} 4:12 pm</dd>{city}\n</dl>\n'
        f'<div class="postbody">\n<div id="post_content{number}">\n<h3 {first}><a href="./viewtopic.php?p={number}#p{number}">{prefix}{safe(thread.title)}</a></h3>\n'
        f'<ul class="post-buttons"><li><a href="./posting.php?mode=quote&amp;p={number}" title="Reply with quote" class="button button-icon-only"><span>Quote</span></a></li></ul>\n'
        f'<p class="author"><a class="unread" href="./viewtopic.php?p={number}#p{number}" title="Post"><span class="sr-only">Post</span></a>'
        f'<span class="responsive-hide">by <strong><a href="{profile}" class="username">{name}</a></strong> &raquo; </span>{print_date(post.at)}</p>\n'
        f'<div class="content">{_body(post.blocks)}</div>\n{edited}{signature}\n</div>\n</div>\n'
        '<div class="back2top"><a href="#top" class="top" title="Top"><span class="sr-only">Top</span></a></div>\n</div>\n</div>\n<hr class="divider">'
    )


def _bar(thread: MadeThread) -> str:
    return (
        f'<div class="action-bar bar-top"><a href="./posting.php?mode=reply&amp;t={thread.number}" class="button" title="Post a reply"><span>Post Reply</span></a>'
        f'<div class="pagination">{thread.replies + 1} post{"s" if thread.replies else ""} &bull; Page <strong>{thread.page}</strong> of <strong>{thread.pages}</strong></div></div>'
    )


def render(thread: MadeThread) -> str:
    """Return one page of a thread as HTML."""
    title, name = safe(thread.title), words_of("phpbb")["name"]
    start = f"&amp;start={(thread.page - 1) * HABITS.page_size}" if thread.page > 1 else ""
    ahead = f'<link rel="prev" href="./viewtopic.php?t={thread.number}">' if thread.page > 1 else ""
    page = f" - Page {thread.page}" if thread.page > 1 else ""
    between = advertise(thread, "between", AD)
    similar = "".join(
        f'<li class="row bg1"><a href="./viewtopic.php?t={len(title) * 97}" class="topictitle">{safe(title)}</a></li>'
        for title in thread.related
    )
    return (
        f'<!DOCTYPE html>\n<html dir="ltr" lang="en-gb">\n<head>\n<meta charset="utf-8">\n<title>{title}{page} - {name}</title>\n'
        f'<link rel="canonical" href="https://grouphead.example/viewtopic.php?t={thread.number}{start}">{ahead}\n</head>\n<body id="phpbb" class="nojs notouch section-viewtopic ltr">\n'
        f'<div id="wrap" class="wrap">\n<div id="page-header"><div class="headerbar" role="banner"><div id="site-description" class="site-description"><h1>{name}</h1><p>A board about making espresso at home</p></div></div>\n'
        '<div class="navbar" role="navigation"><ul class="nav-main linklist"><li><a href="./index.php">Board index</a></li><li><a href="./faq.php">FAQ</a></li><li><a href="./ucp.php?mode=register">Register</a></li><li><a href="./ucp.php?mode=login">Login</a></li></ul></div></div>\n'
        f"{advertise(thread, 'top', AD)}"
        f'<div id="page-body" class="page-body" role="main">\n<h2 class="topic-title"><a href="./viewtopic.php?t={thread.number}">{title}</a></h2>\n{_bar(thread)}\n'
        f"{join_with([_post(post, thread) for post in thread.posts], between)}\n{_bar(thread)}\n"
        f'<div class="forumbg similar"><h3>Similar topics</h3><ul class="topiclist">{similar}</ul></div>\n'
        f"{advertise(thread, 'side', AD)}"
        f'<div class="action-bar actions-jump"><a href="./viewforum.php?f=3" class="left-box arrow-left">Return to “{safe(thread.section)}”</a></div>\n</div>\n'
        '<div id="page-footer" class="page-footer" role="contentinfo"><div class="navbar"><ul class="nav-footer linklist"><li>All times are UTC</li><li><a href="./ucp.php?mode=delete_cookies">Delete cookies</a></li></ul></div>'
        '<div class="copyright"><p class="footer-row"><span class="footer-copyright">Powered by <a href="https://www.phpbb.com/">phpBB</a>&reg; Forum Software &copy; phpBB Limited</span></p></div></div>\n</div>\n</body>\n</html>\n'
    )
