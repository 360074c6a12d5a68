"""The named fields of one record, of JSON lines or of Parquet → its page."""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan
from typing import Any

from flows.read.decode import decode, without_surrogates
from flows.read.files import MAX_PAGE_BYTES, page_from
from flows.read.inputs import COLUMN_ROLES, Provenance
from flows.read.times import read_time
from flows.records import Page, Unreadable

# What a field is for, and the names that it usually has, in the order in which they are looked for.
KEYS: dict[str, tuple[str, ...]] = {
    "text": ("text", "content", "raw_content", "body"),
    "html": ("html", "raw_html"),
    "url": ("url", "uri", "link", "canonical_url"),
    "timestamp": ("timestamp", "fetched_at", "fetch_time", "date", "crawled_at"),
    "site": ("site",),
    "title": ("title",),
    "language": ("language", "lang"),
    "id": ("id",),
}
assert set(KEYS) == COLUMN_ROLES  # noqa: S101 -- what source.toml may map is what is read


@dataclass(frozen=True, slots=True)
class Raw:
    """A record as it was stored: its digest, its size, and its line for the ledger where it is refused."""

    digest: str
    size: int  # in bytes
    line: bytes | None = None

    @property
    def shown(self) -> str | None:
        """The line as text, without its end."""
        return self.line.decode("utf-8", "replace").rstrip("\r\n") if self.line is not None else None


def keys_of(role: str, known: Provenance) -> tuple[str, ...]:
    """Return the names under which a field is looked for: the one that source.toml maps, else the usual ones.

    >>> keys_of("text", Provenance(columns={"text": "post"})), keys_of("id", Provenance())
    (('post',), ('id',))
    """
    mapped = known.columns.get(role)
    return (mapped,) if mapped else KEYS[role]


def read_fields(record: dict[str, Any], source: str, place: str, known: Provenance, form: str, raw: Raw) -> Page | Unreadable:
    """Return the page of one record, or why there is none; `place` names a record that has no id of its own.

    Text goes before HTML. Values may be strings, or bytes of any encoding.
    """
    identity: object = next((record[key] for key in keys_of("id", known) if _is_told(record.get(key))), None)
    locator = _as_text(identity).strip() if isinstance(identity, str | bytes | int | float) else ""
    where = f"{source}#{locator or place}"
    content = _first(record, keys_of("text", known))
    html = None if content else _first(record, keys_of("html", known))
    if content is None and html is None:
        names = ", ".join(keys_of("text", known) + keys_of("html", known))
        reason = f"the record has no text: none of the keys {names} holds any"
        value = without_surrogates(", ".join(list(record)[:12])).text
        return Unreadable(
            where, form, "no-text", reason, value=value, bytes=raw.size, digest=raw.digest, row=raw.shown
        )  # fmt: skip
    if len(content or html or b"") > MAX_PAGE_BYTES:
        reason = f"the record is larger than {MAX_PAGE_BYTES >> 20} MiB, which no thread is"
        return Unreadable(where, form, "too-large", reason, bytes=raw.size, digest=raw.digest)
    said = _provenance(record, known)
    if html is not None:
        return _page_of_html(html, where, locator or None, said, raw, form)
    text, encoding, replaced = decode(content) if isinstance(content, bytes) else without_surrogates(content or "")
    return Page(
        source=where, format=form, text=text, bytes=raw.size, digest=raw.digest, locator=locator or None,
        url=said.url, site=said.site, title=said.title, language=said.language, fetched_at=said.fetched_at,
        licence=said.licence, encoding=encoding, replacement_count=replaced, blemishes=tuple(said.blemishes),
    )  # fmt: skip


def _page_of_html(
    html: str | bytes, where: str, locator: str | None, said: Provenance, raw: Raw, form: str
) -> Page | Unreadable:  # fmt: skip
    whole = without_surrogates(html) if isinstance(html, str) else None
    page = page_from(whole.text.encode() if whole else html, where, "html", said)  # type: ignore[arg-type] # bytes if not str
    page = page._replace(digest=raw.digest, bytes=raw.size, format="html" if form == "jsonl" else form)
    if isinstance(page, Unreadable):
        return page
    return page._replace(locator=locator, replacement_count=whole.replacement_count if whole else page.replacement_count)


def _first(record: dict[str, Any], keys: tuple[str, ...]) -> str | bytes | None:
    for key in keys:
        value = record.get(key)
        if isinstance(value, str | bytes) and value and not value.isspace():
            return value
    return None


def _as_text(value: object) -> str:
    return without_surrogates(value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)).text


def _provenance(record: dict[str, Any], known: Provenance) -> Provenance:
    """Return what the record says of itself, else what stands beside the file; an address and a title are one page's own."""
    said = Provenance(None, known.site, None, known.language, known.fetched_at, list(known.blemishes), licence=known.licence)
    for column in ("url", "site", "title", "language"):
        value = _first(record, keys_of(column, known))
        if value is not None:
            setattr(said, column, _as_text(value).strip())
    key = next((key for key in keys_of("timestamp", known) if _is_told(record.get(key))), None)
    if key is not None:
        # A name of its own with a type of its own: what is compiled holds a name to the first type that it had.
        time: object = record[key]
        said.fetched_at, blemish = read_time(_as_text(time) if isinstance(time, bytes) else time, f"key {key!r}")
        said.blemishes += [blemish] if blemish else []
    return said


def _is_told(value: object) -> bool:
    """Whether a field holds anything: null does not, nor the NaN that stands for it in columns of numbers."""
    return value is not None and not (isinstance(value, float) and isnan(value))
