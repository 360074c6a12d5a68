"""The contract as code: the tables, what their columns mean, and how they hang together. Imports nothing of ours."""

from schemas.arrow import arrow_schema, columns_of, polars_schema, traits_of
from schemas.links import CONTRACT_VERSION, LINKS, TABLES, Link
from schemas.sound import is_sound

__all__ = [
    "CONTRACT_VERSION", "LINKS", "TABLES", "Link", "arrow_schema", "columns_of", "is_sound", "polars_schema", "traits_of",
]  # fmt: skip
