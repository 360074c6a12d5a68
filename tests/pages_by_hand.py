"""Small forum pages in the markups that forums use, written for these tests; each returns a whole HTML document."""

from __future__ import annotations

POSTS = [
    ("wren_and_wick", "3 May 2021, 09:15", "My sourdough starter has stopped rising since I moved house. What changed?"),
    ("Old Miller", "3 May 2021, 11:40", "The water, most likely. Let tap water stand overnight before you feed it."),
    ("crumbshot", "4 May 2021, 07:02", "Or the kitchen is colder. Mine sleeps below eighteen degrees and wakes up above it."),
    ("wren_and_wick", "6 May 2021, 20:31", "It was the cold. On top of the boiler it doubles in five hours, thank you both."),
]
TITLE = "Starter asleep after moving"


def page(body: str, *, title: str = f"{TITLE} - Flour Talk", head: str = "", attributes: str = "") -> str:
    """Return a document around a body, with what every site has around its threads."""
    navigation = "".join(
        f'<li><a href="/board/{name.lower()}">{name}</a></li>' for name in ("Home", "Boards", "Search", "Help")
    )
    return (
        f"<!doctype html><html lang=en><head><title>{title}</title>{head}</head><body {attributes}>"
        f"<nav><ul>{navigation}</ul></nav>{body}<footer><p>All posts belong to those who wrote them. Terms and privacy.</p></footer></body></html>"
    )


def by_divs(posts: list[tuple[str, str, str]] = POSTS, heading: str = f"<h1>{TITLE}</h1>", **more: str) -> str:
    """A forum of divs: head, body and signature of each post in boxes with classes."""
    parts = [
        f'<div class="post" id="post-{4000 + 13 * at}"><div class="post-head"><a class="username" href="/members/{at % 3}.html">{author}</a>'
        f' <span class="rank">Regular</span><div class="joined">Joined: 2 Jan 2015</div><time>{date}</time></div>'
        f'<div class="post-body"><p>{text}</p></div><div class="signature">Knead it till it sings</div>'
        '<div class="controls"><a href="#">Reply</a> <a href="#">Quote</a></div></div>'
        for at, (author, date, text) in enumerate(posts)
    ]
    return page(f'{heading}<div class="thread">{"".join(parts)}</div>', **more)


def by_tables(posts: list[tuple[str, str, str]] = POSTS) -> str:
    """An old forum: one flat table in which a row of who and when precedes the row of the text; no classes."""
    rows = "".join(
        f'<tr><td width="150"><b>{author}</b></td><td>Posted: {date}</td></tr>'
        f'<tr><td width="150">Posts: {37 * at + 12}</td><td valign="top">{text}</td></tr>'
        for at, (author, date, text) in enumerate(posts)
    )
    return page(f"<h2>{TITLE}</h2><table border=1>{rows}</table>", title=TITLE)


def nested() -> str:
    """Comments on a link, each in the list of those it answers; the opening post is a title alone."""
    (_, _, _), second, third, fourth = POSTS

    def comment(number: int, post: tuple[str, str, str], inside: str = "") -> str:
        author, date, text = post
        return (
            f'<li class="comment" id="c{88100 + number}"><div class="entry"><p class="tagline"><a href="/user/{author[:3]}" class="author">'
            f'{author}</a> <span class="score">{number} points</span> <time>{date}</time></p><div class="md"><p>{text}</p></div></div>'
            f"<ul>{inside}</ul></li>"
        )

    tree = comment(1, second, comment(2, third, comment(3, fourth))) + comment(
        4, ("piecrust", "7 May 2021, 10:00", "Rye flour wakes it too.")
    )
    top = f'<h1><a href="https://bread.example/why">{TITLE}</a></h1><p>submitted 3 May 2021 by <a class="author" href="/user/gluten">gluten</a></p>'
    return page(f"{top}<h2>4 comments</h2><ul class=comments>{tree}</ul>")


def in_noscript() -> str:
    """A page for scripts whose posts stand in its noscript part alone."""
    posts = "".join(
        f'<div class="crawler-post"><div class="creator"><a href="/u/{author.split()[0]}">{author}</a> <time datetime="2021">{date}</time></div>'
        f'<div class="cooked"><p>{text}</p></div></div>'
        for author, date, text in POSTS
    )
    return page(f'<div id="app"></div><noscript><h1>{TITLE}</h1>{posts}</noscript><script>start()</script>')


def question_and_answers() -> str:
    """A question page: votes, an accepted answer, remarks under the posts."""

    def post(kind: str, number: int, at: int, votes: int, remarks: str, more: str = "") -> str:
        author, date, text = POSTS[at]
        return (
            f'<div class="{kind} {more}" id="{kind}-{number}"><div class="vote"><span class="vote-count">{votes}</span></div>'
            f'<div class="prose"><p>{text}</p></div><div class="user-details">posted <time>{date}</time> <a href="/users/{number}/x">{author}</a></div>'
            f'<ul class="remarks">{remarks}</ul></div>'
        )

    def remark(author: str, date: str, text: str) -> str:
        return f'<li class="remark"><span class="copy">{text}</span> – <a class="remark-user" href="/users/7/{author}">{author}</a> <time>{date}</time></li>'

    first = remark("brioche", "3 May 2021", "Which flour do you use?") + remark(
        "batard", "3 May 2021", "Same here since Monday."
    )
    second = remark("brioche", "5 May 2021", "Boiled water works as well.")
    return page(
        f"<h1>{TITLE}</h1>{post('question', 501, 0, 12, first)}<h2>2 Answers</h2>"
        f"{post('answer', 777, 1, -3, '')}{post('answer', 802, 2, 1040, second, 'accepted-answer')}"
    )


def later_page() -> str:
    """The second page of a thread."""
    return by_divs(head='<link rel="prev" href="/t/9"><link rel="canonical" href="https://flour.example/t/9?page=2">')


def with_decoys() -> str:
    """A thread with what looks like posts around it: related threads below, members beside, an advertisement between."""
    related = "".join(
        f'<li class="post"><a href="/t/{number}">{title}</a> <a class="username" href="/members/9.html">oven_mitt</a> <time>1 May 2021</time></li>'
        for number, title in enumerate(
            ["Which rye for a first loaf at home", "Crust too thick on one side only", "Proofing baskets, cane or wood pulp"]
        )
    )
    thread = by_divs()
    between = '<div class="promo"><p>Bake better with our spring range of tins and trays, this week only.</p></div>'
    at = thread.index('<div class="post" id="post-4013"')
    return (thread[:at] + between + thread[at:]).replace(
        "<footer>", f'<section class="also"><h3>Related threads</h3><ul>{related}</ul></section><footer>'
    )


def with_a_picture() -> str:
    """A thread in which one post is a picture alone."""
    posts = [*POSTS[:2], ("crumbshot", "4 May 2021, 07:02", '<img src="loaf.jpg">'), POSTS[3]]
    return by_divs(posts)


LISTING = page(
    "<h1>Bread board</h1>"
    + "".join(
        f'<div class="topic"><h3><a href="/t/{number}">{title}</a></h3><p class="lead">{lead}</p><a class="username" href="/members/{number}.html">{who}</a> <time>{number + 1} May 2021</time></div>'
        for number, (title, lead, who) in enumerate(
            [
                (
                    "Why does my crumb turn out so dense",
                    "I followed the recipe to the gram and it still comes out like a brick",
                    "oven_mitt",
                ),
                (
                    "Stone or steel for a domestic oven",
                    "Both are cheap enough now, which one keeps its heat when the door opens",
                    "piecrust",
                ),
                (
                    "How long can dough stay in the cold",
                    "Three days went well, five days smelled of vinegar and tore apart",
                    "batard",
                ),
                (
                    "Weighing salt without a fine scale",
                    "Is there a spoon that comes near enough to ten grams for two loaves",
                    "levain",
                ),
            ]
        )
    ),
    title="Bread board - Flour Talk",
)
LOGIN = page(
    "<h1>Log in</h1><form><label>Name <input type=text></label><label>Password <input type=password></label><button>Log in</button></form><p>You must be a member to see this board.</p>"
)
ARTICLE = page(
    '<article><h1>What cold does to dough</h1><p>By <a rel="author" href="/authors/rye">Rosa Rye</a>, <time>3 May 2021</time></p>'
    + "<p>Yeast slows below eighteen degrees, and lactic bacteria slow less. That is why a cold dough turns sour before it rises.</p>"
    * 8
    + "</article>",
    title="What cold does to dough | The Loaf",
)
SHELL = page('<div id="root"></div><script>boot()</script><noscript>Please switch on JavaScript to read this forum.</noscript>')
QUESTIONS_OF_A_SITE = page(
    "<h1>Frequently asked questions</h1>"
    + "".join(
        f'<div class="faq"><h3>{question}</h3><div class="reply"><p>{reply}</p></div></div>'
        for question, reply in [
            ("Do you deliver abroad?", "We send parcels to all countries of the union within five working days."),
            ("May I return a tin?", "Yes, for thirty days, if it has not been in an oven yet."),
            ("Where is your shop?", "There is none. We pack in a barn and send from there."),
        ]
    ),
    title="Frequently asked questions | Tins",
)


def table_of(heads: list[str], rows: list[list[str]]) -> str:
    """A page of old forum software that holds one table; its own name says that it is a forum's."""
    head = "".join(f"<th>{name}</th>" for name in heads)
    cells = ("".join(f'<td class="row1"><span class="gen">{cell}</span></td>' for cell in row) for row in rows)
    body = "".join(f"<tr>{row}</tr>" for row in cells)
    links = "".join(f'<a href="viewforum.php?f={at}">Board {at}</a> ' for at in range(5))
    return f'<title>Flour talk</title><body class="forum">{links}<table class="forumline"><tr>{head}</tr>{body}</table></body>'


def user(at: int) -> str:
    """A link to the profile of a member."""
    return f'<a href="profile.php?mode=viewprofile&amp;u={at}">miller_{at}</a>'


BOARDS = table_of(
    ["Forum", "Topics", "Posts", "Last Post"],
    [
        [
            f'<a href="viewforum.php?f={at}">{name}</a><br><span class="about">{text}</span>',
            str(at * 31),
            str(at * 400),
            f"Mon May 0{at}, 2021 10:1{at} am<br>{user(at)}",
        ]
        for at, (name, text) in enumerate(
            [
                ("Dough", "All that is about rising, folding and baking of bread."),
                ("Mills", "Stones, motors and the dust that they make."),
            ],
            3,
        )
    ],
)
BOX = "<table><tr><td><span>{}</span></td></tr></table>"
BOARDS_AMONG_BOXES = BOARDS.replace(
    '<table class="forumline">', BOX.format("View unanswered posts") + '<table class="forumline">'
)
BOARDS_AMONG_BOXES = BOARDS_AMONG_BOXES.replace("</body>", BOX.format("Mark all boards read") + "</body>")
MEMBERS = table_of(
    ["#", "Username", "Location", "Joined", "Posts"],
    [[str(at), user(at), f"Mill town number {at}", f"1{at} May 2005", str(at * 7)] for at in range(1, 9)],
)

NO_THREADS = {
    "boards": BOARDS,
    "boards among boxes": BOARDS_AMONG_BOXES,
    "members": MEMBERS,
    "listing": LISTING,
    "login": LOGIN,
    "article": ARTICLE,
    "shell": SHELL,
    "questions of a site": QUESTIONS_OF_A_SITE,
}
