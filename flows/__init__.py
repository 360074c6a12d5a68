"""threadmill: scraped question-and-answer pages into validated records."""
