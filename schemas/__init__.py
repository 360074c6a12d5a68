"""The contract as code: the tables, what their columns mean, and how they hang together. Imports nothing of ours."""

from schemas.arrow import arrow_schema, columns_of, polars_schema, traits_of
from schemas.links import CONTRACT_VERSION, LINKS, TABLES, Link

__all__ = ["CONTRACT_VERSION", "LINKS", "TABLES", "Link", "arrow_schema", "columns_of", "polars_schema", "traits_of"]
