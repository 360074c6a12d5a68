"""The room that proposes rules and layouts: what recurs over the pages of an unknown site, for a person to review."""
