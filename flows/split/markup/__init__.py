"""HTML pages by their elements: what is found, how it is weighed, and how it is read."""
