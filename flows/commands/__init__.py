"""One short file per command: arguments in, words out."""
