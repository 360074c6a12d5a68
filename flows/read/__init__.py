"""Bytes → pages: which inputs there are, what stands beside them, what text they hold."""
