"""A site on Discourse: what it prints for crawlers, one box a post."""

from __future__ import annotations

from datetime import datetime

from tests.sites.engines.marks import advertise, join_with, lined, linked, listed, safe
from tests.sites.members import Member
from tests.sites.prose import Block, words_of
from tests.sites.threads import Habits, MadePost, MadeThread

HABITS = Habits("discourse", replies=5, words=38, page_size=20, quotes=0.12, votes=True, accepts=True, said="{}:")
NOFOLLOW = ' rel="noopener nofollow ugc"'
AD = '<div class="house-creative"><a href="/out">{}</a></div>'
HOST = "relay-room.example"


def print_date(at: datetime) -> str:
    return f"{at:%B} {at.day}, {at.year}, {at.hour % 12 or 12:2d}:{at:%M}{'am' if at.hour < 12 else 'pm'}"


def print_name(member: Member) -> str:
    return member.slug.replace("-", "_")


def _block(block: Block) -> str:
    match block.kind:
        case "quote":
            name = safe((block.by or "").encode("ascii", "ignore").decode().lower().replace(" ", "_").replace("-", "_"))
            return (
                f'<aside class="quote no-group" data-username="{name}" data-post="1"><div class="title"><div class="quote-controls"></div>'
                f"{safe(block.by or '')}:</div><blockquote><p>{safe(block.lines[0])}</p></blockquote></aside>"
            )
        case "list":
            return f"<ul>{listed(block)}</ul>"
        case "code":
            return f'<pre><code class="lang-auto">{lined(block)}</code></pre>'
    return f"<p>{linked(block, NOFOLLOW)}</p>"


def _post(post: MadePost, thread: MadeThread) -> str:
    name, stamp, shown = safe(print_name(post.author)), f"{post.at:%Y-%m-%dT%H:%M:%SZ}", print_date(post.at)
    likes = "1 Like" if post.votes == 1 else f"{post.votes} Likes"
    solved = '<span class="accepted-answer-note">✓ Solution</span>' if post.accepted else ""
    address = f"https://{HOST}/t/{thread.number}"
    return (
        f"<div id='post_{post.place}' itemprop='comment' itemscope itemtype='http://schema.org/Comment' class='topic-body crawler-post'>\n"
        f'<div class=\'crawler-post-meta\'>\n<span class="creator" itemprop="author" itemscope itemtype="http://schema.org/Person">'
        f"<a itemprop=\"url\" rel='nofollow' href='https://{HOST}/u/{name}'><span itemprop='name'>{name}</span></a></span>\n"
        f'<link itemprop="mainEntityOfPage" href="{address}">\n<span class="crawler-post-infos"><time itemprop="datePublished" '
        f"datetime='{stamp}' class='post-time'>{shown}</time><meta itemprop='dateModified' content='{stamp}'>"
        f"<span itemprop='position'>{post.place}</span></span>\n</div>\n<div class='post' itemprop='text'>\n"
        f'{"".join(map(_block, post.blocks))}\n</div>\n{solved}<div itemprop="interactionStatistic" itemscope '
        f'itemtype="http://schema.org/InteractionCounter"><meta itemprop="interactionType" content="http://schema.org/LikeAction"/>'
        f'<meta itemprop="userInteractionCount" content="{post.votes}" /><span class=\'post-likes\'>{likes if post.votes else ""}</span></div>\n</div>'
    )


def _related(thread: MadeThread) -> str:
    rows = "".join(
        f'<tr class="topic-list-item"><td class="main-link"><a href="/t/{len(title) * 331}" class="title raw-link">{safe(title)}</a>'
        f'<div class="link-bottom-line"><a href="/c/{thread.section.lower()}">{safe(thread.section)}</a></div></td><td class="replies">'
        f'<span class="posts">{len(title) % 17}</span></td><td class="views">{len(title) * 37}</td></tr>'
        for title in thread.related
    )
    return f'<div id="related-topics" class="more-topics__list"><h3>Related topics</h3><table class="topic-list"><tbody>{rows}</tbody></table></div>'


def render(thread: MadeThread) -> str:
    """Return one page of a thread as HTML."""
    title, name = safe(thread.title), words_of("discourse")["name"]
    address = f"https://{HOST}/t/{thread.number}" + (f"?page={thread.page}" if thread.page > 1 else "")
    ahead = f'<link rel="prev" href="https://{HOST}/t/{thread.number}">' if thread.page > 1 else ""
    between = advertise(thread, "between", '<div class="house-creative"><span>Sponsored</span> <a href="/out">{}</a></div>')
    posts = join_with([_post(post, thread) for post in thread.posts], between)
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{title} - {safe(thread.section)} - {name}</title>\n'
        f'<meta name="generator" content="Discourse 3.4.1 - https://github.com/discourse/discourse version 5f3d1aa">\n{ahead}'
        f'<link rel="canonical" href="{address}">\n<meta property="og:site_name" content="{name}">\n</head>\n<body class="crawler">\n'
        f'<header><a href="/" class="site-name">{name}</a><nav><a href="/latest">Latest</a> <a href="/categories">Categories</a> <a href="/top">Top</a> <a href="/login">Log In</a></nav></header>\n'
        f"{advertise(thread, 'top', AD)}"
        f'<div id="main-outlet" class="wrap" role="main">\n<div id="topic-title"><h1><a href="/t/{thread.number}">{title}</a></h1>'
        f'<div class="topic-category"><span class="category-title"><a href="/c/{safe(thread.section.lower())}">{safe(thread.section)}</a></span></div></div>\n'
        f'<div itemscope itemtype="http://schema.org/DiscussionForumPosting">\n{posts}\n{_pager(thread)}</div>\n'
        f"{advertise(thread, 'side', AD)}{_related(thread)}\n</div>\n"
        '<footer class="container wrap"><nav class="crawler-nav"><ul><li><a href="/">Home</a></li><li><a href="/categories">Categories</a></li>'
        '<li><a href="/guidelines">Guidelines</a></li><li><a href="/tos">Terms of Service</a></li><li><a href="/privacy">Privacy Policy</a></li></ul></nav>\n'
        '<p class="powered-by-link">Powered by <a href="https://www.discourse.org">Discourse</a>, best viewed with JavaScript enabled</p></footer>\n</body>\n</html>\n'
    )


def _pager(thread: MadeThread) -> str:
    if thread.page == thread.pages:
        return ""
    return f'<div role="navigation" class="topic-body crawler-post-nav"><a rel="next" href="/t/{thread.number}?page={thread.page + 1}">next page →</a></div>\n'
