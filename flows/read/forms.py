"""The forms that inputs have, by the ends of their names."""

from __future__ import annotations

# What the end of a file's name promises, with .gz or .zst behind it or without.
FORMS = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".parquet": "parquet",
    ".warc": "warc",
    ".wat": "warc",
    ".wet": "wet",
    ".zip": "zip",
    ".tar": "tar",
    ".tgz": "tar",
}


def form_of(source: str) -> str:
    """Return the form that a file's name promises; txt where it promises none.

    >>> form_of("a/b.HTM.gz"), form_of("crawl.warc.wet.gz"), form_of("notes")
    ('html', 'wet', 'txt')
    """
    name = source.lower().removesuffix(".gz").removesuffix(".zst")
    return next((form for suffix, form in FORMS.items() if name.endswith(suffix)), "txt")
