"""HTML thread pages → flattened text with the posts that stand in it, by the engines' own class names.

    python -m tests.training.engine_labels OUT.jsonl

Reads ../shared/corpus/pages; keeps the pages on which the engine's selectors find as many posts as are labelled there.
Needs resiliparse (which flattens as corpus/forum52/text was flattened) and selectolax.
"""

from __future__ import annotations

import csv
import json
import re
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.encoding import bytes_to_str, detect_encoding
from selectolax.lexbor import LexborHTMLParser, LexborNode

PAGES = Path(__file__).parents[3] / "shared/corpus/pages"
# Engine (first word of its name in pages.tsv) → selector of the bodies of its posts.
ENGINES = {
    "xenforo2": ".message-body .bbWrapper", "xenforo": ".message-body .bbWrapper", "xenforo1": "blockquote.messageText",
    "stackexchange": ".s-prose.js-post-body", "discourse": ".post[itemprop=text]", "vanilla": ".Message", "phpbb3": ".postbody .content",
    "ips4/5": "[data-role=commentContent]", "vbulletin4": "[id^=post_message_]", "vbulletin3": "[id^=post_message_]",
    "hackernews": ".commtext", "reddit": ".usertext-body .md", "woltlab": ".messageText", "mybb": ".post_body",
    "ubb.threads": ".post-content", "phpbb2/3": ".postbody", "permies": ".postText", "insided/gainsight": ".qa-topic-post-content",
    "bbpress": ".bbp-reply-content", "hoop.la/Crowdstack": ".post-box-inner-body", "mwForum": ".ccl", "wpforo": ".wpforo-post-content",
    "vbulletin5/6": ".js-post__content-text", "nodebb": "[component='post/content']",
}  # fmt: skip
AUTHORS = (
    ".user-details:last-child [itemprop=name]", ".user-details:last-child a", "[itemprop=author] [itemprop=name]", ".author .username", ".author .username-coloured",
    "a.Username", ".messageAuthor .username", "a.username", ".bigusername", ".hnuser", "a.author", ".largetext a",
    ".ipsComment_author a", "h3 a", ".username",
)  # fmt: skip
DATES = (
    ".post-signature:last-child .relativetime", ".message-attribution time", ".datePermalink .DateTime", ".DateCreated time",
    ".postdate .date", ".age", "time", ".post_date", ".author", ".postmeta",
)  # fmt: skip


def squash(text: str) -> str:
    return " ".join(text.replace("\xa0", " ").split())


def flatten(raw: bytes) -> str:
    html = bytes_to_str(raw, detect_encoding(raw))
    return extract_plain_text(html, main_content=False, alt_texts=False, links=False, form_fields=False, noscript=True)


def read_post(body: LexborNode, selector: str) -> dict[str, Any]:
    box = body  # the largest element around the body that holds no other
    while box.parent is not None and len(box.parent.css(selector)) == 1:
        box = box.parent
    named = box.attributes.get("data-author") or next((n.attributes["data-author"] for n in box.css("[data-author]")), None)
    author = named or first_text(box, AUTHORS)
    return {"text": squash(body.text(separator=" ")), "author": author, "posted_raw": first_text(box, DATES)}


def first_text(box: LexborNode, selectors: tuple[str, ...]) -> str | None:
    for selector in selectors:
        for node in reversed(box.css(selector)) if "last-child" in selector else box.css(selector):
            if text := squash(node.text()):
                return text
    return None


def read_posts(html: str, engine: str) -> list[dict[str, Any]]:
    selector = ENGINES[engine]
    posts = [read_post(node, selector) for node in LexborHTMLParser(html).css(selector)]
    twice = engine == "xenforo" and len(posts) > 1 and posts[0]["text"] == posts[1]["text"]
    return posts[1:] if twice else posts  # the opening post, said twice


def site_of(html: str, name: str) -> str:
    found = re.search(r'rel="canonical"[^>]*href="([^"]+)"|href="([^"]+)"[^>]*rel="canonical"', html)
    found = found or re.search(r'property="og:url"[^>]*content="([^"]+)"', html)
    host = urlsplit(next(filter(None, found.groups()))).hostname if found else None
    return ".".join((host or name).split(".")[-3 if (host or "").endswith(".uk") else -2 :]) if host else name


def main() -> None:
    with (PAGES / "pages.tsv").open(encoding="utf-8") as listed, Path(sys.argv[1]).open("w", encoding="utf-8") as out:
        for row in csv.DictReader(listed, delimiter="\t"):
            engine = (row["engine"].split() or [""])[0]
            raw = (PAGES / "html" / row["name"]).read_bytes()
            text = flatten(raw)
            posts: list[dict[str, Any]] = []
            html = bytes_to_str(raw, detect_encoding(raw))
            if row["verdict"] == "thread" and engine in ENGINES:
                posts = read_posts(html, engine)
            wanted = int(row["answers"]) + 1 if row["answers"] else None
            right = wanted == len(posts) or (engine in ("xenforo1", "hackernews") and wanted == len(posts) + 1)
            print(row["name"], engine, wanted, len(posts), "" if right else "<< left out", file=sys.stderr)
            record = {"name": row["name"], "site": site_of(html, row["name"]), "text": text, "wanted": wanted}
            record |= {"posts": posts if right else None, "verdict": row["verdict"]}
            out.write(json.dumps(record, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
