"""The authors room: who wrote which post, read from the lines of an attribution."""
