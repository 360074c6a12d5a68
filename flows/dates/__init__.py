"""Dates as printed, to UTC."""
