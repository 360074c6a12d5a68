"""Made sites → pages and their truth, any number of them, the same for the same seed.

A site is a forum with members, sections and an engine of its own. A seed is one night of scraping it: other topics are on
people's minds, the board is a little busier or quieter, new members have come, and what is advertised has changed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any

from tests.sites.engines import bbpress, discourse, doctors, phpbb, xenforo
from tests.sites.threads import GUEST, MadeThread, draw_night, draw_thread

ENGINES: dict[str, ModuleType] = {
    "discourse": discourse,
    "phpbb": phpbb,
    "xenforo": xenforo,
    "bbpress": bbpress,
    "doctors": doctors,
}
SITES = tuple(ENGINES)


@dataclass(frozen=True, slots=True)
class MadePage:
    """One page as a scraper would have stored it, and the thread that it was printed from."""

    name: str  # a file's name without its extension
    site: str
    html: str
    thread: MadeThread

    def as_label(self) -> dict[str, Any]:
        """Return what should be read from the page, in the form that `threadmill evaluate` takes."""
        engine = ENGINES[self.site]
        posts = [
            {
                "text": post.read_text(engine.HABITS.said),
                "author": None if post.author is GUEST else engine.print_name(post.author),
                "posted_raw": engine.print_date(post.at),
            }
            for post in self.thread.posts
        ]
        return {"name": self.name, "title": self.thread.title, "posts": posts}


def make_pages(site: str, count: int, seed: int) -> list[MadePage]:
    """Return the pages of one night of a site; a longer list of the same night begins with the shorter one."""
    engine = ENGINES[site]
    night = draw_night(engine.HABITS, seed)
    threads = [draw_thread(engine.HABITS, night, place) for place in range(count)]
    return [MadePage(f"{site}-{seed}-{at:04}", site, engine.render(thread), thread) for at, thread in enumerate(threads)]


def read_night(site: str, seed: int) -> datetime:
    """Return when a night's pages were fetched, in UTC."""
    return draw_night(ENGINES[site].HABITS, seed).today


def write_batch(folder: Path, names: list[str], pages: list[str]) -> None:
    """Write pages, damaged or not, as files of a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, html in zip(names, pages, strict=True):
        (folder / f"{name}.html").write_bytes(html.encode("utf-8", "surrogatepass"))


def write_labels(file: Path, pages: list[MadePage]) -> None:
    """Write what should be read from pages, a line each."""
    file.write_text("".join(json.dumps(page.as_label(), ensure_ascii=False) + "\n" for page in pages), "utf-8")
