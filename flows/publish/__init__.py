"""Staged rows → an immutable snapshot: runs, parts, manifest, the atomic switch."""
