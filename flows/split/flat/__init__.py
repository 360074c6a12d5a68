"""Flat text: its blocks, the readings of known layouts, and the lines of forum pages labelled by a small network."""
