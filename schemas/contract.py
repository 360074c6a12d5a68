"""The contract as one plain document: of the models, or read back from a file or from the Parquet parts of a snapshot.

A document holds `contract` (the version), `tables` (table → description, key, sort, columns) and `links`. A column holds
name, type, nullable, description, unit and `checks`, in the words of JSON Schema. What a source cannot say is None:
Parquet files carry neither keys nor checks, and the difference to such a document leaves these out.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from schemas.arrow import arrow_schema, columns_of, traits_of
from schemas.links import LINKS, TABLES
from schemas.version import CONTRACT_VERSION

if TYPE_CHECKING:
    import pyarrow as pa

MANIFEST = "manifest.json"
Document = dict[str, Any]

# A Pandera check → what JSON Schema says for it.
CHECKS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "str_matches": lambda told: {"pattern": told["pattern"]},
    "str_length": lambda told: {"minLength": told["min_value"], "maxLength": told["max_value"]},
    "greater_than_or_equal_to": lambda told: {"minimum": told["min_value"]},
    "greater_than": lambda told: {"exclusiveMinimum": told["min_value"]},
    "less_than_or_equal_to": lambda told: {"maximum": told["max_value"]},
    "less_than": lambda told: {"exclusiveMaximum": told["max_value"]},
    "in_range": lambda told: {"minimum": told["min_value"], "maximum": told["max_value"]},
    "isin": lambda told: {"enum": list(told["allowed_values"])},
}


def build_contract() -> Document:
    """Return the contract as the models state it."""
    return {
        "contract": CONTRACT_VERSION,
        "tables": {table: _build_table(table) for table in TABLES},
        "links": [link._asdict() for link in LINKS],
    }


def _build_table(table: str) -> Document:
    models = TABLES[table].to_schema().columns
    traits = traits_of(table)
    columns = [
        {
            "name": name,
            "type": type_name(arrow_schema(table).field(name).type),
            "nullable": about["nullable"],
            "description": about["description"],
            "unit": about["unit"],
            "checks": _translate(models[name].checks),
        }
        for name, about in columns_of(table).items()
    ]
    return {
        "description": inspect.cleandoc(TABLES[table].__doc__ or ""),
        "key": traits["key"],
        "sort": traits["sort"],
        "columns": columns,
    }


def _translate(checks: list[Any]) -> dict[str, Any]:
    """Return a column's checks in the words of JSON Schema; one that it has no word for stays under its own name."""
    told: dict[str, Any] = {}
    for check in checks:
        words = CHECKS.get(check.name, lambda statistics, name=check.name: {f"x-{name}": statistics})(check.statistics or {})
        told |= {word: value for word, value in words.items() if value is not None}
    return told


def type_name(kind: pa.DataType) -> str:
    """Return an Arrow type as a reader meets it: how strings and lists are laid out in memory is left out.

    >>> import pyarrow
    >>> type_name(pyarrow.large_list(pyarrow.large_string())), type_name(pyarrow.timestamp("us", "UTC"))
    ('list<string>', 'timestamp[us, UTC]')
    """
    import pyarrow as pa  # noqa: PLC0415 -- loaded where Arrow is asked for

    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return f"list<{type_name(kind.value_type)}>"
    known = {"large_string": "string", "string_view": "string", "double": "float64", "float": "float32"}
    return known.get(str(kind), str(kind).replace("tz=", ""))


# -- what was published before --------------------------------------------------------------------------------------------


def read_contract(path: Path) -> Document:
    """Return the contract of an exported JSON file, of a manifest, of a snapshot's folder or of the `latest` of one.

    Raises ValueError for what is none of these, OSError for what cannot be read.
    """
    if path.is_dir():
        folder = next((at for at in (path, path / "latest") if (at / MANIFEST).is_file()), None)
        if folder is None:
            raise ValueError("neither a snapshot (no manifest.json) nor a folder with a latest one")
        return _read_snapshot(folder.resolve())
    try:
        document = json.loads(path.read_bytes())
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(f"is not JSON ({error})") from error
    if isinstance(document, dict) and "files" in document:
        return _read_snapshot(path.resolve().parent)
    if not _is_contract(document):
        raise ValueError("is no exported contract; threadmill schema export writes one")
    return dict(document)


def _is_contract(document: Any) -> bool:
    """Whether a document has the shape of a contract, down to the columns' names and types."""
    if not isinstance(document, dict) or not isinstance(document.get("contract"), str):
        return False
    tables, links = document.get("tables"), document.get("links")
    if not isinstance(tables, dict) or not _all_have(links, {"table", "column", "target", "key"}):
        return False
    if not _all_have(list(tables.values()), {"description", "key", "sort", "columns"}):
        return False
    return all(_all_have(table["columns"], {"name", "type", "nullable", "checks"}) for table in tables.values())


def _all_have(items: Any, keys: set[str]) -> bool:
    return isinstance(items, list) and all(isinstance(item, dict) and keys <= item.keys() for item in items)


def _read_snapshot(folder: Path) -> Document:
    import pyarrow as pa  # noqa: PLC0415 -- loaded where Parquet is read
    import pyarrow.parquet as pq  # noqa: PLC0415

    tables: dict[str, Document] = {}
    version = None
    for file in sorted(folder.glob("*/*.parquet")):
        if file.parent.name not in tables:
            try:
                schema = pq.read_schema(file)
            except pa.ArrowInvalid as error:
                raise ValueError(f"{file.name} cannot be read ({error})") from error
            version = version or (schema.metadata or {}).get(b"threadmill.contract", b"").decode() or None
            tables[file.parent.name] = {"description": None, "key": None, "sort": None, "columns": _read_columns(schema)}
    if version is None:
        raise ValueError("holds no Parquet part that names its contract")
    return {"contract": version, "tables": tables, "links": None}


def _read_columns(schema: pa.Schema) -> list[Document]:
    columns = []
    for field in schema:
        told = {key.decode(): value.decode() for key, value in (field.metadata or {}).items()}
        column = {"name": field.name, "type": type_name(field.type), "nullable": field.nullable, "checks": None}
        columns.append(column | {"description": told.get("description"), "unit": told.get("unit")})
    return columns


# -- the contract for readers of Arrow ------------------------------------------------------------------------------------


def write_arrow(path: Path) -> None:
    """Write the schemas of all tables as one Arrow IPC file without rows: a struct column per table, descriptions kept."""
    import pyarrow as pa  # noqa: PLC0415 -- loaded where Arrow is asked for

    tables = [pa.field(table, pa.struct(list(arrow_schema(table))), metadata=arrow_schema(table).metadata) for table in TABLES]
    schema = pa.schema(tables, metadata={"threadmill.contract": CONTRACT_VERSION})
    with pa.ipc.new_file(path, schema):
        pass
