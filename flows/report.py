"""What a run came to: in words, as plain data, as Prefect artifacts."""

from __future__ import annotations

from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flows.output import escape_markdown

if TYPE_CHECKING:
    from flows.progress import Progress
    from flows.run import Outcome

MAX_REFUSED = 200  # rows of the artifact; the table `rejects` has them all
MAX_RULES = 20


class Silent:
    """A progress that nobody watches."""

    def planned(self, size: int) -> None:
        """Take the bytes of the inputs."""

    def cleaned(self, size: int, pages: int) -> None:
        """Take the bytes and pages of a batch."""

    def stage(self, name: str) -> None:
        """Take the stage that begins."""


# Who watches the run at hand; a flow's parameters are plain data, so a progress bar cannot be one.
WATCHER: ContextVar[Progress] = ContextVar("watcher", default=Silent())  # noqa: B039 -- it has no state


def summarize(outcome: Outcome) -> dict[str, Any]:
    """Return what a run came to as plain data, the form of `--json`."""
    return {
        "published": outcome.published,
        "snapshot": str(outcome.snapshot) if outcome.snapshot else None,
        "inputs": outcome.inputs,
        "tables": outcome.tables,
        "counts": outcome.counts.as_json() if outcome.counts else None,
        "retired": outcome.retired,
        "work": outcome.work.as_json() if outcome.work else None,
        "changes": outcome.changes,
        "held": outcome.held,
        "gate": outcome.gate.as_json() if outcome.gate else None,
        "guard": outcome.guard.as_json() if outcome.guard else None,
    }


def work_line(work: dict[str, int]) -> str:
    """Return what a run worked on, in a sentence.

    >>> work_line({"new": 2, "changed": 0, "removed": 1, "unchanged": 1500, "outdated": 0})
    'inputs: 2 new, 1 removed, 1,500 unchanged'
    """
    named = {"held": "held back by the gate", "outdated": "cleaned again (other rules or code, or to be tried again)"}
    told = [f"{number:,} {named.get(name, name)}" for name, number in work.items() if number]
    return "inputs: " + (", ".join(told) or "none")


def gate_lines(gate: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what the gate decided, from its decisions as plain data: (verdict, line)."""
    for name, verdict, said in (
        ("held", "fail", "held back: {scrapes:,} new scrapes of {site}; what is published of it stays"),
        ("accepted", "suspect", "let in, as accepted: {scrapes:,} new scrapes of {site}"),
        ("suspect", "suspect", "let in, but suspect: {scrapes:,} new scrapes of {site}"),
    ):
        for one in gate[name]:
            yield verdict, said.format(scrapes=one["scrapes"], site=one["site"] or "(site not known)")
            yield from ((verdict, f"    {reason}") for reason in one["reasons"])
    for site in gate["unseen"]:
        yield "note", f"--accept {site}: there is nothing new of this site"


def held_lines(done: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what was held back, and why, of a run as plain data: (verdict, line)."""
    if done["gate"]:
        yield from gate_lines(done["gate"])
    for one in done["guard"]["held"] if done["guard"] else ():
        yield "fail", f"held back: {one['sentence']}"


def report_rows(counts: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the closing table of a run, from its counts as plain data: what was read, kept, cut and refused."""
    verdicts, kept, chars = counts["verdicts"], counts["kept_chars"], counts["chars"]
    rows = [("scrapes read", f"{counts['pages']:,}")]
    rows += [(f"  {verdict}", f"{verdicts.get(verdict, 0):,}") for verdict in ("ok", "suspect", "rejected")]
    rows += [("  copies of another", f"{counts['checks'].get('duplicate', 0):,}")]
    rows += [("characters kept", f"{kept:,} ({kept / chars if chars else 0:.1%})"), ("characters cut", f"{chars - kept:,}")]
    rows += [(f"  by {rule}", f"{number:,} stretches") for rule, number in _most(counts["rules"], 6)]
    return rows + [(f"refused: {check}", f"{number:,}") for check, number in _most(counts["checks"], 6)]


def _most(counted: dict[str, int], number: int) -> list[tuple[str, int]]:
    return sorted(counted.items(), key=lambda entry: (-entry[1], entry[0]))[:number]


def as_markdown(outcome: Outcome) -> str:
    """Return the report of a run in Markdown."""
    gate = [f"- {escape_markdown(line.strip())}" for _, line in held_lines(summarize(outcome))]
    if outcome.counts is None:
        return "\n".join(
            [*gate, "", f"Nothing new among {outcome.inputs:,} inputs; {escape_markdown(outcome.snapshot)} stands."]
        )
    lines = [
        *gate,
        "",
        f"Snapshot {escape_markdown(outcome.snapshot)}",
        "",
        work_line(outcome.work.as_json()) if outcome.work else "",
        "",
        "| what | how much |",
        "|---|---:|",
    ]
    lines += [f"| {escape_markdown(name.strip())} | {value} |" for name, value in report_rows(outcome.counts.as_json())]
    lines += ["", "| table | rows |", "|---|---:|", *(f"| {table} | {rows:,} |" for table, rows in outcome.tables.items())]
    lines += ["", "| splitter | scrapes |", "|---|---:|"]
    lines += [f"| {escape_markdown(layout)} | {number:,} |" for layout, number in outcome.counts.layouts.most_common()]
    lines += ["", "| rule that cut | stretches |", "|---|---:|"]
    lines += [f"| {escape_markdown(rule)} | {number:,} |" for rule, number in outcome.counts.rules.most_common(MAX_RULES)]
    lines += ["", "| site | scrapes |", "|---|---:|"]
    lines += [f"| {escape_markdown(site)} | {number:,} |" for site, number in outcome.counts.sites.most_common(MAX_RULES)]
    return "\n".join(lines + _changes_as_markdown(outcome.changes))


def _changes_as_markdown(changes: dict[str, Any] | None) -> list[str]:
    if changes is None:
        return []
    lines = ["", f"`{changes['since']}` is damaged: {changes['damaged']}"] if "damaged" in changes else []
    lines += ["", f"Since `{changes['since']}`:", "", "| table | rows added | changed | gone |", "|---|---:|---:|---:|"]
    lines += [f"| {table} | {n['added']:,} | {n['changed']:,} | {n['gone']:,} |" for table, n in changes["rows"].items()]
    for kind in ("verdicts", "layouts", "rules", "checks", "sites"):
        if changes[kind]:
            lines += ["", f"| {kind} | before | now |", "|---|---:|---:|"]
            lines += [
                f"| {escape_markdown(name)} | {was:,} | {now:,} |"
                for name, (was, now) in list(changes[kind].items())[:MAX_RULES]
            ]
    return lines


def read_refused(snapshot: Path) -> list[dict[str, Any]]:
    """Return the first refused records of a snapshot, without their rows."""
    from flows.publish.tables import scan_table  # noqa: PLC0415 -- the column engine; who only prints waits for none

    rejects = scan_table(snapshot, "rejects").select("source", "table_name", "column_name", "check_name", "value", "reason")
    return rejects.head(MAX_REFUSED).collect().to_dicts()
