"""Judging new scrapes before they are let in: verdicts of one scrape, profiles of a batch, drift against a baseline."""
