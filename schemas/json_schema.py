"""The contract as JSON Schema (draft 2020-12): one definition a table, for a row of it as JSON."""

from __future__ import annotations

from typing import Any

from schemas.contract import Document

DIALECT = "https://json-schema.org/draft/2020-12/schema"
TYPES: dict[str, dict[str, Any]] = {
    "string": {"type": "string"},
    "bool": {"type": "boolean"},
    "int32": {"type": "integer", "minimum": -(2**31), "maximum": 2**31 - 1},
    "int64": {"type": "integer", "minimum": -(2**63), "maximum": 2**63 - 1},
    "float64": {"type": "number"},
    "timestamp[us, UTC]": {"type": "string", "format": "date-time"},
    "list<string>": {"type": "array", "items": {"type": "string"}},
}


def build_json_schema(contract: Document) -> dict[str, Any]:
    """Return one schema document with a definition per table under `$defs`; keys, order and links as `x-` annotations."""
    return {
        "$schema": DIALECT,
        "title": "threadmill contract",
        "x-contract": contract["contract"],
        "$defs": {table: _describe_table(table, told, contract["links"]) for table, told in contract["tables"].items()},
    }


def _describe_table(table: str, told: Document, links: list[Document]) -> dict[str, Any]:
    refers = {link["column"]: f"{link['target']}.{link['key']}" for link in links if link["table"] == table}
    return {
        "title": table,
        "description": told["description"],
        "type": "object",
        "properties": {column["name"]: _describe_column(column, refers.get(column["name"])) for column in told["columns"]},
        "required": [column["name"] for column in told["columns"]],
        "additionalProperties": False,
        "x-key": told["key"],
        "x-sort": told["sort"],
    }


def _describe_column(column: Document, refers_to: str | None) -> dict[str, Any]:
    """Return a column's schema: its type's own bounds, narrowed by its checks; null allowed where the contract allows it."""
    schema: dict[str, Any] = {"description": column["description"]} | TYPES[column["type"]] | column["checks"]
    if column["nullable"]:
        schema["type"] = [schema["type"], "null"]
        if "enum" in schema:
            schema["enum"] = [*schema["enum"], None]
    if column["unit"]:
        schema["x-unit"] = column["unit"]
    if refers_to:
        schema["x-refers-to"] = refers_to
    return schema
