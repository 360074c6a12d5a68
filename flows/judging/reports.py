"""Verdicts in the forms that people and machines read: lines on a terminal, JSON lines, one JSON document, JUnit XML."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import IO, Any
from xml.sax.saxutils import escape

# What XML 1.0 cannot hold, not even escaped (its production 2, "Char"): it is shown as U+FFFD.
NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
ATTRIBUTE = {'"': "&quot;", "\n": "&#10;", "\r": "&#13;", "\t": "&#9;"}
MOST_REASONS = 5  # of a scrape, on a terminal


def scrape_lines(scrape: dict[str, Any], clean: Callable[[str], str] = str) -> Iterator[tuple[str, str]]:
    """Yield what is printed of one scrape, (verdict, line): its verdict and source, then a line a reason.

    `clean` makes text of strangers safe to print.
    """
    verdict = scrape["verdict"]
    yield verdict, f"{verdict:7} {clean(scrape['source'])}"
    reasons = scrape["reasons"]
    for reason in reasons[:MOST_REASONS]:
        where = f"line {reason['line']:,}, character {reason['offset']:,}: " if reason["offset"] is not None else ""
        quote = f" — “{clean(reason['quote'])}”" if reason["quote"] else ""
        yield reason["severity"], f"        {where}{clean(reason['sentence'])}{quote} [{reason['id']}]"
    if len(reasons) > MOST_REASONS:
        yield verdict, f"        and {len(reasons) - MOST_REASONS} more"


def site_lines(site: dict[str, Any], clean: Callable[[str], str] = str) -> Iterator[tuple[str, str]]:
    """Yield what is printed of one site's batch: its verdict, then a line a reason; what is too little to tell comes last."""
    if not site["scrapes"]:
        yield site["verdict"], f"{site['verdict']:7} {clean(site['site'] or '(site not known)')}: nothing new, all is published"
        return
    before = f"against {site['scrapes_before']:,} published" if site["scrapes_before"] is not None else "without a baseline"
    yield (
        site["verdict"],
        f"{site['verdict']:7} {clean(site['site'] or '(site not known)')}: {site['scrapes']:,} scrapes, {before}",
    )
    for reason in site["reasons"]:
        yield site["verdict"], f"        {clean(reason)}"
    open_looks = [look for look in site["findings"] if look["state"] != "changed"]
    for look in open_looks[:MOST_REASONS]:
        yield "note", f"        {clean(look['sentence'])}"


def write_document(out: IO[str], summary: dict[str, Any], scrapes: Iterable[dict[str, Any]], *, is_ascii: bool = False) -> None:
    """Write one JSON document: the summary's keys, then "scrapes", which are never held all at once."""
    head = json.dumps(summary, ensure_ascii=is_ascii)
    out.write(head[:-1] + (", " if summary else "") + '"scrapes": [')
    for number, scrape in enumerate(scrapes):
        out.write((",\n" if number else "\n") + json.dumps(scrape, ensure_ascii=is_ascii))
    out.write("]}\n")


def write_junit(out: IO[str], summary: dict[str, Any], scrapes: Iterable[dict[str, Any]]) -> None:
    """Write JUnit XML, the form that build servers read: a test case a scrape, then one a site.

    A fail is a <failure>; a suspect scrape passes, with its reasons in <system-out>. Characters that XML cannot hold become
    U+FFFD.
    """
    verdicts, sites = summary["verdicts"], summary["sites"]
    failed = verdicts.get("fail", 0) + sum(site["verdict"] == "fail" for site in sites)
    tests = sum(verdicts.values()) + len(sites)
    out.write('<?xml version="1.0" encoding="UTF-8"?>\n')
    out.write(f'<testsuites tests="{tests}" failures="{failed}" errors="0">\n')
    scrape_failures, site_failures = verdicts.get("fail", 0), failed - verdicts.get("fail", 0)
    out.write(f'<testsuite name="scrapes" tests="{sum(verdicts.values())}" failures="{scrape_failures}" errors="0">\n')
    for scrape in scrapes:
        lines = [line for _, line in scrape_lines(scrape)][1:]
        reasons = [reason["sentence"] for reason in scrape["reasons"]]
        _write_case(out, scrape["site"] or "scrapes", scrape["source"], scrape["verdict"], reasons, lines)
    out.write(f'</testsuite>\n<testsuite name="sites" tests="{len(sites)}" failures="{site_failures}" errors="0">\n')
    for site in sites:
        lines = [line for _, line in site_lines(site)][1:]
        _write_case(out, "sites", site["site"] or "(site not known)", site["verdict"], site["reasons"], lines)
    out.write("</testsuite>\n</testsuites>\n")


def _write_case(out: IO[str], group: str, name: str, verdict: str, reasons: list[str], lines: list[str]) -> None:
    out.write(f'<testcase classname="{_attribute(group)}" name="{_attribute(name)}" time="0"')
    if verdict == "pass" and not lines:
        out.write("/>\n")
        return
    told = escape(_sound("\n".join(line.strip() for line in lines)))
    if verdict == "fail":
        message = _attribute(reasons[0] if reasons else "fail")
        out.write(f'><failure type="{verdict}" message="{message}">{told}</failure></testcase>\n')
    else:
        out.write(f"><system-out>{escape(verdict)}: {told}</system-out></testcase>\n")


def _sound(text: str) -> str:
    return NO_XML.sub("\ufffd", text)


def _attribute(text: str) -> str:
    return escape(_sound(text), ATTRIBUTE)
