"""Strip: which rule claims which stretch of a page. Lines are labelled, never deleted."""
