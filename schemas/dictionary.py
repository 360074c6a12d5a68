"""The contract as a data dictionary in Markdown, for people."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from schemas.contract import Document

HEAD = """# Data dictionary

What each table of a snapshot holds, contract {version}. Written by `threadmill schema export --form markdown` from the models
in [tables.py](tables.py); a test keeps it in step. Null means not known; an empty text is never published. Times are UTC;
offsets count characters from 0, their end is exclusive; positions count from 1.
"""
# A check of JSON Schema → how it reads in a table.
WORDS = {
    "pattern": "`{}`",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minimum": "≥ {}",
    "exclusiveMinimum": "> {}",
    "maximum": "≤ {}",
    "exclusiveMaximum": "< {}",
    "enum": "one of {}",
}


def build_dictionary(contract: Document) -> str:
    """Return the data dictionary as Markdown, ending in a newline."""
    return "\n".join([HEAD.format(version=contract["contract"]), *_write_tables(contract)]) + "\n"


def _write_tables(contract: Document) -> Iterator[str]:
    yield "| table | a row is | key | sorted by |\n|---|---|---|---|"
    for table, told in contract["tables"].items():
        key, sort = (", ".join(told[trait]) or "none" for trait in ("key", "sort"))
        yield f"| [{table}](#{table}) | {told['description'].splitlines()[0]} | {key} | {sort} |"
    for table, told in contract["tables"].items():
        refers = {link["column"]: f"→ {link['target']}.{link['key']}" for link in contract["links"] if link["table"] == table}
        yield f"\n## {table}\n\n{told['description']}\n"
        yield "| column | type | null | unit | values | meaning |\n|---|---|---|---|---|---|"
        for column in told["columns"]:
            yield _write_column(column, refers.get(column["name"]))


def _write_column(column: Document, refers_to: str | None) -> str:
    values = [_word(word, value) for word, value in column["checks"].items() if (word, value) != ("minLength", 1)]
    cells = [
        column["name"],
        column["type"],
        "yes" if column["nullable"] else "",
        column["unit"] or "",
        ", ".join(([refers_to] if refers_to else []) + values),
        column["description"],
    ]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _word(word: str, value: Any) -> str:
    if word == "enum":
        value = ", ".join(f"`{item}`" for item in value)
    return WORDS[word].format(value) if word in WORDS else f"{word.removeprefix('x-')} {json.dumps(value)}"
