"""The contract as code: the tables, what their columns mean, and how they hang together. Imports nothing of ours."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from schemas.version import CONTRACT_VERSION

if TYPE_CHECKING:
    from schemas.arrow import arrow_schema, columns_of, polars_schema, traits_of
    from schemas.links import LINKS, TABLES, Link
    from schemas.sound import is_sound

__all__ = [
    "CONTRACT_VERSION", "LINKS", "TABLES", "Link", "arrow_schema", "columns_of", "is_sound", "polars_schema", "traits_of",
]  # fmt: skip
HOMES = {"LINKS": "links", "TABLES": "links", "Link": "links", "is_sound": "sound"}  # of the others: arrow


def __getattr__(name: str) -> Any:
    """Load the models when one of their names is first asked for: who needs the version alone waits for no Pandera."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"schemas.{HOMES.get(name, 'arrow')}"), name)
