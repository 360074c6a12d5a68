"""Pages and threads as rows: what a row takes from the page, from the post, and from what stands beside the file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from flows.authors.resolve import author_key
from flows.identity import permalink_url
from flows.records import Claim, Page, Post, Thread
from flows.rows import STAGED, Rows
from schemas import polars_schema
from tests.conftest import THREAD, Clean, table, write_files

PAGE = "https://www.a.example/t/7?page=3"


@pytest.mark.parametrize(
    ("permalink", "page", "address"),
    [
        ("https://b.example/p/9#c1", PAGE, "https://b.example/p/9#c1"),
        ("//b.example/p/9", PAGE, "https://b.example/p/9"),
        ("/p/9", PAGE, "https://www.a.example/p/9"),
        ("#post-9", PAGE, "https://www.a.example/t/7?page=3#post-9"),
        ("?p=9#post-9", PAGE, "https://www.a.example/t/7?p=9#post-9"),
        ("showthread.php?p=9", PAGE, "https://www.a.example/t/showthread.php?p=9"),
        ("post-9", PAGE, None),
        ("/p/9", None, None),
        ("https://b.example/p/9", None, "https://b.example/p/9"),
        ("javascript:show('/p/9')", PAGE, None),
        ("http://[half/p/9", PAGE, None),
        ("see /p/9 or so", PAGE, None),
        (None, PAGE, None),
    ],
)
def test_a_permalink_is_published_as_a_whole_address_and_an_id_alone_is_none(
    permalink: str | None, page: str | None, address: str | None
) -> None:
    assert permalink_url(permalink, page) == address


def test_an_answer_says_its_permalink_and_its_site() -> None:
    rows = Rows({table: tuple(polars_schema(table)) for table in STAGED}, author_key)
    posts = [Post("Yes.", permalink="/p/8"), Post("No.", permalink="post-9")]
    page = Page("a.html", "html", "text", 4, "0" * 32, url=PAGE, licence="CC0-1.0")
    rows.add_page(page, Thread("Why?", Post("Why so?"), posts, [Claim(0, 4, "question", "test", 0)]))
    answers, scrapes = rows.tables["answers"], rows.tables["scrapes"]
    assert (answers["url"], answers["site"]) == (("https://www.a.example/p/8", None), ("a.example", "a.example"))
    assert (scrapes["licence"], scrapes["kind"]) == (("CC0-1.0",), (None,))


def test_all_answers_of_a_thread_are_of_its_site_whatever_its_scrapes_say(tmp_path: Path, clean: Clean) -> None:
    answer = "\n\nIt is so, and so it has always been.\n\nAnna Berg, MD"
    lines = [
        {"url": "https://a.example/1", "site": "a", "fetched_at": "2026-01-01", "text": f"Why?{answer}"},
        {"url": "https://a.example/1", "fetched_at": "2026-01-02", "text": f"Why?{answer.replace('Anna', 'Olga')}"},
    ]
    raw = write_files(tmp_path / "raw", {"a.jsonl": "".join(json.dumps(line) + "\n" for line in lines)})
    assert clean(raw, tmp_path / "out").code == 0
    assert table(tmp_path / "out", "questions")["site"].to_list() == ["a.example"]
    assert table(tmp_path / "out", "answers")["site"].to_list() == ["a.example", "a.example"]


def test_the_licence_beside_a_file_reaches_its_scrape_in_every_form(tmp_path: Path, clean: Clean) -> None:
    line = '{"url": "https://a.example/1", "text": "Why?\\n\\nIt is so, and so it has always been.\\n\\nAnna Berg, MD"}\n'
    files = {
        "source.toml": 'site = "a.example"\nlicence = "CC-BY-4.0"\n', "a.txt": THREAD, "b.jsonl": line,
        "c.txt": THREAD.replace("stitches", "threads"), "c.txt.meta.json": '{"licence": "CC0-1.0"}',
    }  # fmt: skip
    raw = write_files(tmp_path / "raw", files)
    assert clean(raw, tmp_path / "out").code == 0
    told = dict(table(tmp_path / "out", "scrapes").select("source", "licence").iter_rows())
    assert {source.partition("#")[0]: licence for source, licence in told.items()} == {
        "a.txt": "CC-BY-4.0", "b.jsonl": "CC-BY-4.0", "c.txt": "CC0-1.0",
    }  # fmt: skip
