"""The models as Polars and Arrow schemas; column descriptions become Arrow field metadata."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import polars as pl

from schemas.links import TABLES
from schemas.version import CONTRACT_VERSION

if TYPE_CHECKING:
    import pyarrow as pa


@cache
def polars_schema(table: str) -> dict[str, pl.DataType]:
    """Return column → Polars type of a table, in order."""
    return {name: column.dtype.type for name, column in TABLES[table].to_schema().columns.items()}


@cache
def traits_of(table: str) -> dict[str, Any]:
    """Return a table's key columns, sort columns and shard column (by which its rows are cut into ranges)."""
    (metadata,) = (TABLES[table].get_metadata() or {}).values()
    return dict(metadata["dataframe"])


@cache
def columns_of(table: str) -> dict[str, dict[str, Any]]:
    """Return column → {"description", "unit" or None, "nullable"} of a table, in order."""
    return {
        name: {"description": column.description, "unit": (column.metadata or {}).get("unit"), "nullable": column.nullable}
        for name, column in TABLES[table].to_schema().columns.items()
    }


@cache
def arrow_schema(table: str) -> pa.Schema:
    """Return the Arrow schema of a table's files: types, null rules, description and unit of each column."""
    import pyarrow as pa  # noqa: PLC0415 -- only who writes or checks files needs it

    frame = pl.DataFrame(schema=polars_schema(table)).to_arrow()
    fields = []
    for field, column in zip(frame.schema, columns_of(table).values(), strict=True):
        metadata = {"description": column["description"]} | ({"unit": column["unit"]} if column["unit"] else {})
        # Parquet's own name for the items of a list is "element"; Polars says "item".
        kind = pa.large_list(pa.field("element", field.type.value_type)) if pa.types.is_large_list(field.type) else field.type
        fields.append(pa.field(field.name, kind, nullable=column["nullable"], metadata=metadata))
    return pa.schema(fields, metadata={"threadmill.table": table, "threadmill.contract": CONTRACT_VERSION})
